/* Where the buckets of a store are: its endpoint, and the regions that refusals told of. A host is
 * only ever made from the endpoint that was configured. */
#include <fcntl.h>
#include <string.h>

#include "base/limits.h"
#include "store/client_private.h"

/* Names of services that have a host a region. */
static const struct {
    enum sign_scheme signing;
    const char *before, *after;
} services[] = {
    { SIGN_S3, "s3.dualstack.", ".amazonaws.com" },
    { SIGN_S3, "s3.dualstack.", ".amazonaws.com.cn" },
    { SIGN_S3, "s3-fips.", ".amazonaws.com" },
    { SIGN_S3, "s3.", ".amazonaws.com" },
    { SIGN_S3, "s3.", ".amazonaws.com.cn" },
    { SIGN_S3, "s3-", ".amazonaws.com" },
    { SIGN_S3, "s3.", ".backblazeb2.com" },
    { SIGN_S3, "s3.", ".wasabisys.com" },
    { SIGN_S3, "s3.oss-", "-internal.aliyuncs.com" },
    { SIGN_S3, "s3.oss-", ".aliyuncs.com" },
    { SIGN_OSS4, "oss-", "-internal.aliyuncs.com" },
    { SIGN_OSS4, "oss-", ".aliyuncs.com" },
};

#define GLOBAL_HOST    "s3.amazonaws.com"
#define GLOBAL_PATTERN 3 /* its row for all other regions */
#define DEFAULT_REGION "us-east-1"
#define REGION_MAX     48

static bool is_region (const char *text, size_t len)
{
    if (len == 0 || len > REGION_MAX)
        return false;
    for (size_t i = 0; i < len; i++)
        if (!g_ascii_islower (text[i]) && !g_ascii_isdigit (text[i]) && text[i] != '-')
            return false;
    return true;
}

/* The row that a host matches and its region (caller frees), or -1. */
static int find_service (const char *host, char **ret_region)
{
    for (size_t i = 0; i < N_ELEMENTS (services); i++) {
        size_t before = strlen (services[i].before), after = strlen (services[i].after);
        size_t len = strlen (host);
        if (len <= before + after || !g_str_has_prefix (host, services[i].before) ||
            !g_str_has_suffix (host, services[i].after) ||
            !is_region (host + before, len - before - after))
            continue;
        *ret_region = g_strndup (host + before, len - before - after);
        return (int) i;
    }
    return -1;
}

static enum err parse_parts (struct place *p, CURLU *url, const char *endpoint, struct error *e)
{
    static const CURLUPart unwanted[] = { CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_OPTIONS,
                                          CURLUPART_QUERY, CURLUPART_FRAGMENT };
    char *part = NULL;
    for (size_t i = 0; i < N_ELEMENTS (unwanted); i++)
        if (curl_url_get (url, unwanted[i], &part, 0) == CURLUE_OK) {
            curl_free (part);
            return FAIL (e, INVALID_ARGUMENT,
                         "an endpoint is only http:// or https://, a host and a port");
        }
    static const CURLUPart wanted[] = { CURLUPART_SCHEME, CURLUPART_HOST, CURLUPART_PATH };
    char *texts[N_ELEMENTS (wanted)] = { NULL };
    for (size_t i = 0; i < N_ELEMENTS (wanted); i++)
        if (curl_url_get (url, wanted[i], &part, 0) == CURLUE_OK) {
            texts[i] = g_ascii_strdown (part, -1);
            curl_free (part);
        }
    p->scheme = texts[0];
    p->host = texts[1];
    g_autofree char *path = texts[2];
    if (curl_url_get (url, CURLUPART_PORT, &part, CURLU_NO_DEFAULT_PORT) == CURLUE_OK) {
        p->port = g_strdup (part);
        curl_free (part);
    }
    bool is_http = g_strcmp0 (p->scheme, "http") == 0 || g_strcmp0 (p->scheme, "https") == 0;
    if (!is_http || !p->host || g_strcmp0 (path, "/") != 0)
        return FAIL (e, INVALID_ARGUMENT,
                     "'%s' is no endpoint: http:// or https://, a host and a port", endpoint);
    return ERR_OK;
}

