/* Datasets: CreateDataset, GetDataset, ListDatasets, UpdateDataset, DeleteDataset. */
#include <string.h>

#include "api/common.h"
#include "api/handlers.h"
#include "api/listing.h"
#include "base/limits.h"

/* What CreateDataset and UpdateDataset may set. */
struct dataset_params {
    const char *description, *template_id;
    json_t *workflow_parameters;
    struct quota_params quotas;
};
#define DATASET_PARAMS(p)                                                                          \
    {                                                                                              \
        (p)->description, (p)->template_id, (p)->workflow_parameters, QUOTA_PARAMS (p)             \
    }

static enum err dataset_apply (struct dataset *d, const struct dataset_params *given,
                               struct error *e)
{
    enum err r = template_check (given->template_id, e);
    if (r != ERR_OK)
        return r;
    if (given->workflow_parameters) {
        g_autofree char *text = json_dumps (given->workflow_parameters, JSON_COMPACT);
        if (!text || strlen (text) > LIMIT_WORKFLOW_BYTES)
            return FAIL_ON (e, INVALID_PARAM, "WorkflowParameters",
                            "Specified parameter WorkflowParameters is not valid. Expected at most "
                            "%d bytes of JSON.",
                            (int) LIMIT_WORKFLOW_BYTES);
        set_text (&d->workflow_parameters, text);
    }
    set_text (&d->description, given->description);
    set_text (&d->template_id, given->template_id);
    quotas_apply (&d->quotas, &given->quotas);
    return ERR_OK;
}

/* `stats` NULL: the statistics are 0. */
static json_t *dataset_json (const struct api *api, const char *project, const struct dataset *d,
                             const struct dataset_stats *stats)
{
    json_t *workflow = json_loads (d->workflow_parameters, 0, NULL);
    json_t *json = json_pack ("{s:s, s:s, s:s, s:s, s:o, s:o, s:I, s:I, s:I, s:o}", //
                              "ProjectName", project, "DatasetName", d->name,       //
                              "Description", d->description,                        //
                              "TemplateId", d->template_id,                         //
                              "CreateTime", json_time (api, d->create_ns),          //
                              "UpdateTime", json_time (api, d->update_ns),          //
                              "BindCount", d->bind_count,                           //
                              "FileCount", stats ? stats->file_count : (int64_t) 0, //
                              "TotalFileSize", stats ? stats->total_file_size : (int64_t) 0,
                              "WorkflowParameters", workflow ? workflow : json_array ());
    if (json)
        json_object_update_new (json, quotas_json (&d->quotas));
    return json;
}

static enum err reply_dataset (const struct api *api, const struct target *t,
                               const struct dataset_stats *stats, struct reply *reply,
                               struct error *e)
{
    json_t *dataset = dataset_json (api, t->project->name, t->dataset, stats);
    return reply_take (reply, json_pack ("{s:o}", "Dataset", dataset), e);
}

/* A project's quotas are the defaults of its datasets. */
static struct dataset *dataset_new (const struct project *project, const char *name)
{
    struct dataset *d = g_new0 (struct dataset, 1);
    d->project_id = project->id;
    d->name = g_strdup (name);
    d->description = g_strdup ("");
    d->template_id = g_strdup ("");
    d->workflow_parameters = g_strdup ("");
    d->quotas = project->quotas;
    return d;
}

enum err api_create_dataset (struct call *c, const void *params, struct reply *reply,
                             struct error *e)
{
    const struct create_dataset_params *p = params;
    const struct dataset_params given = DATASET_PARAMS (p);
    _cleanup_target_ struct target t = { 0 };
    enum err r = target_project (c->api, p->project_name, &t, e);
    if (r != ERR_OK)
        return r;
    t.dataset = dataset_new (t.project, p->dataset_name);
    r = dataset_apply (t.dataset, &given, e);
    if (r != ERR_OK)
        return r;
    r = catalog_create_dataset (c->api->catalog, t.dataset, e);
    if (r == ERR_EXISTS)
        return FAIL (e, EXISTS,
                     "The specified resource dataset already exists. Project '%s' has a dataset "
                     "'%s'; UpdateDataset changes it.",
                     p->project_name, p->dataset_name);
    if (r == ERR_LIMIT)
        return FAIL (e, LIMIT,
                     "resource count exceeds the limit: project '%s' has %" G_GINT64_FORMAT
                     " datasets and its ProjectMaxDatasetCount is %" G_GINT64_FORMAT
                     "; UpdateProject raises it.",
                     p->project_name, t.project->dataset_count, t.project->max_dataset_count);
    return r == ERR_OK ? reply_dataset (c->api, &t, NULL, reply, e) : r;
}

