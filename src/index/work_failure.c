/* What failed: rows with status Failed and rejects of listings, as one list. */
#include <string.h>

#include "base/limits.h"
#include "index/work_internal.h"

void work_failure_free (void *ptr)
{
    struct work_failure *f = ptr;
    if (!f)
        return;
    g_free (f->key);
    g_free (f->reason);
    g_free (f);
}

static void add (GPtrArray *list, const char *key, struct sql_stmt *st, bool is_row)
{
    struct work_failure *f = g_new0 (struct work_failure, 1);
    const char *reason = sql_get_text (st, 1);
    f->key = g_strdup (key);
    f->reason = g_strdup (reason ? reason : "");
    f->time_ns = sql_get_int (st, 2);
    f->is_row = is_row;
    g_ptr_array_add (list, f);
}

/* Failed rows in (after or at lo, hi). The condition on status names the partial index. */
static enum err list_rows (struct sql *s, const char *bucket, const char *from, size_t max,
                           GPtrArray *list, struct error *e)
{
    _cleanup_stmt_ struct sql_stmt *st = NULL;
    g_autofree char *lo = NULL, *hi = NULL;
    const size_t prefix = strlen ("oss:///") + strlen (bucket);
    bool has_row = false;
    enum err r = sql_prepare (s,
                              "SELECT o.uri, t.reason, f.updated FROM object o"
                              " JOIN file f ON f.id = o.id JOIN file_text t ON t.id = o.id"
                              " WHERE o.status = 2 AND o.uri >= ? AND o.uri < ?"
                              " ORDER BY o.uri LIMIT ?",
                              &st, e);
    if (r != ERR_OK)
        return r;
    rows_bounds (bucket, from, NULL, &lo, &hi);
    sql_bind_text (st, 1, lo);
    sql_bind_text (st, 2, hi);
    sql_bind_int (st, 3, (int64_t) max);
    while ((r = sql_step (st, &has_row, e)) == ERR_OK && has_row)
        add (list, sql_get_text (st, 0) + prefix, st, true);
    return r;
}

static enum err list_rejects (struct sql *s, int64_t binding, const char *from, size_t max,
                              GPtrArray *list, struct error *e)
{
    _cleanup_stmt_ struct sql_stmt *st = NULL;
    bool has_row = false;
    enum err r = sql_prepare (s,
                              "SELECT key, reason, time_ns FROM failure"
                              " WHERE binding = ? AND key >= ? ORDER BY key LIMIT ?",
                              &st, e);
    if (r != ERR_OK)
        return r;
    sql_bind_int (st, 1, binding);
    sql_bind_text (st, 2, from ? from : "");
    sql_bind_int (st, 3, (int64_t) max);
    while ((r = sql_step (st, &has_row, e)) == ERR_OK && has_row)
        add (list, sql_get_text (st, 0), st, false);
    return r;
}

static gint by_key (gconstpointer a, gconstpointer b)
{
    const struct work_failure *const *x = a, *const *y = b;
    return strcmp ((*x)->key, (*y)->key);
}

enum err work_list_failures (struct dataset_db *db, int64_t binding, const char *bucket,
                             const char *from, size_t max, GPtrArray **ret, struct error *e)
{
    g_autoptr (GPtrArray) list = g_ptr_array_new_with_free_func (work_failure_free);
    struct sql *s = NULL;
    enum err r = dataset_read (db, &s, e);
    if (r != ERR_OK)
        return r;
    r = list_rows (s, bucket, from, max, list, e);
    if (r == ERR_OK)
        r = list_rejects (s, binding, from, max, list, e);
    dataset_read_done (db, s);
    if (r != ERR_OK)
        return r;
    g_ptr_array_sort (list, by_key);
    if (list->len > max)
        g_ptr_array_set_size (list, (gint) max);
    *ret = g_steal_pointer (&list);
    return ERR_OK;
}

/* ---- Trying again ---- */

/* Extractor 0 makes the row stale for whoever compares: a Failed row whose object did not change is
 * extracted again. */
static enum err forget_attempt (struct change *c, const char *bucket, const char *key,
                                struct error *e)
{
    struct sql_stmt *st = NULL;
    g_autofree char *uri = rows_uri (bucket, key);
    enum err r = sql_prepare (c->s, "UPDATE object SET extractor = 0 WHERE uri = ?", &st, e);
    if (r != ERR_OK)
        return r;
    sql_bind_text (st, 1, uri);
    r = sql_run (st, e);
    if (r == ERR_OK)
        r = work_queue (c, key, WORK_SCAN, 0, NULL, e);
    if (r == ERR_OK)
        r = sql_prepare (c->s,
                         "UPDATE work SET strikes = 0, attempts = 0"
                         " WHERE binding = ? AND key = ?",
                         &st, e);
    if (r != ERR_OK)
        return r;
    sql_bind_int (st, 1, c->binding);
    sql_bind_text (st, 2, key);
    return sql_run (st, e);
}

/* One batch from key `from` on; *from moves past it, NULL at the end. */
static enum err retry_batch (struct change *c, const char *bucket, char **from, int64_t *count,
                             struct error *e)
{
    g_autoptr (GPtrArray) rows = g_ptr_array_new_with_free_func (work_failure_free);
    enum err r = work_check_binding (c->s, c->binding, e);
    if (r == ERR_OK)
        r = list_rows (c->s, bucket, *from, LIMIT_BATCH_ROWS + 1, rows, e);
    guint n = MIN (rows->len, LIMIT_BATCH_ROWS);
    for (guint i = 0; i < n && r == ERR_OK; i++) {
        const struct work_failure *f = g_ptr_array_index (rows, i);
        r = forget_attempt (c, bucket, f->key, e);
    }
    *count += n;
    g_clear_pointer (from, g_free);
    if (rows->len > n) {
        const struct work_failure *next = g_ptr_array_index (rows, n);
        *from = g_strdup (next->key);
    }
    return r;
}

enum err work_retry_failures (struct dataset_db *db, int64_t binding, const char *bucket,
                              int64_t *ret, struct error *e)
{
    g_autofree char *from = NULL;
    int64_t count = 0;
    enum err r;
    do {
        struct change c;
        r = work_begin_change (db, true, binding, &c, e);
        if (r == ERR_OK)
            r = work_end_change (&c, retry_batch (&c, bucket, &from, &count, e), e);
    } while (r == ERR_OK && from);
    if (r == ERR_OK)
        *ret = count;
    return r;
}
