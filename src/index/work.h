/* Durable work of a dataset: what is to be looked at, the ranges of scans, and what came of them.
 * One transaction a call. Everything names its binding by id, the epoch: what belongs to a binding
 * that is gone is refused with SUPERSEDED or ignored.
 *
 * Tables:
 *   binding   (id PRIMARY KEY, bucket, counters of the current scan): made by work_begin_binding
 *   range     (binding, lo, hi, cursor, lease_owner, lease_until, epoch, flags)
 *   mount     (binding, prefix, device, inode, fsid)
 *   work      (id PRIMARY KEY, binding, key, priority, not_before, since, attempts, strikes,
 *              commit_no, and of the listing that queued it: storage_class, and the version of an
 *              archived object), unique (binding, key), indexed by (priority, not_before, id)
 *   failure   (binding, key PRIMARY KEY, reason, time): rejects of listings, names that cannot be
 *              URIs
 *
 * Consistency rules (ARCHITECTURE.md): a job's result counts only if its work row is still there;
 * the row goes only if commit_no is the one that was taken, else the key was dirtied again and is
 * taken once more. A merge deletes a row only if the row's commit_no, and that of work for the key
 * if there is any, are not higher than the page's. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <glib.h>

#include "base/error.h"
#include "index/files.h"

/* WORK_TEXT: the row is there but for its text (FILE_LACKS_TEXT). */
enum work_priority { WORK_EVENT, WORK_SCAN, WORK_TEXT, WORK_PRIORITIES };

/* ---- Bindings ---- */

/* Makes the binding's rows (idempotent): one range over the whole bucket if it is new. Leases that
 * are there were left by a server that has gone (the data folder is locked), and end. */
NODISCARD enum err work_begin_binding (struct dataset_db *db, int64_t binding, const char *bucket,
                                       struct error *e);
/* Drops ranges, work, mounts, failures and counters of a binding; rows stay (Pending ones, which
 * never were extracted, go). Idempotent. */
NODISCARD enum err work_end_binding (struct dataset_db *db, int64_t binding, struct error *e);
/* The first step of work_end_binding(), short whatever the size: from when it returns, nothing of
 * the binding is written any more. */
NODISCARD enum err work_fence_binding (struct dataset_db *db, int64_t binding, struct error *e);
/* The second: one transaction of it. *ret_done: nothing is left. */
NODISCARD enum err work_end_some (struct dataset_db *db, int64_t binding, bool *ret_done,
                                  struct error *e);
/* Fences every binding of the dataset that is not in `keep` (int64_t), what a crash left, and adds
 * its id to `ret`. */
NODISCARD enum err work_fence_others (struct dataset_db *db, const GArray *keep, GArray *ret,
                                      struct error *e);

struct work_progress {
    int64_t listed, indexed, unchanged, deleted; /* of the current or last full scan and since */
    int64_t failed;      /* now: as many as work_list_failures() lists, rows and rejects */
    int64_t pending;     /* now: rows of work */
    int64_t start_ns;    /* of the current or last scan */
    int64_t scan_end_ns; /* 0 while a scan runs */
    bool ranges_done;    /* no range is left to list */
    bool is_first;       /* the scan is the first one of the binding */
};
NODISCARD enum err work_get_progress (struct dataset_db *db, int64_t binding,
                                      struct work_progress *ret, struct error *e);

/* ---- Ranges ---- */

enum range_flags {
    RANGE_FORCE = 1,  /* reindex: rows with other operators than now count as changed */
    RANGE_PARTIAL = 2 /* a prefix only: not the binding's full scan, counters go on */
};

struct range {
    int64_t id, binding;
    char *lo, *hi; /* keys in (lo, hi); NULL: no bound */
    char *cursor;  /* listed up to here, inclusive; NULL: nothing yet */
    int64_t epoch; /* of the lease */
    unsigned flags;
};
void range_free (void *r);

