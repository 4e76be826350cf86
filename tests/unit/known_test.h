/* For stores of tests: a range of a handle becomes known. */
#pragma once

#include "test.h"
#include "store/store.h"

static UNUSED void known_add (struct store_handle *h, const uint8_t *bytes, uint64_t at,
                              uint64_t length)
{
    struct store_range *k = h->known;
    uint64_t end = MIN (at + length, h->facts.size);
    unsigned first = 0, last;
    if (at >= end)
        return;
    assert_int_equal (pwrite (h->fd, bytes + at, end - at, (off_t) at), end - at);
    h->bytes_fetched += end - at;
    while (first < h->n_known && k[first].at + k[first].length < at)
        first++;
    for (last = first; last < h->n_known && k[last].at <= end; last++) {
        at = MIN (at, k[last].at);
        end = MAX (end, k[last].at + k[last].length);
    }
    assert_true (first < last || h->n_known < STORE_RANGES);
    memmove (k + first + 1, k + last, (h->n_known - last) * sizeof *k);
    h->n_known = h->n_known + 1 - (last - first);
    k[first] = (struct store_range){ at, end - at };
}
