/* A server that answers as S3 does; see the header. */
#include "s3_world.h"

#include "test.h"

#include "base/text.h"

char pattern (uint64_t at)
{
    return (char) ('a' + at % 23);
}

/* Value of a parameter, decoded, or NULL. Caller frees. */
static char *parameter (const char *target, const char *name)
{
    const char *query = strchr (target, '?');
    g_auto (GStrv) pairs = g_strsplit (query ? query + 1 : "", "&", -1);
    g_autofree char *prefix = g_strconcat (name, "=", NULL);
    char *value = NULL;
    size_t len;
    for (char **pair = pairs; *pair && !value; pair++)
        if (g_str_has_prefix (*pair, prefix))
            assert_true (text_percent_decode (
                *pair + strlen (prefix), strlen (*pair + strlen (prefix)), false, &value, &len));
    return value;
}

static void send_page (struct cloud *x, const struct fake_request *r, struct fake_conn *c)
{
    g_autofree char *after = parameter (r->target, "start-after");
    g_autofree char *max = parameter (r->target, "max-keys");
    g_autofree char *token = parameter (r->target, "continuation-token");
    uint64_t left = 0;
    assert_true (text_parse_u64 (max, &left));
    if (after && x->lie) {
        fake_reply (c, 200, "Content-Type: application/xml\r\n", x->lie);
        return;
    }
    if (x->skips && !token) {
        fake_reply (c, 200, "Content-Type: application/xml\r\n",
                    "<ListBucketResult><IsTruncated>true</IsTruncated><KeyCount>0</KeyCount>"
                    "<NextContinuationToken>on</NextContinuationToken></ListBucketResult>");
        return;
    }
    g_autoptr (GString) out = g_string_new ("<ListBucketResult><Name>bucket</Name>"
                                            "<EncodingType>url</EncodingType>");
    const struct object *o = x->objects;
    while (o->key && after && strcmp (o->key, after) <= 0)
        o++;
    for (; o->key && left > 0; o++, left--) {
        x->listed++;
        g_string_append (out, "<Contents><Key>");
        text_percent_encode (out, o->key, strlen (o->key), "");
        g_string_append_printf (out,
                                "</Key><LastModified>2024-02-03T04:05:06.789Z</LastModified>"
                                "<ETag>\"v%u\"</ETag><Size>%u</Size></Contents>",
                                x->version, o->size);
    }
    g_string_append_printf (out, "<IsTruncated>%s</IsTruncated></ListBucketResult>",
                            o->key ? "true" : "false");
    fake_reply (c, 200, "Content-Type: application/xml\r\n", out->str);
}

static void send_buckets (struct cloud *x, const struct fake_request *r, struct fake_conn *c)
{
    g_autofree char *from = parameter (r->target, "continuation-token");
    uint64_t i = 0;
    if (from)
        assert_true (text_parse_u64 (from, &i));
    g_autoptr (GString) out = g_string_new ("<ListAllMyBucketsResult><Buckets>");
    for (uint64_t end = i + 2; x->buckets[i] && i < end; i++) /* pages of two */
        g_string_append_printf (out, "<Bucket><Name>%s</Name></Bucket>", x->buckets[i]);
    g_string_append (out, "</Buckets>");
    if (x->buckets[i])
        g_string_append_printf (out, "<ContinuationToken>%u</ContinuationToken>", (unsigned) i);
    g_string_append (out, "</ListAllMyBucketsResult>");
    fake_reply (c, 200, "Content-Type: application/xml\r\n", out->str);
}

static char *cut (uint64_t at, uint64_t end)
{
    char *body = g_malloc0 (end - at + 1);
    for (uint64_t i = at; i < end; i++)
        body[i - at] = pattern (i);
    return body;
}

static void send_bytes (const struct object *o, const char *head, uint64_t at, uint64_t end,
                        struct fake_conn *c)
{
    g_autofree char *headers = g_strdup_printf ("%sContent-Range: bytes %" G_GUINT64_FORMAT
                                                "-%" G_GUINT64_FORMAT "/%u\r\n",
                                                head, at, end - 1, o->size);
    g_autofree char *body = cut (at, end);
    fake_reply (c, 206, headers, body);
}

static void send_all (struct cloud *x, const struct object *o, const char *head,
                      struct fake_conn *c)
{
    g_autofree char *body = cut (0, x->cuts ? o->size / 2 : o->size);
    x->wholes++;
    fake_reply (c, 200, head, body);
}

