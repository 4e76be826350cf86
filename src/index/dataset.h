/* Dataset files: one SQLite file a dataset, DATA/datasets/ID.db. It holds all that must change
 * together: rows, ranges with cursors and leases, work, counters, failures.
 *
 * A `struct dataset_db` is shared by any number of threads. It has one writer session, taken in
 * turn (urgent first), and a few reader sessions. Files that nobody uses stay open until more than
 * LIMIT_OPEN_DATASETS are; then the one that was used least lately is closed.
 *
 * Every write transaction has a commit number, one higher than the last. Rows and work carry the
 * number of the transaction that last changed them. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>

#include "base/error.h"
#include "index/sql.h"

struct datasets;
struct dataset_db;

/* DATA/datasets is made if needed; files of ids that are not in `keep` (int64_t) are removed:
 * orphans of a crash between deleting a dataset and its file. */
NODISCARD enum err datasets_open (const char *data_dir, const GArray *keep, struct datasets **ret,
                                  struct error *e);
void datasets_close (struct datasets *all); /* every dataset_db has been released */

/* Told, from any thread, of a file that an older program made: its tables are new and empty, the
 * buckets fill them again. Set it before the first file is opened. */
typedef void datasets_notice_fn (const char *path);
void datasets_set_notice (struct datasets *all, datasets_notice_fn *notice);

/* Whether the dataset has a file: it is made when the dataset is first asked for something. */
bool datasets_has_file (const struct datasets *all, int64_t id);

/* The dataset's file, opened or made. Release it with dataset_db_unref(). */
NODISCARD enum err datasets_get (struct datasets *all, int64_t id, struct dataset_db **ret,
                                 struct error *e);
void dataset_db_unref (struct dataset_db *db);
static inline void dataset_db_unrefp (struct dataset_db **db)
{
    dataset_db_unref (*db); /* NULL is fine */
}
#define _cleanup_dataset_ __attribute__ ((cleanup (dataset_db_unrefp)))

/* Removes the file. CONFLICT if it has rows. */
NODISCARD enum err datasets_drop (struct datasets *all, int64_t id, struct error *e);

/* Sessions for other modules of index. read: a session of its own until given back, without a
 * deadline; a consistent snapshot only within one statement. A thread that has one must not ask for
 * another: they are few, and BUSY after LIMIT_SESSION_WAIT_MS. write: begins a transaction; the
 * commit number is in *ret_commit; end it with dataset_commit() or dataset_rollback(), both give
 * the session back. `urgent` goes before others that wait. */
NODISCARD enum err dataset_read (struct dataset_db *db, struct sql **ret, struct error *e);
void dataset_read_done (struct dataset_db *db, struct sql *s);
NODISCARD enum err dataset_write (struct dataset_db *db, bool urgent, enum sql_durability d,
                                  struct sql **ret, int64_t *ret_commit, struct error *e);
/* Writers that wait for their turn, for tests and figures. */
unsigned dataset_waiting (struct dataset_db *db);
NODISCARD enum err dataset_commit (struct dataset_db *db, struct error *e);
void dataset_rollback (struct dataset_db *db);
/* Ends the transaction as `r` says: OK commits. Returns `r`, or why it could not be committed. */
NODISCARD enum err dataset_end (struct dataset_db *db, enum err r, struct error *e);

/* The id that the file was opened by. */
int64_t dataset_id (const struct dataset_db *db);

/* Commit number of the last finished write transaction. Monotonic, kept in the file. */
int64_t dataset_last_commit (struct dataset_db *db);

/* Numbers of the file that the open write transaction may change; dataset_commit() keeps them. Only
 * between dataset_write() and its end. */
struct dataset_totals {
    int64_t next_id; /* of rows of file, object and work: never used again */
    int64_t file_count;
    int64_t total_file_size; /* modulo 2^64: negative if it is over INT64_MAX */
};
struct dataset_totals *dataset_totals (struct dataset_db *db);

/* Always right: kept in the transactions that change rows. A total size over INT64_MAX is told as
 * that. */
struct dataset_stats {
    int64_t file_count, total_file_size;
};
NODISCARD enum err dataset_stats (struct dataset_db *db, struct dataset_stats *ret,
                                  struct error *e);
