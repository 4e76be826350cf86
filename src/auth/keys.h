/* Access keys: who may sign. The root key is there always: from the configuration, else made at the
 * first start and kept in DATA/root-key (mode 0600). The keys of users come from whoever reads them
 * (the API does, from the catalogue), all at once, after every change.
 *
 * Threads: any. What keys_find() gives stays valid whatever becomes of the key. */
#pragma once

#include <stdint.h>
#include <glib.h>

#include "auth/principal.h"
#include "base/error.h"

struct keys;

/* `id` and `secret` come from the configuration: both given, or both empty (or NULL), which reads
 * or makes DATA/root-key. INVALID_ARGUMENT for one without the other, for characters that cannot
 * be signed with, and for a damaged key file; IO when the file cannot be kept. */
NODISCARD enum err keys_open (const char *data, const char *id, const char *secret,
                              struct keys **ret, struct error *e);

/* Wipes and frees. NULL is fine. */
void keys_close (struct keys *k);

/* The holder of the key of that id, active or not, expired or not; the caller unrefs it.
 * KEY_NOT_FOUND. */
NODISCARD enum err keys_find (struct keys *k, const char *id, struct principal **ret,
                              struct error *e);

/* Makes these (struct principal *, each reffed; NULL is none) all keys that there are beside root.
 * Last uses carry over by key id. Of keys that have the id of root, root wins. */
void keys_replace (struct keys *k, const GPtrArray *principals);

/* Adds one, or replaces the one of its id. */
void keys_add (struct keys *k, struct principal *p);

/* Takes away those that expired before then. */
void keys_remove_expired (struct keys *k, int64_t before_ns);

/* Notes that `p` signed a request now. */
void keys_note_use (struct keys *k, struct principal *p, int64_t now_ns);

/* When the key of that id last signed a request since the server started; 0: it did not. */
int64_t keys_last_use (struct keys *k, const char *id);

/* A key that was used, and when. */
struct keys_use {
    char id[PRINCIPAL_ID_MAX + 1];
    int64_t used_ns;
};
/* The uses of users' keys that no call gave yet (struct keys_use), at most once in `interval_ns`;
 * else NULL. Cheap when there is nothing. Caller unrefs. */
GArray *keys_take_uses (struct keys *k, int64_t now_ns, int64_t interval_ns);

/* Borrowed; lives as long as `k`. */
const struct principal *keys_root (const struct keys *k);

/* Where keys_open() keeps the root key, "DATA/root-key"; NULL if it came from the configuration. */
const char *keys_root_path (const struct keys *k);
