/* Flights: who joins which, how many may wait, who is answered when. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/clock.h"
#include "media/media_priv.h"

/* ---- One flight ---- */

static struct flight *flight_new (struct media *m, struct wanted *w)
{
    struct flight *f = g_new0 (struct flight, 1);
    f->media = m;
    f->wanted = *w;
    *w = (struct wanted){ .bucket = NULL };
    f->since_ms = clock_mono_ms ();
    f->output = -1;
    f->waiters = g_array_new (FALSE, FALSE, sizeof (struct waiter));
    return f;
}

void flight_free (struct flight *f)
{
    source_close (f);
    macros_closep (&f->output);
    process_free (f->process);
    wanted_clear (&f->wanted);
    g_array_unref (f->waiters);
    g_free (f);
}

void waiter_clear (struct waiter *w)
{
    g_free (w->save_bucket);
    g_free (w->save_object);
}

/* With the lock. */
static void add_waiter (struct flight *f, const struct media_request *r, media_done_fn *done)
{
    struct waiter w = { .done = done, .is_cancelled = r->is_cancelled, .arg = r->arg };
    if (r->save) {
        w.save_bucket = g_strdup (r->save->bucket);
        w.save_object = g_strdup (r->save->object);
    }
    g_array_append_val (f->waiters, w);
    f->media->n_waiters++;
}

/* With the lock. A flight that nobody waits for any more. */
static bool is_abandoned (const struct flight *f)
{
    for (guint i = 0; i < f->waiters->len; i++) {
        const struct waiter *w = &g_array_index (f->waiters, struct waiter, i);
        if (!w->is_cancelled || !w->is_cancelled (w->arg))
            return false;
    }
    return true;
}

bool flight_is_abandoned (struct flight *f)
{
    pthread_mutex_lock (&f->media->lock);
    bool is = is_abandoned (f);
    f->media->stats.dropped += is;
    pthread_mutex_unlock (&f->media->lock);
    return is;
}

/* ---- Joining ---- */

static struct flight *find_listed (struct media *m, const struct wanted *w)
{
    return w->is_known ? g_hash_table_lookup (m->flights, w->digest) : NULL;
}

static void list (struct media *m, struct flight *f)
{
    g_hash_table_insert (m->flights, f->wanted.digest, f);
    f->is_listed = true;
}

static bool is_full (const struct media *m)
{
    return m->todo.length + m->parked.length >= m->o.queue_max;
}

/* With the lock. */
static enum err check_room (struct media *m, bool is_new, struct error *e)
{
    if (m->is_stopping)
        return FAIL (e, CLOSED, "The server stops.");
    if ((is_new && is_full (m)) || m->n_waiters >= LIMIT_MEDIA_WAITERS) {
        m->stats.rejected++;
        return FAIL (e, BUSY, "%u renditions wait already: try again later.",
                     m->todo.length + m->parked.length);
    }
    return ERR_OK;
}

enum err flight_begin (struct media *m, struct wanted *w, const struct media_request *r,
                       media_done_fn *done, struct error *e)
{
    GQueue dead = G_QUEUE_INIT;
    pthread_mutex_lock (&m->lock);
    struct flight *f = find_listed (m, w);
    bool is_new = !f;
    if (is_new && is_full (m))
        flight_reap (m, &dead);
    enum err err = check_room (m, is_new, e);
    if (err == ERR_OK && is_new) {
        f = flight_new (m, w);
        if (f->wanted.is_known)
            list (m, f);
        g_queue_push_tail (&m->todo, f);
        m->stats.misses++;
        pthread_cond_signal (&m->work);
    }
    if (err == ERR_OK) {
        add_waiter (f, r, done);
        m->stats.shared += !is_new;
    }
    pthread_mutex_unlock (&m->lock);
    flight_bury (&dead);
    return err;
}

bool flight_list (struct flight *f)
{
    struct media *m = f->media;
    pthread_mutex_lock (&m->lock);
    struct flight *other = f->is_listed ? NULL : find_listed (m, &f->wanted);
    if (other) {
        g_array_append_vals (other->waiters, f->waiters->data, f->waiters->len);
        m->stats.shared += f->waiters->len;
        m->stats.misses--;
        g_array_set_size (f->waiters, 0);
    } else if (!f->is_listed) {
        list (m, f);
    }
    pthread_mutex_unlock (&m->lock);
    return !other;
}

void flight_unlist (struct flight *f)
{
    struct media *m = f->media;
    pthread_mutex_lock (&m->lock);
    if (f->is_listed)
        g_hash_table_remove (m->flights, f->wanted.digest);
    f->is_listed = false;
    pthread_mutex_unlock (&m->lock);
}

/* ---- Answering ---- */

