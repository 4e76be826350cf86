/* Facts and attributes of objects, from the headers of their answers: one table says which header
 * becomes which member of a File. */
#include "store/s3_private.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "store/s3_xml.h"

#define NS_PER_S INT64_C (1000000000)

bool s3_etag (const char *text, char ret[STORE_ETAG_SIZE])
{
    if (g_str_has_prefix (text, "W/"))
        text += 2;
    size_t len = strlen (text);
    if (len >= 2 && text[0] == '"' && text[len - 1] == '"') {
        text++;
        len -= 2;
    }
    if (len == 0 || len >= STORE_ETAG_SIZE)
        return false;
    for (size_t i = 0; i < len; i++)
        if (!g_ascii_isgraph (text[i]) || text[i] == '"')
            return false;
    memcpy (ret, text, len);
    ret[len] = '\0';
    return true;
}

/* ---- Times ---- */

/* `n` digits. */
static bool take_number (const char **text, size_t n, int *ret)
{
    int v = 0;
    for (size_t i = 0; i < n; i++, (*text)++) {
        if (!g_ascii_isdigit (**text))
            return false;
        v = v * 10 + (**text - '0');
    }
    *ret = v;
    return true;
}

static bool take_char (const char **text, char c)
{
    if (**text != c)
        return false;
    (*text)++;
    return true;
}

static bool take_month (const char **text, int *ret)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    for (int i = 0; i < 12; i++)
        if (strncmp (*text, months + i * 3, 3) == 0) {
            *ret = i + 1;
            *text += 3;
            return true;
        }
    return false;
}

bool s3_http_time (const char *text, int64_t *ret_ns)
{
    int day, month, year, hour, minute, second;
    const char *comma = strchr (text, ',');
    if (!comma)
        return false;
    const char *p = comma + 1;
    return take_char (&p, ' ') && take_number (&p, 2, &day) && take_char (&p, ' ') &&
           take_month (&p, &month) && take_char (&p, ' ') && take_number (&p, 4, &year) &&
           take_char (&p, ' ') && take_number (&p, 2, &hour) && take_char (&p, ':') &&
           take_number (&p, 2, &minute) && take_char (&p, ':') && take_number (&p, 2, &second) &&
           strcmp (p, " GMT") == 0 &&
           clock_from_civil (year, month, day, hour, minute, second, ret_ns);
}

bool s3_iso_time (const char *text, int64_t *ret_ns)
{
    int64_t ns;
    if (!clock_parse (text, &ns, NULL))
        return false;
    int64_t fraction = ns % NS_PER_S;
    *ret_ns = ns - (fraction < 0 ? fraction + NS_PER_S : fraction);
    return true;
}

/* ---- Facts ---- */

/* A header whose name begins with the dialect's prefix. */
static const char *own_header (const struct s3_dialect *d, const struct client_response *r,
                               const char *rest)
{
    char name[64];
    snprintf (name, sizeof name, "%s%s", d->prefix, rest);
    return client_header (r, name);
}

enum err s3_facts_read (const struct s3_dialect *d, const struct client_response *r,
                        struct store_facts *ret, struct error *e)
{
    struct store_facts facts = { .size = r->size };
    const char *etag = client_header (r, "etag"), *modified = client_header (r, "last-modified");
    const char *class = own_header (d, r, "storage-class");
    if (!etag || !s3_etag (etag, facts.etag))
        return FAIL (e, STORE_DOWN, "the answer has no ETag that could be one");
    if (!modified || !s3_http_time (modified, &facts.mtime_ns))
        return FAIL (e, STORE_DOWN, "the answer has no Last-Modified that could be one");
    if (facts.size > INT64_MAX)
        return FAIL (e, STORE_DOWN, "the answer does not tell the object's size");
    class = class ? class : d->default_class;
    g_strlcpy (facts.storage_class, class ? class : "", sizeof facts.storage_class);
    *ret = facts;
    return ERR_OK;
}

/* ---- Attributes ---- */

/* Headers hold bytes; whoever wrote no UTF-8 meant Latin-1. */
static json_t *text_json (const char *value)
{
    g_autofree char *utf8 = g_utf8_validate (value, -1, NULL)
                                ? g_strdup (value)
                                : g_convert (value, -1, "UTF-8", "ISO-8859-1", NULL, NULL, NULL);
    return utf8 ? json_string (utf8) : NULL;
}

static json_t *number_json (const char *value)
{
    int64_t n;
    return text_parse_i64 (value, &n) && n >= 0 ? json_integer (n) : NULL;
}

/* Buckets without versions call the one there is "null". */
static json_t *version_json (const char *value)
{
    return strcmp (value, "null") == 0 ? NULL : text_json (value);
}

