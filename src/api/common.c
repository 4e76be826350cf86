/* What handlers share. Knows the catalogue and the forms of names; no action in particular. */
#include "api/common.h"

#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "index/operators.h"

#define NAME_BYTES "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"

void target_clear (struct target *t)
{
    binding_free (t->binding);
    dataset_db_unref (t->db);
    dataset_free (t->dataset);
    project_free (t->project);
    g_free (t->bucket);
}

enum err target_project (const struct api *api, const char *project, struct target *t,
                         struct error *e)
{
    enum err r = catalog_get_project (api->catalog, project, &t->project, e);
    if (r == ERR_NOT_FOUND)
        return FAIL (e, NOT_FOUND,
                     "The specified resource project is not found. Region '%s', account %s has no "
                     "project '%s'; names are case-sensitive, ListProjects lists them.",
                     api->region, api->account_id, project);
    return r;
}

enum err target_dataset (const struct api *api, const char *project, const char *dataset,
                         struct target *t, struct error *e)
{
    enum err r = target_project (api, project, t, e);
    if (r != ERR_OK)
        return r;
    r = catalog_get_dataset (api->catalog, t->project->id, dataset, &t->dataset, e);
    if (r == ERR_NOT_FOUND)
        return FAIL (e, NOT_FOUND,
                     "The specified resource dataset is not found. Project '%s' has no dataset "
                     "'%s'; names are case-sensitive, ListDatasets lists them.",
                     project, dataset);
    return r;
}

enum err target_db (const struct api *api, struct target *t, struct error *e)
{
    return datasets_get (api->datasets, t->dataset->id, &t->db, e);
}

enum err target_bucket (const struct api *api, const char *project, const char *dataset,
                        const char *uri, struct target *t, struct error *e)
{
    enum err r = target_dataset (api, project, dataset, t, e);
    return r == ERR_OK ? uri_bucket (uri, &t->bucket, e) : r;
}

enum err target_binding (const struct api *api, const char *project, const char *dataset,
                         const char *uri, struct target *t, struct error *e)
{
    enum err r = target_bucket (api, project, dataset, uri, t, e);
    if (r != ERR_OK)
        return r;
    r = catalog_get_binding (api->catalog, t->dataset->id, t->bucket, &t->binding, e);
    if (r == ERR_NOT_FOUND)
        return FAIL (e, NOT_FOUND,
                     "The specified resource binding is not found. Dataset '%s' of project '%s' is "
                     "not bound to oss://%s; ListBindings lists its bindings.",
                     dataset, project, t->bucket);
    return r;
}

/* Splits a URI; false if scheme or bucket are not legal. *ret_rest: what follows the bucket, "" or
 * "/...". */
static bool split_uri (const char *uri, char **ret_bucket, const char **ret_rest)
{
    const char *name = uri;
    if (g_str_has_prefix (uri, "oss://"))
        name += strlen ("oss://");
    else if (g_str_has_prefix (uri, "s3://"))
        name += strlen ("s3://");
    else
        return false;
    size_t len = strcspn (name, "/");
    if (len > LIMIT_BUCKET_NAME_MAX)
        return false;
    g_autofree char *bucket = g_strndup (name, len);
    if (!store_bucket_name_is_legal (bucket))
        return false;
    *ret_bucket = g_steal_pointer (&bucket);
    *ret_rest = name + len;
    return true;
}

enum err uri_bucket (const char *uri, char **ret, struct error *e)
{
    g_autofree char *bucket = NULL;
    const char *rest;
    if (!split_uri (uri, &bucket, &rest))
        return FAIL_ON (e, INVALID_PARAM, "URI",
                        "Specified parameter URI is not valid. Expected oss://BUCKET, BUCKET being "
                        "3 to 63 of a-z, 0-9 and '-' that begin and end with a letter or digit, "
                        "got '%.200s'.",
                        uri);
    if (*rest)
        return FAIL_ON (e, INVALID_PARAM, "URI",
                        "Specified parameter URI is not valid. Expected a whole bucket, oss://%s, "
                        "without a slash or key after it, got '%.200s'.",
                        bucket, uri);
    *ret = g_steal_pointer (&bucket);
    return ERR_OK;
}

enum err uri_object (const char *uri, const char *subject, char **ret, struct error *e)
{
    g_autofree char *bucket = NULL;
    const char *rest;
    if (!split_uri (uri, &bucket, &rest) || strlen (rest) < 2 || strlen (rest) > LIMIT_KEY_MAX + 1)
        return FAIL_ON (e, INVALID_PARAM, subject,
                        "Specified parameter %s is not valid. Expected oss://BUCKET/KEY, KEY being "
                        "1 to %d bytes, got '%.200s'.",
                        subject, LIMIT_KEY_MAX, uri);
    *ret = g_strconcat ("oss://", bucket, rest, NULL);
    return ERR_OK;
}

unsigned page_size (struct opt_int max_results, unsigned fallback)
{
    return max_results.is_set && max_results.value > 0 ? (unsigned) max_results.value : fallback;
}

static bool is_name (const char *text)
{
    size_t len = strlen (text);
    return len > 0 && len <= LIMIT_NAME_MAX && strspn (text, NAME_BYTES) == len &&
           !g_ascii_isdigit (*text) && *text != '-';
}

