/* Pages of row ids in the order asked for. A page begins after the sort values and the id of the
 * last row that was given out, so rows that come and go meanwhile shift nothing.
 *
 * Rows without a value sort last in both directions. As an index cannot serve that, the rows with
 * and those without a value of the first sort field are read one after the other. */
#include "index/query_plan.h"

#include <assert.h>

#include "base/limits.h"

#define TOKEN_VERSION 1

struct query_position {
    json_t *values; /* of the sort keys */
    int64_t id, total;
};

void query_position_free (void *position)
{
    struct query_position *p = position;
    if (!p)
        return;
    json_decref (p->values);
    g_free (p);
}

int64_t query_position_total (const struct query_position *p)
{
    return p->total;
}

/* ---- Sort and Order ---- */

static enum err parse_sort (const char *sort, struct query_order *ret, struct error *e)
{
    g_auto (GStrv) names = g_strsplit (sort, ",", LIMIT_QUERY_SORT + 1);
    for (char **name = names; *name; name++) {
        if (ret->n == LIMIT_QUERY_SORT)
            return FAIL_ON (e, INVALID_PARAM, "Sort", "Sort names more than %d fields",
                            LIMIT_QUERY_SORT);
        char text[200];
        const struct field *f = query_find_field (g_strstrip (*name), text, sizeof text);
        if (!f)
            return FAIL_ON (e, INVALID_PARAM, "Sort", "Sort: %s", text);
        if (!f->is_sortable)
            return FAIL_ON (e, INVALID_PARAM, "Sort", "Sort: Field %s cannot be sorted by", *name);
        for (size_t i = 0; i < ret->n; i++)
            if (ret->keys[i].field == f)
                return FAIL_ON (e, INVALID_PARAM, "Sort", "Sort names Field %s twice", *name);
        ret->keys[ret->n++].field = f;
    }
    return ERR_OK;
}

static enum err parse_directions (const char *order, struct query_order *ret, struct error *e)
{
    g_auto (GStrv) names = g_strsplit (order, ",", LIMIT_QUERY_SORT + 1);
    size_t n = g_strv_length (names);
    if (n > ret->n)
        return FAIL_ON (e, INVALID_PARAM, "Order", "Order has %zu directions, but Sort %zu fields",
                        n, ret->n);
    for (size_t i = 0; i < n; i++) {
        const char *name = g_strstrip (names[i]);
        ret->keys[i].descending = strcmp (name, "desc") == 0;
        if (!ret->keys[i].descending && strcmp (name, "asc") != 0)
            return FAIL_ON (e, INVALID_PARAM, "Order", "Order: '%.100s' is neither asc nor desc",
                            name);
    }
    return ERR_OK;
}

/* Keys that cannot tell rows apart any more are left out: constants, and all after the URI. */
static void simplify (struct query_order *order)
{
    size_t n = 0;
    for (size_t i = 0; i < order->n; i++) {
        if (order->keys[i].field->place == PLACE_CONST)
            continue;
        order->keys[n++] = order->keys[i];
        if (strcmp (order->keys[i].field->column, "uri") == 0)
            break;
    }
    order->n = n;
}

enum err query_parse_order (const char *sort, const char *order, struct query_order *ret,
                            struct error *e)
{
    struct query_order o = { .n = 0 };
    bool has_sort = sort && *sort, has_order = order && *order;
    enum err r = has_sort ? parse_sort (sort, &o, e) : ERR_OK;
    if (r == ERR_OK && has_order)
        r = parse_directions (order, &o, e);
    if (r != ERR_OK)
        return r;
    for (size_t i = 0; i < o.n && !has_order; i++)
        o.keys[i].descending = true;
    if (!has_sort)
        o.keys[o.n++].field = field_find ("URI");
    simplify (&o);
    *ret = o;
    return ERR_OK;
}

/* ---- NextToken: base64url of [version, hash of the query, total, id, sort values...] ---- */

