/* Queries: what is refused and how, limits, tokens, parts of answers. */
#include "query_world.h"

static void refuses (struct world *w, const struct query *q, const char *code, const char *text)
{
    struct error e = { .code = ERR_OK };
    struct query_answer a = { .files = NULL };
    enum err r = query_run (w->db, &context, q, clock_mono_ms () + 60000, &a, &e);
    assert_string_equal (error_name (r), code);
    if (!strstr (e.message, text))
        fail_msg ("'%s' does not say '%s'", e.message, text);
}

static void refuses_condition (struct world *w, const char *json, const char *text)
{
    json_auto_t *condition = json_loads (json, JSON_DECODE_ANY, NULL);
    assert_non_null (condition);
    refuses (w, &(struct query){ .condition = condition }, "QUERY", text);
}

static void names_the_node_that_is_wrong (void **state)
{
    struct world *w = *state;
#define OK_LEAF "{\"Field\":\"Size\",\"Operation\":\"eq\",\"Value\":\"1\"}"
    refuses_condition (w,
                       "{\"Operation\":\"and\",\"SubQueries\":[" OK_LEAF
                       ",{\"Field\":\"Size\",\"Operation\":\"gt\",\"Value\":\"abc\"}]}",
                       "Query.SubQueries[1].Value: 'abc' is not an integer (Field Size)");
    refuses_condition (w, "[]", "Query: must be an object");
    refuses_condition (w, "{\"Field\":\"Size\"}", "Query.Operation: is missing");
    refuses_condition (w, "{\"Operation\":\"equals\"}", "'equals' is none of and, or");
    refuses_condition (w, "{\"Operation\":\"nested\"}", "not supported yet");
    refuses_condition (w, "{\"Operation\":\"geo-distance\",\"Field\":\"LatLong\"}",
                       "not supported yet");
    refuses_condition (w, "{\"Operation\":\"eq\",\"Value\":\"1\"}", "Query.Field: is missing");
    refuses_condition (w, "{\"Operation\":\"eq\",\"Field\":\"Nothing\",\"Value\":\"1\"}",
                       "there is no field 'Nothing'");
    refuses_condition (
        w, "{\"Operation\":\"eq\",\"Field\":\"Labels.ParentLabelName\",\"Value\":\"1\"}",
        "'Labels.ParentLabelName' is not supported in queries yet");
    refuses_condition (w, "{\"Operation\":\"prefix\",\"Field\":\"Size\",\"Value\":\"1\"}",
                       "prefix is not allowed for Field Size, which takes: eq, gt, gte, lt, lte");
    refuses_condition (w, "{\"Operation\":\"eq\",\"Field\":\"Size\"}", "Query.Value: is missing");
    refuses_condition (w, "{\"Operation\":\"eq\",\"Field\":\"Size\",\"Value\":[]}",
                       "must be a string");
    refuses_condition (w, "{\"Operation\":\"eq\",\"Field\":\"Size\",\"Value\":\"1.5\"}",
                       "not an integer");
    refuses_condition (w, "{\"Operation\":\"eq\",\"Field\":\"ProduceTime\",\"Value\":\"2021\"}",
                       "is not a time like");
    refuses_condition (w, "{\"Operation\":\"eq\",\"Field\":\"ObjectStatus\",\"Value\":\"failed\"}",
                       "Indexed, Failed and Pending");
    refuses_condition (w,
                       "{\"Operation\":\"match-phrase\",\"Field\":\"Filename\",\"Value\":\"...\"}",
                       "no letter or digit");
    refuses_condition (w, "{\"Operation\":\"or\",\"SubQueries\":[]}", "needs at least one");
    refuses_condition (w, "{\"Operation\":\"or\",\"SubQueries\":{}}", "must be an array");
    refuses_condition (w,
                       "{\"Operation\":\"eq\",\"Field\":\"Size\",\"Value\":\"1\",\"SubQueries\":"
                       "[" OK_LEAF "]}",
                       "takes none");
}

/* `depth` lists inside each other, the innermost with `width` conditions. */
static json_t *deep_query (int depth, int width)
{
    json_t *list = json_array ();
    for (int i = 0; i < (depth > 1 ? 1 : width); i++)
        json_array_append_new (list, depth > 1 ? deep_query (depth - 1, width)
                                               : json_pack ("{s:s, s:s, s:s}", "Field", "Size",
                                                            "Operation", "gte", "Value", "0"));
    return json_pack ("{s:s, s:o}", "Operation", "and", "SubQueries", list);
}

