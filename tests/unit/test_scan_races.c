/* The consistency rules of ARCHITECTURE.md, each at the exact moment at which it matters: a store
 * in memory lets the test step in between listing, opening and verifying. Index and scan are the
 * real ones, and so is the worker. */
#include "test.h"

#include "scan_world.h"

static void test_every_object_becomes_a_row (void **state)
{
    struct world *w = *state;
    world_bind_ten (w);
    assert_int_equal (world_file_count (w), 10);
    assert_int_equal (world_progress (w).listed, 10);
    assert_int_equal (world_progress (w).indexed, 10);
    assert_true (world_has_row (w, "k0") && world_has_row (w, "k9"));
}

static void test_bucket_of_one_page_is_counted (void **state)
{
    struct world *w = *state;
    world_put (w, "only", "hello");
    world_bind (w);
    wait_for (world_is_in_state (w, BINDING_RUNNING, BINDING_INCREMENTAL_SCANNING));
    assert_int_equal (world_progress (w).listed, 1);
}

static void test_unchanged_rescan_opens_nothing_and_changes_no_row (void **state)
{
    struct world *w = *state;
    world_bind_ten (w);
    struct index_entry before, after;
    unsigned opens = fake_opens (w->fake);
    assert_true (world_get_row (w, "k5", &before));
    world_rescan (w);
    assert_int_equal (fake_opens (w->fake), opens);
    assert_int_equal (world_progress (w).unchanged, 10);
    assert_true (world_get_row (w, "k5", &after));
    assert_int_equal (after.commit_no, before.commit_no);
}

static void test_rescan_finds_new_changed_and_gone (void **state)
{
    struct world *w = *state;
    struct index_entry before, after;
    world_bind_ten (w);
    assert_true (world_get_row (w, "k3", &before));
    world_put (w, "k3", "other");
    world_put (w, "new", "hello");
    fake_remove (w->fake, "k7");
    world_rescan (w);
    assert_true (world_get_row (w, "k3", &after));
    assert_string_not_equal (after.version.etag, before.version.etag);
    assert_true (world_has_row (w, "new"));
    assert_false (world_has_row (w, "k7"));
    assert_int_equal (world_file_count (w), 10);
}

static void test_failed_page_concludes_nothing (void **state)
{
    struct world *w = *state;
    world_bind_ten (w);
    for (int i = 0; i < 10; i++)
        fake_remove (w->fake, (char[]){ 'k', (char) ('0' + i), 0 });
    static struct step down;
    down = (struct step){
        .point = FAKE_LIST_PAGE, .page = 0, .result = ERR_STORE_DOWN, .always = true
    };
    struct error e;
    fake_set_hook (w->fake, world_step, &down);
    assert_ok (scan_rescan (w->scan, w->binding, NULL, false, false, &e), &e);
    wait_for (world_is_in_state (w, BINDING_RETRYING, BINDING_INCREMENTAL_SCANNING));
    assert_int_equal (world_file_count (w), 10);
    fake_set_hook (w->fake, NULL, NULL);
    wait_for (world_is_in_state (w, BINDING_RUNNING, BINDING_INCREMENTAL_SCANNING));
    wait_for (world_file_count (w) == 0);
}

static void test_gap_keeps_its_rows (void **state)
{
    struct world *w = *state;
    world_bind_ten (w);
    fake_set_gap (w->fake, "k2", "k5");
    fake_remove (w->fake, "k8");
    struct error e;
    assert_ok (scan_rescan (w->scan, w->binding, NULL, false, false, &e), &e);
    wait_for (world_is_in_state (w, BINDING_RETRYING, BINDING_INCREMENTAL_SCANNING));
    wait_for (!world_has_row (w, "k8"));
    assert_true (world_has_row (w, "k2") && world_has_row (w, "k3") && world_has_row (w, "k4"));
    fake_remove (w->fake, "k3");
    fake_set_gap (w->fake, NULL, NULL);
    wait_for (world_is_in_state (w, BINDING_RUNNING, BINDING_INCREMENTAL_SCANNING));
    wait_for (!world_has_row (w, "k3"));
    assert_int_equal (world_file_count (w), 8);
}

static void swap_root_and_empty (struct world *w)
{
    fake_set_root (w->fake, 2);
    for (int i = 0; i < 10; i++)
        fake_remove (w->fake, (char[]){ 'k', (char) ('0' + i), 0 });
}