/* What uploaders leave behind that is no encoding of the object. */
static json_t *encoding_json (const char *value)
{
    const char *rest = g_str_has_prefix (value, "aws-chunked") ? value + 11 : value;
    rest += strspn (rest, ", ");
    return *rest ? text_json (rest) : NULL;
}

/* expiry-date="Fri, 21 Dec 2012 00:00:00 GMT", rule-id="..." */
static json_t *expiry_json (const char *value)
{
    static const char mark[] = "expiry-date=\"";
    const char *begin = strstr (value, mark);
    if (!begin)
        return NULL;
    begin += sizeof mark - 1;
    g_autofree char *date = g_strndup (begin, strcspn (begin, "\""));
    char text[CLOCK_TEXT_SIZE];
    int64_t ns;
    if (!s3_http_time (date, &ns))
        return NULL;
    clock_format (ns, 0, text);
    return json_string (text);
}

static const struct attribute {
    bool is_own; /* the header's name begins with the dialect's prefix */
    const char *header, *member;
    json_t *(*value) (const char *text); /* NULL: leave it out */
} attributes[] = {
    { false, "cache-control", "CacheControl", text_json },
    { false, "content-disposition", "ContentDisposition", text_json },
    { false, "content-encoding", "ContentEncoding", encoding_json },
    { false, "content-language", "ContentLanguage", text_json },
    { false, "content-md5", "ContentMd5", text_json },
    { false, "access-control-allow-origin", "AccessControlAllowOrigin", text_json },
    { false, "access-control-request-method", "AccessControlRequestMethod", text_json },
    { true, "hash-crc64ecma", "OSSCRC64", text_json },
    { true, "object-type", "OSSObjectType", text_json },
    { true, "version-id", "OSSVersionId", version_json },
    { true, "tagging-count", "OSSTaggingCount", number_json },
    { true, "expiration", "OSSExpiration", expiry_json },
    { true, "server-side-encryption", "ServerSideEncryption", text_json },
    { true, "server-side-data-encryption", "ServerSideDataEncryption", text_json },
    { true, "server-side-encryption-key-id", "ServerSideEncryptionKeyId", text_json },
    { true, "server-side-encryption-aws-kms-key-id", "ServerSideEncryptionKeyId", text_json },
    { true, "server-side-encryption-customer-algorithm", "ServerSideEncryptionCustomerAlgorithm",
      text_json },
};

static void add_user_meta (json_t *o, const struct s3_dialect *d, const struct client_response *r)
{
    json_auto_t *meta = json_object ();
    g_autofree char *prefix = g_strconcat (d->prefix, "meta-", NULL);
    for (size_t i = 0; i < r->n_headers; i++) {
        const struct client_header *h = &r->headers[i];
        if (g_str_has_prefix (h->name, prefix) && g_utf8_validate (h->name, -1, NULL))
            json_object_set_new (meta, h->name, text_json (h->value));
    }
    if (json_object_size (meta))
        json_object_set (o, "OSSUserMeta", meta);
}

json_t *s3_attributes (const struct s3_dialect *d, const struct client_response *r,
                       const struct store_facts *facts)
{
    json_t *o = json_object ();
    if (*facts->storage_class)
        json_object_set_new (o, "OSSStorageClass", text_json (facts->storage_class));
    /* Only OSS says it; of the ETags of S3, those of parts have a dash. */
    json_object_set_new (o, "OSSObjectType",
                         json_string (strchr (facts->etag, '-') ? "Multipart" : "Normal"));
    for (const struct attribute *a = attributes; a < attributes + N_ELEMENTS (attributes); a++) {
        const char *text = a->is_own ? own_header (d, r, a->header) : client_header (r, a->header);
        json_t *value = text ? a->value (text) : NULL;
        if (value)
            json_object_set_new (o, a->member, value);
    }
    add_user_meta (o, d, r);
    return o;
}

/* ---- Tags ---- */

struct tags {
    char *key;
    json_t *all;
};

static enum err take_tag (void *arg, const char *path, const char *text, struct error *e)
{
    struct tags *t = arg;
    if (strcmp (path, "TagSet/Tag/Key") == 0) {
        g_free (t->key);
        t->key = g_strdup (text);
    } else if (strcmp (path, "TagSet/Tag/Value") == 0) {
        if (!t->key || json_object_size (t->all) >= LIMIT_STORE_TAGS)
            return FAIL (e, STORE_DOWN, "the tags are %s", t->key ? "too many" : "without keys");
        json_object_set_new (t->all, t->key, json_string (text));
    }
    return ERR_OK;
}

enum err s3_tags_read (const void *text, size_t len, json_t **ret, struct error *e)
{
    struct tags t = { .all = json_object () };
    enum err r = s3_xml_read (text, len, "Tagging", take_tag, &t, e);
    g_free (t.key);
    if (r == ERR_OK)
        *ret = t.all;
    else
        json_decref (t.all);
    return r;
}
