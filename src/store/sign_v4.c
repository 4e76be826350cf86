/* AWS Signature Version 4 and OSS V4: the same construction with other words. Canonical request,
 * text to sign, a key derived from secret, day, region and service. */
#include "store/sign_private.h"

#include <string.h>
#include <time.h>

#include "auth/signing.h"
#include "base/text.h"

/* How a header is put together, and what it is about, is of each. */
static const struct {
    const struct signing_family *words;
    const char *credential_separator;
} families[] = {
    [SIGN_S3] = { &signing_s3, ", " },
    [SIGN_OSS4] = { &signing_oss4, "," },
};

/* "20231203T121212Z"; the first 8 characters are the day. */
static void format_stamp (int64_t now_s, char ret[32])
{
    struct tm tm;
    time_t t = now_s;
    gmtime_r (&t, &tm);
    strftime (ret, 32, "%Y%m%dT%H%M%SZ", &tm);
}

static const uint8_t *find_key (enum sign_scheme scheme, const char *date, const char *region,
                                const char *secret, struct sign_cache *c)
{
    bool is_known = c->region && c->scheme == scheme && g_str_equal (c->date, date) &&
                    g_str_equal (c->region, region) && g_str_equal (c->secret, secret);
    if (!is_known) {
        sign_cache_clear (c);
        c->scheme = scheme;
        g_strlcpy (c->date, date, sizeof c->date);
        c->region = g_strdup (region);
        c->secret = g_strdup (secret);
        signing_derive_key (families[scheme].words, date, region, secret, c->key);
    }
    return c->key;
}

/* What a signature is made of. */
struct act {
    enum sign_scheme scheme;
    const struct signing_family *family;
    char stamp[32], date[16];
    char *scope;
    GString *names; /* of the signed headers, for S3 */
};

static void act_init (struct act *a, enum sign_scheme scheme, const struct sign_request *r)
{
    a->scheme = scheme;
    a->family = families[scheme].words;
    format_stamp (r->now_s, a->stamp);
    g_strlcpy (a->date, a->stamp, 9);
    a->scope = g_strdup_printf ("%s/%s/%s/%s", a->date, r->region, a->family->service,
                                a->family->terminator);
    a->names = g_string_sized_new (128);
}

static void act_clear (struct act *a)
{
    g_free (a->scope);
    g_string_free (a->names, TRUE);
}

/* S3 signs all headers that it is told of; OSS has a list, the same for everybody. */
static bool is_signed (const struct act *a, const char *name)
{
    return a->scheme == SIGN_S3 || g_str_has_prefix (name, "x-oss-") ||
           g_str_equal (name, "content-type") || g_str_equal (name, "content-md5");
}

/* "name:value\n" of each, and their names into a->names. */
static void append_headers (struct act *a, struct sign_list *headers, GString *out)
{
    sign_list_sort (headers);
    for (guint i = 0; i < headers->pairs->len; i++) {
        const struct sign_pair *h = &g_array_index (headers->pairs, struct sign_pair, i);
        if (!is_signed (a, h->name))
            continue;
        g_string_append (out, h->name);
        g_string_append_c (out, ':');
        g_string_append (out, h->value);
        g_string_append_c (out, '\n');
        if (a->names->len > 0)
            g_string_append_c (a->names, ';');
        g_string_append (a->names, h->name);
    }
}

/* The names of the signed headers, before the request is put together. */
static void collect_names (struct act *a, struct sign_list *headers)
{
    g_autoptr (GString) unused = g_string_new (NULL);
    g_string_truncate (a->names, 0);
    append_headers (a, headers, unused);
}

static void sign_it (struct act *a, const struct sign_request *r, struct sign_list *headers,
                     const char *query, const char *payload, const char *secret,
                     struct sign_cache *cache, char ret[SIGN_HEX_SIZE])
{
    g_autoptr (GString) text = g_string_sized_new (1024);
    g_string_append (text, r->method);
    g_string_append_c (text, '\n');
    sign_append_path (r, a->scheme == SIGN_OSS4, a->scheme == SIGN_OSS4, text);
    g_string_append_c (text, '\n');
    g_string_append (text, query);
    g_string_append_c (text, '\n');
    g_string_truncate (a->names, 0);
    append_headers (a, headers, text);
    g_string_append_c (text, '\n');
    g_string_append (text, a->scheme == SIGN_S3 ? a->names->str : "");
    g_string_append_c (text, '\n');
    g_string_append (text, payload);
    char hash[SIGN_HEX_SIZE];
    sign_sha256 (text->str, text->len, hash);

