/* Requests to stores over HTTP: what callers see. Requests are copied, checked and handed over. */
#include "store/client.h"

#include <assert.h>
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "store/client_private.h"

enum err client_new (struct client_thread *t, const struct client_options *o, struct client **ret,
                     struct error *e)
{
    struct client *c = g_new0 (struct client, 1);
    c->thread = t;
    c->credentials = o->credentials;
    enum err r = place_init (&c->place, o, e);
    if (r != ERR_OK) {
        place_clear (&c->place);
        credentials_free (c->credentials);
        g_free (c);
        return r;
    }
    window_init (&c->window);
    atomic_init (&c->window_size, c->window.size);
    thread_attach (t, c);
    *ret = c;
    return ERR_OK;
}

void client_cancel (struct client *c)
{
    thread_cancel (c->thread, c);
}

void client_free (struct client *c)
{
    if (!c)
        return;
    thread_detach (c->thread, c);
    place_clear (&c->place);
    sign_cache_clear (&c->sign_cache);
    credentials_free (c->credentials);
    g_free (c);
}

const char *client_header (const struct client_response *r, const char *name)
{
    for (size_t i = 0; i < r->n_headers; i++)
        if (g_str_equal (r->headers[i].name, name))
            return r->headers[i].value;
    return NULL;
}

void client_response_clear (struct client_response *r)
{
    if (r->body)
        g_byte_array_unref (r->body);
    g_free (r->headers);
    g_free (r->memory);
    *r = (struct client_response){ 0 };
}

char *client_region (struct client *c, const char *bucket)
{
    return place_region (&c->place, bucket);
}

void client_stats (struct client *c, struct client_stats *ret)
{
    *ret = (struct client_stats){
        .requests = atomic_load (&c->n_requests),
        .retries = atomic_load (&c->n_retries),
        .throttled = atomic_load (&c->n_throttled),
        .bytes_in = atomic_load (&c->n_bytes),
        .connections = atomic_load (&c->n_connections),
        .waiting = atomic_load (&c->n_queued),
        .in_flight = atomic_load (&c->n_in_flight),
        .window = atomic_load (&c->window_size),
        .blocked = atomic_load (&c->n_blocked),
    };
}

/* ---- Checking a request ---- */

static bool is_header (const struct sign_pair *h)
{
    if (!*h->name)
        return false;
    for (const char *at = h->name; *at; at++)
        if (!g_ascii_isalnum (*at) && !strchr ("!#$%&'*+-.^_`|~", *at))
            return false;
    for (const char *at = h->value ? h->value : ""; *at; at++)
        if ((unsigned char) *at < 0x20 && *at != '\t')
            return false;
    return true;
}

static bool is_label (const char *bucket)
{
    for (const char *at = bucket; *at; at++)
        if (!g_ascii_isalnum (*at) && !strchr ("-._", *at))
            return false;
    return *bucket && *bucket != '.' && *bucket != '-';
}

static enum err check (const struct client *c, const struct client_request *r, struct error *e)
{
    static const char *const methods[] = { "GET", "HEAD", "PUT", "DELETE", "POST", NULL };
    assert (g_strv_contains (methods, r->method) && (r->bucket || !r->key));
    if (r->key && !*r->key)
        return FAIL (e, BAD_REQUEST, "an object has a name");
    if (r->bucket && (!*r->bucket || (c->place.is_virtual && !is_label (r->bucket))))
        return FAIL (e, NO_BUCKET, "no bucket can have the name '%s'", r->bucket);
    for (size_t i = 0; i < r->n_headers; i++)
        if (!is_header (&r->headers[i]))
            return FAIL (e, BAD_REQUEST, "the header '%s' cannot be sent", r->headers[i].name);
    if (r->if_match && !is_header (&(struct sign_pair){ "If-Match", r->if_match }))
        return FAIL (e, BAD_REQUEST, "this ETag cannot be sent");
    if (r->body_len > LIMIT_STORE_BODY)
        return FAIL (e, BODY_TOO_LARGE, "%zu bytes are more than %llu", r->body_len,
                     LIMIT_STORE_BODY);
    uint64_t end = 0;
    if (r->range.length > 0 && __builtin_add_overflow (r->range.at, r->range.length, &end))
        return FAIL (e, BAD_REQUEST, "no object is that long");
    if (!r->is_to_fd && r->range.length > MAX (r->limit, LIMIT_STORE_ANSWER))
        return FAIL (e, BAD_REQUEST, "a range of %" G_GUINT64_FORMAT " bytes does not go to memory",
                     r->range.length);
    return ERR_OK;
}

/* ---- Copying it ---- */

/* Strings one after the other; counts only as long as there is no memory. */
struct packer {
    char *memory;
    size_t used;
};

static const void *pack (struct packer *p, const void *bytes, size_t len)
{
    if (!bytes)
        return NULL;
    void *at = p->memory ? p->memory + p->used : NULL;
    if (at)
        memcpy (at, bytes, len);
    p->used += len;
    return at;
}

