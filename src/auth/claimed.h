/* Whose request it would be if its signature were right: to share what there is between users
 * before anything of a request has been verified. Decides nothing else. */
#pragma once

#include "auth/keys.h"

struct auth_claim {
    const char *authorization; /* the header, or NULL */
    const char *uri;           /* the request target, undecoded */
    const char *body;          /* or NULL */
    size_t body_len;
};

#define AUTH_CLAIMED_SIZE 64

/* The id of the user whose key the request names, "root", or "" when there is no such key. */
void auth_claimed_user (struct keys *k, const struct auth_claim *claim,
                        char ret[AUTH_CLAIMED_SIZE]);
