/* What cache.c (which renditions there are), cache_file.c (the files) and cache_sweep.c (those of
 * an earlier run) share. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <glib.h>

#include "base/limits.h"
#include "media/cache.h"

#define CACHE_PATH_SIZE (2 + 1 + 2 * CACHE_KEY + 1) /* "ab/cd..." */

struct entry {
    uint8_t key[CACHE_KEY]; /* first: the table hashes it */
    struct entry *newer, *older;
    struct cache_facts facts; /* size alone, until it is verified */
    bool is_verified;
    int64_t touched_s; /* when the file's time was last set to that of its use */
};

/* A descriptor that is kept, of one of the keys that share the slot. */
struct open_file {
    uint8_t key[CACHE_KEY];
    int fd; /* -1: none */
};

struct cache {
    int dir;
    uint64_t max_bytes;
    atomic_uint_fast64_t n_temporary;
    atomic_bool is_stopping;
    pthread_t sweeper;

    pthread_mutex_t lock; /* guards what follows */
    GHashTable *entries;  /* of struct entry */
    struct entry *newest, *oldest;
    struct open_file open[LIMIT_CACHE_OPEN];
    bool is_swept;
    struct cache_stats stats;
};

/* ---- cache.c; with the lock ---- */

/* Adds an entry, as the newest or oldest, unless there is one; false then. */
bool cache_add (struct cache *c, const struct entry *entry, bool as_newest);

/* Removes what is too much: the paths (char *) of files that the caller removes without the lock.
 */
void cache_shrink (struct cache *c, GPtrArray *paths);

/* ---- cache_file.c ---- */

void cache_path (const uint8_t key[CACHE_KEY], char ret[CACHE_PATH_SIZE]);

/* The other way; false if it is none. `folder` is "ab", `name` the rest. */
bool cache_parse_path (const char *folder, const char *name, uint8_t ret[CACHE_KEY]);

/* Writes header and bytes of the memory file `fd`. IO. */
NODISCARD enum err cache_file_write (struct cache *c, const uint8_t key[CACHE_KEY],
                                     const struct cache_facts *facts, int fd, struct error *e);

/* Opens the file and compares it with its checksum. NOT_FOUND: there is none; IO: it is damaged. */
NODISCARD enum err cache_file_check (struct cache *c, const uint8_t key[CACHE_KEY],
                                     struct cache_facts *ret, int *ret_fd, struct error *e);

uint64_t cache_file_offset (void);

/* Removes files (char *) of the cache. */
void cache_remove (struct cache *c, const GPtrArray *paths);

/* ---- cache_sweep.c: a thread ---- */

void *cache_sweep (void *cache);

#define CACHE_TEMPORARY "tmp"
