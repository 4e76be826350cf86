/* WHERE of a query. A condition on Filename that every row must meet becomes ranges of object.uri,
 * one a bucket, so that not all rows are read. */
#include "index/query_plan.h"

#include "base/limits.h"

/* A condition on Filename that every matching row meets and that makes a range of keys. */
static const struct query_node *find_bound (const struct query_node *n)
{
    if (!n)
        return NULL;
    if (!n->children)
        return strcmp (n->field->column, "filename") == 0 &&
                       (n->verb == QUERY_EQ || n->verb == QUERY_PREFIX)
                   ? n
                   : NULL;
    const struct query_node *found = NULL;
    for (guint i = 0; n->verb == QUERY_AND && i < n->children->len && !found; i++)
        found = find_bound (n->children->pdata[i]);
    return found;
}

enum err query_list_roots (struct sql *s, GPtrArray **ret, struct error *e)
{
    g_autoptr (GPtrArray) roots = g_ptr_array_new_with_free_func (g_free);
    _cleanup_stmt_ struct sql_stmt *st = NULL;
    g_autofree char *from = g_strdup ("");
    while (roots->len <= LIMIT_QUERY_BUCKETS) {
        bool has_row;
        g_clear_pointer (&st, sql_finish);
        enum err r =
            sql_prepare (s, "SELECT uri FROM object WHERE uri >= ? ORDER BY uri LIMIT 1", &st, e);
        if (r != ERR_OK)
            return r;
        sql_bind_text (st, 1, from);
        if ((r = sql_step (st, &has_row, e)) != ERR_OK)
            return r;
        if (!has_row)
            break;
        const char *uri = sql_get_text (st, 0);
        const char *slash = strlen (uri) > 6 ? strchr (uri + 6, '/') : NULL;
        char *root = slash ? g_strndup (uri, (gsize) (slash - uri) + 1) : g_strdup (uri);
        g_ptr_array_add (roots, root);
        g_free (from);
        from = query_end_of_prefix (root);
    }
    *ret = g_steal_pointer (&roots);
    return ERR_OK;
}

static void add_bound (struct query_sql *q, const struct query_node *bound, const char *root)
{
    g_autofree char *lo = g_strconcat (root, bound->value.text, NULL);
    g_autofree char *hi = query_end_of_prefix (lo);
    if (bound->verb == QUERY_EQ) {
        query_sql_add (q, "o.uri = ");
        query_sql_text (q, lo);
        return;
    }
    query_sql_add (q, "o.uri >= ");
    query_sql_text (q, lo);
    query_sql_add (q, " AND o.uri < ");
    query_sql_text (q, hi);
}

enum err query_sql_where (struct query_sql *q, const struct query_run *run, struct error *e)
{
    query_sql_add (q, " WHERE (");
    if (run->condition)
        query_sql_condition (q, run->condition);
    else
        query_sql_add (q, "1");
    query_sql_add (q, ")");
    const struct query_node *bound = find_bound (run->condition);
    if (!bound)
        return ERR_OK;
    g_autoptr (GPtrArray) roots = NULL;
    enum err r = query_list_roots (run->sql, &roots, e);
    if (r != ERR_OK || roots->len == 0 || roots->len > LIMIT_QUERY_BUCKETS)
        return r;
    for (guint i = 0; i < roots->len; i++) {
        query_sql_add (q, i == 0 ? " AND (" : " OR ");
        add_bound (q, bound, roots->pdata[i]);
    }
    query_sql_add (q, ")");
    return ERR_OK;
}
