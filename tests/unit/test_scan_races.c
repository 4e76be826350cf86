/* The consistency rules of ARCHITECTURE.md, each at the exact moment at which it matters: a store
 * in memory lets the test step in between listing, opening and verifying. Index and scan are the
 * real ones, and so is the worker. */
#include "test.h"

#include <ftw.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/clock.h"
#include "index/catalog.h"
#include "scan/internal.h"
#include "store_fake.h"

#define WAIT_MS 20000

struct world {
    char dir[64];
    struct catalog *catalog;
    struct datasets *datasets;
    struct stores *stores;
    struct fake *fake;
    struct scan *scan;
    int64_t dataset, binding;
};

static int remove_one (const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void) st;
    (void) type;
    (void) ftw;
    return remove (path);
}

static void start_scan (struct world *w)
{
    struct error e;
    struct scan_options o = { .catalog = w->catalog,
                              .datasets = w->datasets,
                              .stores = w->stores,
                              .worker_path = WORKER_PATH,
                              .sandbox_required = false,
                              .workers = 1,
                              .scan_threads = 2,
                              .rescan_interval_s = 3600,
                              .poll_interval_s = 3600,
                              .retry_interval_s = 1,
                              .owner_id = "1234567890123456",
                              .default_template = "Official:AllFunction" };
    assert_ok (scan_new (&o, &w->scan, &e), &e);
}

static int setup (void **state)
{
    struct world *w = g_new0 (struct world, 1);
    struct error e;
    g_strlcpy (w->dir, "/tmp/bindery-races-XXXXXX", sizeof w->dir);
    assert_non_null (mkdtemp (w->dir));
    g_autoptr (GArray) none = g_array_new (FALSE, FALSE, sizeof (int64_t));
    assert_ok (catalog_open (w->dir, &w->catalog, &e), &e);
    assert_ok (datasets_open (w->dir, none, &w->datasets, &e), &e);
    w->stores = stores_new ();
    w->fake = fake_new (3);
    stores_add_take (w->stores, fake_store (w->fake));
    struct quotas quotas = { 10, 1000000, 1000, 1000, INT64_C (1) << 50 };
    struct project p = { .name = "p",
                         .description = "",
                         .template_id = "",
                         .service_role = "",
                         .quotas = quotas,
                         .max_dataset_count = 10 };
    assert_ok (catalog_create_project (w->catalog, &p, 100, &e), &e);
    struct dataset d = { .project_id = p.id,
                         .name = "d",
                         .description = "",
                         .template_id = "",
                         .workflow_parameters = "",
                         .quotas = quotas };
    assert_ok (catalog_create_dataset (w->catalog, &d, &e), &e);
    w->dataset = d.id;
    start_scan (w);
    *state = w;
    return 0;
}

