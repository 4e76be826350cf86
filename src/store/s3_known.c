/* Sets of ranges; see s3_private.h. */
#include "store/s3_private.h"

#include <string.h>

static uint64_t end_of (struct store_range r)
{
    return r.at + r.length;
}

bool s3_known_add (struct store_range known[STORE_RANGES], unsigned *n, struct store_range r)
{
    unsigned first = 0, last;
    uint64_t end = end_of (r);
    if (r.length == 0)
        return true;
    while (first < *n && end_of (known[first]) < r.at)
        first++;
    for (last = first; last < *n && known[last].at <= end; last++) {
        r.at = MIN (r.at, known[last].at);
        end = MAX (end, end_of (known[last]));
    }
    if (first == last && *n == STORE_RANGES)
        return false;
    memmove (known + first + 1, known + last, (*n - last) * sizeof *known);
    known[first] = (struct store_range){ r.at, end - r.at };
    *n = *n + 1 - (last - first);
    return true;
}

unsigned s3_known_missing (const struct store_range *known, unsigned n, struct store_range r,
                           struct store_range ret[STORE_RANGES + 1])
{
    unsigned found = 0;
    uint64_t at = r.at, end = end_of (r);
    for (unsigned i = 0; i < n && at < end; i++) {
        if (known[i].at > at && known[i].at < end)
            ret[found++] = (struct store_range){ at, known[i].at - at };
        else if (known[i].at >= end)
            break;
        at = MAX (at, end_of (known[i]));
    }
    if (at < end)
        ret[found++] = (struct store_range){ at, end - at };
    return found;
}
