/* What goes wrong around a scan, and requests that come at a bad moment: nothing is lost, deleted
 * or left undone. The world is that of scan_world.h. */
#include "test.h"

#include "scan_world.h"

static struct bound *the_bound_locked (struct world *w)
{
    return g_hash_table_lookup (w->scan->bounds, &w->binding);
}

static struct bound *the_bound (struct world *w)
{
    pthread_mutex_lock (&w->scan->lock);
    struct bound *b = the_bound_locked (w);
    pthread_mutex_unlock (&w->scan->lock);
    assert_non_null (b);
    return b;
}

static bool is_walking (struct world *w)
{
    struct bound *b = the_bound (w);
    pthread_mutex_lock (&w->scan->lock);
    bool is = b->ranges_running > 0;
    pthread_mutex_unlock (&w->scan->lock);
    return is;
}

static void run_sql (struct world *w, const char *script)
{
    _cleanup_dataset_ struct dataset_db *db = world_open_db (w);
    struct sql *s;
    struct error e;
    int64_t commit;
    assert_ok (dataset_write (db, true, SQL_REBUILDABLE, &s, &commit, &e), &e);
    enum err r = sql_exec (s, script, &e);
    assert_ok (dataset_end (db, r, &e), &e);
}

static void remove_ten (struct world *w)
{
    for (int i = 0; i < 10; i++)
        fake_remove (w->fake, (char[]){ 'k', (char) ('0' + i), 0 });
}

/* ---- A root that is not the one that was bound ---- */

/* The listing fails only after the work was tried: then nothing but the index knows the root. */
static void wait_until_work_was_tried (struct world *w)
{
    int64_t until = clock_mono_ms () + 1500;
    while (fake_opens (w->fake) < 12 && clock_mono_ms () < until)
        usleep (1000);
}

static void test_restart_without_the_root_deletes_nothing (void **state)
{
    struct world *w = *state;
    world_bind_ten (w);
    assert_int_equal (fake_opens (w->fake), 10);
    scan_free (w->scan);
    const struct work_dirty dirty[] = { { "k3", 0 }, { "k4", 0 } };
    struct error e;
    struct dataset_db *db = world_open_db (w);
    assert_ok (work_mark_dirty (db, w->binding, dirty, 2, &e), &e);
    dataset_db_unref (db);
    fake_set_root (w->fake, 2);
    remove_ten (w);
    static struct step down;
    down = (struct step){ .w = w,
                          .point = FAKE_LIST_OPEN,
                          .act = wait_until_work_was_tried,
                          .result = ERR_STORE_DOWN,
                          .always = true };
    fake_set_hook (w->fake, world_step, &down);
    world_start_scan (w);
    wait_for (atomic_load (&down.times) > 1);
    assert_int_equal (world_file_count (w), 10);
}

static void test_no_file_in_another_root_deletes_nothing (void **state)
{
    struct world *w = *state;
    world_bind_ten (w);
    fake_set_root (w->fake, 2);
    static struct step folder;
    folder = (struct step){ .point = FAKE_OPEN, .key = "k4", .result = ERR_NOT_A_FILE };
    fake_set_hook (w->fake, world_step, &folder);
    world_dirty (w, "k4");
    wait_for (world_is_in_state (w, BINDING_RETRYING, BINDING_INCREMENTAL_SCANNING));
    assert_int_equal (world_file_count (w), 10);
    assert_true (world_has_row (w, "k4"));
}

static void test_object_that_was_away_for_a_moment_stays (void **state)
{
    struct world *w = *state;
    struct index_entry before, after;
    world_bind_ten (w);
    assert_true (world_get_row (w, "k4", &before));
    static struct step away;
    away = (struct step){ .point = FAKE_OPEN, .key = "k4", .result = ERR_NO_OBJECT };
    fake_set_hook (w->fake, world_step, &away);
    world_dirty (w, "k4");
    wait_for (atomic_load (&away.times) && world_is_quiet (w));
    assert_true (world_get_row (w, "k4", &after));
    assert_int_equal (after.commit_no, before.commit_no);
}

