/* Queries against a plain evaluator: random rows, random queries, random changes between pages. */
#include <math.h>

#include "index/phrase.h"
#include "query_world.h"

struct plain {
    bool is_set;
    bool is_text;
    double number; /* all of them fit */
    char *text;
};

static void plain_clear (struct plain *v)
{
    g_free (v->text);
}
#define _cleanup_plain_ __attribute__ ((cleanup (plain_clear)))

static struct plain of_text (const char *text)
{
    return (struct plain){ .is_set = text && *text, .is_text = true, .text = g_strdup (text) };
}

static struct plain of_number (double n)
{
    return (struct plain){ .is_set = true, .number = n };
}

static struct plain of_meta (const struct test_row *row, const char *name)
{
    const json_t *j = json_object_get (row->meta, name);
    int64_t ns;
    if (!j)
        return (struct plain){ .is_set = false };
    if (json_is_number (j))
        return of_number (json_number_value (j));
    if (strcmp (name, "ProduceTime") == 0) {
        assert_true (clock_parse (json_string_value (j), &ns, NULL));
        return of_number ((double) ns);
    }
    return of_text (json_string_value (j));
}

/* Of the field that may have several values, each; of all others, one at most. */
static size_t count_values (const struct test_row *row, const char *name)
{
    bool is_array = strcmp (name, "Labels.LabelName") == 0;
    return is_array ? json_array_size (json_object_get (row->meta, "Labels")) : 1;
}

static struct plain value_of (const struct test_row *row, const char *name, size_t index)
{
    if (strcmp (name, "Labels.LabelName") == 0) {
        const json_t *label = json_array_get (json_object_get (row->meta, "Labels"), index);
        return of_text (json_string_value (json_object_get (label, "LabelName")));
    }
    g_autofree char *uri = test_row_uri (row);
    const struct {
        const char *name, *text;
    } texts[] = {
        { "URI", uri },
        { "Filename", row->key },
        { "ETag", row->etag },
        { "ObjectStatus", file_status_name (row->status) },
        { "Reason", row->reason },
        { "ObjectId", row->object_id },
        { "OwnerId", context.owner_id },
        { "ProjectName", context.project },
        { "DatasetName", context.dataset },
    };
    const struct {
        const char *name;
        double number;
    } numbers[] = {
        { "Size", (double) row->size },
        { "FileModifiedTime", (double) row->mtime_ns },
        { "CreateTime", (double) row->created_ns },
        { "UpdateTime", (double) row->updated_ns },
    };
    for (size_t i = 0; i < G_N_ELEMENTS (texts); i++)
        if (strcmp (texts[i].name, name) == 0)
            return of_text (texts[i].text);
    for (size_t i = 0; i < G_N_ELEMENTS (numbers); i++)
        if (strcmp (numbers[i].name, name) == 0)
            return of_number (numbers[i].number);
    return of_meta (row, name);
}

static int compare (const struct plain *a, const struct plain *b)
{
    if (a->is_text)
        return strcmp (a->text, b->text);
    return (a->number > b->number) - (a->number < b->number);
}

static bool matches_phrase (const char *text, const char *words)
{
    struct phrase *p = phrase_new (words, strlen (words));
    bool r = phrase_matches (p, text, strlen (text));
    phrase_free (p);
    return r;
}

static bool value_matches (const struct plain *v, const char *wanted, const char *operation)
{
    if (!v->is_set || strcmp (operation, "exist") == 0)
        return v->is_set;
    if (strcmp (operation, "prefix") == 0)
        return g_str_has_prefix (v->text, wanted);
    if (strcmp (operation, "match-phrase") == 0)
        return matches_phrase (v->text, wanted);
    struct plain with = { .is_set = true, .text = (char *) wanted };
    int64_t ns;
    if (!v->is_text)
        with.number = clock_parse (wanted, &ns, NULL) ? (double) ns : g_ascii_strtod (wanted, NULL);
    int c = compare (v, &with);
    return strcmp (operation, "eq") == 0    ? c == 0
           : strcmp (operation, "gt") == 0  ? c > 0
           : strcmp (operation, "gte") == 0 ? c >= 0
           : strcmp (operation, "lt") == 0  ? c < 0
                                            : c <= 0;
}

