/* The public face of scanning: keeps the index in step with the bound buckets. Owns the scan
 * threads, the watcher, the indexers and their worker pool.
 *
 * Threads: any thread may call; nothing here waits longer than LIMIT_STORE_WAIT_MS but scan_purge()
 * and scan_free(). */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>

#include "base/error.h"
#include "index/catalog.h"
#include "index/dataset.h"
#include "index/work.h"
#include "store/store.h"

struct scan;

struct scan_options {
    struct catalog *catalog; /* all borrowed, must outlive the scan */
    struct datasets *datasets;
    struct stores *stores;
    const char *worker_path;
    bool sandbox_required;
    unsigned workers;      /* 0: one a core */
    unsigned scan_threads; /* that list folders */
    unsigned list_threads; /* that list remote buckets, if there is a store that has such */
    int64_t objects_per_s; /* of one binding that a scan has looked into; 0: no limit */
    int64_t rescan_interval_s, poll_interval_s, retry_interval_s;
    const char *owner_id, *default_template;
    int timezone_min;
};

/* Starts workers and threads, and takes up every binding of the catalogue where it was. */
NODISCARD enum err scan_new (const struct scan_options *o, struct scan **ret, struct error *e);

/* Drains what is in flight (at most 4 s), stops. NULL is fine. */
void scan_free (struct scan *s);

/* A binding was made in the catalogue: begins its full scan. */
NODISCARD enum err scan_bind (struct scan *s, int64_t binding, struct error *e);

/* A binding was deleted from the catalogue: when this returns (within 1 s), nothing of it is
 * written any more. Its rows stay. */
NODISCARD enum err scan_unbind (struct scan *s, int64_t binding, int64_t dataset, struct error *e);

/* Removes all rows of a bucket that is not bound; CONFLICT if it is. One that is bound meanwhile is
 * scanned when they have gone. */
NODISCARD enum err scan_purge (struct scan *s, int64_t dataset, const char *bucket,
                               int64_t *ret_removed, struct error *e);

/* Stops and resumes synchronising, and says so in the catalogue (State Stopped with `reason`, ""
 * means "pause usage"; Running again). CONFLICT if it is so already. */
NODISCARD enum err scan_pause (struct scan *s, int64_t binding, const char *reason,
                               struct error *e);
NODISCARD enum err scan_resume (struct scan *s, int64_t binding, struct error *e);

/* Scans again, the whole bucket or what begins with `prefix` (NULL or "": all). `reindex`: rows
 * made with other operators than the template has now are extracted again. `accept_mounts`: what is
 * mounted now is right: forgets the identities. */
NODISCARD enum err scan_rescan (struct scan *s, int64_t binding, const char *prefix, bool reindex,
                                bool accept_mounts, struct error *e);

/* Work was added by somebody else (retried failures): look for it now. */
void scan_kick (struct scan *s, int64_t binding);

/* Somebody outside says that these keys have changed, or may have: each is looked at soon, before
 * what scans found, and one that is not there and has no row costs nothing but the look. When this
 * returns OK they are on disk, a crash loses none. Also while the binding is paused. NOT_FOUND if
 * it is not bound, UNAVAILABLE if it is being set up: then nothing, or the first of them, is noted.
 */
NODISCARD enum err scan_hint (struct scan *s, int64_t binding, const char *const *keys, size_t n,
                              struct error *e);

struct scan_progress {
    struct work_progress counts;
    int64_t estimated_end_ns;  /* 0: not known, or not scanning */
    int64_t unwatched_folders; /* folders that are polled because they cannot be watched */
};
NODISCARD enum err scan_get_progress (struct scan *s, int64_t binding, struct scan_progress *ret,
                                      struct error *e);

/* Figures for status: workers and their faults since the start. */
struct scan_workers {
    unsigned workers, busy, waiting;
    uint64_t jobs, crashes, timeouts;
    unsigned failing;       /* that do not start */
    char worker_error[256]; /* why; "" if all do */
    char jail_missing[256]; /* parts of the jail that they do without, "" if it is whole */
};
void scan_get_workers (struct scan *s, struct scan_workers *ret);
