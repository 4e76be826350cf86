/* Rows of fields: what becomes of an extractor's answer and an object's facts, and the statements
 * that write it. */
#include <math.h>
#include <string.h>
#include <glib.h>

#include "base/clock.h"
#include "base/text.h"
#include "index/body.h"
#include "index/children.h"
#include "index/fields.h"
#include "index/fields_columns.h"

static const char insert_file_sql[] = "INSERT INTO file VALUES (?"
#define C(column, type) ", ?"
#define FIELD(name, kind, place, column, operators, aggregations, sortable, index, help)           \
    IN_FILE_##place##_##kind (column)
#include "index/fields.def"
#undef FIELD
#undef C
                                      ")";

/* SQLite writes an index anew for every column of it that is set. So the first try sets those
 * without a full index, and changes nothing if the others do not stay, as they do when an object
 * has been extracted. A column that is set twice takes the last value, so that the list may start
 * with any. */
#define LOOSE_NONE(place, kind, column)   IN_FILE_##place##_##kind (column)
#define LOOSE_SPARSE(place, kind, column) IN_FILE_##place##_##kind (column)
#define LOOSE_FULL(place, kind, column)
#define ORDERED_NONE(place, kind, column)
#define ORDERED_SPARSE(place, kind, column)
#define ORDERED_FULL(place, kind, column) IN_FILE_##place##_##kind (column)
static const char update_extracted_sql[] = "UPDATE file SET exif = NULL"
#define C(column, type) ", " #column " = ?"
#define FIELD(name, kind, place, column, operators, aggregations, sortable, index, help)           \
    LOOSE_##index (place, kind, column)
#include "index/fields.def"
#undef FIELD
#undef C
                                           " WHERE 1"
#define C(column, type) " AND " #column " IS ?"
#define FIELD(name, kind, place, column, operators, aggregations, sortable, index, help)           \
    ORDERED_##index (place, kind, column)
#include "index/fields.def"
#undef FIELD
#undef C
                                           " AND id = ?";

static const char update_file_sql[] = "UPDATE file SET exif = NULL"
#define C(column, type) ", " #column " = ?"
#define FIELD(name, kind, place, column, operators, aggregations, sortable, index, help)           \
    LOOSE_##index (place, kind, column)
#include "index/fields.def"
#undef FIELD
#define FIELD(name, kind, place, column, operators, aggregations, sortable, index, help)           \
    ORDERED_##index (place, kind, column)
#include "index/fields.def"
#undef FIELD
#undef C
                                      " WHERE id = ?";

static const char insert_text_sql[] = "INSERT INTO file_text VALUES (?, ?"
#define C(column, type) ", ?"
#define FIELD(name, kind, place, column, operators, aggregations, sortable, index, help)           \
    IN_TEXT_##place##_##kind (column)
#include "index/fields.def"
#undef FIELD
#undef C
                                      ")";

static const char update_text_sql[] = "UPDATE file_text SET uri = ?"
#define C(column, type) ", " #column " = ?"
#define FIELD(name, kind, place, column, operators, aggregations, sortable, index, help)           \
    IN_TEXT_##place##_##kind (column)
#include "index/fields.def"
#undef FIELD
#undef C
                                      " WHERE id = ?";

static struct field_value parse_point (const char *value)
{
    struct field_value v = { .is_set = false };
    g_auto (GStrv) part = g_strsplit (value, ",", 3);
    if (g_strv_length (part) != 2)
        return v;
    v.is_set = text_parse_double (part[0], &v.real[0]) && text_parse_double (part[1], &v.real[1]) &&
               fabs (v.real[0]) <= 90 && fabs (v.real[1]) <= 180;
    return v;
}

static struct field_value value_of_meta (const struct field *f, const json_t *j)
{
    struct field_value v = { .is_set = false };
    const char *s = json_string_value (j);
    switch (f->kind) {
    case KIND_TEXT:
        v = field_text (s);
        v.number = 1;
        break;
    case KIND_CODE:
        v = field_text (s);
        break;
    case KIND_INT:
        if (json_is_integer (j))
            v = field_number (json_integer_value (j));
        break;
    case KIND_TIME:
        v.is_set = s && clock_parse (s, &v.number, NULL);
        break;
    case KIND_GEO:
        if (s)
            v = parse_point (s);
        break;
    case KIND_FLOAT:
        v.is_set = json_is_number (j);
        v.real[0] = json_number_value (j);
        break;
    }
    return v;
}

