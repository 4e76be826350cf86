/* fields.def as a table, as SQL and as values to bind. Knows where a value comes from, nothing of
 * queries. */
#include "index/fields.h"

#include <math.h>
#include <glib.h>

#include "base/clock.h"
#include "base/text.h"
#include "index/body.h"
#include "index/children.h"

/* Facts: one function for each row of place FACT. */
static struct field_value number (int64_t n)
{
    return (struct field_value){ .is_set = true, .number = n };
}

static struct field_value text (const char *t)
{
    return (struct field_value){ .is_set = t && *t, .text = t };
}

static struct field_value fact_size (const struct field_facts *f)
{
    return number ((int64_t) MIN (f->version->size, (uint64_t) INT64_MAX));
}

static struct field_value fact_etag (const struct field_facts *f)
{
    return text (f->version->etag);
}

static struct field_value fact_modified (const struct field_facts *f)
{
    return number (f->version->mtime_ns);
}

static struct field_value fact_created (const struct field_facts *f)
{
    return number (f->create_ns);
}

static struct field_value fact_updated (const struct field_facts *f)
{
    return number (f->update_ns);
}

static struct field_value fact_status (const struct field_facts *f)
{
    return text (file_status_name (f->status));
}

static struct field_value fact_reason (const struct field_facts *f)
{
    return text (f->reason);
}

static struct field_value fact_object_id (const struct field_facts *f)
{
    return text (f->object_id);
}

#define EQ          OPERATOR_EQ
#define CMP         (OPERATOR_EQ | OPERATOR_RANGE)
#define PREFIX      OPERATOR_PREFIX
#define MATCH       OPERATOR_MATCH
#define EXIST       OPERATOR_EXIST
#define NUM         AGGREGATE_NUMBERS
#define COUNT       AGGREGATE_COUNTS
#define OF_META(c)  NULL
#define OF_FACT(c)  fact_##c
#define OF_DOC(c)   NULL
#define OF_BODY(c)  NULL
#define OF_ARRAY(c) NULL
#define OF_MAP(c)   NULL
#define OF_URI(c)   NULL
#define OF_CONST(c) NULL

