/* Pages of row ids in the order asked for. A page begins after the sort values and the id of the
 * last row that was given out, so rows that come and go meanwhile shift nothing.
 *
 * Rows without a value sort last in both directions. As an index cannot serve that, the rows with
 * and those without a value of the first sort field are read one after the other. */
#include "index/query_plan.h"

/* Filename sorts as the URI does where all rows are of one bucket, and the URI has an index. */
static const char *root_of_key (const struct query_run *run, const struct query_order *order,
                                size_t i)
{
    return strcmp (order->keys[i].field->column, "filename") == 0 ? run->only_root : NULL;
}

/* The key, then `after`: an operator, or what follows the key in a list. */
static void add_key (struct query_sql *q, const struct query_order *order, size_t i,
                     const char *after)
{
    if (root_of_key (q->run, order, i)) {
        q->tables |= TABLE_OBJECT;
        query_sql_add (q, "o.uri");
    } else {
        query_sql_sort_key (q, order->keys[i].field);
    }
    query_sql_add (q, after);
}

/* As above, where only NULL or not matters: a code need not become text. */
static void add_column (struct query_sql *q, const struct query_order *order, size_t i,
                        const char *after)
{
    query_sql_column (q, order->keys[i].field);
    query_sql_add (q, after);
}

/* The key compared with a value of the position. */
static void add_comparison (struct query_sql *q, const struct query_order *order, size_t i,
                            const char *operator, const json_t * v)
{
    const char *root = root_of_key (q->run, order, i);
    if (root) {
        g_autofree char *uri = g_strconcat (root, json_string_value (v), NULL);
        add_key (q, order, i, operator);
        query_sql_text (q, uri);
        return;
    }
    const struct field_value value = { .is_set = true,
                                       .number = json_integer_value (v),
                                       .real = { json_real_value (v) },
                                       .text = json_string_value (v) };
    query_sql_comparison (q, order->keys[i].field, operator, & value);
}

/* Rows after the position in keys i and on, among those that are equal before. */
static void add_after (struct query_sql *q, const struct query_order *order,
                       const struct query_position *p, size_t i, const char *id)
{
    if (i == order->n) {
        query_sql_add (q, id);
        query_sql_add (q, " > ");
        query_sql_int (q, p->id);
        return;
    }
    const json_t *v = json_array_get (p->values, i);
    query_sql_add (q, "(");
    if (json_is_null (v)) {
        add_column (q, order, i, " IS NULL");
    } else {
        add_comparison (q, order, i, order->keys[i].descending ? " < " : " > ", v);
        query_sql_add (q, " OR ");
        if (query_is_nullable (order->keys[i].field))
            add_column (q, order, i, " IS NULL OR ");
        add_comparison (q, order, i, " = ", v);
    }
    query_sql_add (q, " AND ");
    add_after (q, order, p, i + 1, id);
    query_sql_add (q, ")");
}

/* The whole position; the first key once more as a bound that an index can take. */
static void add_position (struct query_sql *q, const struct query_order *order,
                          const struct query_position *p, const char *id)
{
    const json_t *first = json_array_get (p->values, 0);
    if (first && !json_is_null (first)) {
        query_sql_add (q, " AND ");
        add_comparison (q, order, 0, order->keys[0].descending ? " <= " : " >= ", first);
    }
    query_sql_add (q, " AND ");
    add_after (q, order, p, 0, id);
}

static void add_order (struct query_sql *q, const struct query_order *order, const char *id)
{
    query_sql_add (q, " ORDER BY ");
    for (size_t i = 0; i < order->n; i++) {
        if (i > 0 && query_is_nullable (order->keys[i].field))
            add_column (q, order, i, " IS NULL, ");
        add_key (q, order, i, order->keys[i].descending ? " DESC, " : ", ");
    }
    query_sql_add (q, id);
}

static void add_root (struct query_sql *q, const char *root)
{
    g_autofree char *end = query_end_of_prefix (root);
    query_sql_add (q, " AND o.uri >= ");
    query_sql_text (q, root);
    query_sql_add (q, " AND o.uri < ");
    query_sql_text (q, end);
}

static bool is_first_nullable (const struct query_order *order)
{
    return order->n > 0 && query_is_nullable (order->keys[0].field);
}

/* What of the rows is read, from where: rows that have (`is_set`) or lack a value of the first key.
 */
struct part {
    const struct query_position *from; /* NULL: from the start */
    bool is_set;
};