static enum err find_code (struct sql *s, const char *value, int64_t *ret, bool *ret_found,
                           struct error *e)
{
    _cleanup_stmt_ struct sql_stmt *st = NULL;
    enum err r = sql_find (s, "SELECT id FROM code WHERE text = ?", value, &st, ret_found, e);
    if (r == ERR_OK && *ret_found)
        *ret = sql_get_int (st, 0);
    return r;
}

static enum err make_code (struct sql *s, const char *value, int64_t *ret, struct error *e)
{
    bool found;
    enum err r = find_code (s, value, ret, &found, e);
    if (r != ERR_OK || found)
        return r;
    struct sql_stmt *st;
    if ((r = sql_prepare (s, "INSERT INTO code (text) VALUES (?)", &st, e)) != ERR_OK)
        return r;
    sql_lend_text (st, 1, value);
    if ((r = sql_run (st, e)) != ERR_OK)
        return r;
    return find_code (s, value, ret, &found, e);
}

/* Codes stay as they are made, so that the session can remember them. */
enum err fields_code_of (struct sql *s, const char *value, int64_t *ret, struct error *e)
{
    if (sql_recall (s, value, ret))
        return ERR_OK;
    enum err r = make_code (s, value, ret, e);
    if (r == ERR_OK)
        sql_remember (s, value, *ret);
    return r;
}

/* What a row becomes: a value for each of `fields`. */
struct row_values {
    struct field_value of[FIELDS];
    const char *uri; /* NULL: the document has it */
};

static void collect (struct row_values *row, const char *uri, const struct field_facts *facts,
                     const json_t *meta)
{
    const char *name;
    json_t *value;
    *row = (struct row_values){ .uri = uri };
    for (size_t i = 0; i < FIELDS; i++)
        if (fields[i].place == PLACE_FACT)
            row->of[i] = fields[i].fact (facts);
    json_object_foreach ((json_t *) meta, name, value)
    {
        const struct field *f = field_find (name);
        if (f && (f->place == PLACE_META || f->place == PLACE_DOC || f->place == PLACE_BODY))
            row->of[f - fields] = value_of_meta (f, value);
    }
}

static bool is_narrow (const struct field *f)
{
    return !field_is_text (f) && (f->place == PLACE_META || f->place == PLACE_FACT ||
                                  f->place == PLACE_DOC || f->place == PLACE_BODY);
}

/* Binds the value to column *at of `file` and moves on; what is not bound is NULL. */
static enum err bind_narrow (struct sql_stmt *st, int *at, const struct field *f,
                             struct field_value v, struct error *e)
{
    int width = f->kind == KIND_GEO ? 2 : 1;
    enum err r = ERR_OK;
    if (v.is_set && f->kind == KIND_CODE)
        r = fields_code_of (st->sql, v.text, &v.number, e);
    for (int i = 0; i < width && r == ERR_OK; i++, (*at)++) {
        if (!v.is_set)
            continue;
        if (f->kind == KIND_GEO || f->kind == KIND_FLOAT)
            sql_bind_double (st, *at, v.real[i]);
        else
            sql_bind_int (st, *at, v.number);
    }
    return r;
}

/* The columns of `file` that have a full index, those that have none, or all in their order. */
enum columns { LOOSE, ORDERED, ALL };

static enum err bind_columns (struct sql_stmt *st, int *at, enum columns which,
                              const struct row_values *row, struct error *e)
{
    enum err r = ERR_OK;
    for (size_t i = 0; i < FIELDS && r == ERR_OK; i++)
        if (is_narrow (&fields[i]) && (which == ALL || fields[i].is_ordered == (which == ORDERED)))
            r = bind_narrow (st, at, &fields[i], row->of[i], e);
    return r;
}

/* *ret_found: there is such a row, and nothing stopped its update. */
static enum err update_file (struct sql *s, const char *statement, int64_t id,
                             const struct row_values *row, bool *ret_found, struct error *e)
{
    struct sql_stmt *st;
    int at = 1;
    enum err r = sql_prepare (s, statement, &st, e);
    if (r != ERR_OK)
        return r;
    r = bind_columns (st, &at, LOOSE, row, e);
    if (r == ERR_OK)
        r = bind_columns (st, &at, ORDERED, row, e);
    sql_bind_int (st, at, id);
    if (r == ERR_OK)
        r = sql_run (st, e);
    else
        sql_finish (st);
    *ret_found = r == ERR_OK && sql_changes (s) > 0;
    return r;
}

