/* The threads of media: what is done with a flight before and after the renderer has it. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "media/media_priv.h"

/* ---- Before ---- */

/* On the pool's thread. */
static void on_rendered (void *arg, struct pool_result *result)
{
    struct flight *f = arg;
    struct media *m = f->media;
    f->result = *result;
    pthread_mutex_lock (&m->lock);
    g_queue_push_tail (&m->finished, f);
    m->n_taken--;
    pthread_cond_signal (&m->work);
    if (m->todo.length || m->parked.length)
        pthread_cond_signal (&m->work);
    pthread_mutex_unlock (&m->lock);
}

/* A descriptor for the renderer: of its own, and of a memory file one that cannot write. */
static enum err give (struct store_handle *h, int *ret, struct error *e)
{
    if (h->is_remote)
        return store_handle_reader (h, ret, e);
    *ret = fcntl (h->fd, F_DUPFD_CLOEXEC, 0);
    return *ret >= 0 ? ERR_OK : FAIL (e, BUSY, "no descriptor left: %s", g_strerror (errno));
}

/* On the pool's thread: what is said to have been made is what the text asks for. */
static bool is_likely (void *arg, const struct pool_rendition *said)
{
    const struct flight *f = arg;
    const enum process_format of_source = (enum process_format) (PROCESS_JSON + 1);
    enum process_format named = process_result (f->process, of_source);
    bool is_image = said->format < PROCESS_JSON;
    if (is_image && (!said->width || !said->height))
        return false;
    return named == of_source ? is_image : said->format == (uint32_t) named;
}

/* Gives the flight away, if OK. */
static enum err submit (struct flight *f, struct pool *pool, struct error *e)
{
    char extension[FRAME_EXTENSION];
    int fds[WANTED_OBJECTS];
    unsigned n = 0;
    enum err r = ERR_OK;
    while (n < f->n_handles && (r = give (&f->handles[n], &fds[n], e)) == ERR_OK)
        n++;
    if (r != ERR_OK) {
        while (n)
            close (fds[--n]);
        return r;
    }
    frame_extension (f->wanted.objects[0].key, extension);
    struct pool_render render = { .text = f->wanted.text,
                                  .text_length = f->wanted.text_length,
                                  .output = f->output,
                                  .n_extra = n - 1,
                                  .max_output = LIMIT_RENDER_OUTPUT,
                                  .is_likely = is_likely };
    for (unsigned i = 1; i < n; i++) {
        render.extra_fds[i - 1] = fds[i];
        render.extra_sizes[i - 1] = f->handles[i].facts.size;
    }
    struct pool_job job = { .fd = fds[0],
                            .size = f->handles[0].facts.size,
                            .extension = extension,
                            .render = &render,
                            .priority = POOL_BACKGROUND,
                            .done = on_rendered,
                            .arg = f };
    return pool_submit (pool, &job, e);
}

