/* Changes of work: the transaction, the counters of its binding, single rows of `work`. */
#include <string.h>

#include "base/clock.h"
#include "index/work_internal.h"

enum err work_begin_change (struct dataset_db *db, bool urgent, int64_t binding, struct change *ret,
                            struct error *e)
{
    struct change c = { .db = db, .binding = binding };
    enum err r = dataset_write (db, urgent, SQL_REBUILDABLE, &c.s, &c.commit_no, e);
    if (r != ERR_OK)
        return r;
    c.now_ns = clock_now_ns ();
    *ret = c;
    return ERR_OK;
}

enum err work_flush_counts (struct change *c, struct error *e)
{
    const int64_t counts[] = { c->listed, c->indexed,  c->unchanged, c->deleted,
                               c->failed, c->rejected, c->pending };
    struct sql_stmt *st = NULL;
    enum err r = sql_prepare (c->s,
                              "UPDATE binding SET listed = listed + ?, indexed = indexed + ?,"
                              " unchanged = unchanged + ?, deleted = deleted + ?,"
                              " failed = failed + ?, rejected = rejected + ?,"
                              " pending = pending + ? WHERE id = ?",
                              &st, e);
    if (r != ERR_OK)
        return r;
    for (size_t i = 0; i < N_ELEMENTS (counts); i++)
        sql_bind_int (st, (int) i + 1, counts[i]);
    sql_bind_int (st, (int) N_ELEMENTS (counts) + 1, c->binding);
    c->listed = c->indexed = c->unchanged = c->deleted = 0;
    c->failed = c->rejected = c->pending = 0;
    return sql_run (st, e);
}

enum err work_end_change (struct change *c, enum err r, struct error *e)
{
    if (r == ERR_OK)
        r = work_flush_counts (c, e);
    return dataset_end (c->db, r, e);
}

enum err work_run_ints (struct sql *s, const char *text, int64_t first, int64_t second,
                        struct error *e)
{
    struct sql_stmt *st = NULL;
    enum err r = sql_prepare (s, text, &st, e);
    if (r != ERR_OK)
        return r;
    sql_bind_int (st, 1, first);
    sql_bind_int (st, 2, second);
    return sql_run (st, e);
}

enum err work_run_int (struct sql *s, const char *text, int64_t value, struct error *e)
{
    struct sql_stmt *st = NULL;
    enum err r = sql_prepare (s, text, &st, e);
    if (r != ERR_OK)
        return r;
    sql_bind_int (st, 1, value);
    return sql_run (st, e);
}

enum err work_check_binding (struct sql *s, int64_t binding, struct error *e)
{
    _cleanup_stmt_ struct sql_stmt *st = NULL;
    bool has_row = false;
    enum err r = sql_prepare (s, "SELECT 1 FROM binding WHERE id = ? AND is_ended = 0", &st, e);
    if (r != ERR_OK)
        return r;
    sql_bind_int (st, 1, binding);
    r = sql_step (st, &has_row, e);
    if (r == ERR_OK && !has_row)
        return FAIL (e, SUPERSEDED, "binding %" G_GINT64_FORMAT " has ended", binding);
    return r;
}

/* Binds what a listing said from parameter `i` on: class, size, mtime, etag; nothing if NULL. */
static void bind_listed (struct sql_stmt *st, int i, const struct merge_put *listed)
{
    sql_lend_text (st, i, listed ? file_storage_class (listed->storage_class) : "");
    if (!listed || !listed->is_archived) {
        for (int column = 1; column <= 3; column++)
            sql_bind_null (st, i + column);
        return;
    }
    sql_bind_int (st, i + 1, (int64_t) listed->version.size);
    sql_bind_int (st, i + 2, listed->version.mtime_ns);
    sql_lend_text (st, i + 3, listed->version.etag);
}

