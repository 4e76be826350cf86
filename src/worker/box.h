/* Boxes of the ISO base media file format: where one begins and ends, nothing of what it holds. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "worker/input.h"

#define BOX_TYPE(a, b, c, d)                                                                       \
    ((uint32_t) (a) << 24 | (uint32_t) (b) << 16 | (uint32_t) (c) << 8 | (uint32_t) (d))

struct box {
    uint32_t type;    /* BOX_TYPE ('m','e','t','a') */
    uint64_t at, end; /* its content; the end is never beyond that of what it is in */
};

/* The box at *at, which ends before `end`; moves *at behind it. False if there is none. */
bool box_next (struct input *in, uint64_t *at, uint64_t end, struct box *ret);

/* The first box of a type among those in `parent`, `skip` bytes behind its start. */
bool box_find (struct input *in, const struct box *parent, unsigned skip, uint32_t type,
               struct box *ret);

/* `bytes` (0 to 8) at *at as a number, which moves behind them; false beyond `end`. */
bool box_number (struct input *in, uint64_t *at, uint64_t end, unsigned bytes, uint64_t *ret);
