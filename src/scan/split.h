/* Where to split a listing, so that its parts are about as long as each other.
 *
 * Keys that the index holds are the best guide (files_divide()); what was never listed is sampled:
 * a page of keys here and there shows which beginnings of keys have many keys behind them, and the
 * largest of them are looked into until there are enough. What a listing tells by nature is not
 * known for long: bounds are a guess, and a range that turns out to be long is split again. */
#pragma once

#include <stdbool.h>
#include <glib.h>

#include "base/error.h"
#include "store/store.h"

struct split {
    struct store *store;
    const char *bucket;
    const char *after, *before; /* keys in (after, before); NULL: no bound */
    size_t want;                /* parts */
    bool (*is_stopped) (void *arg);
    void *arg;
};

/* Adds at most `want` - 1 bounds (char *, ascending) to `bounds`: keys after which a part ends.
 * None if there is little to list. At most LIMIT_SPLIT_REQUESTS listings of one page,
 * LIMIT_SPLIT_MS. */
NODISCARD enum err split_sample (const struct split *s, GPtrArray *bounds, struct error *e);
