/* JSON parameters: bounded parsing, and the check against the model's types. */
#pragma once

#include "api/call.h"

/* Parses JSON that a stranger sent, `len` bytes and a NUL behind them. INVALID_JSON, with what is
 * wrong and where, when it is not JSON, too deep (LIMIT_JSON_DEPTH) or too large
 * (LIMIT_JSON_VALUES). The caller owns `ret`. */
NODISCARD enum err json_text_parse (const char *text, size_t len, json_t **ret, struct error *e);

/* Parses the text of a JSON parameter. INVALID_JSON, naming the parameter and the offset, when it
 * is not JSON, too deep (LIMIT_JSON_DEPTH) or too large (LIMIT_JSON_VALUES); INVALID_PARAM, naming
 * the place within it, when it does not look like param->value. The caller owns `ret`. */
NODISCARD enum err json_param_parse (const struct action_param *param, const char *text,
                                     json_t **ret, struct error *e);
