/* The SQL interface on the SQLite driver: values, cached statements, limits, logs. */
#include "test.h"

#include "base/limits.h"
#include "index/sql.h"
#include "tree.h"

struct world {
    struct tree tree;
    char *path;
    struct sql *s;
    struct error e;
};

static int setup (void **state)
{
    struct world *w = g_new0 (struct world, 1);
    tree_init (&w->tree);
    w->path = g_build_filename (w->tree.path, "x.db", NULL);
    assert_ok (sql_open (&sql_sqlite, w->path, SQL_CREATE | SQL_TIDY_LATER, &w->s, &w->e), &w->e);
    assert_ok (sql_exec (w->s, "CREATE TABLE t (a INTEGER, b TEXT)", &w->e), &w->e);
    *state = w;
    return 0;
}

static int teardown (void **state)
{
    struct world *w = *state;
    sql_close (w->s);
    tree_clear (&w->tree);
    g_free (w->path);
    g_free (w);
    return 0;
}

static struct sql_stmt *prepare (struct world *w, const char *text)
{
    struct sql_stmt *st = NULL;
    assert_ok (sql_prepare (w->s, text, &st, &w->e), &w->e);
    return st;
}

static void insert (struct world *w, int64_t a, const char *b)
{
    struct sql_stmt *st = prepare (w, "INSERT INTO t VALUES (?, ?)");
    sql_bind_int (st, 1, a);
    sql_bind_text (st, 2, b);
    assert_ok (sql_run (st, &w->e), &w->e);
    assert_int_equal (1, sql_changes (w->s));
}

static void values_come_back_as_they_went (void **state)
{
    struct world *w = *state;
    bool has_row;
    insert (w, INT64_MIN, "'\"\xc3\xa9");
    insert (w, INT64_MAX, NULL);
    struct sql_stmt *st = prepare (w, "SELECT a, b FROM t ORDER BY a");
    assert_ok (sql_step (st, &has_row, &w->e), &w->e);
    size_t len;
    assert_true (has_row && sql_get_int (st, 0) == INT64_MIN);
    assert_string_equal ("'\"\xc3\xa9", sql_get_text_len (st, 1, &len));
    assert_int_equal (4, len);
    assert_ok (sql_step (st, &has_row, &w->e), &w->e);
    assert_true (has_row && sql_is_null (st, 1) && sql_get_int (st, 0) == INT64_MAX);
    assert_ok (sql_step (st, &has_row, &w->e), &w->e);
    assert_false (has_row);
    sql_finish (st);
}

static void a_finished_statement_forgets_its_values (void **state)
{
    struct world *w = *state;
    bool has_row;
    insert (w, 5, "x");
    struct sql_stmt *st = prepare (w, "INSERT INTO t VALUES (?, ?)");
    assert_ok (sql_run (st, &w->e), &w->e);
    st = prepare (w, "SELECT count(*) FROM t WHERE a IS NULL AND b IS NULL");
    assert_ok (sql_step (st, &has_row, &w->e), &w->e);
    assert_int_equal (1, sql_get_int (st, 0));
    sql_finish (st);
}

static void the_same_text_may_be_used_twice_at_a_time (void **state)
{
    struct world *w = *state;
    bool has_row;
    insert (w, 1, "x");
    insert (w, 2, "y");
    struct sql_stmt *one = prepare (w, "SELECT a FROM t ORDER BY a");
    assert_ok (sql_step (one, &has_row, &w->e), &w->e);
    struct sql_stmt *two = prepare (w, "SELECT a FROM t ORDER BY a");
    assert_ok (sql_step (two, &has_row, &w->e), &w->e);
    assert_int_equal (1, sql_get_int (two, 0));
    sql_finish (two);
    assert_ok (sql_step (one, &has_row, &w->e), &w->e);
    assert_int_equal (2, sql_get_int (one, 0));
    sql_finish (one);
}

static void more_texts_than_are_kept_work_too (void **state)
{
    struct world *w = *state;
    bool has_row;
    struct sql_stmt *held = prepare (w, "SELECT 'held'");
    for (int i = 0; i < LIMIT_STATEMENTS * 2; i++) {
        g_autofree char *text = g_strdup_printf ("SELECT %d", i);
        struct sql_stmt *st = prepare (w, text);
        assert_ok (sql_step (st, &has_row, &w->e), &w->e);
        assert_int_equal (i, sql_get_int (st, 0));
        sql_finish (st);
    }
    assert_ok (sql_step (held, &has_row, &w->e), &w->e);
    assert_string_equal ("held", sql_get_text (held, 0));
    sql_finish (held);
}

