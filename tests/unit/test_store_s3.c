/* A remote store against a server that keeps a few objects: buckets and their names, listings,
 * objects that are fetched, and who has a bucket. */
#include "test.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/text.h"
#include "http_fake.h"
#include "store/dir.h"
#include "store/s3.h"

/* ---- The server ---- */

struct object {
    const char *key;
    unsigned size;     /* so many bytes of pattern() */
    const char *extra; /* header lines */
};

struct cloud {
    const struct object *objects; /* in the order in which they are listed; key NULL at the end */
    const char *buckets[8];       /* that there are; "bucket" has the objects */
    const char *region;           /* where they are; NULL: in all */
    const char *lie;              /* a whole page, in place of the second */
    bool skips;                   /* pages without keys come in between */
    unsigned version;             /* of the objects */
    bool changes;                 /* each answer is of another version */
};

static char pattern (uint64_t at)
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

static void send_bytes (const struct object *o, const char *head, uint64_t at, uint64_t end,
                        struct fake_conn *c)
{
    g_autofree char *headers = g_strdup_printf ("%sContent-Range: bytes %" G_GUINT64_FORMAT
                                                "-%" G_GUINT64_FORMAT "/%u\r\n",
                                                head, at, end - 1, o->size);
    g_autofree char *body = g_malloc0 (end - at + 1);
    for (uint64_t i = at; i < end; i++)
        body[i - at] = pattern (i);
    fake_reply (c, 206, headers, body);
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
    assert_non_null (range);
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

struct sky {
    struct cloud cloud;
    struct fake *fake;
    struct client_thread *thread;
    struct store *s;
    struct error e;
};

static void open_sky (struct sky *y, struct s3_options o)
{
    y->fake = fake_new (answer, &y->cloud);
    assert_ok (client_thread_new (&y->thread, &y->e), &y->e);
    o.name = o.name ? o.name : "sky";
    o.kind = o.kind ? o.kind : "s3";
    o.endpoint = fake_url (y->fake);
    assert_ok (store_s3_new (y->thread, &o, &y->s, &y->e), &y->e);
}

static void close_sky (struct sky *y)
{
    store_free (y->s);
    client_thread_free (y->thread);
    fake_free (y->fake);
}

#define KEYS(...)                                                                                  \
    .cloud = { .objects = (const struct object[]){ __VA_ARGS__, { NULL } },                        \
               .buckets = { "bucket" } }

/* Keys joined by '|', "!" before rejects; or the message of the error. */
static char *list (struct sky *y, const char *after, const char *before, size_t max)
{
    struct store_listing *l;
    struct store_page page;
    store_page_init (&page);
    GString *out = g_string_new ("");
    enum err r = store_list_open (y->s, "bucket", after, before, NULL, &l, &y->e);
    assert_ok (r, &y->e);
    while (r == ERR_OK && !page.is_last) {
        r = store_list_next (l, max, &page, &y->e);
        for (guint i = 0; r == ERR_OK && i < page.objects->len; i++)
            g_string_append_printf (out, "%s|",
                                    g_array_index (page.objects, struct store_object, i).key);
        assert_true (r != ERR_OK || page.is_last == !page.upto);
    }
    if (r != ERR_OK)
        g_string_assign (out, y->e.message);
    store_list_close (l);
    store_page_clear (&page);
    return g_string_free (out, FALSE);
}

static void expect_list (struct sky *y, const char *after, const char *before, size_t max,
                         const char *expected)
{
    g_autofree char *got = list (y, after, before, max);
    if (!strstr (got, expected) || (!*expected && *got))
        fail_msg ("got '%s', expected '%s'", got, expected);
}

/* ---- Listings ---- */

static void test_listings (void **state)
{
    (void) state;
    struct sky y = { KEYS ({ "/", 1 }, { "a b+c%", 1 }, { "a/", 0 }, { "a/x", 1 }, { "b//", 3 },
                           { "ä", 1 }) };
    open_sky (&y, (struct s3_options){ 0 });
    for (size_t max = 1; max < 5; max++) {
        expect_list (&y, NULL, NULL, max, "/|a b+c%|a/x|b//|ä|");
        expect_list (&y, "a b+c%", "b//", max, "a/x|");
        expect_list (&y, "ä", NULL, max, "");
    }
    expect_list (&y, NULL, NULL, LIMIT_PAGE_KEYS, "/|a b+c%|a/x|b//|ä|");
    y.cloud.skips = true; /* pages without a key lead on by their token */
    expect_list (&y, NULL, NULL, 2, "/|a b+c%|a/x|b//|ä|");
    close_sky (&y);
}

static void test_patterns_leave_keys_out (void **state)
{
    (void) state;
    struct sky y = { KEYS ({ "a.jpg", 1 }, { "b.txt", 1 }, { "tmp/c.jpg", 1 }) };
    open_sky (&y, (struct s3_options){ 0 });
    store_s3_set_filter (y.s, "bucket", (char *[]){ (char *) "*.jpg", NULL },
                         (char *[]){ (char *) "tmp/*", NULL });
    expect_list (&y, NULL, NULL, 10, "a.jpg|");
    struct store_facts facts;
    assert_err (NO_OBJECT, store_head (y.s, "bucket", "b.txt", &facts, &y.e));
    close_sky (&y);
}

static void test_lies_conclude_nothing (void **state)
{
    (void) state;
    struct sky y = { KEYS ({ "a", 1 }, { "b", 1 }, { "c", 1 }) };
    open_sky (&y, (struct s3_options){ 0 });
    y.cloud.lie = "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>";
    expect_list (&y, NULL, NULL, 1, "store 'sky': bucket 'bucket': the page is not the last, but");
    assert_int_equal (ERR_STORE_DOWN, y.e.code);
    y.cloud.lie = "<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>a</Key>"
                  "<LastModified>2024-02-03T04:05:06Z</LastModified><ETag>e</ETag><Size>1</Size>"
                  "</Contents></ListBucketResult>";
    expect_list (&y, NULL, NULL, 1, "keys after 'a' were asked for, 'a' came");
    y.cloud.lie = "<ListBucketResult><IsTruncated>false</IsTruncated>"; /* cut off */
    expect_list (&y, NULL, NULL, 1, "no XML");
    close_sky (&y);
}

/* ---- Buckets ---- */

static char *buckets_of (struct store *s)
{
    g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
    struct error e;
    assert_ok (store_buckets (s, names, &e), &e);
    g_ptr_array_add (names, NULL);
    return g_strjoinv ("|", (char **) names->pdata);
}

static void test_bucket_names (void **state)
{
    (void) state;
    struct sky y = { .cloud = { .objects = (const struct object[]){ { "a", 1 }, { NULL } },
                                .buckets = { "one", "bucket", "My.Photos", "two", "three" } } };
    char *const aliases[] = { (char *) "photos=My.Photos", NULL };
    open_sky (&y, (struct s3_options){ .aliases = aliases });
    g_autofree char *names = buckets_of (y.s);
    assert_string_equal ("bucket|one|photos|three|two", names);
    assert_ok (store_check (y.s, "bucket", &y.e), &y.e);
    assert_ok (store_check (y.s, "photos", &y.e), &y.e);
    assert_err (NO_BUCKET, store_check (y.s, "My.Photos", &y.e)); /* goes by its alias alone */
    assert_err (NO_BUCKET, store_check (y.s, "none", &y.e));
    assert_string_equal ("My.Photos", store_own_name (y.s, "photos"));
    close_sky (&y);
}

static void test_only_named_buckets (void **state)
{
    (void) state;
    struct sky y = { KEYS ({ "a", 1 }) };
    char *const only[] = { (char *) "two", (char *) "bucket", NULL };
    open_sky (&y, (struct s3_options){ .buckets = only });
    g_autofree char *names = buckets_of (y.s);
    assert_string_equal ("bucket|two", names);
    assert_int_equal (0, fake_requests (y.fake)); /* nothing was listed */
    assert_err (NO_BUCKET, store_check (y.s, "one", &y.e));
    assert_int_equal (0, fake_requests (y.fake));
    close_sky (&y);
}

static void test_identity (void **state)
{
    (void) state;
    struct sky y = { KEYS ({ "a", 1 }) };
    open_sky (&y, (struct s3_options){ 0 });
    g_autoptr (GPtrArray) now = g_ptr_array_new_with_free_func (store_mount_free);
    assert_ok (store_mounts (y.s, "bucket", now, &y.e), &y.e);
    struct store_list_hooks hooks = { .known_mounts = now };
    struct store_listing *l;
    assert_ok (store_list_open (y.s, "bucket", NULL, NULL, &hooks, &l, &y.e), &y.e);
    store_list_close (l);
    ((struct store_mount *) now->pdata[0])->fsid++;
    assert_err (STORE_CHANGED, store_list_open (y.s, "bucket", NULL, NULL, &hooks, &l, &y.e));
    close_sky (&y);
}

static void test_nothing_is_written_unless_writable (void **state)
{
    (void) state;
    struct sky y = { KEYS ({ "a", 1 }) };
    open_sky (&y, (struct s3_options){ 0 });
    assert_err (STORE_DENIED, store_s3_put (y.s, "bucket", "k", "x", 1, NULL, &y.e));
    assert_int_equal (0, fake_requests (y.fake));
    close_sky (&y);
}

static void test_bad_options (void **state)
{
    (void) state;
    struct client_thread *t;
    struct store *s;
    struct error e;
    assert_ok (client_thread_new (&t, &e), &e);
    char *const bad[] = { (char *) "x", NULL }, *const upper[] = { (char *) "X=a", NULL };
    char *const twice[] = { (char *) "one=a", (char *) "two=a", NULL };
    struct s3_options o = { .name = "n", .kind = "gcs", .endpoint = "http://h" };
    assert_err (INVALID_ARGUMENT, store_s3_new (t, &o, &s, &e));
    o = (struct s3_options){ .name = "n", .kind = "s3", .endpoint = "ftp://h" };
    assert_err (INVALID_ARGUMENT, store_s3_new (t, &o, &s, &e));
    char *const *const wrong[] = { bad, upper, twice };
    for (size_t i = 0; i < N_ELEMENTS (wrong); i++) {
        o = (struct s3_options){
            .name = "n", .kind = "oss", .endpoint = "http://h", .aliases = wrong[i]
        };
        assert_err (INVALID_ARGUMENT, store_s3_new (t, &o, &s, &e));
        assert_non_null (strstr (e.message, "store 'n'"));
    }
    client_thread_free (t);
}

/* ---- Objects ---- */

static void test_head (void **state)
{
    (void) state;
    struct sky y = { KEYS ({ "a", 5, "x-amz-storage-class: GLACIER\r\n" }) };
    open_sky (&y, (struct s3_options){ 0 });
    struct store_facts facts;
    assert_ok (store_head (y.s, "bucket", "a", &facts, &y.e), &y.e);
    assert_int_equal (5, facts.size);
    assert_string_equal ("v0", facts.etag);
    assert_string_equal ("GLACIER", facts.storage_class);
    assert_err (NO_OBJECT, store_head (y.s, "bucket", "b", &facts, &y.e));
    y.cloud.buckets[0] = NULL; /* a missing bucket says nothing about its objects */
    assert_err (NO_BUCKET, store_head (y.s, "bucket", "a", &facts, &y.e));
    close_sky (&y);
}

struct waiting {
    pthread_mutex_t lock;
    pthread_cond_t came;
    bool is_done;
    enum err code;
    char message[256];
};

static void on_fetched (void *arg, enum err code, const char *message)
{
    struct waiting *w = arg;
    pthread_mutex_lock (&w->lock);
    w->is_done = true;
    w->code = code;
    g_strlcpy (w->message, message, sizeof w->message);
    pthread_cond_signal (&w->came);
    pthread_mutex_unlock (&w->lock);
}

static enum err fetch (struct store_handle *h, uint64_t head, uint64_t tail,
                       const struct store_range *more, size_t n)
{
    struct waiting w = { .lock = PTHREAD_MUTEX_INITIALIZER, .came = PTHREAD_COND_INITIALIZER };
    struct error e;
    enum err r = store_fetch (h, head, tail, more, n, on_fetched, &w, &e);
    if (r != ERR_OK)
        return r;
    pthread_mutex_lock (&w.lock);
    while (!w.is_done)
        pthread_cond_wait (&w.came, &w.lock);
    pthread_mutex_unlock (&w.lock);
    return w.code;
}

/* Known bytes are the object's, the others are zeros; nobody can change that by the reader. */
static void assert_bytes (const struct store_handle *h)
{
    int fd;
    struct error e;
    assert_ok (store_handle_reader (h, &fd, &e), &e);
    g_autofree char *bytes = g_malloc0 (h->facts.size + 2);
    assert_int_equal (h->facts.size, pread (fd, bytes, h->facts.size + 1, 0));
    uint64_t known = 0;
    for (unsigned i = 0; i < h->n_known; i++)
        for (uint64_t at = h->known[i].at; at < h->known[i].at + h->known[i].length; at++, known++)
            assert_int_equal (pattern (at), bytes[at]);
    uint64_t zeros = 0;
    for (uint64_t at = 0; at < h->facts.size; at++)
        zeros += bytes[at] == 0;
    assert_int_equal (h->facts.size, known + zeros);
    assert_int_equal (-1, pwrite (fd, "x", 1, 0));
    assert_int_equal (-1, ftruncate (h->fd, (off_t) h->facts.size + 1));
    close (fd);
}

static void test_small_object_is_one_request (void **state)
{
    (void) state;
    struct sky y = { KEYS ({ "k", 100, "x-amz-meta-a: b\r\n" }) };
    open_sky (&y, (struct s3_options){ 0 });
    struct store_handle h;
    store_handle_init (&h, y.s, "bucket", "k");
    assert_int_equal (ERR_OK, fetch (&h, 1000, 500, NULL, 0));
    assert_int_equal (1, fake_requests (y.fake));
    assert_true (store_handle_is_whole (&h));
    assert_int_equal (100, h.bytes_fetched);
    assert_int_equal (1, h.rounds);
    assert_string_equal ("b", json_string_value (json_object_get (
                                  json_object_get (h.attributes, "OSSUserMeta"), "x-amz-meta-a")));
    assert_bytes (&h);
    store_handle_clear (&h);
    close_sky (&y);
}

static void test_ranges_of_a_large_object (void **state)
{
    (void) state;
    struct sky y = { KEYS ({ "k", 10000, "x-amz-tagging-count: 1\r\n" }) };
    open_sky (&y, (struct s3_options){ 0 });
    struct store_handle h;
    store_handle_init (&h, y.s, "bucket", "k");
    assert_int_equal (ERR_OK, fetch (&h, 1000, 500, NULL, 0));
    assert_int_equal (3, fake_requests (y.fake)); /* head, tail, tags */
    assert_int_equal (2, h.n_known);
    assert_int_equal (9500, h.known[1].at);
    assert_string_equal ("v", json_string_value (json_object_get (
                                  json_object_get (h.attributes, "OSSTagging"), "k")));
    const struct store_range more[] = { { 500, 1000 }, { 9000, 99999 }, { 4000, 10 } };
    assert_int_equal (ERR_OK, fetch (&h, 0, 0, more, 3));
    assert_int_equal (6, fake_requests (y.fake));
    assert_int_equal (3, h.n_known);
    assert_int_equal (1500, h.known[0].length);
    assert_int_equal (1000 + 500 + 500 + 500 + 10, h.bytes_fetched);
    assert_bytes (&h);
    y.cloud.version++; /* replaced: nothing of the new one is mixed in */
    assert_int_equal (ERR_VERSION_CHANGED, fetch (&h, 0, 0, &(struct store_range){ 2000, 5 }, 1));
    assert_int_equal (3, h.n_known);
    assert_bytes (&h);
    store_handle_clear (&h);
    close_sky (&y);
}

/* What a caller believes of the size may be wrong in any way. */
static void test_guesses (void **state)
{
    (void) state;
    struct sky y = { KEYS ({ "empty", 0 }, { "k", 10000 }) };
    open_sky (&y, (struct s3_options){ 0 });
    const uint64_t guesses[] = { 0, 1, 5000, 9999, 10000, 10001, 1000000 };
    for (size_t i = 0; i < N_ELEMENTS (guesses); i++)
        for (int is_empty = 0; is_empty < 2; is_empty++) {
            struct store_handle h;
            store_handle_init (&h, y.s, "bucket", is_empty ? "empty" : "k");
            h.facts.size = guesses[i];
            g_strlcpy (h.facts.etag, "old", sizeof h.facts.etag);
            assert_int_equal (ERR_OK, fetch (&h, 1000, 500, NULL, 0));
            assert_int_equal (is_empty ? 0 : 10000, h.facts.size);
            assert_string_equal ("v0", h.facts.etag);
            if (!is_empty) {
                assert_int_equal (0, h.known[0].at);
                assert_int_equal (10000, h.known[h.n_known - 1].at + h.known[h.n_known - 1].length);
            }
            assert_bytes (&h);
            store_handle_clear (&h);
        }
    close_sky (&y);
}

static void test_fetches_that_fail (void **state)
{
    (void) state;
    struct sky y = { KEYS ({ "k", 10000 }) };
    open_sky (&y, (struct s3_options){ 0 });
    struct store_handle h;
    store_handle_init (&h, y.s, "bucket", "none");
    assert_int_equal (ERR_NO_OBJECT, fetch (&h, 10, 0, NULL, 0));
    assert_int_equal (-1, h.fd);
    store_handle_clear (&h);
    store_handle_init (&h, y.s, "bucket", "k");
    h.facts.size = 10000;
    g_strlcpy (h.facts.etag, "v0", sizeof h.facts.etag);
    y.cloud.changes = true; /* head and tail are of two versions */
    assert_int_equal (ERR_VERSION_CHANGED, fetch (&h, 1000, 500, NULL, 0));
    assert_int_equal (-1, h.fd);
    store_cancel (y.s);
    assert_int_equal (ERR_CLOSED, fetch (&h, 1000, 500, NULL, 0));
    store_handle_clear (&h);
    close_sky (&y);
}

/* ---- Who has a bucket ---- */

static void test_finding_costs_little (void **state)
{
    (void) state;
    struct sky y = { KEYS ({ "a", 1 }) };
    open_sky (&y, (struct s3_options){ 0 });
    struct stores *all = stores_new ();
    stores_add_take (all, y.s);
    struct store *found;
    for (int i = 0; i < 100; i++) {
        assert_ok (stores_find (all, "bucket", &found, &y.e), &y.e);
        assert_ptr_equal (y.s, found);
        assert_err (NO_BUCKET, stores_find (all, "none", &found, &y.e));
    }
    assert_int_equal (2, fake_requests (y.fake));
    y.cloud.buckets[1] = "none";
    assert_ok (stores_ask (all, "none", &found, &y.e), &y.e); /* a person does not wait */
    assert_ok (stores_find (all, "none", &found, &y.e), &y.e);
    assert_int_equal (3, fake_requests (y.fake));
    stores_free (all);
    y.s = NULL;
    close_sky (&y);
}

static void test_two_stores (void **state)
{
    (void) state;
    struct sky a = { KEYS ({ "a", 1 }) }, b = { KEYS ({ "b", 1 }) };
    a.cloud.buckets[1] = "only-a";
    b.cloud.buckets[1] = "only-b";
    char *const alias[] = { (char *) "other=bucket", NULL };
    open_sky (&a, (struct s3_options){ .name = "a" });
    open_sky (&b, (struct s3_options){ .name = "b" });
    struct stores *all = stores_new ();
    stores_add_take (all, a.s);
    stores_add_take (all, b.s);
    struct store *found;
    assert_ok (stores_find (all, "only-b", &found, &a.e), &a.e);
    assert_ptr_equal (b.s, found);
    assert_err (CONFLICT, stores_find (all, "bucket", &found, &a.e));
    assert_non_null (strstr (a.e.message, "alias"));
    stores_free (all);
    a.s = b.s = NULL;
    close_sky (&a);
    close_sky (&b);

    struct sky c = { KEYS ({ "a", 1 }) }, d = { KEYS ({ "b", 1 }) };
    open_sky (&c, (struct s3_options){ .name = "c" });
    open_sky (&d, (struct s3_options){ .name = "d", .aliases = alias });
    all = stores_new ();
    stores_add_take (all, c.s);
    stores_add_take (all, d.s);
    assert_ok (stores_find (all, "bucket", &found, &c.e), &c.e);
    assert_ptr_equal (c.s, found);
    assert_ok (stores_find (all, "other", &found, &c.e), &c.e);
    assert_ptr_equal (d.s, found);
    stores_free (all);
    c.s = d.s = NULL;
    close_sky (&c);
    close_sky (&d);
}

/* The buckets of one store are found while another cannot be reached, and that is not taken for
 * "no bucket". */
static void test_store_that_cannot_be_reached (void **state)
{
    (void) state;
    struct sky y = { KEYS ({ "a", 1 }) };
    open_sky (&y, (struct s3_options){ 0 });
    const struct s3_options gone = { .name = "gone",
                                     .kind = "s3",
                                     .endpoint = "http://127.0.0.1:1" };
    struct store *s, *found;
    assert_ok (store_s3_new (y.thread, &gone, &s, &y.e), &y.e);
    struct stores *all = stores_new ();
    stores_add_take (all, s);
    stores_add_take (all, y.s);
    assert_ok (stores_find (all, "bucket", &found, &y.e), &y.e);
    assert_ptr_equal (y.s, found);
    assert_err (STORE_DOWN, stores_find (all, "none", &found, &y.e));
    assert_non_null (strstr (y.e.message, "store 'gone'"));
    g_autoptr (GPtrArray) buckets = g_ptr_array_new_with_free_func (store_bucket_free);
    g_autoptr (GPtrArray) faults = g_ptr_array_new_with_free_func (g_free);
    stores_list (all, buckets, faults);
    assert_int_equal (1, buckets->len);
    assert_int_equal (1, faults->len);
    stores_free (all);
    y.s = NULL;
    close_sky (&y);
}

static void test_region (void **state)
{
    (void) state;
    struct sky y = { KEYS ({ "a", 1 }) };
    struct credentials *key;
    assert_ok (credentials_new ("id", "secret", NULL, &key, &y.e), &y.e);
    open_sky (&y, (struct s3_options){ .region = "eu-north-1", .credentials = key });
    assert_ok (store_check (y.s, "bucket", &y.e), &y.e);
    y.cloud.region = "eu-west-1";
    assert_err (NO_BUCKET, store_check (y.s, "bucket", &y.e));
    assert_non_null (strstr (y.e.message, "eu-west-1"));
    assert_non_null (strstr (y.e.message, "eu-north-1"));
    close_sky (&y);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_listings),
        cmocka_unit_test (test_patterns_leave_keys_out),
        cmocka_unit_test (test_lies_conclude_nothing),
        cmocka_unit_test (test_bucket_names),
        cmocka_unit_test (test_only_named_buckets),
        cmocka_unit_test (test_identity),
        cmocka_unit_test (test_nothing_is_written_unless_writable),
        cmocka_unit_test (test_bad_options),
        cmocka_unit_test (test_head),
        cmocka_unit_test (test_small_object_is_one_request),
        cmocka_unit_test (test_ranges_of_a_large_object),
        cmocka_unit_test (test_guesses),
        cmocka_unit_test (test_fetches_that_fail),
        cmocka_unit_test (test_finding_costs_little),
        cmocka_unit_test (test_two_stores),
        cmocka_unit_test (test_store_that_cannot_be_reached),
        cmocka_unit_test (test_region),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
