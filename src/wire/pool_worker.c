/* One worker of the pool: from its start to its end, and the jobs that it has. */
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <sys/epoll.h>

#include "base/clock.h"
#include "wire/meta.h"
#include "wire/need.h"
#include "wire/pool_priv.h"

#define BACKGROUND_NICE  10
#define RESPAWN_FIRST_MS 100

/* ---- jobs ---- */

struct job *worker_pop (struct pool *p, struct worker *w)
{
    assert (w->n_jobs > 0);
    struct job *oldest = w->jobs[0];
    memmove (w->jobs, w->jobs + 1, --w->n_jobs * sizeof w->jobs[0]);
    w->until_ms = clock_mono_ms () + p->options.wall_ms;
    return oldest;
}

/* Whether a job may wait at a worker that has others already. One that was just started may be so
 * because of a file like its next: it gets one more for each that it has done. A rendition waits
 * nowhere: another worker may be free first, and none shall see the descriptors of the next. */
static bool may_wait_there (const struct worker *w, const struct job *j)
{
    if (j->render)
        return w->n_jobs == 0;
    unsigned trusted = MIN (DEPTH_LEAST + w->given - w->n_jobs, DEPTH_MOST);
    return w->n_jobs < (j->frame.leaves_text ? trusted : DEPTH_LEAST);
}

static struct job *pop_if_it_may (GQueue *waiting, const struct worker *w)
{
    struct job *j = g_queue_peek_head (waiting);
    return j && may_wait_there (w, j) ? g_queue_pop_head (waiting) : NULL;
}

/* Next job for a worker, or NULL. Background jobs hold back while urgent ones wait, so that these
 * find a worker without any. */
static struct job *pool_pop (struct pool *p, const struct worker *w)
{
    struct job *j = NULL;
    pthread_mutex_lock (&p->lock);
    if (w->n_jobs == 0 && !p->is_held)
        j = g_queue_pop_head (&p->waiting[POOL_URGENT]);
    if (!j && !w->is_reserved && !p->is_held && g_queue_is_empty (&p->waiting[POOL_URGENT]))
        for (unsigned i = POOL_BACKGROUND; i < POOL_PRIORITIES && !j; i++)
            j = pop_if_it_may (&p->waiting[i], w);
    pthread_mutex_unlock (&p->lock);
    return j;
}

static void pool_push_back (struct pool *p, struct job *j)
{
    pthread_mutex_lock (&p->lock);
    g_queue_push_head (&p->waiting[j->priority], j);
    pthread_mutex_unlock (&p->lock);
}

/* ---- workers ---- */

void pool_watch (struct pool *p, int fd, struct worker *w)
{
    uint64_t worker = (uint64_t) (w - p->workers);
    struct epoll_event event = { .events = EPOLLIN, .data.u64 = worker << 32 | (uint32_t) fd };
    if (epoll_ctl (p->epoll, EPOLL_CTL_ADD, fd, &event) < 0)
        g_error ("epoll: %s", g_strerror (errno));
}

struct pool_watched pool_watched_of (const struct epoll_event *event)
{
    return (struct pool_watched){ (uint32_t) (event->data.u64 >> 32),
                                  (int) (uint32_t) event->data.u64 };
}

/* Waits longer each time before a worker that does no job is started again. */
static void worker_failed (struct pool *p, struct worker *w, const struct error *e)
{
    int64_t wait = RESPAWN_FIRST_MS;
    for (unsigned i = 0; i < w->failures && wait < LIMIT_RESPAWN_MS; i++)
        wait *= 2;
    w->failures++;
    w->until_ms = clock_mono_ms () + MIN (wait, LIMIT_RESPAWN_MS);
    bool all = true;
    for (unsigned i = 0; i < p->n_workers; i++)
        all = all && p->workers[i].failures;
    pthread_mutex_lock (&p->lock);
    p->start_error = *e;
    p->is_down = p->is_down || (all && !p->is_up);
    bool was_up = p->is_up;
    pthread_cond_signal (&p->started);
    pthread_mutex_unlock (&p->lock);
    if (was_up && p->options.on_failed_worker)
        p->options.on_failed_worker (e->message);
}

static void worker_start (struct pool *p, struct worker *w)
{
    struct error e;
    const char *const arguments[] = { p->profile->name,
                                      p->options.sandbox_required ? "required" : "best-effort",
                                      NULL };
    int niceness = w->is_reserved || p->options.is_interactive ? 0 : BACKGROUND_NICE;
    if (child_start (p->options.worker_path, arguments, niceness, &w->child, &e) != ERR_OK) {
        worker_failed (p, w, &e);
        return;
    }
    w->state = WORKER_STARTING;
    w->given = 0;
    w->why[0] = '\0';
    w->until_ms = clock_mono_ms () + LIMIT_READY_MS;
    pool_watch (p, w->child.socket, w);
    pool_watch (p, w->child.err, w);
    pool_watch (p, w->child.pidfd, w);
}

