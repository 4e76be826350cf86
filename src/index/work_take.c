/* Work: dirtied by events, taken by those who do it. */
#include <string.h>

#include "base/limits.h"
#include "index/work_internal.h"

void work_item_free (void *ptr)
{
    struct work_item *w = ptr;
    if (!w)
        return;
    g_free (w->key);
    g_free (w->storage_class);
    g_free (w);
}

static enum err mark_dirty (struct change *c, const struct work_dirty *keys, size_t n,
                            struct error *e)
{
    enum err r = work_check_binding (c->s, c->binding, e);
    for (size_t i = 0; i < n && r == ERR_OK; i++)
        r = work_queue (c, keys[i].key, WORK_EVENT, keys[i].not_before_ns, NULL, e);
    return r;
}

enum err work_mark_dirty (struct dataset_db *db, int64_t binding, const struct work_dirty *keys,
                          size_t n, struct error *e)
{
    struct change c;
    enum err r = work_begin_change (db, true, binding, &c, e);
    return r == ERR_OK ? work_end_change (&c, mark_dirty (&c, keys, n, e), e) : r;
}

struct taking {
    struct sql *s;
    int64_t binding, now_ns;
    size_t max;
    GHashTable *skip;
    GPtrArray *items;
    int64_t next_ns;
    char *bucket;
};

static enum err find_bucket (struct taking *t, struct error *e)
{
    _cleanup_stmt_ struct sql_stmt *st = NULL;
    bool has_row = false;
    enum err r = sql_prepare (t->s, "SELECT bucket FROM binding WHERE id = ?", &st, e);
    if (r != ERR_OK)
        return r;
    sql_bind_int (st, 1, t->binding);
    r = sql_step (st, &has_row, e);
    if (r == ERR_OK)
        t->bucket = g_strdup (has_row ? sql_get_text (st, 0) : "");
    return r;
}

/* The statement that yields the work has a snapshot open, which those that look for more share. */
static enum err read_item (const struct taking *t, struct work_item *w, struct error *e)
{
    _cleanup_stmt_ struct sql_stmt *st = NULL;
    bool has_row = false;
    enum err r = sql_prepare (t->s,
                              "SELECT since, attempts, strikes, commit_no, storage_class, size,"
                              " mtime_ns, etag FROM work WHERE binding = ? AND key = ?",
                              &st, e);
    if (r != ERR_OK)
        return r;
    sql_bind_int (st, 1, t->binding);
    sql_lend_text (st, 2, w->key);
    if ((r = sql_step (st, &has_row, e)) != ERR_OK)
        return r;
    if (!has_row)
        return FAIL (e, DATABASE, "an index of the work is damaged: no row of '%s'", w->key);
    w->since_ns = sql_get_int (st, 0);
    w->attempts = (int) sql_get_int (st, 1);
    w->strikes = (int) sql_get_int (st, 2);
    w->commit_no = sql_get_int (st, 3);
    w->storage_class = g_strdup (sql_get_text (st, 4));
    w->is_archived = !sql_is_null (st, 5);
    if (w->is_archived)
        rows_get_version (st, 5, &w->listed);
    return ERR_OK;
}

static enum err find_row (struct taking *t, struct work_item *w, struct error *e)
{
    g_autofree char *uri = rows_uri (t->bucket, w->key);
    enum err r = files_find_entry (t->s, uri, &w->row, e);
    w->has_row = r == ERR_OK;
    return r == ERR_NOT_FOUND ? ERR_OK : r;
}

static enum err take_item (struct taking *t, enum work_priority priority, struct sql_stmt *st,
                           struct error *e)
{
    struct work_item *w = g_new0 (struct work_item, 1);
    w->binding = t->binding;
    w->priority = priority;
    w->id = sql_get_int (st, 0);
    w->not_before_ns = sql_get_int (st, 1);
    w->key = g_strdup (sql_get_text (st, 2));
    g_ptr_array_add (t->items, w);
    enum err r = read_item (t, w, e);
    return r == ERR_OK ? find_row (t, w, e) : r;
}

/* Reads one class in the order of its index, past what is in flight, until one is not due yet or
 * there are enough. The index has these columns: what is in flight costs no look at its row. */
static enum err take_class (struct taking *t, enum work_priority priority, struct error *e)
{
    _cleanup_stmt_ struct sql_stmt *st = NULL;
    bool has_row = false;
    enum err r = sql_prepare (t->s,
                              "SELECT id, not_before, key FROM work"
                              " WHERE binding = ? AND priority = ? ORDER BY not_before, id",
                              &st, e);
    if (r != ERR_OK)
        return r;
    sql_bind_int (st, 1, t->binding);
    sql_bind_int (st, 2, priority);
    while ((r = sql_step (st, &has_row, e)) == ERR_OK && has_row) {
        int64_t id = sql_get_int (st, 0), not_before_ns = sql_get_int (st, 1);
        if (t->skip && g_hash_table_contains (t->skip, &id))
            continue;
        bool is_due = not_before_ns <= t->now_ns || not_before_ns - t->now_ns > LIMIT_WORK_WAIT_NS;
        if (!is_due || t->items->len >= t->max) {
            t->next_ns = MIN (t->next_ns, is_due ? t->now_ns : not_before_ns);
            break;
        }
        if ((r = take_item (t, priority, st, e)) != ERR_OK)
            break;
    }
    return r;
}

enum err work_take (struct dataset_db *db, int64_t binding, enum work_priority lowest,
                    int64_t now_ns, size_t max, GHashTable *skip, GPtrArray **ret,
                    int64_t *ret_next_ns, struct error *e)
{
    g_autoptr (GPtrArray) items = g_ptr_array_new_with_free_func (work_item_free);
    struct taking t = { .binding = binding,
                        .now_ns = now_ns,
                        .max = max,
                        .skip = skip,
                        .items = items,
                        .next_ns = INT64_MAX };
    enum err r = dataset_read (db, &t.s, e);
    if (r != ERR_OK)
        return r;
    r = find_bucket (&t, e);
    for (int priority = WORK_EVENT; priority <= (int) lowest && r == ERR_OK; priority++)
        r = take_class (&t, (enum work_priority) priority, e);
    dataset_read_done (db, t.s);
    g_free (t.bucket);
    if (r != ERR_OK)
        return r;
    *ret = g_steal_pointer (&items);
    *ret_next_ns = t.next_ns;
    return ERR_OK;
}
