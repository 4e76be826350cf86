/* Administration of the server: ListBuckets, GetStatus. */
#include <string.h>

#include "api/common.h"
#include "api/handlers.h"
#include "base/limits.h"
#include "media/media.h"

/* What is bound, by the name of the bucket: "project/dataset". */
static json_t *datasets_json (const char *bucket, const GPtrArray *bindings)
{
    json_t *datasets = json_array ();
    for (guint i = 0; i < bindings->len; i++) {
        const struct binding *b = bindings->pdata[i];
        if (strcmp (b->bucket, bucket) == 0)
            json_array_append_new (datasets, json_sprintf ("%s/%s", b->project, b->dataset));
    }
    return datasets;
}

/* What a remote store lists is there; a folder is looked at. `listed` NULL: no store lists it. */
static json_t *bucket_json (const struct api *api, const char *bucket, const struct store *listed,
                            bool is_alone, const GPtrArray *bindings)
{
    struct store *store = NULL;
    struct error why = { .message = "" };
    bool is_known = listed && store_is_remote (listed) && is_alone;
    enum err r = is_known ? ERR_OK : stores_find (api->stores, bucket, &store, &why);
    const char *name = listed ? listed->name : r == ERR_OK ? store->name : "";
    return json_pack ("{s:s, s:s, s:s, s:s, s:o}", "Bucket", bucket, "Store", name, "State",
                      r == ERR_OK ? "Available" : "Unavailable", "Reason",
                      r == ERR_OK ? "" : why.message, "Datasets", datasets_json (bucket, bindings));
}

static int compare_buckets (const void *a, const void *b)
{
    const struct store_bucket *x = *(const struct store_bucket *const *) a;
    const struct store_bucket *y = *(const struct store_bucket *const *) b;
    return strcmp (x->name, y->name);
}

/* Adds the buckets that are bound but that no store lists: what is lost must be seen. */
static void add_bound (GPtrArray *buckets, const GPtrArray *bindings)
{
    g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
    for (guint i = 0; i < buckets->len; i++)
        g_hash_table_add (seen, ((const struct store_bucket *) buckets->pdata[i])->name);
    for (guint i = 0; i < bindings->len; i++) {
        const struct binding *bound = bindings->pdata[i];
        if (!g_hash_table_add (seen, bound->bucket))
            continue;
        struct store_bucket *b = g_new0 (struct store_bucket, 1);
        b->name = g_strdup (bound->bucket);
        g_ptr_array_add (buckets, b);
    }
    g_ptr_array_sort (buckets, compare_buckets);
}

/* True if several stores have a bucket of that name. */
static bool is_shared (const GPtrArray *buckets, guint i)
{
    const struct store_bucket *const *b = (const struct store_bucket *const *) buckets->pdata;
    return (i > 0 && strcmp (b[i - 1]->name, b[i]->name) == 0) ||
           (i + 1 < buckets->len && strcmp (b[i + 1]->name, b[i]->name) == 0);
}

/* Buckets that can be bound or are. A store that fails is a warning, not the end of the list. */
enum err api_list_buckets (struct call *c, const void *params UNUSED, struct reply *reply,
                           struct error *e)
{
    const struct api *api = c->api;
    g_autoptr (GPtrArray) buckets = g_ptr_array_new_with_free_func (store_bucket_free);
    g_autoptr (GPtrArray) faults = g_ptr_array_new_with_free_func (g_free), bindings = NULL;
    enum err r = catalog_list_all_bindings (api->catalog, &bindings, e);
    if (r != ERR_OK)
        return r;
    stores_list (api->stores, buckets, faults);
    add_bound (buckets, bindings);
    json_t *warnings = json_array (), *list = json_array ();
    for (guint i = 0; i < faults->len && i < LIMIT_PAGE; i++)
        json_array_append_new (warnings, json_text (faults->pdata[i]));
    for (guint i = 0; i < buckets->len; i++) {
        const struct store_bucket *b = buckets->pdata[i];
        json_array_append_new (
            list, bucket_json (api, b->name, b->store, !is_shared (buckets, i), bindings));
    }
    return reply_take (reply, json_pack ("{s:o, s:o}", "Buckets", list, "Warnings", warnings), e);
}

static json_t *renditions_json (const struct api *api)
{
    struct media_stats s = { 0 };
    if (api->media)
        media_get_stats (api->media, &s);
    const struct {
        const char *name;
        uint64_t value;
    } numbers[] = {
        { "Renderers", s.renderers }, { "Busy", s.busy },
        { "Waiting", s.waiting },     { "Hits", s.hits },
        { "Misses", s.misses },       { "Shared", s.shared },
        { "Rendered", s.rendered },   { "Refused", s.refused },
        { "Rejected", s.rejected },   { "Dropped", s.dropped },
        { "Crashes", s.crashes },     { "Timeouts", s.timeouts },
        { "CachedFiles", s.cached },  { "CachedBytes", s.cached_bytes },
        { "Evicted", s.evicted },     { "Damaged", s.damaged },
        { "Unwritten", s.unwritten },
    };
    json_t *all = json_object ();
    for (size_t i = 0; i < N_ELEMENTS (numbers); i++)
        json_object_set_new (all, numbers[i].name, json_integer ((json_int_t) numbers[i].value));
    json_object_set_new (all, "RendererError", json_text (s.worker_error));
    return all;
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
    json_t *status = json_pack (
        "{s:s, s:o, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:s, s:o, s:I, s:o}", //
        "Version", BINDERY_VERSION, "StartTime", json_time (api, api->start_ns),            //
        "Region", api->region, "AccountId", api->account_id,                                //
        "Workers", (json_int_t) w.workers, "WorkersBusy", (json_int_t) w.busy,              //
        "WorkersWaiting", (json_int_t) w.waiting,                                           //
        "JobsDone", (json_int_t) w.jobs, "WorkerCrashes", (json_int_t) w.crashes, "WorkerTimeouts",
        (json_int_t) w.timeouts, "WorkersFailing", (json_int_t) w.failing, "WorkerError",
        json_text (w.worker_error), "JailMissing", w.jail_missing, "Renditions",
        renditions_json (api), "BindingCount", (json_int_t) bindings->len, "Bindings", list);
    return reply_take (reply, json_pack ("{s:o}", "Status", status), e);
}