static void test_mount_event_in_a_batch_is_seen (void **state)
{
    struct world *w = *state;
    world_bind_ten (w);
    fake_set_root (w->fake, 2);
    const struct watch_event events[] = { { WATCH_CLOSED, "k1" }, { WATCH_MOUNTS, "" } };
    events_receive (w->scan, w->binding, events, 2);
    wait_for (world_is_in_state (w, BINDING_RETRYING, BINDING_INCREMENTAL_SCANNING));
}

/* ---- Gaps and pauses ---- */

static void test_gap_does_not_hold_up_the_rest (void **state)
{
    struct world *w = *state;
    world_bind_ten (w);
    pthread_mutex_lock (&w->scan->lock);
    w->scan->o.retry_interval_s = 3600;
    pthread_mutex_unlock (&w->scan->lock);
    fake_set_gap (w->fake, "k2", "k5");
    struct error e;
    assert_ok (scan_rescan (w->scan, w->binding, NULL, false, false, &e), &e);
    wait_for (world_is_in_state (w, BINDING_RETRYING, BINDING_INCREMENTAL_SCANNING));
    world_put (w, "k8", "changed");
    world_dirty (w, "k8");
    struct index_entry row;
    wait_for (world_get_row (w, "k8", &row) && row.version.size == strlen ("changed"));
}

static void pause_it (struct world *w)
{
    struct error e;
    assert_ok (scan_pause (w->scan, w->binding, "enough", &e), &e);
}

static void test_gap_does_not_end_a_pause (void **state)
{
    struct world *w = *state;
    world_bind_ten (w);
    fake_set_gap (w->fake, "k2", "k5");
    static struct step last;
    last = (struct step){ .w = w, .point = FAKE_LIST_PAGE, .page = 2, .act = pause_it };
    fake_set_hook (w->fake, world_step, &last);
    struct error e;
    assert_ok (scan_rescan (w->scan, w->binding, NULL, false, false, &e), &e);
    wait_for (atomic_load (&last.times) && !is_walking (w));
    assert_true (world_is_in_state (w, BINDING_STOPPED, BINDING_INCREMENTAL_SCANNING));
}

/* ---- The index fails ---- */

static void test_results_that_cannot_be_stored_are_tried_again_later (void **state)
{
    struct world *w = *state;
    world_bind_ten (w);
    run_sql (w, "ALTER TABLE doc RENAME TO away");
    unsigned opens = fake_opens (w->fake);
    world_put (w, "k1", "changed");
    world_dirty (w, "k1");
    wait_for (world_is_in_state (w, BINDING_RETRYING, BINDING_INCREMENTAL_SCANNING));
    usleep (500000); /* it does not try as fast as it can */
    assert_in_range (fake_opens (w->fake) - opens, 1, 20);
    run_sql (w, "ALTER TABLE away RENAME TO doc");
    struct index_entry row;
    wait_for (world_get_row (w, "k1", &row) && row.version.size == strlen ("changed"));
    wait_for (world_is_in_state (w, BINDING_RUNNING, BINDING_INCREMENTAL_SCANNING));
}

/* ---- A file that never rests ---- */

static bool has_size (struct world *w, const char *key, size_t size)
{
    struct index_entry row;
    return world_get_row (w, key, &row) && row.version.size == size;
}

/* Its work is a minute old. After it was stored as it is, its writer goes on, and nobody tells. */
static void test_restless_file_is_looked_at_again (void **state)
{
    struct world *w = *state;
    world_bind_ten (w);
    world_put (w, "k1", "half");
    fake_touch (w->fake, "k1", clock_now_ns ());
    run_sql (w,
             "INSERT INTO work VALUES (1, 'k1', 1000000, 0, 1, 1, 0, 0, 1, '', NULL, NULL, NULL);"
             "UPDATE binding SET pending = pending + 1");
    scan_kick (w->scan, w->binding);
    wait_for (has_size (w, "k1", strlen ("half")));
    world_put (w, "k1", "the whole");
    wait_for (has_size (w, "k1", strlen ("the whole")));
    wait_for (world_is_quiet (w));
}

