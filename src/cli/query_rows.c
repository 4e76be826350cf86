/* From documents of objects to cells. */
#include "cli/query_rows.h"

#include <string.h>

#include "base/limits.h"
#include "base/text.h"
#include "cli/filter.h"
#include "cli/table.h"

#define TIME_SHOWN 19 /* "2024-05-01T12:30:59" */

static json_t *find_member (const json_t *doc, const char *name);

/* The texts of a member in each structure of a list (Labels.LabelName), with commas between. */
static json_t *join_members (const json_t *list, const char *name)
{
    g_autoptr (GString) all = g_string_new (NULL);
    for (size_t i = 0; i < json_array_size (list); i++) {
        const json_t *item = json_array_get (list, i);
        json_auto_t *value = json_is_object (item) ? find_member (item, name) : NULL;
        g_autofree char *text = value ? json_is_string (value)
                                            ? g_strdup (json_string_value (value))
                                            : json_dumps (value, JSON_COMPACT | JSON_ENCODE_ANY)
                                      : NULL;
        if (text)
            g_string_append_printf (all, "%s%s", all->len ? ", " : "", text);
    }
    return json_string (all->str);
}

/* The member `name` of an object; of a text that holds JSON (EXIF), the member of that. */
static json_t *find_member (const json_t *doc, const char *name)
{
    if (json_is_array (doc))
        return join_members (doc, name);
    const char *text = json_string_value (doc);
    json_auto_t *parsed = text && *text == '{' ? json_loads (text, 0, NULL) : NULL;
    json_t *member = json_object_get (parsed ? parsed : doc, name);
    json_t *value = json_object_get (member, "value"); /* as image/info nests them */
    return json_incref (value ? value : member);
}

static json_t *find_value (const json_t *file, const char *field)
{
    g_auto (GStrv) parts = g_strsplit (field, ".", 8);
    json_t *at = json_incref ((json_t *) file);
    for (char **part = parts; *part && at; part++) {
        json_t *next = find_member (at, *part);
        json_decref (at);
        at = next;
    }
    return at;
}

static char *format_time (const char *text)
{
    char *shown = g_strndup (text, TIME_SHOWN);
    char *t = strchr (shown, 'T');
    if (t)
        *t = ' ';
    return shown;
}

static char *format_value (const json_t *value, const char *field)
{
    if (json_is_string (value))
        return filter_field_kind (field) == FILTER_TIME ? format_time (json_string_value (value))
                                                        : g_strdup (json_string_value (value));
    if (json_is_integer (value) && strstr (field, "Size")) {
        char buf[32];
        return g_strdup (text_format_size ((uint64_t) json_integer_value (value), buf));
    }
    return json_dumps (value, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION (10));
}

char *query_cell (const json_t *file, const char *field)
{
    json_auto_t *value = find_value (file, field);
    return value && !json_is_null (value) ? format_value (value, field) : g_strdup ("");
}

json_t *query_with_fields (char **columns)
{
    json_t *fields = json_array ();
    for (char **c = columns; *c; c++) {
        g_autofree char *top = g_strndup (*c, strcspn (*c, "."));
        json_array_append_new (fields, json_string (top));
    }
    return fields;
}

void query_split_sort (const char *text, char **ret_sort, char **ret_order)
{
    g_auto (GStrv) words = g_strsplit (text, ",", -1);
    GString *sort = g_string_new (NULL);
    GString *order = g_string_new (NULL);
    for (char **word = words; *word; word++) {
        const char *name = g_strstrip (*word);
        bool is_down = *name == '-';
        name += is_down || *name == '+';
        const char *known = filter_field_name (name);
        g_string_append_printf (sort, "%s%s", sort->len ? "," : "", known ? known : name);
        g_string_append_printf (order, "%s%s", order->len ? "," : "", is_down ? "desc" : "asc");
    }
    *ret_sort = g_string_free (sort, FALSE);
    *ret_order = g_string_free (order, FALSE);
}

/* Numbers stand to the right. */
static struct table *make_table (char **columns)
{
    g_autoptr (GPtrArray) headers = g_ptr_array_new_with_free_func (g_free);
    for (char **c = columns; *c; c++)
        g_ptr_array_add (
            headers, g_strconcat (filter_field_kind (*c) == FILTER_NUMBER ? ">" : "", *c, NULL));
    g_ptr_array_add (headers, NULL);
    return table_new ((const char *const *) headers->pdata);
}

void query_print_rows (const json_t *files, char **columns)
{
    _cleanup_table_ struct table *t = make_table (columns);
    size_t i;
    json_t *file;
    json_array_foreach (files, i, file)
    {
        g_autoptr (GPtrArray) cells = g_ptr_array_new_with_free_func (g_free);
        for (char **c = columns; *c; c++)
            g_ptr_array_add (cells, query_cell (file, *c));
        table_add (t, (const char *const *) cells->pdata);
    }
    table_print (t);
}
