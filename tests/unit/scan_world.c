#include "test.h"

#include <ftw.h>

#include "scan_world.h"

static int remove_one (const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void) st;
    (void) type;
    (void) ftw;
    return remove (path);
}

void world_start_scan (struct world *w)
{
    struct error e;
    struct scan_options o = { .catalog = w->catalog,
                              .datasets = w->datasets,
                              .stores = w->stores,
                              .worker_path = WORKER_PATH,
                              .sandbox_required = false,
                              .workers = 1,
                              .scan_threads = 2,
                              .list_threads = 4,
                              .rescan_interval_s = 3600,
                              .poll_interval_s = 3600,
                              .retry_interval_s = 1,
                              .owner_id = "1234567890123456",
                              .default_template = "Official:AllFunction" };
    assert_ok (scan_new (&o, &w->scan, &e), &e);
}

int world_setup (void **state)
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
    world_start_scan (w);
    *state = w;
    return 0;
}

int world_setup_remote (void **state)
{
    world_setup (state);
    struct world *w = *state;
    scan_free (w->scan);
    fake_set_remote (w->fake);
    world_start_scan (w);
    return 0;
}

int world_teardown (void **state)
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

void world_put (struct world *w, const char *key, const char *text)
{
    fake_put (w->fake, key, text, strlen (text));
}

void world_bind (struct world *w)
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

void world_unbind (struct world *w)
{
    struct error e;
    assert_ok (catalog_delete_binding (w->catalog, w->binding, &e), &e);
    assert_ok (scan_unbind (w->scan, w->binding, w->dataset, &e), &e);
}

struct work_progress world_progress (struct world *w)
{
    struct scan_progress p;
    struct error e;
    assert_ok (scan_get_progress (w->scan, w->binding, &p, &e), &e);
    return p.counts;
}

/* Listed to the end and nothing left to do. */
bool world_is_quiet (struct world *w)
{
    struct work_progress p = world_progress (w);
    return p.ranges_done && p.pending == 0;
}

struct binding *world_binding (struct world *w)
{
    struct binding *b;
    struct error e;
    assert_ok (catalog_get_binding_by_id (w->catalog, w->binding, &b, &e), &e);
    return b;
}

bool world_is_in_state (struct world *w, enum binding_state state, enum binding_phase phase)
{
    struct binding *b = world_binding (w);
    bool is = b->state == state && b->phase == phase;
    binding_free (b);
    return is;
}

struct dataset_db *world_open_db (struct world *w)
{
    struct error e;
    struct dataset_db *db;
    assert_ok (datasets_get (w->datasets, w->dataset, &db, &e), &e);
    return db;
}

int64_t world_query (struct world *w, const char *text)
{
    _cleanup_dataset_ struct dataset_db *db = world_open_db (w);
    struct sql *s;
    struct sql_stmt *st;
    struct error e;
    bool has_row;
    assert_ok (dataset_read (db, &s, &e), &e);
    assert_ok (sql_prepare (s, text, &st, &e), &e);
    assert_ok (sql_step (st, &has_row, &e), &e);
    int64_t n = sql_get_int (st, 0);
    sql_finish (st);
    dataset_read_done (db, s);
    return n;
}

bool world_get_row (struct world *w, const char *key, struct index_entry *ret)
{
    struct error e;
    _cleanup_dataset_ struct dataset_db *db = world_open_db (w);
    return files_get_entry (db, "fake", key, ret, &e) == ERR_OK;
}

bool world_has_row (struct world *w, const char *key)
{
    struct index_entry row;
    return world_get_row (w, key, &row) && row.status == FILE_INDEXED;
}

int64_t world_last_commit (struct world *w)
{
    _cleanup_dataset_ struct dataset_db *db = world_open_db (w);
    return dataset_last_commit (db);
}

int64_t world_file_count (struct world *w)
{
    struct error e;
    struct dataset_stats stats;
    _cleanup_dataset_ struct dataset_db *db = world_open_db (w);
    assert_ok (dataset_stats (db, &stats, &e), &e);
    return stats.file_count;
}

void world_dirty (struct world *w, const char *key)
{
    struct watch_event event = { .kind = WATCH_CLOSED, .key = key };
    events_receive (w->scan, w->binding, &event, 1);
}

void world_rescan (struct world *w)
{
    struct error e;
    unsigned before = fake_listings (w->fake);
    assert_ok (scan_rescan (w->scan, w->binding, NULL, false, false, &e), &e);
    wait_for (fake_listings (w->fake) > before);
    wait_for (world_is_quiet (w));
}

void world_bind_ten (struct world *w)
{
    for (int i = 0; i < 10; i++) {
        char key[8];
        g_snprintf (key, sizeof key, "k%d", i);
        world_put (w, key, "hello");
    }
    world_bind (w);
    wait_for (world_is_in_state (w, BINDING_RUNNING, BINDING_INCREMENTAL_SCANNING));
    wait_for (world_is_quiet (w));
}

enum err world_step (void *arg, struct fake *f, enum fake_point point, const char *key, int page)
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