/* ---- A clock that was set back ---- */

static void test_work_of_a_later_day_is_done_today (void **state)
{
    struct world *w = *state;
    world_bind_ten (w);
    int64_t tomorrow_ns = clock_now_ns () + 86400 * NS_PER_S;
    world_put (w, "k1", "changed");
    g_autofree char *script =
        g_strdup_printf ("INSERT INTO work VALUES (1, 'k1', 1000000, 0, %" G_GINT64_FORMAT
                         ", 1, 0, 0, 1, '', NULL, NULL, NULL);"
                         "UPDATE binding SET pending = pending + 1",
                         tomorrow_ns);
    run_sql (w, script);
    pthread_mutex_lock (&w->scan->lock);
    the_bound_locked (w)->next_work_ns = tomorrow_ns;
    pthread_mutex_unlock (&w->scan->lock);
    wait_for (has_size (w, "k1", strlen ("changed")));
}

/* ---- Requests that come at a bad moment ---- */

/* The scan thread waits for its turn to write that a scan begins. */
static void test_reindex_that_comes_while_a_scan_begins_is_done (void **state)
{
    struct world *w = *state;
    world_bind_ten (w);
    run_sql (w, "UPDATE object SET operators = 1");
    unsigned before = fake_listings (w->fake);
    _cleanup_dataset_ struct dataset_db *db = world_open_db (w);
    struct error e;
    struct sql *s;
    int64_t commit;
    assert_ok (dataset_write (db, true, SQL_REBUILDABLE, &s, &commit, &e), &e);
    assert_ok (scan_rescan (w->scan, w->binding, NULL, false, false, &e), &e);
    wait_for (dataset_waiting (db) == 1);
    assert_ok (scan_rescan (w->scan, w->binding, NULL, true, false, &e), &e);
    dataset_rollback (db);
    wait_for (fake_listings (w->fake) >= before + 2 && world_is_quiet (w));
    struct index_entry row;
    assert_true (world_get_row (w, "k3", &row));
    assert_int_not_equal (row.operators, 1);
}

/* What an older extractor made nothing of, this one may; what this one Failed stays so. */
static void test_other_extractors_look_again (void **state)
{
    struct world *w = *state;
    world_bind_ten (w);
    run_sql (w, "UPDATE object SET status = 2 WHERE uri LIKE '%k3' OR uri LIKE '%k4';"
                "UPDATE object SET extractor = extractor - 1 WHERE uri LIKE '%k3'");
    unsigned before = fake_opens (w->fake);
    world_rescan (w);
    struct index_entry row;
    wait_for (world_get_row (w, "k3", &row) && row.status == FILE_INDEXED && world_is_quiet (w));
    assert_int_equal (row.extractor, pool_extractor_version ());
    assert_true (world_get_row (w, "k4", &row));
    assert_int_equal (row.status, FILE_FAILED);
    assert_int_equal (fake_opens (w->fake), before + 1);
}

/* A full scan's range and another end at once, on two threads: each has seen that of the other. */
static void test_full_scan_ends_whichever_range_is_last (void **state)
{
    struct world *w = *state;
    world_bind_ten (w);
    struct bound *b = the_bound (w);
    struct error e;
    assert_ok (catalog_set_binding_state (w->catalog, w->binding, BINDING_RUNNING,
                                          BINDING_FULL_SCANNING, "", false, &e),
               &e);
    pthread_mutex_lock (&w->scan->lock);
    b->phase = BINDING_FULL_SCANNING;
    b->ranges_done_ms = 0;
    b->next_scan_ms = INT64_MAX;
    b->is_scanning = true;
    b->ranges_running = 2;
    pthread_mutex_unlock (&w->scan->lock);
    const struct range partial = { .flags = RANGE_PARTIAL };
    ranges_ended (b, &partial, 0);
    ranges_ended (b, &partial, 0);
    wait_for (world_is_in_state (w, BINDING_RUNNING, BINDING_INCREMENTAL_SCANNING));
    pthread_mutex_lock (&w->scan->lock);
    bool has_next = b->next_scan_ms < INT64_MAX;
    pthread_mutex_unlock (&w->scan->lock);
    assert_true (has_next);
}

