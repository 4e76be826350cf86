/* Aggregations of `bindery query`: totals, groups, and totals of each group. */
#pragma once

#include <jansson.h>
#include <glib.h>

#include "cli/client.h"

/* What was asked for: the field to group by (NULL: none), and fields by operation. */
struct query_totals {
    const char *group;
    GPtrArray *sum, *min, *max, *average, *count, *distinct; /* const char *; NULL: none */
};

bool query_totals_wanted (const struct query_totals *t);

/* Runs them over the rows of `params` (a SimpleQuery without paging) and prints the answers.
 * `limit` groups at most, 0: all that the server gives. Returns the exit code. */
int query_totals_run (struct client *c, const json_t *params, const struct query_totals *t,
                      int64_t limit, bool json);
