/* Bindings in a dataset file: begin, fence, end, progress, mounts. */
#include <string.h>

#include "base/limits.h"
#include "index/work_internal.h"

/* ---- Begin ---- */

static enum err count_failed (struct sql *s, const char *bucket, int64_t *ret, struct error *e)
{
    _cleanup_stmt_ struct sql_stmt *st = NULL;
    g_autofree char *lo = NULL, *hi = NULL;
    bool has_row = false;
    enum err r = sql_prepare (
        s, "SELECT count(*) FROM object WHERE status = 2 AND uri > ? AND uri < ?", &st, e);
    if (r != ERR_OK)
        return r;
    rows_bounds (bucket, NULL, NULL, &lo, &hi);
    sql_bind_text (st, 1, lo);
    sql_bind_text (st, 2, hi);
    r = sql_step (st, &has_row, e);
    if (r == ERR_OK)
        *ret = sql_get_int (st, 0);
    return r;
}

static enum err begin_binding (struct change *c, const char *bucket, struct error *e)
{
    struct sql_stmt *st = NULL;
    int64_t failed = 0;
    enum err r = sql_prepare (c->s,
                              "INSERT INTO binding VALUES (?, ?, 0, 1, ?, 0, 0, 0, 0, 0, 0, 0, 0)"
                              " ON CONFLICT DO NOTHING",
                              &st, e);
    if (r != ERR_OK)
        return r;
    sql_bind_int (st, 1, c->binding);
    sql_bind_text (st, 2, bucket);
    sql_bind_int (st, 3, c->now_ns);
    r = sql_run (st, e);
    if (r != ERR_OK)
        return r;
    if (!sql_changes (c->s)) {
        r = work_check_binding (c->s, c->binding, e);
        return r == ERR_OK
                   ? work_run_int (c->s, "UPDATE range SET lease_until = 0 WHERE binding = ?",
                                   c->binding, e)
                   : r;
    }
    r = work_run_int (c->s,
                      "INSERT INTO range (binding, lease_until, epoch, flags)"
                      " VALUES (?, 0, 0, 0)",
                      c->binding, e);
    if (r == ERR_OK)
        r = count_failed (c->s, bucket, &failed, e);
    c->failed += failed;
    return r;
}

enum err work_begin_binding (struct dataset_db *db, int64_t binding, const char *bucket,
                             struct error *e)
{
    struct change c;
    int64_t removed = 0;
    enum err r = work_end_bindings_of (db, bucket, binding, &removed, e);
    if (r == ERR_OK)
        r = work_begin_change (db, true, binding, &c, e);
    return r == ERR_OK ? work_end_change (&c, begin_binding (&c, bucket, e), e) : r;
}

/* ---- End: a fence first, so that a crash in between is seen, then the rest in batches ---- */

enum err work_fence_binding (struct dataset_db *db, int64_t binding, struct error *e)
{
    struct change c;
    enum err r = work_begin_change (db, true, binding, &c, e);
    if (r != ERR_OK)
        return r;
    r = work_run_int (c.s, "UPDATE binding SET is_ended = 1 WHERE id = ?", binding, e);
    if (r == ERR_OK)
        r = work_run_int (c.s, "DELETE FROM range WHERE binding = ?", binding, e);
    return work_end_change (&c, r, e);
}

/* The bucket of a binding that has ended; NULL if it is not there (any more). */
static enum err get_ended (struct sql *s, int64_t binding, char **ret_bucket, struct error *e)
{
    _cleanup_stmt_ struct sql_stmt *st = NULL;
    bool has_row = false;
    enum err r =
        sql_prepare (s, "SELECT bucket FROM binding WHERE id = ? AND is_ended = 1", &st, e);
    if (r != ERR_OK)
        return r;
    sql_bind_int (st, 1, binding);
    r = sql_step (st, &has_row, e);
    if (r == ERR_OK)
        *ret_bucket = has_row ? g_strdup (sql_get_text (st, 0)) : NULL;
    return r;
}