/* More than can be cleared up while a server stops, which the next start does not wait for. */
static void test_clearing_up_is_interrupted_and_taken_up_again (void **state)
{
    struct world *w = *state;
    world_bind_ten (w);
    run_sql (w, "INSERT INTO work WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n"
                " LIMIT 400000) SELECT 1, 'w' || x, 1000000 + x, 1, 9e18, 1, 0, 0, 1, '', NULL, "
                "NULL, NULL FROM n;"
                "UPDATE binding SET pending = 400000; UPDATE dataset SET next_id = 2000000");
    world_unbind (w);
    wait_for (world_query (w, "SELECT count(*) FROM work") < 400000);
    int64_t start = clock_mono_ms ();
    scan_free (w->scan);
    assert_in_range (clock_mono_ms () - start, 0, 1500);
    int64_t left = world_query (w, "SELECT count(*) FROM work");
    assert_in_range (left, 100000, 399999);
    start = clock_mono_ms ();
    world_start_scan (w);
    assert_in_range (clock_mono_ms () - start, 0, 1500);
    wait_for (world_query (w, "SELECT count(*) FROM work") < left);
    assert_int_equal (world_file_count (w), 10);
}

static void *purge (void *arg)
{
    struct world *w = arg;
    struct error e;
    int64_t removed;
    return GINT_TO_POINTER (scan_purge (w->scan, w->dataset, "fake", &removed, &e));
}

static void test_binding_made_during_a_purge_has_all_rows (void **state)
{
    struct world *w = *state;
    struct error e;
    int64_t removed;
    world_bind_ten (w);
    assert_err (CONFLICT, scan_purge (w->scan, w->dataset, "fake", &removed, &e));
    world_unbind (w);
    _cleanup_dataset_ struct dataset_db *db = world_open_db (w);
    struct sql *s;
    int64_t commit;
    pthread_mutex_lock (&w->scan->lock);
    while (w->scan->ended->len) {
        pthread_mutex_unlock (&w->scan->lock);
        usleep (1000);
        pthread_mutex_lock (&w->scan->lock);
    }
    pthread_mutex_unlock (&w->scan->lock);
    assert_ok (dataset_write (db, true, SQL_REBUILDABLE, &s, &commit, &e), &e);
    pthread_t thread = thread_start ("purge", purge, w);
    wait_for (dataset_waiting (db) == 1); /* the purge waits for its turn, and is overtaken */
    world_bind (w);
    for (int i = 0; i < 50; i++, usleep (2000))
        assert_int_equal (dataset_waiting (db), 1); /* the binding has not begun */
    dataset_rollback (db);
    void *purged;
    pthread_join (thread, &purged);
    assert_int_equal (GPOINTER_TO_INT (purged), ERR_OK);
    wait_for (world_is_in_state (w, BINDING_RUNNING, BINDING_INCREMENTAL_SCANNING));
    assert_int_equal (world_file_count (w), 10);
}

/* Deletes the next binding when its dataset's file is being made: the scan has read it from the
 * catalogue, but does not have it yet. */
static void *delete_next (void *arg)
{
    struct world *w = arg;
    struct error e;
    int64_t id = w->binding + 1;
    g_autofree char *path = g_strdup_printf ("%s/datasets/2.db", w->dir);
    while (access (path, F_OK) != 0)
        sched_yield ();
    assert_ok (catalog_delete_binding (w->catalog, id, &e), &e);
    return GINT_TO_POINTER (scan_unbind (w->scan, id, 2, &e));
}