static enum err hand_over (struct flight *f, struct error *e)
{
    struct pool *pool;
    bool needs_fonts = process_needs_fonts (f->process);
    enum err r = pools_get (f->media, needs_fonts ? PROFILE_RENDER_TEXT : PROFILE_RENDER, &pool, e);
    if (r != ERR_OK)
        return r;
    f->output = memfd_create ("rendition", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (f->output < 0)
        return FAIL (e, BUSY, "no memory file for a rendition: %s", g_strerror (errno));
    return submit (f, pool, e);
}

/* Finds out versions, if they are not known. */
static enum err find_versions (struct flight *f, struct error *e)
{
    return f->wanted.is_known ? ERR_OK : wanted_ask (&f->wanted, f->media->facts, true, e);
}

static bool find_cached (struct flight *f, struct rendition *ret)
{
    struct cache *c = f->media->cache;
    ret->is_hit = c && cache_find (c, f->wanted.digest, true, &ret->facts, &ret->fd,
                                   &ret->offset) == CACHE_HIT;
    return ret->is_hit;
}

/* All that can refuse it before a byte of it is read, then its bytes, then the renderer; or it is
 * parked until there is memory for the bytes. OK: it is with somebody else. */
static enum err set_off (struct flight *f, struct error *e)
{
    struct media *m = f->media;
    enum err r = ERR_OK;
    bool is_parked = false;
    if (!f->process)
        r = process_parse (f->wanted.text, f->wanted.text_length, &f->process, e);
    if (r == ERR_OK)
        r = strikes_check (m->strikes, &f->wanted, e);
    if (r == ERR_OK)
        r = bounds_check (m->bounds, &f->wanted, f->process, e);
    if (r == ERR_OK)
        r = source_open (f, &is_parked, e);
    return r == ERR_OK && !is_parked ? hand_over (f, e) : r;
}

/* The object was replaced: once more, with the version that it has now. True if so. */
static bool try_again (struct flight *f)
{
    struct media *m = f->media;
    pthread_mutex_lock (&m->lock);
    bool may = ++f->tries < LIMIT_MEDIA_TRIES && !m->is_stopping;
    pthread_mutex_unlock (&m->lock);
    if (!may)
        return false;
    source_close (f);
    macros_closep (&f->output);
    f->output = -1;
    flight_unlist (f);
    wanted_forget (&f->wanted, m->facts);
    return true;
}

/* A step of a flight: true if it is with somebody else now, or over. */
static bool prepare_once (struct flight *f)
{
    struct media *m = f->media;
    struct error e;
    struct rendition cached;
    enum err r = flight_is_abandoned (f) ? FAIL (&e, CLOSED, "Nobody waits for it any more.")
                                         : find_versions (f, &e);
    if (r == ERR_OK && find_cached (f, &cached)) {
        flight_release_slot (m);
        flight_end (f, ERR_OK, &cached, NULL);
        close (cached.fd);
        return true;
    }
    if (r == ERR_OK && !flight_list (f)) {
        flight_release_slot (m);
        flight_free (f);
        return true;
    }
    if (r == ERR_OK && (r = set_off (f, &e)) == ERR_OK)
        return true;
    if (r == ERR_VERSION_CHANGED && try_again (f))
        return false;
    flight_release_slot (m);
    flight_end (f, r, NULL, &e);
    return true;
}

static void prepare (struct flight *f)
{
    while (!prepare_once (f))
        ;
}

/* ---- After ---- */

static enum err blame_renderer (struct flight *f, struct error *e)
{
    static const enum err of[REFUSALS] = {
        [REFUSAL_DAMAGED] = ERR_PROCESS_REQUEST,       [REFUSAL_UNSUPPORTED] = ERR_PROCESS_REQUEST,
        [REFUSAL_TOO_LARGE] = ERR_IMAGE_TOO_LARGE,     [REFUSAL_BAD_REQUEST] = ERR_PROCESS_REQUEST,
        [REFUSAL_BAD_ARGUMENT] = ERR_PROCESS_ARGUMENT, [REFUSAL_WATERMARK] = ERR_WATERMARK,
    };
    const struct pool_result *result = &f->result;
    char ec[16];
    switch ((int) result->code) {
    case ERR_EXTRACT_FAILED:
        return error_set (e, of[result->refusal], process_ec (result->refusal_page, ec), __FILE__,
                          __LINE__, "%s", result->message);
    case ERR_WORKER_TIMEOUT:
        strikes_add (f->media->strikes, &f->wanted);
        return FAIL (e, PROCESS_REQUEST, "The object cannot be processed in %d ms.",
                     LIMIT_RENDER_WALL_MS);
    case ERR_WORKER_CRASHED:
    case ERR_WORKER_PROTOCOL:
        strikes_add (f->media->strikes, &f->wanted);
        return FAIL (e, PROCESS_REQUEST, "The object cannot be processed.");
    case ERR_CLOSED:
        return FAIL (e, CLOSED, "The server stops.");
    default:
        return FAIL (e, STORE_DOWN, "the object cannot be read: %s", result->message);
    }
}

static struct rendition take_output (const struct flight *f)
{
    const struct pool_rendition *r = &f->result.rendition;
    return (struct rendition){ .fd = f->output,
                               .facts = { r->size, r->format, r->width, r->height, r->frames } };
}

static void count (struct media *m, enum err code, const struct pool_result *result)
{
    pthread_mutex_lock (&m->lock);
    m->stats.rendered += code == ERR_OK;
    m->stats.refused += result->code == ERR_EXTRACT_FAILED;
    m->stats.crashes += result->code == ERR_WORKER_CRASHED || result->code == ERR_WORKER_PROTOCOL;
    m->stats.timeouts += result->code == ERR_WORKER_TIMEOUT;
    pthread_mutex_unlock (&m->lock);
}

/* Takes the flight's slot again, so that it can be prepared anew. */
static void retake_slot (struct media *m)
{
    pthread_mutex_lock (&m->lock);
    m->n_taken++;
    pthread_mutex_unlock (&m->lock);
}

static void put_away (struct flight *f, const struct rendition *r)
{
    if (f->media->cache)
        cache_put (f->media->cache, f->wanted.digest, &r->facts, r->fd);
}

/* A large one is answered from the cache's file: who reads slowly holds no memory then. */
static void keep_large (struct flight *f, const struct rendition *r)
{
    struct rendition cached;
    put_away (f, r);
    if (!find_cached (f, &cached)) {
        flight_end (f, ERR_OK, r, NULL);
        return;
    }
    cached.is_hit = false;
    flight_end (f, ERR_OK, &cached, NULL);
    close (cached.fd);
}

/* Those who wait for a small one are answered before it is kept; those who come meanwhile, then. */
static void keep (struct flight *f, const struct rendition *r)
{
    source_close (f);
    if (r->facts.size > LIMIT_MEDIA_UNCACHED) {
        keep_large (f, r);
        return;
    }
    flight_answer (f, ERR_OK, r, NULL);
    put_away (f, r);
    flight_end (f, ERR_OK, r, NULL);
}

static void finish (struct flight *f)
{
    struct error e;
    const struct rendition r = take_output (f);
    enum err err = f->result.code == ERR_OK ? ERR_OK : blame_renderer (f, &e);
    enum err version = source_verify (f, NULL);
    if (version == ERR_VERSION_CHANGED && f->result.code != ERR_CLOSED && try_again (f)) {
        retake_slot (f->media);
        prepare (f);
        return;
    }
    count (f->media, err, &f->result);
    if (err == ERR_OK && version != ERR_OK)
        err = FAIL (&e, VERSION_CHANGED, "The object changed while it was processed.");
    if (err == ERR_OK)
        keep (f, &r);
    else
        flight_end (f, err, NULL, &e);
}

/* ---- Threads ---- */

static bool is_over (const struct media *m)
{
    return m->is_stopping && !m->n_taken && !m->finished.length && !m->saves.length;
}

/* With the lock. Looks now and then for those who left. */
static void wait_for_work (struct media *m, GQueue *dead)
{
    struct timespec until;
    if (!m->todo.length && !m->parked.length) {
        pthread_cond_wait (&m->work, &m->lock);
        return;
    }
    clock_gettime (CLOCK_MONOTONIC, &until);
    until.tv_sec++;
    if (pthread_cond_timedwait (&m->work, &m->lock, &until) == ETIMEDOUT)
        flight_reap (m, dead);
}

static void work_on (struct media *m, struct flight *f, bool is_finished)
{
    if (is_finished)
        finish (f);
    else
        prepare (f);
    pthread_mutex_lock (&m->lock);
    m->n_preparing--;
    pthread_cond_broadcast (&m->room);
}

void *runner_run (void *media)
{
    struct media *m = media;
    if (m->o.is_warm)
        pools_warm (m);
    pthread_mutex_lock (&m->lock);
    while (!is_over (m)) {
        GQueue dead = G_QUEUE_INIT;
        bool is_finished;
        struct save *save = save_next (m);
        struct flight *f = save ? NULL : flight_next (m, &is_finished);
        if (!f && !save)
            wait_for_work (m, &dead);
        m->n_preparing += f != NULL;
        pthread_mutex_unlock (&m->lock);
        flight_bury (&dead);
        if (save)
            save_run (m, save);
        if (f)
            work_on (m, f, is_finished);
        else
            pthread_mutex_lock (&m->lock);
    }
    pthread_cond_signal (&m->work); /* the next one sees it, too */
    pthread_mutex_unlock (&m->lock);
    return NULL;
}
