/* Secrets at rest: sealed by AES-256-GCM under a key of 256 random bits that lives in a file of its
 * own (mode 0600), so that a copy of the index alone gives no secret away. A sealed secret is bound
 * to the AccessKeyId that it belongs to.
 *
 * Which key something is sealed under, its keeper remembers by the key's name, which tells nothing
 * of the key. A change of the key is safe at any moment: secrets_renew() writes a file with both
 * keys; the keeper stores everything sealed anew, together with the new name; secrets_settle()
 * forgets the old key. Whatever happens in between, secrets_open() takes the key of the name.
 *
 * Threads: any may seal and open; one at a time renews. */
#pragma once

#include <stddef.h>
#include <glib.h>

#include "base/error.h"

struct secrets;

/* Reads the key file at `path`. `name` says which key what there is was sealed under; NULL: there
 * is nothing, then any key will do, and a file that is not there is made. Otherwise NOT_FOUND if
 * there is none, INVALID_ARGUMENT if it is damaged or has another key: the messages say what was
 * lost with it. IO. */
NODISCARD enum err secrets_open (const char *path, const char *name, struct secrets **ret,
                                 struct error *e);

/* Wipes and frees. NULL is fine. */
void secrets_close (struct secrets *s);

/* 16 hexadecimal digits, borrowed. */
const char *secrets_name (const struct secrets *s);

/* `secret` as it may be stored. */
NODISCARD enum err secrets_seal (const struct secrets *s, const char *key_id, const char *secret,
                                 GBytes **ret, struct error *e);

/* The secret of `key_id`; the caller wipes it. INVALID_ARGUMENT if it is damaged, was sealed for
 * another key id or under another key, or does not fit into `size` bytes with its NUL. */
NODISCARD enum err secrets_unseal (const struct secrets *s, const char *key_id, GBytes *sealed,
                                   char *ret, size_t size, struct error *e);

/* A new key; from now on the file has both. */
NODISCARD enum err secrets_renew (const struct secrets *s, struct secrets **ret, struct error *e);

/* From now on the file has the key of `s` alone. */
NODISCARD enum err secrets_settle (const struct secrets *s, struct error *e);
