/* SimpleQuery: hands the query to the index, within the time that a client waits. */
#include "api/common.h"
#include "api/handlers.h"
#include "base/clock.h"
#include "base/limits.h"
#include "index/query.h"

static enum err run (const struct api *api, struct target *t, const struct query *q,
                     struct query_answer *ret, struct error *e)
{
    const struct file_context ctx = { api->account_id, t->project->name, t->dataset->name,
                                      api->timezone_min };
    enum err r = target_db (api, t, e);
    if (r != ERR_OK)
        return r;
    r = query_run (t->db, &ctx, q, clock_mono_ms () + LIMIT_QUERY_MS, ret, e);
    if (r == ERR_TIMED_OUT)
        return FAIL (
            e, UNAVAILABLE,
            "The query took longer than %d ms and was ended. Narrow it with a condition on "
            "an indexed field, ask for WithoutTotalHits, or sort by fewer fields.",
            LIMIT_QUERY_MS);
    return r;
}

static json_t *answer_json (struct query_answer *a)
{
    json_t *body = json_pack ("{s:s}", "NextToken", a->next_token);
    if (body && a->total_hits >= 0)
        json_object_set_new (body, "TotalHits", json_integer (a->total_hits));
    if (body && a->aggregations)
        json_object_set (body, "Aggregations", a->aggregations);
    return body;
}

enum err api_simple_query (struct call *c, const void *params, struct reply *reply, struct error *e)
{
    const struct simple_query_params *p = params;
    _cleanup_target_ struct target t = { 0 };
    enum err r = target_dataset (c->api, p->project_name, p->dataset_name, &t, e);
    g_autofree const char **fields = NULL;
    if (r == ERR_OK)
        r = file_fields (c->action, p->with_fields, &fields, e);
    if (r != ERR_OK)
        return r;
    const struct query q = {
        .condition = p->query,
        .sort = p->sort,
        .order = p->order,
        .next_token = p->next_token,
        .max_results = p->max_results.is_set ? p->max_results.value : 0,
        .with_fields = fields,
        .without_total_hits = p->without_total_hits.value,
        .aggregations = p->aggregations,
    };
    struct query_answer answer = { 0 };
    r = run (c->api, &t, &q, &answer, e);
    if (r != ERR_OK)
        return r;
    if (answer.files) {
        reply->raw_name = "Files";
        reply->raw = g_steal_pointer (&answer.files);
    }
    r = reply_take (reply, answer_json (&answer), e);
    query_answer_clear (&answer);
    return r;
}
