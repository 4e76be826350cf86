/* Runs a query: checks all of it first, then counts, and reads a page or aggregates. */
#include "index/query.h"

#include <assert.h>

#include "base/limits.h"
#include "index/document.h"
#include "index/operators.h"
#include "index/query_plan.h"

#define DEFAULT_RESULTS 100

void query_answer_clear (struct query_answer *a)
{
    if (a->files)
        g_string_free (a->files, TRUE);
    json_decref (a->aggregations);
    g_free (a->next_token);
    *a = (struct query_answer){ .files = NULL };
}

static bool has_aggregations (const struct query *q)
{
    return json_is_array (q->aggregations) ? json_array_size (q->aggregations) > 0
                                           : q->aggregations && !json_is_null (q->aggregations);
}

static enum err check_fields (const char *const *names, struct error *e)
{
    for (; names && *names; names++)
        if (!query_is_file_member (*names, strlen (*names)) && !operators_of_member (*names))
            return FAIL_ON (e, INVALID_PARAM, "WithFields",
                            "WithFields: File has no member '%.100s'", *names);
    return ERR_OK;
}

static enum err check_max (const struct query *q, size_t *ret, struct error *e)
{
    int64_t most = has_aggregations (q) ? LIMIT_QUERY_GROUPS : LIMIT_QUERY_FILES;
    if (q->max_results < 0 || q->max_results > most)
        return FAIL_ON (e, INVALID_PARAM, "MaxResults",
                        "MaxResults is %" G_GINT64_FORMAT ", must be 0 to %" G_GINT64_FORMAT
                        " for %s",
                        q->max_results, most, has_aggregations (q) ? "groups" : "files");
    *ret = q->max_results ? (size_t) q->max_results : DEFAULT_RESULTS;
    return ERR_OK;
}

static enum err count (const struct query_run *run, int64_t *ret, struct error *e)
{
    _cleanup_query_sql_ struct query_sql q = query_sql_new (run);
    _cleanup_query_sql_ struct query_sql where = query_sql_new (run);
    enum err r = query_sql_where (&where, run, e);
    if (r != ERR_OK)
        return r;
    query_sql_add (&q, "SELECT count (*)");
    query_sql_from (&q, where.tables, NULL);
    query_sql_move (&q, &where);
    _cleanup_stmt_ struct sql_stmt *st = NULL;
    bool has_row;
    if ((r = query_sql_prepare (&q, run->sql, &st, e)) != ERR_OK ||
        (r = sql_step (st, &has_row, e)) != ERR_OK)
        return r;
    *ret = sql_get_int (st, 0);
    return ERR_OK;
}

/* Total of a first page, or of aggregations. */
static enum err find_total (const struct query_run *run, int64_t *ret, struct error *e)
{
    if (run->query->without_total_hits) {
        *ret = -1;
        return ERR_OK;
    }
    return count (run, ret, e);
}

/* A row that went since its id was read is left out. */
static enum err append_documents (const struct query_run *run, const GArray *ids, GString *out,
                                  struct error *e)
{
    const char *const *names = run->query->with_fields;
    enum err r = ERR_OK;
    for (guint i = 0; i < ids->len && r == ERR_OK; i++) {
        bool found;
        r = document_append_id (run->db, run->sql, run->ctx, g_array_index (ids, int64_t, i), names,
                                out, &found, e);
    }
    return r;
}

static enum err run_files (const struct query_run *run, const struct query_order *order,
                           const struct query_position *from, size_t max, struct query_answer *ret,
                           struct error *e)
{
    int64_t total = from ? from->total : -1;
    enum err r = from ? ERR_OK : find_total (run, &total, e);
    if (r != ERR_OK)
        return r;
    g_autoptr (GArray) ids = NULL;
    g_autofree char *token = NULL;
    if ((r = query_page (run, order, from, total, max, &ids, &token, e)) != ERR_OK)
        return r;
    g_autoptr (GString) files = g_string_new (NULL);
    if ((r = append_documents (run, ids, files, e)) != ERR_OK)
        return r;
    ret->files = g_steal_pointer (&files);
    ret->next_token = g_steal_pointer (&token);
    ret->total_hits = run->query->without_total_hits ? -1 : total;
    return ERR_OK;
}

