/* Datasets of a project. */
#include "index/catalog.h"

#include "base/clock.h"
#include "index/catalog_internal.h"

#define COLUMNS                                                                                    \
    "id, project_id, name, description, template_id, workflow_parameters, max_bind_count,"         \
    " max_file_count, max_entity_count, max_relation_count, max_total_file_size, create_ns,"       \
    " update_ns, (SELECT count(*) FROM binding WHERE dataset_id = dataset.id)"

void dataset_free (void *ptr)
{
    struct dataset *d = ptr;
    if (!d)
        return;
    g_free (d->name);
    g_free (d->description);
    g_free (d->template_id);
    g_free (d->workflow_parameters);
    g_free (d);
}

static struct dataset *read_dataset (struct sql_stmt *st)
{
    struct dataset *d = g_new0 (struct dataset, 1);
    d->id = sql_get_int (st, 0);
    d->project_id = sql_get_int (st, 1);
    d->name = catalog_text (st, 2);
    d->description = catalog_text (st, 3);
    d->template_id = catalog_text (st, 4);
    d->workflow_parameters = catalog_text (st, 5);
    catalog_get_quotas (st, 6, &d->quotas);
    d->create_ns = sql_get_int (st, 11);
    d->update_ns = sql_get_int (st, 12);
    d->bind_count = sql_get_int (st, 13);
    return d;
}

static void bind_dataset (struct sql_stmt *st, const struct dataset *d)
{
    sql_bind_text (st, 1, d->description);
    sql_bind_text (st, 2, d->template_id);
    sql_bind_text (st, 3, d->workflow_parameters);
    catalog_bind_quotas (st, 4, &d->quotas);
    sql_bind_int (st, 9, d->update_ns);
}

/* Id of a dataset by its names; 0 if there is none. */
static enum err find_id (struct catalog *c, const struct dataset *d, int64_t *ret, struct error *e)
{
    _cleanup_stmt_ struct sql_stmt *st = NULL;
    bool has_row = false;
    enum err r =
        sql_prepare (c->sql, "SELECT id FROM dataset WHERE project_id = ? AND name = ?", &st, e);
    if (r != ERR_OK)
        return r;
    sql_bind_int (st, 1, d->project_id);
    sql_bind_text (st, 2, d->name);
    r = sql_step (st, &has_row, e);
    if (r != ERR_OK)
        return r;
    *ret = has_row ? sql_get_int (st, 0) : 0;
    return ERR_OK;
}

static enum err check_new (struct catalog *c, const struct dataset *d, struct error *e)
{
    int64_t id = 0, n = 0, max = 0;
    enum err r =
        catalog_need (c, "SELECT count(*) FROM project WHERE id = ?", d->project_id, "project", e);
    if (r == ERR_OK)
        r = find_id (c, d, &id, e);
    if (r != ERR_OK)
        return r;
    if (id)
        return FAIL (e, EXISTS, "The specified resource dataset already exists.");
    r = catalog_count (c, "SELECT count(*) FROM dataset WHERE project_id = ?", d->project_id, &n,
                       e);
    if (r == ERR_OK)
        r = catalog_count (c, "SELECT max_dataset_count FROM project WHERE id = ?", d->project_id,
                           &max, e);
    if (r != ERR_OK)
        return r;
    if (max && n >= max)
        return FAIL (e, LIMIT,
                     "resource count exceeds the limit: the project's ProjectMaxDatasetCount is "
                     "%" G_GINT64_FORMAT,
                     max);
    return ERR_OK;
}