#define FIELD(name, kind, place, column, operators, aggregations, sortable, index, help)           \
    { #name,       #column,        help,     KIND_##kind,        PLACE_##place,                    \
      (operators), (aggregations), sortable, OF_##place (column) },
const struct field fields[] = {
#include "index/fields.def"
};
#undef FIELD
const size_t fields_count = G_N_ELEMENTS (fields);

/* The columns of a row, by place and kind: narrow ones in `file`, texts in `file_text`. */
#define IN_FILE_META_CODE(c) C (c, "INTEGER")
#define IN_FILE_META_TEXT(c)
#define IN_FILE_META_INT(c)   C (c, "INTEGER")
#define IN_FILE_META_TIME(c)  C (c, "INTEGER")
#define IN_FILE_META_FLOAT(c) C (c, "REAL")
#define IN_FILE_META_GEO(c)   C (c##_lat, "REAL") C (c##_lon, "REAL")
#define IN_FILE_FACT_CODE(c)  C (c, "INTEGER")
#define IN_FILE_FACT_INT(c)   C (c, "INTEGER")
#define IN_FILE_FACT_TIME(c)  C (c, "INTEGER")
#define IN_FILE_FACT_TEXT(c)
#define IN_FILE_DOC_TEXT(c)  C (c, "INTEGER")
#define IN_FILE_BODY_TEXT(c) C (c, "INTEGER")
#define IN_FILE_ARRAY_CODE(c)
#define IN_FILE_MAP_TEXT(c)
#define IN_FILE_URI_TEXT(c)
#define IN_FILE_CONST_TEXT(c)

#define IN_TEXT_META_CODE(c)
#define IN_TEXT_META_TEXT(c) C (c, "TEXT")
#define IN_TEXT_META_INT(c)
#define IN_TEXT_META_TIME(c)
#define IN_TEXT_META_FLOAT(c)
#define IN_TEXT_META_GEO(c)
#define IN_TEXT_FACT_CODE(c)
#define IN_TEXT_FACT_INT(c)
#define IN_TEXT_FACT_TIME(c)
#define IN_TEXT_FACT_TEXT(c) C (c, "TEXT")
#define IN_TEXT_DOC_TEXT(c)
#define IN_TEXT_BODY_TEXT(c)
#define IN_TEXT_ARRAY_CODE(c)
#define IN_TEXT_MAP_TEXT(c)
#define IN_TEXT_URI_TEXT(c)
#define IN_TEXT_CONST_TEXT(c)

/* Child tables of ARRAY and MAP fields, and what removes a row's part of them. */
#define CHILD_META(c)
#define CHILD_FACT(c)
#define CHILD_DOC(c)
#define CHILD_BODY(c)
#define CHILD_ARRAY(c)                                                                             \
    "CREATE TABLE " #c " (id INTEGER, value INTEGER, PRIMARY KEY (id, value)) WITHOUT ROWID;"      \
    "CREATE INDEX " #c "_value ON " #c " (value);"
#define CHILD_MAP(c)                                                                               \
    "CREATE TABLE " #c " (id INTEGER, key INTEGER, value TEXT NOT NULL, PRIMARY KEY (id, key))"    \
    " WITHOUT ROWID;"                                                                              \
    "CREATE INDEX " #c "_value ON " #c " (key, value);"
#define CHILD_URI(c)
#define CHILD_CONST(c)
#define FORGET_META(c)
#define FORGET_FACT(c)
#define FORGET_DOC(c)
#define FORGET_BODY(c)
#define FORGET_ARRAY(c) " DELETE FROM " #c " WHERE id = old.id;"
#define FORGET_MAP(c)   FORGET_ARRAY (c)
#define FORGET_URI(c)
#define FORGET_CONST(c)

#define INDEX_NONE(c)
#define INDEX_FULL(c)   "CREATE INDEX file_" #c " ON file (" #c " DESC);"
#define INDEX_SPARSE(c) "CREATE INDEX file_" #c " ON file (" #c " DESC) WHERE " #c " IS NOT NULL;"

const char *fields_schema (void)
{
#define C(column, type) ", " #column " " type
    return "CREATE TABLE file (id INTEGER PRIMARY KEY"
#define FIELD(name, kind, place, column, operators, aggregations, sortable, index, help)           \
    IN_FILE_##place##_##kind (column)
#include "index/fields.def"
#undef FIELD
           ");"
           "CREATE TABLE file_text (id INTEGER PRIMARY KEY, uri TEXT"
#define FIELD(name, kind, place, column, operators, aggregations, sortable, index, help)           \
    IN_TEXT_##place##_##kind (column)
#include "index/fields.def"
#undef FIELD
           ");"
#undef C
           "CREATE TRIGGER file_gone AFTER DELETE ON file "
           "BEGIN DELETE FROM file_text WHERE id = old.id;"
#define FIELD(name, kind, place, column, operators, aggregations, sortable, index, help)           \
    FORGET_##place (column)
#include "index/fields.def"
#undef FIELD
           " END;"
#define FIELD(name, kind, place, column, operators, aggregations, sortable, index, help)           \
    CHILD_##place (column)
#include "index/fields.def"
#undef FIELD
           "CREATE TABLE code (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);"
#define FIELD(name, kind, place, column, operators, aggregations, sortable, index, help)           \
    INDEX_##index (column)
#include "index/fields.def"
#undef FIELD
        ;
}

/* Not REPLACE: that would rewrite every index. A column that is set twice takes the last value, so
 * the list may start with any. */
static const char write_file_sql[] = "INSERT INTO file VALUES (?"
#define C(column, type) ", ?"
#define FIELD(name, kind, place, column, operators, aggregations, sortable, index, help)           \
    IN_FILE_##place##_##kind (column)
#include "index/fields.def"
#undef C
                                     ") ON CONFLICT (id) DO UPDATE SET exif = excluded.exif"
#define C(column, type) ", " #column " = excluded." #column
#include "index/fields.def"
#undef C
#undef FIELD
    ;

/* The same for a row whose columns with a full index stay, as when an object has been extracted;
 * changes nothing if they do not. SQLite writes an index anew for every column that is set. */
#define SET_NONE(place, kind, column)   IN_FILE_##place##_##kind (column)
#define SET_SPARSE(place, kind, column) IN_FILE_##place##_##kind (column)
#define SET_FULL(place, kind, column)
#define STAYS_NONE(column)
#define STAYS_SPARSE(column)
#define STAYS_FULL(column) " AND file." #column " IS excluded." #column
static const char write_extracted_sql[] = "INSERT INTO file VALUES (?"
#define C(column, type) ", ?"
#define FIELD(name, kind, place, column, operators, aggregations, sortable, index, help)           \
    IN_FILE_##place##_##kind (column)
#include "index/fields.def"
#undef FIELD
#undef C
                                          ") ON CONFLICT (id) DO UPDATE SET exif = excluded.exif"
#define C(column, type) ", " #column " = excluded." #column
#define FIELD(name, kind, place, column, operators, aggregations, sortable, index, help)           \
    SET_##index (place, kind, column)
#include "index/fields.def"
#undef FIELD
#undef C
                                          " WHERE 1"
#define FIELD(name, kind, place, column, operators, aggregations, sortable, index, help)           \
    STAYS_##index (column)
#include "index/fields.def"
#undef FIELD
    ;

static const char write_text_sql[] = "INSERT INTO file_text VALUES (?, ?"
#define C(column, type) ", ?"
#define FIELD(name, kind, place, column, operators, aggregations, sortable, index, help)           \
    IN_TEXT_##place##_##kind (column)
#include "index/fields.def"
#undef C
                                     ") ON CONFLICT (id) DO UPDATE SET uri = excluded.uri"
#define C(column, type) ", " #column " = excluded." #column
#include "index/fields.def"
#undef C
#undef FIELD
    ;

const struct field *field_find (const char *name)
{
    for (size_t i = 0; i < fields_count; i++)
        if (text_is (fields[i].name, name))
            return &fields[i];
    return NULL;
}

const struct field *field_find_map (const char *name)
{
    g_autofree char *map = g_strndup (name, strcspn (name, "."));
    const struct field *f = strchr (name, '.') ? field_find (map) : NULL;
    return f && f->place == PLACE_MAP ? f : NULL;
}

/* Names of headers have no case; those of tags do. */
char *field_map_key (const struct field *f, const char *key)
{
    return strcmp (f->column, "oss_user_meta") == 0 ? g_ascii_strdown (key, -1) : g_strdup (key);
}

const char *file_status_name (unsigned status)
{
    static const char *const names[] = {
        [FILE_PENDING] = "Pending", [FILE_INDEXED] = "Indexed", [FILE_FAILED] = "Failed"
    };
    return status < G_N_ELEMENTS (names) ? names[status] : NULL;
}

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

static struct field_value value_of_meta (const struct field *f, const json_t *meta)
{
    struct field_value v = { .is_set = false };
    const json_t *j = meta ? json_object_get (meta, f->name) : NULL;
    if (!j)
        return v;
    const char *s = json_string_value (j);
    switch (f->kind) {
    case KIND_TEXT:
        v = text (s);
        v.number = 1;
        break;
    case KIND_CODE:
        v = text (s);
        break;
    case KIND_INT:
        if (json_is_integer (j))
            v = number (json_integer_value (j));
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
    sql_bind_text (st, 1, value);
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

bool field_is_text (const struct field *f)
{
    return f->kind == KIND_TEXT && (f->place == PLACE_FACT || f->place == PLACE_META);
}

static enum err write_text (struct sql *s, int64_t id, const struct field_facts *facts,
                            const json_t *meta, struct error *e)
{
    struct sql_stmt *st;
    enum err r = sql_prepare (s, write_text_sql, &st, e);
    if (r != ERR_OK)
        return r;
    g_autofree char *uri = facts->status == FILE_PENDING
                               ? g_strconcat ("oss://", facts->bucket, "/", facts->key, NULL)
                               : NULL;
    sql_bind_int (st, 1, id);
    sql_bind_text (st, 2, uri);
    int at = 3;
    for (const struct field *f = fields; f < fields + fields_count; f++)
        if (field_is_text (f)) {
            struct field_value v =
                f->place == PLACE_FACT ? f->fact (facts) : value_of_meta (f, meta);
            if (v.is_set)
                sql_bind_text (st, at, v.text);
            at++;
        }
    return sql_run (st, e);
}

static enum err write_file (struct sql *s, const char *text, int64_t id,
                            const struct field_facts *facts, const json_t *meta, struct error *e)
{
    struct sql_stmt *st;
    enum err r = sql_prepare (s, text, &st, e);
    if (r != ERR_OK)
        return r;
    sql_bind_int (st, 1, id);
    int at = 2;
    for (const struct field *f = fields; f < fields + fields_count && r == ERR_OK; f++) {
        if (field_is_text (f))
            continue;
        if (f->place == PLACE_META || f->place == PLACE_DOC || f->place == PLACE_BODY)
            r = bind_narrow (st, &at, f, value_of_meta (f, meta), e);
        else if (f->place == PLACE_FACT)
            r = bind_narrow (st, &at, f, f->fact (facts), e);
    }
    if (r == ERR_OK)
        return sql_run (st, e);
    sql_finish (st);
    return r;
}

enum err fields_write_row (struct sql *s, int64_t id, const struct field_facts *facts,
                           const json_t *meta, bool is_fresh, struct error *e)
{
    enum err r = write_file (s, write_extracted_sql, id, facts, meta, e);
    if (r == ERR_OK && sql_changes (s) == 0)
        r = write_file (s, write_file_sql, id, facts, meta, e);
    if (r == ERR_OK)
        r = write_text (s, id, facts, meta, e);
    return r == ERR_OK && (meta || !is_fresh) ? children_write (s, id, meta, is_fresh, e) : r;
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
