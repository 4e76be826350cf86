/* A dataset file in a new folder, and what tests of the index do with it. */
#pragma once

#include <glib.h>

#include "index/files.h"
#include "index/operators.h"
#include "index/work.h"
#include "tree.h"

#define BUCKET    "photos"
#define BINDING   7
#define EXTRACTOR 3

struct world {
    struct tree tree;
    struct datasets *all;
    struct dataset_db *db;
    struct file_context ctx;
    int64_t now_ns; /* what leases take for the time; they last 1000 */
    struct error e;
};

static inline void world_open (struct world *w)
{
    g_autoptr (GArray) keep = g_array_new (FALSE, FALSE, sizeof (int64_t));
    const int64_t id = 1;
    g_array_append_val (keep, id);
    assert_ok (datasets_open (w->tree.path, keep, &w->all, &w->e), &w->e);
    assert_ok (datasets_get (w->all, 1, &w->db, &w->e), &w->e);
}

static inline void world_close (struct world *w)
{
    dataset_db_unref (w->db);
    datasets_close (w->all);
}

static inline int world_setup (void **state)
{
    struct world *w = g_new0 (struct world, 1);
    tree_init (&w->tree);
    w->ctx = (struct file_context){ "1234567890123456", "project", "set", 480 };
    w->now_ns = 1000;
    world_open (w);
    assert_ok (work_begin_binding (w->db, BINDING, BUCKET, &w->e), &w->e);
    *state = w;
    return 0;
}

static inline int world_teardown (void **state)
{
    struct world *w = *state;
    world_close (w);
    tree_clear (&w->tree);
    g_free (w);
    return 0;
}

static inline struct file_version version_of (uint64_t size)
{
    struct file_version v = { .size = size, .mtime_ns = 1600000000123456789 };
    g_snprintf (v.etag, sizeof v.etag, "%032llX", (unsigned long long) size);
    return v;
}

static inline struct range *lease (struct world *w)
{
    struct range *range = NULL;
    assert_ok (range_lease (w->db, BINDING, "me", w->now_ns, w->now_ns + 1000, &range, &w->e),
               &w->e);
    return range;
}

/* One merge under a lease that is given back: puts `n` keys of size 10. */
static inline int64_t put_keys (struct world *w, const char *const *keys, size_t n)
{
    g_autoptr (GArray) puts = g_array_new (FALSE, FALSE, sizeof (struct merge_put));
    for (size_t i = 0; i < n; i++) {
        struct merge_put put = { .key = keys[i], .version = version_of (10) };
        g_array_append_val (puts, put);
    }
    struct range *range = lease (w);
    const struct merge_batch b = {
        .range = range, .bucket = BUCKET, .puts = puts, .listed = (int64_t) n
    };
    int64_t deleted, over;
    assert_ok (work_apply_merge (w->db, &b, &deleted, &over, &w->e), &w->e);
    assert_ok (range_release (w->db, range, false, &w->e), &w->e);
    range_free (range);
    return over;
}

static inline int64_t delete_key (struct world *w, const char *key, int64_t page_commit)
{
    g_autoptr (GPtrArray) deletes = g_ptr_array_new ();
    g_ptr_array_add (deletes, (void *) key);
    struct range *range = lease (w);
    const struct merge_batch b = {
        .range = range, .bucket = BUCKET, .deletes = deletes, .page_commit = page_commit
    };
    int64_t deleted, over;
    assert_ok (work_apply_merge (w->db, &b, &deleted, &over, &w->e), &w->e);
    assert_ok (range_release (w->db, range, false, &w->e), &w->e);
    range_free (range);
    return deleted;
}

/* The only item of work that is due at 10000; NULL if there is none. */
static inline struct work_item *take_one (struct world *w)
{
    g_autoptr (GPtrArray) items = NULL;
    int64_t next;
    assert_ok (work_take (w->db, BINDING, WORK_SCAN, 10000, 2, NULL, &items, &next, &w->e), &w->e);
    assert_in_range (items->len, 0, 1);
    return items->len ? g_ptr_array_steal_index (items, 0) : NULL;
}

