/* Renditions: what becomes of an object by a process text (x-oss-process). Cached on disk, made by
 * bindery-render where they are not, each once at a time however many ask for it.
 *
 * Nothing here knows who asks. Whoever calls has checked, for this very request, that its user may
 * read the source, the objects of its watermarks, and write where it saves to: what is cached is
 * given to anyone who comes this far.
 *
 * A rendition belongs to versions: its key is a hash over bucket, key, version of the source, text,
 * versions of the watermarks' objects and RENDER_VERSION. So one that is out of date is never
 * found; it goes as what was used least. Its ETag is made of the same hash: it is known before the
 * rendition is.
 *
 * Threads: any; media_begin() never waits for a network, a renderer or another request. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct media;
struct process;
struct catalog;
struct datasets;
struct stores;

#define MEDIA_ETAG_SIZE 33 /* 32 of 0-9A-F, and a NUL */

struct media_options {
    struct stores *stores; /* these three outlive it */
    struct catalog *catalog;
    struct datasets *datasets;
    const char *render_path; /* bindery-render */
    const char *cache_dir;   /* made if it is not there */
    uint64_t cache_bytes;    /* of the cache; 0: nothing is cached */
    unsigned renderers;      /* processes */
    unsigned queue_max;      /* renditions that may wait for one; more: BUSY */
    uint64_t memory_max;     /* bytes of remote sources at a time; 0: LIMIT_MEDIA_MEMORY */
    bool sandbox_required;
    bool is_warm; /* starts the renderers at once; else when they are needed */
    /* Told why a renderer did not come up or ended; see struct pool_options. */
    void (*on_failed_worker) (const char *why);
};

/* Where a rendition is saved to (sys/saveas). */
struct media_save {
    const char *bucket, *object;
};

/* Strings, the process and the save need to live until the call returns. */
struct media_request {
    const char *bucket, *key;
    const struct process *process; /* with styles resolved */
    const struct media_save *save; /* NULL: none */
    /* Asked on any thread while the request waits: true, and it is dropped, with CLOSED. May be
     * NULL. */
    bool (*is_cancelled) (void *arg); /* must neither block nor call back */
    /* Asked at once, on the caller's thread, for the ETag that the rendition will have: true, and
     * the result is only facts (is_unchanged, fd -1), and nothing is made. May be NULL. Not for
     * saves. */
    bool (*has_etag) (void *arg, const char *etag);
    void *arg;
};

/* A rendition: bytes [offset, offset + size) of `fd`. Nobody changes them any more. */
struct media_result {
    int fd; /* the receiver's; -1: there is none (is_unchanged) */
    uint64_t offset, size;
    const char *content_type;       /* a constant */
    char etag[MEDIA_ETAG_SIZE];     /* without quotes */
    int64_t mtime_ns;               /* of the source */
    uint32_t width, height, frames; /* 0: it is no picture */
    bool is_hit;                    /* it was cached */
    bool is_unchanged;
};

void media_result_clear (struct media_result *r);

/* Called exactly once for a request that waits, on a thread of media's or the pool's, which it must
 * not block. OK: takes `result` (its descriptor). Else `e` says why: the codes of media_get(). */
typedef void media_done_fn (void *arg, enum err code, struct media_result *result,
                            const struct error *e);

/* IO: the cache's folder cannot be made. That renderers do not come up is told when one is needed.
 */
NODISCARD enum err media_new (const struct media_options *o, struct media **ret, struct error *e);

/* Stops: what waits ends with CLOSED, then no `done` runs any more. NULL is fine. */
void media_free (struct media *m);

/* Asks for a rendition. OK: either it was there and `*ret` is filled (*ret_is_done), or `done` will
 * be called with r->arg. Any error: it will not. */
NODISCARD enum err media_begin (struct media *m, const struct media_request *r, media_done_fn *done,
                                bool *ret_is_done, struct media_result *ret, struct error *e);

/* The same, and waits. NO_OBJECT, NO_BUCKET, NOT_A_FILE, STORE_* as stores say; BUSY: too much
 * waits already; CLOSED: it was cancelled, or the server stops; TIMED_OUT: no renderer in
 * LIMIT_MEDIA_WAIT_MS; PROCESS_* and others of process.h; IMAGE_TOO_LARGE; WATERMARK;
 * VERSION_CHANGED: the source kept changing; UNAVAILABLE: no renderer comes up. */
NODISCARD enum err media_get (struct media *m, const struct media_request *r,
                              struct media_result *ret, struct error *e);

struct media_stats {
    unsigned renderers, busy, waiting; /* processes; those at work; renditions that wait */
    uint64_t hits, misses, shared;     /* shared: got what another request had made meanwhile */
    uint64_t rendered, refused;        /* by the renderer */
    uint64_t rejected;                 /* BUSY */
    uint64_t dropped;                  /* their client had left */
    uint64_t crashes, timeouts;
    uint64_t cached_bytes, cached, evicted, damaged, unwritten; /* of the cache */
    char worker_error[256];
};

void media_get_stats (struct media *m, struct media_stats *ret);