/* What must stay the same from page to page. */
static char *hash_of_query (const struct query_run *run)
{
    const struct query *q = run->query;
    json_auto_t *all =
        json_pack ("[O? s s s s s]", q->condition, q->sort ? q->sort : "", q->order ? q->order : "",
                   run->ctx->owner_id, run->ctx->project, run->ctx->dataset);
    assert (all);
    g_autofree char *text = json_dumps (all, JSON_COMPACT | JSON_SORT_KEYS);
    g_autofree char *hash = g_compute_checksum_for_string (G_CHECKSUM_SHA256, text, -1);
    return g_strndup (hash, 16);
}

static char *write_token (const struct query_run *run, int64_t total, int64_t id, json_t *values)
{
    g_autofree char *hash = hash_of_query (run);
    json_auto_t *token =
        json_pack ("[i s I I O]", TOKEN_VERSION, hash, (json_int_t) total, (json_int_t) id, values);
    assert (token);
    g_autofree char *text = json_dumps (token, JSON_COMPACT);
    char *base64 = g_base64_encode ((const guchar *) text, strlen (text));
    g_strdelimit (base64, "+", '-');
    g_strdelimit (base64, "/", '_');
    base64[strcspn (base64, "=")] = 0;
    return base64;
}

static json_t *decode_token (const char *token)
{
    size_t len = strlen (token);
    if (len > LIMIT_QUERY_TOKEN ||
        strspn (token, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "-_") != len)
        return NULL;
    g_autofree char *base64 = g_strconcat (token, "===", NULL);
    base64[len + (4 - len % 4) % 4] = 0;
    g_strdelimit (base64, "-", '+');
    g_strdelimit (base64, "_", '/');
    gsize size;
    g_autofree guchar *text = g_base64_decode (base64, &size);
    return json_loadb ((const char *) text, size, 0, NULL);
}

/* Each value is of the kind that its key sorts by. */
static bool fits (const json_t *values, const struct query_order *order)
{
    if (json_array_size (values) != order->n)
        return false;
    for (size_t i = 0; i < order->n; i++) {
        const json_t *v = json_array_get (values, i);
        const struct field *f = order->keys[i].field;
        bool is_number = f->kind == KIND_INT || f->kind == KIND_TIME;
        if (json_is_null (v)        ? !query_is_nullable (f)
            : f->kind == KIND_FLOAT ? !json_is_real (v)
            : is_number             ? !json_is_integer (v)
                                    : !json_is_string (v))
            return false;
    }
    return true;
}

enum err query_parse_token (const struct query_run *run, const struct query_order *order,
                            struct query_position **ret, struct error *e)
{
    const char *token = run->query->next_token;
    if (!token || !*token) {
        *ret = NULL;
        return ERR_OK;
    }
    json_auto_t *j = decode_token (token);
    int version;
    const char *hash;
    json_int_t total, id;
    json_t *values;
    if (!j || json_unpack (j, "[i s I I o !]", &version, &hash, &total, &id, &values) != 0 ||
        version != TOKEN_VERSION || total < -1 || !json_is_array (values))
        return FAIL_ON (e, INVALID_PARAM, "NextToken",
                        "NextToken is not one that this server gave out");
    g_autofree char *expected = hash_of_query (run);
    if (strcmp (hash, expected) != 0 || !fits (values, order))
        return FAIL_ON (e, INVALID_PARAM, "NextToken",
                        "NextToken belongs to another query: Query, Sort, Order and dataset must "
                        "stay the same from page to page");
    struct query_position *p = g_new0 (struct query_position, 1);
    p->values = json_incref (values);
    p->id = id;
    p->total = total;
    *ret = p;
    return ERR_OK;
}

/* ---- One page ---- */

static void add_json (struct query_sql *q, const json_t *v)
{
    if (json_is_integer (v))
        query_sql_int (q, json_integer_value (v));
    else if (json_is_real (v))
        query_sql_double (q, json_real_value (v));
    else
        query_sql_text (q, json_string_value (v));
}

