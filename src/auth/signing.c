/* Keys, digests and the words of the signatures of object stores. */
#include "auth/signing.h"

#include <stdlib.h>
#include <string.h>
#include <glib.h>

#include "base/macros.h"

#define SHA1_SIZE   20
#define HEADERS_MAX 64 /* that a request may say it has signed */

const struct signing_family signing_s3 = {
    .algorithm = "AWS4-HMAC-SHA256",
    .secret_prefix = "AWS4",
    .service = "s3",
    .terminator = "aws4_request",
    .date = "x-amz-date",
    .hash = "x-amz-content-sha256",
    .token = "x-amz-security-token",
    .header_prefix = "x-amz-",
};

const struct signing_family signing_oss4 = {
    .algorithm = "OSS4-HMAC-SHA256",
    .secret_prefix = "aliyun_v4",
    .service = "oss",
    .terminator = "aliyun_v4_request",
    .date = "x-oss-date",
    .hash = "x-oss-content-sha256",
    .token = "x-oss-security-token",
    .header_prefix = "x-oss-",
};

/* Parameters that are part of the resource, in byte order. So is all that begins with x-oss-. */
static const char *const sub_resources[] = { "acl",
                                             "append",
                                             "asyncFetch",
                                             "bucketInfo",
                                             "callback",
                                             "callback-var",
                                             "cloudboxes",
                                             "cname",
                                             "comp",
                                             "continuation-token",
                                             "cors",
                                             "delete",
                                             "encryption",
                                             "endTime",
                                             "group",
                                             "inventory",
                                             "inventoryId",
                                             "lifecycle",
                                             "link",
                                             "live",
                                             "location",
                                             "logging",
                                             "metaQuery",
                                             "objectInfo",
                                             "objectMeta",
                                             "partNumber",
                                             "policy",
                                             "position",
                                             "qos",
                                             "qosInfo",
                                             "referer",
                                             "regionList",
                                             "replication",
                                             "replicationLocation",
                                             "replicationProgress",
                                             "requestPayment",
                                             "resourceGroup",
                                             "response-cache-control",
                                             "response-content-disposition",
                                             "response-content-encoding",
                                             "response-content-language",
                                             "response-content-type",
                                             "response-expires",
                                             "restore",
                                             "security-token",
                                             "sequential",
                                             "startTime",
                                             "stat",
                                             "status",
                                             "symlink",
                                             "tagging",
                                             "transferAcceleration",
                                             "uploadId",
                                             "uploads",
                                             "versionId",
                                             "versioning",
                                             "versions",
                                             "vod",
                                             "website",
                                             "worm",
                                             "wormExtend",
                                             "wormId" };

static int by_text (const void *name, const void *row)
{
    return strcmp (name, *(const char *const *) row);
}

bool signing_is_sub_resource (const char *name)
{
    return g_str_has_prefix (name, "x-oss-") ||
           bsearch (name, sub_resources, N_ELEMENTS (sub_resources), sizeof sub_resources[0],
                    by_text);
}

void signing_hmac (const void *key, size_t key_len, const char *text, uint8_t ret[SIGNING_KEY_SIZE])
{
    g_autoptr (GHmac) h = g_hmac_new (G_CHECKSUM_SHA256, key, key_len);
    g_hmac_update (h, (const guchar *) text, -1);
    gsize len = SIGNING_KEY_SIZE;
    g_hmac_get_digest (h, ret, &len);
}

void signing_derive_key (const struct signing_family *f, const char *date, const char *region,
                         const char *secret, uint8_t ret[SIGNING_KEY_SIZE])
{
    g_autofree char *first = g_strconcat (f->secret_prefix, secret, NULL);
    signing_hmac (first, strlen (first), date, ret);
    signing_hmac (ret, SIGNING_KEY_SIZE, region, ret);
    signing_hmac (ret, SIGNING_KEY_SIZE, f->service, ret);
    signing_hmac (ret, SIGNING_KEY_SIZE, f->terminator, ret);
}

char *signing_hmac_sha1 (const char *secret, const char *text, size_t len)
{
    g_autoptr (GHmac) h = g_hmac_new (G_CHECKSUM_SHA1, (const guchar *) secret, strlen (secret));
    g_hmac_update (h, (const guchar *) text, (gssize) len);
    uint8_t digest[SHA1_SIZE];
    gsize size = sizeof digest;
    g_hmac_get_digest (h, digest, &size);
    return g_base64_encode (digest, size);
}

static int compare_names (const void *a, const void *b)
{
    return strcmp (*(char *const *) a, *(char *const *) b);
}

enum err signing_read_listed (GHashTable *headers, const char *what, const char *text, char ***ret,
                              struct error *e)
{
    g_autofree char *lower = g_ascii_strdown (text ? text : "", -1);
    g_auto (GStrv) names = g_strsplit (lower, ";", HEADERS_MAX + 1);
    size_t n = g_strv_length (names);
    if (n > HEADERS_MAX)
        return FAIL (e, SIGNATURE_INCOMPLETE, "%s names more than %d headers.", what, HEADERS_MAX);
    qsort (names, n, sizeof *names, compare_names);
    for (size_t i = 0; i < n; i++) {
        if (!g_hash_table_contains (headers, names[i]))
            return FAIL (e, SIGNATURE_INCOMPLETE,
                         "%s names the header '%.64s', which the request does not have.", what,
                         names[i]);
        if (i && strcmp (names[i], names[i - 1]) == 0)
            return FAIL (e, SIGNATURE_INCOMPLETE, "%s names '%.64s' twice.", what, names[i]);
    }
    *ret = g_steal_pointer (&names);
    return ERR_OK;
}
