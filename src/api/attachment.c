/* Attachments: AttachOSSBucket, DetachOSSBucket, GetOSSBucketAttachment, ListAttachedOSSBuckets.
 * The records only: what is served of an attached bucket is decided elsewhere by looking them up.
 */
#include "api/common.h"
#include "api/handlers.h"
#include "api/listing.h"
#include "base/limits.h"

static enum err check_name (const char *bucket, struct error *e)
{
    if (store_bucket_name_is_legal (bucket))
        return ERR_OK;
    return FAIL_ON (e, INVALID_PARAM, "OSSBucket",
                    "Specified parameter OSSBucket is not valid. Expected the bare name of a "
                    "bucket, 3 to 63 of a-z, 0-9 and '-' that begin and end with a letter or "
                    "digit, got '%.200s'.",
                    bucket);
}

static enum err probe_bucket (const struct api *api, const char *bucket, struct error *e)
{
    struct store *store;
    struct error why;
    enum err r = stores_ask (api->stores, bucket, &store, &why);
    if (r == ERR_NO_BUCKET || r == ERR_CONFLICT)
        return FAIL_ON (e, INVALID_PARAM, "OSSBucket",
                        "Specified parameter OSSBucket is not valid. No bucket '%s' can be "
                        "attached: %s. 'bindery buckets' lists those that can be.",
                        bucket, why.message);
    if (r == ERR_STORE_DENIED)
        return FAIL_ON (e, INVALID_PARAM, "OSSBucket",
                        "Specified parameter OSSBucket is not valid. Access to bucket '%s' is "
                        "refused: %s",
                        bucket, why.message);
    if (r != ERR_OK && error_is_retryable (r))
        return FAIL (e, UNAVAILABLE,
                     "The store of bucket '%s' cannot be reached, try again later: %s", bucket,
                     why.message);
    return r == ERR_OK ? ERR_OK
                       : FAIL (e, INTERNAL, "cannot examine bucket '%s': %s", bucket, why.message);
}

static enum err find_attachment (const struct api *api, const char *bucket, struct attachment **ret,
                                 struct error *e)
{
    enum err r = check_name (bucket, e);
    if (r != ERR_OK)
        return r;
    r = catalog_get_attachment (api->catalog, bucket, ret, e);
    if (r == ERR_NOT_FOUND)
        return FAIL (e, NOT_FOUND,
                     "The specified resource attachment is not found. Bucket '%s' is not attached "
                     "to a project.",
                     bucket);
    return r;
}

/* The other project is named to those only who may know of it. */
static enum err fail_attached (const struct call *c, const char *bucket, struct error *e)
{
    struct attachment *a = NULL;
    enum err r = catalog_get_attachment (c->api->catalog, bucket, &a, NULL);
    bool is_told = r == ERR_OK && access_sees (c->access, "GetProject", a->project, NULL);
    FAIL (e, EXISTS,
          "The specified resource attachment already exists. Bucket '%s' is attached to %s%s%s; "
          "DetachOSSBucket frees it.",
          bucket, is_told ? "project '" : "a project", is_told ? a->project : "",
          is_told ? "'" : "");
    attachment_free (a);
    return ERR_EXISTS;
}

enum err api_attach_oss_bucket (struct call *c, const void *params, struct reply *reply,
                                struct error *e)
{
    const struct attach_oss_bucket_params *p = params;
    _cleanup_target_ struct target t = { 0 };
    enum err r = target_project (c->api, p->project_name, &t, e);
    if (r == ERR_OK)
        r = check_name (p->oss_bucket, e);
    if (r == ERR_OK)
        r = probe_bucket (c->api, p->oss_bucket, e);
    if (r != ERR_OK)
        return r;
    g_autofree char *bucket = g_strdup (p->oss_bucket);
    g_autofree char *project = g_strdup (p->project_name);
    g_autofree char *description = g_strdup (p->description ? p->description : "");
    struct attachment a = { .bucket = bucket, .project = project, .description = description };
    r = catalog_create_attachment (c->api->catalog, &a, e);
    if (r == ERR_EXISTS)
        return fail_attached (c, p->oss_bucket, e);
    return r == ERR_OK ? reply_take (reply, json_object (), e) : r;
}

enum err api_detach_oss_bucket (struct call *c, const void *params, struct reply *reply,
                                struct error *e)
{
    const struct detach_oss_bucket_params *p = params;
    struct attachment *a = NULL;
    enum err r = find_attachment (c->api, p->oss_bucket, &a, e);
    if (r != ERR_OK)
        return r;
    attachment_free (a);
    r = catalog_delete_attachment (c->api->catalog, p->oss_bucket, e);
    return r == ERR_OK ? reply_take (reply, json_object (), e) : r;
}

/* What GetOSSBucketAttachment answers, and an entry of the list has too. */
static json_t *attachment_json (const struct api *api, const struct attachment *a)
{
    return json_pack ("{s:s, s:s, s:o, s:o}", "ProjectName", a->project, "Description",
                      a->description, "CreateTime", json_time (api, a->create_ns), "UpdateTime",
                      json_time (api, a->update_ns));
}

enum err api_get_oss_bucket_attachment (struct call *c, const void *params, struct reply *reply,
                                        struct error *e)
{
    const struct get_oss_bucket_attachment_params *p = params;
    struct attachment *a = NULL;
    enum err r = find_attachment (c->api, p->oss_bucket, &a, e);
    if (r != ERR_OK)
        return r;
    r = reply_take (reply, attachment_json (c->api, a), e);
    attachment_free (a);
    return r;
}

static json_t *entry_json (const struct api *api, const struct attachment *a)
{
    json_t *json = attachment_json (api, a);
    json_object_set_new (json, "OwnerId", json_string (api->account_id));
    json_object_set_new (json, "OSSBucket", json_string (a->bucket));
    return json;
}

static enum err fetch_attachments (const struct listing *l, char **from, unsigned max,
                                   GPtrArray **ret, struct error *e)
{
    const struct list_attached_oss_buckets_params *p = l->params;
    return catalog_list_attachments (l->call->api->catalog, p->project_name, from ? from[2] : NULL,
                                     max - 1, ret, e);
}

static bool sees_attachment (const struct listing *l, const void *row)
{
    return access_sees (l->call->access, "GetOSSBucketAttachment",
                        ((const struct attachment *) row)->project, NULL);
}

static json_t *attachment_entry (const struct listing *l, const void *row)
{
    return entry_json (l->call->api, row);
}

static char *attachment_position (const struct listing *l, const void *row)
{
    const struct attachment *a = row;
    return g_strjoin (":", l->call->api->account_id, a->project, a->bucket, NULL);
}

enum err api_list_attached_oss_buckets (struct call *c, const void *params, struct reply *reply,
                                        struct error *e)
{
    const struct list_attached_oss_buckets_params *p = params;
    const char *const fixed[] = { c->api->account_id, p->project_name, NULL };
    _cleanup_target_ struct target t = { 0 };
    const struct listing list = {
        .name = "AttachedOSSBuckets",
        .form = "owner:project:bucket",
        .fixed = fixed,
        .call = c,
        .params = params,
        .fetch = fetch_attachments,
        .sees = sees_attachment,
        .entry = attachment_entry,
        .position = attachment_position,
    };
    enum err r = target_project (c->api, p->project_name, &t, e);
    if (r != ERR_OK)
        return r;
    return listing_reply (&list, p->next_token, page_size (p->max_results, LIMIT_PAGE_DEFAULT),
                          reply, e);
}
