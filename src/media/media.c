/* The handle: its parts, asking, stopping, numbers. */
#include "media/media.h"

#include <assert.h>

#include "base/queue.h"
#include "media/media_priv.h"

/* ---- Start and end ---- */

static void init_sync (struct media *m)
{
    pthread_condattr_t attr;
    pthread_condattr_init (&attr);
    pthread_condattr_setclock (&attr, CLOCK_MONOTONIC);
    pthread_mutex_init (&m->lock, NULL);
    pthread_mutex_init (&m->start_lock, NULL);
    pthread_cond_init (&m->work, &attr);
    pthread_cond_init (&m->room, &attr);
    pthread_condattr_destroy (&attr);
}

static enum err start (struct media *m, struct error *e)
{
    enum err r = ERR_OK;
    if (m->o.cache_bytes)
        r = cache_open (m->o.cache_dir, m->o.cache_bytes, &m->cache, e);
    for (; r == ERR_OK && m->n_threads < LIMIT_MEDIA_THREADS; m->n_threads++)
        m->threads[m->n_threads] = thread_start ("media", runner_run, m);
    return r;
}

enum err media_new (const struct media_options *o, struct media **ret, struct error *e)
{
    assert (o->renderers > 0 && o->queue_max > 0);
    struct media *m = g_new0 (struct media, 1);
    m->o = *o;
    m->o.render_path = g_strdup (o->render_path);
    m->o.cache_dir = g_strdup (o->cache_dir);
    if (!m->o.memory_max)
        m->o.memory_max = LIMIT_MEDIA_MEMORY;
    m->slots = 3 * o->renderers; /* one runs, one waits at the renderer, one at the pool */
    if (stores_have_remote (o->stores))
        m->slots += LIMIT_MEDIA_FETCHES;
    m->facts = facts_new (o->stores);
    m->bounds = bounds_new (o->catalog, o->datasets);
    m->strikes = strikes_new ();
    m->flights = g_hash_table_new (wanted_hash, wanted_equal);
    init_sync (m);
    enum err r = start (m, e);
    if (r != ERR_OK)
        media_free (m);
    else
        *ret = m;
    return r;
}

/* Nothing begins any more; what has not begun ends. */
static void refuse_all (struct media *m)
{
    struct error e;
    struct flight *f;
    GQueue dead = G_QUEUE_INIT;
    (void) FAIL (&e, CLOSED, "The server stops.");
    pthread_mutex_lock (&m->lock);
    m->is_stopping = true;
    while ((f = g_queue_pop_head (&m->todo)) || (f = g_queue_pop_head (&m->parked)))
        g_queue_push_tail (&dead, f);
    pthread_cond_broadcast (&m->work);
    pthread_cond_broadcast (&m->room);
    pthread_mutex_unlock (&m->lock);
    while ((f = g_queue_pop_head (&dead)))
        flight_end (f, ERR_CLOSED, NULL, &e);
}

/* No thread hands anything to a renderer after that. */
static void await_prepared (struct media *m)
{
    stores_cancel (m->o.stores);
    pthread_mutex_lock (&m->lock);
    while (m->n_preparing)
        pthread_cond_wait (&m->room, &m->lock);
    pthread_mutex_unlock (&m->lock);
}

void media_free (struct media *m)
{
    if (!m)
        return;
    refuse_all (m);
    await_prepared (m);
    for (unsigned i = 0; i < PROFILES; i++)
        pool_free (m->pools[i]);
    for (unsigned i = 0; i < m->n_threads; i++)
        pthread_join (m->threads[i], NULL);
    cache_close (m->cache);
    facts_free (m->facts);
    bounds_free (m->bounds);
    strikes_free (m->strikes);
    g_hash_table_unref (m->flights);
    pthread_cond_destroy (&m->work);
    pthread_cond_destroy (&m->room);
    pthread_mutex_destroy (&m->lock);
    pthread_mutex_destroy (&m->start_lock);
    g_free ((char *) m->o.render_path);
    g_free ((char *) m->o.cache_dir);
    g_free (m);
}

/* ---- Asking ---- */

void media_result_clear (struct media_result *r)
{
    macros_closep (&r->fd);
    *r = (struct media_result){ .fd = -1 };
}

void media_fill (struct media_result *ret, const struct wanted *w, const struct cache_facts *facts)
{
    *ret = (struct media_result){
        .fd = -1,
        .size = facts->size,
        .content_type = process_content_type ((enum process_format) facts->format),
        .mtime_ns = w->objects[0].facts.mtime_ns,
        .width = facts->width,
        .height = facts->height,
        .frames = facts->frames,
    };
    wanted_etag (w, ret->etag);
}