static enum err insert_work (struct change *c, const char *key, enum work_priority priority,
                             int64_t not_before_ns, const struct merge_put *listed,
                             bool *ret_is_new, struct error *e)
{
    struct sql_stmt *st = NULL;
    enum err r = sql_prepare (c->s,
                              "INSERT INTO work VALUES (?, ?, ?, ?, ?, ?, 0, 0, ?, ?, ?, ?, ?)"
                              " ON CONFLICT DO NOTHING",
                              &st, e);
    if (r != ERR_OK)
        return r;
    struct dataset_totals *t = dataset_totals (c->db);
    sql_bind_int (st, 1, c->binding);
    sql_lend_text (st, 2, key);
    sql_bind_int (st, 3, t->next_id);
    sql_bind_int (st, 4, priority);
    sql_bind_int (st, 5, not_before_ns);
    sql_bind_int (st, 6, c->now_ns);
    sql_bind_int (st, 7, c->commit_no);
    bind_listed (st, 8, listed);
    r = sql_run (st, e);
    if (r != ERR_OK)
        return r;
    *ret_is_new = sql_changes (c->s) > 0;
    t->next_id += *ret_is_new;
    c->pending += *ret_is_new;
    return ERR_OK;
}

enum err work_queue (struct change *c, const char *key, enum work_priority priority,
                     int64_t not_before_ns, const struct merge_put *listed, struct error *e)
{
    struct sql_stmt *st = NULL;
    bool is_new = false;
    enum err r = insert_work (c, key, priority, not_before_ns, listed, &is_new, e);
    if (r != ERR_OK || is_new)
        return r;
    r = sql_prepare (c->s,
                     "UPDATE work SET priority = min (priority, ?),"
                     " not_before = min (not_before, ?), commit_no = ?,"
                     " storage_class = ?, size = ?, mtime_ns = ?, etag = ?"
                     " WHERE binding = ? AND key = ?",
                     &st, e);
    if (r != ERR_OK)
        return r;
    sql_bind_int (st, 1, priority);
    sql_bind_int (st, 2, not_before_ns);
    sql_bind_int (st, 3, c->commit_no);
    bind_listed (st, 4, listed);
    sql_bind_int (st, 8, c->binding);
    sql_lend_text (st, 9, key);
    return sql_run (st, e);
}

enum err work_queue_text (struct change *c, const char *key, struct error *e)
{
    bool is_new;
    return insert_work (c, key, WORK_TEXT, 0, NULL, &is_new, e);
}

enum err work_leave_text (struct change *c, const char *key, struct error *e)
{
    struct sql_stmt *st = NULL;
    enum err r = sql_prepare (c->s,
                              "UPDATE work SET priority = ?, not_before = 0, attempts = 0,"
                              " strikes = 0 WHERE binding = ? AND key = ?",
                              &st, e);
    if (r != ERR_OK)
        return r;
    sql_bind_int (st, 1, WORK_TEXT);
    sql_bind_int (st, 2, c->binding);
    sql_lend_text (st, 3, key);
    return sql_run (st, e);
}

enum err work_find (struct sql *s, int64_t binding, const char *key, struct work_row *ret,
                    bool *ret_found, struct error *e)
{
    _cleanup_stmt_ struct sql_stmt *st = NULL;
    bool has_row = false;
    enum err r = sql_prepare (s,
                              "SELECT id, commit_no, since, attempts, strikes, priority FROM work"
                              " WHERE binding = ? AND key = ?",
                              &st, e);
    if (r != ERR_OK)
        return r;
    sql_bind_int (st, 1, binding);
    sql_lend_text (st, 2, key);
    r = sql_step (st, &has_row, e);
    if (r != ERR_OK)
        return r;
    *ret_found = has_row;
    if (!has_row)
        return ERR_OK;
    ret->id = sql_get_int (st, 0);
    ret->commit_no = sql_get_int (st, 1);
    ret->since_ns = sql_get_int (st, 2);
    ret->attempts = (int) sql_get_int (st, 3);
    ret->strikes = (int) sql_get_int (st, 4);
    ret->priority = (enum work_priority) sql_get_int (st, 5);
    return ERR_OK;
}

enum err work_remove (struct change *c, const char *key, struct error *e)
{
    struct sql_stmt *st = NULL;
    enum err r = sql_prepare (c->s, "DELETE FROM work WHERE binding = ? AND key = ?", &st, e);
    if (r != ERR_OK)
        return r;
    sql_bind_int (st, 1, c->binding);
    sql_lend_text (st, 2, key);
    r = sql_run (st, e);
    if (r == ERR_OK)
        c->pending -= sql_changes (c->s);
    return r;
}