static enum err first_keys (struct sql *s, int64_t binding, GPtrArray *keys, struct error *e)
{
    _cleanup_stmt_ struct sql_stmt *st = NULL;
    bool has_row = false;
    enum err r =
        sql_prepare (s, "SELECT key FROM work WHERE binding = ? ORDER BY key LIMIT ?", &st, e);
    if (r != ERR_OK)
        return r;
    sql_bind_int (st, 1, binding);
    sql_bind_int (st, 2, LIMIT_BATCH_ROWS);
    while ((r = sql_step (st, &has_row, e)) == ERR_OK && has_row)
        g_ptr_array_add (keys, g_strdup (sql_get_text (st, 0)));
    return r;
}

/* A row that is Pending has work: so all of them are found by it. */
static enum err drop_work (struct change *c, const char *bucket, const char *key, int64_t *removed,
                           struct error *e)
{
    g_autofree char *uri = rows_uri (bucket, key);
    struct row row;
    enum err r = rows_find (c->s, uri, &row, e);
    if (r == ERR_OK && row.is_there && row.status == FILE_PENDING) {
        bool touched = false;
        r = rows_delete (c, uri, &row, e);
        if (r == ERR_OK) /* images that were read with it are read again by the next binding */
            r = work_touch_images (c, bucket, key, WORK_PRIORITIES, &touched, e);
        (*removed)++;
    }
    return r == ERR_OK ? work_remove (c, key, e) : r;
}

static enum err drop_rest (struct sql *s, int64_t binding, struct error *e)
{
    static const char *const statements[] = {
        "DELETE FROM range WHERE binding = ?",
        "DELETE FROM mount WHERE binding = ?",
        "DELETE FROM failure WHERE binding = ?",
        "DELETE FROM binding WHERE id = ?",
    };
    for (size_t i = 0; i < N_ELEMENTS (statements); i++) {
        enum err r = work_run_int (s, statements[i], binding, e);
        if (r != ERR_OK)
            return r;
    }
    return ERR_OK;
}

static enum err end_batch (struct change *c, int64_t *removed, bool *ret_done, struct error *e)
{
    g_autofree char *bucket = NULL;
    enum err r = get_ended (c->s, c->binding, &bucket, e);
    if (r != ERR_OK)
        return r;
    *ret_done = true;
    if (!bucket)
        return ERR_OK;
    g_autoptr (GPtrArray) keys = g_ptr_array_new_with_free_func (g_free);
    r = first_keys (c->s, c->binding, keys, e);
    for (guint i = 0; i < keys->len && r == ERR_OK; i++)
        r = drop_work (c, bucket, g_ptr_array_index (keys, i), removed, e);
    if (r != ERR_OK)
        return r;
    *ret_done = keys->len < LIMIT_BATCH_ROWS;
    return *ret_done ? drop_rest (c->s, c->binding, e) : ERR_OK;
}

static enum err end_some (struct dataset_db *db, int64_t binding, int64_t *removed, bool *ret_done,
                          struct error *e)
{
    struct change c;
    bool is_done = false;
    enum err r = work_begin_change (db, false, binding, &c, e);
    if (r == ERR_OK)
        r = work_end_change (&c, end_batch (&c, removed, &is_done, e), e);
    if (r == ERR_OK)
        *ret_done = is_done;
    return r;
}

enum err work_end_some (struct dataset_db *db, int64_t binding, bool *ret_done, struct error *e)
{
    int64_t removed = 0;
    return end_some (db, binding, &removed, ret_done, e);
}

static enum err end_binding (struct dataset_db *db, int64_t binding, int64_t *removed,
                             struct error *e)
{
    bool is_done = false;
    enum err r = work_fence_binding (db, binding, e);
    while (r == ERR_OK && !is_done)
        r = end_some (db, binding, removed, &is_done, e);
    return r;
}

enum err work_end_binding (struct dataset_db *db, int64_t binding, struct error *e)
{
    int64_t removed = 0;
    return end_binding (db, binding, &removed, e);
}

