/* What the handlers of users, their keys and policies share. */
#pragma once

#include "api/common.h"
#include "api/keyring.h"

static inline void users_freep (struct user **u)
{
    user_free (*u);
}
#define _cleanup_user_ __attribute__ ((cleanup (users_freep)))

/* The user of that name; NOT_FOUND with the protocol's sentence. */
NODISCARD enum err users_find (const struct api *api, const char *name, struct user **ret,
                               struct error *e);

/* A NextToken that is the name of a user or policy; NULL if none is given. InvalidNextToken. */
NODISCARD enum err users_page_from (const char *token, const char **ret, struct error *e);

/* Is `document` a policy? InvalidPARAM with what is wrong with it; LIMIT. `ret` may be NULL. */
NODISCARD enum err users_parse_policy (const char *document, const char *param, struct policy **ret,
                                       struct error *e);
