/* Which parts of a remote object are fetched, and when enough is enough. Reading little costs
 * little; each further round costs a round trip. So a table says which parts each kind of file is
 * known to need, and what a worker asks for beyond these is widened the more the longer it goes on,
 * until LIMIT_FETCH_ROUNDS rounds or as many bytes as that type is allowed were read.
 *
 * Threads: any; nothing here has a state. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "store/store.h"
#include "wire/pool.h"

/* Of the first fetch: so many bytes of the start and of the end; all of it where that is not more
 * than `whole`, which is at least head + tail. */
struct prefetch {
    uint64_t head, tail, whole;
    bool has_text; /* that takes long to find, so its row comes first */
};

/* `extension`: lower case, after the last '.'; "" if there is none. */
const struct prefetch *prefetch_find (const char *extension);

/* What to fetch of an object whose worker asks for `need`, of which ranges the store knows
 * `h->known`: at most STORE_RANGES ranges that are not known, such that a handle can keep them.
 * Returns how many; 0: what is known has to do. */
unsigned prefetch_more (const struct store_handle *h, const struct frame_need *need,
                        struct store_range ret[STORE_RANGES]);