static bool leaf_matches (const struct test_row *row, const json_t *q, const char *operation)
{
    const char *name = json_string_value (json_object_get (q, "Field"));
    const char *wanted = json_string_value (json_object_get (q, "Value"));
    for (size_t i = 0; i < count_values (row, name); i++) {
        _cleanup_plain_ struct plain v = value_of (row, name, i);
        if (value_matches (&v, wanted, operation))
            return true;
    }
    return false;
}

static bool matches (const struct test_row *row, const json_t *q)
{
    if (!q)
        return true;
    const char *operation = json_string_value (json_object_get (q, "Operation"));
    const json_t *list = json_object_get (q, "SubQueries");
    if (!list)
        return leaf_matches (row, q, operation);
    size_t yes = 0;
    for (size_t i = 0; i < json_array_size (list); i++)
        yes += matches (row, json_array_get (list, i));
    return strcmp (operation, "and") == 0  ? yes == json_array_size (list)
           : strcmp (operation, "or") == 0 ? yes > 0
                                           : yes == 0;
}

/* ---- Random queries ---- */

static char *random_value (struct world *w, const struct field *f, const char *operation)
{
    const struct test_row *row = w->rows->pdata[pick (w, (int) w->rows->len)];
    _cleanup_plain_ struct plain v = value_of (row, f->name, 0);
    if (strcmp (f->name, "ObjectStatus") == 0)
        return g_strdup (v.text);
    if (strcmp (operation, "match-phrase") == 0)
        return g_strdup (strcmp (f->name, "Filename") == 0 ? (pick (w, 2) ? "cat" : "\u4eac")
                         : strcmp (f->name, "EXIF") == 0   ? "nikon d90"
                         : strcmp (f->name, "DocumentText") == 0
                             ? (pick (w, 2) ? "some years" : "\u4eac ishmael")
                         : strcmp (f->name, "Labels.LabelName") == 0 ? "sea"
                                                                     : "Broken");
    if (f->kind == KIND_TIME) {
        char text[CLOCK_TEXT_SIZE];
        clock_format ((int64_t) v.number, -90, text);
        return g_strdup (text);
    }
    if (f->kind == KIND_INT || f->kind == KIND_FLOAT)
        return g_strdup_printf ("%.*f", f->kind == KIND_FLOAT, v.number + pick (w, 2));
    if (strcmp (operation, "prefix") == 0 && v.text) {
        glong len = pick (w, 12);
        return g_utf8_substring (v.text, 0, MIN (g_utf8_strlen (v.text, -1), len));
    }
    return v.text ? g_steal_pointer (&v.text) : g_strdup ("q");
}

static json_t *random_leaf (struct world *w)
{
    static const struct {
        const char *name;
        unsigned needs;
    } all[] = {
        { "eq", OPERATOR_EQ },       { "gt", OPERATOR_RANGE },
        { "gte", OPERATOR_RANGE },   { "lt", OPERATOR_RANGE },
        { "lte", OPERATOR_RANGE },   { "prefix", OPERATOR_PREFIX },
        { "exist", OPERATOR_EXIST }, { "match-phrase", OPERATOR_MATCH },
    };
    for (;;) {
        const struct field *f = &fields[pick (w, (int) fields_count)];
        int i = pick (w, G_N_ELEMENTS (all));
        if (!(f->operators & all[i].needs) || f->place == PLACE_MAP)
            continue;
        g_autofree char *value = random_value (w, f, all[i].name);
        return json_pack ("{s:s, s:s, s:s}", "Field", f->name, "Operation", all[i].name, "Value",
                          value);
    }
}

