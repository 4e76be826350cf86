/* Results of work: rows written or removed, and the work settled, in one transaction. */
#include <assert.h>
#include <string.h>

#include "index/sidecar.h"
#include "index/work_internal.h"

/* Until a result that makes no sense for its row is tried again; twice as long each time. */
#define ODD_RESULT_WAIT_NS   1000000000ll
#define ODD_RESULT_DOUBLINGS 8

void work_result_free (void *ptr)
{
    struct work_result *r = ptr;
    if (!r)
        return;
    g_free (r->key);
    g_free (r->reason);
    json_decref (r->meta);
    json_decref (r->attributes);
    g_free (r);
}

struct finishing {
    struct change *c;
    bool urgent;
    const struct file_context *ctx;
    const struct merge_batch *quotas;
    struct work_result *result;
    struct work_row work;
    bool is_same;    /* not dirtied again since it was taken */
    bool lacks_text; /* so was it written */
    char *uri;
    struct row row;
};

static enum err update_work (struct finishing *f, int64_t not_before_ns, int attempts, int strikes,
                             int64_t since_ns, struct error *e)
{
    struct sql_stmt *st = NULL;
    enum err r = sql_prepare (f->c->s,
                              "UPDATE work SET not_before = coalesce (?, not_before), attempts = ?,"
                              " strikes = ?, since = ? WHERE binding = ? AND key = ?",
                              &st, e);
    if (r != ERR_OK)
        return r;
    if (f->is_same) /* else the new event's own time stays */
        sql_bind_int (st, 1, not_before_ns);
    sql_bind_int (st, 2, attempts);
    sql_bind_int (st, 3, strikes);
    sql_bind_int (st, 4, since_ns);
    sql_bind_int (st, 5, f->c->binding);
    sql_lend_text (st, 6, f->result->key);
    return sql_run (st, e);
}

/* The work is done: it goes, unless the key was dirtied meanwhile or is to be looked at again; then
 * it begins anew. */
static enum err settle (struct finishing *f, struct error *e)
{
    const struct work_result *r = f->result;
    bool keep = r->outcome == WORK_STORED && r->keep_dirty;
    if (f->is_same && !keep)
        return f->lacks_text ? work_leave_text (f->c, r->key, e) : work_remove (f->c, r->key, e);
    return update_work (f, r->not_before_ns, 0, 0, r->reset_since ? f->c->now_ns : f->work.since_ns,
                        e);
}

static enum err later (struct finishing *f, int64_t not_before_ns, int strikes, struct error *e)
{
    return update_work (f, not_before_ns, f->work.attempts + 1, strikes,
                        f->result->reset_since ? f->c->now_ns : f->work.since_ns, e);
}

static enum err touch_images (struct finishing *f, struct error *e)
{
    return work_touch_images (f->c, f->result->bucket, f->result->key,
                              f->urgent ? WORK_EVENT : WORK_SCAN, &f->result->has_queued, e);
}

/* Whether others must know. The first look at an object that was listed tells nothing new, unless
 * it took several. */
static bool is_news (const struct finishing *f)
{
    const struct row *old = &f->row;
    const struct work_result *r = f->result;
    bool is_same_version = old->version.size == r->version.size &&
                           old->version.mtime_ns == r->version.mtime_ns &&
                           strcmp (old->version.etag, r->version.etag) == 0;
    bool is_first_look = old->status == FILE_PENDING && f->work.attempts == 0;
    return !old->is_there || (sidecar_is_one (r->key) &&
                              (!is_same_version || (old->status != r->status && !is_first_look)));
}

/* A stale image that was dirtied while it was extracted may have got another sidecar meanwhile: it
 * stays stale. */
static bool stays_stale (const struct finishing *f)
{
    return !f->is_same && f->row.extractor == 0 && sidecar_is_image (f->result->key);
}

