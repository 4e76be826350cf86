/* Dataset files: turns to write, readers, totals, what is dropped and what a kill leaves. */
#include "test.h"

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

#include "base/limits.h"
#include "base/queue.h"
#include "index_world.h"

#define KILLS 12

static void numbers_and_totals_outlive_the_server (void **state)
{
    struct world *w = *state;
    const char *const keys[] = { "a", "b" };
    put_keys (w, keys, 2);
    int64_t commit = dataset_last_commit (w->db);
    assert_true (commit > 0);
    world_close (w);
    world_open (w);
    assert_int_equal (commit, dataset_last_commit (w->db));
    assert_int_equal (2, stats (w).file_count);
    assert_int_equal (20, stats (w).total_file_size);
    check_invariants (w);
}

static void change_file (struct world *w, const char *script)
{
    struct sql *s;
    int64_t number;
    assert_ok (dataset_write (w->db, false, SQL_DURABLE, &s, &number, &w->e), &w->e);
    assert_ok (sql_exec (s, script, &w->e), &w->e);
    assert_ok (dataset_commit (w->db, &w->e), &w->e);
}

static void close_and_open_folder (struct world *w)
{
    world_close (w);
    g_autoptr (GArray) keep = g_array_new (FALSE, FALSE, sizeof (int64_t));
    const int64_t id = 1;
    g_array_append_val (keep, id);
    assert_ok (datasets_open (w->tree.path, keep, &w->all, &w->e), &w->e);
}

/* Such a file is to be moved away by hand: the message must name it. */
static void a_file_of_a_newer_version_is_named (void **state)
{
    struct world *w = *state;
    static const char *const versions[] = { "1000-00000000", "old", "" };
    g_autofree char *path = g_build_filename (w->tree.path, "datasets", "1.db", NULL);
    for (size_t i = 0; i < N_ELEMENTS (versions); i++) {
        g_autofree char *script =
            g_strconcat ("UPDATE schema_version SET version = '", versions[i], "'", NULL);
        g_autofree char *found = g_strconcat ("version ", versions[i], NULL);
        change_file (w, script);
        close_and_open_folder (w);
        assert_err (DATABASE, datasets_get (w->all, 1, &w->db, &w->e));
        assert_non_null (strstr (w->e.message, "/datasets/1.db: "));
        assert_non_null (strstr (w->e.message, found));
        datasets_close (w->all);
        assert_int_equal (0, unlink (path));
        world_open (w);
    }
}

static int noticed; /* files that were made anew */

static void notice (const char *path)
{
    noticed += g_str_has_suffix (path, "/datasets/1.db");
}

/* Other columns, tables that are not known, a text with words, a key that must be quoted. */
#define OLDER                                                                                      \
    "UPDATE schema_version SET version = '1-00000000';"                                            \
    "INSERT INTO mount VALUES (7, 'disk/', 1, 2, 3);"                                              \
    "INSERT INTO body VALUES (1, 1, 'x'); INSERT INTO body_words (rowid, words) VALUES (1, 'x');"  \
    "ALTER TABLE file_text DROP COLUMN album; ALTER TABLE work ADD COLUMN odd;"                    \
    "CREATE TABLE \"a \"\"b\"\"\" (x); CREATE VIRTUAL TABLE more USING fts5 (y);"

