/* The queryable fields (fields.def): their columns, and how a row is written.
 *
 * Tables that this module makes:
 *   file       (id PRIMARY KEY, columns): narrow: numbers, times, dictionary codes; scans fast
 *   file_text  (id PRIMARY KEY, uri, columns of TEXT facts): joined only where a query names one of
 *              them. `uri` is set while the row is Pending: such a row has no document to tell it,
 *              so that no index object (id) is needed.
 *   code       (id PRIMARY KEY, text UNIQUE): the dictionary of CODE fields
 *   label_name (id, value): one for each ARRAY field, named like its column: the different values
 *              of a row, as codes
 *   oss_tagging (id, key, value): one for each MAP field, named like its column; keys as codes
 * and those of body.h. A trigger removes the row of file_text, and those of ARRAY and MAP fields,
 * with that of file; the text of a BODY field goes by fields_delete_row(). */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "index/files.h"
#include "index/sql.h"

enum field_kind { KIND_TEXT, KIND_CODE, KIND_INT, KIND_TIME, KIND_GEO, KIND_FLOAT };
enum field_place {
    PLACE_META,
    PLACE_FACT,
    PLACE_DOC,
    PLACE_BODY,
    PLACE_ARRAY,
    PLACE_MAP,
    PLACE_URI,
    PLACE_CONST
};

enum field_operator {
    OPERATOR_EQ = 1,
    OPERATOR_RANGE = 2, /* gt gte lt lte */
    OPERATOR_PREFIX = 4,
    OPERATOR_MATCH = 8,
    OPERATOR_EXIST = 16
};
enum field_aggregation {
    AGGREGATE_NUMBERS = 1, /* min max average sum */
    AGGREGATE_COUNTS = 2   /* count distinct group */
};

/* Facts of an object that are known without reading it. */
struct field_facts {
    const char *bucket, *key;
    const struct file_version *version;
    enum file_status status;
    const char *reason; /* "" or NULL if none */
    const char *object_id;
    int64_t create_ns, update_ns;
};

/* What goes into a column. Text is borrowed. */
struct field_value {
    bool is_set;
    int64_t number;   /* INT, TIME, and 1 for what is in the document */
    double real[2];   /* FLOAT; GEO: latitude, longitude */
    const char *text; /* TEXT, CODE */
};

static inline struct field_value field_number (int64_t n)
{
    return (struct field_value){ .is_set = true, .number = n };
}

static inline struct field_value field_text (const char *text)
{
    return (struct field_value){ .is_set = text && *text, .text = text };
}

struct field {
    const char *name, *column, *help;
    enum field_kind kind;
    enum field_place place;
    unsigned operators, aggregations; /* enum field_operator, enum field_aggregation */
    bool is_sortable, is_ordered;     /* has an index of all rows */
    struct field_value (*fact) (const struct field_facts *f); /* PLACE_FACT */
};

extern const struct field fields[];
extern const size_t fields_count;

/* By name on the wire, case-sensitive; NULL if there is none. */
const struct field *field_find (const char *name);

/* The MAP field of a name like "OSSTagging.KEY"; NULL if it is none. */
const struct field *field_find_map (const char *name);

/* A key as its MAP field keeps it. Caller frees. */
char *field_map_key (const struct field *f, const char *key);

/* True for texts of a row, which lie in a table of their own, beside the narrow one. */
bool field_is_text (const struct field *f);

/* "Indexed"; NULL past the last one. */
const char *file_status_name (unsigned status);

/* SQL that makes the tables and their indexes. A script for sql_exec(). */
const char *fields_schema (void);

/* The dictionary's code of a text, made if it is new. */
NODISCARD enum err fields_code_of (struct sql *s, const char *text, int64_t *ret, struct error *e);

/* What there is of a row before it is written: nothing; what it has without `meta`; anything. */
enum fields_old { FIELDS_NONE, FIELDS_FACTS, FIELDS_ALL };

/* Writes the row `id` whole, inside the caller's transaction. `meta` may be NULL; members of it
 * that are not of the field's kind count as absent. */
NODISCARD enum err fields_write_row (struct sql *s, int64_t id, const struct field_facts *facts,
                                     const json_t *meta, enum fields_old old, struct error *e);

/* Writes the columns of a row that follow from its storage class, and when it was changed. */
NODISCARD enum err fields_set_class (struct sql *s, int64_t id, const char *storage_class,
                                     int64_t update_ns, struct error *e);

/* Removes the row `id`. */
NODISCARD enum err fields_delete_row (struct sql *s, int64_t id, struct error *e);