static enum err insert (struct catalog *c, struct dataset *d, struct error *e)
{
    struct sql_stmt *st = NULL;
    enum err r = check_new (c, d, e);
    if (r == ERR_OK)
        r = sql_prepare (c->sql,
                         "INSERT INTO dataset (description, template_id, workflow_parameters,"
                         " max_bind_count, max_file_count, max_entity_count, max_relation_count,"
                         " max_total_file_size, update_ns, create_ns, name, project_id)"
                         " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                         &st, e);
    if (r != ERR_OK)
        return r;
    d->create_ns = d->update_ns = clock_now_ns ();
    bind_dataset (st, d);
    sql_bind_int (st, 10, d->create_ns);
    sql_bind_text (st, 11, d->name);
    sql_bind_int (st, 12, d->project_id);
    r = sql_run (st, e);
    return r == ERR_OK ? find_id (c, d, &d->id, e) : r;
}

enum err catalog_create_dataset (struct catalog *c, struct dataset *d, struct error *e)
{
    CATALOG_LOCK (c);
    enum err r = sql_begin (c->sql, SQL_DURABLE, e);
    return r == ERR_OK ? catalog_end (c, insert (c, d, e), e) : r;
}

static void *copy_dataset (const void *row)
{
    const struct dataset *d = row;
    struct dataset *copy = g_memdup2 (d, sizeof *d);
    copy->name = g_strdup (d->name);
    copy->description = g_strdup (d->description);
    copy->template_id = g_strdup (d->template_id);
    copy->workflow_parameters = g_strdup (d->workflow_parameters);
    return copy;
}

static enum err find_dataset (struct catalog *c, int64_t project_id, const char *name,
                              struct dataset **ret, struct error *e)
{
    _cleanup_stmt_ struct sql_stmt *st = NULL;
    bool has_row = false;
    enum err r = sql_prepare (
        c->sql, "SELECT " COLUMNS " FROM dataset WHERE project_id = ? AND name = ?", &st, e);
    if (r != ERR_OK)
        return r;
    sql_bind_int (st, 1, project_id);
    sql_bind_text (st, 2, name);
    r = sql_step (st, &has_row, e);
    if (r != ERR_OK)
        return r;
    if (!has_row)
        return FAIL (e, NOT_FOUND, "The specified resource dataset is not found.");
    *ret = read_dataset (st);
    return ERR_OK;
}

enum err catalog_get_dataset (struct catalog *c, int64_t project_id, const char *name,
                              struct dataset **ret, struct error *e)
{
    g_autofree char *key = g_strdup_printf ("dataset %" G_GINT64_FORMAT " %s", project_id, name);
    struct dataset *known = catalog_recall (c, key, copy_dataset);
    if (known) {
        *ret = known;
        return ERR_OK;
    }
    CATALOG_LOCK (c);
    enum err r = find_dataset (c, project_id, name, ret, e);
    if (r == ERR_OK)
        catalog_keep (c, key, *ret, copy_dataset, dataset_free);
    return r;
}

enum err catalog_list_datasets (struct catalog *c, int64_t project_id, const char *prefix,
                                const char *from, unsigned max, GPtrArray **ret, struct error *e)
{
    CATALOG_LOCK (c);
    _cleanup_stmt_ struct sql_stmt *st = NULL;
    g_autofree char *lo = NULL, *hi = NULL;
    bool has_row = false;
    enum err r = sql_prepare (c->sql,
                              "SELECT " COLUMNS " FROM dataset"
                              " WHERE project_id = ? AND name >= ? AND name < ?"
                              " ORDER BY name LIMIT ?",
                              &st, e);
    if (r != ERR_OK)
        return r;
    catalog_name_bounds (prefix, from, &lo, &hi);
    sql_bind_int (st, 1, project_id);
    sql_bind_text (st, 2, lo);
    sql_bind_text (st, 3, hi);
    sql_bind_int (st, 4, (int64_t) max + 1);
    g_autoptr (GPtrArray) list = g_ptr_array_new_with_free_func (dataset_free);
    while ((r = sql_step (st, &has_row, e)) == ERR_OK && has_row)
        g_ptr_array_add (list, read_dataset (st));
    if (r != ERR_OK)
        return r;
    *ret = g_steal_pointer (&list);
    return ERR_OK;
}

static enum err update (struct catalog *c, struct dataset *d, struct error *e)
{
    struct sql_stmt *st = NULL;
    enum err r = sql_prepare (c->sql,
                              "UPDATE dataset SET description = ?, template_id = ?,"
                              " workflow_parameters = ?, max_bind_count = ?, max_file_count = ?,"
                              " max_entity_count = ?, max_relation_count = ?,"
                              " max_total_file_size = ?, update_ns = ? WHERE id = ?",
                              &st, e);
    if (r != ERR_OK)
        return r;
    d->update_ns = clock_now_ns ();
    bind_dataset (st, d);
    sql_bind_int (st, 10, d->id);
    r = sql_run (st, e);
    if (r == ERR_OK && !sql_changes (c->sql))
        return FAIL (e, NOT_FOUND, "The specified resource dataset is not found.");
    return r;
}

enum err catalog_update_dataset (struct catalog *c, struct dataset *d, struct error *e)
{
    CATALOG_LOCK (c);
    enum err r = sql_begin (c->sql, SQL_DURABLE, e);
    return r == ERR_OK ? catalog_end (c, update (c, d, e), e) : r;
}

static enum err delete_dataset (struct catalog *c, int64_t id, struct error *e)
{
    struct sql_stmt *st = NULL;
    int64_t bindings = 0;
    enum err r = catalog_need (c, "SELECT count(*) FROM dataset WHERE id = ?", id, "dataset", e);
    if (r == ERR_OK)
        r = catalog_count (c, "SELECT count(*) FROM binding WHERE dataset_id = ?", id, &bindings,
                           e);
    if (r != ERR_OK)
        return r;
    if (bindings)
        return FAIL (e, CONFLICT,
                     "cannot delete when sub resources exist: %" G_GINT64_FORMAT " bindings",
                     bindings);
    r = sql_prepare (c->sql, "DELETE FROM dataset WHERE id = ?", &st, e);
    if (r != ERR_OK)
        return r;
    sql_bind_int (st, 1, id);
    return sql_run (st, e);
}

enum err catalog_delete_dataset (struct catalog *c, int64_t id, struct error *e)
{
    CATALOG_LOCK (c);
    enum err r = sql_begin (c->sql, SQL_DURABLE, e);
    return r == ERR_OK ? catalog_end (c, delete_dataset (c, id, e), e) : r;
}

enum err catalog_dataset_ids (struct catalog *c, GArray **ret, struct error *e)
{
    CATALOG_LOCK (c);
    _cleanup_stmt_ struct sql_stmt *st = NULL;
    bool has_row = false;
    enum err r = sql_prepare (c->sql, "SELECT id FROM dataset ORDER BY id", &st, e);
    if (r != ERR_OK)
        return r;
    g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (int64_t));
    while ((r = sql_step (st, &has_row, e)) == ERR_OK && has_row) {
        int64_t id = sql_get_int (st, 0);
        g_array_append_val (ids, id);
    }
    if (r != ERR_OK)
        return r;
    *ret = g_steal_pointer (&ids);
    return ERR_OK;
}