static void an_older_file_is_made_anew (void **state)
{
    struct world *w = *state;
    struct work_progress progress;
    const char *const keys[] = { "a", "b" };
    put_keys (w, keys, 2);
    change_file (w, OLDER);
    int64_t commit = dataset_last_commit (w->db);
    int64_t next_id = query_int (w, "SELECT next_id FROM dataset");
    close_and_open_folder (w);
    datasets_set_notice (w->all, notice);
    noticed = 0;
    assert_ok (datasets_get (w->all, 1, &w->db, &w->e), &w->e);
    assert_int_equal (1, noticed);
    assert_int_equal (commit, dataset_last_commit (w->db));
    assert_int_equal (0, stats (w).file_count);
    assert_int_equal (0, stats (w).total_file_size);
    assert_int_equal (0, query_int (w, "SELECT count(*) FROM object"));
    assert_int_equal (0, query_int (w, "SELECT count(*) FROM sqlite_schema WHERE name LIKE 'kept%'"
                                       " OR name LIKE 'a %' OR name LIKE 'more%'"));
    assert_int_equal (1, query_int (w, "SELECT count(*) FROM mount WHERE prefix = 'disk/'"));
    assert_int_equal (next_id, query_int (w, "SELECT next_id FROM dataset"));
    assert_ok (work_begin_binding (w->db, BINDING, BUCKET, &w->e), &w->e);
    assert_ok (work_get_progress (w->db, BINDING, &progress, &w->e), &w->e);
    assert_true (progress.is_first && progress.scan_end_ns == 0 && !progress.ranges_done);
    put_keys (w, keys, 2);
    check_invariants (w);
    world_close (w);
    world_open (w); /* as it is now, it stays */
    assert_int_equal (2, stats (w).file_count);
}

/* What fails on the way leaves the file as it was: the last of its tables cannot be made. */
static void an_older_file_is_made_anew_whole_or_not_at_all (void **state)
{
    struct world *w = *state;
    const char *const keys[] = { "a", "b" };
    put_keys (w, keys, 2);
    change_file (w, OLDER "DROP TABLE label_name;"
                          "CREATE VIEW label_name AS SELECT 1;");
    close_and_open_folder (w);
    assert_err (DATABASE, datasets_get (w->all, 1, &w->db, &w->e));
    struct sql *s;
    struct sql_stmt *st;
    bool has_row;
    g_autofree char *path = g_build_filename (w->tree.path, "datasets", "1.db", NULL);
    assert_ok (sql_open (&sql_sqlite, path, 0, &s, &w->e), &w->e);
    assert_ok (sql_prepare (s, "SELECT count(*), (SELECT version FROM schema_version) FROM object",
                            &st, &w->e),
               &w->e);
    assert_ok (sql_step (st, &has_row, &w->e), &w->e);
    assert_int_equal (2, sql_get_int (st, 0));
    assert_string_equal ("1-00000000", sql_get_text (st, 1));
    sql_finish (st);
    assert_ok (sql_exec (s, "DROP VIEW label_name", &w->e), &w->e);
    sql_close (s);
    assert_ok (datasets_get (w->all, 1, &w->db, &w->e), &w->e);
    assert_int_equal (0, stats (w).file_count);
}

static void a_rollback_leaves_nothing (void **state)
{
    struct world *w = *state;
    struct sql *s;
    int64_t number, last = dataset_last_commit (w->db);
    assert_ok (dataset_write (w->db, false, SQL_DURABLE, &s, &number, &w->e), &w->e);
    assert_int_equal (last + 1, number);
    dataset_totals (w->db)->file_count = 99;
    assert_ok (sql_exec (s, "DELETE FROM binding", &w->e), &w->e);
    dataset_rollback (w->db);
    assert_int_equal (last, dataset_last_commit (w->db));
    assert_int_equal (0, stats (w).file_count);
    assert_int_equal (1, query_int (w, "SELECT count(*) FROM binding"));
}

static void a_dataset_with_rows_is_not_dropped (void **state)
{
    struct world *w = *state;
    const char *const keys[] = { "a" };
    put_keys (w, keys, 1);
    assert_err (CONFLICT, datasets_drop (w->all, 1, &w->e));
    assert_non_null (strstr (w->e.message, "1 files"));
    int64_t removed = 0;
    assert_ok (files_purge (w->db, BUCKET, &removed, &w->e), &w->e);
    assert_int_equal (1, removed);
    assert_ok (datasets_drop (w->all, 1, &w->e), &w->e);
    g_autofree char *path = g_build_filename (w->tree.path, "datasets", "1.db", NULL);
    assert_int_equal (-1, access (path, F_OK));
    assert_ok (datasets_drop (w->all, 1, &w->e), &w->e);
}

