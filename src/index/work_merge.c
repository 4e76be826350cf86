/* A page of a merge, applied: new rows, queued work, deletions, rejects, counters and cursor at
 * once. */
#include <assert.h>

#include "base/limits.h"
#include "index/sidecar.h"
#include "index/work_internal.h"

static enum err put_new (struct change *c, const struct merge_batch *b, const struct merge_put *put,
                         const struct row *none, struct error *e)
{
    const struct row_put row = {
        .bucket = b->bucket,
        .key = put->key,
        .version = &put->version,
        .status = FILE_PENDING,
        .storage_class = put->storage_class,
    };
    return rows_put (c, none, &row, e);
}

/* Without sidecars, images concern nobody else. */
static enum err touch_images (struct change *c, const struct merge_batch *b, const char *key,
                              bool *has_sidecars, struct error *e)
{
    bool touched = false;
    *has_sidecars = *has_sidecars || sidecar_is_one (key);
    return *has_sidecars ? work_touch_images (c, b->bucket, key, WORK_SCAN, &touched, e) : ERR_OK;
}

/* Whoever wrote the row since the listing began knows better. */
static enum err set_class (struct change *c, const struct merge_batch *b,
                           const struct merge_put *put, const char *uri, const struct row *row,
                           struct error *e)
{
    if (!row->is_there || row->status == FILE_PENDING || row->commit_no > b->page_commit)
        return ERR_OK;
    return rows_set_class (c, uri, row, put->storage_class, b->timezone_min, e);
}

/* A changed row stays as it is until its object was extracted anew: only work is queued. */
static enum err apply_put (struct change *c, const struct merge_batch *b,
                           const struct merge_put *put, bool *has_sidecars, int64_t *over_quota,
                           struct error *e)
{
    g_autofree char *uri = rows_uri (b->bucket, put->key);
    struct row row;
    enum err r = rows_find (c->s, uri, &row, e);
    if (r != ERR_OK)
        return r;
    if (put->only_class)
        return set_class (c, b, put, uri, &row, e);
    if (put->only_text)
        return row.operators & FILE_LACKS_TEXT ? work_queue_text (c, put->key, e) : ERR_OK;
    if (!row.is_there) {
        if (!rows_fit_quota (c, put->version.size, b->max_file_count, b->max_total_size)) {
            (*over_quota)++;
            return ERR_OK;
        }
        r = put_new (c, b, put, &row, e);
        if (r == ERR_OK)
            r = touch_images (c, b, put->key, has_sidecars, e);
        if (r != ERR_OK)
            return r;
    }
    return work_queue (c, put->key, WORK_SCAN, put->not_before_ns, put, e);
}

/* The listing knows nothing of what was written since it began: such a row, or a key that was
 * dirtied since, stays. */
static enum err apply_delete (struct change *c, const struct merge_batch *b, const char *key,
                              bool *has_sidecars, struct error *e)
{
    g_autofree char *uri = rows_uri (b->bucket, key);
    struct row row;
    struct work_row work;
    bool has_work = false;
    enum err r = rows_find (c->s, uri, &row, e);
    if (r != ERR_OK || !row.is_there || row.commit_no > b->page_commit)
        return r;
    r = work_find (c->s, c->binding, key, &work, &has_work, e);
    if (r != ERR_OK || (has_work && work.commit_no > b->page_commit))
        return r;
    r = rows_delete (c, uri, &row, e);
    if (r == ERR_OK && has_work)
        r = work_remove (c, key, e);
    if (r == ERR_OK)
        r = touch_images (c, b, key, has_sidecars, e);
    c->deleted++;
    return r;
}

static enum err insert_reject (struct change *c, const struct work_reject *reject, bool *ret_is_new,
                               struct error *e)
{
    struct sql_stmt *st = NULL;
    enum err r = sql_prepare (c->s,
                              "INSERT INTO failure VALUES (?1, ?2, ?3, ?4,"
                              " (SELECT scan FROM binding WHERE id = ?1)) ON CONFLICT DO NOTHING",
                              &st, e);
    if (r != ERR_OK)
        return r;
    sql_bind_int (st, 1, c->binding);
    sql_bind_text (st, 2, reject->key);
    sql_bind_text (st, 3, reject->reason);
    sql_bind_int (st, 4, c->now_ns);
    r = sql_run (st, e);
    *ret_is_new = r == ERR_OK && sql_changes (c->s);
    return r;
}

static enum err apply_reject (struct change *c, const struct work_reject *reject, struct error *e)
{
    struct sql_stmt *st = NULL;
    bool is_new = false;
    enum err r = insert_reject (c, reject, &is_new, e);
    c->rejected += is_new;
    if (r != ERR_OK || is_new)
        return r;
    r = sql_prepare (c->s,
                     "UPDATE failure SET reason = ?3, scan ="
                     " (SELECT scan FROM binding WHERE id = ?1) WHERE binding = ?1 AND key = ?2",
                     &st, e);
    if (r != ERR_OK)
        return r;
    sql_bind_int (st, 1, c->binding);
    sql_bind_text (st, 2, reject->key);
    sql_bind_text (st, 3, reject->reason);
    return sql_run (st, e);
}

static enum err apply (struct change *c, const struct merge_batch *b, int64_t *over_quota,
                       struct error *e)
{
    bool has_sidecars = false;
    enum err r = work_move_range (c, b->range, b->cursor, b->until_ns, e);
    if (r == ERR_OK)
        r = sidecar_has_any (c->s, b->bucket, &has_sidecars, e);
    for (guint i = 0; b->puts && i < b->puts->len && r == ERR_OK; i++)
        r = apply_put (c, b, &g_array_index (b->puts, struct merge_put, i), &has_sidecars,
                       over_quota, e);
    for (guint i = 0; b->deletes && i < b->deletes->len && r == ERR_OK; i++)
        r = apply_delete (c, b, g_ptr_array_index (b->deletes, i), &has_sidecars, e);
    for (guint i = 0; b->rejects && i < b->rejects->len && r == ERR_OK; i++)
        r = apply_reject (c, g_ptr_array_index (b->rejects, i), e);
    c->listed += b->listed;
    c->unchanged += b->unchanged;
    return r;
}

enum err work_apply_merge (struct dataset_db *db, const struct merge_batch *b, int64_t *ret_deleted,
                           int64_t *ret_over_quota, struct error *e)
{
    assert (!b->puts || b->puts->len <= LIMIT_BATCH_ROWS);
    assert (!b->deletes || b->deletes->len <= LIMIT_BATCH_ROWS);
    struct change c;
    int64_t over_quota = 0, deleted = 0;
    enum err r = work_begin_change (db, false, b->range->binding, &c, e);
    if (r != ERR_OK)
        return r;
    r = apply (&c, b, &over_quota, e);
    deleted = c.deleted;
    r = work_end_change (&c, r, e);
    if (r != ERR_OK)
        return r;
    *ret_deleted = deleted;
    *ret_over_quota = over_quota;
    return ERR_OK;
}
