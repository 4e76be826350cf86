/* Scans of a remote bucket by several ranges at once: every key is seen once, whatever stops or
 * fails, and what one range meets is no matter of the others. */
#include "test.h"

#include "scan_world.h"

/* How many there were since the dataset was made. */
static int64_t ranges_made (struct world *w)
{
    return world_query (w, "SELECT seq FROM sqlite_sequence WHERE name = 'range'");
}

static void put_many (struct world *w, int n)
{
    for (int i = 0; i < n; i++) {
        g_autofree char *key = g_strdup_printf ("%c/%04d", 'a' + i % 5, i);
        world_put (w, key, "hello");
    }
}

static bool is_done (struct world *w)
{
    return world_is_in_state (w, BINDING_RUNNING, BINDING_INCREMENTAL_SCANNING) &&
           world_is_quiet (w);
}

static void stop_scan (struct world *w)
{
    scan_free (w->scan);
    w->scan = NULL;
}

/* The bucket k0 ... k9 is indexed, and the next start finds a scan that was split at `bounds`. */
static void stop_before_scan (struct world *w, const char *const *bounds)
{
    struct error e;
    world_bind_ten (w);
    stop_scan (w);
    _cleanup_dataset_ struct dataset_db *db = world_open_db (w);
    assert_ok (work_start_scan (db, w->binding, NULL, bounds, 0, &e), &e);
}

/* ---- splitting ---- */

/* Runs on the thread that walks: the others have seen that nothing is left for them. */
static void wait_for_idle_threads (struct world *w)
{
    int64_t until = clock_mono_ms () + WAIT_MS;
    GHashTableIter iter;
    struct bound *b = NULL;
    pthread_mutex_lock (&w->scan->lock);
    g_hash_table_iter_init (&iter, w->scan->bounds);
    g_hash_table_iter_next (&iter, NULL, (void **) &b);
    pthread_mutex_unlock (&w->scan->lock);
    while (b && !ranges_should_split (b) && clock_mono_ms () < until)
        usleep (1000);
}

static void test_long_first_scan_is_split (void **state)
{
    struct world *w = *state;
    static struct step step;
    step = (struct step){
        .w = w, .point = FAKE_LIST_PAGE, .page = LIMIT_SPLIT_PAGES - 1, .act = wait_for_idle_threads
    };
    fake_set_hook (w->fake, world_step, &step);
    put_many (w, 300);
    world_bind (w);
    wait_for (is_done (w));
    assert_int_equal (world_file_count (w), 300);
    assert_int_equal (world_progress (w).listed, 300);
    assert_int_equal (world_progress (w).indexed, 300);
    assert_true (world_progress (w).scan_end_ns > 0);
    assert_in_range (ranges_made (w), 3, 300);
}

static void test_short_scan_is_not_split (void **state)
{
    struct world *w = *state;
    world_bind_ten (w);
    assert_int_equal (ranges_made (w), 1);
    assert_in_range (fake_pages (w->fake), 4, 5);
}

static void test_rescan_is_split_by_the_index_and_writes_no_row (void **state)
{
    struct world *w = *state;
    fake_set_page_size (w->fake, 1000);
    put_many (w, 3 * LIMIT_SPLIT_ROWS);
    world_bind (w);
    wait_for (is_done (w));
    int64_t ranges = ranges_made (w),
            commit = world_query (w, "SELECT max (commit_no) FROM object");
    unsigned fetches = fake_fetches (w->fake);
    world_rescan (w);
    wait_for (is_done (w));
    assert_in_range (ranges_made (w) - ranges, 3, LIMIT_SPLIT_RANGES);
    assert_int_equal (fake_fetches (w->fake), fetches);
    assert_int_equal (fake_opens (w->fake), 0);
    assert_int_equal (world_query (w, "SELECT max (commit_no) FROM object"), commit);
    assert_int_equal (world_progress (w).unchanged, 3 * LIMIT_SPLIT_ROWS);
    assert_int_equal (world_progress (w).listed, 3 * LIMIT_SPLIT_ROWS);
}

