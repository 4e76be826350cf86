/* Who signs a request: an access key, and what is known of whoever holds it. Made once, then
 * immutable and counted: any thread may read and hold it, also after the key was changed or
 * deleted. The policies are those of the moment when it was made. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "auth/policy.h"

#define PRINCIPAL_ID_MAX     128 /* characters of an AccessKeyId */
#define PRINCIPAL_SECRET_MAX 128
#define PRINCIPAL_TOKEN_SUM  32 /* bytes of the SHA-256 of a security token */

/* The policies of a user, shared by all of its keys: counted; names and policies are its own. */
struct policy_list {
    atomic_uint refs; /* policy_list_ref() and policy_list_unref() alone */
    size_t n;
    struct policy_named named[];
};

/* Room for `n`, which the caller fills. */
struct policy_list *policy_list_new (size_t n);
struct policy_list *policy_list_ref (struct policy_list *list);
void policy_list_unref (struct policy_list *list); /* NULL is fine */

struct principal {
    char id[PRINCIPAL_ID_MAX + 1];         /* AccessKeyId */
    char secret[PRINCIPAL_SECRET_MAX + 1]; /* never logged, never in an answer; wiped at the end */
    char *user_name;                       /* NULL: root */
    char *user_id;                         /* digits; NULL: root */
    char *session_name;                    /* of temporary credentials; else NULL */
    bool is_root;                          /* may do everything; no policy is asked */
    bool is_active;
    bool is_temporary; /* signs with a security token, until expires_ns */
    int64_t expires_ns;
    uint8_t token_sum[PRINCIPAL_TOKEN_SUM]; /* the token itself is kept nowhere */
    struct policy_set policies;             /* empty for root; `session` is owned */
    struct policy_list *list;               /* holds policies.identity; NULL: there are none */
    atomic_uint refs;                       /* principal_ref() and principal_unref() alone */
    _Atomic int64_t used_ns;                /* last verified request; 0: none. keys_note_use() */
};

/* With one reference, active, all else empty. */
struct principal *principal_new (void);
struct principal *principal_ref (struct principal *p);
void principal_unref (struct principal *p); /* NULL is fine */

static inline void principal_unrefp (struct principal **p)
{
    principal_unref (*p);
}
#define _cleanup_principal_ __attribute__ ((cleanup (principal_unrefp)))

/* Gives `p` these policies; it holds the list from now on. */
void principal_set_policies (struct principal *p, struct policy_list *list);

/* What a person calls it: "root", "alice", "alice:session". Caller frees. */
char *principal_display_name (const struct principal *p);

/* Sets key id and secret. INVALID_ARGUMENT, naming `where`, for what cannot be signed with: spaces,
 * control characters, commas, nothing, or too much. */
NODISCARD enum err principal_set_key (struct principal *p, const char *id, const char *secret,
                                      const char *where, struct error *e);
