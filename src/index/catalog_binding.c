/* Bindings of buckets to datasets. */
#include "index/catalog.h"

#include "base/clock.h"
#include "index/catalog_internal.h"

#define SELECT                                                                                     \
    "SELECT b.id, b.dataset_id, p.name, d.name, b.bucket, b.state, b.phase, b.reason,"             \
    " b.create_ns, b.update_ns FROM binding b JOIN dataset d ON d.id = b.dataset_id"               \
    " JOIN project p ON p.id = d.project_id "

void binding_free (void *ptr)
{
    struct binding *b = ptr;
    if (!b)
        return;
    g_free (b->project);
    g_free (b->dataset);
    g_free (b->bucket);
    g_free (b->reason);
    g_free (b);
}

static struct binding *read_binding (struct sql_stmt *st)
{
    struct binding *b = g_new0 (struct binding, 1);
    b->id = sql_get_int (st, 0);
    b->dataset_id = sql_get_int (st, 1);
    b->project = catalog_text (st, 2);
    b->dataset = catalog_text (st, 3);
    b->bucket = catalog_text (st, 4);
    b->state = (enum binding_state) sql_get_int (st, 5);
    b->phase = (enum binding_phase) sql_get_int (st, 6);
    b->reason = catalog_text (st, 7);
    b->create_ns = sql_get_int (st, 8);
    b->update_ns = sql_get_int (st, 9);
    return b;
}

static enum err find_id (struct catalog *c, const struct binding *b, int64_t *ret, struct error *e)
{
    _cleanup_stmt_ struct sql_stmt *st = NULL;
    bool has_row = false;
    enum err r =
        sql_prepare (c->sql, "SELECT id FROM binding WHERE dataset_id = ? AND bucket = ?", &st, e);
    if (r != ERR_OK)
        return r;
    sql_bind_int (st, 1, b->dataset_id);
    sql_bind_text (st, 2, b->bucket);
    r = sql_step (st, &has_row, e);
    if (r != ERR_OK)
        return r;
    *ret = has_row ? sql_get_int (st, 0) : 0;
    return ERR_OK;
}

static enum err check_new (struct catalog *c, const struct binding *b, struct error *e)
{
    int64_t id = 0, n = 0, max = 0;
    enum err r =
        catalog_need (c, "SELECT count(*) FROM dataset WHERE id = ?", b->dataset_id, "dataset", e);
    if (r == ERR_OK)
        r = find_id (c, b, &id, e);
    if (r != ERR_OK)
        return r;
    if (id)
        return FAIL (e, EXISTS, "The specified resource binding already exists.");
    r = catalog_count (c, "SELECT count(*) FROM binding WHERE dataset_id = ?", b->dataset_id, &n,
                       e);
    if (r == ERR_OK)
        r = catalog_count (c, "SELECT max_bind_count FROM dataset WHERE id = ?", b->dataset_id,
                           &max, e);
    if (r != ERR_OK)
        return r;
    if (max && n >= max)
        return FAIL (e, LIMIT,
                     "resource count exceeds the limit: the dataset's DatasetMaxBindCount is "
                     "%" G_GINT64_FORMAT,
                     max);
    return ERR_OK;
}

static enum err insert (struct catalog *c, struct binding *b, struct error *e)
{
    struct sql_stmt *st = NULL;
    enum err r = check_new (c, b, e);
    if (r == ERR_OK)
        r = sql_prepare (c->sql,
                         "INSERT INTO binding (dataset_id, bucket, state, phase, reason,"
                         " create_ns, update_ns) VALUES (?, ?, ?, ?, ?, ?, ?)",
                         &st, e);
    if (r != ERR_OK)
        return r;
    if (b->state == BINDING_READY)
        b->state = BINDING_RUNNING;
    b->create_ns = b->update_ns = clock_now_ns ();
    sql_bind_int (st, 1, b->dataset_id);
    sql_bind_text (st, 2, b->bucket);
    sql_bind_int (st, 3, b->state);
    sql_bind_int (st, 4, b->phase);
    sql_bind_text (st, 5, b->reason ? b->reason : "");
    sql_bind_int (st, 6, b->create_ns);
    sql_bind_int (st, 7, b->update_ns);
    r = sql_run (st, e);
    return r == ERR_OK ? find_id (c, b, &b->id, e) : r;
}

enum err catalog_create_binding (struct catalog *c, struct binding *b, struct error *e)
{
    CATALOG_LOCK (c);
    enum err r = sql_begin (c->sql, SQL_DURABLE, e);
    return r == ERR_OK ? catalog_end (c, insert (c, b, e), e) : r;
}

static enum err read_one (struct sql_stmt *st, struct binding **ret, struct error *e)
{
    bool has_row = false;
    enum err r = sql_step (st, &has_row, e);
    if (r != ERR_OK)
        return r;
    if (!has_row)
        return FAIL (e, NOT_FOUND, "The specified resource binding is not found.");
    *ret = read_binding (st);
    return ERR_OK;
}

static void *copy_binding (const void *row)
{
    const struct binding *b = row;
    struct binding *copy = g_memdup2 (b, sizeof *b);
    copy->project = g_strdup (b->project);
    copy->dataset = g_strdup (b->dataset);
    copy->bucket = g_strdup (b->bucket);
    copy->reason = g_strdup (b->reason);
    return copy;
}

static enum err find_binding (struct catalog *c, int64_t dataset_id, const char *bucket,
                              struct binding **ret, struct error *e)
{
    _cleanup_stmt_ struct sql_stmt *st = NULL;
    enum err r = sql_prepare (c->sql, SELECT "WHERE b.dataset_id = ? AND b.bucket = ?", &st, e);
    if (r != ERR_OK)
        return r;
    sql_bind_int (st, 1, dataset_id);
    sql_bind_text (st, 2, bucket);
    return read_one (st, ret, e);
}

