/* What the files of media share: the handle, and a flight, which is one rendition on its way with
 * all requests that wait for it.
 *
 * A flight waits in `todo`; a thread takes it, finds out versions, opens its objects, hands it to
 * the renderers; it comes back to `finished`; a thread keeps it and answers. One whose remote
 * objects find no room in memory waits in `parked`, and is prepared again when they do. Threads
 * never wait for a renderer, nor for memory. */
#pragma once

#include <pthread.h>
#include <glib.h>

#include "base/limits.h"
#include "media/bounds.h"
#include "media/cache.h"
#include "media/facts.h"
#include "media/media.h"
#include "media/strikes.h"
#include "media/wanted.h"
#include "wire/pool.h"

struct waiter {
    media_done_fn *done;
    bool (*is_cancelled) (void *arg);
    void *arg;
    char *save_bucket, *save_object; /* NULL: it is answered */
};

void waiter_clear (struct waiter *w);

/* A rendition as it is given to those who wait. */
struct rendition {
    struct cache_facts facts;
    int fd;
    uint64_t offset;
    bool is_hit;
};

/* One that is to be saved. */
struct save {
    struct waiter waiter;
    struct rendition rendition; /* with a descriptor of its own */
};

struct flight {
    struct media *media;
    struct wanted wanted;
    struct process *process; /* of the text, once a thread has it */
    int64_t since_ms;        /* it was asked for */
    unsigned tries;
    struct store_handle handles[WANTED_OBJECTS];
    unsigned n_handles;
    uint64_t held, needs; /* bytes of its sources in memory; the same, while it is parked */
    int output;           /* -1: none */
    struct pool_result result;
    /* Under the lock: */
    GArray *waiters; /* struct waiter */
    bool is_listed;  /* in m->flights: others may join */
};

struct media {
    struct media_options o;
    struct cache *cache; /* NULL: nothing is cached */
    struct facts *facts;
    struct bounds *bounds;
    struct strikes *strikes;
    pthread_t threads[LIMIT_MEDIA_THREADS];
    unsigned n_threads;
    unsigned slots; /* flights that may be under way beyond `todo` */

    pthread_mutex_t start_lock;           /* while a pool starts */
    struct pool *_Atomic pools[PROFILES]; /* NULL: not started */
    struct error start_error;             /* under start_lock: why one could not be started, */
    int64_t start_again_ms;               /* and when that is tried again */

    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t work;  /* for a thread: a flight it may take */
    pthread_cond_t room;  /* nothing is being prepared any more */
    GHashTable *flights;  /* digest -> struct flight, borrowed */
    GQueue todo, parked, finished;
    GQueue saves; /* struct save */
    unsigned n_saving;
    unsigned n_waiters;
    unsigned n_taken;     /* flights that have a slot; who is parked has none */
    unsigned n_preparing; /* threads that prepare one */
    uint64_t held;        /* by all flights */
    bool is_stopping;
    struct media_stats stats;
};

/* ---- media.c ---- */

/* All of a result but the bytes. */
void media_fill (struct media_result *ret, const struct wanted *w, const struct cache_facts *facts);

/* ---- flight.c ---- */

/* Joins a flight or makes one; takes `w` (left empty). BUSY, CLOSED. */
NODISCARD enum err flight_begin (struct media *m, struct wanted *w, const struct media_request *r,
                                 media_done_fn *done, struct error *e);

/* Lists a flight whose digest is known now. False: another has it, which its waiters went to. */
bool flight_list (struct flight *f);

/* Answers all who wait until now; others may still join. */
void flight_answer (struct flight *f, enum err code, const struct rendition *r,
                    const struct error *why);

/* Nobody joins any more. */
void flight_unlist (struct flight *f);

void flight_free (struct flight *f);

/* Ends it: nobody joins, all are answered. */
void flight_end (struct flight *f, enum err code, const struct rendition *r,
                 const struct error *why);

/* Nobody waits for it any more; it is counted, so ask once. */
bool flight_is_abandoned (struct flight *f);

/* With the lock: moves to `dead` what waits although nobody waits for it, or for too long. */
void flight_reap (struct media *m, GQueue *dead);

/* Ends those. */
void flight_bury (GQueue *dead);

/* With the lock: the next one that a thread is to work on, or NULL. */
struct flight *flight_next (struct media *m, bool *ret_is_finished);

/* Lets a flight hold so much memory, or parks it, without its slot: then it is not the caller's any
 * more. CLOSED. */
NODISCARD enum err flight_reserve (struct flight *f, uint64_t bytes, bool *ret_is_parked,
                                   struct error *e);

/* It needs no slot any more. */
void flight_release_slot (struct media *m);

/* ---- runner.c: the threads ---- */

void *runner_run (void *media);

/* ---- pools.c ---- */

/* The pool of a profile, started if it does not run. UNAVAILABLE. */
NODISCARD enum err pools_get (struct media *m, enum profile_id profile, struct pool **ret,
                              struct error *e);

/* Starts what most renditions need. */
void pools_warm (struct media *m);

/* ---- source.c ---- */

/* Opens the objects of a flight, in the versions that are wanted: VERSION_CHANGED if they are not.
 * *ret_is_parked: it is as flight_reserve() says, and nothing is open. */
NODISCARD enum err source_open (struct flight *f, bool *ret_is_parked, struct error *e);

/* VERSION_CHANGED if one was changed since, so that what was read of it may be of two versions. */
NODISCARD enum err source_verify (struct flight *f, struct error *e);

void source_close (struct flight *f);

/* ---- save.c ---- */

/* Has a rendition saved and then answers; takes the waiter's strings. BUSY, IO: it will not be. */
NODISCARD enum err save_queue (struct media *m, struct waiter *w, const struct rendition *r,
                               struct error *e);

/* With the lock: the next that a thread is to save, or NULL. */
struct save *save_next (struct media *m);

/* Saves it. Takes `s`. */
void save_run (struct media *m, struct save *s);
