/* Aggregations: the numbers of all of them in one scan, groups in one scan each. */
#include "index/query_plan.h"

#include <assert.h>

#include "base/clock.h"
#include "base/limits.h"

static const struct aggregate {
    const char *name;
    unsigned needs;       /* of the field's aggregations */
    const char *parts[4]; /* SQL; the column comes between them. None: groups */
} aggregates[] = {
    { "min", AGGREGATE_NUMBERS, { "min (", ")" } },
    { "max", AGGREGATE_NUMBERS, { "max (", ")" } },
    { "average", AGGREGATE_NUMBERS, { "avg (", ")" } },
    /* In halves, as SQL's sum of integers fails where it leaves 64 bits. */
    { "sum", AGGREGATE_NUMBERS, { "sum (", " >> 32), sum (", " & 4294967295)" } },
    { "count", AGGREGATE_COUNTS, { "count (", ")" } },
    { "distinct", AGGREGATE_COUNTS, { "count (DISTINCT ", ")" } },
    { "group", AGGREGATE_COUNTS, { NULL } },
};

/* Of numbers with a fraction, which need no halves. */
static const char *const real_sum[] = { "total (", ")", NULL };

/* One that was asked for. */
struct wanted {
    const struct field *field;
    const struct aggregate *what;
    int column; /* of its first number */
};

static bool is_sum (const struct wanted *w)
{
    return strcmp (w->what->name, "sum") == 0;
}

/* Ends with NULL. */
static const char *const *parts_of (const struct wanted *w)
{
    return w->field->kind == KIND_FLOAT && is_sum (w) ? real_sum : w->what->parts;
}

static const struct aggregate *find_aggregate (const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS (aggregates); i++)
        if (strcmp (aggregates[i].name, name) == 0)
            return &aggregates[i];
    return NULL;
}

#define FAIL_HERE(e, i, format, ...)                                                               \
    FAIL_ON ((e), INVALID_PARAM, "Aggregations", "Aggregations[%zu]" format, (i), __VA_ARGS__)

static enum err parse_one (const json_t *j, size_t i, struct wanted *ret, struct error *e)
{
    const char *name = json_string_value (json_object_get (j, "Field"));
    const char *operation = json_string_value (json_object_get (j, "Operation"));
    if (!name || !operation)
        return FAIL_HERE (e, i, ": %s", "must be an object with the strings Field and Operation");
    char text[200];
    const struct field *f = query_find_field (name, text, sizeof text);
    if (!f)
        return FAIL_HERE (e, i, ".Field: %s", text);
    const struct aggregate *a = find_aggregate (operation);
    if (!a)
        return FAIL_HERE (e, i,
                          ".Operation: '%.100s' is none of min, max, average, sum, count, "
                          "distinct, group",
                          operation);
    if (!(f->aggregations & a->needs))
        return FAIL_HERE (e, i, ".Operation: %s is not allowed for Field %s, which takes: %s",
                          operation, name, query_aggregations_text (f, text, sizeof text));
    *ret = (struct wanted){ .field = f, .what = a };
    return ERR_OK;
}

enum err query_parse_aggregations (const json_t *aggregations, GArray **ret, struct error *e)
{
    if (!json_is_array (aggregations))
        return FAIL_ON (e, INVALID_PARAM, "Aggregations", "Aggregations must be an array");
    if (json_array_size (aggregations) > LIMIT_QUERY_AGGREGATIONS)
        return FAIL_ON (e, INVALID_PARAM, "Aggregations", "more than %d Aggregations",
                        LIMIT_QUERY_AGGREGATIONS);
    g_autoptr (GArray) list = g_array_new (FALSE, FALSE, sizeof (struct wanted));
    for (size_t i = 0; i < json_array_size (aggregations); i++) {
        struct wanted w;
        enum err r = parse_one (json_array_get (aggregations, i), i, &w, e);
        if (r != ERR_OK)
            return r;
        g_array_append_val (list, w);
    }
    *ret = g_steal_pointer (&list);
    return ERR_OK;
}

static json_t *new_result (const struct wanted *w)
{
    json_t *j = json_pack ("{s:s, s:s}", "Field", w->field->name, "Operation", w->what->name);
    assert (j);
    return j;
}

/* ---- Numbers ---- */

/* Adds the columns of one aggregation; *at counts columns. */
static void add_number (struct query_sql *q, struct wanted *w, int *at)
{
    w->column = *at;
    query_sql_add (q, *at == 0 ? "SELECT " : ", ");
    const char *const *parts = parts_of (w);
    query_sql_add (q, parts[0]);
    for (size_t i = 1; parts[i]; i++) {
        query_sql_column (q, w->field);
        query_sql_add (q, parts[i]);
        (*at)++;
    }
}

/* NULL where there is no row to tell. */
static json_t *read_number (struct sql_stmt *st, const struct wanted *w)
{
    if (sql_is_null (st, w->column) && !is_sum (w))
        return NULL;
    if (strcmp (w->what->name, "average") == 0 ||
        (w->field->kind == KIND_FLOAT && w->what->needs == AGGREGATE_NUMBERS))
        return json_real (sql_get_double (st, w->column));
    if (is_sum (w)) {
        __int128 sum = (__int128) sql_get_int (st, w->column) * ((int64_t) 1 << 32) +
                       sql_get_int (st, w->column + 1);
        return sum >= INT64_MIN && sum <= INT64_MAX ? json_integer ((json_int_t) sum)
                                                    : json_real ((double) sum);
    }
    return json_integer (sql_get_int (st, w->column));
}

/* A number that one statement asks for with others: see run_numbers(). */
static bool belongs (const struct wanted *w, const struct field *array)
{
    return w->what->parts[0] && (w->field->place == PLACE_ARRAY ? w->field : NULL) == array;
}