enum err catalog_get_binding (struct catalog *c, int64_t dataset_id, const char *bucket,
                              struct binding **ret, struct error *e)
{
    g_autofree char *key = g_strdup_printf ("binding %" G_GINT64_FORMAT " %s", dataset_id, bucket);
    struct binding *known = catalog_recall (c, key, copy_binding);
    if (known) {
        *ret = known;
        return ERR_OK;
    }
    CATALOG_LOCK (c);
    enum err r = find_binding (c, dataset_id, bucket, ret, e);
    if (r == ERR_OK)
        catalog_keep (c, key, *ret, copy_binding, binding_free);
    return r;
}

enum err catalog_get_binding_by_id (struct catalog *c, int64_t id, struct binding **ret,
                                    struct error *e)
{
    CATALOG_LOCK (c);
    _cleanup_stmt_ struct sql_stmt *st = NULL;
    enum err r = sql_prepare (c->sql, SELECT "WHERE b.id = ?", &st, e);
    if (r != ERR_OK)
        return r;
    sql_bind_int (st, 1, id);
    return read_one (st, ret, e);
}

static enum err read_all (struct sql_stmt *st, GPtrArray **ret, struct error *e)
{
    g_autoptr (GPtrArray) list = g_ptr_array_new_with_free_func (binding_free);
    bool has_row = false;
    enum err r;
    while ((r = sql_step (st, &has_row, e)) == ERR_OK && has_row)
        g_ptr_array_add (list, read_binding (st));
    if (r != ERR_OK)
        return r;
    *ret = g_steal_pointer (&list);
    return ERR_OK;
}

enum err catalog_list_bindings (struct catalog *c, const char *project, const char *dataset,
                                const char *from_dataset, const char *from_bucket,
                                const char *name_part, unsigned max, GPtrArray **ret,
                                struct error *e)
{
    CATALOG_LOCK (c);
    _cleanup_stmt_ struct sql_stmt *st = NULL;
    enum err r = sql_prepare (
        c->sql,
        SELECT
        "WHERE p.name = ?1 AND (?2 IS NULL OR d.name = ?2) AND (d.name, b.bucket) >= (?3, ?4)"
        " AND instr (p.name || ':' || d.name || ':' || b.bucket, ?5) > 0"
        " ORDER BY d.name, b.bucket LIMIT ?6",
        &st, e);
    if (r != ERR_OK)
        return r;
    sql_bind_text (st, 1, project);
    sql_bind_text (st, 2, dataset);
    sql_bind_text (st, 3, from_dataset ? from_dataset : "");
    sql_bind_text (st, 4, from_dataset && from_bucket ? from_bucket : "");
    sql_bind_text (st, 5, name_part ? name_part : "");
    sql_bind_int (st, 6, (int64_t) max + 1);
    return read_all (st, ret, e);
}

enum err catalog_list_all_bindings (struct catalog *c, GPtrArray **ret, struct error *e)
{
    CATALOG_LOCK (c);
    _cleanup_stmt_ struct sql_stmt *st = NULL;
    enum err r = sql_prepare (c->sql, SELECT "ORDER BY b.id", &st, e);
    return r == ERR_OK ? read_all (st, ret, e) : r;
}

/* Runs a prepared change of one binding. */
static enum err change (struct catalog *c, struct sql_stmt *st, struct error *e)
{
    enum err r = sql_run (st, e);
    if (r == ERR_OK && !sql_changes (c->sql))
        return FAIL (e, NOT_FOUND, "The specified resource binding is not found.");
    return r;
}

static enum err set_state (struct catalog *c, const struct binding *b, bool touch, struct error *e)
{
    struct sql_stmt *st = NULL;
    enum err r = sql_prepare (c->sql,
                              "UPDATE binding SET state = ?, phase = ?, reason = ?,"
                              " update_ns = coalesce (?, update_ns) WHERE id = ?",
                              &st, e);
    if (r != ERR_OK)
        return r;
    sql_bind_int (st, 1, b->state);
    sql_bind_int (st, 2, b->phase);
    sql_bind_text (st, 3, b->reason);
    if (touch)
        sql_bind_int (st, 4, clock_now_ns ());
    sql_bind_int (st, 5, b->id);
    return change (c, st, e);
}

enum err catalog_set_binding_state (struct catalog *c, int64_t id, enum binding_state state,
                                    enum binding_phase phase, const char *reason, bool touch,
                                    struct error *e)
{
    CATALOG_LOCK (c);
    g_autofree char *text = g_strdup (reason ? reason : "");
    const struct binding b = { .id = id, .state = state, .phase = phase, .reason = text };
    enum err r = sql_begin (c->sql, SQL_DURABLE, e);
    return r == ERR_OK ? catalog_end (c, set_state (c, &b, touch, e), e) : r;
}

static enum err delete_binding (struct catalog *c, int64_t id, struct error *e)
{
    struct sql_stmt *st = NULL;
    enum err r = sql_prepare (c->sql, "DELETE FROM binding WHERE id = ?", &st, e);
    if (r != ERR_OK)
        return r;
    sql_bind_int (st, 1, id);
    return change (c, st, e);
}

enum err catalog_delete_binding (struct catalog *c, int64_t id, struct error *e)
{
    CATALOG_LOCK (c);
    enum err r = sql_begin (c->sql, SQL_DURABLE, e);
    return r == ERR_OK ? catalog_end (c, delete_binding (c, id, e), e) : r;
}
