/* A temporary file without a name, for what does not fit memory: a stack of bytes that grows and
 * shrinks at its end. However the process ends, nothing of it stays. If the folder takes no file,
 * it is in memory. Knows nothing of what is in it.
 *
 * Errors are STORE_DOWN. One thread at a time. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct spill {
    const char *folder; /* borrowed: where the file is made, on the first append */
    int fd;             /* -1: not made yet */
    uint64_t end;
};

void spill_close (struct spill *s);

NODISCARD enum err spill_append (struct spill *s, const void *bytes, size_t n, struct error *e);

/* Reads exactly `n` bytes at `at`. */
NODISCARD enum err spill_read (const struct spill *s, uint64_t at, void *ret, size_t n,
                               struct error *e);

/* Gives back the space from `end` on; what is above `end` already stays as it is. */
void spill_shrink (struct spill *s, uint64_t end);

/* Gives back the space between, if the file system can: it is not read again. */
void spill_forget (const struct spill *s, uint64_t from, uint64_t to);