static int teardown (void **state)
{
    struct world *w = *state;
    scan_free (w->scan);
    datasets_close (w->datasets);
    catalog_close (w->catalog);
    stores_free (w->stores);
    nftw (w->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    g_free (w);
    return 0;
}

static void put (struct world *w, const char *key, const char *text)
{
    fake_put (w->fake, key, text, strlen (text));
}

static void bind (struct world *w)
{
    struct error e;
    struct binding b = { .dataset_id = w->dataset,
                         .project = "p",
                         .dataset = "d",
                         .bucket = "fake",
                         .state = BINDING_RUNNING,
                         .phase = BINDING_FULL_SCANNING,
                         .reason = "" };
    assert_ok (catalog_create_binding (w->catalog, &b, &e), &e);
    w->binding = b.id;
    assert_ok (scan_bind (w->scan, b.id, &e), &e);
}

static void unbind (struct world *w)
{
    struct error e;
    assert_ok (catalog_delete_binding (w->catalog, w->binding, &e), &e);
    assert_ok (scan_unbind (w->scan, w->binding, w->dataset, &e), &e);
}

/* Polls a condition; the test fails if it does not come true. */
#define wait_for(condition)                                                                        \
    do {                                                                                           \
        int64_t until = clock_mono_ms () + WAIT_MS;                                                \
        while (!(condition)) {                                                                     \
            if (clock_mono_ms () > until)                                                          \
                fail_msg ("waited in vain: %s", #condition);                                       \
            usleep (2000);                                                                         \
        }                                                                                          \
    } while (0)

static struct work_progress progress (struct world *w)
{
    struct scan_progress p;
    struct error e;
    assert_ok (scan_get_progress (w->scan, w->binding, &p, &e), &e);
    return p.counts;
}

/* Listed to the end and nothing left to do. */
static bool is_quiet (struct world *w)
{
    struct work_progress p = progress (w);
    return p.ranges_done && p.pending == 0;
}

static struct binding *binding (struct world *w)
{
    struct binding *b;
    struct error e;
    assert_ok (catalog_get_binding_by_id (w->catalog, w->binding, &b, &e), &e);
    return b;
}

static bool is_in_state (struct world *w, enum binding_state state, enum binding_phase phase)
{
    struct binding *b = binding (w);
    bool is = b->state == state && b->phase == phase;
    binding_free (b);
    return is;
}

static bool get_row (struct world *w, const char *key, struct index_entry *ret)
{
    struct error e;
    _cleanup_dataset_ struct dataset_db *db = NULL;
    assert_ok (datasets_get (w->datasets, w->dataset, &db, &e), &e);
    return files_get_entry (db, "fake", key, ret, &e) == ERR_OK;
}

static bool has_row (struct world *w, const char *key)
{
    struct index_entry row;
    return get_row (w, key, &row) && row.status == FILE_INDEXED;
}

static int64_t last_commit (struct world *w)
{
    struct error e;
    _cleanup_dataset_ struct dataset_db *db = NULL;
    assert_ok (datasets_get (w->datasets, w->dataset, &db, &e), &e);
    return dataset_last_commit (db);
}

static int64_t file_count (struct world *w)
{
    struct error e;
    struct dataset_stats stats;
    _cleanup_dataset_ struct dataset_db *db = NULL;
    assert_ok (datasets_get (w->datasets, w->dataset, &db, &e), &e);
    assert_ok (dataset_stats (db, &stats, &e), &e);
    return stats.file_count;
}

static void dirty (struct world *w, const char *key)
{
    struct watch_event event = { .kind = WATCH_CLOSED, .key = key };
    events_receive (w->scan, w->binding, &event, 1);
}

static void rescan (struct world *w)
{
    struct error e;
    unsigned before = fake_listings (w->fake);
    assert_ok (scan_rescan (w->scan, w->binding, NULL, false, false, &e), &e);
    wait_for (fake_listings (w->fake) > before);
    wait_for (is_quiet (w));
}

static void bind_ten (struct world *w)
{
    for (int i = 0; i < 10; i++) {
        char key[8];
        g_snprintf (key, sizeof key, "k%d", i);
        put (w, key, "hello");
    }
    bind (w);
    wait_for (is_in_state (w, BINDING_RUNNING, BINDING_INCREMENTAL_SCANNING));
    wait_for (is_quiet (w));
}

/* What the hook of a test does, once, at a point for a key or page. */
struct step {
    struct world *w;
    enum fake_point point;
    const char *key;
    int page;
    void (*act) (struct world *w);
    enum err result;
    bool always;
    atomic_int times;
};

static enum err run_step (void *arg, struct fake *f, enum fake_point point, const char *key,
                          int page)
{
    (void) f;
    struct step *s = arg;
    if (point != s->point || (s->key && g_strcmp0 (key, s->key) != 0) ||
        (!s->key && page != s->page))
        return ERR_OK;
    if (atomic_fetch_add (&s->times, 1) && !s->always)
        return ERR_OK;
    if (s->act)
        s->act (s->w);
    return s->result;
}

static void test_every_object_becomes_a_row (void **state)
{
    struct world *w = *state;
    bind_ten (w);
    assert_int_equal (file_count (w), 10);
    assert_int_equal (progress (w).listed, 10);
    assert_int_equal (progress (w).indexed, 10);
    assert_true (has_row (w, "k0") && has_row (w, "k9"));
}

static void test_bucket_of_one_page_is_counted (void **state)
{
    struct world *w = *state;
    put (w, "only", "hello");
    bind (w);
    wait_for (is_in_state (w, BINDING_RUNNING, BINDING_INCREMENTAL_SCANNING));
    assert_int_equal (progress (w).listed, 1);
}

static void test_unchanged_rescan_opens_nothing_and_changes_no_row (void **state)
{
    struct world *w = *state;
    bind_ten (w);
    struct index_entry before, after;
    unsigned opens = fake_opens (w->fake);
    assert_true (get_row (w, "k5", &before));
    rescan (w);
    assert_int_equal (fake_opens (w->fake), opens);
    assert_int_equal (progress (w).unchanged, 10);
    assert_true (get_row (w, "k5", &after));
    assert_int_equal (after.commit_no, before.commit_no);
}

static void test_rescan_finds_new_changed_and_gone (void **state)
{
    struct world *w = *state;
    struct index_entry before, after;
    bind_ten (w);
    assert_true (get_row (w, "k3", &before));
    put (w, "k3", "other");
    put (w, "new", "hello");
    fake_remove (w->fake, "k7");
    rescan (w);
    assert_true (get_row (w, "k3", &after));
    assert_string_not_equal (after.version.etag, before.version.etag);
    assert_true (has_row (w, "new"));
    assert_false (has_row (w, "k7"));
    assert_int_equal (file_count (w), 10);
}

static void test_failed_page_concludes_nothing (void **state)
{
    struct world *w = *state;
    bind_ten (w);
    for (int i = 0; i < 10; i++)
        fake_remove (w->fake, (char[]){ 'k', (char) ('0' + i), 0 });
    struct step down = {
        .point = FAKE_LIST_PAGE, .page = 0, .result = ERR_STORE_DOWN, .always = true
    };
    struct error e;
    fake_set_hook (w->fake, run_step, &down);
    assert_ok (scan_rescan (w->scan, w->binding, NULL, false, false, &e), &e);
    wait_for (is_in_state (w, BINDING_RETRYING, BINDING_INCREMENTAL_SCANNING));
    assert_int_equal (file_count (w), 10);
    fake_set_hook (w->fake, NULL, NULL);
    wait_for (is_in_state (w, BINDING_RUNNING, BINDING_INCREMENTAL_SCANNING));
    wait_for (file_count (w) == 0);
}

static void test_gap_keeps_its_rows (void **state)
{
    struct world *w = *state;
    bind_ten (w);
    fake_set_gap (w->fake, "k2", "k5");
    fake_remove (w->fake, "k8");
    struct error e;
    assert_ok (scan_rescan (w->scan, w->binding, NULL, false, false, &e), &e);
    wait_for (is_in_state (w, BINDING_RETRYING, BINDING_INCREMENTAL_SCANNING));
    wait_for (!has_row (w, "k8"));
    assert_true (has_row (w, "k2") && has_row (w, "k3") && has_row (w, "k4"));
    fake_remove (w->fake, "k3");
    fake_set_gap (w->fake, NULL, NULL);
    wait_for (is_in_state (w, BINDING_RUNNING, BINDING_INCREMENTAL_SCANNING));
    wait_for (!has_row (w, "k3"));
    assert_int_equal (file_count (w), 8);
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
    bind_ten (w);
    swap_root_and_empty (w);
    dirty (w, "k4"); /* an event that finds no object */
    struct error e;
    assert_ok (scan_rescan (w->scan, w->binding, NULL, false, false, &e), &e);
    wait_for (is_in_state (w, BINDING_RETRYING, BINDING_INCREMENTAL_SCANNING));
    assert_int_equal (file_count (w), 10);
    assert_true (has_row (w, "k4"));
    assert_ok (scan_rescan (w->scan, w->binding, NULL, false, true, &e), &e);
    wait_for (file_count (w) == 0); /* the operator accepted what is there */
    wait_for (is_in_state (w, BINDING_RUNNING, BINDING_INCREMENTAL_SCANNING));
}

static void index_k55 (struct world *w)
{
    put (w, "k55", "made while the listing runs");
    dirty (w, "k55");
    wait_for (has_row (w, "k55"));
    /* The listing began before and does not have it. */
    fake_remove (w->fake, "k55");
}

static void put_k55_again (struct world *w)
{
    put (w, "k55", "made while the listing runs");
}

static void test_row_newer_than_the_listing_is_not_deleted (void **state)
{
    struct world *w = *state;
    bind_ten (w);
    struct step made = { .w = w, .point = FAKE_LIST_PAGE, .page = 1, .act = index_k55 };
    fake_set_hook (w->fake, run_step, &made);
    rescan (w);
    fake_set_hook (w->fake, NULL, NULL);
    assert_true (has_row (w, "k55"));
    put_k55_again (w);
    rescan (w);
    assert_true (has_row (w, "k55"));
    assert_int_equal (file_count (w), 11);
}

static void change_k1 (struct world *w)
{
    put (w, "k1", "changed while a worker reads it");
}

static void test_object_that_changes_while_it_is_read_is_read_again (void **state)
{
    struct world *w = *state;
    struct step change = { .w = w, .point = FAKE_VERIFY, .key = "k1", .act = change_k1 };
    fake_set_hook (w->fake, run_step, &change);
    bind_ten (w);
    struct index_entry row;
    assert_true (get_row (w, "k1", &row));
    assert_int_equal (row.status, FILE_INDEXED);
    assert_int_equal (row.version.size, strlen ("changed while a worker reads it"));
    assert_int_equal (progress (w).failed, 0);
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
    bind_ten (w);
    put (w, "k1", "again");
    struct step removed = { .w = w, .point = FAKE_OPENED, .key = "k1", .act = remove_k1 };
    fake_set_hook (w->fake, run_step, &removed);
    dirty (w, "k1");
    wait_for (atomic_load (&removed.times) > 0 && is_quiet (w));
    wait_for (file_count (w) == 9);
    assert_false (has_row (w, "k1"));
}

static void dirty_k2_again (struct world *w)
{
    put (w, "k2", "the second change");
    dirty (w, "k2");
}

static void test_key_dirtied_while_in_flight_is_taken_again (void **state)
{
    struct world *w = *state;
    bind_ten (w);
    struct step again = { .w = w, .point = FAKE_OPENED, .key = "k2", .act = dirty_k2_again };
    put (w, "k2", "first");
    fake_set_hook (w->fake, run_step, &again);
    dirty (w, "k2");
    struct index_entry row;
    wait_for (get_row (w, "k2", &row) && row.version.size == strlen ("the second change"));
    wait_for (is_quiet (w));
}

static void test_nothing_is_written_after_unbind (void **state)
{
    struct world *w = *state;
    bind_ten (w);
    struct step slow = { .w = w, .point = FAKE_OPENED, .key = "k6", .act = unbind };
    put (w, "k6", "written after the binding is gone");
    fake_set_hook (w->fake, run_step, &slow);
    dirty (w, "k6");
    wait_for (atomic_load (&slow.times) > 0);
    fake_set_hook (w->fake, NULL, NULL);
    int64_t rows = file_count (w);
    assert_int_equal (rows, 10);
    struct index_entry row;
    assert_true (get_row (w, "k6", &row));
    assert_int_equal (row.version.size, 5);
    bind (w); /* and again: the rows are taken over, what changed is read */
    wait_for (is_in_state (w, BINDING_RUNNING, BINDING_INCREMENTAL_SCANNING));
    assert_true (get_row (w, "k6", &row));
    assert_int_equal (row.version.size, strlen ("written after the binding is gone"));
    assert_int_equal (progress (w).unchanged, 9);
}

static void test_restart_takes_up_where_it_was (void **state)
{
    struct world *w = *state;
    bind_ten (w);
    scan_free (w->scan);
    put (w, "while-down", "x");
    fake_remove (w->fake, "k0");
    start_scan (w);
    wait_for (has_row (w, "while-down") && !has_row (w, "k0"));
    wait_for (is_quiet (w));
    assert_int_equal (file_count (w), 10);
}

static void test_paused_binding_does_nothing_until_resumed (void **state)
{
    struct world *w = *state;
    struct error e;
    bind_ten (w);
    assert_ok (scan_pause (w->scan, w->binding, "", &e), &e);
    assert_true (is_in_state (w, BINDING_STOPPED, BINDING_INCREMENTAL_SCANNING));
    assert_err (CONFLICT, scan_pause (w->scan, w->binding, "", &e));
    int64_t commit = last_commit (w);
    put (w, "k1", "changed while paused");
    assert_err (CONFLICT, scan_rescan (w->scan, w->binding, NULL, false, false, &e));
    assert_int_equal (last_commit (w), commit);
    assert_ok (scan_resume (w->scan, w->binding, &e), &e);
    struct index_entry row;
    wait_for (get_row (w, "k1", &row) && row.version.size == strlen ("changed while paused"));
}

int main (void)
{
#define RACE(f) cmocka_unit_test_setup_teardown (f, setup, teardown)
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
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
