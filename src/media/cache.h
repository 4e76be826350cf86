/* Renditions on disk, by key: DIR/ab/<the rest of the key as hex>, each a header and the bytes.
 *
 * A file is complete or not there: it is written apart and renamed. What this process has not
 * written itself is compared with its checksum before it is used for the first time, so that
 * neither a killed server nor a machine that lost power leaves anything that is served wrong; what
 * does not fit is removed. Which files there are is in memory, found out at the start in the
 * background. When there are more bytes than allowed, what was used least lately goes.
 *
 * Threads: any. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

#define CACHE_KEY 32

struct cache;

/* What is kept of a rendition beside its bytes. */
struct cache_facts {
    uint64_t size;   /* bytes */
    uint32_t format; /* enum process_format */
    uint32_t width, height, frames;
};

/* IO: the folder cannot be made or written. */
NODISCARD enum err cache_open (const char *dir, uint64_t max_bytes, struct cache **ret,
                               struct error *e);
void cache_close (struct cache *c);

enum cache_answer {
    CACHE_MISS,
    CACHE_HIT,
    CACHE_UNSURE /* only a look at the disk can tell */
};

/* HIT: bytes [*ret_offset, *ret_offset + ret->size) of *ret_fd, which is the caller's. UNSURE only
 * if not `may_wait`: then only memory is looked at. */
enum cache_answer cache_find (struct cache *c, const uint8_t key[CACHE_KEY], bool may_wait,
                              struct cache_facts *ret, int *ret_fd, uint64_t *ret_offset);

/* Keeps facts->size bytes of `fd`, a memory file that nobody can write any more. What cannot be
 * written is counted, and not kept. */
void cache_put (struct cache *c, const uint8_t key[CACHE_KEY], const struct cache_facts *facts,
                int fd);

struct cache_stats {
    uint64_t files, bytes;
    uint64_t evicted, damaged, unwritten; /* since the start */
};
void cache_get_stats (struct cache *c, struct cache_stats *ret);