/* Starts a scan: replaces the binding's ranges; a RANGE_FORCE among them passes to the new ones.
 * `bounds` (sorted keys, NULL-terminated, may be NULL) are split points. A full scan sets the
 * history counters to 0 and start_ns; a partial one (`prefix` not NULL or "") adds one range for
 * the prefix, maybe a few keys wider. When a full scan ends, rejects that it did not see again are
 * dropped. */
NODISCARD enum err work_start_scan (struct dataset_db *db, int64_t binding, const char *prefix,
                                    const char *const *bounds, unsigned flags, struct error *e);
/* Leases a range that nobody holds, or whose lease ran out: NOT_FOUND if there is none. */
NODISCARD enum err range_lease (struct dataset_db *db, int64_t binding, const char *owner,
                                int64_t now_ns, int64_t until_ns, struct range **ret,
                                struct error *e);
/* Extends a lease, keeps the cursor. SUPERSEDED if another holds it. */
NODISCARD enum err range_renew (struct dataset_db *db, const struct range *r, const char *cursor,
                                int64_t until_ns, struct error *e);
/* Gives a lease up: `done` removes the range (the last one of a full scan sets scan_end_ns), else
 * another try may lease it. */
NODISCARD enum err range_release (struct dataset_db *db, const struct range *r, bool done,
                                  struct error *e);

/* Splits a leased range at `bounds` (keys beyond its cursor, ascending, NULL-terminated, at least
 * one): it ends with the first, the rest become ranges of their own. `r` keeps its old end: give it
 * back and lease again. */
NODISCARD enum err range_split (struct dataset_db *db, const struct range *r,
                                const char *const *bounds, struct error *e);
/* Gives a lease up, and nobody gets the range before range_wake(), which wakes all of the binding,
 * or the next start. */
NODISCARD enum err range_rest (struct dataset_db *db, const struct range *r, struct error *e);
NODISCARD enum err range_wake (struct dataset_db *db, int64_t binding, struct error *e);

struct merge_put {
    const char *key;
    struct file_version version;
    int64_t not_before_ns;     /* 0: at once */
    const char *storage_class; /* as the listing has it; NULL or "": it does not say */
    bool is_archived;          /* it cannot be read: whoever takes the work is told so */
    bool only_class;           /* the row is there and right but for its storage class */
    bool only_text;            /* the row is there and right but for its text */
};

/* What one page of a merge concluded; applied in one transaction with the range's cursor. */
struct merge_batch {
    const struct range *range; /* SUPERSEDED if its epoch is no longer the range's */
    const char *bucket;
    const char *cursor;  /* the page's `upto`; NULL: leave it */
    int64_t page_commit; /* dataset_last_commit() before the listing of the page began */
    GArray *puts; /* struct merge_put: new and changed: the row becomes Pending if new, work is
                     queued; only_class: the row gets the class, nothing is queued; only_text: work
                     is queued if there is none */
    GPtrArray *deletes;                     /* const char *: keys that the listing does not have */
    GPtrArray *rejects;                     /* struct work_reject */
    int64_t listed, unchanged;              /* to add to the counters */
    int64_t max_file_count, max_total_size; /* quotas: new rows over them are not made; 0: none */
    int64_t until_ns;                       /* new end of the lease */
    int timezone_min;                       /* of times in documents */
};
struct work_reject {
    const char *key, *reason;
};
/* *ret_deleted: rows that went; *ret_over_quota: new rows that were not made. Applies at most
 * LIMIT_BATCH_ROWS puts and deletes: the caller splits a longer page and sets `cursor` in the last
 * part only. */
NODISCARD enum err work_apply_merge (struct dataset_db *db, const struct merge_batch *b,
                                     int64_t *ret_deleted, int64_t *ret_over_quota,
                                     struct error *e);

/* ---- Mounts ---- */

struct work_mount {
    char *prefix;
    uint64_t device, inode, fsid;
};
void work_mount_free (void *m);
NODISCARD enum err work_get_mounts (struct dataset_db *db, int64_t binding, GPtrArray **ret,
                                    struct error *e);
NODISCARD enum err work_set_mounts (struct dataset_db *db, int64_t binding, const GPtrArray *mounts,
                                    struct error *e);

/* ---- Work ---- */

