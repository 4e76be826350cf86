/* The pool: hands jobs to workers, keeps their deadlines, replaces those that die. One thread owns
 * all workers; what other threads share with it is under one mutex. Knows nothing of formats. */
#include "wire/pool.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <glib.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/queue.h"
#include "wire/child.h"
#include "wire/frame.h"
#include "wire/meta.h"

#define DEPTH            2 /* jobs at a worker: the one that runs and one that waits in its socket */
#define BACKGROUND_NICE  10
#define RESPAWN_FIRST_MS 100

enum state {
    WORKER_DOWN,     /* no process; starts at `until_ms` */
    WORKER_STARTING, /* READY must come before `until_ms` */
    WORKER_UP,       /* the oldest job must end before `until_ms` */
    WORKER_ENDING    /* was killed or closed its socket: waits for the process to end */
};

struct job {
    struct pool_job job;
    struct frame_job frame;
};

struct worker {
    enum state state;
    bool is_reserved;
    struct child child;
    struct frame_reader reader;
    struct job *jobs[DEPTH]; /* oldest first */
    unsigned n_jobs, given;  /* jobs there now; jobs since the start */
    unsigned failures;       /* ends in a row without a job done */
    int64_t until_ms;
    char why[FRAME_MESSAGE]; /* it was killed before its first job; "" if it ended by itself */
};

struct pool {
    struct pool_options options;
    int epoll, wake;
    pthread_t thread;
    struct worker *workers; /* the thread's own, all of them */
    unsigned n_workers;

    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t started;
    bool is_up, is_down; /* some worker was READY; every worker failed before any was */
    bool is_stopping;
    struct error start_error;
    GQueue waiting[POOL_BACKGROUND + 1];
    struct pool_stats stats;
};

/* ---- jobs ---- */

static void job_end (struct pool *p, struct job *j, enum err code, const char *message,
                     json_t *meta)
{
    struct pool_result result = { .code = code, .meta = meta };
    g_strlcpy (result.message, message, sizeof result.message);
    pthread_mutex_lock (&p->lock);
    p->stats.jobs += code == ERR_OK || code == ERR_EXTRACT_FAILED;
    p->stats.crashes += code == ERR_WORKER_CRASHED;
    p->stats.timeouts += code == ERR_WORKER_TIMEOUT;
    p->stats.protocol_errors += code == ERR_WORKER_PROTOCOL;
    pthread_mutex_unlock (&p->lock);
    close (j->job.fd);
    j->job.done (j->job.arg, &result);
    g_free (j);
}

/* The oldest job at a worker, which is the one that ran. */
static struct job *worker_pop (struct pool *p, struct worker *w)
{
    assert (w->n_jobs > 0);
    struct job *oldest = w->jobs[0];
    memmove (w->jobs, w->jobs + 1, --w->n_jobs * sizeof w->jobs[0]);
    w->until_ms = clock_mono_ms () + p->options.wall_ms;
    return oldest;
}

/* Next job for a worker, or NULL. Background jobs hold back while urgent ones wait, so that these
 * find a worker without any. */
static struct job *pool_pop (struct pool *p, const struct worker *w)
{
    struct job *j = NULL;
    pthread_mutex_lock (&p->lock);
    if (w->n_jobs == 0)
        j = g_queue_pop_head (&p->waiting[POOL_URGENT]);
    if (!j && !w->is_reserved && g_queue_is_empty (&p->waiting[POOL_URGENT]))
        j = g_queue_pop_head (&p->waiting[POOL_BACKGROUND]);
    pthread_mutex_unlock (&p->lock);
    return j;
}

static void pool_push_back (struct pool *p, struct job *j)
{
    pthread_mutex_lock (&p->lock);
    g_queue_push_head (&p->waiting[j->job.priority], j);
    pthread_mutex_unlock (&p->lock);
}

/* ---- workers ---- */

static void watch (struct pool *p, int fd, struct worker *w)
{
    struct epoll_event event = { .events = EPOLLIN, .data.u32 = (uint32_t) (w - p->workers) };
    if (epoll_ctl (p->epoll, EPOLL_CTL_ADD, fd, &event) < 0)
        g_error ("epoll: %s", g_strerror (errno));
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
    pthread_cond_signal (&p->started);
    pthread_mutex_unlock (&p->lock);
}

