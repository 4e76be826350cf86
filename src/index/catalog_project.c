/* Projects and their tags. */
#include "index/catalog.h"

#include "base/clock.h"
#include "index/catalog_internal.h"

#define COLUMNS                                                                                    \
    "id, name, description, template_id, service_role, max_bind_count, max_file_count,"            \
    " max_entity_count, max_relation_count, max_total_file_size, max_dataset_count, create_ns,"    \
    " update_ns, (SELECT count(*) FROM dataset WHERE project_id = project.id)"

void project_free (void *ptr)
{
    struct project *p = ptr;
    if (!p)
        return;
    g_free (p->name);
    g_free (p->description);
    g_free (p->template_id);
    g_free (p->service_role);
    g_clear_pointer (&p->tags, g_ptr_array_unref);
    g_free (p);
}

static enum err read_tags (struct sql *s, struct project *p, struct error *e)
{
    _cleanup_stmt_ struct sql_stmt *st = NULL;
    bool has_row = false;
    enum err r = sql_prepare (
        s, "SELECT key, value FROM project_tag WHERE project_id = ? ORDER BY key", &st, e);
    if (r != ERR_OK)
        return r;
    sql_bind_int (st, 1, p->id);
    while ((r = sql_step (st, &has_row, e)) == ERR_OK && has_row) {
        struct tag *t = g_new0 (struct tag, 1);
        t->key = catalog_text (st, 0);
        t->value = catalog_text (st, 1);
        if (!p->tags)
            p->tags = g_ptr_array_new_with_free_func (tag_free);
        g_ptr_array_add (p->tags, t);
    }
    return r;
}

static enum err read_project (struct sql *s, struct sql_stmt *st, struct project **ret,
                              struct error *e)
{
    struct project *p = g_new0 (struct project, 1);
    p->id = sql_get_int (st, 0);
    p->name = catalog_text (st, 1);
    p->description = catalog_text (st, 2);
    p->template_id = catalog_text (st, 3);
    p->service_role = catalog_text (st, 4);
    catalog_get_quotas (st, 5, &p->quotas);
    p->max_dataset_count = sql_get_int (st, 10);
    p->create_ns = sql_get_int (st, 11);
    p->update_ns = sql_get_int (st, 12);
    p->dataset_count = sql_get_int (st, 13);
    enum err r = read_tags (s, p, e);
    if (r != ERR_OK) {
        project_free (p);
        return r;
    }
    *ret = p;
    return ERR_OK;
}

static enum err write_tags (struct sql *s, const struct project *p, struct error *e)
{
    struct sql_stmt *st = NULL;
    enum err r = sql_prepare (s, "DELETE FROM project_tag WHERE project_id = ?", &st, e);
    if (r != ERR_OK)
        return r;
    sql_bind_int (st, 1, p->id);
    r = sql_run (st, e);
    for (guint i = 0; r == ERR_OK && p->tags && i < p->tags->len; i++) {
        const struct tag *t = g_ptr_array_index (p->tags, i);
        r = sql_prepare (s, "INSERT OR REPLACE INTO project_tag VALUES (?, ?, ?)", &st, e);
        if (r != ERR_OK)
            return r;
        sql_bind_int (st, 1, p->id);
        sql_bind_text (st, 2, t->key);
        sql_bind_text (st, 3, t->value ? t->value : "");
        r = sql_run (st, e);
    }
    return r;
}

static void bind_project (struct sql_stmt *st, const struct project *p)
{
    sql_bind_text (st, 1, p->description);
    sql_bind_text (st, 2, p->template_id);
    sql_bind_text (st, 3, p->service_role);
    catalog_bind_quotas (st, 4, &p->quotas);
    sql_bind_int (st, 9, p->max_dataset_count);
    sql_bind_int (st, 10, p->update_ns);
}

static enum err check_new (struct catalog *c, const struct project *p, unsigned max,
                           struct error *e)
{
    int64_t n = 0;
    enum err r =
        catalog_count_text (c, "SELECT count(*) FROM project WHERE name = ?", p->name, &n, e);
    if (r != ERR_OK)
        return r;
    if (n)
        return FAIL (e, EXISTS, "The specified resource project already exists.");
    r = catalog_count (c, "SELECT count(*) FROM project WHERE id >= ?", 0, &n, e);
    if (r != ERR_OK)
        return r;
    if (n >= max)
        return FAIL (e, LIMIT, "resource count exceeds the limit: at most %u projects", max);
    return ERR_OK;
}

