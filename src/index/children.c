/* The parts of a row that lie in tables of their own. */
#include "index/children.h"

#include <string.h>
#include <glib.h>

#include "index/body.h"
#include "index/fields.h"

enum err children_run (struct sql *s, const char *text, int64_t id, struct error *e)
{
    struct sql_stmt *st;
    enum err r = sql_prepare (s, text, &st, e);
    if (r != ERR_OK)
        return r;
    sql_bind_int (st, 1, id);
    return sql_run (st, e);
}

/* One row of a child table: a name as a code and, in that of a map, its value. */
static enum err add_child (struct sql *s, const char *insert, int64_t id, const char *name,
                           const char *value, struct error *e)
{
    int64_t code;
    struct sql_stmt *st;
    enum err r = fields_code_of (s, name, &code, e);
    if (r == ERR_OK)
        r = sql_prepare (s, insert, &st, e);
    if (r != ERR_OK)
        return r;
    sql_bind_int (st, 1, id);
    sql_bind_int (st, 2, code);
    if (value)
        sql_lend_text (st, 3, value);
    return sql_run (st, e);
}

static enum err forget_children (struct sql *s, int64_t id, const struct field *f, struct error *e)
{
    g_autofree char *text = g_strconcat ("DELETE FROM ", f->column, " WHERE id = ?", NULL);
    return children_run (s, text, id, e);
}

/* "Labels.LabelName": the member LabelName of each structure in the list Labels. */
static enum err write_children (struct sql *s, int64_t id, const struct field *f,
                                const json_t *meta, bool is_fresh, struct error *e)
{
    const char *dot = strchr (f->name, '.');
    g_autofree char *list_name = g_strndup (f->name, (gsize) (dot - f->name));
    g_autofree char *insert =
        g_strconcat ("INSERT OR IGNORE INTO ", f->column, " VALUES (?, ?)", NULL);
    const json_t *list = json_object_get (meta, list_name);
    enum err r = is_fresh ? ERR_OK : forget_children (s, id, f, e);
    for (size_t i = 0; i < json_array_size (list) && r == ERR_OK; i++) {
        const json_t *value = json_object_get (json_array_get (list, i), dot + 1);
        if (json_string_length (value) > 0)
            r = add_child (s, insert, id, json_string_value (value), NULL, e);
    }
    return r;
}

static enum err write_map (struct sql *s, int64_t id, const struct field *f, const json_t *meta,
                           bool is_fresh, struct error *e)
{
    g_autofree char *insert =
        g_strconcat ("INSERT OR REPLACE INTO ", f->column, " VALUES (?, ?, ?)", NULL);
    enum err r = is_fresh ? ERR_OK : forget_children (s, id, f, e);
    const char *name;
    json_t *value;
    json_object_foreach (json_object_get (meta, f->name), name, value)
    {
        g_autofree char *key = field_map_key (f, name);
        if (r == ERR_OK && json_is_string (value))
            r = add_child (s, insert, id, key, json_string_value (value), e);
    }
    return r;
}

static enum err write_body (struct sql *s, int64_t id, const json_t *text, bool is_fresh,
                            struct error *e)
{
    if (is_fresh && !text)
        return ERR_OK;
    return body_write (s, id, json_string_value (text), json_string_length (text), e);
}

enum err children_write (struct sql *s, int64_t id, const json_t *meta, bool is_fresh,
                         struct error *e)
{
    enum err r = ERR_OK;
    for (const struct field *f = fields; f < fields + fields_count && r == ERR_OK; f++) {
        if (f->place == PLACE_ARRAY)
            r = write_children (s, id, f, meta, is_fresh, e);
        else if (f->place == PLACE_MAP)
            r = write_map (s, id, f, meta, is_fresh, e);
        else if (f->place == PLACE_BODY)
            r = write_body (s, id, json_object_get (meta, f->name), is_fresh, e);
    }
    return r;
}