struct work_item {
    int64_t id, binding;
    char *key;
    enum work_priority priority;
    int64_t since_ns; /* when the key was first dirtied and not yet settled */
    int64_t not_before_ns;
    int attempts, strikes;
    int64_t commit_no; /* as taken */
    /* What the listing said that queued it last; "", false if it was an event. An archived object
     * cannot be read: it is stored as the listing told it, without a look at the store. */
    char *storage_class;
    bool is_archived;
    struct file_version listed; /* of an archived one */
    /* The row of its object when it was taken; key NULL. Whoever changes that dirties the key. */
    bool has_row;
    struct index_entry row;
};
void work_item_free (void *w);

struct work_dirty {
    const char *key;
    int64_t not_before_ns;
};
/* Events: marks keys as dirty, urgent. An existing row of work keeps since and strikes, gets the
 * earlier not_before (an event that says "closed" has 0) and a new commit_no. One transaction, on
 * disk against kill -9 when it returns. */
NODISCARD enum err work_mark_dirty (struct dataset_db *db, int64_t binding,
                                    const struct work_dirty *keys, size_t n, struct error *e);

/* Up to `max` items of the binding with not_before <= now, by priority, then not_before, then id;
 * ids in `skip` (a set: GINT64 key) are in flight and left out. *ret_next_ns: when the next one is
 * due; INT64_MAX if none. */
NODISCARD enum err work_take (struct dataset_db *db, int64_t binding, enum work_priority lowest,
                              int64_t now_ns, size_t max, GHashTable *skip, GPtrArray **ret,
                              int64_t *ret_next_ns, struct error *e);

enum work_outcome {
    WORK_STORED,    /* write the row: status, facts, meta */
    WORK_UNCHANGED, /* the object is as the row says: nothing to write (Pending row: as LATER) */
    WORK_GONE,      /* the object is not there: the row goes */
    WORK_LATER      /* try again at not_before: attempts + 1, strikes as given */
};

struct work_result {
    int64_t binding, id, commit_no;
    char *key;
    const char *bucket;
    enum work_outcome outcome;
    /* WORK_STORED: */
    struct file_version version;
    enum file_status status; /* INDEXED or FAILED */
    char *reason;            /* FAILED: why */
    json_t *meta;            /* what the extractor found; owned; may be NULL */
    json_t *attributes;      /* members of File that the store told; owned; may be NULL */
    uint32_t extractor;
    uint32_t operators; /* with FILE_LACKS_TEXT the work stays, as WORK_TEXT */
    /* WORK_LATER: */
    int64_t not_before_ns;
    int strikes;
    bool reset_since; /* the restless file was indexed as it is: count 60 s anew */
    /* WORK_STORED of a file that is still being written: keep the work, due at not_before_ns. */
    bool keep_dirty;
    /* Set by work_finish(): other keys were queued because of this one. */
    bool has_queued;
};
void work_result_free (void *r);

/* Applies results (struct work_result *) in one transaction. A result whose work row is gone is
 * dropped: its object was deleted or its binding ended meanwhile. Of `quotas` (may be NULL) only
 * the two limits are read: they hold for rows that are new. */
NODISCARD enum err work_finish (struct dataset_db *db, const struct file_context *ctx, bool urgent,
                                const GPtrArray *results, const struct merge_batch *quotas,
                                struct error *e);

/* ---- Failures ---- */

struct work_failure {
    char *key, *reason;
    int64_t time_ns;
    bool is_row; /* a row with status Failed; else something that cannot be an object */
};
void work_failure_free (void *f);
/* From key `from` on (inclusive; NULL: start), byte order, at most `max`. */
NODISCARD enum err work_list_failures (struct dataset_db *db, int64_t binding, const char *bucket,
                                       const char *from, size_t max, GPtrArray **ret,
                                       struct error *e);
/* Queues every Failed row again with no strikes; *ret counts them. Their `extractor` becomes 0, so
 * that whoever compares finds them stale. */
NODISCARD enum err work_retry_failures (struct dataset_db *db, int64_t binding, const char *bucket,
                                        int64_t *ret, struct error *e);
