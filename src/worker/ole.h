/* OLE2 compound files, which legacy office documents are: streams by name, of the root storage
 * alone. Chains of sectors are followed no further than the file has sectors; a chain that is cut
 * or loops ends a stream early.
 *
 * Threads: one. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <glib.h>

#include "base/error.h"
#include "worker/input.h"

struct ole_entry {
    char name[65]; /* ASCII; other characters as '?' */
    uint32_t left, right, child, start;
    uint64_t size;
};

struct ole {
    struct input *in; /* borrowed */
    unsigned sector_bits, mini_bits;
    uint32_t mini_limit;    /* shorter streams lie in mini sectors */
    GArray *fat, *mini_fat; /* uint32_t: the sector that follows */
    GArray *mini_sectors;   /* uint32_t: those of the stream that has the mini sectors */
    GArray *entries;        /* struct ole_entry; the first is the root */
    GArray *streams;        /* uint32_t: entries of the root storage */
};

/* EXTRACT_FAILED if the tables are damaged. Clear it in any case. */
NODISCARD enum err ole_open (struct ole *o, struct input *in, struct error *e);
void ole_clear (struct ole *o);
#define _cleanup_ole_ __attribute__ ((cleanup (ole_clear)))

struct ole_stream {
    const struct ole *ole;
    GArray *sectors; /* NULL: there is no such stream */
    uint64_t size;   /* no more than its sectors hold */
    bool is_mini;
};

/* False, and an empty stream, if there is none of that name. Clear it in any case. */
bool ole_stream_open (const struct ole *o, const char *name, struct ole_stream *ret);
void ole_stream_clear (struct ole_stream *s);
#define _cleanup_ole_stream_ __attribute__ ((cleanup (ole_stream_clear)))

/* Copies `length` bytes; false if they are not all there. */
bool ole_stream_read (const struct ole_stream *s, uint64_t at, void *to, size_t length);

/* The stream from `at` on, at most `length` bytes of it. The caller unrefs. */
GByteArray *ole_stream_bytes (const struct ole_stream *s, uint64_t at, size_t length);
