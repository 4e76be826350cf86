/* Inside of the query compiler: the checked query, and SQL with its values.
 *
 * query_parse.c   JSON -> struct query_node, every check and its message
 * query_sql.c     struct query_node -> struct query_sql
 * query_where.c   the whole WHERE, with the range of object.uri that follows from it
 * query_order.c   Sort, Order, NextToken
 * query_page.c    one page of row ids
 * query_aggregate.c
 * query.c         runs the parts on a session */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <glib.h>

#include "base/error.h"
#include "base/limits.h"
#include "index/fields.h"
#include "index/files.h"
#include "index/query.h"
#include "index/sql.h"

/* ---- The checked condition ---- */

enum query_verb {
    QUERY_AND,
    QUERY_OR,
    QUERY_NOT,
    QUERY_EQ,
    QUERY_GT,
    QUERY_GTE,
    QUERY_LT,
    QUERY_LTE,
    QUERY_PREFIX,
    QUERY_MATCH,
    QUERY_EXIST,
    QUERY_LATER /* known to the protocol, not built yet */
};

struct query_node {
    enum query_verb verb;
    const struct field *field; /* leaf */
    char *key;                 /* leaf of a map: of its member; else NULL */
    struct field_value value;  /* leaf, but for exist; text is owned */
    GPtrArray *children;       /* struct query_node; NULL: leaf */
};

/* *ret is NULL if there is no condition. */
NODISCARD enum err query_parse (const json_t *condition, struct query_node **ret, struct error *e);
void query_node_free (void *node);
static inline void query_node_freep (struct query_node **node)
{
    query_node_free (*node);
}
#define _cleanup_node_ __attribute__ ((cleanup (query_node_freep)))

/* The field of that name; the reason why there is none goes to `buf` (returned value NULL). */
const struct field *query_find_field (const char *name, char *buf, size_t size);

/* A member of the protocol's File object? */
bool query_is_file_member (const char *name, size_t len);

/* "eq, gt, gte, lt, lte, prefix" of a field; buf is returned. */
const char *query_operators_text (const struct field *f, char *buf, size_t size);
const char *query_aggregations_text (const struct field *f, char *buf, size_t size);

/* ---- SQL with values ---- */

/* A query under way. */
struct query_run {
    struct dataset_db *db;
    struct sql *sql;
    const struct file_context *ctx;
    const struct query *query;
    const struct query_node *condition;
    char *only_root; /* "oss://bucket/" if all rows are of one bucket and Filename sorts: then by
                        URI */
};

/* Tables that a statement reads, by their letter: o(bject) f(ile) t: file_text d(oc). */
enum query_table { TABLE_OBJECT = 1, TABLE_FILE = 2, TABLE_TEXT = 4, TABLE_DOC = 8 };

/* A piece of SQL and the values of its '?', in order. The text is put together from constants only.
 */
struct query_sql {
    GString *text;
    GArray *values;  /* struct query_value */
    unsigned tables; /* that the text names: enum query_table */
    const struct query_run *run;
};

struct query_value {
    enum { VALUE_INT, VALUE_DOUBLE, VALUE_TEXT } type;
    int64_t number;
    double real;
    char *text;
};

struct query_sql query_sql_new (const struct query_run *run);
void query_sql_clear (struct query_sql *q);
#define _cleanup_query_sql_ __attribute__ ((cleanup (query_sql_clear)))
void query_sql_add (struct query_sql *q, const char *constant);
void query_sql_int (struct query_sql *q, int64_t v);
void query_sql_double (struct query_sql *q, double v);
void query_sql_text (struct query_sql *q, const char *v);
/* Moves the piece to the end of `q`; `piece` is empty then. */
void query_sql_move (struct query_sql *q, struct query_sql *piece);
NODISCARD enum err query_sql_prepare (struct query_sql *q, struct sql *s, struct sql_stmt **ret,
                                      struct error *e);

/* What a field's column holds: number, dictionary code or text. Of an ARRAY or MAP field that is
 * "a.value": the child table under the letter a is for the caller to name.
 *
 * Where there is a condition, numbers are written "+f.size", so that no index is used: the narrow
 * table is read in order. An index would be faster if few rows were in its range, or many of them
 * matched, which SQLite cannot know; it would be ten times slower otherwise. */
void query_sql_column (struct query_sql *q, const struct field *f);
/* What it sorts and shows by: as above, but the text of a code. */
void query_sql_sort_key (struct query_sql *q, const struct field *f);
bool query_is_nullable (const struct field *f);

/* " FROM ..." of the tables; the row's id is query_id_column(). `array`, if not NULL, is a field of
 * place ARRAY: a row comes once for each of its values. */
void query_sql_from (struct query_sql *q, unsigned tables, const struct field *array);
const char *query_id_column (unsigned tables);

/* The column compared (" >= ") with what it holds; codes by their text. */
void query_sql_comparison (struct query_sql *q, const struct field *f, const char *operator,
                           const struct field_value * v);

/* The condition as a boolean, NULL where the row does not match. */
void query_sql_condition (struct query_sql *q, const struct query_node *node);

/* The first text that is greater than all that begin with `prefix`, NULL if there is none. */
char *query_end_of_prefix (const char *prefix);

/* "oss://bucket/" of each bucket that has rows, a seek each; at most LIMIT_QUERY_BUCKETS + 1. */
NODISCARD enum err query_list_roots (struct sql *s, GPtrArray **ret, struct error *e);

/* " WHERE ..." of the condition, all in brackets: more may follow with " AND ". Where it is NULL,
 * the row does not match. Conditions on Filename become bounds of object.uri, for which the buckets
 * are looked up. */
NODISCARD enum err query_sql_where (struct query_sql *q, const struct query_run *run,
                                    struct error *e);

/* ---- Parts of an answer ---- */

struct query_order {
    struct {
        const struct field *field;
        bool descending;
    } keys[LIMIT_QUERY_SORT];
    size_t n;
};

/* Where a page ended. */
struct query_position {
    json_t *values; /* of the sort keys */
    int64_t id, total;
};
void query_position_free (void *p);

NODISCARD enum err query_parse_order (const char *sort, const char *order, struct query_order *ret,
                                      struct error *e);
/* *ret NULL: first page. */
NODISCARD enum err query_parse_token (const struct query_run *run, const struct query_order *order,
                                      struct query_position **ret, struct error *e);
char *query_write_token (const struct query_run *run, int64_t total, int64_t id, json_t *values);
/* Sets run->only_root if that helps the order. */
NODISCARD enum err query_find_root (struct query_run *run, const struct query_order *order,
                                    struct error *e);
/* Ids (int64_t) of the next `max` rows; *ret_token for the page after them, "" if there is none. */
NODISCARD enum err query_page (const struct query_run *run, const struct query_order *order,
                               const struct query_position *from, int64_t total, size_t max,
                               GArray **ret_ids, char **ret_token, struct error *e);

/* The list for query_aggregate(). */
NODISCARD enum err query_parse_aggregations (const json_t *aggregations, GArray **ret,
                                             struct error *e);
/* The array that the protocol wants; a Value that no row can tell (min, max, average of none) is
 * absent. `max_groups` for each list of groups. */
NODISCARD enum err query_aggregate (const struct query_run *run, GArray *list, size_t max_groups,
                                    json_t **ret, struct error *e);