static void test_swapped_root_deletes_nothing (void **state)
{
    struct world *w = *state;
    world_bind_ten (w);
    swap_root_and_empty (w);
    world_dirty (w, "k4"); /* an event that finds no object */
    struct error e;
    assert_ok (scan_rescan (w->scan, w->binding, NULL, false, false, &e), &e);
    wait_for (world_is_in_state (w, BINDING_RETRYING, BINDING_INCREMENTAL_SCANNING));
    assert_int_equal (world_file_count (w), 10);
    assert_true (world_has_row (w, "k4"));
    assert_ok (scan_rescan (w->scan, w->binding, NULL, false, true, &e), &e);
    wait_for (world_file_count (w) == 0); /* the operator accepted what is there */
    wait_for (world_is_in_state (w, BINDING_RUNNING, BINDING_INCREMENTAL_SCANNING));
}

static void index_k55 (struct world *w)
{
    world_put (w, "k55", "made while the listing runs");
    world_dirty (w, "k55");
    wait_for (world_has_row (w, "k55"));
    /* The listing began before and does not have it. */
    fake_remove (w->fake, "k55");
}

static void put_k55_again (struct world *w)
{
    world_put (w, "k55", "made while the listing runs");
}

static void test_row_newer_than_the_listing_is_not_deleted (void **state)
{
    struct world *w = *state;
    world_bind_ten (w);
    static struct step made;
    made = (struct step){ .w = w, .point = FAKE_LIST_PAGE, .page = 1, .act = index_k55 };
    fake_set_hook (w->fake, world_step, &made);
    world_rescan (w);
    fake_set_hook (w->fake, NULL, NULL);
    assert_true (world_has_row (w, "k55"));
    put_k55_again (w);
    world_rescan (w);
    assert_true (world_has_row (w, "k55"));
    assert_int_equal (world_file_count (w), 11);
}

static void change_k1 (struct world *w)
{
    world_put (w, "k1", "changed while a worker reads it");
}

static void test_object_that_changes_while_it_is_read_is_read_again (void **state)
{
    struct world *w = *state;
    static struct step change;
    change = (struct step){ .w = w, .point = FAKE_VERIFY, .key = "k1", .act = change_k1 };
    fake_set_hook (w->fake, world_step, &change);
    world_bind_ten (w);
    struct index_entry row;
    assert_true (world_get_row (w, "k1", &row));
    assert_int_equal (row.status, FILE_INDEXED);
    assert_int_equal (row.version.size, strlen ("changed while a worker reads it"));
    assert_int_equal (world_progress (w).failed, 0);
}

static void remove_k1 (struct world *w)
{
    fake_remove (w->fake, "k1");
    unsigned before = fake_listings (w->fake);
    struct error e;
    assert_ok (scan_rescan (w->scan, w->binding, NULL, false, false, &e), &e);
    wait_for (fake_listings (w->fake) > before);
}

static void test_object_deleted_while_in_flight_leaves_no_row (void **state)
{
    struct world *w = *state;
    world_bind_ten (w);
    world_put (w, "k1", "again");
    static struct step removed;
    removed = (struct step){ .w = w, .point = FAKE_OPENED, .key = "k1", .act = remove_k1 };
    fake_set_hook (w->fake, world_step, &removed);
    world_dirty (w, "k1");
    wait_for (atomic_load (&removed.times) > 0 && world_is_quiet (w));
    wait_for (world_file_count (w) == 9);
    assert_false (world_has_row (w, "k1"));
}

static void dirty_k2_again (struct world *w)
{
    world_put (w, "k2", "the second change");
    world_dirty (w, "k2");
}

static void test_key_dirtied_while_in_flight_is_taken_again (void **state)
{
    struct world *w = *state;
    world_bind_ten (w);
    static struct step again;
    again = (struct step){ .w = w, .point = FAKE_OPENED, .key = "k2", .act = dirty_k2_again };
    world_put (w, "k2", "first");
    fake_set_hook (w->fake, world_step, &again);
    world_dirty (w, "k2");
    struct index_entry row;
    wait_for (world_get_row (w, "k2", &row) && row.version.size == strlen ("the second change"));
    wait_for (world_is_quiet (w));
}

static void test_nothing_is_written_after_unbind (void **state)
{
    struct world *w = *state;
    world_bind_ten (w);
    static struct step slow;
    slow = (struct step){ .w = w, .point = FAKE_OPENED, .key = "k6", .act = world_unbind };
    world_put (w, "k6", "written after the binding is gone");
    fake_set_hook (w->fake, world_step, &slow);
    world_dirty (w, "k6");
    wait_for (atomic_load (&slow.times) > 0);
    fake_set_hook (w->fake, NULL, NULL);
    int64_t rows = world_file_count (w);
    assert_int_equal (rows, 10);
    struct index_entry row;
    assert_true (world_get_row (w, "k6", &row));
    assert_int_equal (row.version.size, 5);
    world_bind (w); /* and again: the rows are taken over, what changed is read */
    wait_for (world_is_in_state (w, BINDING_RUNNING, BINDING_INCREMENTAL_SCANNING));
    assert_true (world_get_row (w, "k6", &row));
    assert_int_equal (row.version.size, strlen ("written after the binding is gone"));
    assert_int_equal (world_progress (w).unchanged, 9);
}

