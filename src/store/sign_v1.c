/* OSS V1: HMAC-SHA1 over method, date, some headers, and the resource with those parameters of the
 * query that select a sub-resource. */
#include "store/sign_private.h"

#include <string.h>

#include "auth/signing.h"
#include "base/clock.h"

#define NS 1000000000ll

/* "/bucket/key?acl&uploadId=7": nothing of it is encoded. `token` is a sub-resource of URLs. */
static void append_resource (const struct sign_request *r, const char *token, GString *out)
{
    g_string_append_c (out, '/');
    if (r->bucket)
        g_string_append_printf (out, "%s/", r->bucket);
    if (r->key)
        g_string_append (out, r->key);
    struct sign_list l;
    sign_list_init (&l);
    for (size_t i = 0; i < r->n_query; i++)
        if (signing_is_sub_resource (r->query[i].name))
            sign_list_add (&l, r->query[i].name, r->query[i].value);
    if (token)
        sign_list_add (&l, "security-token", token);
    sign_list_sort (&l);
    for (guint i = 0; i < l.pairs->len; i++) {
        const struct sign_pair *p = &g_array_index (l.pairs, struct sign_pair, i);
        g_string_append_c (out, i == 0 ? '?' : '&');
        g_string_append (out, p->name);
        if (p->value && *p->value)
            g_string_append_printf (out, "=%s", p->value);
    }
    sign_list_clear (&l);
}

static const char *find (const struct sign_list *l, const char *name)
{
    for (guint i = 0; i < l->pairs->len; i++) {
        const struct sign_pair *p = &g_array_index (l->pairs, struct sign_pair, i);
        if (g_str_equal (p->name, name))
            return p->value;
    }
    return "";
}

/* `date` is the Date header, or when a URL expires. The caller frees. */
static char *make_signature (const struct sign_request *r, const struct sign_key *key,
                             const char *date, bool is_url)
{
    struct sign_list headers;
    sign_list_init (&headers);
    sign_list_add_headers (&headers, r, false);
    if (key->token && !is_url)
        sign_list_add (&headers, "x-oss-security-token", key->token);
    sign_list_sort (&headers);
    g_autoptr (GString) text = g_string_sized_new (512);
    g_string_append_printf (text, "%s\n%s\n%s\n%s\n", r->method, find (&headers, "content-md5"),
                            find (&headers, "content-type"), date);
    for (guint i = 0; i < headers.pairs->len; i++) {
        const struct sign_pair *h = &g_array_index (headers.pairs, struct sign_pair, i);
        if (g_str_has_prefix (h->name, "x-oss-"))
            g_string_append_printf (text, "%s:%s\n", h->name, h->value);
    }
    append_resource (r, is_url ? key->token : NULL, text);
    sign_list_clear (&headers);

    return signing_hmac_sha1 (key->secret, text->str, text->len);
}

void sign_v1_headers (const struct sign_request *r, const struct sign_key *key, sign_header_fn *add,
                      void *arg)
{
    char date[CLOCK_TEXT_SIZE];
    clock_format_http (r->now_s * NS, date);
    add (arg, "Date", date);
    if (key->token)
        add (arg, "x-oss-security-token", key->token);
    g_autofree char *signature = make_signature (r, key, date, false);
    g_autofree char *value = g_strdup_printf ("OSS %s:%s", key->id, signature);
    add (arg, "Authorization", value);
}

void sign_v1_presigned (const struct sign_request *r, const struct sign_key *key,
                        uint32_t expires_s, GString *out)
{
    g_autofree char *expires = g_strdup_printf ("%" G_GINT64_FORMAT, r->now_s + expires_s);
    g_autofree char *signature = make_signature (r, key, expires, true);
    struct sign_pair more[4] = { { "Expires", expires },
                                 { "OSSAccessKeyId", key->id },
                                 { "Signature", signature },
                                 { "security-token", key->token } };
    sign_append_path (r, false, true, out);
    g_string_append_c (out, '?');
    sign_append_query (SIGN_OSS1, r, more, key->token ? 4 : 3, out);
}