static json_t *random_query (struct world *w, int depth)
{
    static const char *const logic[] = { "and", "or", "not" };
    if (depth == 0 || pick (w, 3) == 0)
        return random_leaf (w);
    json_t *list = json_array ();
    for (int i = 1 + pick (w, 3); i > 0; i--)
        json_array_append_new (list, random_query (w, depth - 1));
    return json_pack ("{s:s, s:o}", "Operation", logic[pick (w, 3)], "SubQueries", list);
}

struct order {
    const char *fields[3];
    bool descending[3];
    int n;
    char *sort, *order;
};

static void random_order (struct world *w, struct order *o)
{
    g_autoptr (GString) sort = g_string_new (NULL), order = g_string_new (NULL);
    *o = (struct order){ .n = 0 };
    for (int n = pick (w, 4); o->n < n;) {
        const struct field *f = &fields[pick (w, (int) fields_count)];
        if (!f->is_sortable || strstr (sort->str, f->name))
            continue;
        o->descending[o->n] = pick (w, 2);
        g_string_append_printf (sort, "%s%s", o->n ? "," : "", f->name);
        g_string_append_printf (order, "%s%s", o->n ? "," : "",
                                o->descending[o->n] ? "desc" : "asc");
        o->fields[o->n++] = f->name;
    }
    o->sort = g_strdup (sort->str);
    o->order = g_strdup (order->str);
}

static int compare_rows (gconstpointer pa, gconstpointer pb, gpointer order)
{
    const struct test_row *a = *(struct test_row *const *) pa, *b = *(struct test_row *const *) pb;
    const struct order *o = order;
    for (int i = 0; i < MAX (o->n, 1); i++) {
        const char *name = o->n ? o->fields[i] : "URI";
        _cleanup_plain_ struct plain x = value_of (a, name, 0), y = value_of (b, name, 0);
        if (x.is_set != y.is_set)
            return x.is_set ? -1 : 1;
        int c = x.is_set ? compare (&x, &y) : 0;
        if (c)
            return o->n && o->descending[i] ? -c : c;
    }
    return a->id < b->id ? -1 : 1;
}

static GPtrArray *expected_rows (struct world *w, const json_t *condition, struct order *o)
{
    GPtrArray *found = g_ptr_array_new ();
    for (guint i = 0; i < w->rows->len; i++) {
        struct test_row *row = w->rows->pdata[i];
        if (!row->is_gone && matches (row, condition))
            g_ptr_array_add (found, row);
    }
    g_ptr_array_sort_with_data (found, compare_rows, o);
    return found;
}

/* ---- Running ---- */

static void add_uris (GPtrArray *uris, const struct query_answer *a)
{
    g_autofree char *text = g_strdup_printf ("[%s]", a->files->str);
    json_auto_t *files = json_loads (text, 0, NULL);
    assert_non_null (files);
    for (size_t i = 0; i < json_array_size (files); i++)
        g_ptr_array_add (uris, g_strdup (json_string_value (
                                   json_object_get (json_array_get (files, i), "URI"))));
}

/* All pages; `change` is called between them. */
static GPtrArray *run_pages (struct world *w, json_t *condition, const struct order *o, int max,
                             void (*change) (struct world *w), int64_t *ret_total)
{
    GPtrArray *uris = g_ptr_array_new_with_free_func (g_free);
    g_autoptr (GHashTable) tokens = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
    g_autofree char *token = NULL;
    do {
        struct error e;
        struct query_answer a = { .files = NULL };
        const struct query q = { .condition = condition,
                                 .sort = o->sort,
                                 .order = o->order,
                                 .max_results = max,
                                 .next_token = token };
        assert_ok (query_run (w->db, &context, &q, clock_mono_ms () + 60000, &a, &e), &e);
        add_uris (uris, &a);
        *ret_total = a.total_hits;
        g_free (token);
        token = g_strdup (a.next_token);
        query_answer_clear (&a);
        assert_true (!*token || g_hash_table_add (tokens, g_strdup (token)));
        if (change)
            change (w);
    } while (*token);
    return uris;
}