/* Bounds that are keys, that were keys, with nothing between them. */
static void test_borders_of_ranges (void **state)
{
    struct world *w = *state;
    static const char *const bounds[] = { "j", "k2", "k2x", "k4", "k5", "k9", "l", NULL };
    stop_before_scan (w, bounds);
    static const char *const gone[] = { "k0", "k2", "k3", "k5", "k9" };
    static const char *const made[] = { "a", "k2x", "k2xx", "k5\001", "k99", "l", "l1" };
    for (size_t i = 0; i < N_ELEMENTS (gone); i++)
        fake_remove (w->fake, gone[i]);
    for (size_t i = 0; i < N_ELEMENTS (made); i++)
        world_put (w, made[i], "hello");
    world_start_scan (w);
    wait_for (world_file_count (w) == 10 - (int) N_ELEMENTS (gone) + (int) N_ELEMENTS (made));
    for (size_t i = 0; i < N_ELEMENTS (made); i++)
        wait_for (world_has_row (w, made[i]));
    for (size_t i = 0; i < N_ELEMENTS (gone); i++)
        assert_false (world_has_row (w, gone[i]));
    assert_true (world_has_row (w, "k1") && world_has_row (w, "k4") && world_has_row (w, "k8"));
    wait_for (is_done (w));
    assert_int_equal (world_progress (w).listed, 12);
}

/* ---- stopping ---- */

/* From the 60th page on, so that there is time to stop. */
static enum err slow_down (void *arg, struct fake *f, enum fake_point point, const char *key,
                           int page)
{
    (void) arg;
    (void) key;
    (void) page;
    if (point == FAKE_LIST_PAGE && fake_pages (f) > 60)
        usleep (20000);
    return ERR_OK;
}

static void test_stopped_scan_goes_on_where_each_range_was (void **state)
{
    struct world *w = *state;
    put_many (w, 900);
    fake_set_hook (w->fake, slow_down, NULL);
    world_bind (w);
    wait_for (ranges_made (w) > 3 && fake_pages (w->fake) > 100);
    stop_scan (w);
    fake_set_hook (w->fake, NULL, NULL);
    assert_int_equal (world_query (w, "SELECT listed FROM binding"), world_file_count (w));
    assert_in_range (world_file_count (w), 24, 899);
    assert_true (world_query (w, "SELECT count (*) FROM range") > 0);
    world_start_scan (w);
    wait_for (world_file_count (w) == 900);
    wait_for (is_done (w));
    assert_int_equal (world_progress (w).listed, 900);
    assert_int_equal (world_query (w, "SELECT count (*) FROM range"), 0);
}

/* ---- sharing ---- */

/* The same bucket in another dataset; its id. */
static int64_t bind_again (struct world *w)
{
    struct error e;
    struct dataset d;
    struct dataset *first;
    struct project *project;
    assert_ok (catalog_get_project (w->catalog, "p", &project, &e), &e);
    assert_ok (catalog_get_dataset (w->catalog, project->id, "d", &first, &e), &e);
    d = *first;
    d.name = "again";
    assert_ok (catalog_create_dataset (w->catalog, &d, &e), &e);
    dataset_free (first);
    project_free (project);
    struct binding b = { .dataset_id = d.id,
                         .project = "p",
                         .dataset = "again",
                         .bucket = "fake",
                         .state = BINDING_RUNNING,
                         .phase = BINDING_FULL_SCANNING,
                         .reason = "" };
    assert_ok (catalog_create_binding (w->catalog, &b, &e), &e);
    assert_ok (scan_bind (w->scan, b.id, &e), &e);
    return b.id;
}

static int64_t listed (struct world *w, int64_t binding)
{
    struct scan_progress p;
    struct error e;
    return scan_get_progress (w->scan, binding, &p, &e) == ERR_OK ? p.counts.listed : 0;
}

static void test_long_scan_leaves_threads_to_another (void **state)
{
    struct world *w = *state;
    put_many (w, 3000);
    fake_set_hook (w->fake, slow_down, NULL);
    world_bind (w);
    wait_for (ranges_made (w) > 4 && fake_pages (w->fake) > 100);
    int64_t other = bind_again (w);
    wait_for (listed (w, other) > 100);
    assert_in_range (world_progress (w).listed, 1, 2999);
    fake_set_hook (w->fake, NULL, NULL);
    wait_for (listed (w, other) == 3000 && is_done (w));
    assert_int_equal (world_progress (w).listed, 3000);
}

/* ---- failing ---- */

static const char *const thirds[] = { "k3", "k6", NULL };

