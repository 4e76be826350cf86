/* Inside of the OSS endpoint only: the parameters of a request's query, decoded as those of the API
 * are (api/params.h). No name is there twice. */
#pragma once

#include "auth/signature.h"

struct oss_query;

NODISCARD enum err oss_query_new (const char *uri, struct oss_query **ret, struct error *e);
void oss_query_free (struct oss_query *q); /* NULL is fine */

/* NULL if it is absent or empty. */
const char *oss_query_get (const struct oss_query *q, const char *name);

/* True also if it is empty. */
bool oss_query_has (const struct oss_query *q, const char *name);

/* All of them, as they came. */
const struct auth_pair *oss_query_pairs (const struct oss_query *q, size_t *ret_n);