/* Ids of all bindings; of one bucket only if `bucket` is not NULL. */
static enum err list_bindings (struct dataset_db *db, const char *bucket, GArray *ids,
                               struct error *e)
{
    struct sql *s = NULL;
    struct sql_stmt *st = NULL;
    bool has_row = false;
    enum err r = dataset_read (db, &s, e);
    if (r != ERR_OK)
        return r;
    r = sql_prepare (s, "SELECT id FROM binding WHERE ?1 IS NULL OR bucket = ?1", &st, e);
    if (r == ERR_OK) {
        sql_bind_text (st, 1, bucket);
        while ((r = sql_step (st, &has_row, e)) == ERR_OK && has_row) {
            int64_t id = sql_get_int (st, 0);
            g_array_append_val (ids, id);
        }
        sql_finish (st);
    }
    dataset_read_done (db, s);
    return r;
}

enum err work_end_bindings_of (struct dataset_db *db, const char *bucket, int64_t except,
                               int64_t *removed, struct error *e)
{
    g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (int64_t));
    enum err r = list_bindings (db, bucket, ids, e);
    for (guint i = 0; i < ids->len && r == ERR_OK; i++) {
        int64_t id = g_array_index (ids, int64_t, i);
        if (id != except)
            r = end_binding (db, id, removed, e);
    }
    return r;
}

static bool is_in (const GArray *ids, int64_t id)
{
    for (guint i = 0; ids && i < ids->len; i++)
        if (g_array_index (ids, int64_t, i) == id)
            return true;
    return false;
}

enum err work_fence_others (struct dataset_db *db, const GArray *keep, GArray *ret, struct error *e)
{
    g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (int64_t));
    enum err r = list_bindings (db, NULL, ids, e);
    for (guint i = 0; i < ids->len && r == ERR_OK; i++) {
        int64_t id = g_array_index (ids, int64_t, i);
        if (is_in (keep, id))
            continue;
        r = work_fence_binding (db, id, e);
        g_array_append_val (ret, id);
    }
    return r;
}

/* ---- Progress ---- */

static enum err get_progress (struct sql *s, int64_t binding, struct work_progress *ret,
                              struct error *e)
{
    _cleanup_stmt_ struct sql_stmt *st = NULL;
    bool has_row = false;
    enum err r = sql_prepare (s,
                              "SELECT listed, indexed, unchanged, deleted, failed + rejected,"
                              " pending, start_ns, scan_end_ns, NOT EXISTS"
                              " (SELECT 1 FROM range WHERE range.binding = binding.id), scan"
                              " FROM binding WHERE id = ? AND is_ended = 0",
                              &st, e);
    if (r != ERR_OK)
        return r;
    sql_bind_int (st, 1, binding);
    r = sql_step (st, &has_row, e);
    if (r != ERR_OK)
        return r;
    if (!has_row)
        return FAIL (e, NOT_FOUND, "binding %" G_GINT64_FORMAT " has not begun", binding);
    *ret = (struct work_progress){
        .listed = sql_get_int (st, 0),
        .indexed = sql_get_int (st, 1),
        .unchanged = sql_get_int (st, 2),
        .deleted = sql_get_int (st, 3),
        .failed = sql_get_int (st, 4),
        .pending = sql_get_int (st, 5),
        .start_ns = sql_get_int (st, 6),
        .scan_end_ns = sql_get_int (st, 7),
        .ranges_done = sql_get_int (st, 8) != 0,
        .is_first = sql_get_int (st, 9) == 1,
    };
    return ERR_OK;
}

enum err work_get_progress (struct dataset_db *db, int64_t binding, struct work_progress *ret,
                            struct error *e)
{
    struct sql *s = NULL;
    enum err r = dataset_read (db, &s, e);
    if (r != ERR_OK)
        return r;
    r = get_progress (s, binding, ret, e);
    dataset_read_done (db, s);
    return r;
}
