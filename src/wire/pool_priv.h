/* What pool.c (the thread, and what other threads call) and pool_worker.c (one worker) share. All
 * functions here belong to the pool's thread. */
#pragma once

#include <pthread.h>
#include <sys/epoll.h>
#include <glib.h>

#include "wire/child.h"
#include "wire/frame.h"
#include "wire/pool.h"

/* Jobs at a worker: the one that runs, and one that waits in its socket. Of those that leave texts,
 * which are short, many: then the pool's thread need not look after a worker for each. One in a
 * hundred takes a hundred times as long as the others, so how long the last ones took does not tell
 * how soon a worker will have none. */
#define DEPTH_LEAST 2
#define DEPTH_MOST  32
#define DEPTH_NAP   16 /* with so many, nothing is lost if the pool's thread sleeps for NAP_US */

enum state {
    WORKER_DOWN,     /* no process; starts at `until_ms` */
    WORKER_STARTING, /* READY must come before `until_ms` */
    WORKER_UP,       /* the oldest job must end before `until_ms` */
    WORKER_ENDING    /* was killed or closed its socket: waits for the process to end */
};

struct job {
    uint64_t id; /* in its frame, too */
    enum pool_priority priority;
    pool_done_fn *done;
    void *arg;
    int fds[FRAME_FDS]; /* as they go with the frame */
    unsigned n_fds;
    bool lends_fd;          /* the first of them is not the pool's */
    struct frame_job frame; /* of an extraction */
    char *render;           /* the frame of a rendition; NULL: an extraction */
    size_t render_length;
    bool (*is_likely) (void *arg, const struct pool_rendition *said); /* of one, or NULL */
    struct pool_result result;
};

struct worker {
    enum state state;
    bool is_reserved;
    struct child child;
    struct frame_reader reader;
    struct job *jobs[DEPTH_MOST]; /* oldest first */
    unsigned n_jobs, given;       /* jobs there now; jobs since the start */
    unsigned failures;            /* ends in a row without a job done */
    int64_t until_ms;
    char why[FRAME_MESSAGE]; /* it was killed before its first job; "" if it ended by itself */
};

struct pool {
    struct pool_options options;
    const struct profile *profile;
    int epoll, wake;
    pthread_t thread;
    struct worker *workers; /* the thread's own, all of them */
    unsigned n_workers;

    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t started;
    bool is_up, is_down; /* some worker was READY; every worker failed before any was */
    bool is_stopping, is_held;
    struct error start_error;
    GQueue waiting[POOL_PRIORITIES];
    uint64_t ids[32]; /* random, for jobs to come */
    unsigned n_ids;
    struct pool_stats stats;
};

/* What epoll tells: which descriptor, and of which worker (any, if it is the pool's own). */
struct pool_watched {
    uint32_t worker;
    int fd;
};
void pool_watch (struct pool *p, int fd, struct worker *w);
struct pool_watched pool_watched_of (const struct epoll_event *event);

/* Workers that have a job. For the pool's own thread. */
unsigned pool_count_busy (const struct pool *p);

/* ---- pool_job.c ---- */

/* Takes the descriptors of `job`. IO: the system has none left. */
NODISCARD enum err job_new (struct pool_job *job, struct job **ret, struct error *e);

/* Calls `done`, counts, frees. Takes `meta`. */
void job_end (struct pool *p, struct job *j, enum err code, const char *message, json_t *meta);

/* Closes its descriptors. */
void job_free (struct job *j);

/* Names the job, once, before it is sent. */
void job_set_id (struct job *j, uint64_t id);

/* Sends its frame: errors of frame_send(). */
NODISCARD enum err job_send (const struct job *j, int socket, struct error *e);

/* Seals the output of a rendition and takes what is said of it. WORKER_PROTOCOL if that is not so.
 */
NODISCARD enum err job_take_rendition (struct job *j, const struct frame_rendered *said,
                                       struct error *e);

/* What may come of its worker while it is the oldest there. */
enum frame_state job_state (const struct job *j);

/* ---- pool_worker.c ---- */

/* The oldest job at a worker, which is the one that ran; the next one's time begins. */
struct job *worker_pop (struct pool *p, struct worker *w);

/* Gives a worker one job more, if there is one for it. */
void worker_feed (struct pool *p, struct worker *w);

/* Takes the frames that a worker has sent. */
void worker_read (struct pool *p, struct worker *w);

/* Kills a worker because of `e`, which is what the job that ran ends with. With NULL that job ends
 * when the process has, and its message says how. */
void worker_kill (struct pool *p, struct worker *w, const struct error *e);

/* A killed worker's process may have ended: if so, its jobs are settled and it may start again. */
void worker_ended (struct pool *p, struct worker *w);

/* `until_ms` is over: starts the worker, or kills it for being late. */
void worker_deadline (struct pool *p, struct worker *w);