static void send_object (struct cloud *x, const struct fake_request *r, struct fake_conn *c,
                         const struct object *o)
{
    if (x->changes)
        x->version++;
    g_autofree char *head = g_strdup_printf ("ETag: \"v%u\"\r\nLast-Modified: Sat, 03 Feb 2024 "
                                             "04:05:06 GMT\r\n%s",
                                             x->version, o->extra ? o->extra : "");
    g_autofree char *etag = g_strdup_printf ("\"v%u\"", x->version);
    g_autofree char *match = fake_header (r, "If-Match"), *range = fake_header (r, "Range");
    if (strcmp (r->method, "HEAD") == 0) {
        g_autofree char *all =
            g_strdup_printf ("HTTP/1.1 200 OK\r\n%sContent-Length: %u\r\n\r\n", head, o->size);
        fake_send (c, all);
        return;
    }
    if (match && strcmp (match, etag) != 0) {
        fake_reply (c, 412, "", "<Error><Code>PreconditionFailed</Code></Error>");
        return;
    }
    if (!range) {
        send_all (x, o, head, c);
        return;
    }
    g_auto (GStrv) ends = g_strsplit (range + strlen ("bytes="), "-", 2);
    uint64_t first = 0, last = 0;
    assert_true (text_parse_u64 (ends[0], &first) && text_parse_u64 (ends[1], &last));
    if (first >= o->size)
        fake_reply (c, 416, "", "<Error><Code>InvalidRange</Code></Error>");
    else
        send_bytes (o, head, first, MIN (last + 1, o->size), c);
}

/* "/bucket/key?..." */
static void send_part (struct cloud *x, const struct fake_request *r, struct fake_conn *c)
{
    const char *path = r->target + strlen ("/bucket/");
    size_t len;
    g_autofree char *key = NULL;
    assert_true (text_percent_decode (path, strcspn (path, "?"), false, &key, &len));
    if (strstr (r->target, "?tagging")) {
        fake_reply (c, 200, "",
                    "<Tagging><TagSet><Tag><Key>k</Key><Value>v</Value></Tag></TagSet></Tagging>");
        return;
    }
    for (const struct object *o = x->objects; o->key; o++)
        if (strcmp (o->key, key) == 0) {
            send_object (x, r, c, o);
            return;
        }
    fake_reply (c, 404, "",
                strcmp (r->method, "HEAD") == 0 ? "" : "<Error><Code>NoSuchKey</Code></Error>");
}

static bool has_bucket (const struct cloud *x, const char *target)
{
    g_autofree char *name = g_strndup (target + 1, strcspn (target + 1, "/?"));
    return g_strv_contains (x->buckets, name);
}

/* Sends who signs for another region away. */
static void send_place (const struct cloud *x, const struct fake_request *r, struct fake_conn *c)
{
    g_autofree char *signature = fake_header (r, "Authorization");
    g_autofree char *told = g_strdup_printf ("x-amz-bucket-region: %s\r\n", x->region);
    bool is_here = !x->region || (signature && strstr (signature, x->region));
    fake_reply (c, is_here ? 200 : 301, x->region ? told : "", "");
}

static bool answer (void *arg, const struct fake_request *r, struct fake_conn *c)
{
    struct cloud *x = arg;
    if (r->target[1] == '?' || !r->target[1]) {
        send_buckets (x, r, c);
    } else if (!has_bucket (x, r->target)) {
        fake_reply (c, 404, "",
                    strcmp (r->method, "HEAD") == 0 ? ""
                                                    : "<Error><Code>NoSuchBucket</Code></Error>");
    } else if (g_str_has_prefix (r->target, "/bucket/")) {
        send_part (x, r, c);
    } else if (strcmp (r->method, "HEAD") == 0) {
        send_place (x, r, c);
    } else {
        send_page (x, r, c);
    }
    return true;
}

/* ---- A store of it ---- */

void open_sky (struct sky *y, struct s3_options o)
{
    y->fake = fake_new (answer, &y->cloud);
    assert_ok (client_thread_new (&y->thread, &y->e), &y->e);
    o.name = o.name ? o.name : "sky";
    o.kind = o.kind ? o.kind : "s3";
    o.endpoint = fake_url (y->fake);
    assert_ok (store_s3_new (y->thread, &o, &y->s, &y->e), &y->e);
}

void close_sky (struct sky *y)
{
    store_free (y->s);
    client_thread_free (y->thread);
    fake_free (y->fake);
}