/* A fixed part must be what it is; of the others, "bucket" is a bucket, the rest are names. */
static bool part_fits (const char *part, const char *form, const char *fixed)
{
    if (fixed)
        return strcmp (part, fixed) == 0;
    return strcmp (form, "bucket") == 0 ? store_bucket_name_is_legal (part) : is_name (part);
}

static bool token_fits (char **parts, char **form, const char *const *fixed)
{
    bool fits = g_strv_length (parts) == g_strv_length (form);
    for (size_t i = 0; fits && form[i]; i++)
        fits = part_fits (parts[i], form[i], fixed[i]);
    return fits;
}

enum err token_split (const char *token, const char *form, const char *const *fixed, char ***ret,
                      struct error *e)
{
    g_auto (GStrv) form_parts = g_strsplit (form, ":", -1);
    g_auto (GStrv) parts = g_strsplit (token, ":", (int) g_strv_length (form_parts) + 1);
    if (!token_fits (parts, form_parts, fixed))
        return FAIL_ON (e, INVALID_PARAM, "NextToken",
                        "Specified parameter NextToken is not valid. Expected the NextToken of the "
                        "last answer to the same list (%s), got '%.200s'.",
                        form, token);
    *ret = g_steal_pointer (&parts);
    return ERR_OK;
}

bool is_given (const char *text)
{
    return text && *text;
}

enum err reply_take (struct reply *reply, json_t *body, struct error *e)
{
    if (!body)
        return FAIL (e, INTERNAL, "the answer could not be built");
    reply->body = body;
    return ERR_OK;
}

enum err reply_page (struct reply *reply, const char *name, json_t *list, const char *next,
                     struct error *e)
{
    return reply_take (reply, json_pack ("{s:O, s:s}", name, list, "NextToken", next ? next : ""),
                       e);
}

enum err stats_of_dataset (const struct api *api, int64_t id, struct dataset_stats *ret,
                           struct error *e)
{
    _cleanup_dataset_ struct dataset_db *db = NULL;
    enum err r = datasets_get (api->datasets, id, &db, e);
    return r == ERR_OK ? dataset_stats (db, ret, e) : r;
}

json_t *json_time (const struct api *api, int64_t ns)
{
    char text[CLOCK_TEXT_SIZE] = "";
    if (ns)
        clock_format (ns, api->timezone_min, text);
    return json_string (text);
}

json_t *json_text (const char *text)
{
    g_autofree char *valid = g_utf8_make_valid (text ? text : "", -1);
    return json_string (valid);
}

static const struct model_member *member_of (const struct model_type *type, const char *name)
{
    for (size_t i = 0; i < type->n_members; i++)
        if (strcmp (type->members[i].name, name) == 0)
            return &type->members[i];
    return NULL;
}

enum err file_fields (const struct action *action, const json_t *array, const char ***ret,
                      struct error *e)
{
    const struct model_type *file = member_of (action->reply, "Files")->value.type;
    size_t n = json_array_size (array);
    g_autofree const char **list = n ? g_new0 (const char *, n + 1) : NULL;
    for (size_t i = 0; i < n; i++) {
        list[i] = json_string_value (json_array_get (array, i));
        if (!member_of (file, list[i]))
            return FAIL_ON (e, INVALID_PARAM, "WithFields",
                            "Specified parameter WithFields is not valid. Files have no member "
                            "'%.100s'; names are case-sensitive.",
                            list[i]);
    }
    *ret = g_steal_pointer (&list);
    return ERR_OK;
}

void set_int (int64_t *field, struct opt_int given)
{
    if (given.is_set)
        *field = given.value;
}

void set_text (char **field, const char *given)
{
    if (!given)
        return;
    g_free (*field);
    *field = g_strdup (given);
}

void quotas_apply (struct quotas *q, const struct quota_params *given)
{
    set_int (&q->max_bind_count, given->bind_count);
    set_int (&q->max_file_count, given->file_count);
    set_int (&q->max_entity_count, given->entity_count);
    set_int (&q->max_relation_count, given->relation_count);
    set_int (&q->max_total_file_size, given->total_file_size);
}

json_t *quotas_json (const struct quotas *q)
{
    return json_pack ("{s:I, s:I, s:I, s:I, s:I}",                      //
                      "DatasetMaxBindCount", q->max_bind_count,         //
                      "DatasetMaxFileCount", q->max_file_count,         //
                      "DatasetMaxEntityCount", q->max_entity_count,     //
                      "DatasetMaxRelationCount", q->max_relation_count, //
                      "DatasetMaxTotalFileSize", q->max_total_file_size);
}

enum err template_check (const char *template_id, struct error *e)
{
    uint32_t operators;
    if (!is_given (template_id) || operators_of_template (template_id, &operators, NULL) == ERR_OK)
        return ERR_OK;
    g_autoptr (GString) known = g_string_new (NULL);
    for (size_t i = 0; operators_template_id (i); i++)
        g_string_append_printf (known, "%s%s", i ? ", " : "", operators_template_id (i));
    return FAIL_ON (e, INVALID_PARAM, "TemplateId",
                    "Specified parameter TemplateId is not valid. There is no template '%.100s'; "
                    "there are %s.",
                    template_id, known->str);
}