enum err api_get_dataset (struct call *c, const void *params, struct reply *reply, struct error *e)
{
    const struct get_dataset_params *p = params;
    _cleanup_target_ struct target t = { 0 };
    struct dataset_stats stats;
    enum err r = target_dataset (c->api, p->project_name, p->dataset_name, &t, e);
    if (r == ERR_OK && p->with_statistics.value)
        r = stats_of_dataset (c->api, t.dataset->id, &stats, e);
    if (r != ERR_OK)
        return r;
    return reply_dataset (c->api, &t, p->with_statistics.value ? &stats : NULL, reply, e);
}

static enum err fetch_datasets (const struct listing *l, char **from, unsigned max, GPtrArray **ret,
                                struct error *e)
{
    const struct list_datasets_params *p = l->params;
    return catalog_list_datasets (l->call->api->catalog, l->target->project->id,
                                  p->prefix ? p->prefix : "", from ? from[2] : NULL, max - 1, ret,
                                  e);
}

static bool sees_dataset (const struct listing *l, const void *row)
{
    return access_sees (l->call->access, "GetDataset", l->target->project->name,
                        ((const struct dataset *) row)->name);
}

static json_t *dataset_entry (const struct listing *l, const void *row)
{
    return dataset_json (l->call->api, l->target->project->name, row, NULL);
}

static char *dataset_position (const struct listing *l, const void *row)
{
    return g_strjoin (":", l->call->api->account_id, l->target->project->name,
                      ((const struct dataset *) row)->name, NULL);
}

enum err api_list_datasets (struct call *c, const void *params, struct reply *reply,
                            struct error *e)
{
    const struct list_datasets_params *p = params;
    const char *const fixed[] = { c->api->account_id, p->project_name, NULL };
    _cleanup_target_ struct target t = { 0 };
    const struct listing list = {
        .name = "Datasets",
        .form = "owner:project:dataset",
        .fixed = fixed,
        .call = c,
        .params = params,
        .target = &t,
        .fetch = fetch_datasets,
        .sees = sees_dataset,
        .entry = dataset_entry,
        .position = dataset_position,
    };
    enum err r = target_project (c->api, p->project_name, &t, e);
    if (r != ERR_OK)
        return r;
    return listing_reply (&list, p->next_token, page_size (p->max_results, LIMIT_PAGE_DEFAULT),
                          reply, e);
}

enum err api_update_dataset (struct call *c, const void *params, struct reply *reply,
                             struct error *e)
{
    const struct update_dataset_params *p = params;
    const struct dataset_params given = DATASET_PARAMS (p);
    _cleanup_target_ struct target t = { 0 };
    enum err r = target_dataset (c->api, p->project_name, p->dataset_name, &t, e);
    if (r == ERR_OK)
        r = dataset_apply (t.dataset, &given, e);
    if (r == ERR_OK)
        r = catalog_update_dataset (c->api->catalog, t.dataset, e);
    return r == ERR_OK ? reply_dataset (c->api, &t, NULL, reply, e) : r;
}

static enum err check_empty (const struct api *api, const struct target *t, struct error *e)
{
    if (t->dataset->bind_count > 0)
        return FAIL (e, CONFLICT,
                     "cannot delete when sub resources exist: dataset '%s' has %" G_GINT64_FORMAT
                     " bindings; remove them first with DeleteBinding.",
                     t->dataset->name, t->dataset->bind_count);
    struct dataset_stats stats;
    enum err r = stats_of_dataset (api, t->dataset->id, &stats, e);
    if (r != ERR_OK)
        return r;
    if (stats.file_count > 0)
        return FAIL (e, CONFLICT,
                     "cannot delete when sub resources exist: dataset '%s' holds the metadata of "
                     "%" G_GINT64_FORMAT " files; remove it first with 'bindery unbind --purge' "
                     "(PurgeBucket), which does not touch the files themselves.",
                     t->dataset->name, stats.file_count);
    return ERR_OK;
}

enum err api_delete_dataset (struct call *c, const void *params, struct reply *reply,
                             struct error *e)
{
    const struct delete_dataset_params *p = params;
    const struct api *api = c->api;
    _cleanup_target_ struct target t = { 0 };
    enum err r = target_dataset (api, p->project_name, p->dataset_name, &t, e);
    if (r == ERR_OK)
        r = check_empty (api, &t, e);
    if (r == ERR_OK)
        r = catalog_delete_dataset (api->catalog, t.dataset->id, e);
    if (r != ERR_OK)
        return r;
    /* The dataset is gone once the catalogue says so. A file that cannot be removed now is an
     * orphan, which the next start removes. */
    enum err dropped = datasets_drop (api->datasets, t.dataset->id, NULL);
    (void) dropped;
    return reply_take (reply, json_object (), e);
}
