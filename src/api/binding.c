/* Bindings: CreateBinding, GetBinding, ListBindings, DeleteBinding. The documents of these four
 * are what the product starts from. */
#include "api/common.h"
#include "api/handlers.h"
#include "api/listing.h"
#include "base/limits.h"

static json_t *progress_json (const struct api *api, const struct scan_progress *p)
{
    return json_pack ("{s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:o}", //
                      "Listed", p->counts.listed,                 //
                      "Indexed", p->counts.indexed,               //
                      "Unchanged", p->counts.unchanged,           //
                      "Deleted", p->counts.deleted,               //
                      "Failed", p->counts.failed,                 //
                      "Pending", p->counts.pending,               //
                      "StartTime", json_time (api, p->counts.start_ns), "EstimatedEndTime",
                      json_time (api, p->estimated_end_ns));
}

json_t *binding_json (const struct api *api, const struct binding *b)
{
    g_autofree char *uri = g_strconcat ("oss://", b->bucket, NULL);
    json_t *json =
        json_pack ("{s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:o}", //
                   "ProjectName", b->project, "DatasetName", b->dataset, "URI", uri, "State",
                   binding_state_name (b->state), "Phase", binding_phase_name (b->phase), //
                   "CreateTime", json_time (api, b->create_ns),                           //
                   "UpdateTime", json_time (api, b->update_ns),                           //
                   "Reason", json_text (b->reason));
    /* A binding that was deleted meanwhile, or has not begun, has no progress yet. */
    struct scan_progress progress = { 0 };
    enum err r = scan_get_progress (api->scan, b->id, &progress, NULL);
    if (json && (r == ERR_OK || r == ERR_NOT_FOUND))
        json_object_set_new (json, "Progress", progress_json (api, &progress));
    return json;
}

/* Whether the bucket can be bound: *ret_state and *ret_reason say how. A store that cannot be
 * reached says nothing about its buckets, so the binding is made and tried again. */
static enum err probe_bucket (const struct api *api, const char *bucket,
                              enum binding_state *ret_state, char **ret_reason, struct error *e)
{
    struct store *store;
    struct error why;
    enum err r = stores_ask (api->stores, bucket, &store, &why);
    if (r == ERR_NO_BUCKET || r == ERR_CONFLICT)
        return FAIL_ON (e, INVALID_PARAM, "URI",
                        "Specified parameter URI is not valid. No bucket '%s' can be bound: %s. "
                        "'bindery buckets' lists those that can be.",
                        bucket, why.message);
    if (r == ERR_STORE_DENIED)
        return FAIL_ON (e, INVALID_PARAM, "URI",
                        "Specified parameter URI is not valid. Access to oss://%s is refused: %s",
                        bucket, why.message);
    if (r != ERR_OK && !error_is_retryable (r))
        return FAIL (e, INTERNAL, "cannot examine oss://%s: %s", bucket, why.message);
    *ret_state = r == ERR_OK ? BINDING_RUNNING : BINDING_RETRYING;
    *ret_reason = g_strdup (r == ERR_OK ? "" : why.message);
    return ERR_OK;
}

/* A binding that does not scan must not stay in the catalogue. */
static enum err begin_scan (const struct api *api, const struct binding *b, struct error *e)
{
    enum err r = scan_bind (api->scan, b->id, e);
    if (r == ERR_OK)
        return ERR_OK;
    enum err undone = catalog_delete_binding (api->catalog, b->id, NULL);
    return undone == ERR_OK ? r : FAIL (e, INTERNAL, "cannot begin the scan, nor undo the binding");
}

static enum err create_binding (const struct api *api, struct target *t, struct error *e)
{
    enum err r = catalog_create_binding (api->catalog, t->binding, e);
    if (r == ERR_EXISTS)
        return FAIL (e, EXISTS,
                     "The specified resource binding already exists. Dataset '%s' is bound to "
                     "oss://%s; GetBinding shows its state.",
                     t->dataset->name, t->bucket);
    if (r == ERR_LIMIT)
        return FAIL (e, LIMIT,
                     "resource count exceeds the limit: dataset '%s' has %" G_GINT64_FORMAT
                     " bindings and its DatasetMaxBindCount is %" G_GINT64_FORMAT
                     "; DeleteBinding makes room, UpdateDataset raises it.",
                     t->dataset->name, t->dataset->bind_count, t->dataset->quotas.max_bind_count);
    return r == ERR_OK ? begin_scan (api, t->binding, e) : r;
}

