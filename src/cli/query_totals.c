/* Totals and groups. The API counts groups but does not sum within them: for that, each group is
 * asked for on its own. */
#include "cli/query_totals.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cli/filter.h"
#include "cli/table.h"

#define GROUPS_MOST 2000 /* of the API */

static const struct {
    const char *operation;
    size_t offset;
} operations[] = {
    { "sum", offsetof (struct query_totals, sum) },
    { "min", offsetof (struct query_totals, min) },
    { "max", offsetof (struct query_totals, max) },
    { "average", offsetof (struct query_totals, average) },
    { "count", offsetof (struct query_totals, count) },
    { "distinct", offsetof (struct query_totals, distinct) },
};

static const char *proper_name (const char *field)
{
    const char *known = filter_field_name (field);
    return known ? known : field;
}

static json_t *make_aggregation (const char *field, const char *operation)
{
    return json_pack ("{s:s, s:s}", "Field", proper_name (field), "Operation", operation);
}

/* All but the group. */
static json_t *make_aggregations (const struct query_totals *t)
{
    json_t *all = json_array ();
    for (size_t i = 0; i < N_ELEMENTS (operations); i++) {
        const GPtrArray *fields = *(GPtrArray *const *) ((const char *) t + operations[i].offset);
        for (unsigned j = 0; fields && j < fields->len; j++)
            json_array_append_new (all,
                                   make_aggregation (fields->pdata[j], operations[i].operation));
    }
    return all;
}

bool query_totals_wanted (const struct query_totals *t)
{
    json_auto_t *all = make_aggregations (t);
    return t->group || json_array_size (all);
}

/* The Aggregations that the server answers, NULL if it refused (said). */
static json_t *ask (struct client *c, const json_t *params, json_t *aggregations)
{
    json_auto_t *all = json_copy ((json_t *) params);
    json_object_set (all, "Aggregations", aggregations);
    json_object_set_new (all, "MaxResults", json_integer (GROUPS_MOST));
    json_auto_t *answer = NULL;
    struct error e;
    if (client_action (c, "SimpleQuery", all, &answer, &e) != ERR_OK) {
        client_complain (c, &e);
        return NULL;
    }
    return json_incref (json_object_get (answer, "Aggregations"));
}

static const char *member (const json_t *doc, const char *name)
{
    const char *text = json_string_value (json_object_get (doc, name));
    return text ? text : "";
}

/* The value of an aggregation: bytes with a unit, other numbers grouped. */
static char *format_total (const json_t *aggregation)
{
    const json_t *value = json_object_get (aggregation, "Value");
    const char *operation = member (aggregation, "Operation");
    double number = json_number_value (value);
    bool is_bytes = strcmp (member (aggregation, "Field"), "Size") == 0 &&
                    strcmp (operation, "count") != 0 && strcmp (operation, "distinct") != 0;
    char buf[32];
    if (!value)
        return g_strdup ("");
    if (is_bytes && number >= 0 && number < 1e18)
        return g_strdup (text_format_size ((uint64_t) number, buf));
    if (json_is_integer (value))
        return table_number (json_integer_value (value));
    return g_strdup_printf ("%.10g", number);
}

static char *total_name (const json_t *aggregation)
{
    return g_strdup_printf ("%s of %s", member (aggregation, "Operation"),
                            member (aggregation, "Field"));
}

static void print_totals (const json_t *totals)
{
    _cleanup_table_ struct table *t = table_new ((const char *[]){ "TOTAL", ">VALUE", NULL });
    size_t i;
    json_t *a;
    json_array_foreach (totals, i, a)
    {
        g_autofree char *name = total_name (a);
        g_autofree char *value = format_total (a);
        table_add (t, (const char *[]){ name, value, NULL });
    }
    table_print (t);
}

static int run_totals (struct client *c, const json_t *params, json_t *aggregations, bool json)
{
    json_auto_t *totals = ask (c, params, aggregations);
    if (!totals)
        return EXIT_ERROR;
    if (json)
        client_print_json (totals);
    else
        print_totals (totals);
    return EXIT_DONE;
}

/* The query, narrowed to one value of the group's field. */
static json_t *narrow (const json_t *params, const char *field, const char *value)
{
    json_t *leaf = json_pack ("{s:s, s:s, s:s}", "Field", field, "Operation", "eq", "Value", value);
    json_t *query = json_object_get (params, "Query");
    json_t *all = json_copy ((json_t *) params);
    if (query)
        leaf = json_pack ("{s:s, s:[O, o]}", "Operation", "and", "SubQueries", query, leaf);
    json_object_set_new (all, "Query", leaf);
    return all;
}

/* Adds to each group a member Totals. */
static int add_group_totals (struct client *c, const json_t *params, const char *field,
                             json_t *groups, json_t *aggregations)
{
    size_t i;
    json_t *group;
    json_array_foreach (groups, i, group)
    {
        json_auto_t *narrowed = narrow (params, field, member (group, "Value"));
        json_t *totals = ask (c, narrowed, aggregations);
        if (!totals)
            return EXIT_ERROR;
        json_object_set_new (group, "Totals", totals);
    }
    return EXIT_DONE;
}

static char **group_headers (const char *field, const json_t *groups)
{
    g_autoptr (GStrvBuilder) all = g_strv_builder_new ();
    g_strv_builder_add (all, field);
    g_strv_builder_add (all, ">FILES");
    size_t i;
    json_t *a;
    json_array_foreach (json_object_get (json_array_get (groups, 0), "Totals"), i, a)
    {
        g_autofree char *name = total_name (a);
        g_autofree char *header = g_strconcat (">", name, NULL);
        g_strv_builder_add (all, header);
    }
    return g_strv_builder_end (all);
}

static void print_groups (const char *field, const json_t *groups)
{
    g_auto (GStrv) headers = group_headers (field, groups);
    _cleanup_table_ struct table *t = table_new ((const char *const *) headers);
    size_t i, j;
    json_t *group, *a;
    json_array_foreach (groups, i, group)
    {
        g_autoptr (GPtrArray) cells = g_ptr_array_new_with_free_func (g_free);
        g_ptr_array_add (cells, g_strdup (member (group, "Value")));
        g_ptr_array_add (cells,
                         table_number (json_integer_value (json_object_get (group, "Count"))));
        json_array_foreach (json_object_get (group, "Totals"), j, a)
            g_ptr_array_add (cells, format_total (a));
        table_add (t, (const char *const *) cells->pdata);
    }
    table_print (t);
}

static int run_groups (struct client *c, const json_t *params, const char *field,
                       json_t *aggregations, int64_t limit, bool json)
{
    json_auto_t *by_group = json_pack ("[o]", make_aggregation (field, "group"));
    json_auto_t *answer = ask (c, params, by_group);
    if (!answer)
        return EXIT_ERROR;
    json_t *groups = json_object_get (json_array_get (answer, 0), "Groups");
    while (limit && json_array_size (groups) > (size_t) limit)
        json_array_remove (groups, json_array_size (groups) - 1);
    int status = json_array_size (aggregations)
                     ? add_group_totals (c, params, field, groups, aggregations)
                     : EXIT_DONE;
    if (status != EXIT_DONE)
        return status;
    if (json)
        client_print_json (groups);
    else
        print_groups (field, groups);
    return EXIT_DONE;
}

int query_totals_run (struct client *c, const json_t *params, const struct query_totals *t,
                      int64_t limit, bool json)
{
    json_auto_t *aggregations = make_aggregations (t);
    if (t->group)
        return run_groups (c, params, proper_name (t->group), aggregations, limit, json);
    return run_totals (c, params, aggregations, json);
}
