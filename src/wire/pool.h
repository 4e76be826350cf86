/* A pool of jailed workers: spawns processes of bindery-worker or bindery-render, hands them one
 * object each as an open descriptor, keeps their deadlines, kills and replaces those that crash,
 * stall or break the protocol.
 *
 * Nothing of the server's memory, environment or descriptors reaches a worker but the job itself;
 * paths and keys never do. A reply is as untrusted as the object: it is parsed with limits and
 * checked against meta.def.
 *
 * Threads: any thread may submit; `done` runs on the pool's own thread and must not block. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "wire/frame.h"
#include "wire/profile.h"

/* Urgent: events and synchronous calls; later: what no one waits for. */
enum pool_priority { POOL_URGENT, POOL_BACKGROUND, POOL_LATER, POOL_PRIORITIES };

struct pool_options {
    const char *worker_path; /* executable */
    enum profile_id profile; /* what they may use */
    unsigned workers;        /* processes for all jobs, at least 1 */
    unsigned reserved;       /* further processes that take urgent jobs only */
    bool sandbox_required;   /* a worker that cannot jail itself fully is refused */
    unsigned queue_max;      /* jobs that may wait */
    bool is_interactive;     /* somebody waits for every job: no process is niced */
    unsigned wall_ms;        /* deadline of a job; 0: as the profile says */
    /* Told why a worker did not come up, or ended without a job done, once one has been up; on the
     * pool's thread, at most once a LIMIT_RESPAWN_MS and worker in the long run. May be NULL. */
    void (*on_failed_worker) (const char *why);
};

struct pool;

/* A rendition that was made: the output, which has these bytes and is sealed: the renderer, which
 * may still hold it, cannot change it any more. */
struct pool_rendition {
    uint64_t size;
    uint32_t format; /* this and the rest as the renderer says: is_likely() checks it */
    uint32_t width, height, frames;
};

/* What came of a job. code OK: `meta` is an object (owned, moved to the receiver) that fits
 * meta.def. EXTRACT_FAILED: the extractor understood the type but the object is damaged; `meta`
 * holds what was found all the same (ContentType, MediaType at least). NEED_MORE: the job is to be
 * submitted again with `need` known too; of ranges only, and not of a final job. WORKER_CRASHED,
 * WORKER_TIMEOUT, WORKER_PROTOCOL: a strike against the object, meta NULL. IO: the object
 * could not be read, meta NULL. CLOSED: the pool stopped. These two say nothing about the object:
 * no strike, run it again later. Of a rendition: OK is `rendition`, without `meta`; EXTRACT_FAILED
 * is `refusal`. */
struct pool_result {
    enum err code;
    char message[256]; /* for a person: why; OK: what was left out of it, or "" */
    json_t *meta;
    bool left_text;         /* the job left the text, and there may be one */
    size_t bytes;           /* of the reply that `meta` came in; about what it takes to keep it */
    struct frame_need need; /* NEED_MORE: checked against the job */
    struct pool_rendition rendition;
    enum frame_refusal refusal;
    uint32_t refusal_page; /* as struct frame_refused has it */
};

/* A rendition that is asked for. */
struct pool_render {
    const char *text; /* canonical, 1 to LIMIT_PROCESS_TEXT bytes; copied */
    size_t text_length;
    int output; /* a memory file, empty, that can be sealed; stays the caller's, the pool has one of
                   its own */
    int extra_fds[FRAME_EXTRAS]; /* further objects; the pool closes them */
    uint64_t extra_sizes[FRAME_EXTRAS];
    unsigned n_extra;
    uint64_t max_output;
    /* Asked on the pool's thread with the job's `arg`. False: the renderer broke the protocol. May
     * be NULL. */
    bool (*is_likely) (void *arg, const struct pool_rendition *said);
};

typedef void pool_done_fn (void *arg, struct pool_result *result); /* takes result->meta */

struct pool_job {
    int fd;                /* the object, read only; the pool closes it */
    bool lends_fd;         /* of an extraction: it does not, the caller does once it is done */
    uint64_t size;         /* bytes, as the version says */
    uint64_t sidecar_size; /* bytes of what was written about it apart from it; 0: nothing */
    int sidecar_fd;        /* that, if there is any; the pool closes it, too */
    const char *extension; /* after the last '.', lower case, at most 15 bytes, "" if none: a hint
                              only; copied */
    /* The ranges of a part of the object, ascending, apart, not empty; copied. n_known 0: all of it
     * is there. is_final: the worker is not to ask for more. */
    const struct frame_range *known;
    unsigned n_known; /* at most FRAME_KNOWN */
    bool is_final;
    bool leaves_text;                 /* metadata only: no DocumentText */
    const struct pool_render *render; /* NULL: an extraction. Only `fd`, `size`, `extension` and the
                                         last three matter beside it. Copied */
    enum pool_priority priority;
    pool_done_fn *done;
    void *arg;
};

/* Starts the workers. UNAVAILABLE if the executable is missing or no worker reports READY in 10 s
 * (its stderr is in the message). */
NODISCARD enum err pool_new (const struct pool_options *options, struct pool **ret,
                             struct error *e);

/* Stops: jobs that wait or run end with CLOSED within 1 s; then no `done` runs any more. NULL is
 * fine. */
void pool_free (struct pool *p);

/* Queues a job; takes its descriptors in any case, but one that is lent. BUSY when the queue is
 * full, CLOSED when stopping, IO without a descriptor left: `done` is not called. */
NODISCARD enum err pool_submit (struct pool *p, struct pool_job *job, struct error *e);

/* While held, no job begins, urgent ones neither; those that run end as ever. For a receiver that
 * has more results than it can keep; it may call this from `done`. */
void pool_hold (struct pool *p, bool is_held);

struct pool_stats {
    unsigned workers, busy, waiting;
    unsigned failing;       /* workers that do not come up, or end before they do a job */
    char worker_error[256]; /* why, of the last of them; "" if all are up */
    uint64_t jobs, crashes, timeouts, protocol_errors, respawns;
    char jail_missing[256]; /* parts of the jail that the system lacks (sandbox not required), "" if
                               it is whole */
};

void pool_get_stats (struct pool *p, struct pool_stats *ret);

/* Version of the extractors: a number that grows when one of them changes what it finds. Objects
 * with a smaller one are extracted again. */
uint32_t pool_extractor_version (void);
