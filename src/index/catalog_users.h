/* The catalogue's other half: users, their access keys, policies, and which user has which. It
 * keeps them and knows nothing of cryptography or of what a policy says: secrets are bytes that
 * somebody sealed, documents are text.
 *
 * As for the rest of the catalogue: any thread, durable on return, structs are the caller's. */
#pragma once

#include "index/catalog.h"

struct user {
    int64_t id;                           /* never used again */
    char *name, *display_name, *comments; /* "" if not set */
    int64_t create_ns, update_ns;
};

struct access_key {
    char *id;
    int64_t user_id;
    GBytes *secret; /* sealed */
    bool is_active;
    int64_t create_ns, used_ns; /* 0: never used */
    int64_t expires_ns; /* 0: a key for good; else a temporary one, which has all of these: */
    GBytes *token_sum;
    char *session_name, *session_policy; /* "" if not set */
};

struct policy_row {
    char *name, *description, *document;
    int64_t create_ns, update_ns;
    int64_t attachment_count; /* filled by get and list */
};

struct attached_policy {
    int64_t user_id;
    char *name;
    int64_t attach_ns;
};

void user_free (void *u);
void access_key_free (void *k);
void policy_row_free (void *p);
void attached_policy_free (void *a);

/* Users. create: fills id and times; EXISTS ("user"), LIMIT over `max`. get: NOT_FOUND. list: from
 * that name on (inclusive; NULL: start), byte order, at most max + 1. update: by u->id, all but
 * create_ns; EXISTS if another has the name. delete: CONFLICT while the user has keys for good or
 * policies; temporary keys go along. */
NODISCARD enum err catalog_create_user (struct catalog *c, struct user *u, unsigned max,
                                        struct error *e);
NODISCARD enum err catalog_get_user (struct catalog *c, const char *name, struct user **ret,
                                     struct error *e);
NODISCARD enum err catalog_list_users (struct catalog *c, const char *from, unsigned max,
                                       GPtrArray **ret, struct error *e);
NODISCARD enum err catalog_update_user (struct catalog *c, struct user *u, struct error *e);
NODISCARD enum err catalog_delete_user (struct catalog *c, int64_t id, struct error *e);

/* Keys. create: fills create_ns; LIMIT over `max`, which counts the user's keys for good, or, of a
 * temporary one, all temporary ones, expired or not; EXISTS. Keys of a user: those for good,
 * oldest first. list_all: all keys, with secrets. set_active: NOT_FOUND unless it is a key
 * for good of that user. delete: a temporary one, too. */
NODISCARD enum err catalog_create_key (struct catalog *c, struct access_key *k, unsigned max,
                                       struct error *e);
NODISCARD enum err catalog_list_keys (struct catalog *c, int64_t user_id, GPtrArray **ret,
                                      struct error *e);
NODISCARD enum err catalog_list_all_keys (struct catalog *c, GPtrArray **ret, struct error *e);
NODISCARD enum err catalog_set_key_active (struct catalog *c, int64_t user_id, const char *id,
                                           bool is_active, struct error *e);
NODISCARD enum err catalog_delete_key (struct catalog *c, int64_t user_id, const char *id,
                                       struct error *e);

/* Last uses: `used_ns` of these keys (struct access_key) is written if it is later; who is gone is
 * passed over. The last of them may go in a power cut. */
NODISCARD enum err catalog_set_key_uses (struct catalog *c, const GPtrArray *keys, struct error *e);
/* Temporary keys that expired before then. */
NODISCARD enum err catalog_delete_expired_keys (struct catalog *c, int64_t before_ns,
                                                struct error *e);
/* Together or not at all: `secret` of these keys (struct access_key), and a setting. */
NODISCARD enum err catalog_replace_secrets (struct catalog *c, const GPtrArray *keys,
                                            const char *setting, const char *value,
                                            struct error *e);
/* All keys of all users. */
NODISCARD enum err catalog_delete_all_keys (struct catalog *c, int64_t *ret_deleted,
                                            struct error *e);

/* Policies. create: EXISTS ("policy"), LIMIT over `max`; fills times. update: by name, description
 * and document; fills times. delete: CONFLICT while a user has it. list: as users. */
NODISCARD enum err catalog_create_policy (struct catalog *c, struct policy_row *p, unsigned max,
                                          struct error *e);
NODISCARD enum err catalog_get_policy (struct catalog *c, const char *name, struct policy_row **ret,
                                       struct error *e);
NODISCARD enum err catalog_list_policies (struct catalog *c, const char *from, unsigned max,
                                          GPtrArray **ret, struct error *e);
NODISCARD enum err catalog_update_policy (struct catalog *c, struct policy_row *p, struct error *e);
NODISCARD enum err catalog_delete_policy (struct catalog *c, const char *name, struct error *e);

/* Which user has which. attach: `is_builtin` ones need no row; NOT_FOUND ("policy"), EXISTS
 * ("attachment"), LIMIT over `max` of the user. detach: NOT_FOUND. list: of one user, in order of
 * names; 0: of all, in order of users. */
NODISCARD enum err catalog_attach_policy (struct catalog *c, int64_t user_id, const char *policy,
                                          bool is_builtin, unsigned max, struct error *e);
NODISCARD enum err catalog_detach_policy (struct catalog *c, int64_t user_id, const char *policy,
                                          struct error *e);
NODISCARD enum err catalog_list_attached (struct catalog *c, int64_t user_id, GPtrArray **ret,
                                          struct error *e);
/* How many users have it. */
NODISCARD enum err catalog_count_attached (struct catalog *c, const char *policy, int64_t *ret,
                                           struct error *e);
