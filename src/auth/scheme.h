/* Inside of auth only: what a signature scheme has to tell about a request. */
#pragma once

#include "auth/signature.h"

#define SCHEME_SHOWN_MAX 256 /* bytes of a query that a mismatch repeats */

/* What a request claims. Text is borrowed from the request or owned, as said. */
struct claim {
    char *key_id, *signature; /* owned */
    const char *date, *nonce; /* borrowed */
    GString *to_sign;         /* owned: what the server would sign */
};

struct scheme {
    enum err (*read) (const struct auth_request *r, struct claim *claim, struct error *e);
    char *(*sign) (const char *secret, const GString *to_sign); /* caller frees */
    /* What a mismatch tells the client, of a request that was read; caller frees. */
    GString *(*show) (const struct auth_request *r, const struct claim *claim);
};

extern const struct scheme scheme_acs3, scheme_rpc1;

/* The value of a parameter, NULL if absent. */
const char *scheme_find (const struct auth_pair *pairs, size_t n, const char *name);

/* Whether the key may be used now, with that token (NULL: none). Only to be asked when the
 * signature is right: nobody else learns how it stands with a key. KEY_INACTIVE, TOKEN_*. */
NODISCARD enum err scheme_check_usable (const char *token, const struct principal *p,
                                        int64_t now_ns, struct error *e);

#define SCHEME_HIDDEN "..." /* in place of a security token, where a client or a log sees it */

/* Appends "name=value" joined by '&', sorted, both percent-encoded. Sorts `pairs`. */
void scheme_append_query (GString *out, struct auth_pair *pairs, size_t n);

/* Takes security tokens out of what will be shown. */
void scheme_hide_tokens (struct auth_pair *pairs, size_t n);

/* Appends `text`, cut to SCHEME_SHOWN_MAX. */
void scheme_append_shown (GString *out, const char *text);