/* Without a rendition, if whoever asks has it already. */
static bool answer_unchanged (const struct wanted *w, const struct media_request *r,
                              struct media_result *ret)
{
    char etag[MEDIA_ETAG_SIZE];
    if (!r->has_etag)
        return false;
    wanted_etag (w, etag);
    if (!r->has_etag (r->arg, etag))
        return false;
    media_fill (ret, w, &(struct cache_facts){ .format = PROCESS_JSON });
    ret->is_unchanged = true;
    return true;
}

static bool answer_cached (struct media *m, const struct wanted *w, struct media_result *ret)
{
    struct cache_facts facts;
    uint64_t offset;
    int fd;
    if (!m->cache || cache_find (m->cache, w->digest, false, &facts, &fd, &offset) != CACHE_HIT)
        return false;
    media_fill (ret, w, &facts);
    ret->fd = fd;
    ret->offset = offset;
    ret->is_hit = true;
    return true;
}

static void count_hit (struct media *m)
{
    pthread_mutex_lock (&m->lock);
    m->stats.hits++;
    pthread_mutex_unlock (&m->lock);
}

enum err media_begin (struct media *m, const struct media_request *r, media_done_fn *done,
                      bool *ret_is_done, struct media_result *ret, struct error *e)
{
    struct wanted w;
    enum err err = wanted_init (&w, r, e);
    if (err != ERR_OK)
        return err;
    err = wanted_ask (&w, m->facts, false, e);
    bool is_done = err == ERR_OK && w.is_known && !r->save &&
                   (answer_unchanged (&w, r, ret) || answer_cached (m, &w, ret));
    if (is_done)
        count_hit (m);
    else if (err == ERR_OK)
        err = flight_begin (m, &w, r, done, e);
    wanted_clear (&w);
    if (err == ERR_OK)
        *ret_is_done = is_done;
    return err;
}

/* ---- Waiting for it ---- */

struct wait {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    const struct media_request *request;
    bool is_done;
    enum err code;
    struct media_result result;
    struct error error;
};

static void on_done (void *arg, enum err code, struct media_result *result, const struct error *e)
{
    struct wait *w = arg;
    pthread_mutex_lock (&w->lock);
    w->is_done = true;
    w->code = code;
    if (code == ERR_OK)
        w->result = *result;
    else
        w->error = *e;
    pthread_cond_signal (&w->changed);
    pthread_mutex_unlock (&w->lock);
}

static bool ask_cancelled (void *arg)
{
    const struct media_request *r = ((struct wait *) arg)->request;
    return r->is_cancelled && r->is_cancelled (r->arg);
}

static bool ask_etag (void *arg, const char *etag)
{
    const struct media_request *r = ((struct wait *) arg)->request;
    return r->has_etag && r->has_etag (r->arg, etag);
}

enum err media_get (struct media *m, const struct media_request *r, struct media_result *ret,
                    struct error *e)
{
    struct wait w = { .lock = PTHREAD_MUTEX_INITIALIZER,
                      .changed = PTHREAD_COND_INITIALIZER,
                      .request = r };
    struct media_request mine = *r;
    mine.is_cancelled = ask_cancelled;
    mine.has_etag = ask_etag;
    mine.arg = &w;
    bool is_done;
    enum err err = media_begin (m, &mine, on_done, &is_done, ret, e);
    if (err != ERR_OK || is_done)
        return err;
    pthread_mutex_lock (&w.lock);
    while (!w.is_done)
        pthread_cond_wait (&w.changed, &w.lock);
    pthread_mutex_unlock (&w.lock);
    if (w.code == ERR_OK)
        *ret = w.result;
    else if (e)
        *e = w.error;
    return w.code;
}

/* ---- Numbers ---- */

static void add_pool (struct pool *p, struct media_stats *ret)
{
    struct pool_stats s;
    pool_get_stats (p, &s);
    ret->renderers += s.workers;
    ret->busy += s.busy;
    if (s.worker_error[0])
        g_strlcpy (ret->worker_error, s.worker_error, sizeof ret->worker_error);
}

void media_get_stats (struct media *m, struct media_stats *ret)
{
    struct cache_stats c = { 0 };
    pthread_mutex_lock (&m->lock);
    *ret = m->stats;
    ret->waiting = m->todo.length + m->parked.length;
    pthread_mutex_unlock (&m->lock);
    for (unsigned i = 0; i < PROFILES; i++)
        if (m->pools[i])
            add_pool (m->pools[i], ret);
    if (m->cache)
        cache_get_stats (m->cache, &c);
    ret->cached = c.files;
    ret->cached_bytes = c.bytes;
    ret->evicted = c.evicted;
    ret->damaged = c.damaged;
    ret->unwritten = c.unwritten;
}
