/* Signatures of requests to stores: what all schemes have in common, above all the one way in which
 * paths and queries are written. */
#include "store/sign_private.h"

#include <string.h>

#include "base/text.h"

const char sign_sha256_of_nothing[SIGN_HEX_SIZE] =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

#define MEMORY_BLOCK 512 /* of the names and values of one request */

void sign_list_init (struct sign_list *l)
{
    l->pairs = g_array_sized_new (FALSE, FALSE, sizeof (struct sign_pair), 16);
    l->memory = g_string_chunk_new (MEMORY_BLOCK);
}

void sign_list_clear (struct sign_list *l)
{
    g_array_unref (l->pairs);
    g_string_chunk_free (l->memory);
}

void sign_list_add (struct sign_list *l, const char *name, const char *value)
{
    struct sign_pair pair = { g_string_chunk_insert (l->memory, name),
                              value ? g_string_chunk_insert (l->memory, value) : NULL };
    g_array_append_val (l->pairs, pair);
}

static int by_name_and_value (const void *a, const void *b)
{
    const struct sign_pair *x = a, *y = b;
    int order = strcmp (x->name, y->name);
    return order ? order : strcmp (x->value ? x->value : "", y->value ? y->value : "");
}

void sign_list_sort (struct sign_list *l)
{
    g_array_sort (l->pairs, by_name_and_value);
}

static void squeeze_spaces (char *text)
{
    char *to = text;
    for (const char *from = text; *from; from++)
        if (!g_ascii_isspace (*from))
            *to++ = *from;
        else if (!g_ascii_isspace (from[1]))
            *to++ = ' ';
    *to = '\0';
}

void sign_list_add_headers (struct sign_list *l, const struct sign_request *r, bool squeeze)
{
    for (size_t i = 0; i < r->n_headers; i++) {
        g_autofree char *name = g_ascii_strdown (r->headers[i].name, -1);
        g_autofree char *value = g_strdup (r->headers[i].value ? r->headers[i].value : "");
        g_strstrip (value);
        if (squeeze)
            squeeze_spaces (value);
        sign_list_add (l, name, value);
    }
}

void sign_append_path (const struct sign_request *r, bool with_bucket, bool bucket_slash,
                       GString *out)
{
    g_string_append_c (out, '/');
    if (r->bucket && (with_bucket || !r->is_virtual)) {
        text_percent_encode (out, r->bucket, strlen (r->bucket), "");
        if (r->key || bucket_slash)
            g_string_append_c (out, '/');
    }
    if (r->key)
        text_percent_encode (out, r->key, strlen (r->key), "/");
}

static void add_encoded (struct sign_list *l, const struct sign_pair *pair, GString *scratch)
{
    g_string_truncate (scratch, 0);
    text_percent_encode (scratch, pair->name, strlen (pair->name), "");
    if (!pair->value) {
        sign_list_add (l, scratch->str, NULL);
        return;
    }
    gsize at = scratch->len + 1;
    g_string_append_c (scratch, '\0');
    text_percent_encode (scratch, pair->value, strlen (pair->value), "");
    sign_list_add (l, scratch->str, scratch->str + at);
}

void sign_append_query (enum sign_scheme scheme, const struct sign_request *r,
                        const struct sign_pair *more, size_t n_more, GString *out)
{
    if (r->n_query + n_more == 0)
        return;
    struct sign_list l;
    sign_list_init (&l);
    g_autoptr (GString) scratch = g_string_sized_new (128);
    for (size_t i = 0; i < r->n_query; i++)
        add_encoded (&l, &r->query[i], scratch);
    for (size_t i = 0; i < n_more; i++)
        add_encoded (&l, &more[i], scratch);
    sign_list_sort (&l);
    for (guint i = 0; i < l.pairs->len; i++) {
        const struct sign_pair *p = &g_array_index (l.pairs, struct sign_pair, i);
        if (i > 0)
            g_string_append_c (out, '&');
        g_string_append (out, p->name);
        bool is_empty = !p->value || !*p->value;
        if (scheme == SIGN_S3 || !is_empty)
            g_string_append_c (out, '=');
        if (!is_empty)
            g_string_append (out, p->value);
    }
    sign_list_clear (&l);
}

void sign_append_target (enum sign_scheme scheme, const struct sign_request *r, GString *out)
{
    sign_append_path (r, false, scheme != SIGN_S3, out);
    if (r->n_query > 0)
        g_string_append_c (out, '?');
    sign_append_query (scheme, r, NULL, 0, out);
}

void sign_headers (enum sign_scheme scheme, const struct sign_request *r,
                   const struct sign_key *key, struct sign_cache *cache, sign_header_fn *add,
                   void *arg)
{
    if (!key || !key->id)
        return;
    switch (scheme) {
    case SIGN_S3:
    case SIGN_OSS4:
        sign_v4_headers (scheme, r, key, cache, add, arg);
        return;
    case SIGN_OSS1:
        sign_v1_headers (r, key, add, arg);
        return;
    }
}

void sign_append_presigned (enum sign_scheme scheme, const struct sign_request *r,
                            const struct sign_key *key, uint32_t expires_s,
                            struct sign_cache *cache, GString *out)
{
    switch (scheme) {
    case SIGN_S3:
    case SIGN_OSS4:
        sign_v4_presigned (scheme, r, key, expires_s, cache, out);
        return;
    case SIGN_OSS1:
        sign_v1_presigned (r, key, expires_s, out);
        return;
    }
}

void sign_sha256 (const void *bytes, size_t len, char ret[SIGN_HEX_SIZE])
{
    g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);
    for (const guchar *at = bytes; len > 0;) {
        size_t part = MIN (len, (size_t) G_MAXINT);
        g_checksum_update (sum, at, (gssize) part);
        at += part;
        len -= part;
    }
    g_strlcpy (ret, g_checksum_get_string (sum), SIGN_HEX_SIZE);
}

void sign_cache_clear (struct sign_cache *c)
{
    g_free (c->region);
    g_free (c->secret);
    *c = (struct sign_cache){ 0 };
}