static void dump_and_fail (const json_t *condition, const struct order *o, const char *why)
{
    g_autofree char *text = condition ? json_dumps (condition, 0) : g_strdup ("all");
    fail_msg ("%s: %s sort %s order %s", why, text, o->sort, o->order);
}

static void finds_what_a_plain_evaluator_finds (void **state)
{
    struct world *w = *state;
    for (int i = 0; i < 150; i++) {
        json_auto_t *condition = pick (w, 20) ? random_query (w, 3) : NULL;
        struct order o;
        random_order (w, &o);
        g_autofree char *sort = o.sort, *order = o.order;
        g_autoptr (GPtrArray) expected = expected_rows (w, condition, &o);
        int64_t total;
        g_autoptr (GPtrArray) uris =
            run_pages (w, condition, &o, pick (w, 2) ? 100 : 17, NULL, &total);
        if (total != expected->len || uris->len != expected->len)
            dump_and_fail (condition, &o, "wrong number of rows");
        for (guint k = 0; k < uris->len; k++) {
            g_autofree char *uri = test_row_uri (expected->pdata[k]);
            if (strcmp (uri, uris->pdata[k]) != 0)
                dump_and_fail (condition, &o, "wrong order");
        }
    }
}

static void come_and_go (struct world *w)
{
    add_rows (w, pick (w, 4));
    delete_rows (w, pick (w, 4));
}

/* Rows that stayed from the first page to the last come once each, in order. */
static void skips_and_repeats_nothing (void **state)
{
    struct world *w = *state;
    for (int i = 0; i < 25; i++) {
        json_auto_t *condition = pick (w, 3) ? random_query (w, 1) : NULL;
        struct order o;
        random_order (w, &o);
        g_autofree char *sort = o.sort, *order = o.order;
        g_autoptr (GPtrArray) before = expected_rows (w, condition, &o);
        int64_t total;
        g_autoptr (GPtrArray) uris = run_pages (w, condition, &o, 11, come_and_go, &total);
        assert_int_equal (total, before->len);
        g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
        for (guint k = 0; k < uris->len; k++)
            if (!g_hash_table_add (seen, uris->pdata[k]))
                dump_and_fail (condition, &o, "a row came twice");
        guint at = 0;
        for (guint k = 0; k < before->len; k++) {
            const struct test_row *row = before->pdata[k];
            g_autofree char *uri = test_row_uri (row);
            while (!row->is_gone && at < uris->len && strcmp (uris->pdata[at], uri) != 0)
                at++;
            if (!row->is_gone && at == uris->len)
                dump_and_fail (condition, &o, "a row that stayed was skipped");
        }
    }
}

/* ---- Aggregations ---- */

static char *group_value (const struct field *f, const struct plain *v)
{
    char text[MAX (CLOCK_TEXT_SIZE, G_ASCII_DTOSTR_BUF_SIZE)];
    if (f->kind == KIND_INT)
        return g_strdup_printf ("%.0f", v->number);
    if (f->kind == KIND_FLOAT)
        return g_strdup (g_ascii_dtostr (text, sizeof text, v->number));
    if (f->kind != KIND_TIME)
        return g_strdup (v->text);
    clock_format ((int64_t) v->number, context.timezone_min, text);
    return g_strdup (text);
}

struct plain_sum {
    int64_t n;
    double sum, min, max;
    GHashTable *groups; /* value -> count */
};

static void add_value (struct plain_sum *s, const struct field *f, const struct plain *v)
{
    s->n++;
    s->sum += v->number;
    s->min = MIN (s->min, v->number);
    s->max = MAX (s->max, v->number);
    char *key = group_value (f, v);
    gsize before = GPOINTER_TO_SIZE (g_hash_table_lookup (s->groups, key));
    g_hash_table_replace (s->groups, key, GSIZE_TO_POINTER (before + 1));
}

