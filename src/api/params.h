/* Parameters of a request: decoded from query and form body, then checked against an action's row
 * of the model and against rules.def, and put into the action's params struct. */
#pragma once

#include "api/call.h"
#include "auth/signature.h"

/* Decoded parameters: the ones of the query first, then the ones of the form. No name is there
 * twice. */
struct params {
    GArray *pairs; /* struct auth_pair, into `texts` */
    size_t n_query;
    GPtrArray *texts;
    GHashTable *by_name;
    bool is_body_foreign; /* there is a body, and it is no form */
};

/* Decodes `raw_uri` from its '?' on and, if `content_type` says that it is one, the form `body`.
 * Refused, each naming parameter and offset: broken escapes, bytes that are not UTF-8, NUL, names
 * over LIMIT_PARAM_NAME, a parameter given twice, more than LIMIT_PARAMS.
 * `ret` is usable and must be cleared also after an error: it holds what was decoded until then. */
NODISCARD enum err params_decode (const char *raw_uri, const char *content_type,
                                  const uint8_t *body, size_t body_len, struct params *ret,
                                  struct error *e);
void params_clear (struct params *p);

/* The value of a parameter, NULL if it is absent or empty. */
const char *params_get (const struct params *p, const char *name);

/* Checks all parameters of the action and fills a new params struct, freed by params_free(); its
 * strings are borrowed from `p`. BAD_REQUEST (a body that is no form), MISSING_PARAM,
 * INVALID_PARAM, INVALID_JSON, LIMIT. */
NODISCARD enum err params_bind (const struct params *p, const struct action *action, void **ret,
                                struct error *e);
void params_free (const struct action *action, void *values);

/* "ignored parameters: A, B" of those that the action does not know, for logs; "" if there are
 * none. */
void params_list_unknown (const struct params *p, const struct action *action, char *out,
                          size_t size);
