/* A window over the names of one folder: as many as fit into a number of bytes, to be sorted. Knows
 * nothing of files.
 *
 * Texts are at most NAMES_TEXT_MAX bytes without NUL; the order is that of their bytes. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"

#define NAMES_TEXT_MAX 1024 /* some file systems go beyond NAME_MAX */

/* One name, for sorting 16 bytes: `key` holds the next 8 bytes to compare. */
struct name {
    uint64_t key;
    uint32_t at; /* of the text in the arena */
    uint16_t len;
    uint8_t type; /* the owner's: DT_REG ... */
};

struct names {
    struct name *v;
    size_t n, room;
    char *arena;
    size_t used, size, limit;
};

/* Zeroed memory is an empty window. */
void names_clear (struct names *x);

/* Empties it; it may take `limit` bytes from now on (at least NAMES_MIN_LIMIT). Keeps its memory,
 * but gives back what is much. */
#define NAMES_MIN_LIMIT 4096u
void names_begin (struct names *x, size_t limit);

/* Empties it for as many as before. */
void names_empty (struct names *x);

/* Adds a text. False: it does not fit any more; the first always does. */
NODISCARD bool names_add (struct names *x, const char *text, size_t len, uint8_t type);

/* Sorts, and drops doubles. */
void names_sort (struct names *x);

/* Bytes that it takes up. */
size_t names_held (const struct names *x);

static inline const char *names_text (const struct names *x, size_t i)
{
    return x->arena + x->v[i].at;
}