static enum err select_rows (const struct query_run *run, const struct query_order *order,
                             const struct part *part, size_t max, struct sql_stmt **ret,
                             struct error *e)
{
    _cleanup_query_sql_ struct query_sql q = query_sql_new (run);
    _cleanup_query_sql_ struct query_sql keys = query_sql_new (run);
    _cleanup_query_sql_ struct query_sql where = query_sql_new (run);
    for (size_t i = 0; i < order->n; i++) {
        query_sql_add (&keys, ", ");
        add_key (&keys, order, i, "");
    }
    enum err r = query_sql_where (&where, run, e);
    if (r != ERR_OK)
        return r;
    unsigned tables = keys.tables | where.tables;
    const char *id = query_id_column (tables);
    if (is_first_nullable (order)) {
        query_sql_add (&where, " AND ");
        add_column (&where, order, 0, part->is_set ? " IS NOT NULL" : " IS NULL");
    }
    if (run->only_root) /* a bucket that is new since then is left out */
        add_root (&where, run->only_root);
    if (part->from)
        add_position (&where, order, part->from, id);
    query_sql_add (&q, "SELECT ");
    query_sql_add (&q, id);
    query_sql_move (&q, &keys);
    query_sql_from (&q, tables, NULL);
    query_sql_move (&q, &where);
    add_order (&q, order, id);
    query_sql_add (&q, " LIMIT ");
    query_sql_int (&q, (int64_t) max);
    return query_sql_prepare (&q, run->sql, ret, e);
}

static json_t *read_text (struct sql_stmt *st, int column, const char *root)
{
    return json_string (sql_get_text (st, column) + (root ? strlen (root) : 0));
}

static json_t *read_keys (const struct query_run *run, struct sql_stmt *st,
                          const struct query_order *order)
{
    json_t *values = json_array ();
    for (size_t i = 0; i < order->n; i++) {
        int column = (int) i + 1;
        enum field_kind kind = order->keys[i].field->kind;
        if (sql_is_null (st, column))
            json_array_append_new (values, json_null ());
        else if (kind == KIND_INT || kind == KIND_TIME)
            json_array_append_new (values, json_integer (sql_get_int (st, column)));
        else if (kind == KIND_FLOAT)
            json_array_append_new (values, json_real (sql_get_double (st, column)));
        else
            json_array_append_new (values, read_text (st, column, root_of_key (run, order, i)));
    }
    return values;
}

/* A page under way: `ids` up to `max`, the position of the last of them, and whether one more row
 * was seen. */
struct page {
    GArray *ids;
    json_t *last;
    size_t max;
    size_t
        most; /* rows to read: one more than `max`, or all there are: the last one ends the scan */
    bool has_more;
};

static enum err read_part (const struct query_run *run, const struct query_order *order,
                           const struct part *part, struct page *page, struct error *e)
{
    _cleanup_stmt_ struct sql_stmt *st = NULL;
    if (page->ids->len == page->most)
        return ERR_OK;
    enum err r = select_rows (run, order, part, page->most - page->ids->len, &st, e);
    if (r != ERR_OK)
        return r;
    bool has_row;
    while ((r = sql_step (st, &has_row, e)) == ERR_OK && has_row) {
        if (page->ids->len == page->max) {
            page->has_more = true;
            break;
        }
        int64_t id = sql_get_int (st, 0);
        g_array_append_val (page->ids, id);
        json_decref (page->last);
        page->last = read_keys (run, st, order);
    }
    return r;
}

enum err query_find_root (struct query_run *run, const struct query_order *order, struct error *e)
{
    bool has_filename = false;
    for (size_t i = 0; i < order->n; i++)
        has_filename = has_filename || strcmp (order->keys[i].field->column, "filename") == 0;
    if (!has_filename)
        return ERR_OK;
    g_autoptr (GPtrArray) roots = NULL;
    enum err r = query_list_roots (run->sql, &roots, e);
    if (r == ERR_OK && roots->len == 1)
        run->only_root = g_strdup (roots->pdata[0]);
    return r;
}

enum err query_page (const struct query_run *run, const struct query_order *order,
                     const struct query_position *from, int64_t total, size_t max, GArray **ret_ids,
                     char **ret_token, struct error *e)
{
    g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (int64_t));
    bool is_total_known = !from && total >= 0;
    struct page page = { .ids = ids,
                         .max = max,
                         .most = is_total_known ? MIN (max + 1, (size_t) total) : max + 1 };
    bool is_set = !from || !json_is_null (json_array_get (from->values, 0));
    enum err r = ERR_OK;
    if (is_set)
        r = read_part (run, order, &(struct part){ from, true }, &page, e);
    if (r == ERR_OK && !page.has_more && is_first_nullable (order))
        r = read_part (run, order, &(struct part){ is_set ? NULL : from, false }, &page, e);
    json_auto_t *last = page.last;
    if (r != ERR_OK)
        return r;
    *ret_token =
        page.has_more
            ? query_write_token (run, total, g_array_index (ids, int64_t, ids->len - 1), last)
            : g_strdup ("");
    *ret_ids = g_steal_pointer (&ids);
    return ERR_OK;
}
