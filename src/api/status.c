/* Administration of the server: ListBuckets, GetStatus. */
#include <string.h>

#include "api/common.h"
#include "api/handlers.h"
#include "base/limits.h"

static json_t *bucket_json (const struct api *api, const char *bucket, const GPtrArray *bindings)
{
    struct store *store = NULL;
    struct error why = { .message = "" };
    enum err r = stores_find (api->stores, bucket, &store, &why);
    json_t *datasets = json_array ();
    for (guint i = 0; i < bindings->len; i++) {
        const struct binding *b = bindings->pdata[i];
        if (strcmp (b->bucket, bucket) == 0)
            json_array_append_new (datasets, json_sprintf ("%s/%s", b->project, b->dataset));
    }
    return json_pack ("{s:s, s:s, s:s, s:s, s:o}", "Bucket", bucket, "Store",
                      r == ERR_OK ? store->name : "", "State",
                      r == ERR_OK ? "Available" : "Unavailable", "Reason",
                      r == ERR_OK ? "" : why.message, "Datasets", datasets);
}

static int compare_names (gconstpointer a, gconstpointer b)
{
    return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/* Adds the buckets that are bound but that no store lists: what is lost must be seen. */
static void add_bound (GPtrArray *names, const GPtrArray *bindings)
{
    for (guint i = 0; i < bindings->len; i++) {
        const struct binding *b = bindings->pdata[i];
        if (!g_ptr_array_find_with_equal_func (names, b->bucket, g_str_equal, NULL))
            g_ptr_array_add (names, g_strdup (b->bucket));
    }
    g_ptr_array_sort (names, compare_names);
}

/* Buckets that can be bound or are. A store that fails is a warning, not the end of the list. */
enum err api_list_buckets (struct call *c, const void *params UNUSED, struct reply *reply,
                           struct error *e)
{
    const struct api *api = c->api;
    g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free), bindings = NULL;
    enum err r = catalog_list_all_bindings (api->catalog, &bindings, e);
    if (r != ERR_OK)
        return r;
    struct error why;
    json_t *warnings = json_array ();
    if (stores_buckets (api->stores, names, &why) != ERR_OK)
        json_array_append_new (warnings, json_text (why.message));
    add_bound (names, bindings);
    json_t *list = json_array ();
    for (guint i = 0; i < names->len; i++)
        json_array_append_new (list, bucket_json (api, names->pdata[i], bindings));
    return reply_take (reply, json_pack ("{s:o, s:o}", "Buckets", list, "Warnings", warnings), e);
}

/* Bindings are as many as fit a page; BindingCount is their number, and ListBindings has them all.
 */
enum err api_get_status (struct call *c, const void *params UNUSED, struct reply *reply,
                         struct error *e)
{
    const struct api *api = c->api;
    g_autoptr (GPtrArray) bindings = NULL;
    enum err r = catalog_list_all_bindings (api->catalog, &bindings, e);
    if (r != ERR_OK)
        return r;
    struct scan_workers w = { 0 };
    scan_get_workers (api->scan, &w);
    json_t *list = json_array ();
    for (guint i = 0; i < bindings->len && i < LIMIT_PAGE; i++)
        json_array_append_new (list, binding_json (api, bindings->pdata[i]));
    json_t *status =
        json_pack ("{s:s, s:o, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:s, s:I, s:o}",     //
                   "Version", BINDERY_VERSION, "StartTime", json_time (api, api->start_ns), //
                   "Region", api->region, "AccountId", api->account_id,                     //
                   "Workers", (json_int_t) w.workers, "WorkersBusy", (json_int_t) w.busy,   //
                   "WorkersWaiting", (json_int_t) w.waiting,                                //
                   "JobsDone", (json_int_t) w.jobs, "WorkerCrashes", (json_int_t) w.crashes,
                   "WorkerTimeouts", (json_int_t) w.timeouts, "JailMissing", w.jail_missing,
                   "BindingCount", (json_int_t) bindings->len, "Bindings", list);
    return reply_take (reply, json_pack ("{s:o}", "Status", status), e);
}