static void orphans_are_removed_and_nothing_else (void **state)
{
    struct world *w = *state;
    static const char *const names[] = { "datasets/2.db", "datasets/2.db-wal", "datasets/note.txt",
                                         "datasets/x.db" };
    static const int stays[] = { -1, -1, 0, 0 };
    for (size_t i = 0; i < N_ELEMENTS (names); i++)
        tree_write (&w->tree, names[i], "");
    world_close (w);
    world_open (w);
    for (size_t i = 0; i < N_ELEMENTS (names); i++)
        assert_int_equal (stays[i], faccessat (w->tree.fd, names[i], F_OK, 0));
    assert_int_equal (1, query_int (w, "SELECT count(*) FROM binding"));
}

static void files_that_nobody_uses_are_closed_when_there_are_many (void **state)
{
    struct world *w = *state;
    for (int64_t id = 2; id < LIMIT_OPEN_DATASETS + 20; id++) {
        struct dataset_db *db = NULL;
        assert_ok (datasets_get (w->all, id, &db, &w->e), &w->e);
        dataset_db_unref (db);
    }
    g_autoptr (GDir) dir = g_dir_open ("/proc/self/fd", 0, NULL);
    int fds = 0;
    while (g_dir_read_name (dir))
        fds++;
    assert_in_range (fds, 1, 3 * LIMIT_OPEN_DATASETS + 20);
}

/* ---- Turns ---- */

struct turns {
    struct world *w;
    pthread_mutex_t lock;
    GString *order;
};

struct writer {
    struct turns *turns;
    bool urgent;
    char name;
};

static void *write_once (void *arg)
{
    struct writer *me = arg;
    struct dataset_db *db = me->turns->w->db;
    struct error e;
    struct sql *s;
    int64_t number;
    assert_ok (dataset_write (db, me->urgent, SQL_REBUILDABLE, &s, &number, &e), &e);
    pthread_mutex_lock (&me->turns->lock);
    g_string_append_c (me->turns->order, me->name);
    pthread_mutex_unlock (&me->turns->lock);
    assert_ok (dataset_commit (db, &e), &e);
    return NULL;
}

static void urgent_writers_go_first (void **state)
{
    struct world *w = *state;
    struct turns turns = { .w = w, .lock = PTHREAD_MUTEX_INITIALIZER, .order = g_string_new ("") };
    struct writer writers[] = {
        { &turns, false, 'a' }, { &turns, false, 'b' }, { &turns, true, 'U' }, { &turns, true, 'V' }
    };
    pthread_t threads[N_ELEMENTS (writers)];
    struct sql *s;
    int64_t number;
    assert_ok (dataset_write (w->db, false, SQL_REBUILDABLE, &s, &number, &w->e), &w->e);
    for (size_t i = 0; i < N_ELEMENTS (writers); i++) {
        threads[i] = thread_start ("writer", write_once, &writers[i]);
        while (dataset_waiting (w->db) <= i)
            g_usleep (500);
    }
    assert_ok (dataset_commit (w->db, &w->e), &w->e);
    for (size_t i = 0; i < N_ELEMENTS (writers); i++)
        pthread_join (threads[i], NULL);
    assert_string_equal ("UVab", turns.order->str);
    assert_int_equal (number + 4, dataset_last_commit (w->db));
    g_string_free (turns.order, TRUE);
}

static void readers_read_while_a_writer_writes (void **state)
{
    struct world *w = *state;
    struct sql *s;
    int64_t number;
    assert_ok (dataset_write (w->db, false, SQL_REBUILDABLE, &s, &number, &w->e), &w->e);
    assert_ok (sql_exec (s, "DELETE FROM binding", &w->e), &w->e);
    assert_int_equal (1, query_int (w, "SELECT count(*) FROM binding"));
    assert_ok (dataset_commit (w->db, &w->e), &w->e);
    assert_int_equal (0, query_int (w, "SELECT count(*) FROM binding"));
}