    g_string_printf (text, "%s\n%s\n%s\n%s", a->family->algorithm, a->stamp, a->scope, hash);
    struct sign_cache own = { 0 };
    const uint8_t *key = find_key (a->scheme, a->date, r->region, secret, cache ? cache : &own);
    uint8_t signature[SIGNING_KEY_SIZE];
    signing_hmac (key, SIGNING_KEY_SIZE, text->str, signature);
    text_hex (signature, SIGNING_KEY_SIZE, ret);
    sign_cache_clear (&own);
}

static void add_both (struct sign_list *headers, sign_header_fn *add, void *arg, const char *name,
                      const char *value)
{
    sign_list_add (headers, name, value);
    add (arg, name, value);
}

void sign_v4_headers (enum sign_scheme scheme, const struct sign_request *r,
                      const struct sign_key *key, struct sign_cache *cache, sign_header_fn *add,
                      void *arg)
{
    struct act a;
    act_init (&a, scheme, r);
    const char *payload = scheme == SIGN_S3 ? r->payload : SIGN_UNSIGNED;
    struct sign_list headers;
    sign_list_init (&headers);
    sign_list_add_headers (&headers, r, scheme == SIGN_S3);
    sign_list_add (&headers, "host", r->host);
    add_both (&headers, add, arg, a.family->date, a.stamp);
    add_both (&headers, add, arg, a.family->hash, payload);
    if (key->token)
        add_both (&headers, add, arg, a.family->token, key->token);

    g_autoptr (GString) query = g_string_sized_new (256);
    sign_append_query (scheme, r, NULL, 0, query);
    char signature[SIGN_HEX_SIZE];
    sign_it (&a, r, &headers, query->str, payload, key->secret, cache, signature);
    g_autoptr (GString) value = g_string_sized_new (256);
    g_string_append_printf (value, "%s Credential=%s/%s%s", a.family->algorithm, key->id, a.scope,
                            families[scheme].credential_separator);
    if (scheme == SIGN_S3)
        g_string_append_printf (value, "SignedHeaders=%s, ", a.names->str);
    g_string_append_printf (value, "Signature=%s", signature);
    add (arg, "Authorization", value->str);
    sign_list_clear (&headers);
    act_clear (&a);
}

#define PRESIGNED_PAIRS 6

/* The parameters but for the signature. Returns how many. */
static size_t presigned_pairs (const struct act *a, const struct sign_key *key,
                               const char *credential, const char *expires,
                               struct sign_pair ret[PRESIGNED_PAIRS])
{
    static const char *const names[][PRESIGNED_PAIRS] = {
        [SIGN_S3] = { "X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires",
                      "X-Amz-SignedHeaders", "X-Amz-Security-Token" },
        [SIGN_OSS4] = { "x-oss-signature-version", "x-oss-credential", "x-oss-date",
                        "x-oss-expires", NULL, "x-oss-security-token" },
    };
    const char *values[PRESIGNED_PAIRS] = {
        a->family->algorithm, credential, a->stamp, expires, a->names->str, key->token,
    };
    size_t n = 0;
    for (size_t i = 0; i < PRESIGNED_PAIRS; i++)
        if (names[a->scheme][i] && values[i])
            ret[n++] = (struct sign_pair){ names[a->scheme][i], values[i] };
    return n;
}

void sign_v4_presigned (enum sign_scheme scheme, const struct sign_request *r,
                        const struct sign_key *key, uint32_t expires_s, struct sign_cache *cache,
                        GString *out)
{
    struct act a;
    act_init (&a, scheme, r);
    struct sign_list headers;
    sign_list_init (&headers);
    sign_list_add_headers (&headers, r, scheme == SIGN_S3);
    sign_list_add (&headers, "host", r->host);
    collect_names (&a, &headers);
    g_autofree char *credential = g_strconcat (key->id, "/", a.scope, NULL);
    g_autofree char *expires = g_strdup_printf ("%u", expires_s);
    struct sign_pair more[PRESIGNED_PAIRS];
    size_t n = presigned_pairs (&a, key, credential, expires, more);
    g_autoptr (GString) query = g_string_sized_new (512);
    sign_append_query (scheme, r, more, n, query);
    char signature[SIGN_HEX_SIZE];
    sign_it (&a, r, &headers, query->str, SIGN_UNSIGNED, key->secret, cache, signature);
    sign_append_path (r, false, scheme != SIGN_S3, out);
    g_string_append_printf (out, "?%s&%s=%s", query->str,
                            scheme == SIGN_S3 ? "X-Amz-Signature" : "x-oss-signature", signature);
    sign_list_clear (&headers);
    act_clear (&a);
}
