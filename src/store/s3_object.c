/* Single objects of remote stores: their facts, and writing one. */
#include "store/s3_private.h"

#include "store/filter.h"

enum err s3_object_bucket (const struct store_s3 *s, const char *bucket, const char *key,
                           const char **ret, struct error *e)
{
    if (!store_filter_takes (g_hash_table_lookup (s->filters, bucket), key))
        return FAIL (e, NO_OBJECT, "the patterns of bucket '%s' leave '%s' out", bucket, key);
    return s3_bucket (s, bucket, ret, e);
}

bool s3_is_marker (const char *key, uint64_t size)
{
    return size == 0 && g_str_has_suffix (key, "/");
}

static enum err ask (struct store_s3 *s, const char *method, const char *bucket, const char *key,
                     struct client_response *ret, struct error *e)
{
    const struct client_request request = {
        .method = method,
        .bucket = bucket,
        .key = key,
        .range.length = g_str_equal (method, "GET") ? 1 : 0,
        .expect = CLIENT_OBJECT,
        .is_urgent = true,
    };
    return s3_call (s, &request, ret, e);
}

/* Only the answer to GET tells a missing object from a missing bucket. OK: it is there by now. */
static enum err ask_why (struct store_s3 *s, const char *bucket, const char *key, struct error *e)
{
    _cleanup_response_ struct client_response answer;
    enum err r = ask (s, "GET", bucket, key, &answer, e);
    return r == ERR_OUT_OF_RANGE || r == ERR_STORE_ARCHIVED ? ERR_OK : r;
}

static enum err head (struct store_s3 *s, const char *bucket, const char *key, bool is_again,
                      struct store_facts *ret, struct error *e)
{
    _cleanup_response_ struct client_response answer;
    enum err r = ask (s, "HEAD", bucket, key, &answer, e);
    struct error why;
    if (r == ERR_OK) {
        struct store_facts facts;
        r = s3_facts_read (s->dialect, &answer, &facts, &why);
        if (r != ERR_OK)
            return s3_blame (s, bucket, &why, e);
        if (s3_is_marker (key, facts.size))
            return FAIL (e, NO_OBJECT, "'%s' marks a folder and is no object", key);
        *ret = facts;
        return ERR_OK;
    }
    if (r != ERR_NO_OBJECT || is_again)
        return r;
    r = ask_why (s, bucket, key, e);
    return r == ERR_OK ? head (s, bucket, key, true, ret, e) : r;
}

enum err s3_head (struct store *store, const char *bucket, const char *key, struct store_facts *ret,
                  struct error *e)
{
    struct store_s3 *s = (struct store_s3 *) store;
    const char *name;
    enum err r = s3_object_bucket (s, bucket, key, &name, e);
    return r == ERR_OK ? head (s, name, key, false, ret, e) : r;
}

enum err store_s3_put (struct store *store, const char *bucket, const char *key, const void *bytes,
                       size_t len, const char *content_type, struct error *e)
{
    struct store_s3 *s = (struct store_s3 *) store;
    const char *name;
    if (!s->is_writable)
        return FAIL (e, STORE_DENIED,
                     "the store '%s' is only read: nothing is written unless it is set writable",
                     s->base.name);
    enum err r = s3_object_bucket (s, bucket, key, &name, e);
    if (r == ERR_NO_OBJECT)
        return FAIL (e, STORE_DENIED, "the patterns of bucket '%s' leave '%s' out", bucket, key);
    if (r != ERR_OK)
        return r;
    const struct sign_pair type = { "Content-Type", content_type };
    const struct client_request request = {
        .method = "PUT",
        .bucket = name,
        .key = key,
        .headers = &type,
        .n_headers = content_type ? 1 : 0,
        .body = bytes,
        .body_len = len,
    };
    _cleanup_response_ struct client_response answer;
    return s3_call (s, &request, &answer, e);
}