static void test_binding_deleted_as_it_is_made_is_gone (void **state)
{
    struct world *w = *state;
    struct error e;
    world_bind_ten (w);
    world_unbind (w);
    struct dataset d = { .project_id = 1,
                         .name = "new", /* to make its file takes a while */
                         .description = "",
                         .template_id = "",
                         .workflow_parameters = "",
                         .quotas = { 10, 1000, 1000, 1000, 1000 } };
    assert_ok (catalog_create_dataset (w->catalog, &d, &e), &e);
    struct binding b = {
        .dataset_id = d.id, .bucket = "fake", .state = BINDING_RUNNING, .reason = ""
    };
    pthread_t thread = thread_start ("delete", delete_next, w);
    assert_ok (catalog_create_binding (w->catalog, &b, &e), &e);
    enum err r = scan_bind (w->scan, b.id, &e);
    assert_true (r == ERR_OK || r == ERR_NOT_FOUND);
    pthread_join (thread, NULL);
    struct scan_progress p;
    assert_err (NOT_FOUND, scan_get_progress (w->scan, b.id, &p, &e));
    pthread_mutex_lock (&w->scan->lock);
    guint left = g_hash_table_size (w->scan->bounds);
    pthread_mutex_unlock (&w->scan->lock);
    assert_int_equal (left, 0);
}

static void test_prefixes_that_are_asked_for_do_not_pile_up (void **state)
{
    struct world *w = *state;
    struct error e;
    world_bind_ten (w);
    pthread_mutex_lock (&w->scan->lock);
    the_bound_locked (w)->is_planning = true; /* no scan thread takes them */
    pthread_mutex_unlock (&w->scan->lock);
    guint most = 0;
    for (int i = 0; i < 2 * SCAN_PREFIXES_MAX; i++) {
        g_autofree char *prefix = g_strdup_printf ("k%d/", i);
        assert_ok (scan_rescan (w->scan, w->binding, prefix, false, false, &e), &e);
        pthread_mutex_lock (&w->scan->lock);
        most = MAX (most, g_hash_table_size (the_bound_locked (w)->prefixes));
        pthread_mutex_unlock (&w->scan->lock);
    }
    assert_in_range (most, 1, SCAN_PREFIXES_MAX);
}

static atomic_int_fast64_t due_in_ms;

static void ask_when_due (struct world *w)
{
    pthread_mutex_lock (&w->scan->lock);
    int64_t now = clock_mono_ms ();
    atomic_store (&due_in_ms, ranges_next_due_ms (w->scan, now) - now);
    pthread_mutex_unlock (&w->scan->lock);
}

static void test_idle_scan_thread_sleeps_while_another_walks (void **state)
{
    struct world *w = *state;
    static struct step walking;
    walking = (struct step){ .w = w, .point = FAKE_LIST_PAGE, .page = 1, .act = ask_when_due };
    fake_set_hook (w->fake, world_step, &walking);
    world_bind_ten (w);
    assert_in_range (atomic_load (&due_in_ms), 500, 1000);
}

int main (void)
{
#define FAULT(f) cmocka_unit_test_setup_teardown (f, world_setup, world_teardown)
    const struct CMUnitTest tests[] = {
        FAULT (test_restart_without_the_root_deletes_nothing),
        FAULT (test_no_file_in_another_root_deletes_nothing),
        FAULT (test_object_that_was_away_for_a_moment_stays),
        FAULT (test_mount_event_in_a_batch_is_seen),
        FAULT (test_gap_does_not_hold_up_the_rest),
        FAULT (test_gap_does_not_end_a_pause),
        FAULT (test_results_that_cannot_be_stored_are_tried_again_later),
        FAULT (test_restless_file_is_looked_at_again),
        FAULT (test_work_of_a_later_day_is_done_today),
        FAULT (test_prefixes_that_are_asked_for_do_not_pile_up),
        FAULT (test_reindex_that_comes_while_a_scan_begins_is_done),
        FAULT (test_other_extractors_look_again),
        FAULT (test_full_scan_ends_whichever_range_is_last),
        FAULT (test_clearing_up_is_interrupted_and_taken_up_again),
        FAULT (test_binding_made_during_a_purge_has_all_rows),
        FAULT (test_binding_deleted_as_it_is_made_is_gone),
        FAULT (test_idle_scan_thread_sleeps_while_another_walks),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