static enum err insert_file (struct sql *s, int64_t id, const struct row_values *row,
                             struct error *e)
{
    struct sql_stmt *st;
    int at = 2;
    enum err r = sql_prepare (s, insert_file_sql, &st, e);
    if (r != ERR_OK)
        return r;
    sql_bind_int (st, 1, id);
    r = bind_columns (st, &at, ALL, row, e);
    if (r == ERR_OK)
        return sql_run (st, e);
    sql_finish (st);
    return r;
}

static void bind_texts (struct sql_stmt *st, int *at, const struct row_values *row)
{
    sql_lend_text (st, (*at)++, row->uri);
    for (size_t i = 0; i < FIELDS; i++)
        if (field_is_text (&fields[i])) {
            if (row->of[i].is_set)
                sql_lend_text (st, *at, row->of[i].text);
            (*at)++;
        }
}

static enum err insert_text (struct sql *s, int64_t id, const struct row_values *row,
                             struct error *e)
{
    struct sql_stmt *st;
    int at = 2;
    enum err r = sql_prepare (s, insert_text_sql, &st, e);
    if (r != ERR_OK)
        return r;
    sql_bind_int (st, 1, id);
    bind_texts (st, &at, row);
    return sql_run (st, e);
}

static enum err update_text (struct sql *s, int64_t id, const struct row_values *row,
                             struct error *e)
{
    struct sql_stmt *st;
    int at = 1;
    enum err r = sql_prepare (s, update_text_sql, &st, e);
    if (r != ERR_OK)
        return r;
    bind_texts (st, &at, row);
    sql_bind_int (st, at, id);
    return sql_run (st, e);
}

static enum err update_row (struct sql *s, int64_t id, const struct row_values *row,
                            bool *ret_found, struct error *e)
{
    enum err r = update_file (s, update_extracted_sql, id, row, ret_found, e);
    if (r == ERR_OK && !*ret_found)
        r = update_file (s, update_file_sql, id, row, ret_found, e);
    return r == ERR_OK && *ret_found ? update_text (s, id, row, e) : r;
}

static enum err insert_row (struct sql *s, int64_t id, const struct row_values *row,
                            struct error *e)
{
    enum err r = insert_file (s, id, row, e);
    return r == ERR_OK ? insert_text (s, id, row, e) : r;
}

enum err fields_write_row (struct sql *s, int64_t id, const struct field_facts *facts,
                           const json_t *meta, enum fields_old old, struct error *e)
{
    struct row_values row;
    bool found = false;
    g_autofree char *uri = facts->status == FILE_PENDING
                               ? g_strconcat ("oss://", facts->bucket, "/", facts->key, NULL)
                               : NULL;
    collect (&row, uri, facts, meta);
    enum err r = old != FIELDS_NONE ? update_row (s, id, &row, &found, e) : ERR_OK;
    if (r == ERR_OK && !found)
        r = insert_row (s, id, &row, e);
    return r == ERR_OK && (meta || old == FIELDS_ALL)
               ? children_write (s, id, meta, old != FIELDS_ALL, e)
               : r;
}

enum err fields_set_class (struct sql *s, int64_t id, const char *storage_class, int64_t update_ns,
                           struct error *e)
{
    int64_t code = 0;
    struct sql_stmt *st;
    enum err r = fields_code_of (s, *storage_class ? storage_class : "Standard", &code, e);
    if (r == ERR_OK)
        r = sql_prepare (s,
                         "UPDATE file SET updated = ?, storage_class ="
                         " CASE WHEN storage_class IS NULL THEN NULL ELSE ? END WHERE id = ?",
                         &st, e);
    if (r != ERR_OK)
        return r;
    sql_bind_int (st, 1, update_ns);
    sql_bind_int (st, 2, code);
    sql_bind_int (st, 3, id);
    return sql_run (st, e);
}

enum err fields_delete_row (struct sql *s, int64_t id, struct error *e)
{
    enum err r = body_write (s, id, NULL, 0, e);
    return r == ERR_OK ? children_run (s, "DELETE FROM file WHERE id = ?", id, e) : r;
}
