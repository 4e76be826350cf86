/* Users' access: keeps the registry of keys in step with the users, keys and policies that the
 * catalogue has, and knows the key under which their secrets are sealed.
 *
 * Every change of them goes through here, one at a time: lock, change the catalogue, tell what
 * changed, unlock. If what changed cannot be read again, no user may sign until it can.
 *
 * Threads: any. */
#pragma once

#include <stdint.h>
#include <glib.h>

#include "auth/keys.h"
#include "auth/secrets.h"
#include "base/error.h"
#include "index/catalog_users.h"

#define KEYRING_SECRET_LEN 30 /* of the secrets that are made */

struct keyring;

struct keyring_options {
    struct catalog *catalog;     /* both outlive the keyring */
    struct keys *keys;           /* */
    const char *data;            /* folder: DATA/secret-key, unless there is a */
    const char *secret_key_file; /* "": none */
    bool is_secret_key_lost;     /* start all the same: the users' keys are deleted */
};

/* What the start found; clear with keyring_findings_clear(). */
struct keyring_findings {
    GPtrArray *unreadable; /* ids of keys whose secret is damaged: they cannot sign */
    GPtrArray *broken;     /* names of policies that are no policies: they deny everything */
    int64_t deleted;       /* keys that went with a lost secret key */
};
void keyring_findings_clear (struct keyring_findings *f);

/* Reads or makes the secret key, and fills the registry. When there are keys of users and the
 * secret key is lost, damaged or another: INVALID_ARGUMENT saying what to do. */
NODISCARD enum err keyring_open (const struct keyring_options *o, struct keyring **ret,
                                 struct keyring_findings *ret_findings, struct error *e);

/* Saves last uses. NULL is fine. */
void keyring_close (struct keyring *k);

/* ---- Changes: between lock and unlock ---- */

void keyring_lock (struct keyring *k);
void keyring_unlock (struct keyring *k);

static inline struct keyring *keyring_hold (struct keyring *k)
{
    keyring_lock (k);
    return k;
}
static inline void keyring_releasep (struct keyring **k)
{
    keyring_unlock (*k);
}
/* Holds the lock until the end of the block. */
#define KEYRING_LOCK(k)                                                                            \
    struct keyring *held_ UNUSED __attribute__ ((cleanup (keyring_releasep))) = keyring_hold (k)

/* Reads everything again, if `r`, the outcome of a change, is OK. Returns `r`, or why it failed. */
NODISCARD enum err keyring_changed (struct keyring *k, enum err r, struct error *e);

/* Makes a key for `u`: id (beginning with `prefix`) and secret are new, what else it is stands in
 * `key` (expires_ns and so on, borrowed); fills its id and create_ns. It can sign on return. The
 * caller wipes the secret. LIMIT as catalog_create_key() has it. */
NODISCARD enum err keyring_add (struct keyring *k, const struct user *u, const char *prefix,
                                struct access_key *key, char ret_secret[KEYRING_SECRET_LEN + 1],
                                struct error *e);

/* Seals all secrets under a new key. */
NODISCARD enum err keyring_renew (struct keyring *k, int64_t *ret_sealed, struct error *e);

/* The policies of a user, as its keys have them; the caller releases them with
 * policy_list_unref(). */
struct policy_list *keyring_policies (struct keyring *k, int64_t user_id);

/* ---- At any time ---- */

/* The id of a user as the API has it, 18 digits. Caller frees. */
char *keyring_user_id (int64_t id);

/* A text that goes through hands which must not read it, letters, digits, '-' and '_'; and the text
 * again. `what` says what it is for: it opens as nothing else. INVALID_ARGUMENT for what was not
 * sealed so, or before the secret key was rotated. */
NODISCARD enum err keyring_seal (struct keyring *k, const char *what, const char *text, char **ret,
                                 struct error *e);
NODISCARD enum err keyring_unseal (struct keyring *k, const char *what, const char *sealed,
                                   char **ret, struct error *e);

/* What is due from time to time, beside a request: last uses are written, at most once a minute,
 * and what could not be read is tried again. Cheap when nothing is due. NULL is fine. */
void keyring_tick (struct keyring *k, int64_t now_ns);

/* Last verified request of a key, whichever knows of a later one: the registry or its row. */
int64_t keyring_last_use (struct keyring *k, const struct access_key *key);