static void test_restart_takes_up_where_it_was (void **state)
{
    struct world *w = *state;
    world_bind_ten (w);
    scan_free (w->scan);
    world_put (w, "while-down", "x");
    fake_remove (w->fake, "k0");
    world_start_scan (w);
    wait_for (world_has_row (w, "while-down") && !world_has_row (w, "k0"));
    wait_for (world_is_quiet (w));
    assert_int_equal (world_file_count (w), 10);
}

static void test_paused_binding_does_nothing_until_resumed (void **state)
{
    struct world *w = *state;
    struct error e;
    world_bind_ten (w);
    assert_ok (scan_pause (w->scan, w->binding, "", &e), &e);
    assert_true (world_is_in_state (w, BINDING_STOPPED, BINDING_INCREMENTAL_SCANNING));
    assert_err (CONFLICT, scan_pause (w->scan, w->binding, "", &e));
    int64_t commit = world_last_commit (w);
    world_put (w, "k1", "changed while paused");
    assert_err (CONFLICT, scan_rescan (w->scan, w->binding, NULL, false, false, &e));
    assert_int_equal (world_last_commit (w), commit);
    assert_ok (scan_resume (w->scan, w->binding, &e), &e);
    struct index_entry row;
    wait_for (world_get_row (w, "k1", &row) && row.version.size == strlen ("changed while paused"));
}

static void test_hints_are_looked_up_and_no_more (void **state)
{
    struct world *w = *state;
    struct error e;
    struct index_entry row;
    const char *const keys[] = { "k3", "k7", "nobody", "new", "k5", "k3" };
    world_bind_ten (w);
    wait_for (world_is_quiet (w));
    unsigned pages = fake_pages (w->fake);
    world_put (w, "k3", "other than before");
    world_put (w, "new", "hello");
    fake_remove (w->fake, "k7");
    assert_ok (scan_hint (w->scan, w->binding, keys, G_N_ELEMENTS (keys), &e), &e);
    wait_for (world_is_quiet (w));
    assert_true (world_get_row (w, "k3", &row));
    assert_int_equal (row.version.size, strlen ("other than before"));
    assert_true (world_has_row (w, "new"));
    assert_false (world_has_row (w, "k7"));
    assert_false (world_has_row (w, "nobody"));
    assert_int_equal (world_file_count (w), 10);
    assert_int_equal (world_progress (w).deleted, 1);
    assert_int_equal (fake_pages (w->fake), pages);
    assert_err (NOT_FOUND, scan_hint (w->scan, w->binding + 1, keys, 1, &e));
}

static void test_hints_for_a_paused_binding_wait (void **state)
{
    struct world *w = *state;
    struct error e;
    const char *const keys[] = { "k1" };
    world_bind_ten (w);
    assert_ok (scan_pause (w->scan, w->binding, "", &e), &e);
    world_put (w, "k1", "changed while paused");
    assert_ok (scan_hint (w->scan, w->binding, keys, 1, &e), &e);
    assert_int_equal (world_progress (w).pending, 1);
    assert_ok (scan_resume (w->scan, w->binding, &e), &e);
    struct index_entry row;
    wait_for (world_get_row (w, "k1", &row) && row.version.size == strlen ("changed while paused"));
}

int main (void)
{
#define RACE(f) cmocka_unit_test_setup_teardown (f, world_setup, world_teardown)
    const struct CMUnitTest tests[] = {
        RACE (test_every_object_becomes_a_row),
        RACE (test_bucket_of_one_page_is_counted),
        RACE (test_unchanged_rescan_opens_nothing_and_changes_no_row),
        RACE (test_rescan_finds_new_changed_and_gone),
        RACE (test_failed_page_concludes_nothing),
        RACE (test_gap_keeps_its_rows),
        RACE (test_swapped_root_deletes_nothing),
        RACE (test_row_newer_than_the_listing_is_not_deleted),
        RACE (test_object_that_changes_while_it_is_read_is_read_again),
        RACE (test_object_deleted_while_in_flight_leaves_no_row),
        RACE (test_key_dirtied_while_in_flight_is_taken_again),
        RACE (test_nothing_is_written_after_unbind),
        RACE (test_restart_takes_up_where_it_was),
        RACE (test_paused_binding_does_nothing_until_resumed),
        RACE (test_hints_are_looked_up_and_no_more),
        RACE (test_hints_for_a_paused_binding_wait),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
