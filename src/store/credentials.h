/* Credentials of one store: given once (options, environment), or read from a file that somebody
 * else keeps fresh. None at all means requests without a signature, for public buckets.
 *
 * A file is read again when it changed (looked at once a LIMIT_CREDENTIALS_LOOK_MS), when what it
 * held expires within LIMIT_CREDENTIALS_EARLY_S, and when a store refused it. While it is replaced,
 * missing or broken, the credentials from before stay in use until they expire. It is one of
 *
 *   [default]                          access-key-id = ...      (or aws_access_key_id)
 *                                      access-key-secret = ...  (or aws_secret_access_key)
 *                                      security-token = ...     (or aws_session_token)
 *                                      expiration = 2027-01-01T00:00:00Z
 *   {"AccessKeyId": ..., "AccessKeySecret": ..., "SecurityToken": ..., "Expiration": ...}
 *
 * The first with or without the line of its section; the second as security token services answer,
 * AWS's names ("SecretAccessKey", "SessionToken" or "Token") included, also within "Credentials".
 *
 * Any thread may call; reading the file takes a lock. Messages never hold a secret. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/* One set, never changed after it was made; shared by reference. */
struct credential {
    char *id;          /* NULL: there are none, do not sign */
    char *secret;      /* NULL with `id` */
    char *token;       /* NULL: no security token */
    int64_t expires_s; /* seconds since 1970; INT64_MAX: never */
    uint64_t number;   /* another one for each other set of the same `struct credentials` */
};

struct credential *credential_ref (struct credential *x);
void credential_unref (struct credential *x); /* NULL is fine */

struct credentials;

/* Copies; NULL or "" is "not there". An id without a secret or the reverse, and bytes that do not
 * fit a header, are INVALID_ARGUMENT. */
NODISCARD enum err credentials_new (const char *id, const char *secret, const char *token,
                                    struct credentials **ret, struct error *e);

/* From a file, which need not be there yet. `section` names the one of an INI file; NULL:
 * "default". */
struct credentials *credentials_new_file (const char *path, const char *section);

void credentials_free (struct credentials *c);

/* Those to sign with now; the caller unrefs. STORE_CREDENTIALS: the file gives none, or they are
 * expired and it has no newer ones. */
NODISCARD enum err credentials_get (struct credentials *c, int64_t now_s, struct credential **ret,
                                    struct error *e);

/* A store refused the set with that number. True if there are others now: sign again. */
bool credentials_refused (struct credentials *c, uint64_t number, int64_t now_s);
