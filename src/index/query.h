/* SimpleQuery: parses, checks and compiles a query, runs it on a dataset, pages and aggregates
 * (spec section 3).
 *
 * Errors: QUERY with the path of the node ("Query.SubQueries[1].Value ..."), INVALID_PARAM with
 * subject NextToken, Sort, Order, MaxResults, Aggregations or WithFields, each naming the value and
 * what was expected. Threads: any; a query runs on a reader session of the dataset.
 *
 * What the protocol leaves open:
 * - Where a row has no value of a field, every condition but `not` on it is false. `not` of several
 *   conditions: none may match. Text compares by bytes, times as instants. Words: phrase.h.
 * - Rows without a value sort last in both directions; ties break by row id, that is, by age.
 * Without Sort: by URI, ascending. Without Order: descending; with fewer orders than fields:
 * ascending.
 * - Pages: a row whose sort values stay is neither skipped nor repeated while others come and go.
 *   TotalHits is exact on the first page and stays what it was there.
 * - Groups come by count, then value, at most MaxResults of them (0: 100); times as in documents.
 *   min, max and average of no value have no Value; a sum over 63 bits is rounded.
 * - SubQueries may be nested LIMIT_QUERY_DEPTH deep, the leaves not counted. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <glib.h>

#include "base/error.h"
#include "index/files.h"

struct query {
    json_t *condition;              /* the Query parameter: object, or NULL: all rows; borrowed */
    const char *sort;               /* "Size,Filename"; NULL or "": by URI */
    const char *order;              /* "asc,desc"; NULL or "": desc */
    const char *next_token;         /* NULL or "": first page */
    int64_t max_results;            /* 0: 100 */
    const char *const *with_fields; /* NULL-terminated; NULL or empty: all */
    bool without_total_hits;
    json_t *aggregations; /* array of {Field, Operation}, or NULL; borrowed */
};

struct query_answer {
    GString *files;       /* documents joined by ','; NULL if there are aggregations */
    json_t *aggregations; /* array as the protocol wants it; NULL if there are files */
    char *next_token;     /* "" at the end */
    int64_t total_hits;   /* -1 if not asked for */
};
void query_answer_clear (struct query_answer *a);

/* `deadline_ms` (clock_mono_ms) ends a query that takes too long: TIMED_OUT. */
NODISCARD enum err query_run (struct dataset_db *db, const struct file_context *ctx,
                              const struct query *q, int64_t deadline_ms, struct query_answer *ret,
                              struct error *e);

/* The manual of all fields with operators and aggregations, as Markdown. Caller frees. */
char *query_fields_markdown (void);
