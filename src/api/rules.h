/* The rules that the model does not state (rules.def), applied to one parameter. */
#pragma once

#include "api/call.h"

#define RULES_SHOWN_MAX 64 /* bytes of a value that a message repeats */

/* `text` as given; `number` of integers; `json` of JSON ones. INVALID_PARAM or LIMIT, naming the
 * parameter, the value and what was expected. */
NODISCARD enum err rules_check (const struct action *action, const struct action_param *param,
                                const char *text, int64_t number, const json_t *json,
                                struct error *e);

/* What the rule of a parameter says, "1 to 128 characters"; "" if it has none. Caller frees. */
char *rules_describe (const struct action *action, const struct action_param *param);

/* True if the gate leaves this member ("*": all) of a JSON type to the handler. */
bool rules_is_free (const char *type, const char *member);

/* The beginning of `text`, with "..." when cut; caller frees. */
char *rules_shorten (const char *text);