static void test_range_that_fails_holds_up_no_other (void **state)
{
    struct world *w = *state;
    stop_before_scan (w, thirds);
    world_put (w, "k1x", "hello");
    world_put (w, "k5x", "hello");
    world_put (w, "k8x", "hello");
    static struct step down;
    down = (struct step){
        .point = FAKE_LIST_PAGE, .key = "k3", .result = ERR_STORE_DOWN, .always = true
    };
    fake_set_hook (w->fake, world_step, &down);
    world_start_scan (w);
    wait_for (world_has_row (w, "k1x") && world_has_row (w, "k8x"));
    wait_for (atomic_load (&down.times) >= 2); /* it is tried again, and stays what it is */
    assert_true (world_is_in_state (w, BINDING_RETRYING, BINDING_INCREMENTAL_SCANNING));
    struct binding *binding = world_binding (w);
    assert_string_equal (binding->reason, "the test says so");
    binding_free (binding);
    assert_false (world_has_row (w, "k5x"));
    assert_int_equal (world_query (w, "SELECT scan_end_ns FROM binding"), 0);
    assert_int_equal (world_query (w, "SELECT count (*) FROM range"), 1);
    fake_set_hook (w->fake, NULL, NULL);
    wait_for (world_has_row (w, "k5x"));
    wait_for (is_done (w));
    assert_int_equal (world_progress (w).listed, 13);
    assert_int_equal (world_file_count (w), 13);
}

static void test_store_that_is_down_is_left_alone (void **state)
{
    struct world *w = *state;
    stop_before_scan (w, thirds);
    static struct step down;
    down = (struct step){ .point = FAKE_LIST_OPEN, .result = ERR_STORE_DOWN, .always = true };
    fake_set_hook (w->fake, world_step, &down);
    world_start_scan (w);
    pthread_mutex_lock (&w->scan->lock);
    w->scan->o.retry_interval_s = 3600;
    pthread_mutex_unlock (&w->scan->lock);
    wait_for (world_is_in_state (w, BINDING_RETRYING, BINDING_INCREMENTAL_SCANNING));
    wait_for (atomic_load (&down.times) >= 3);
    usleep (300000); /* it does not try as fast as it can */
    assert_in_range (atomic_load (&down.times), 3, 12);
    assert_int_equal (world_file_count (w), 10);
}

static void test_refused_credentials_are_told_and_tried_again (void **state)
{
    struct world *w = *state;
    world_bind_ten (w);
    static struct step refused;
    refused =
        (struct step){ .point = FAKE_LIST_OPEN, .result = ERR_STORE_CREDENTIALS, .always = true };
    fake_set_hook (w->fake, world_step, &refused);
    struct error e;
    assert_ok (scan_rescan (w->scan, w->binding, NULL, false, false, &e), &e);
    wait_for (world_is_in_state (w, BINDING_RETRYING, BINDING_INCREMENTAL_SCANNING));
    wait_for (atomic_load (&refused.times) >= 2);
    assert_int_equal (world_file_count (w), 10);
    world_put (w, "new", "hello");
    fake_set_hook (w->fake, NULL, NULL);
    wait_for (world_has_row (w, "new"));
    wait_for (is_done (w));
}

static void test_missing_bucket_deletes_nothing_but_an_empty_one_does (void **state)
{
    struct world *w = *state;
    world_bind_ten (w);
    for (int i = 0; i < 10; i++)
        fake_remove (w->fake, (char[]){ 'k', (char) ('0' + i), 0 });
    fake_set_missing (w->fake, true);
    struct error e;
    assert_ok (scan_rescan (w->scan, w->binding, NULL, false, false, &e), &e);
    world_dirty (w, "k4");
    wait_for (world_is_in_state (w, BINDING_RETRYING, BINDING_INCREMENTAL_SCANNING));
    assert_int_equal (world_file_count (w), 10);
    fake_set_missing (w->fake, false);
    wait_for (world_file_count (w) == 0);
    wait_for (is_done (w));
}

/* ---- objects are whole when they appear, and some cannot be read ---- */

static void test_new_objects_do_not_settle (void **state)
{
    struct world *w = *state;
    world_put (w, "new", "hello");
    fake_touch (w->fake, "new", clock_now_ns ());
    fake_hold (w->fake, true);
    world_bind (w);
    wait_for (fake_waiting (w->fake) == 1);
    assert_int_equal (world_query (w, "SELECT not_before FROM work"), 0);
    fake_hold (w->fake, false);
    wait_for (world_has_row (w, "new"));
}

