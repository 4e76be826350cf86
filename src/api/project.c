/* Projects: CreateProject, GetProject, ListProjects, UpdateProject, DeleteProject. */
#include <string.h>

#include "api/common.h"
#include "api/handlers.h"
#include "api/listing.h"
#include "base/limits.h"
#include "base/text.h"

#define DEFAULT_SERVICE_ROLE "AliyunIMMDefaultRole"

/* What CreateProject and UpdateProject may set. */
struct project_params {
    const char *description, *template_id, *service_role;
    struct opt_int max_dataset_count;
    json_t *tags;
    struct quota_params quotas;
};
#define PROJECT_PARAMS(p)                                                                          \
    {                                                                                              \
        (p)->description, (p)->template_id, (p)->service_role, (p)->project_max_dataset_count,     \
            (p)->tag, QUOTA_PARAMS (p)                                                             \
    }

static bool has_key (const GPtrArray *tags, const char *key)
{
    for (guint i = 0; i < tags->len; i++)
        if (strcmp (((const struct tag *) tags->pdata[i])->key, key) == 0)
            return true;
    return false;
}

/* An array of {Key, Value} as struct tag; *ret is NULL if `array` is. */
static enum err tags_parse (const json_t *array, GPtrArray **ret, struct error *e)
{
    g_autoptr (GPtrArray) tags = array ? g_ptr_array_new_with_free_func (tag_free) : NULL;
    for (size_t i = 0; i < json_array_size (array); i++) {
        const json_t *item = json_array_get (array, i);
        const char *key = json_string_value (json_object_get (item, "Key"));
        const char *value = json_string_value (json_object_get (item, "Value"));
        if (!is_given (key) || text_utf8_length (key) > LIMIT_TAG_CHARS ||
            (value && text_utf8_length (value) > LIMIT_TAG_CHARS))
            return FAIL_ON (e, INVALID_PARAM, "Tag",
                            "Specified parameter Tag is not valid. Tag[%zu] needs a Key of 1 to %d "
                            "characters and a Value of at most %d.",
                            i, LIMIT_TAG_CHARS, LIMIT_TAG_CHARS);
        if (has_key (tags, key))
            return FAIL_ON (e, INVALID_PARAM, "Tag",
                            "Specified parameter Tag is not valid. Tag[%zu] has the same Key as an "
                            "earlier one: '%.100s'.",
                            i, key);
        struct tag *tag = g_new0 (struct tag, 1);
        tag->key = g_strdup (key);
        tag->value = g_strdup (value ? value : "");
        g_ptr_array_add (tags, tag);
    }
    *ret = g_steal_pointer (&tags);
    return ERR_OK;
}

static enum err project_apply (struct project *p, const struct project_params *given,
                               struct error *e)
{
    GPtrArray *tags;
    enum err r = template_check (given->template_id, e);
    if (r != ERR_OK)
        return r;
    r = tags_parse (given->tags, &tags, e);
    if (r != ERR_OK)
        return r;
    if (tags) {
        if (p->tags)
            g_ptr_array_unref (p->tags);
        p->tags = tags;
    }
    set_text (&p->description, given->description);
    set_text (&p->template_id, given->template_id);
    set_text (&p->service_role, is_given (given->service_role) ? given->service_role : NULL);
    set_int (&p->max_dataset_count, given->max_dataset_count);
    quotas_apply (&p->quotas, &given->quotas);
    return ERR_OK;
}

static json_t *tags_json (const GPtrArray *tags)
{
    json_t *array = json_array ();
    for (guint i = 0; tags && i < tags->len; i++) {
        const struct tag *tag = tags->pdata[i];
        json_array_append_new (
            array, json_pack ("{s:s, s:s}", "TagKey", tag->key, "TagValue", tag->value));
    }
    return array;
}

