/* Objects as they are: of folders by descriptor, of remote stores by windows. */
#include "http/oss_call.h"

#include <string.h>

#include "base/text.h"
#include "http/oss_stream.h"
#include "store/store.h"

#define UNKNOWN_TYPE "application/octet-stream"

/* By the name alone. */
static const char *type_of_key (const char *key)
{
    static const struct {
        const char *extension, *type;
    } types[] = {
#define TYPE(extension, type) { extension, type },
#include "http/oss_type.def"
#undef TYPE
    };
    const char *name = strrchr (key, '/');
    const char *dot = strrchr (name ? name : key, '.');
    for (size_t i = 0; dot && i < N_ELEMENTS (types); i++)
        if (g_ascii_strcasecmp (types[i].extension, dot + 1) == 0)
            return types[i].type;
    return UNKNOWN_TYPE;
}

static struct oss_body describe (const struct oss_call *c, const struct store_facts *facts)
{
    return (struct oss_body){
        .fd = -1,
        .size = facts->size,
        .etag = facts->etag,
        .mtime_ns = facts->mtime_ns,
        .content_type = type_of_key (c->key),
    };
}

static enum err get_local (struct oss_call *c, struct store *store, struct error *e)
{
    struct store_handle h;
    enum err r = store_open (store, c->bucket, c->key, NULL, &h, e);
    if (r != ERR_OK)
        return r;
    struct oss_body body = describe (c, &h.facts);
    body.fd = steal_fd (&h.fd);
    r = oss_answer_body (c, &body, e);
    store_handle_clear (&h);
    return r;
}

struct sending {
    struct stream *stream; /* NULL: it was taken */
    struct exchange *x;
};

static struct MHD_Response *open_stream (void *arg, uint64_t at, uint64_t length)
{
    struct sending *s = arg;
    return stream_take_response (g_steal_pointer (&s->stream), s->x, at, length);
}

static enum err get_remote (struct oss_call *c, struct store *store, struct error *e)
{
    struct sending s = { .x = c->x };
    bool is_head = strcmp (c->x->method, "HEAD") == 0;
    enum err r = stream_open (store, c->bucket, c->key, is_head, &c->oss->n_streams, &s.stream, e);
    if (r != ERR_OK)
        return r;
    const struct store_handle *h = stream_object (s.stream);
    const struct store_facts facts = h->facts; /* the stream may be gone with the response */
    struct oss_body body = describe (c, &facts);
    g_autofree char *type =
        g_strdup (json_string_value (json_object_get (h->attributes, "ContentType")));
    if (type && *type)
        body.content_type = type;
    body.open = open_stream;
    body.arg = &s;
    r = oss_answer_body (c, &body, e);
    stream_free (s.stream);
    return r;
}

/* What a folder cannot say of an object. */
static enum err explain (const struct oss_call *c, enum err r, struct error *e)
{
    if (r == ERR_NO_OBJECT || r == ERR_NOT_A_FILE)
        return FAIL (e, NO_OBJECT, "The specified key does not exist.");
    if (r == ERR_NO_BUCKET)
        return FAIL (e, NO_BUCKET, "The specified bucket does not exist: '%s'.", c->bucket);
    return r;
}

enum err oss_get_object (struct oss_call *c, struct error *e)
{
    struct store *store;
    enum err r = stores_find (c->oss->api->stores, c->bucket, &store, e);
    if (r == ERR_OK)
        r = store_is_remote (store) ? get_remote (c, store, e) : get_local (c, store, e);
    return explain (c, r, e);
}