static enum err insert (struct catalog *c, struct project *p, unsigned max, struct error *e)
{
    struct sql_stmt *st = NULL;
    enum err r = check_new (c, p, max, e);
    if (r == ERR_OK)
        r = sql_prepare (c->sql,
                         "INSERT INTO project (description, template_id, service_role,"
                         " max_bind_count, max_file_count, max_entity_count, max_relation_count,"
                         " max_total_file_size, max_dataset_count, update_ns, create_ns, name)"
                         " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                         &st, e);
    if (r != ERR_OK)
        return r;
    p->create_ns = p->update_ns = clock_now_ns ();
    bind_project (st, p);
    sql_bind_int (st, 11, p->create_ns);
    sql_bind_text (st, 12, p->name);
    r = sql_run (st, e);
    if (r == ERR_OK)
        r = catalog_count_text (c, "SELECT id FROM project WHERE name = ?", p->name, &p->id, e);
    return r == ERR_OK ? write_tags (c->sql, p, e) : r;
}

enum err catalog_create_project (struct catalog *c, struct project *p, unsigned max_projects,
                                 struct error *e)
{
    CATALOG_LOCK (c);
    enum err r = sql_begin (c->sql, SQL_DURABLE, e);
    return r == ERR_OK ? catalog_end (c, insert (c, p, max_projects, e), e) : r;
}

static void *copy_tag (const void *row, void *unused UNUSED)
{
    const struct tag *t = row;
    struct tag *copy = g_new0 (struct tag, 1);
    copy->key = g_strdup (t->key);
    copy->value = g_strdup (t->value);
    return copy;
}

static void *copy_project (const void *row)
{
    const struct project *p = row;
    struct project *copy = g_memdup2 (p, sizeof *p);
    copy->name = g_strdup (p->name);
    copy->description = g_strdup (p->description);
    copy->template_id = g_strdup (p->template_id);
    copy->service_role = g_strdup (p->service_role);
    if (p->tags)
        copy->tags = g_ptr_array_copy (p->tags, copy_tag, NULL);
    return copy;
}

static enum err find_project (struct catalog *c, const char *name, struct project **ret,
                              struct error *e)
{
    _cleanup_stmt_ struct sql_stmt *st = NULL;
    bool has_row = false;
    enum err r =
        sql_find (c->sql, "SELECT " COLUMNS " FROM project WHERE name = ?", name, &st, &has_row, e);
    if (r != ERR_OK)
        return r;
    if (!has_row)
        return FAIL (e, NOT_FOUND, "The specified resource project is not found.");
    return read_project (c->sql, st, ret, e);
}

enum err catalog_get_project (struct catalog *c, const char *name, struct project **ret,
                              struct error *e)
{
    g_autofree char *key = g_strconcat ("project ", name, NULL);
    struct project *known = catalog_recall (c, key, copy_project);
    if (known) {
        *ret = known;
        return ERR_OK;
    }
    CATALOG_LOCK (c);
    enum err r = find_project (c, name, ret, e);
    if (r == ERR_OK)
        catalog_keep (c, key, *ret, copy_project, project_free);
    return r;
}

/* A wanted tag without a value asks for the key only. */
static bool has_tag (const struct project *p, const struct tag *wanted)
{
    for (guint i = 0; p->tags && i < p->tags->len; i++) {
        const struct tag *t = g_ptr_array_index (p->tags, i);
        if (strcmp (t->key, wanted->key) == 0)
            return !wanted->value || !*wanted->value || strcmp (t->value, wanted->value) == 0;
    }
    return false;
}

static bool has_tags (const struct project *p, const GPtrArray *wanted)
{
    for (guint i = 0; wanted && i < wanted->len; i++)
        if (!has_tag (p, g_ptr_array_index (wanted, i)))
            return false;
    return true;
}

enum err catalog_list_projects (struct catalog *c, const char *prefix, const char *from,
                                const GPtrArray *tags, unsigned max, GPtrArray **ret,
                                struct error *e)
{
    CATALOG_LOCK (c);
    _cleanup_stmt_ struct sql_stmt *st = NULL;
    g_autofree char *lo = NULL, *hi = NULL;
    bool has_row = false;
    enum err r = sql_prepare (
        c->sql, "SELECT " COLUMNS " FROM project WHERE name >= ? AND name < ? ORDER BY name", &st,
        e);
    if (r != ERR_OK)
        return r;
    catalog_name_bounds (prefix, from, &lo, &hi);
    sql_bind_text (st, 1, lo);
    sql_bind_text (st, 2, hi);
    g_autoptr (GPtrArray) list = g_ptr_array_new_with_free_func (project_free);
    while (list->len <= max && (r = sql_step (st, &has_row, e)) == ERR_OK && has_row) {
        struct project *p = NULL;
        r = read_project (c->sql, st, &p, e);
        if (r != ERR_OK)
            return r;
        if (has_tags (p, tags))
            g_ptr_array_add (list, p);
        else
            project_free (p);
    }
    if (r != ERR_OK)
        return r;
    *ret = g_steal_pointer (&list);
    return ERR_OK;
}

static enum err update (struct catalog *c, struct project *p, struct error *e)
{
    struct sql_stmt *st = NULL;
    enum err r = sql_prepare (c->sql,
                              "UPDATE project SET description = ?, template_id = ?,"
                              " service_role = ?, max_bind_count = ?, max_file_count = ?,"
                              " max_entity_count = ?, max_relation_count = ?,"
                              " max_total_file_size = ?, max_dataset_count = ?, update_ns = ?"
                              " WHERE id = ?",
                              &st, e);
    if (r != ERR_OK)
        return r;
    p->update_ns = clock_now_ns ();
    bind_project (st, p);
    sql_bind_int (st, 11, p->id);
    r = sql_run (st, e);
    if (r != ERR_OK)
        return r;
    if (!sql_changes (c->sql))
        return FAIL (e, NOT_FOUND, "The specified resource project is not found.");
    return write_tags (c->sql, p, e);
}

enum err catalog_update_project (struct catalog *c, struct project *p, struct error *e)
{
    CATALOG_LOCK (c);
    enum err r = sql_begin (c->sql, SQL_DURABLE, e);
    return r == ERR_OK ? catalog_end (c, update (c, p, e), e) : r;
}

static enum err check_empty (struct catalog *c, int64_t id, struct error *e)
{
    int64_t datasets = 0, attachments = 0;
    enum err r =
        catalog_count (c, "SELECT count(*) FROM dataset WHERE project_id = ?", id, &datasets, e);
    if (r == ERR_OK)
        r = catalog_count (c, "SELECT count(*) FROM attachment WHERE project_id = ?", id,
                           &attachments, e);
    if (r != ERR_OK)
        return r;
    if (datasets || attachments)
        return FAIL (e, CONFLICT,
                     "cannot delete when sub resources exist: %" G_GINT64_FORMAT
                     " datasets, %" G_GINT64_FORMAT " attached buckets",
                     datasets, attachments);
    return ERR_OK;
}

static enum err delete_project (struct catalog *c, const char *name, struct error *e)
{
    struct sql_stmt *st = NULL;
    struct project gone = { 0 };
    enum err r = catalog_count_text (c, "SELECT id FROM project WHERE name = ?", name, &gone.id, e);
    if (r != ERR_OK)
        return r;
    if (!gone.id)
        return FAIL (e, NOT_FOUND, "The specified resource project is not found.");
    r = check_empty (c, gone.id, e);
    if (r == ERR_OK)
        r = write_tags (c->sql, &gone, e);
    if (r == ERR_OK)
        r = sql_prepare (c->sql, "DELETE FROM project WHERE id = ?", &st, e);
    if (r != ERR_OK)
        return r;
    sql_bind_int (st, 1, gone.id);
    return sql_run (st, e);
}

enum err catalog_delete_project (struct catalog *c, const char *name, struct error *e)
{
    CATALOG_LOCK (c);
    enum err r = sql_begin (c->sql, SQL_DURABLE, e);
    return r == ERR_OK ? catalog_end (c, delete_project (c, name, e), e) : r;
}
