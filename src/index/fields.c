/* fields.def as a table and as the script of its tables. Knows where a fact comes from, nothing of
 * queries. */
#include "index/fields.h"

#include <assert.h>
#include <string.h>
#include <glib.h>

#include "base/text.h"
#include "index/fields_columns.h"

/* Facts: one function for each row of place FACT. */
static struct field_value fact_size (const struct field_facts *f)
{
    return field_number ((int64_t) MIN (f->version->size, (uint64_t) INT64_MAX));
}

static struct field_value fact_etag (const struct field_facts *f)
{
    return field_text (f->version->etag);
}

static struct field_value fact_modified (const struct field_facts *f)
{
    return field_number (f->version->mtime_ns);
}

static struct field_value fact_created (const struct field_facts *f)
{
    return field_number (f->create_ns);
}

static struct field_value fact_updated (const struct field_facts *f)
{
    return field_number (f->update_ns);
}

static struct field_value fact_status (const struct field_facts *f)
{
    return field_text (file_status_name (f->status));
}

static struct field_value fact_reason (const struct field_facts *f)
{
    return field_text (f->reason);
}

static struct field_value fact_object_id (const struct field_facts *f)
{
    return field_text (f->object_id);
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
#define HAS_NONE    false
#define HAS_SPARSE  false
#define HAS_FULL    true

#define FIELD(name, kind, place, column, operators, aggregations, sortable, index, help)           \
    { #name,       #column,        help,     KIND_##kind, PLACE_##place,                           \
      (operators), (aggregations), sortable, HAS_##index, OF_##place (column) },
const struct field fields[] = {
#include "index/fields.def"
};
#undef FIELD
const size_t fields_count = G_N_ELEMENTS (fields);
_Static_assert(G_N_ELEMENTS (fields) == FIELDS, "a row each");

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

bool field_is_text (const struct field *f)
{
    return f->kind == KIND_TEXT && (f->place == PLACE_FACT || f->place == PLACE_META);
}
