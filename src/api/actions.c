/* The table of all actions: what the models know of each, joined with what actions.def says of it.
 * Knows nothing of requests; the gate does. */
#include <string.h>

#include "api/actions.gen.h"
#include "api/handlers.h"

#define ANY                                    "*"
#define PROJECT                                "project/${ProjectName}"
#define DATASET                                PROJECT "/dataset/${DatasetName}"
#define TRIGGER                                PROJECT "/trigger/*"
#define BATCH                                  PROJECT "/batch/*"
#define USER                                   "user/${UserName}"
#define POLICY                                 "policy/${PolicyName}"
#define USER_POLICY                            USER " " POLICY
#define ATTACHED                               "project/${" ATTACHED_PROJECT "}"

#define ACTION(name, level, handler, resource) +1
#define PLANNED(name, level, resource)         +1
_Static_assert(0
#include "api/actions.def"
                   == ACTION_COUNT,
               "each action of the models needs one row in actions.def");
#undef ACTION
#undef PLANNED

#define ACTION(name, level, handler, resource)                                                     \
    [ACTION_##name] = { MODEL_##name, .run = handler, .access = ACCESS_##level,                    \
                        .policy_resource = resource },
#define PLANNED(name, level, resource)                                                             \
    [ACTION_##name] = { MODEL_##name, .run = NULL, .access = ACCESS_##level,                       \
                        .policy_resource = resource },
static const struct action table[ACTION_COUNT] = {
#include "api/actions.def"
};

const struct action *action_find (const char *name)
{
    for (size_t i = 0; i < ACTION_COUNT; i++)
        if (strcmp (table[i].name, name) == 0)
            return &table[i];
    return NULL;
}

const struct action *action_table (size_t *ret_n)
{
    *ret_n = ACTION_COUNT;
    return table;
}