static void worker_requeue (struct pool *p, struct worker *w)
{
    while (w->n_jobs)
        pool_push_back (p, w->jobs[--w->n_jobs]);
}

void worker_kill (struct pool *p, struct worker *w, const struct error *e)
{
    child_kill (&w->child);
    w->state = WORKER_ENDING;
    w->until_ms = INT64_MAX;
    if (!e)
        return;
    g_strlcpy (w->why, e->message, sizeof w->why);
    if (w->n_jobs) {
        job_end (p, worker_pop (p, w), e->code, e->message, NULL);
        w->until_ms = INT64_MAX;
        worker_requeue (p, w);
    }
}

void worker_ended (struct pool *p, struct worker *w)
{
    char how[FRAME_MESSAGE];
    int signal;
    if (!child_reap (&w->child, how, sizeof how, &signal))
        return;
    /* The timer that it set for itself. */
    enum err code = signal == SIGPROF ? ERR_WORKER_TIMEOUT : ERR_WORKER_CRASHED;
    if (signal == SIGPROF)
        g_strlcpy (how, "its allowance of CPU time is used up", sizeof how);
    frame_reader_clear (&w->reader);
    w->state = WORKER_DOWN;
    w->until_ms = 0;
    if (w->n_jobs) {
        job_end (p, worker_pop (p, w), code, how, NULL);
        w->until_ms = 0;
        worker_requeue (p, w);
    }
    if (w->given == 0) {
        struct error e;
        (void) FAIL (&e, UNAVAILABLE, "a worker failed to start: %s", w->why[0] ? w->why : how);
        worker_failed (p, w, &e);
    }
    pthread_mutex_lock (&p->lock);
    p->stats.respawns++;
    pthread_mutex_unlock (&p->lock);
}

static enum err worker_ready (struct pool *p, struct worker *w, struct error *e)
{
    struct frame_ready ready;
    memcpy (&ready, w->reader.body, sizeof ready);
    ready.missing[sizeof ready.missing - 1] = '\0';
    uint32_t version = p->profile->id == PROFILE_EXTRACT ? META_EXTRACTOR_VERSION : RENDER_VERSION;
    if (ready.wire_version != FRAME_VERSION || ready.extractor_version != version)
        return FAIL (e, UNAVAILABLE, "the worker is of another version of Bindery");
    if (p->options.sandbox_required && ready.missing[0])
        return FAIL (e, UNAVAILABLE, "the worker's jail lacks: %s", ready.missing);
    w->state = WORKER_UP;
    w->until_ms = INT64_MAX;
    pthread_mutex_lock (&p->lock);
    g_autofree char *missing = g_utf8_make_valid (ready.missing, -1);
    g_strlcpy (p->stats.jail_missing, missing, sizeof p->stats.jail_missing);
    p->is_up = true;
    pthread_cond_signal (&p->started);
    pthread_mutex_unlock (&p->lock);
    return ERR_OK;
}

/* Ends the job that ran. `message` is as the worker wrote it, or NULL. */
static void worker_done (struct pool *p, struct worker *w, enum err code, const char *message,
                         json_t *meta)
{
    g_autofree char *valid = message ? g_utf8_make_valid (message, -1) : NULL;
    w->failures = 0;
    job_end (p, worker_pop (p, w), code, valid ? valid : "", meta);
}

static enum err take_meta (struct pool *p, struct worker *w, enum err code, struct error *e)
{
    struct job *j = w->jobs[0];
    struct frame_reply reply;
    memcpy (&reply, w->reader.body, sizeof reply);
    size_t length = w->reader.header.length - sizeof reply;
    json_t *meta;
    enum err err = meta_parse (w->reader.body + sizeof reply, length, &meta, e);
    if (err != ERR_OK)
        return err;
    reply.message[sizeof reply.message - 1] = '\0';
    j->result.bytes = w->reader.header.length;
    j->result.left_text = reply.left_text && j->frame.leaves_text;
    worker_done (p, w, code, reply.message, meta);
    return ERR_OK;
}

static enum err take_unreadable (struct pool *p, struct worker *w, enum err code,
                                 struct error *e UNUSED)
{
    struct frame_reply reply;
    memcpy (&reply, w->reader.body, sizeof reply);
    reply.message[sizeof reply.message - 1] = '\0';
    worker_done (p, w, code, reply.message, NULL);
    return ERR_OK;
}

