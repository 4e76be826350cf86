/* Which keys of a bucket are objects to us: patterns (text_glob_match). If `include` is not empty,
 * only keys that match one of it are; keys that match one of `exclude` are not. Zeroed takes all.
 */
#pragma once

#include <stdbool.h>

struct store_filter {
    char **include, **exclude; /* NULL or NULL-terminated */
};

/* Copies. */
void store_filter_set (struct store_filter *f, char **include, char **exclude);
void store_filter_clear (struct store_filter *f);

/* `f` may be NULL: it takes all. */
bool store_filter_takes (const struct store_filter *f, const char *key);
