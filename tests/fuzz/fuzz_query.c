/* Queries: parsed, compiled and run on an empty dataset. Lines: condition, Sort, Order, NextToken,
 * aggregations. Whatever is accepted must be SQL that runs. */
#include <assert.h>
#include <string.h>

#include "index/query_plan.h"
#include "index/schema.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static const struct file_context context = { .owner_id = "1", .project = "p", .dataset = "d" };

static void run_page (struct query_run *run)
{
    struct error e;
    struct query_order order;
    struct query_position *from = NULL;
    if (query_parse_order (run->query->sort, run->query->order, &order, &e) != ERR_OK ||
        query_parse_token (run, &order, &from, &e) != ERR_OK)
        return;
    g_autoptr (GArray) ids = NULL;
    g_autofree char *token = NULL;
    enum err r = query_find_root (run, &order, &e);
    if (r == ERR_OK)
        r = query_page (run, &order, from, 0, 100, &ids, &token, &e);
    assert (r == ERR_OK);
    query_position_free (from);
    g_clear_pointer (&run->only_root, g_free);
}

static void run_aggregations (const struct query_run *run)
{
    struct error e;
    g_autoptr (GArray) list = NULL;
    json_auto_t *answer = NULL;
    if (query_parse_aggregations (run->query->aggregations, &list, &e) != ERR_OK)
        return;
    enum err r = query_aggregate (run, list, 100, &answer, &e);
    assert (r == ERR_OK);
}

static void run_query (struct sql *s, char **lines)
{
    struct error e;
    json_auto_t *condition = json_loads (lines[0], JSON_DECODE_ANY, NULL);
    json_auto_t *aggregations = json_loads (lines[4], JSON_DECODE_ANY, NULL);
    const struct query q = { .condition = condition,
                             .sort = lines[1],
                             .order = lines[2],
                             .next_token = lines[3],
                             .aggregations = aggregations };
    _cleanup_node_ struct query_node *checked = NULL;
    if (query_parse (condition, &checked, &e) != ERR_OK)
        return;
    struct query_run run = { .sql = s, .ctx = &context, .query = &q, .condition = checked };
    run_page (&run);
    run_aggregations (&run);
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    struct error e;
    struct sql *s;
    g_autofree char *text = g_strdup_printf ("%.*s\n\n\n\n", (int) size, (const char *) data);
    g_auto (GStrv) lines = g_strsplit (text, "\n", 5);
    if (sql_open (&sql_sqlite, ":memory:", SQL_CREATE, &s, &e) != ERR_OK)
        return 0;
    bool is_anew;
    enum err r = schema_make_dataset (s, &is_anew, &e);
    assert (r == ERR_OK);
    run_query (s, lines);
    sql_close (s);
    return 0;
}