/* `stats` NULL: the statistics of files are 0; counting datasets costs nothing. */
static json_t *project_json (const struct api *api, const struct project *p,
                             const struct dataset_stats *stats)
{
    json_t *json =
        json_pack ("{s:s, s:s, s:s, s:s, s:o, s:o, s:I, s:I, s:I, s:I, s:i, s:I, s:o}", //
                   "ProjectName", p->name, "Description", p->description,               //
                   "TemplateId", p->template_id, "ServiceRole", p->service_role,        //
                   "CreateTime", json_time (api, p->create_ns),                         //
                   "UpdateTime", json_time (api, p->update_ns),                         //
                   "ProjectMaxDatasetCount", p->max_dataset_count,                      //
                   "DatasetCount", p->dataset_count,                                    //
                   "FileCount", stats ? stats->file_count : (int64_t) 0,                //
                   "TotalFileSize", stats ? stats->total_file_size : (int64_t) 0,       //
                   "EngineConcurrency", QUOTA_ENGINE_CONCURRENCY, "ProjectQueriesPerSecond",
                   api->config->project_queries_per_second, "Tags", tags_json (p->tags));
    if (json)
        json_object_update_new (json, quotas_json (&p->quotas));
    return json;
}

/* The sum over all datasets. */
static enum err project_stats (const struct api *api, const struct project *p,
                               struct dataset_stats *ret, struct error *e)
{
    struct dataset_stats sum = { 0 };
    g_autofree char *from = NULL;
    do {
        g_autoptr (GPtrArray) page = NULL;
        enum err r =
            catalog_list_datasets (api->catalog, p->id, "", from, LIMIT_PAGE + 1, &page, e);
        if (r != ERR_OK)
            return r;
        for (guint i = 0; i < page->len && i < LIMIT_PAGE; i++) {
            const struct dataset *d = page->pdata[i];
            struct dataset_stats one;
            r = stats_of_dataset (api, d->id, &one, e);
            if (r != ERR_OK)
                return r;
            sum.file_count += one.file_count;
            sum.total_file_size += one.total_file_size;
        }
        g_free (from);
        from = page->len > LIMIT_PAGE
                   ? g_strdup (((const struct dataset *) page->pdata[LIMIT_PAGE])->name)
                   : NULL;
    } while (from);
    *ret = sum;
    return ERR_OK;
}

static struct project *project_new (const char *name)
{
    struct project *p = g_new0 (struct project, 1);
    p->name = g_strdup (name);
    p->description = g_strdup ("");
    p->template_id = g_strdup ("");
    p->service_role = g_strdup (DEFAULT_SERVICE_ROLE);
    p->max_dataset_count = QUOTA_DATASETS;
    p->quotas = (struct quotas){ QUOTA_BINDINGS, QUOTA_FILES, QUOTA_ENTITIES, QUOTA_RELATIONS,
                                 QUOTA_TOTAL_FILE_SIZE };
    return p;
}

static enum err reply_project (const struct api *api, const struct target *t,
                               const struct dataset_stats *stats, struct reply *reply,
                               struct error *e)
{
    return reply_take (reply, json_pack ("{s:o}", "Project", project_json (api, t->project, stats)),
                       e);
}

enum err api_create_project (struct call *c, const void *params, struct reply *reply,
                             struct error *e)
{
    const struct create_project_params *p = params;
    const struct project_params given = PROJECT_PARAMS (p);
    _cleanup_target_ struct target t = { .project = project_new (p->project_name) };
    enum err r = project_apply (t.project, &given, e);
    if (r != ERR_OK)
        return r;
    r = catalog_create_project (c->api->catalog, t.project, LIMIT_PROJECTS, e);
    if (r == ERR_EXISTS)
        return FAIL (
            e, EXISTS,
            "The specified resource project already exists. Its name is '%s'; UpdateProject "
            "changes it.",
            p->project_name);
    if (r == ERR_LIMIT)
        return FAIL (e, LIMIT,
                     "resource count exceeds the limit: there are %d projects, and no more than "
                     "that are allowed; DeleteProject makes room.",
                     LIMIT_PROJECTS);
    return r == ERR_OK ? reply_project (c->api, &t, NULL, reply, e) : r;
}

