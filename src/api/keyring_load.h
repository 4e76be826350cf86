/* Inside of the keyring only: what the catalogue has of users, keys and policies, made into what
 * the registry holds. */
#pragma once

#include "auth/principal.h"
#include "auth/secrets.h"
#include "index/catalog_users.h"

struct keyring_load {
    GHashTable *policies;  /* name -> struct policy, built-in ones too; both the table's */
    GHashTable *lists;     /* id of a user -> its struct policy_list */
    GPtrArray *principals; /* struct principal, one a key */
    GPtrArray *unreadable; /* ids of keys that were left out */
    GPtrArray *broken;     /* names of policies that were replaced by one that denies everything */
};

NODISCARD enum err keyring_load (struct catalog *c, const struct secrets *s,
                                 struct keyring_load *ret, struct error *e);
void keyring_load_clear (struct keyring_load *l);

/* The policies of a user; the caller unrefs them. */
struct policy_list *keyring_load_policies (const struct keyring_load *l, int64_t user_id);

/* The holder of a key, with one reference. INVALID_ARGUMENT if nobody can sign with it. */
NODISCARD enum err keyring_load_principal (const struct keyring_load *l, const struct user *u,
                                           const struct access_key *key, const char *secret,
                                           struct principal **ret, struct error *e);