static enum err reply_binding (const struct api *api, const struct binding *b, struct reply *reply,
                               struct error *e)
{
    return reply_take (reply, json_pack ("{s:o}", "Binding", binding_json (api, b)), e);
}

enum err api_create_binding (struct call *c, const void *params, struct reply *reply,
                             struct error *e)
{
    const struct create_binding_params *p = params;
    _cleanup_target_ struct target t = { 0 };
    enum err r = target_bucket (c->api, p->project_name, p->dataset_name, p->uri, &t, e);
    if (r != ERR_OK)
        return r;
    struct binding *b = t.binding = g_new0 (struct binding, 1);
    r = probe_bucket (c->api, t.bucket, &b->state, &b->reason, e);
    if (r != ERR_OK)
        return r;
    b->dataset_id = t.dataset->id;
    b->project = g_strdup (p->project_name);
    b->dataset = g_strdup (p->dataset_name);
    b->bucket = g_strdup (t.bucket);
    b->phase = BINDING_FULL_SCANNING;
    r = create_binding (c->api, &t, e);
    return r == ERR_OK ? reply_binding (c->api, b, reply, e) : r;
}

enum err api_get_binding (struct call *c, const void *params, struct reply *reply, struct error *e)
{
    const struct get_binding_params *p = params;
    _cleanup_target_ struct target t = { 0 };
    enum err r = target_binding (c->api, p->project_name, p->dataset_name, p->uri, &t, e);
    return r == ERR_OK ? reply_binding (c->api, t.binding, reply, e) : r;
}

static enum err fetch_bindings (const struct listing *l, char **from, unsigned max, GPtrArray **ret,
                                struct error *e)
{
    const struct list_bindings_params *p = l->params;
    return catalog_list_bindings (
        l->call->api->catalog, p->project_name, is_given (p->dataset_name) ? p->dataset_name : NULL,
        from ? from[1] : NULL, from ? from[2] : NULL, p->name, max - 1, ret, e);
}

/* Listing the bindings of a dataset is allowed on the dataset; a list of many datasets has those of
 * each whose own list the caller may have. */
static bool sees_binding (const struct listing *l, const void *row)
{
    const struct binding *b = row;
    return access_sees (l->call->access, "ListBindings", b->project, b->dataset) &&
           !access_is_denied (l->call->access, "GetBinding", b->project, b->dataset);
}

static json_t *binding_entry (const struct listing *l, const void *row)
{
    return binding_json (l->call->api, row);
}

static char *binding_position (const struct listing *l UNUSED, const void *row)
{
    const struct binding *b = row;
    return g_strjoin (":", b->project, b->dataset, b->bucket, NULL);
}

enum err api_list_bindings (struct call *c, const void *params, struct reply *reply,
                            struct error *e)
{
    const struct list_bindings_params *p = params;
    const char *const fixed[] = { p->project_name, NULL, NULL };
    _cleanup_target_ struct target t = { 0 };
    const struct listing list = {
        .name = "Bindings",
        .form = "project:dataset:bucket",
        .fixed = fixed,
        .call = c,
        .params = params,
        .fetch = fetch_bindings,
        .sees = sees_binding,
        .entry = binding_entry,
        .position = binding_position,
    };
    enum err r = is_given (p->dataset_name)
                     ? target_dataset (c->api, p->project_name, p->dataset_name, &t, e)
                     : target_project (c->api, p->project_name, &t, e);
    if (r != ERR_OK)
        return r;
    return listing_reply (&list, p->next_token, page_size (p->max_results, LIMIT_PAGE_DEFAULT),
                          reply, e);
}

enum err api_delete_binding (struct call *c, const void *params, struct reply *reply,
                             struct error *e)
{
    const struct delete_binding_params *p = params;
    _cleanup_target_ struct target t = { 0 };
    enum err r = target_binding (c->api, p->project_name, p->dataset_name, p->uri, &t, e);
    if (r == ERR_OK)
        r = catalog_delete_binding (c->api->catalog, t.binding->id, e);
    if (r == ERR_OK)
        r = scan_unbind (c->api->scan, t.binding->id, t.dataset->id, e);
    return r == ERR_OK ? reply_take (reply, json_object (), e) : r;
}