/* The key, then `after`: an operator, or what follows the key in a list. */
static void add_key (struct query_sql *q, const struct query_order *order, size_t i,
                     const char *after)
{
    query_sql_sort_key (q, order->keys[i].field);
    query_sql_add (q, after);
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
        add_key (q, order, i, " IS NULL");
    } else {
        add_key (q, order, i, order->keys[i].descending ? " < " : " > ");
        add_json (q, v);
        query_sql_add (q, " OR ");
        if (query_is_nullable (order->keys[i].field))
            add_key (q, order, i, " IS NULL OR ");
        add_key (q, order, i, " = ");
        add_json (q, v);
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
        add_key (q, order, 0, order->keys[0].descending ? " <= " : " >= ");
        add_json (q, first);
    }
    query_sql_add (q, " AND ");
    add_after (q, order, p, 0, id);
}

static void add_order (struct query_sql *q, const struct query_order *order, const char *id)
{
    query_sql_add (q, " ORDER BY ");
    for (size_t i = 0; i < order->n; i++) {
        if (i > 0 && query_is_nullable (order->keys[i].field))
            add_key (q, order, i, " IS NULL, ");
        add_key (q, order, i, order->keys[i].descending ? " DESC, " : ", ");
    }
    query_sql_add (q, id);
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
    _cleanup_query_sql_ struct query_sql q = query_sql_new (run->ctx);
    _cleanup_query_sql_ struct query_sql keys = query_sql_new (run->ctx);
    _cleanup_query_sql_ struct query_sql where = query_sql_new (run->ctx);
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
        add_key (&where, order, 0, part->is_set ? " IS NOT NULL" : " IS NULL");
    }
    if (part->from)
        add_position (&where, order, part->from, id);
    query_sql_add (&q, "SELECT ");
    query_sql_add (&q, id);
    query_sql_move (&q, &keys);
    query_sql_from (&q, tables);
    query_sql_move (&q, &where);
    add_order (&q, order, id);
    query_sql_add (&q, " LIMIT ");
    query_sql_int (&q, (int64_t) max);
    return query_sql_prepare (&q, run->sql, ret, e);
}

static json_t *read_keys (struct sql_stmt *st, const struct query_order *order)
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
            json_array_append_new (values, json_string (sql_get_text (st, column)));
    }
    return values;
}

/* A page under way: `ids` up to `max`, the position of the last of them, and whether one more row
 * was seen. */
struct page {
    GArray *ids;
    json_t *last;
    size_t max;
    bool has_more;
};

static enum err read_part (const struct query_run *run, const struct query_order *order,
                           const struct part *part, struct page *page, struct error *e)
{
    _cleanup_stmt_ struct sql_stmt *st = NULL;
    enum err r = select_rows (run, order, part, page->max - page->ids->len + 1, &st, e);
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
        page->last = read_keys (st, order);
    }
    return r;
}

enum err query_page (const struct query_run *run, const struct query_order *order,
                     const struct query_position *from, int64_t total, size_t max, GArray **ret_ids,
                     char **ret_token, struct error *e)
{
    g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (int64_t));
    struct page page = { .ids = ids, .max = max };
    bool is_set = !from || !json_is_null (json_array_get (from->values, 0));
    enum err r = ERR_OK;
    if (is_set)
        r = read_part (run, order, &(struct part){ from, true }, &page, e);
    if (r == ERR_OK && !page.has_more && is_first_nullable (order))
        r = read_part (run, order, &(struct part){ is_set ? NULL : from, false }, &page, e);
    json_auto_t *last = page.last;
    if (r != ERR_OK)
        return r;
    *ret_token = page.has_more
                     ? write_token (run, total, g_array_index (ids, int64_t, ids->len - 1), last)
                     : g_strdup ("");
    *ret_ids = g_steal_pointer (&ids);
    return ERR_OK;
}