static void a_value_over_the_limit_is_refused_not_lost (void **state)
{
    struct world *w = *state;
    g_autofree char *big = g_strnfill (LIMIT_SQL_VALUE + 1, 'x');
    struct sql_stmt *st = prepare (w, "INSERT INTO t VALUES (1, ?)");
    sql_bind_text (st, 1, big);
    assert_err (DATABASE, sql_run (st, &w->e));
    st = prepare (w, "INSERT INTO t VALUES (1, ?)"); /* and the statement is as new */
    sql_bind_text (st, 1, "small");
    assert_ok (sql_run (st, &w->e), &w->e);
}

static void errors_have_names (void **state)
{
    struct world *w = *state;
    struct sql_stmt *st = NULL;
    struct sql *other = NULL;
    assert_err (DATABASE, sql_prepare (w->s, "SELECT nothing", &st, &w->e));
    assert_non_null (strstr (w->e.message, "x.db"));
    assert_err (DATABASE, sql_open (&sql_sqlite, "/nonexistent/x.db", 0, &other, &w->e));
    assert_err (DATABASE, sql_exec (w->s, "ATTACH 'y.db' AS y", &w->e));
    /* A quoted name that is no column is not taken for a text. */
    assert_err (DATABASE, sql_prepare (w->s, "SELECT \"nothing\" FROM t", &st, &w->e));
}

static void a_failed_transaction_can_be_rolled_back_and_begun_again (void **state)
{
    struct world *w = *state;
    assert_ok (sql_begin (w->s, SQL_DURABLE, &w->e), &w->e);
    insert (w, 1, "x");
    sql_rollback (w->s);
    sql_rollback (w->s);
    assert_ok (sql_begin (w->s, SQL_REBUILDABLE, &w->e), &w->e);
    insert (w, 2, "y");
    assert_ok (sql_commit (w->s, &w->e), &w->e);
    bool has_row;
    struct sql_stmt *st = prepare (w, "SELECT sum(a) FROM t");
    assert_ok (sql_step (st, &has_row, &w->e), &w->e);
    assert_int_equal (2, sql_get_int (st, 0));
    sql_finish (st);
}

static void another_session_tidies_the_log (void **state)
{
    struct world *w = *state;
    struct sql *tidier = NULL;
    g_autofree char *big = g_strnfill (1 << 20, 'x');
    assert_ok (sql_open (&sql_sqlite, w->path, 0, &tidier, &w->e), &w->e);
    for (int i = 0; i < 4; i++)
        insert (w, i, big);
    size_t before = sql_untidy_bytes (w->s);
    assert_in_range (before, 4 << 20, 8 << 20);
    sql_tidy (tidier);
    insert (w, 9, "small");
    assert_true (sql_untidy_bytes (w->s) < before / 8); /* it began anew */
    sql_close (tidier);
}

/* What was made in a transaction that never was is looked for anew. */
static void a_rollback_forgets_numbers (void **state)
{
    struct world *w = *state;
    int64_t number = 0;
    assert_false (sql_recall (w->s, "jpeg", &number));
    assert_ok (sql_begin (w->s, SQL_REBUILDABLE, &w->e), &w->e);
    sql_remember (w->s, "jpeg", 7);
    assert_true (sql_recall (w->s, "jpeg", &number));
    assert_int_equal (number, 7);
    sql_rollback (w->s);
    assert_false (sql_recall (w->s, "jpeg", &number));
    assert_ok (sql_begin (w->s, SQL_REBUILDABLE, &w->e), &w->e);
    sql_remember (w->s, "jpeg", 8);
    assert_ok (sql_commit (w->s, &w->e), &w->e);
    assert_true (sql_recall (w->s, "jpeg", &number));
    assert_int_equal (number, 8);
}

static void few_numbers_are_remembered (void **state)
{
    struct world *w = *state;
    int64_t number = 0;
    for (int i = 0; i <= LIMIT_NUMBERS; i++) {
        g_autofree char *text = g_strdup_printf ("text %d", i);
        sql_remember (w->s, text, i);
    }
    assert_true (sql_recall (w->s, "text 4096", &number));
    assert_int_equal (number, 4096);
    assert_false (sql_recall (w->s, "text 0", &number));
}

#define T(f) cmocka_unit_test_setup_teardown (f, setup, teardown)

int main (void)
{
    const struct CMUnitTest tests[] = {
        T (values_come_back_as_they_went),
        T (a_finished_statement_forgets_its_values),
        T (the_same_text_may_be_used_twice_at_a_time),
        T (more_texts_than_are_kept_work_too),
        T (a_value_over_the_limit_is_refused_not_lost),
        T (errors_have_names),
        T (a_failed_transaction_can_be_rolled_back_and_begun_again),
        T (a_rollback_forgets_numbers),
        T (few_numbers_are_remembered),
        T (another_session_tidies_the_log),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
