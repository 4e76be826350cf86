/* Damaged copies of a file: cut short at many places, and with bytes overwritten at random from a
 * fixed seed, so that the same file always gives the same copies. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct damage {
    uint64_t cuts, flips; /* how many copies of each kind */
};

/* Many with BINDERY_TEST_LONG in the environment, few without. */
struct damage damage_default (void);

typedef void damage_fn (void *arg, const uint8_t *data, size_t size);

/* Calls `fn` with the file as it is, then with each damaged copy. */
void damage_each (const struct damage *d, const char *data, size_t size, damage_fn *fn, void *arg);