static void worker_start (struct pool *p, struct worker *w)
{
    struct error e;
    const char *argument = p->options.sandbox_required ? "required" : "best-effort";
    int niceness = w->is_reserved ? 0 : BACKGROUND_NICE;
    if (child_start (p->options.worker_path, argument, niceness, &w->child, &e) != ERR_OK) {
        worker_failed (p, w, &e);
        return;
    }
    w->state = WORKER_STARTING;
    w->given = 0;
    w->why[0] = '\0';
    w->until_ms = clock_mono_ms () + LIMIT_READY_MS;
    watch (p, w->child.socket, w);
    watch (p, w->child.err, w);
    watch (p, w->child.pidfd, w);
}

static void worker_requeue (struct pool *p, struct worker *w)
{
    while (w->n_jobs)
        pool_push_back (p, w->jobs[--w->n_jobs]);
}

/* Kills a worker because of `e`, which is what the job that ran ends with. With NULL that job ends
 * when the process has, and its message says how. */
static void worker_kill (struct pool *p, struct worker *w, const struct error *e)
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

static void worker_ended (struct pool *p, struct worker *w)
{
    char how[FRAME_MESSAGE];
    if (!child_reap (&w->child, how, sizeof how))
        return;
    frame_reader_clear (&w->reader);
    w->state = WORKER_DOWN;
    w->until_ms = 0;
    if (w->n_jobs) {
        job_end (p, worker_pop (p, w), ERR_WORKER_CRASHED, how, NULL);
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
    if (ready.wire_version != FRAME_VERSION || ready.extractor_version != META_EXTRACTOR_VERSION)
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

static enum err worker_answer (struct pool *p, struct worker *w, struct error *e)
{
    bool failed = w->reader.header.type == FRAME_FAIL;
    size_t skip = failed ? FRAME_MESSAGE : 0;
    g_autofree char *message = failed ? g_strndup (w->reader.body, FRAME_MESSAGE - 1) : NULL;
    g_autofree char *valid = g_utf8_make_valid (failed ? message : "", -1);
    json_t *meta = NULL;
    enum err err = meta_parse (w->reader.body + skip, w->reader.header.length - skip, &meta, e);
    if (err != ERR_OK)
        return err;
    w->failures = 0;
    job_end (p, worker_pop (p, w), failed ? ERR_EXTRACT_FAILED : ERR_OK, valid, meta);
    return ERR_OK;
}

/* Takes the frames that a worker has sent. Ends, for each needs a job that is out. */
static void worker_read (struct pool *p, struct worker *w)
{
    struct error e;
    bool complete = true;
    while (complete && (w->state == WORKER_UP || w->state == WORKER_STARTING)) {
        enum frame_state state = w->state == WORKER_STARTING ? FRAME_STARTING
                                 : w->n_jobs                 ? FRAME_BUSY
                                                             : FRAME_IDLE;
        enum err err = frame_read (&w->reader, w->child.socket, state, &complete, &e);
        if (err == ERR_OK && complete) {
            err = state == FRAME_STARTING ? worker_ready (p, w, &e) : worker_answer (p, w, &e);
            frame_reader_clear (&w->reader);
        }
        if (err == ERR_OK)
            continue;
        worker_kill (p, w, err == ERR_CLOSED ? NULL : &e);
    }
}

static void worker_feed (struct pool *p, struct worker *w)
{
    struct job *j = pool_pop (p, w);
    if (!j)
        return;
    if (w->n_jobs == 0)
        w->until_ms = clock_mono_ms () + p->options.wall_ms;
    w->jobs[w->n_jobs++] = j;
    w->given++;
    struct error e;
    if (frame_send (w->child.socket, FRAME_JOB, &j->frame, sizeof j->frame, j->job.fd, &e) !=
        ERR_OK)
        worker_kill (p, w, NULL);
}

static void worker_deadline (struct pool *p, struct worker *w)
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

/* ---- the thread ---- */

/* Idle workers first; only then a second job for those that run one. */
static void dispatch (struct pool *p)
{
    for (unsigned depth = 0; depth < DEPTH; depth++)
        for (unsigned i = p->n_workers; i-- > 0;) {
            struct worker *w = &p->workers[i];
            if (w->state == WORKER_UP && w->n_jobs == depth && w->given < LIMIT_WORKER_JOBS)
                worker_feed (p, w);
        }
}

/* Does what is due and returns the milliseconds until the next thing is. */
static int keep_deadlines (struct pool *p)
{
    int64_t now = clock_mono_ms (), next = now + 60000;
    for (unsigned i = 0; i < p->n_workers; i++) {
        struct worker *w = &p->workers[i];
        if (w->state == WORKER_UP && w->n_jobs == 0 && w->given >= LIMIT_WORKER_JOBS)
            worker_kill (p, w, NULL);
        bool waits = w->state == WORKER_UP && w->n_jobs == 0;
        if (!waits && w->until_ms <= now)
            worker_deadline (p, w);
        if (!waits)
            next = MIN (next, w->until_ms);
    }
    return (int) MAX (next - now, 0);
}

static void update_stats (struct pool *p)
{
    unsigned up = 0, busy = 0;
    for (unsigned i = 0; i < p->n_workers; i++) {
        up += p->workers[i].state == WORKER_UP;
        busy += p->workers[i].n_jobs > 0;
    }
    pthread_mutex_lock (&p->lock);
    p->stats.workers = up;
    p->stats.busy = busy;
    pthread_mutex_unlock (&p->lock);
}

static void handle (struct pool *p, uint32_t index)
{
    if (index == p->n_workers) {
        eventfd_t ignored;
        (void) eventfd_read (p->wake, &ignored);
        return;
    }
    struct worker *w = &p->workers[index];
    if (w->child.err >= 0)
        child_drain_stderr (&w->child);
    if (w->state == WORKER_STARTING || w->state == WORKER_UP)
        worker_read (p, w);
    if (w->state == WORKER_ENDING)
        worker_ended (p, w);
}

static bool is_stopping (struct pool *p)
{
    pthread_mutex_lock (&p->lock);
    bool r = p->is_stopping;
    pthread_mutex_unlock (&p->lock);
    return r;
}

static void stop_all (struct pool *p)
{
    for (unsigned i = 0; i < p->n_workers; i++) {
        struct worker *w = &p->workers[i];
        if (w->state != WORKER_DOWN)
            child_kill (&w->child);
        while (w->n_jobs)
            job_end (p, worker_pop (p, w), ERR_CLOSED, "the pool stopped", NULL);
    }
    for (unsigned i = 0; i <= POOL_BACKGROUND; i++) {
        struct job *j;
        while ((j = g_queue_pop_head (&p->waiting[i])))
            job_end (p, j, ERR_CLOSED, "the pool stopped", NULL);
    }
    int64_t until = clock_mono_ms () + 500;
    for (unsigned i = 0; i < p->n_workers; i++) {
        struct worker *w = &p->workers[i];
        char how[FRAME_MESSAGE];
        child_wait (&w->child, (int) MAX (until - clock_mono_ms (), 0));
        child_reap (&w->child, how, sizeof how);
        frame_reader_clear (&w->reader);
    }
}

static void *run (void *arg)
{
    struct pool *p = arg;
    while (!is_stopping (p)) {
        int timeout = keep_deadlines (p);
        dispatch (p);
        update_stats (p);
        struct epoll_event events[16];
        int n = epoll_wait (p->epoll, events, N_ELEMENTS (events), timeout);
        for (int i = 0; i < n; i++)
            handle (p, events[i].data.u32);
    }
    stop_all (p);
    return NULL;
}

/* ---- any thread ---- */

/* Waits until some worker is ready. */
static enum err await_start (struct pool *p, struct error *e)
{
    struct timespec until;
    clock_gettime (CLOCK_MONOTONIC, &until);
    until.tv_sec += LIMIT_READY_MS / 1000;
    int failed = 0;
    pthread_mutex_lock (&p->lock);
    while (!p->is_up && !p->is_down && !failed)
        failed = pthread_cond_timedwait (&p->started, &p->lock, &until);
    bool is_up = p->is_up;
    struct error why = p->start_error;
    pthread_mutex_unlock (&p->lock);
    if (is_up)
        return ERR_OK;
    return FAIL (e, UNAVAILABLE, "%s", why.code ? why.message : "no worker is ready in time");
}

static void init_sync (struct pool *p)
{
    pthread_condattr_t attr;
    pthread_condattr_init (&attr);
    pthread_condattr_setclock (&attr, CLOCK_MONOTONIC);
    pthread_mutex_init (&p->lock, NULL);
    pthread_cond_init (&p->started, &attr);
    pthread_condattr_destroy (&attr);
}

enum err pool_new (const struct pool_options *options, struct pool **ret, struct error *e)
{
    assert (options->workers > 0 && options->queue_max > 0);
    struct pool *p = g_new0 (struct pool, 1);
    p->options = *options;
    p->options.worker_path = g_strdup (options->worker_path);
    if (!p->options.wall_ms)
        p->options.wall_ms = LIMIT_JOB_WALL_MS;
    init_sync (p);
    p->n_workers = options->workers + options->reserved;
    p->workers = g_new0 (struct worker, p->n_workers);
    for (unsigned i = 0; i < p->n_workers; i++) {
        p->workers[i].is_reserved = i >= options->workers;
        child_init (&p->workers[i].child);
        frame_reader_init (&p->workers[i].reader);
    }
    p->epoll = epoll_create1 (EPOLL_CLOEXEC);
    p->wake = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (p->epoll < 0 || p->wake < 0)
        g_error ("no descriptor for the worker pool: %s", g_strerror (errno));
    watch (p, p->wake, p->workers + p->n_workers);
    p->thread = thread_start ("pool", run, p);
    enum err err = await_start (p, e);
    if (err != ERR_OK) {
        pool_free (p);
        return err;
    }
    *ret = p;
    return ERR_OK;
}

void pool_free (struct pool *p)
{
    if (!p)
        return;
    pthread_mutex_lock (&p->lock);
    p->is_stopping = true;
    pthread_mutex_unlock (&p->lock);
    (void) eventfd_write (p->wake, 1);
    pthread_join (p->thread, NULL);
    close (p->epoll);
    close (p->wake);
    pthread_cond_destroy (&p->started);
    pthread_mutex_destroy (&p->lock);
    g_free ((char *) p->options.worker_path);
    g_free (p->workers);
    g_free (p);
}

enum err pool_submit (struct pool *p, struct pool_job *job, struct error *e)
{
    struct job *j = g_new0 (struct job, 1);
    j->job = *job;
    job->fd = -1;
    j->job.extension = NULL;
    j->frame.size = job->size;
    g_strlcpy (j->frame.extension, job->extension, sizeof j->frame.extension);
    enum err err = ERR_OK;
    pthread_mutex_lock (&p->lock);
    unsigned waiting = p->waiting[POOL_URGENT].length + p->waiting[POOL_BACKGROUND].length;
    if (p->is_stopping)
        err = FAIL (e, CLOSED, "the worker pool is stopping");
    else if (waiting >= p->options.queue_max)
        err = FAIL (e, BUSY, "%u jobs wait for a worker", waiting);
    else
        g_queue_push_tail (&p->waiting[job->priority], j);
    pthread_mutex_unlock (&p->lock);
    if (err == ERR_OK) {
        (void) eventfd_write (p->wake, 1);
        return ERR_OK;
    }
    close (j->job.fd);
    g_free (j);
    return err;
}

void pool_get_stats (struct pool *p, struct pool_stats *ret)
{
    pthread_mutex_lock (&p->lock);
    *ret = p->stats;
    ret->waiting = p->waiting[POOL_URGENT].length + p->waiting[POOL_BACKGROUND].length;
    pthread_mutex_unlock (&p->lock);
}

uint32_t pool_extractor_version (void)
{
    return META_EXTRACTOR_VERSION;
}