static enum err take_need (struct pool *p, struct worker *w, enum err code, struct error *e)
{
    struct job *j = w->jobs[0];
    struct frame_need need;
    memcpy (&need, w->reader.body, sizeof need);
    enum err err = need_check (&need, &j->frame, e);
    if (err != ERR_OK)
        return err;
    j->result.need = need;
    worker_done (p, w, code, NULL, NULL);
    return ERR_OK;
}

static enum err take_rendition (struct pool *p, struct worker *w, enum err code, struct error *e)
{
    struct frame_rendered said;
    memcpy (&said, w->reader.body, sizeof said);
    enum err err = job_take_rendition (w->jobs[0], &said, e);
    if (err == ERR_OK)
        worker_done (p, w, code, NULL, NULL);
    return err;
}

static enum err take_refusal (struct pool *p, struct worker *w, enum err code, struct error *e)
{
    struct frame_refused r;
    memcpy (&r, w->reader.body, sizeof r);
    if (r.code >= REFUSALS)
        return FAIL (e, WORKER_PROTOCOL, "a refusal of the unknown kind %" PRIu32, r.code);
    r.message[sizeof r.message - 1] = '\0';
    w->jobs[0]->result.refusal = (enum frame_refusal) r.code;
    w->jobs[0]->result.refusal_page = r.page;
    worker_done (p, w, code, r.message, NULL);
    return ERR_OK;
}

/* What each frame of a worker with a job says of it. */
static const struct answer {
    enum err code;
    enum err (*take) (struct pool *p, struct worker *w, enum err code, struct error *e);
} answers[FRAME_TYPES] = {
    [FRAME_RESULT] = { ERR_OK, take_meta },
    [FRAME_FAIL] = { ERR_EXTRACT_FAILED, take_meta },
    [FRAME_UNREADABLE] = { ERR_IO, take_unreadable },
    [FRAME_NEED] = { ERR_NEED_MORE, take_need },
    [FRAME_RENDERED] = { ERR_OK, take_rendition },
    [FRAME_REFUSED] = { ERR_EXTRACT_FAILED, take_refusal },
};

static enum err worker_answer (struct pool *p, struct worker *w, struct error *e)
{
    const struct answer *answer = &answers[w->reader.header.type];
    uint64_t job;
    memcpy (&job, w->reader.body, sizeof job);
    if (job != w->jobs[0]->id)
        return FAIL (e, WORKER_PROTOCOL, "a reply that is not to the job which it has");
    return answer->take (p, w, answer->code, e);
}

/* Takes the frames that a worker has sent. Ends, for each needs a job that is out. */
void worker_read (struct pool *p, struct worker *w)
{
    struct error e;
    bool complete = true;
    while (complete && (w->state == WORKER_UP || w->state == WORKER_STARTING)) {
        enum frame_state state = w->state == WORKER_STARTING ? FRAME_STARTING
                                 : w->n_jobs                 ? job_state (w->jobs[0])
                                                             : FRAME_IDLE;
        enum err err = frame_read (&w->reader, w->child.socket, state, &complete, &e);
        if (err == ERR_OK && complete) {
            err = state == FRAME_STARTING ? worker_ready (p, w, &e) : worker_answer (p, w, &e);
            frame_reader_next (&w->reader);
        }
        if (err == ERR_OK)
            continue;
        worker_kill (p, w, err == ERR_CLOSED ? NULL : &e);
    }
}

void worker_feed (struct pool *p, struct worker *w)
{
    struct job *j = pool_pop (p, w);
    if (!j)
        return;
    if (w->n_jobs == 0)
        w->until_ms = clock_mono_ms () + p->options.wall_ms;
    w->jobs[w->n_jobs++] = j;
    w->given++;
    struct error e;
    if (job_send (j, w->child.socket, &e) == ERR_OK)
        return;
    /* The worker is gone and this job was not what ended it: somebody else shall have it. */
    pool_push_back (p, w->jobs[--w->n_jobs]);
    worker_kill (p, w, NULL);
}

void worker_deadline (struct pool *p, struct worker *w)
{
    struct error e;
    if (w->state == WORKER_DOWN) {
        worker_start (p, w);
    } else if (w->state == WORKER_STARTING) {
        (void) FAIL (&e, UNAVAILABLE, "not ready after %d ms", LIMIT_READY_MS);
        worker_kill (p, w, &e);
    } else if (w->n_jobs) {
        (void) FAIL (&e, WORKER_TIMEOUT, "not done after %u ms", p->options.wall_ms);
        worker_kill (p, w, &e);
    }
}
