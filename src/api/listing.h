/* One page of a list of which the caller may see a part only.
 *
 * Rows that the caller may not see are left out and named nowhere. A page has as many rows as were
 * asked for, unless the list ends, or LIMIT_LIST_LEFT_OUT rows were left out, or some were and
 * LIMIT_LIST_MS are over: then it is shorter, maybe empty, and its NextToken leads on. NextToken
 * names the first row that has not been returned, which is one that the caller sees; or, after a
 * page that was cut short, it is sealed and tells nothing. */
#pragma once

#include "api/authorize.h"
#include "api/common.h"

struct listing {
    const char *name;         /* of the answer's member: "Datasets" */
    const char *form;         /* of a NextToken: "owner:project:dataset" */
    const char *const *fixed; /* of it, as token_split() has it */
    const struct call *call;
    const void *params;          /* of the action */
    const struct target *target; /* what handlers found first */

    /* At most `max` rows in their order from the one that `from` names (parts of a token; NULL: the
     * first). */
    enum err (*fetch) (const struct listing *l, char **from, unsigned max, GPtrArray **ret,
                       struct error *e);
    bool (*sees) (const struct listing *l, const void *row);
    json_t *(*entry) (const struct listing *l, const void *row);
    /* The token that names a row. Caller frees. */
    char *(*position) (const struct listing *l, const void *row);
};

/* Answers the page that begins at `next_token` (NULL or "": the first), of `max` rows. */
NODISCARD enum err listing_reply (const struct listing *l, const char *next_token, unsigned max,
                                  struct reply *reply, struct error *e);
