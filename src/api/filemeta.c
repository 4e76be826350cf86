/* File metadata: GetFileMeta, BatchGetFileMeta. Answers are documents made when the object was
 * indexed; what is not indexed is left out. */
#include "api/common.h"
#include "api/handlers.h"
#include "base/limits.h"

static enum err reply_files (const struct call *c, struct target *t, const GPtrArray *uris,
                             const json_t *with_fields, struct reply *reply, struct error *e)
{
    const struct api *api = c->api;
    g_autofree const char **fields = NULL;
    enum err r = file_fields (c->action, with_fields, &fields, e);
    if (r == ERR_OK)
        r = target_db (api, t, e);
    if (r != ERR_OK)
        return r;
    const struct file_context ctx = { api->account_id, t->project->name, t->dataset->name,
                                      api->timezone_min };
    g_autoptr (GString) documents = g_string_new (NULL);
    r = files_get_documents (t->db, &ctx, (const char *const *) uris->pdata, uris->len, fields,
                             documents, e);
    if (r != ERR_OK)
        return r;
    reply->raw_name = "Files";
    reply->raw = g_steal_pointer (&documents);
    return reply_take (reply, json_object (), e);
}

enum err api_get_file_meta (struct call *c, const void *params, struct reply *reply,
                            struct error *e)
{
    const struct get_file_meta_params *p = params;
    _cleanup_target_ struct target t = { 0 };
    g_autoptr (GPtrArray) uris = g_ptr_array_new_with_free_func (g_free);
    char *uri;
    enum err r = target_dataset (c->api, p->project_name, p->dataset_name, &t, e);
    if (r == ERR_OK)
        r = uri_object (p->uri, "URI", &uri, e);
    if (r != ERR_OK)
        return r;
    g_ptr_array_add (uris, uri);
    return reply_files (c, &t, uris, p->with_fields, reply, e);
}

/* The URIs of the request in their order, each once. */
static enum err collect_uris (const json_t *array, GPtrArray *uris, struct error *e)
{
    g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
    for (size_t i = 0; i < json_array_size (array); i++) {
        char *uri;
        enum err r = uri_object (json_string_value (json_array_get (array, i)), "URIs", &uri, e);
        if (r != ERR_OK)
            return r;
        if (g_hash_table_contains (seen, uri)) {
            g_free (uri);
            continue;
        }
        g_hash_table_add (seen, uri);
        g_ptr_array_add (uris, uri);
    }
    return ERR_OK;
}

enum err api_batch_get_file_meta (struct call *c, const void *params, struct reply *reply,
                                  struct error *e)
{
    const struct batch_get_file_meta_params *p = params;
    _cleanup_target_ struct target t = { 0 };
    g_autoptr (GPtrArray) uris = g_ptr_array_new_with_free_func (g_free);
    enum err r = target_dataset (c->api, p->project_name, p->dataset_name, &t, e);
    if (r == ERR_OK)
        r = collect_uris (p->uris, uris, e);
    return r == ERR_OK ? reply_files (c, &t, uris, p->with_fields, reply, e) : r;
}
