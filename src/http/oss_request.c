/* Which object a request is about: path style, or with the bucket in the name of the host. */
#include "http/oss_call.h"

#include <string.h>

#include "base/limits.h"
#include "base/text.h"
#include "store/store.h"

/* Hosts below which every label is a bucket, whatever is configured: what resolves to this machine,
 * and what ali-oss sends in Host where its endpoint is an address. */
#define HOME   "localhost"
#define VENDOR ".aliyuncs.com"

const char *oss_header (const struct oss_call *c, const char *name)
{
    const char *value = g_hash_table_lookup (c->headers, name);
    return value && *value ? value : NULL;
}

enum err oss_domain_new (const char *text, struct oss_domain **ret, struct error *e)
{
    const char *equals = strchr (text, '=');
    size_t len = equals ? (size_t) (equals - text) : strlen (text);
    bool is_host = len > 0;
    for (size_t i = 0; i < len; i++)
        is_host = is_host && (g_ascii_isalnum (text[i]) || text[i] == '.' || text[i] == '-');
    if (!is_host || (equals && !store_bucket_name_is_legal (equals + 1)))
        return FAIL (e, INVALID_ARGUMENT,
                     "oss-domain is '%s', expected HOST, or HOST=BUCKET, without a port", text);
    *ret = g_new0 (struct oss_domain, 1);
    (*ret)->host = g_ascii_strdown (text, (gssize) len);
    (*ret)->bucket = equals ? g_strdup (equals + 1) : NULL;
    return ERR_OK;
}

void oss_domain_free (void *domain)
{
    struct oss_domain *d = domain;
    g_free (d->host);
    g_free (d->bucket);
    g_free (d);
}

/* ---- The bucket of a host ---- */

/* "BUCKET.suffix"; NULL if it is something else. */
static char *label_before (const char *host, const char *suffix)
{
    size_t len = strlen (host), tail = strlen (suffix);
    if (len < tail + 2 || strcmp (host + len - tail, suffix) != 0 || host[len - tail - 1] != '.')
        return NULL;
    char *label = g_strndup (host, len - tail - 1);
    if (store_bucket_name_is_legal (label))
        return label;
    g_free (label);
    return NULL;
}

/* "BUCKET.REGION.aliyuncs.com" */
static char *label_of_vendor (const char *host)
{
    const char *dot = strchr (host, '.');
    bool is_vendor = dot && g_str_has_suffix (dot + 1, VENDOR);
    return is_vendor ? label_before (host, dot + 1) : NULL;
}

static char *bucket_of_host (const struct oss *oss, const char *host)
{
    g_autofree char *lower = g_ascii_strdown (host, -1);
    char *colon = strrchr (lower, ':');
    if (colon && strspn (colon + 1, "0123456789") == strlen (colon + 1))
        *colon = '\0';
    for (guint i = 0; i < oss->domains->len; i++) {
        const struct oss_domain *d = oss->domains->pdata[i];
        if (d->bucket && strcmp (d->host, lower) == 0)
            return g_strdup (d->bucket);
        char *label = d->bucket ? NULL : label_before (lower, d->host);
        if (label)
            return label;
    }
    char *label = label_before (lower, HOME);
    return label ? label : label_of_vendor (lower);
}

/* ---- Bucket and key ---- */

static enum err take_bucket (struct oss_call *c, char *take_name, struct error *e)
{
    c->bucket = take_name;
    if (store_bucket_name_is_legal (take_name))
        return ERR_OK;
    g_autofree char *valid = g_utf8_make_valid (take_name, -1);
    return FAIL (e, BAD_BUCKET, "The specified bucket is not valid: '%.64s'.", valid);
}

static enum err take_key (struct oss_call *c, const char *text, size_t len, struct error *e)
{
    if (len == 0)
        return ERR_OK;
    if (len > LIMIT_KEY_MAX)
        return FAIL (e, BAD_KEY,
                     "The specified object is not valid: its name has %zu bytes, at most %d are "
                     "taken.",
                     len, LIMIT_KEY_MAX);
    c->key = g_strndup (text, len);
    return ERR_OK;
}

static enum err read_path (struct oss_call *c, const char *path, struct error *e)
{
    g_autofree char *decoded = NULL;
    size_t len = 0;
    if (!text_percent_decode (path, strlen (path), false, &decoded, &len))
        return FAIL (e, BAD_KEY,
                     "The specified object is not valid: the path has a '%%' that is not followed "
                     "by two hexadecimal digits.");
    if (!text_is_utf8 (decoded, len))
        return FAIL (e, BAD_KEY,
                     "The specified object is not valid: its name is not UTF-8, or has a NUL.");
    const char *key = decoded + (*decoded == '/'), *end = decoded + len;
    if (c->is_virtual)
        return take_key (c, key, (size_t) (end - key), e);
    const char *slash = memchr (key, '/', (size_t) (end - key));
    size_t bucket = (size_t) ((slash ? slash : end) - key);
    if (bucket == 0 && !slash)
        return ERR_OK;
    enum err r = take_bucket (c, g_strndup (key, bucket), e);
    return r == ERR_OK && slash ? take_key (c, slash + 1, (size_t) (end - slash - 1), e) : r;
}

enum err oss_decode (struct oss_call *c, struct error *e)
{
    c->headers = exchange_headers (c->x);
    enum err r = oss_query_new (c->x->uri, &c->query, e);
    if (r != ERR_OK)
        return r;
    const char *host = oss_header (c, "host");
    c->bucket = host ? bucket_of_host (c->oss, host) : NULL;
    c->is_virtual = c->bucket != NULL;
    g_autofree char *path = exchange_path (c->x);
    return read_path (c, path, e);
}