static enum err parse_endpoint (struct place *p, const char *endpoint, struct error *e)
{
    CURLU *url = curl_url ();
    if (!url)
        return FAIL (e, IO, "out of memory");
    enum err r = curl_url_set (url, CURLUPART_URL, endpoint, 0) == CURLUE_OK
                     ? parse_parts (p, url, endpoint, e)
                     : FAIL (e, INVALID_ARGUMENT, "'%s' is no URL of a store", endpoint);
    curl_url_cleanup (url);
    return r;
}

static char *text_or_null (const char *text)
{
    return text && *text ? g_strdup (text) : NULL;
}

static bool is_address (const char *host)
{
    return *host == '[' || g_hostname_is_ip_address (host);
}

enum err place_init (struct place *p, const struct client_options *o, struct error *e)
{
    *p = (struct place){ .signing = o->scheme, .is_virtual = o->is_virtual };
    pthread_mutex_init (&p->lock, NULL);
    p->moved = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
    p->ca_file = text_or_null (o->ca_file);
    p->proxy = text_or_null (o->proxy);
    enum err r = parse_endpoint (p, o->endpoint, e);
    if (r != ERR_OK)
        return r;
    if (p->ca_file && access (p->ca_file, R_OK) != 0)
        return FAIL (e, INVALID_ARGUMENT, "the CA file '%s' cannot be read", p->ca_file);
    if (p->is_virtual && is_address (p->host))
        return FAIL (e, INVALID_ARGUMENT, "'%s' is an address: buckets cannot be part of its name",
                     p->host);
    p->region = text_or_null (o->region);
    if (p->region && !is_region (p->region, strlen (p->region)))
        return FAIL (e, INVALID_ARGUMENT, "'%s' is no name of a region", p->region);
    if (!p->region && find_service (p->host, &p->region) < 0 && p->signing == SIGN_OSS4)
        p->signing = SIGN_OSS1;
    if (!p->region)
        p->region = g_strdup (DEFAULT_REGION);
    if (g_str_equal (p->host, GLOBAL_HOST) && !g_str_equal (p->region, DEFAULT_REGION)) {
        g_free (p->host); /* that one is us-east-1's alone */
        p->host = g_strconcat (services[GLOBAL_PATTERN].before, p->region,
                               services[GLOBAL_PATTERN].after, NULL);
    }
    return ERR_OK;
}

void place_clear (struct place *p)
{
    g_free (p->scheme);
    g_free (p->host);
    g_free (p->port);
    g_free (p->region);
    g_free (p->ca_file);
    g_free (p->proxy);
    g_hash_table_unref (p->moved);
    pthread_mutex_destroy (&p->lock);
}

char *place_region (struct place *p, const char *bucket)
{
    pthread_mutex_lock (&p->lock);
    const char *moved = bucket ? g_hash_table_lookup (p->moved, bucket) : NULL;
    char *region = g_strdup (moved ? moved : p->region);
    pthread_mutex_unlock (&p->lock);
    return region;
}

char *place_host (const struct place *p, const char *bucket, const char *region)
{
    g_autofree char *own_region = NULL;
    int row = g_str_equal (region, p->region)      ? -1 /* as it was configured */
              : g_str_equal (p->host, GLOBAL_HOST) ? GLOBAL_PATTERN
                                                   : find_service (p->host, &own_region);
    g_autofree char *host =
        row < 0 ? g_strdup (p->host)
                : g_strconcat (services[row].before, region, services[row].after, NULL);
    bool is_virtual = p->is_virtual && bucket;
    return g_strconcat (is_virtual ? bucket : "", is_virtual ? "." : "", host, p->port ? ":" : "",
                        p->port ? p->port : "", NULL);
}

bool place_learn (struct place *p, const char *bucket, const char *told, const char *used)
{
    g_autofree char *named = NULL;
    size_t len = bucket ? strlen (bucket) : 0;
    if (len > 0 && g_str_has_prefix (told, bucket) && told[len] == '.')
        told += len + 1;
    if (strchr (told, '.') && find_service (told, &named) < 0)
        return false;
    const char *region = named ? named : told;
    if (!bucket || !is_region (region, strlen (region)) || g_str_equal (region, used))
        return false;
    pthread_mutex_lock (&p->lock);
    if (g_hash_table_size (p->moved) >= LIMIT_STORE_BUCKETS)
        g_hash_table_remove_all (p->moved);
    g_hash_table_replace (p->moved, g_strdup (bucket), g_strdup (region));
    pthread_mutex_unlock (&p->lock);
    return true;
}