static void readers_cannot_write_and_are_interrupted (void **state)
{
    struct world *w = *state;
    struct sql *s;
    struct sql_stmt *st;
    bool has_row;
    assert_ok (dataset_read (w->db, &s, &w->e), &w->e);
    assert_err (DATABASE, sql_exec (s, "DELETE FROM binding", &w->e));
    sql_set_deadline (s, 1);
    assert_ok (sql_prepare (s,
                            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
                            " SELECT max (i) FROM n",
                            &st, &w->e),
               &w->e);
    assert_err (TIMED_OUT, sql_step (st, &has_row, &w->e));
    sql_finish (st);
    dataset_read_done (w->db, s);
    assert_int_equal (1, query_int (w, "SELECT count(*) FROM binding"));
}

/* ---- Kills ---- */

/* Writes until it is killed: everything that a scan does, in a circle. */
static void write_for_ever (struct world *w)
{
    for (unsigned round = 0;; round++) {
        g_autofree char *first = g_strdup_printf ("%03u", round % 50);
        g_autofree char *second = g_strdup_printf ("%03u", round * 7 % 50);
        const char *const keys[] = { first };
        const struct work_dirty dirty = { second, 0 };
        put_keys (w, keys, 1);
        assert_ok (work_mark_dirty (w->db, BINDING, &dirty, 1, &w->e), &w->e);
        g_autoptr (GPtrArray) items = NULL;
        int64_t next;
        assert_ok (work_take (w->db, BINDING, WORK_SCAN, 10000, 2, NULL, &items, &next, &w->e),
                   &w->e);
        for (guint i = 0; i < items->len; i++) {
            struct work_result *r =
                result_of (items->pdata[i], (enum work_outcome) ((round + i) % 3));
            r->status = round % 4 ? FILE_INDEXED : FILE_FAILED;
            finish (w, r);
        }
        delete_key (w, second, dataset_last_commit (w->db));
    }
}

static pid_t start_writer (const struct world *parent, int64_t now_ns)
{
    pid_t pid = fork ();
    assert_true (pid >= 0);
    if (pid > 0)
        return pid;
    struct world w = { .tree = parent->tree, .ctx = parent->ctx, .now_ns = now_ns };
    world_open (&w);
    write_for_ever (&w);
    _exit (0);
}

static void a_kill_leaves_whole_transactions (void **state)
{
    struct world *w = *state;
    g_autoptr (GRand) rand = g_rand_new_with_seed (1);
    int64_t commit = dataset_last_commit (w->db);
    for (int i = 0; i < KILLS; i++) {
        world_close (w);
        pid_t pid = start_writer (w, 10000 * (i + 1)); /* when the last lease has run out */
        g_usleep (
            (gulong) g_rand_int_range (rand, 20000, 80000)); /* the moment is the test's input */
        assert_int_equal (0, kill (pid, SIGKILL));
        int status;
        assert_int_equal (pid, waitpid (pid, &status, 0));
        assert_true (WIFSIGNALED (status)); /* it did not end by itself */
        world_open (w);
        check_invariants (w);
        assert_true (dataset_last_commit (w->db) >= commit);
        commit = dataset_last_commit (w->db);
    }
    assert_true (commit > KILLS);
}

#define T(f) cmocka_unit_test_setup_teardown (f, world_setup, world_teardown)

int main (void)
{
    const struct CMUnitTest tests[] = {
        T (numbers_and_totals_outlive_the_server),
        T (a_file_of_a_newer_version_is_named),
        T (an_older_file_is_made_anew),
        T (an_older_file_is_made_anew_whole_or_not_at_all),
        T (a_rollback_leaves_nothing),
        T (a_dataset_with_rows_is_not_dropped),
        T (orphans_are_removed_and_nothing_else),
        T (files_that_nobody_uses_are_closed_when_there_are_many),
        T (urgent_writers_go_first),
        T (readers_read_while_a_writer_writes),
        T (readers_cannot_write_and_are_interrupted),
        T (a_kill_leaves_whole_transactions),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
