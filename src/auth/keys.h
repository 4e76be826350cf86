/* Access keys: who may sign. Today there is one, the root key: from the configuration, else made at
 * the first start and kept in DATA/root-key (mode 0600). Lookup is by id, so that users with keys
 * of their own can join later. Immutable once open: any thread may look up. */
#pragma once

#include <stdbool.h>

#include "base/error.h"

#define KEYS_ID_MAX     128 /* characters of an AccessKeyId */
#define KEYS_SECRET_MAX 128

struct key {
    char id[KEYS_ID_MAX + 1];
    char secret[KEYS_SECRET_MAX + 1]; /* never logged, never in an answer */
    bool is_root;
};

struct keys;

/* `id` and `secret` come from the configuration: both given, or both empty (or NULL), which reads
 * or makes DATA/root-key. INVALID_ARGUMENT for one without the other, for characters that cannot
 * be signed with, and for a damaged key file; IO when the file cannot be kept. */
NODISCARD enum err keys_open (const char *data, const char *id, const char *secret,
                              struct keys **ret, struct error *e);

/* Wipes and frees. NULL is fine. */
void keys_close (struct keys *k);

/* The key of that id; `ret` is borrowed and lives as long as `k`. KEY_NOT_FOUND. */
NODISCARD enum err keys_find (const struct keys *k, const char *id, const struct key **ret,
                              struct error *e);

const struct key *keys_root (const struct keys *k);

/* Where keys_open() keeps the root key, "DATA/root-key"; NULL if it came from the configuration. */
const char *keys_root_path (const struct keys *k);
