/* Administration of bindings: PauseBinding, ResumeBinding, RescanBinding, PurgeBucket,
 * ListFailures, RetryFailures. */
#include <string.h>

#include "api/common.h"
#include "api/handlers.h"
#include "base/limits.h"
#include "index/work.h"

/* The binding as the catalogue has it now. */
static enum err reply_fresh (const struct api *api, int64_t id, struct reply *reply,
                             struct error *e)
{
    struct binding *b;
    enum err r = catalog_get_binding_by_id (api->catalog, id, &b, e);
    if (r != ERR_OK)
        return r;
    r = reply_take (reply, json_pack ("{s:o}", "Binding", binding_json (api, b)), e);
    binding_free (b);
    return r;
}

enum err api_pause_binding (struct call *c, const void *params, struct reply *reply,
                            struct error *e)
{
    const struct pause_binding_params *p = params;
    _cleanup_target_ struct target t = { 0 };
    enum err r = target_binding (c->api, p->project_name, p->dataset_name, p->uri, &t, e);
    if (r == ERR_OK)
        r = scan_pause (c->api->scan, t.binding->id, p->reason ? p->reason : "", e);
    return r == ERR_OK ? reply_fresh (c->api, t.binding->id, reply, e) : r;
}

enum err api_resume_binding (struct call *c, const void *params, struct reply *reply,
                             struct error *e)
{
    const struct resume_binding_params *p = params;
    _cleanup_target_ struct target t = { 0 };
    enum err r = target_binding (c->api, p->project_name, p->dataset_name, p->uri, &t, e);
    if (r == ERR_OK)
        r = scan_resume (c->api->scan, t.binding->id, e);
    return r == ERR_OK ? reply_fresh (c->api, t.binding->id, reply, e) : r;
}

enum err api_rescan_binding (struct call *c, const void *params, struct reply *reply,
                             struct error *e)
{
    const struct rescan_binding_params *p = params;
    _cleanup_target_ struct target t = { 0 };
    enum err r = target_binding (c->api, p->project_name, p->dataset_name, p->uri, &t, e);
    if (r == ERR_OK)
        r = scan_rescan (c->api->scan, t.binding->id, is_given (p->prefix) ? p->prefix : NULL,
                         p->reindex.value, p->accept_mounts.value, e);
    return r == ERR_OK ? reply_fresh (c->api, t.binding->id, reply, e) : r;
}

/* Rows of a bound bucket would come back with the next scan: only what is unbound is purged. */
static enum err check_unbound (const struct api *api, const struct target *t, struct error *e)
{
    struct binding *b = NULL;
    enum err r = catalog_get_binding (api->catalog, t->dataset->id, t->bucket, &b, e);
    binding_free (b);
    if (r == ERR_OK)
        return FAIL (
            e, CONFLICT,
            "Dataset '%s' is bound to oss://%s, a scan would index its files again; remove "
            "the binding first with DeleteBinding.",
            t->dataset->name, t->bucket);
    return r == ERR_NOT_FOUND ? ERR_OK : r;
}

enum err api_purge_bucket (struct call *c, const void *params, struct reply *reply, struct error *e)
{
    const struct purge_bucket_params *p = params;
    _cleanup_target_ struct target t = { 0 };
    int64_t removed = 0;
    enum err r = target_bucket (c->api, p->project_name, p->dataset_name, p->uri, &t, e);
    if (r == ERR_OK)
        r = check_unbound (c->api, &t, e);
    if (r == ERR_OK)
        r = scan_purge (c->api->scan, t.dataset->id, t.bucket, &removed, e);
    return r == ERR_OK ? reply_take (reply, json_pack ("{s:I}", "Removed", removed), e) : r;
}

static json_t *failure_json (const struct api *api, const struct work_failure *f)
{
    return json_pack ("{s:o, s:o, s:o, s:b}", "Key", json_text (f->key), "Reason",
                      json_text (f->reason), "Time", json_time (api, f->time_ns), "IsIndexed",
                      f->is_row);
}

/* The token of failures is "bucket:key": the key may hold anything, a bucket's name no colon. */
static enum err failures_from (const char *token, const char *bucket, const char **ret,
                               struct error *e)
{
    size_t len = strlen (bucket);
    *ret = NULL;
    if (!is_given (token))
        return ERR_OK;
    if (strncmp (token, bucket, len) != 0 || token[len] != ':' || token[len + 1] == '\0')
        return FAIL_ON (e, INVALID_PARAM, "NextToken",
                        "Specified parameter NextToken is not valid. Expected the NextToken of the "
                        "last answer for oss://%s, got '%.200s'.",
                        bucket, token);
    *ret = token + len + 1;
    return ERR_OK;
}

static enum err reply_failures (const struct api *api, const struct target *t,
                                const GPtrArray *page, unsigned max, struct reply *reply,
                                struct error *e)
{
    json_auto_t *list = json_array ();
    for (guint i = 0; i < page->len && i < max; i++)
        json_array_append_new (list, failure_json (api, page->pdata[i]));
    g_autofree char *next = NULL;
    if (page->len > max)
        next = g_strdup_printf ("%s:%s", t->bucket,
                                ((const struct work_failure *) page->pdata[max])->key);
    return reply_page (reply, "Failures", list, next, e);
}

enum err api_list_failures (struct call *c, const void *params, struct reply *reply,
                            struct error *e)
{
    const struct list_failures_params *p = params;
    unsigned max = page_size (p->max_results, LIMIT_PAGE_DEFAULT);
    _cleanup_target_ struct target t = { 0 };
    g_autoptr (GPtrArray) page = NULL;
    const char *from = NULL;
    enum err r = target_binding (c->api, p->project_name, p->dataset_name, p->uri, &t, e);
    if (r == ERR_OK)
        r = failures_from (p->next_token, t.bucket, &from, e);
    if (r == ERR_OK)
        r = target_db (c->api, &t, e);
    if (r == ERR_OK)
        r = work_list_failures (t.db, t.binding->id, t.bucket, from, max + 1, &page, e);
    return r == ERR_OK ? reply_failures (c->api, &t, page, max, reply, e) : r;
}

enum err api_retry_failures (struct call *c, const void *params, struct reply *reply,
                             struct error *e)
{
    const struct retry_failures_params *p = params;
    _cleanup_target_ struct target t = { 0 };
    int64_t retried = 0;
    enum err r = target_binding (c->api, p->project_name, p->dataset_name, p->uri, &t, e);
    if (r == ERR_OK)
        r = target_db (c->api, &t, e);
    if (r == ERR_OK)
        r = work_retry_failures (t.db, t.binding->id, t.bucket, &retried, e);
    if (r != ERR_OK)
        return r;
    scan_kick (c->api->scan, t.binding->id);
    return reply_take (reply, json_pack ("{s:I}", "Retried", retried), e);
}