static enum err run_aggregations (const struct query_run *run, GArray *list, size_t max,
                                  struct query_answer *ret, struct error *e)
{
    int64_t total;
    enum err r = find_total (run, &total, e);
    if (r == ERR_OK)
        r = query_aggregate (run, list, max, &ret->aggregations, e);
    if (r != ERR_OK)
        return r;
    ret->next_token = g_strdup ("");
    ret->total_hits = total;
    return ERR_OK;
}

/* With everything checked that needs no session. */
static enum err run_checked (struct query_run *run, const struct query_order *order, size_t max,
                             struct query_answer *ret, struct error *e)
{
    const struct query *q = run->query;
    if (has_aggregations (q)) {
        g_autoptr (GArray) list = NULL;
        if (q->next_token && *q->next_token)
            return FAIL_ON (e, INVALID_PARAM, "NextToken", "Aggregations have no further pages");
        enum err r = query_parse_aggregations (q->aggregations, &list, e);
        return r == ERR_OK ? run_aggregations (run, list, max, ret, e) : r;
    }
    struct query_position *from = NULL;
    enum err r = query_parse_token (run, order, &from, e);
    if (r == ERR_OK)
        r = query_find_root (run, order, e);
    if (r == ERR_OK)
        r = run_files (run, order, from, max, ret, e);
    query_position_free (from);
    return r;
}

enum err query_run (struct dataset_db *db, const struct file_context *ctx, const struct query *q,
                    int64_t deadline_ms, struct query_answer *ret, struct error *e)
{
    struct query_order order;
    size_t max = 0;
    enum err r = check_max (q, &max, e);
    if (r == ERR_OK)
        r = check_fields (q->with_fields, e);
    if (r == ERR_OK)
        r = query_parse_order (q->sort, q->order, &order, e);
    _cleanup_node_ struct query_node *condition = NULL;
    if (r == ERR_OK)
        r = query_parse (q->condition, &condition, e);
    struct query_run run = { .db = db, .ctx = ctx, .query = q, .condition = condition };
    if (r == ERR_OK)
        r = dataset_read (db, &run.sql, e);
    if (r != ERR_OK)
        return r;
    struct query_answer answer = { .files = NULL };
    sql_set_deadline (run.sql, deadline_ms);
    r = sql_exec (run.sql, "BEGIN", e); /* one snapshot for count, page and documents */
    if (r == ERR_OK)
        r = run_checked (&run, &order, max, &answer, e);
    sql_set_deadline (run.sql, 0);
    sql_rollback (run.sql);
    dataset_read_done (db, run.sql);
    g_free (run.only_root);
    if (r == ERR_OK)
        *ret = answer;
    return r;
}

char *query_fields_markdown (void)
{
    GString *out = g_string_new (
        "# Fields of queries\n\n"
        "What SimpleQuery can filter, sort and aggregate by. Values are strings: numbers decimal, "
        "times RFC 3339. Fields marked * are Bindery's own: the protocol has no name for them.\n\n"
        "| field | what | operations | sort | aggregations |\n|---|---|---|---|---|\n");
    for (size_t i = 0; i < fields_count; i++) {
        char operators[200], aggregations[200];
        bool is_own = !query_is_file_member (fields[i].name, strcspn (fields[i].name, "."));
        g_string_append_printf (
            out, "| %s%s%s | %s | %s | %s | %s |\n", fields[i].name,
            fields[i].place == PLACE_MAP ? ".KEY" : "", is_own ? " *" : "", fields[i].help,
            query_operators_text (&fields[i], operators, sizeof operators),
            fields[i].is_sortable ? "yes" : "no",
            query_aggregations_text (&fields[i], aggregations, sizeof aggregations));
    }
    return g_string_free (out, FALSE);
}