/* The numbers of all fields that are not arrays, or those of `array`. */
static enum err run_numbers (const struct query_run *run, GArray *list, const struct field *array,
                             json_t *results, struct error *e)
{
    _cleanup_query_sql_ struct query_sql q = query_sql_new (run);
    _cleanup_query_sql_ struct query_sql where = query_sql_new (run);
    int columns = 0;
    for (guint i = 0; i < list->len; i++) {
        struct wanted *w = &g_array_index (list, struct wanted, i);
        if (belongs (w, array))
            add_number (&q, w, &columns);
    }
    if (columns == 0)
        return ERR_OK;
    enum err r = query_sql_where (&where, run, e);
    if (r != ERR_OK)
        return r;
    query_sql_from (&q, q.tables | where.tables, array);
    query_sql_move (&q, &where);
    _cleanup_stmt_ struct sql_stmt *st = NULL;
    bool has_row;
    if ((r = query_sql_prepare (&q, run->sql, &st, e)) != ERR_OK ||
        (r = sql_step (st, &has_row, e)) != ERR_OK)
        return r;
    for (guint i = 0; i < list->len; i++) {
        const struct wanted *w = &g_array_index (list, struct wanted, i);
        json_t *value = belongs (w, array) ? read_number (st, w) : NULL;
        if (value)
            json_object_set_new (json_array_get (results, i), "Value", value);
    }
    return ERR_OK;
}

/* ---- Groups ---- */

/* Grouped by what the column holds; dictionary codes become text afterwards, a few times only. */
static enum err select_groups (const struct query_run *run, const struct field *f, size_t max,
                               struct sql_stmt **ret, struct error *e)
{
    _cleanup_query_sql_ struct query_sql q = query_sql_new (run);
    _cleanup_query_sql_ struct query_sql column = query_sql_new (run);
    _cleanup_query_sql_ struct query_sql where = query_sql_new (run);
    query_sql_column (&column, f);
    enum err r = query_sql_where (&where, run, e);
    if (r != ERR_OK)
        return r;
    unsigned tables = column.tables | where.tables;
    query_sql_add (&q, f->kind == KIND_CODE ? "SELECT (SELECT text FROM code WHERE id = g.k), g.n"
                                            : "SELECT g.k, g.n");
    query_sql_add (&q, " FROM (SELECT ");
    query_sql_move (&q, &column);
    query_sql_add (&q, " AS k, count (*) AS n");
    query_sql_from (&q, tables, f->place == PLACE_ARRAY ? f : NULL);
    query_sql_move (&q, &where);
    query_sql_add (&q, " GROUP BY 1) g WHERE g.k IS NOT NULL ORDER BY 2 DESC, 1 LIMIT ");
    query_sql_int (&q, (int64_t) max);
    return query_sql_prepare (&q, run->sql, ret, e);
}

/* A Reason may quote bytes that are not UTF-8. */
static json_t *valid_text (const char *text)
{
    g_autofree char *valid = g_utf8_make_valid (text, -1);
    return json_string (valid);
}

/* The group's value as the protocol writes it: always a string. */
static json_t *read_key (const struct query_run *run, struct sql_stmt *st, const struct field *f)
{
    char buf[MAX (CLOCK_TEXT_SIZE, G_ASCII_DTOSTR_BUF_SIZE)];
    switch (f->kind) {
    case KIND_INT:
        g_snprintf (buf, sizeof buf, "%" G_GINT64_FORMAT, sql_get_int (st, 0));
        return json_string (buf);
    case KIND_TIME:
        clock_format (sql_get_int (st, 0), run->ctx->timezone_min, buf);
        return json_string (buf);
    case KIND_FLOAT:
        return json_string (g_ascii_dtostr (buf, sizeof buf, sql_get_double (st, 0)));
    case KIND_TEXT:
    case KIND_CODE:
    case KIND_GEO:
        break;
    }
    return valid_text (sql_get_text (st, 0));
}

static enum err run_group (const struct query_run *run, const struct field *f, size_t max,
                           json_t *result, struct error *e)
{
    _cleanup_stmt_ struct sql_stmt *st = NULL;
    enum err r = select_groups (run, f, max, &st, e);
    if (r != ERR_OK)
        return r;
    json_auto_t *groups = json_array ();
    bool has_row;
    while ((r = sql_step (st, &has_row, e)) == ERR_OK && has_row) {
        json_t *group = json_pack ("{s:o, s:I}", "Value", read_key (run, st, f), "Count",
                                   (json_int_t) sql_get_int (st, 1));
        assert (group);
        json_array_append_new (groups, group);
    }
    if (r == ERR_OK)
        json_object_set (result, "Groups", groups);
    return r;
}

enum err query_aggregate (const struct query_run *run, GArray *list, size_t max_groups,
                          json_t **ret, struct error *e)
{
    json_auto_t *results = json_array ();
    for (guint i = 0; i < list->len; i++)
        json_array_append_new (results, new_result (&g_array_index (list, struct wanted, i)));
    enum err r = run_numbers (run, list, NULL, results, e);
    for (size_t i = 0; i < fields_count && r == ERR_OK; i++)
        if (fields[i].place == PLACE_ARRAY)
            r = run_numbers (run, list, &fields[i], results, e);
    for (guint i = 0; i < list->len && r == ERR_OK; i++) {
        const struct wanted *w = &g_array_index (list, struct wanted, i);
        if (!w->what->parts[0])
            r = run_group (run, w->field, max_groups, json_array_get (results, i), e);
    }
    if (r == ERR_OK)
        *ret = json_incref (results);
    return r;
}