static enum err fill_result (const struct flight *f, const struct rendition *r,
                             struct media_result *ret, struct error *e)
{
    int fd = fcntl (r->fd, F_DUPFD_CLOEXEC, 0);
    if (fd < 0)
        return FAIL (e, IO, "no descriptor for a rendition: %s", g_strerror (errno));
    media_fill (ret, &f->wanted, &r->facts);
    ret->fd = fd;
    ret->offset = r->offset;
    ret->is_hit = r->is_hit;
    return ERR_OK;
}

static void answer (struct flight *f, struct waiter *w, enum err code, const struct rendition *r,
                    const struct error *why)
{
    struct media_result result = { .fd = -1 };
    struct error e;
    bool is_save = w->save_object != NULL;
    if (code != ERR_OK)
        e = *why;
    else
        code = is_save ? save_queue (f->media, w, r, &e) : fill_result (f, r, &result, &e);
    if (code == ERR_OK && is_save)
        return;
    w->done (w->arg, code, code == ERR_OK ? &result : NULL, code == ERR_OK ? NULL : &e);
}

void flight_answer (struct flight *f, enum err code, const struct rendition *r,
                    const struct error *why)
{
    struct media *m = f->media;
    pthread_mutex_lock (&m->lock);
    g_autoptr (GArray) waiters = f->waiters;
    f->waiters = g_array_new (FALSE, FALSE, sizeof (struct waiter));
    m->n_waiters -= waiters->len;
    pthread_mutex_unlock (&m->lock);
    for (guint i = 0; i < waiters->len; i++) {
        struct waiter *w = &g_array_index (waiters, struct waiter, i);
        answer (f, w, code, r, why);
        waiter_clear (w);
    }
}

void flight_end (struct flight *f, enum err code, const struct rendition *r,
                 const struct error *why)
{
    flight_unlist (f);
    flight_answer (f, code, r, why);
    flight_free (f);
}

/* ---- Taking, and giving up ---- */

static void reap (struct media *m, GQueue *queue, GQueue *dead)
{
    int64_t now = clock_mono_ms ();
    for (GList *l = queue->head, *next; l; l = next) {
        struct flight *f = l->data;
        next = l->next;
        if (!is_abandoned (f) && now - f->since_ms < LIMIT_MEDIA_WAIT_MS)
            continue;
        g_queue_delete_link (queue, l);
        g_queue_push_tail (dead, f);
        m->stats.dropped++;
        if (f->is_listed)
            g_hash_table_remove (m->flights, f->wanted.digest);
        f->is_listed = false;
    }
}

void flight_reap (struct media *m, GQueue *dead)
{
    reap (m, &m->todo, dead);
    reap (m, &m->parked, dead);
}

void flight_bury (GQueue *dead)
{
    struct error e;
    struct flight *f;
    (void) FAIL (&e, TIMED_OUT, "No renderer was free in %d ms: try again later.",
                 LIMIT_MEDIA_WAIT_MS);
    while ((f = g_queue_pop_head (dead)))
        flight_end (f, e.code, NULL, &e);
}

/* With the lock. One that needs more than there is gets it when it is alone. */
static bool hold (struct flight *f, uint64_t bytes)
{
    struct media *m = f->media;
    if (m->held && m->held + bytes > m->o.memory_max)
        return false;
    m->held += bytes;
    f->held = bytes;
    return true;
}

/* With the lock. The first of them has its turn before all others. */
static struct flight *unpark (struct media *m)
{
    struct flight *f = g_queue_peek_head (&m->parked);
    return f && hold (f, f->needs) ? g_queue_pop_head (&m->parked) : NULL;
}

struct flight *flight_next (struct media *m, bool *ret_is_finished)
{
    struct flight *f = g_queue_pop_head (&m->finished);
    *ret_is_finished = f != NULL;
    if (!f && m->n_taken < m->slots && ((f = unpark (m)) || (f = g_queue_pop_head (&m->todo))))
        m->n_taken++;
    return f;
}

enum err flight_reserve (struct flight *f, uint64_t bytes, bool *ret_is_parked, struct error *e)
{
    struct media *m = f->media;
    pthread_mutex_lock (&m->lock);
    bool is_stopping = m->is_stopping;
    bool is_parked = !is_stopping && (m->parked.length || !hold (f, bytes));
    if (is_parked) {
        f->needs = bytes;
        g_queue_push_tail (&m->parked, f);
        m->n_taken--;
        pthread_cond_signal (&m->work);
    }
    pthread_mutex_unlock (&m->lock);
    if (is_stopping)
        return FAIL (e, CLOSED, "The server stops.");
    *ret_is_parked = is_parked;
    return ERR_OK;
}

void flight_release_slot (struct media *m)
{
    pthread_mutex_lock (&m->lock);
    m->n_taken--;
    pthread_cond_signal (&m->work);
    pthread_mutex_unlock (&m->lock);
}
