/* What goes wrong around a scan, and requests that come at a bad moment: nothing is lost, deleted
 * or left undone. The world is that of scan_world.h. */
#include "test.h"

#include "index/dataset.h"
#include "scan_world.h"

static struct dataset_db *open_db (struct world *w)
{
    struct dataset_db *db;
    struct error e;
    assert_ok (datasets_get (w->datasets, w->dataset, &db, &e), &e);
    return db;
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
    struct dataset_db *db = open_db (w);
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

int main (void)
{
#define FAULT(f) cmocka_unit_test_setup_teardown (f, world_setup, world_teardown)
    const struct CMUnitTest tests[] = {
        FAULT (test_restart_without_the_root_deletes_nothing),
        FAULT (test_no_file_in_another_root_deletes_nothing),
        FAULT (test_object_that_was_away_for_a_moment_stays),
        FAULT (test_mount_event_in_a_batch_is_seen),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
