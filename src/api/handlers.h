/* One function for each action that is built (actions.def). The gate calls them with parameters
 * that have passed the model and the rules: required ones are there, names match their pattern,
 * numbers are in range, JSON has the model's shape. What no rule can know, the handler checks:
 * whether things exist, quotas, tokens, URIs. */
#pragma once

#include "api/call.h"

#define ACTION(name, level, handler, resource) action_fn handler;
#define PLANNED(name, level, resource)
#include "api/actions.def"
#undef ACTION
#undef PLANNED