static struct plain_sum sum_up (struct world *w, const json_t *condition, const struct field *f)
{
    struct plain_sum s = { .min = INFINITY, .max = -INFINITY };
    s.groups = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
    for (guint i = 0; i < w->rows->len; i++) {
        const struct test_row *row = w->rows->pdata[i];
        for (size_t k = 0; k < count_values (row, f->name); k++) {
            _cleanup_plain_ struct plain v = value_of (row, f->name, k);
            if (v.is_set && matches (row, condition))
                add_value (&s, f, &v);
        }
    }
    return s;
}

static void assert_groups (const json_t *groups, const struct plain_sum *s)
{
    assert_int_equal (json_array_size (groups), g_hash_table_size (s->groups));
    int64_t last = INT64_MAX;
    for (size_t i = 0; i < json_array_size (groups); i++) {
        const json_t *g = json_array_get (groups, i);
        int64_t n = json_integer_value (json_object_get (g, "Count"));
        const char *key = json_string_value (json_object_get (g, "Value"));
        assert_int_equal (n, GPOINTER_TO_SIZE (g_hash_table_lookup (s->groups, key)));
        assert_true (n <= last);
        last = n;
    }
}

static void assert_number (const json_t *found, double expected)
{
    assert_true (fabs (json_number_value (found) - expected) < 0.001);
}

static void aggregates_as_a_plain_evaluator_does (void **state)
{
    struct world *w = *state;
    static const char *const names[] = { "count", "distinct", "group",  "min",
                                         "max",   "sum",      "average" };
    for (int i = 0; i < 150; i++) {
        const struct field *f = &fields[pick (w, (int) fields_count)];
        if (!(f->aggregations & AGGREGATE_COUNTS))
            continue;
        bool has_numbers = f->aggregations & AGGREGATE_NUMBERS;
        json_auto_t *list = json_array ();
        for (size_t k = 0; k < (has_numbers ? G_N_ELEMENTS (names) : 3); k++)
            json_array_append_new (
                list, json_pack ("{s:s, s:s}", "Field", f->name, "Operation", names[k]));
        json_auto_t *condition = pick (w, 4) ? random_query (w, 2) : NULL;
        struct plain_sum s = sum_up (w, condition, f);
        json_auto_t *r = aggregate (w, condition, list);
        assert_int_equal (json_integer_value (value_at (r, 0)), s.n);
        assert_int_equal (json_integer_value (value_at (r, 1)), g_hash_table_size (s.groups));
        assert_groups (json_object_get (json_array_get (r, 2), "Groups"), &s);
        g_hash_table_unref (s.groups);
        if (!has_numbers)
            continue;
        assert_number (value_at (r, 5), s.sum);
        if (s.n == 0) {
            assert_null (value_at (r, 3));
            assert_null (value_at (r, 6));
            continue;
        }
        assert_number (value_at (r, 3), s.min);
        assert_number (value_at (r, 4), s.max);
        assert_number (value_at (r, 6), s.sum / (double) s.n);
    }
}

int main (void)
{
#define WITH_ROWS(f)     cmocka_unit_test_setup_teardown (f, set_up_with_rows, tear_down)
#define IN_ONE_BUCKET(f) cmocka_unit_test_setup_teardown (f, set_up_with_one_bucket, tear_down)
    const struct CMUnitTest tests[] = {
        WITH_ROWS (finds_what_a_plain_evaluator_finds),
        WITH_ROWS (skips_and_repeats_nothing),
        IN_ONE_BUCKET (finds_what_a_plain_evaluator_finds),
        IN_ONE_BUCKET (skips_and_repeats_nothing),
        WITH_ROWS (aggregates_as_a_plain_evaluator_does),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
