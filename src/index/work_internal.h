/* What the files of work share: a change is one write transaction for one binding. */
#pragma once

#include "index/rows.h"
#include "index/work.h"

/* Begins a transaction (SQL_REBUILDABLE). End it with work_end_change(). */
NODISCARD enum err work_begin_change (struct dataset_db *db, bool urgent, int64_t binding,
                                      struct change *ret, struct error *e);
/* Adds the counts to the binding and commits if `r` is OK, else rolls back; as dataset_end(). */
NODISCARD enum err work_end_change (struct change *c, enum err r, struct error *e);
/* A key became a row, its row goes, or the content of its object changed (only of a sidecar does
 * that matter): the images whose sidecar may be another now, or say something else, become stale
 * (extractor 0), so that they are extracted anew, and are queued; WORK_PRIORITIES: are not queued.
 * At most LIMIT_SIDECAR_SIBLINGS rows of a name are looked at. *touched becomes true if there were
 * any. Call it when the row is there, or has gone. */
NODISCARD enum err work_touch_images (struct change *c, const char *bucket, const char *key,
                                      enum work_priority priority, bool *touched, struct error *e);

/* Adds the counts to c->binding and sets them to 0. */
NODISCARD enum err work_flush_counts (struct change *c, struct error *e);

/* SUPERSEDED if the binding is not there or has ended. */
NODISCARD enum err work_check_binding (struct sql *s, int64_t binding, struct error *e);

/* Queues a key: new, or the row that is there gets the more urgent priority, the earlier
 * not_before and this transaction's number. `listed`: what a listing says of the object; NULL:
 * whatever one said before may no longer be so. */
NODISCARD enum err work_queue (struct change *c, const char *key, enum work_priority priority,
                               int64_t not_before_ns, const struct merge_put *listed,
                               struct error *e);

/* Queues a key whose row lacks its text, unless it is queued. */
NODISCARD enum err work_queue_text (struct change *c, const char *key, struct error *e);
/* Its work is done but for the text. */
NODISCARD enum err work_leave_text (struct change *c, const char *key, struct error *e);

/* The row of work of a key; *ret_found false if there is none. */
struct work_row {
    int64_t id, commit_no, since_ns;
    int attempts, strikes;
    enum work_priority priority;
};
NODISCARD enum err work_find (struct sql *s, int64_t binding, const char *key, struct work_row *ret,
                              bool *ret_found, struct error *e);
NODISCARD enum err work_remove (struct change *c, const char *key, struct error *e);

/* Moves the cursor (NULL: leave it) and the end of the lease (only forward). SUPERSEDED if the
 * lease is another's. */
NODISCARD enum err work_move_range (struct change *c, const struct range *range, const char *cursor,
                                    int64_t until_ns, struct error *e);

/* Prepares a statement that has one integer to bind, or two, and runs it. */
NODISCARD enum err work_run_int (struct sql *s, const char *text, int64_t value, struct error *e);
NODISCARD enum err work_run_ints (struct sql *s, const char *text, int64_t first, int64_t second,
                                  struct error *e);

/* Ends all bindings of a bucket but `except`; adds the rows that went to *removed. */
NODISCARD enum err work_end_bindings_of (struct dataset_db *db, const char *bucket, int64_t except,
                                         int64_t *removed, struct error *e);