static enum err store (struct finishing *f, struct error *e)
{
    const struct work_result *r = f->result;
    const struct merge_batch *q = f->quotas;
    if (!f->row.is_there && q &&
        !rows_fit_quota (f->c, r->version.size, q->max_file_count, q->max_total_size))
        return settle (f, e);
    assert (r->status != FILE_PENDING);
    const struct row_put put = {
        .bucket = r->bucket,
        .key = r->key,
        .version = &r->version,
        .status = r->status,
        .reason = r->reason,
        .extractor = stays_stale (f) ? 0 : r->extractor,
        .operators = r->operators,
        .meta = r->meta,
        .attributes = r->attributes,
        .ctx = f->ctx,
    };
    enum err code = rows_put (f->c, &f->row, &put, e);
    if (code != ERR_OK)
        return code;
    f->c->indexed += r->status == FILE_INDEXED && f->work.priority != WORK_TEXT;
    f->lacks_text = r->operators & FILE_LACKS_TEXT;
    if (is_news (f))
        code = touch_images (f, e);
    return code == ERR_OK ? settle (f, e) : code;
}

static enum err unchanged (struct finishing *f, struct error *e)
{
    if (f->row.is_there && f->row.status == FILE_PENDING) /* it has nothing that could be kept */
        return later (
            f, f->c->now_ns + (ODD_RESULT_WAIT_NS << MIN (f->work.attempts, ODD_RESULT_DOUBLINGS)),
            f->work.strikes, e);
    f->c->unchanged += f->work.priority != WORK_TEXT;
    return settle (f, e);
}

static enum err gone (struct finishing *f, struct error *e)
{
    if (f->row.is_there) {
        enum err r = rows_delete (f->c, f->uri, &f->row, e);
        if (r == ERR_OK)
            r = touch_images (f, e);
        if (r != ERR_OK)
            return r;
        f->c->deleted++;
    }
    if (f->is_same)
        return work_remove (f->c, f->result->key, e);
    return settle (f, e);
}

static enum err dispatch (struct finishing *f, struct error *e)
{
    switch (f->result->outcome) {
    case WORK_STORED:
        return store (f, e);
    case WORK_UNCHANGED:
        return unchanged (f, e);
    case WORK_GONE:
        return gone (f, e);
    case WORK_LATER:
        return later (f, f->result->not_before_ns, f->result->strikes, e);
    }
    return FAIL (e, INTERNAL, "a result has outcome %d", (int) f->result->outcome);
}

static enum err finish_one (struct finishing *f, struct error *e)
{
    const struct work_result *result = f->result;
    bool has_work = false;
    enum err r = work_find (f->c->s, f->c->binding, result->key, &f->work, &has_work, e);
    if (r != ERR_OK || !has_work || f->work.id != result->id)
        return r;
    f->is_same = f->work.commit_no == result->commit_no;
    g_autofree char *uri = rows_uri (result->bucket, result->key);
    f->uri = uri;
    r = rows_find (f->c->s, uri, &f->row, e);
    return r == ERR_OK ? dispatch (f, e) : r;
}

/* Results of several bindings may come together; each has counters of its own. */
static enum err turn_to (struct change *c, int64_t binding, bool *ret_is_over, struct error *e)
{
    enum err r = c->binding != binding ? work_flush_counts (c, e) : ERR_OK;
    if (r != ERR_OK)
        return r;
    c->binding = binding;
    r = work_check_binding (c->s, binding, NULL);
    *ret_is_over = r == ERR_SUPERSEDED;
    return *ret_is_over ? ERR_OK : r;
}

enum err work_finish (struct dataset_db *db, const struct file_context *ctx, bool urgent,
                      const GPtrArray *results, const struct merge_batch *quotas, struct error *e)
{
    struct change c;
    bool is_over = true;
    enum err r = work_begin_change (db, urgent, 0, &c, e);
    if (r != ERR_OK)
        return r;
    for (guint i = 0; i < results->len && r == ERR_OK; i++) {
        struct finishing f = { .c = &c, .urgent = urgent, .ctx = ctx, .quotas = quotas };
        f.result = g_ptr_array_index (results, i);
        if (c.binding != f.result->binding)
            r = turn_to (&c, f.result->binding, &is_over, e);
        if (r == ERR_OK && !is_over)
            r = finish_one (&f, e);
    }
    return work_end_change (&c, r, e);
}