enum err api_get_project (struct call *c, const void *params, struct reply *reply, struct error *e)
{
    const struct get_project_params *p = params;
    _cleanup_target_ struct target t = { 0 };
    struct dataset_stats stats;
    enum err r = target_project (c->api, p->project_name, &t, e);
    if (r == ERR_OK && p->with_statistics.value)
        r = project_stats (c->api, t.project, &stats, e);
    if (r != ERR_OK)
        return r;
    return reply_project (c->api, &t, p->with_statistics.value ? &stats : NULL, reply, e);
}

static enum err fetch_projects (const struct listing *l, char **from, unsigned max, GPtrArray **ret,
                                struct error *e)
{
    const struct list_projects_params *p = l->params;
    g_autoptr (GPtrArray) tags = NULL;
    enum err r = tags_parse (p->tag, &tags, e);
    if (r != ERR_OK)
        return r;
    return catalog_list_projects (l->call->api->catalog, p->prefix ? p->prefix : "",
                                  from ? from[1] : NULL, tags, max - 1, ret, e);
}

static bool sees_project (const struct listing *l, const void *row)
{
    return access_sees (l->call->access, "GetProject", ((const struct project *) row)->name, NULL);
}

static json_t *project_entry (const struct listing *l, const void *row)
{
    return project_json (l->call->api, row, NULL);
}

static char *project_position (const struct listing *l, const void *row)
{
    return g_strjoin (":", l->call->api->account_id, ((const struct project *) row)->name, NULL);
}

enum err api_list_projects (struct call *c, const void *params, struct reply *reply,
                            struct error *e)
{
    const struct list_projects_params *p = params;
    const char *const fixed[] = { c->api->account_id, NULL };
    const struct listing list = {
        .name = "Projects",
        .form = "owner:project",
        .fixed = fixed,
        .call = c,
        .params = params,
        .fetch = fetch_projects,
        .sees = sees_project,
        .entry = project_entry,
        .position = project_position,
    };
    return listing_reply (&list, p->next_token, page_size (p->max_results, LIMIT_PAGE_DEFAULT),
                          reply, e);
}

enum err api_update_project (struct call *c, const void *params, struct reply *reply,
                             struct error *e)
{
    const struct update_project_params *p = params;
    const struct project_params given = PROJECT_PARAMS (p);
    _cleanup_target_ struct target t = { 0 };
    enum err r = target_project (c->api, p->project_name, &t, e);
    if (r == ERR_OK)
        r = project_apply (t.project, &given, e);
    if (r == ERR_OK)
        r = catalog_update_project (c->api->catalog, t.project, e);
    return r == ERR_OK ? reply_project (c->api, &t, NULL, reply, e) : r;
}

enum err api_delete_project (struct call *c, const void *params, struct reply *reply,
                             struct error *e)
{
    const struct delete_project_params *p = params;
    _cleanup_target_ struct target t = { 0 };
    g_autoptr (GPtrArray) attached = NULL;
    enum err r = target_project (c->api, p->project_name, &t, e);
    if (r == ERR_OK)
        r = catalog_list_attachments (c->api->catalog, p->project_name, NULL, LIMIT_PAGE, &attached,
                                      e);
    if (r != ERR_OK)
        return r;
    if (t.project->dataset_count > 0 || attached->len > 0)
        return FAIL (e, CONFLICT,
                     "cannot delete when sub resources exist: project '%s' has %" G_GINT64_FORMAT
                     " datasets and %u attached buckets; remove them first with DeleteDataset and "
                     "DetachOSSBucket.",
                     p->project_name, t.project->dataset_count, attached->len);
    r = catalog_delete_project (c->api->catalog, p->project_name, e);
    return r == ERR_OK ? reply_take (reply, json_object (), e) : r;
}