static void keeps_its_limits (void **state)
{
    struct world *w = *state;
    struct error e;
    struct query_answer a = { .files = NULL };
    json_auto_t *most = deep_query (5, 100), *deep = deep_query (6, 1), *wide = deep_query (1, 101);
    const struct query q = { .condition = most };
    assert_ok (query_run (w->db, &context, &q, clock_mono_ms () + 60000, &a, &e), &e);
    assert_int_equal (a.total_hits, ROWS);
    query_answer_clear (&a);
    refuses (w, &(struct query){ .condition = deep }, "QUERY", "deeper than 5");
    refuses (w, &(struct query){ .condition = wide }, "QUERY", "at most 100");
    refuses (w, &(struct query){ .max_results = -1 }, "INVALID_PARAM", "0 to 100 for files");
    refuses (w, &(struct query){ .max_results = 101 }, "INVALID_PARAM", "0 to 100 for files");
}

static void refuses_bad_parameters (void **state)
{
    struct world *w = *state;
    const struct {
        struct query q;
        const char *text;
    } rows[] = {
        { { .sort = "Size,Size" }, "Size twice" },
        { { .sort = "Nothing" }, "no field 'Nothing'" },
        { { .sort = "EXIF" }, "EXIF cannot be sorted by" },
        { { .sort = "Size,ETag,URI,Filename,MediaType,ObjectId" }, "more than 5" },
        { { .sort = "Size," }, "no field ''" },
        { { .sort = "Size", .order = "asc,desc" }, "2 directions, but Sort 1" },
        { { .sort = "Size", .order = "up" }, "'up' is neither asc nor desc" },
        { { .next_token = "!" }, "NextToken is not one" },
        { { .next_token = "AAAA" }, "NextToken is not one" },
        { { .next_token = "W10" }, "NextToken is not one" },
        { { .with_fields = (const char *const[]){ "Size", "Sise", NULL } }, "no member 'Sise'" },
    };
    for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
        refuses (w, &rows[i].q, "INVALID_PARAM", rows[i].text);
    static const char *const bad[][2] = {
        { "{}", "must be an array" },
        { "[1]", "must be an object" },
        { "[{\"Field\":\"Size\",\"Operation\":\"median\"}]", "'median' is none of" },
        { "[{\"Field\":\"Sise\",\"Operation\":\"sum\"}]", "Aggregations[0].Field: there is no" },
        { "[{\"Field\":\"URI\",\"Operation\":\"sum\"}]", "takes: count, distinct, group" },
        { "[{\"Field\":\"EXIF\",\"Operation\":\"count\"}]", "takes: none" },
    };
    for (size_t i = 0; i < G_N_ELEMENTS (bad); i++) {
        json_auto_t *list = json_loads (bad[i][0], 0, NULL);
        refuses (w, &(struct query){ .aggregations = list }, "INVALID_PARAM", bad[i][1]);
        refuses (w, &(struct query){ .aggregations = list, .max_results = 2001 }, "INVALID_PARAM",
                 "0 to 2000 for groups");
    }
}

/* ---- Tokens and parts of answers ---- */

static void refuses_the_token_of_another_query (void **state)
{
    struct world *w = *state;
    struct error e;
    struct query_answer a = { .files = NULL };
    struct query q = { .sort = "Size", .max_results = 10 };
    assert_ok (query_run (w->db, &context, &q, clock_mono_ms () + 60000, &a, &e), &e);
    g_autofree char *token = g_strdup (a.next_token);
    query_answer_clear (&a);
    struct query other = { .sort = "Size", .next_token = token, .order = "asc" };
    refuses (w, &other, "INVALID_PARAM", "belongs to another query");
    other = (struct query){ .sort = "ImageWidth", .next_token = token };
    refuses (w, &other, "INVALID_PARAM", "belongs to another query");
    q.next_token = token;
    q.max_results = 20; /* may change, and so may the fields */
    q.with_fields = (const char *const[]){ "Size", NULL };
    assert_ok (query_run (w->db, &context, &q, clock_mono_ms () + 60000, &a, &e), &e);
    assert_int_equal (a.total_hits, ROWS);
    query_answer_clear (&a);
    for (size_t i = 0; i < strlen (token); i++) { /* garbage of every sort is refused or harmless */
        g_autofree char *broken = g_strdup (token);
        broken[i] = broken[i] == 'A' ? 'B' : 'A';
        q.next_token = broken;
        if (query_run (w->db, &context, &q, clock_mono_ms () + 60000, &a, &e) == ERR_OK)
            query_answer_clear (&a);
        else
            assert_string_equal (e.subject, "NextToken");
    }
}

