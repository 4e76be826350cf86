/* The query of a request: parameters of the API, behind a name that GnuTLS does not have. */
#include "http/oss_query.h"

#include "api/params.h"

struct oss_query {
    struct params params;
};

enum err oss_query_new (const char *uri, struct oss_query **ret, struct error *e)
{
    struct oss_query *q = g_new0 (struct oss_query, 1);
    enum err r = params_decode (uri, NULL, NULL, 0, &q->params, e);
    if (r == ERR_OK)
        *ret = q;
    else
        oss_query_free (q);
    return r;
}

void oss_query_free (struct oss_query *q)
{
    if (q)
        params_clear (&q->params);
    g_free (q);
}

const char *oss_query_get (const struct oss_query *q, const char *name)
{
    return params_get (&q->params, name);
}

bool oss_query_has (const struct oss_query *q, const char *name)
{
    return g_hash_table_contains (q->params.by_name, name);
}

const struct auth_pair *oss_query_pairs (const struct oss_query *q, size_t *ret_n)
{
    *ret_n = q->params.n_query;
    return (const struct auth_pair *) (void *) q->params.pairs->data;
}
