/* The table of policies.def. */
#include <string.h>

#include "auth/policy.h"

const struct policy_builtin policy_builtins[] = {
#define POLICY(name, description, ...) { name, description, #__VA_ARGS__ },
#include "auth/policies.def"
#undef POLICY
};
const size_t policy_n_builtins = N_ELEMENTS (policy_builtins);

const struct policy_builtin *policy_builtin_find (const char *name)
{
    for (size_t i = 0; i < policy_n_builtins; i++)
        if (strcmp (name, policy_builtins[i].name) == 0)
            return &policy_builtins[i];
    return NULL;
}