static void answers_what_was_asked_for (void **state)
{
    struct world *w = *state;
    struct error e;
    struct query_answer a = { .files = NULL };
    struct query q = { .max_results = 1,
                       .without_total_hits = true,
                       .with_fields = (const char *const[]){ "Size", NULL } };
    assert_ok (query_run (w->db, &context, &q, clock_mono_ms () + 60000, &a, &e), &e);
    assert_int_equal (a.total_hits, -1);
    json_auto_t *file = json_loads (a.files->str, 0, NULL);
    assert_int_equal (json_object_size (file), 2);
    assert_non_null (json_object_get (file, "URI"));
    assert_non_null (json_object_get (file, "Size"));
    g_autofree char *token = g_strdup (a.next_token);
    query_answer_clear (&a);
    q.next_token = token;
    assert_ok (query_run (w->db, &context, &q, clock_mono_ms () + 60000, &a, &e), &e);
    assert_int_equal (a.total_hits, -1);
    query_answer_clear (&a);
}

/* Numbers and booleans are taken as Value, too, and `{}` is every row. */
static void takes_what_clients_send (void **state)
{
    struct world *w = *state;
    static const char *const queries[] = {
        "{}", "{\"Field\":\"Size\",\"Operation\":\"gte\",\"Value\":0}",
        "{\"Field\":\"Size\",\"Operation\":\"gte\",\"Value\":\"0\",\"SubQueries\":[]}",
        "{\"Field\":\"DatasetName\",\"Operation\":\"prefix\",\"Value\":\"\"}"
    };
    for (size_t i = 0; i < G_N_ELEMENTS (queries); i++) {
        struct error e;
        struct query_answer a = { .files = NULL };
        json_auto_t *condition = json_loads (queries[i], 0, NULL);
        const struct query q = { .condition = condition };
        assert_ok (query_run (w->db, &context, &q, clock_mono_ms () + 60000, &a, &e), &e);
        assert_int_equal (a.total_hits, ROWS);
        query_answer_clear (&a);
    }
}

static void ends_at_its_deadline (void **state)
{
    struct world *w = *state;
    struct error e;
    struct query_answer a = { .files = NULL };
    json_auto_t *condition = deep_query (1, 100);
    const struct query q = { .condition = condition, .sort = "Filename" };
    assert_err (TIMED_OUT, query_run (w->db, &context, &q, 1, &a, &e));
    assert_ok (query_run (w->db, &context, &q, clock_mono_ms () + 60000, &a, &e), &e);
    query_answer_clear (&a);
}

static void sums_beyond_64_bits (void **state)
{
    struct world *w = *state;
    struct sql *s = begin (w);
    for (int i = 0; i < 4; i++) {
        struct test_row *row = random_row (w);
        row->size = INT64_MAX;
        test_write_row (s, row);
        g_ptr_array_add (w->rows, row);
    }
    end (w);
    json_auto_t *list = json_pack ("[{s:s, s:s}]", "Field", "Size", "Operation", "sum");
    json_auto_t *r = aggregate (w, NULL, list);
    assert_true (json_number_value (value_at (r, 0)) > 3.6e19);
}

static void answers_without_rows (void **state)
{
    struct world *w = *state;
    struct error e;
    struct query_answer a = { .files = NULL };
    json_auto_t *condition =
        json_pack ("{s:s, s:s, s:s}", "Field", "Filename", "Operation", "prefix", "Value", "a");
    const struct query q = { .condition = condition };
    assert_ok (query_run (w->db, &context, &q, clock_mono_ms () + 60000, &a, &e), &e);
    assert_int_equal (a.total_hits, 0);
    assert_string_equal (a.files->str, "");
    assert_string_equal (a.next_token, "");
    query_answer_clear (&a);
}

static void documents_every_field (void **state)
{
    (void) state;
    g_autofree char *page = query_fields_markdown ();
    for (size_t i = 0; i < fields_count; i++) {
        g_autofree char *row =
            g_strdup_printf (fields[i].place == PLACE_MAP ? "| %s.KEY " : "| %s ", fields[i].name);
        assert_non_null (strstr (page, row));
    }
    assert_non_null (strstr (page, "| Rating * | "));
    assert_non_null (strstr (page, "| Size | bytes | eq, gt, gte, lt, lte | yes | min, max, "));
}

int main (void)
{
#define WITH_ROWS(f) cmocka_unit_test_setup_teardown (f, set_up_with_rows, tear_down)
    const struct CMUnitTest tests[] = {
        WITH_ROWS (names_the_node_that_is_wrong),
        WITH_ROWS (keeps_its_limits),
        WITH_ROWS (refuses_bad_parameters),
        WITH_ROWS (refuses_the_token_of_another_query),
        WITH_ROWS (answers_what_was_asked_for),
        WITH_ROWS (takes_what_clients_send),
        WITH_ROWS (ends_at_its_deadline),
        WITH_ROWS (sums_beyond_64_bits),
        cmocka_unit_test_setup_teardown (answers_without_rows, set_up, tear_down),
        cmocka_unit_test (documents_every_field),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