static inline struct work_result *result_of (const struct work_item *item,
                                             enum work_outcome outcome)
{
    struct work_result *r = g_new0 (struct work_result, 1);
    r->binding = item->binding;
    r->id = item->id;
    r->commit_no = item->commit_no;
    r->key = g_strdup (item->key);
    r->bucket = BUCKET;
    r->outcome = outcome;
    r->version = version_of (20);
    r->status = FILE_INDEXED;
    r->extractor = EXTRACTOR;
    r->operators = OP_OSSMETA | OP_MIME | OP_EXIF;
    return r;
}

/* Takes the result. */
static inline void finish (struct world *w, struct work_result *result)
{
    g_autoptr (GPtrArray) results = g_ptr_array_new_with_free_func (work_result_free);
    g_ptr_array_add (results, result);
    assert_ok (work_finish (w->db, &w->ctx, false, results, NULL, &w->e), &w->e);
}

static inline struct work_progress progress (struct world *w)
{
    struct work_progress p;
    assert_ok (work_get_progress (w->db, BINDING, &p, &w->e), &w->e);
    return p;
}

static inline struct dataset_stats stats (struct world *w)
{
    struct dataset_stats s;
    assert_ok (dataset_stats (w->db, &s, &w->e), &w->e);
    return s;
}

static inline int64_t query_int (struct world *w, const char *text)
{
    struct sql *s;
    struct sql_stmt *st;
    bool has_row;
    assert_ok (dataset_read (w->db, &s, &w->e), &w->e);
    assert_ok (sql_prepare (s, text, &st, &w->e), &w->e);
    assert_ok (sql_step (st, &has_row, &w->e), &w->e);
    assert_true (has_row);
    int64_t n = sql_get_int (st, 0);
    sql_finish (st);
    dataset_read_done (w->db, s);
    return n;
}

/* What must hold after every transaction, however it ended: no half rows, counters that are the
 * counts, no row that waits without work, no work of nobody. */
static inline void check_invariants (struct world *w)
{
    static const char *const none[] = {
        "SELECT count(*) FROM object WHERE id NOT IN (SELECT id FROM file)",
        "SELECT count(*) FROM object WHERE id NOT IN (SELECT id FROM file_text)",
        "SELECT count(*) FROM file WHERE id NOT IN (SELECT id FROM object)",
        "SELECT count(*) FROM file_text WHERE id NOT IN (SELECT id FROM object)",
        "SELECT count(*) FROM doc WHERE id NOT IN (SELECT id FROM object WHERE status <> 0)",
        "SELECT count(*) FROM object WHERE status <> 0 AND id NOT IN (SELECT id FROM doc)",
        "SELECT count(*) FROM object JOIN file ON file.id = object.id WHERE file.size <> "
        "object.size",
        "SELECT count(*) FROM work WHERE binding NOT IN (SELECT id FROM binding)",
        "SELECT count(*) FROM object o WHERE status = 0 AND NOT EXISTS (SELECT 1 FROM work w"
        " JOIN binding b ON b.id = w.binding WHERE o.uri = 'oss://' || b.bucket || '/' || w.key)",
        "SELECT count(*) FROM binding b"
        " WHERE pending <> (SELECT count(*) FROM work WHERE binding = b.id)",
        "SELECT count(*) FROM binding b"
        " WHERE rejected <> (SELECT count(*) FROM failure WHERE binding = b.id)",
        "SELECT count(*) FROM binding b WHERE failed <> (SELECT count(*) FROM object"
        " WHERE status = 2 AND uri LIKE 'oss://' || b.bucket || '/%')",
        "SELECT file_count <> (SELECT count(*) FROM object) FROM dataset",
        "SELECT total_file_size <> (SELECT coalesce(sum(size), 0) FROM object) FROM dataset",
        "SELECT count(*) FROM object, dataset WHERE object.commit_no > dataset.commit_no"
        " OR id >= next_id",
        "SELECT count(*) FROM work, dataset WHERE work.commit_no > dataset.commit_no"
        " OR id >= next_id",
    };
    for (size_t i = 0; i < N_ELEMENTS (none); i++)
        if (query_int (w, none[i]) != 0)
            fail_msg ("broken: %s", none[i]);
    assert_int_equal (stats (w).file_count, query_int (w, "SELECT count(*) FROM object"));
    assert_int_equal (dataset_last_commit (w->db), query_int (w, "SELECT commit_no FROM dataset"));
}
