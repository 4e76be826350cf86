/* The pool: hands jobs to workers, keeps their deadlines, replaces those that die. One thread owns
 * all workers; what other threads share with it is under one mutex. Knows nothing of formats. */
#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/queue.h"
#include "wire/meta.h"
#include "wire/pool_priv.h"

#define NAP_US 250

/* ---- the thread ---- */

/* Idle workers first; only then a second job for those that run one, and so on. */
static void dispatch (struct pool *p)
{
    for (unsigned depth = 0; depth < DEPTH_MOST; depth++)
        for (unsigned i = p->n_workers; i-- > 0;) {
            struct worker *w = &p->workers[i];
            if (w->state == WORKER_UP && w->n_jobs == depth && w->given < p->profile->jobs)
                worker_feed (p, w);
        }
}

/* An idle worker waits for jobs, not for a time. */
static bool is_idle (const struct worker *w)
{
    return w->state == WORKER_UP && w->n_jobs == 0;
}

static void keep_deadlines (struct pool *p)
{
    int64_t now = clock_mono_ms ();
    for (unsigned i = 0; i < p->n_workers; i++) {
        struct worker *w = &p->workers[i];
        if (is_idle (w) && w->given >= p->profile->jobs)
            worker_kill (p, w, NULL);
        else if (!is_idle (w) && w->until_ms <= now)
            worker_deadline (p, w);
    }
}

/* Milliseconds until the next deadline. */
static int next_deadline (const struct pool *p)
{
    int64_t now = clock_mono_ms (), next = now + 60000;
    for (unsigned i = 0; i < p->n_workers; i++)
        if (!is_idle (&p->workers[i]))
            next = MIN (next, p->workers[i].until_ms);
    return (int) MAX (next - now, 0);
}

unsigned pool_count_busy (const struct pool *p)
{
    unsigned busy = 0;
    for (unsigned i = 0; i < p->n_workers; i++)
        busy += p->workers[i].n_jobs > 0;
    return busy;
}

static void update_stats (struct pool *p)
{
    unsigned up = 0, busy = pool_count_busy (p), failing = 0;
    for (unsigned i = 0; i < p->n_workers; i++) {
        up += p->workers[i].state == WORKER_UP;
        failing += p->workers[i].state != WORKER_UP && p->workers[i].failures > 0;
    }
    pthread_mutex_lock (&p->lock);
    p->stats.workers = up;
    p->stats.busy = busy;
    p->stats.failing = failing;
    g_strlcpy (p->stats.worker_error, failing ? p->start_error.message : "",
               sizeof p->stats.worker_error);
    pthread_mutex_unlock (&p->lock);
}

static void handle (struct pool *p, struct pool_watched from)
{
    if (from.fd == p->wake) {
        eventfd_t ignored;
        (void) eventfd_read (p->wake, &ignored);
        return;
    }
    struct worker *w = &p->workers[from.worker];
    if (from.fd == w->child.err) {
        child_drain_stderr (&w->child);
        return;
    }
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
    for (unsigned i = 0; i < POOL_PRIORITIES; i++) {
        struct job *j;
        while ((j = g_queue_pop_head (&p->waiting[i])))
            job_end (p, j, ERR_CLOSED, "the pool stopped", NULL);
    }
    int64_t until = clock_mono_ms () + 500;
    for (unsigned i = 0; i < p->n_workers; i++) {
        struct worker *w = &p->workers[i];
        char how[FRAME_MESSAGE];
        int signal;
        child_wait (&w->child, (int) MAX (until - clock_mono_ms (), 0));
        child_reap (&w->child, how, sizeof how, &signal);
        frame_reader_clear (&w->reader);
    }
}

/* Every worker has enough to do for a while, and nobody waits for an answer. */
static bool may_nap (struct pool *p)
{
    bool may = false;
    for (unsigned i = 0; i < p->n_workers; i++) {
        const struct worker *w = &p->workers[i];
        if (w->n_jobs && w->n_jobs < DEPTH_NAP)
            return false;
        may = may || w->n_jobs;
        if (w->state == WORKER_UP && !w->n_jobs && !w->is_reserved)
            return false;
    }
    pthread_mutex_lock (&p->lock);
    may = may && g_queue_is_empty (&p->waiting[POOL_URGENT]) && !p->is_stopping;
    pthread_mutex_unlock (&p->lock);
    return may;
}

static void *run (void *arg)
{
    struct pool *p = arg;
    while (!is_stopping (p)) {
        keep_deadlines (p);
        dispatch (p);
        update_stats (p);
        if (may_nap (p))
            g_usleep (NAP_US); /* so that answers come several at a time */
        struct epoll_event events[16];
        int n = epoll_wait (p->epoll, events, N_ELEMENTS (events), next_deadline (p));
        for (int i = 0; i < n; i++)
            handle (p, pool_watched_of (&events[i]));
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
    p->profile = profile_get (options->profile);
    if (!p->options.wall_ms)
        p->options.wall_ms = p->profile->wall_ms;
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
    pool_watch (p, p->wake, p->workers);
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

/* With p->lock. */
static unsigned count_waiting (const struct pool *p)
{
    unsigned n = 0;
    for (unsigned i = 0; i < POOL_PRIORITIES; i++)
        n += p->waiting[i].length;
    return n;
}

/* With p->lock. */
static uint64_t next_id (struct pool *p)
{
    if (!p->n_ids) {
        if (getrandom (p->ids, sizeof p->ids, 0) != sizeof p->ids)
            g_error ("no random numbers: %s", g_strerror (errno));
        p->n_ids = N_ELEMENTS (p->ids);
    }
    return p->ids[--p->n_ids];
}

enum err pool_submit (struct pool *p, struct pool_job *job, struct error *e)
{
    struct job *j;
    enum err err = job_new (job, &j, e);
    if (err != ERR_OK)
        return err;
    pthread_mutex_lock (&p->lock);
    unsigned waiting = count_waiting (p);
    bool is_first = g_queue_is_empty (&p->waiting[job->priority]);
    job_set_id (j, next_id (p));
    if (p->is_stopping)
        err = FAIL (e, CLOSED, "the worker pool is stopping");
    else if (waiting >= p->options.queue_max)
        err = FAIL (e, BUSY, "%u jobs wait for a worker", waiting);
    else
        g_queue_push_tail (&p->waiting[job->priority], j);
    pthread_mutex_unlock (&p->lock);
    if (err == ERR_OK && is_first) /* behind others it waits for a worker, not for the pool */
        (void) eventfd_write (p->wake, 1);
    if (err != ERR_OK)
        job_free (j);
    return err;
}

void pool_hold (struct pool *p, bool is_held)
{
    pthread_mutex_lock (&p->lock);
    bool is_change = p->is_held != is_held;
    p->is_held = is_held;
    pthread_mutex_unlock (&p->lock);
    if (is_change && !is_held)
        (void) eventfd_write (p->wake, 1);
}

void pool_get_stats (struct pool *p, struct pool_stats *ret)
{
    pthread_mutex_lock (&p->lock);
    *ret = p->stats;
    ret->waiting = count_waiting (p);
    pthread_mutex_unlock (&p->lock);
}

uint32_t pool_extractor_version (void)
{
    return META_EXTRACTOR_VERSION;
}