static json_t *document (struct world *w, const char *key)
{
    static const struct file_context ctx = { "1", "p", "d", 0 };
    _cleanup_dataset_ struct dataset_db *db = world_open_db (w);
    g_autofree char *uri = g_strconcat ("oss://fake/", key, NULL);
    const char *const uris[] = { uri };
    g_autoptr (GString) out = g_string_new (NULL);
    struct error e;
    assert_ok (files_get_documents (db, &ctx, uris, 1, NULL, out, &e), &e);
    json_t *j = json_loads (out->str, 0, NULL);
    assert_non_null (j);
    return j;
}

static bool has_class (struct world *w, const char *key, const char *storage_class)
{
    json_auto_t *j = document (w, key);
    return g_strcmp0 (json_string_value (json_object_get (j, "OSSStorageClass")), storage_class) ==
           0;
}

static bool has_member (struct world *w, const char *key, const char *name)
{
    json_auto_t *j = document (w, key);
    return json_object_get (j, name) != NULL;
}

static void test_archived_object_is_indexed_from_the_listing (void **state)
{
    struct world *w = *state;
    world_put (w, "cold", "cannot be read");
    fake_set_class (w->fake, "cold", "DEEP_ARCHIVE");
    world_put (w, "instant", "can be read");
    fake_set_class (w->fake, "instant", "GLACIER_IR");
    world_bind (w);
    wait_for (is_done (w));
    assert_int_equal (fake_fetches (w->fake), 1);
    struct index_entry row;
    assert_true (world_get_row (w, "cold", &row));
    assert_int_equal (row.status, FILE_INDEXED);
    assert_int_equal (row.version.size, strlen ("cannot be read"));
    assert_true (has_class (w, "cold", "DEEP_ARCHIVE"));
    assert_false (has_member (w, "cold", "ContentType"));
    assert_true (has_class (w, "instant", "GLACIER_IR"));
    assert_true (has_member (w, "instant", "ContentType"));
    world_rescan (w);
    assert_int_equal (fake_fetches (w->fake), 1);
    assert_int_equal (world_progress (w).unchanged, 2);
}

static void test_object_that_was_archived_keeps_what_was_read (void **state)
{
    struct world *w = *state;
    world_bind_ten (w);
    assert_true (has_class (w, "k3", "Standard"));
    fake_set_class (w->fake, "k3", "Archive");
    world_rescan (w);
    assert_true (has_class (w, "k3", "Archive"));
    assert_true (has_member (w, "k3", "ContentType"));
    assert_int_equal (fake_fetches (w->fake), 10);
    assert_int_equal (world_query (w, "SELECT count (*) FROM file f JOIN code c ON c.id = "
                                      "f.storage_class WHERE c.text = 'Archive'"),
                      1);
    world_dirty (w, "k3"); /* an event asks the store, which says no */
    wait_for (fake_fetches (w->fake) == 11 && world_is_quiet (w));
    assert_true (has_member (w, "k3", "ContentType"));
    assert_true (has_class (w, "k3", "Archive"));
    world_rescan (w);
    assert_int_equal (fake_fetches (w->fake), 11);
}

static void test_restored_object_is_read (void **state)
{
    struct world *w = *state;
    world_put (w, "cold", "hello");
    fake_set_class (w->fake, "cold", "GLACIER");
    world_bind (w);
    wait_for (is_done (w));
    assert_int_equal (fake_fetches (w->fake), 0);
    fake_set_class (w->fake, "cold", "STANDARD");
    world_rescan (w);
    assert_int_equal (fake_fetches (w->fake), 1);
    assert_true (has_class (w, "cold", "Standard"));
    assert_true (has_member (w, "cold", "ContentType"));
}

int main (void)
{
#define RANGES(f) cmocka_unit_test_setup_teardown (f, world_setup_remote, world_teardown)
    const struct CMUnitTest tests[] = {
        RANGES (test_long_first_scan_is_split),
        RANGES (test_short_scan_is_not_split),
        RANGES (test_rescan_is_split_by_the_index_and_writes_no_row),
        RANGES (test_borders_of_ranges),
        RANGES (test_stopped_scan_goes_on_where_each_range_was),
        RANGES (test_long_scan_leaves_threads_to_another),
        RANGES (test_range_that_fails_holds_up_no_other),
        RANGES (test_store_that_is_down_is_left_alone),
        RANGES (test_refused_credentials_are_told_and_tried_again),
        RANGES (test_missing_bucket_deletes_nothing_but_an_empty_one_does),
        RANGES (test_new_objects_do_not_settle),
        RANGES (test_archived_object_is_indexed_from_the_listing),
        RANGES (test_object_that_was_archived_keeps_what_was_read),
        RANGES (test_restored_object_is_read),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