static const char *pack_text (struct packer *p, const char *text)
{
    return pack (p, text, text ? strlen (text) + 1 : 0);
}

static const struct sign_pair *pack_pairs (struct packer *p, const struct sign_pair *pairs,
                                           size_t n)
{
    const struct sign_pair *at = p->memory ? (void *) (p->memory + p->used) : NULL;
    struct sign_pair *to = (struct sign_pair *) at;
    p->used += n * sizeof *pairs;
    for (size_t i = 0; i < n; i++) {
        const char *name = pack_text (p, pairs[i].name), *value = pack_text (p, pairs[i].value);
        if (to)
            to[i] = (struct sign_pair){ name, value };
    }
    p->used = (p->used + 15) & ~(size_t) 15;
    return at;
}

/* Pairs first, for they are aligned. */
static void pack_request (struct packer *p, const struct client_request *r,
                          struct client_request *ret)
{
    *ret = *r;
    ret->query = pack_pairs (p, r->query, r->n_query);
    ret->headers = pack_pairs (p, r->headers, r->n_headers);
    ret->method = pack_text (p, r->method);
    ret->bucket = pack_text (p, r->bucket);
    ret->key = pack_text (p, r->key);
    ret->if_match = pack_text (p, r->if_match);
    ret->body = pack (p, r->body, r->body_len);
}

static struct fetch *make_fetch (struct client *c, const struct client_request *r)
{
    struct fetch *f = g_new0 (struct fetch, 1);
    f->link.data = f;
    f->client = c;
    struct packer p = { 0 };
    pack_request (&p, r, &f->ask);
    p = (struct packer){ f->memory = g_malloc (p.used + 1), 0 };
    pack_request (&p, r, &f->ask);
    if (f->ask.limit == 0)
        f->ask.limit = LIMIT_STORE_ANSWER;
    f->deadline_ms = clock_mono_ms () + (r->deadline_ms ? r->deadline_ms : LIMIT_STORE_DEADLINE_MS);
    if (r->body_len == 0)
        g_strlcpy (f->payload, sign_sha256_of_nothing, sizeof f->payload);
    else if (g_str_equal (c->place.scheme, "https") || c->place.signing != SIGN_S3)
        g_strlcpy (f->payload, SIGN_UNSIGNED, sizeof f->payload);
    else
        sign_sha256 (r->body, r->body_len, f->payload);
    return f;
}

void fetch_free (struct fetch *f)
{
    assert (!f->easy);
    fetch_clear_try (f);
    client_response_clear (&f->answer);
    if (f->head) {
        g_string_free (f->head, TRUE);
        g_array_unref (f->head_at);
    }
    if (f->refusal)
        g_byte_array_unref (f->refusal);
    g_free (f->earlier);
    g_free (f->memory);
    g_free (f);
}

static enum err submit (struct client *c, const struct client_request *r, bool wait,
                        struct error *e)
{
    enum err x = check (c, r, e);
    if (x != ERR_OK)
        return x;
    struct fetch *f = make_fetch (c, r);
    x = thread_submit_take (c->thread, f, wait, e);
    if (x != ERR_OK)
        fetch_free (f);
    return x;
}

enum err client_submit (struct client *c, const struct client_request *r, struct error *e)
{
    assert (r->done);
    return submit (c, r, false, e);
}

/* ---- Waiting for it ---- */

struct waiter {
    pthread_mutex_t lock;
    pthread_cond_t is_done_now;
    bool is_done;
    struct client_response answer;
};

static void on_done (void *arg, struct client_response *r)
{
    struct waiter *w = arg;
    pthread_mutex_lock (&w->lock);
    w->answer = *r;
    *r = (struct client_response){ 0 };
    w->is_done = true;
    pthread_cond_signal (&w->is_done_now);
    pthread_mutex_unlock (&w->lock);
}

enum err client_call (struct client *c, const struct client_request *r, struct client_response *ret,
                      struct error *e)
{
    assert (!thread_is_self (c->thread));
    *ret = (struct client_response){ 0 };
    struct waiter w = { .lock = PTHREAD_MUTEX_INITIALIZER,
                        .is_done_now = PTHREAD_COND_INITIALIZER };
    struct client_request ask = *r;
    ask.done = on_done;
    ask.arg = &w;
    enum err x = submit (c, &ask, true, e);
    if (x != ERR_OK) {
        ret->code = x;
        return x;
    }
    pthread_mutex_lock (&w.lock);
    while (!w.is_done)
        pthread_cond_wait (&w.is_done_now, &w.lock);
    pthread_mutex_unlock (&w.lock);
    *ret = w.answer;
    return ret->code == ERR_OK
               ? ERR_OK
               : error_set (e, ret->code, NULL, __FILE__, __LINE__, "%s", ret->message);
}
