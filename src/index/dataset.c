/* One open dataset file: whose turn it is to write, which reader session is free, and the numbers
 * that every transaction carries on. Which files are open is datasets.c. */
#include "index/dataset.h"

#include <assert.h>
#include <errno.h>
#include <time.h>

#include "base/limits.h"
#include "index/dataset_internal.h"
#include "index/schema.h"

struct dataset_db *dataset_db_new (int64_t id, char *path)
{
    struct dataset_db *db = g_new0 (struct dataset_db, 1);
    db->id = id;
    db->path = path;
    pthread_condattr_t attr;
    pthread_condattr_init (&attr);
    pthread_condattr_setclock (&attr, CLOCK_MONOTONIC);
    pthread_mutex_init (&db->open_lock, NULL);
    pthread_mutex_init (&db->tidy_lock, NULL);
    pthread_mutex_init (&db->lock, NULL);
    pthread_cond_init (&db->turn, &attr);
    pthread_cond_init (&db->reader, &attr);
    pthread_condattr_destroy (&attr);
    for (unsigned i = 0; i < N_ELEMENTS (db->waiting); i++)
        g_queue_init (&db->waiting[i]);
    return db;
}

void dataset_db_free (struct dataset_db *db)
{
    assert (!db->is_writing && db->n_idle == db->n_readers);
    for (unsigned i = 0; i < db->n_idle; i++)
        sql_close (db->idle[i]);
    sql_close (db->tidier);
    sql_close (db->writer);
    pthread_cond_destroy (&db->reader);
    pthread_cond_destroy (&db->turn);
    pthread_mutex_destroy (&db->lock);
    pthread_mutex_destroy (&db->tidy_lock);
    pthread_mutex_destroy (&db->open_lock);
    g_free (db->path);
    g_free (db);
}

static enum err load_totals (struct dataset_db *db, struct sql *s, struct error *e)
{
    _cleanup_stmt_ struct sql_stmt *st = NULL;
    bool has_row = false;
    enum err r = sql_prepare (
        s, "SELECT commit_no, next_id, file_count, total_file_size FROM dataset", &st, e);
    if (r == ERR_OK)
        r = sql_step (st, &has_row, e);
    if (r != ERR_OK)
        return r;
    if (!has_row)
        return FAIL (e, DATABASE, "%s: its table 'dataset' is empty: move it away and scan anew",
                     db->path);
    atomic_store (&db->commit_no, sql_get_int (st, 0));
    db->totals.next_id = sql_get_int (st, 1);
    db->totals.file_count = sql_get_int (st, 2);
    db->totals.total_file_size = sql_get_int (st, 3);
    return ERR_OK;
}

/* Whoever has to move the file away must know which it is. */
static enum err make_tables (struct dataset_db *db, struct sql *s, struct error *e)
{
    struct error why;
    enum err r = schema_make_dataset (s, &db->is_made_anew, &why);
    if (r == ERR_DATABASE)
        return FAIL (e, DATABASE, "%s: %s", db->path, why.message);
    if (r != ERR_OK)
        *e = why;
    return r;
}

enum err dataset_db_open (struct dataset_db *db, struct error *e)
{
    struct sql *s = NULL;
    enum err r = sql_open (&sql_sqlite, db->path, SQL_CREATE | SQL_TIDY_LATER, &s, e);
    if (r == ERR_OK)
        r = make_tables (db, s, e);
    if (r == ERR_OK)
        r = load_totals (db, s, e);
    if (r != ERR_OK) {
        sql_close (s);
        return r;
    }
    db->writer = s;
    return ERR_OK;
}

int64_t dataset_id (const struct dataset_db *db)
{
    return db->id;
}

int64_t dataset_last_commit (struct dataset_db *db)
{
    return atomic_load (&db->commit_no);
}

struct dataset_totals *dataset_totals (struct dataset_db *db)
{
    assert (db->is_writing);
    return &db->uncommitted;
}

enum err dataset_stats (struct dataset_db *db, struct dataset_stats *ret, struct error *e UNUSED)
{
    pthread_mutex_lock (&db->lock);
    ret->file_count = db->totals.file_count;
    int64_t size = db->totals.total_file_size;
    ret->total_file_size = size < 0 ? INT64_MAX : size;
    pthread_mutex_unlock (&db->lock);
    return ERR_OK;
}

static struct timespec after_ms (int64_t ms)
{
    struct timespec t;
    clock_gettime (CLOCK_MONOTONIC, &t);
    int64_t ns = t.tv_nsec + ms % 1000 * 1000000;
    t.tv_sec += ms / 1000 + ns / 1000000000;
    t.tv_nsec = ns % 1000000000;
    return t;
}

/* ---- Readers ---- */

enum err dataset_read (struct dataset_db *db, struct sql **ret, struct error *e)
{
    struct timespec end = after_ms (LIMIT_SESSION_WAIT_MS);
    struct sql *s = NULL;
    bool is_late = false;
    pthread_mutex_lock (&db->lock);
    while (!db->n_idle && db->n_readers == LIMIT_READERS && !is_late)
        is_late = pthread_cond_timedwait (&db->reader, &db->lock, &end) == ETIMEDOUT;
    if (db->n_idle)
        s = db->idle[--db->n_idle];
    bool may_open = !s && db->n_readers < LIMIT_READERS;
    if (may_open)
        db->n_readers++;
    pthread_mutex_unlock (&db->lock);
    if (!s && !may_open)
        return FAIL (e, BUSY, "all %d sessions of the dataset are in use", LIMIT_READERS);
    if (!s) {
        enum err r = sql_open (&sql_sqlite, db->path, SQL_READ_ONLY, &s, e);
        if (r != ERR_OK) {
            pthread_mutex_lock (&db->lock);
            db->n_readers--;
            pthread_cond_signal (&db->reader);
            pthread_mutex_unlock (&db->lock);
            return r;
        }
    }
    *ret = s;
    return ERR_OK;
}

