/* Inside of auth only: one condition of a policy's statement, {operator: {key: values}}. */
#pragma once

#include <jansson.h>

#include "auth/policy.h"

struct operand; /* a value that the document gives */
struct condition_operator;
struct condition_key;

struct condition {
    const struct condition_operator *operator;
    const struct condition_key *key; /* NULL: one that no request has */
    struct operand *operands;
    size_t n_operands;
};

/* `values` is what stands behind the key: a value or a list. Errors name `path`, the condition's
 * place in the document. */
NODISCARD enum err condition_parse (const char *path, const char *operator, const char * key,
                                    const json_t *values, struct condition *ret, struct error *e);
void condition_clear (struct condition *c);

/* True if one of the values fits the request's; of a negated operator: if none does. What a request
 * does not have fits no value. */
bool condition_holds (const struct condition *c, const struct policy_facts *facts);

/* The values of a list that is not empty and not too long, or one value that stands for a list of
 * itself: how many, and the one at `i`. */
NODISCARD enum err condition_count (const char *path, const json_t *values, size_t *ret,
                                    struct error *e);
const json_t *condition_at (const json_t *values, size_t i);

/* Says that the one at `i` is not what was wanted; `text` is NULL if it is no text at all. */
enum err condition_mismatch (const char *path, size_t i, const char *text, const char *wanted,
                             struct error *e);