void dataset_read_done (struct dataset_db *db, struct sql *s)
{
    sql_set_deadline (s, 0);
    pthread_mutex_lock (&db->lock);
    assert (db->n_idle < db->n_readers);
    db->idle[db->n_idle++] = s;
    pthread_cond_signal (&db->reader);
    pthread_mutex_unlock (&db->lock);
}

/* ---- The writer ---- */

/* First come, first served within a class; a background writer lets every waiting urgent one go
 * first. */
static bool is_my_turn (const struct dataset_db *db, bool urgent, const void *me)
{
    return !db->is_writing && g_queue_peek_head ((GQueue *) &db->waiting[urgent]) == me &&
           (urgent || g_queue_is_empty ((GQueue *) &db->waiting[true]));
}

static bool take_turn (struct dataset_db *db, bool urgent)
{
    struct timespec end = after_ms (LIMIT_WRITE_WAIT_MS);
    int me = 0; /* its address is the place in the queue */
    bool is_late = false;
    pthread_mutex_lock (&db->lock);
    g_queue_push_tail (&db->waiting[urgent], &me);
    while (!is_my_turn (db, urgent, &me) && !is_late)
        is_late = pthread_cond_timedwait (&db->turn, &db->lock, &end) == ETIMEDOUT;
    bool got_it = is_my_turn (db, urgent, &me);
    g_queue_remove (&db->waiting[urgent], &me);
    if (got_it)
        db->is_writing = true;
    else
        pthread_cond_broadcast (&db->turn);
    if (got_it)
        db->is_urgent = urgent;
    pthread_mutex_unlock (&db->lock);
    return got_it;
}

unsigned dataset_waiting (struct dataset_db *db)
{
    pthread_mutex_lock (&db->lock);
    unsigned n = g_queue_get_length (&db->waiting[false]) + g_queue_get_length (&db->waiting[true]);
    pthread_mutex_unlock (&db->lock);
    return n;
}

static void give_turn_back (struct dataset_db *db)
{
    assert (db->is_writing);
    db->is_writing = false;
    pthread_cond_broadcast (&db->turn);
}

enum err dataset_write (struct dataset_db *db, bool urgent, enum sql_durability d, struct sql **ret,
                        int64_t *ret_commit, struct error *e)
{
    if (!take_turn (db, urgent))
        return FAIL (e, BUSY, "waited %d s to write to the dataset", LIMIT_WRITE_WAIT_MS / 1000);
    enum err r = sql_begin (db->writer, d, e);
    if (r != ERR_OK) {
        pthread_mutex_lock (&db->lock);
        give_turn_back (db);
        pthread_mutex_unlock (&db->lock);
        return r;
    }
    db->uncommitted = db->totals;
    *ret = db->writer;
    *ret_commit = dataset_last_commit (db) + 1;
    return ERR_OK;
}

/* The long part needs no turn: who waits to write does not wait for it. The rest, what was written
 * meanwhile, is short and done in a turn, so that the log is empty once and begins anew. */
void dataset_db_tidy (struct dataset_db *db)
{
    pthread_mutex_lock (&db->tidy_lock);
    if (!db->tidier && sql_open (&sql_sqlite, db->path, 0, &db->tidier, NULL) != ERR_OK)
        db->tidier = NULL;
    if (db->tidier)
        sql_tidy (db->tidier);
    if (db->tidier && take_turn (db, false)) {
        sql_tidy (db->writer);
        pthread_mutex_lock (&db->lock);
        give_turn_back (db);
        pthread_mutex_unlock (&db->lock);
    }
    pthread_mutex_unlock (&db->tidy_lock);
}

static enum err store_totals (struct dataset_db *db, struct error *e)
{
    struct sql_stmt *st = NULL;
    enum err r = sql_prepare (db->writer,
                              "UPDATE dataset SET commit_no = ?, next_id = ?, file_count = ?,"
                              " total_file_size = ?",
                              &st, e);
    if (r != ERR_OK)
        return r;
    sql_bind_int (st, 1, dataset_last_commit (db) + 1);
    sql_bind_int (st, 2, db->uncommitted.next_id);
    sql_bind_int (st, 3, db->uncommitted.file_count);
    sql_bind_int (st, 4, db->uncommitted.total_file_size);
    return sql_run (st, e);
}

enum err dataset_commit (struct dataset_db *db, struct error *e)
{
    assert (db->uncommitted.file_count >= 0);
    enum err r = store_totals (db, e);
    if (r == ERR_OK)
        r = sql_commit (db->writer, e);
    else
        sql_rollback (db->writer);
    size_t untidy = sql_untidy_bytes (db->writer);
    pthread_mutex_lock (&db->lock);
    bool must_wait = untidy > LIMIT_LOG_MOST && !db->is_urgent;
    if (r == ERR_OK) {
        db->totals = db->uncommitted;
        atomic_fetch_add (&db->commit_no, 1);
    }
    give_turn_back (db);
    pthread_mutex_unlock (&db->lock);
    if (r == ERR_OK && must_wait)
        dataset_db_tidy (db);
    else if (r == ERR_OK && untidy > LIMIT_LOG)
        datasets_tidy_soon (db);
    return r;
}

void dataset_rollback (struct dataset_db *db)
{
    sql_rollback (db->writer);
    pthread_mutex_lock (&db->lock);
    give_turn_back (db);
    pthread_mutex_unlock (&db->lock);
}

enum err dataset_end (struct dataset_db *db, enum err r, struct error *e)
{
    if (r == ERR_OK)
        return dataset_commit (db, e);
    dataset_rollback (db);
    return r;
}
