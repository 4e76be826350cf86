/* The public face: the table of bindings and the threads that serve it. */
#include "scan/scan.h"

#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "scan/internal.h"

static struct bound *find (struct scan *s, int64_t id)
{
    return g_hash_table_lookup (s->bounds, &id);
}

static enum err not_bound (int64_t id, struct error *e)
{
    return FAIL_ON (e, NOT_FOUND, "binding",
                    "The specified resource binding is not found. (id %" G_GINT64_FORMAT ")", id);
}

/* Makes the bound of a binding and puts it into the table. */
static enum err add_bound (struct scan *s, const struct binding *binding, struct error *e)
{
    struct bound *b;
    enum err r = bound_new (s, binding, &b, e);
    if (r != ERR_OK)
        return r;
    watch_add (s->watch, b->id);
    pthread_mutex_lock (&s->lock);
    g_hash_table_insert (s->bounds, &b->id, b);
    pthread_cond_broadcast (&s->scan_wake);
    pthread_cond_signal (&s->index_wake);
    pthread_mutex_unlock (&s->lock);
    return ERR_OK;
}

static void add_id (GHashTable *by_dataset, int64_t dataset, int64_t binding)
{
    GArray *ids = g_hash_table_lookup (by_dataset, &dataset);
    if (!ids) {
        ids = g_array_new (FALSE, FALSE, sizeof (int64_t));
        g_hash_table_insert (by_dataset, g_memdup2 (&dataset, sizeof dataset), ids);
    }
    if (binding)
        g_array_append_val (ids, binding);
}

/* Lets the scan threads clear up after bindings of a dataset that the catalogue no longer has. */
static enum err add_ended (struct scan *s, int64_t dataset, const GArray *keep, struct error *e)
{
    _cleanup_dataset_ struct dataset_db *db = NULL;
    g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (int64_t));
    if (!datasets_has_file (s->o.datasets, dataset))
        return ERR_OK;
    enum err r = datasets_get (s->o.datasets, dataset, &db, e);
    if (r == ERR_OK)
        r = work_fence_others (db, keep, ids, e);
    for (guint i = 0; r == ERR_OK && i < ids->len; i++) {
        const struct binding gone = { .id = g_array_index (ids, int64_t, i),
                                      .dataset_id = dataset };
        struct bound *b;
        r = bound_new (s, &gone, &b, e);
        if (r == ERR_OK) {
            bound_end (b);
            g_ptr_array_add (s->ended, b);
        }
    }
    return r;
}

/* Ends in each dataset what belongs to bindings that the catalogue no longer has: left by a crash,
 * or by a stop before it was cleared up. */
static enum err sweep (struct scan *s, const GPtrArray *bindings, struct error *e)
{
    g_autoptr (GArray) datasets = NULL;
    enum err r = catalog_dataset_ids (s->o.catalog, &datasets, e);
    if (r != ERR_OK)
        return r;
    g_autoptr (GHashTable) by_dataset =
        g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, (GDestroyNotify) g_array_unref);
    for (guint i = 0; i < datasets->len; i++)
        add_id (by_dataset, g_array_index (datasets, int64_t, i), 0);
    for (guint i = 0; i < bindings->len; i++) {
        const struct binding *b = g_ptr_array_index (bindings, i);
        add_id (by_dataset, b->dataset_id, b->id);
    }
    GHashTableIter iter;
    int64_t *dataset;
    GArray *ids;
    g_hash_table_iter_init (&iter, by_dataset);
    while (g_hash_table_iter_next (&iter, (void **) &dataset, (void **) &ids)) {
        r = add_ended (s, *dataset, ids, e);
        if (r != ERR_OK)
            return r;
    }
    return ERR_OK;
}

static enum err load_bindings (struct scan *s, struct error *e)
{
    g_autoptr (GPtrArray) bindings = NULL;
    enum err r = catalog_list_all_bindings (s->o.catalog, &bindings, e);
    if (r == ERR_OK)
        r = sweep (s, bindings, e);
    for (guint i = 0; r == ERR_OK && i < bindings->len; i++)
        r = add_bound (s, g_ptr_array_index (bindings, i), e);
    return r;
}

static void start_threads (struct scan *s)
{
    s->n_scan_threads = s->walks_max[WALK_LOCAL] + s->walks_max[WALK_REMOTE];
    s->scan_threads = g_new0 (pthread_t, s->n_scan_threads);
    for (unsigned i = 0; i < s->n_scan_threads; i++)
        s->scan_threads[i] = thread_start ("scan", scanner_run, s);
    s->write_thread = thread_start ("write", writer_run, s);
    s->lookup_thread = thread_start ("lookup", remote_run_lookups, s);
    s->index_thread = thread_start ("index", indexer_run, s);
}

static void init_wake (pthread_cond_t *wake)
{
    pthread_condattr_t attr;
    pthread_condattr_init (&attr);
    pthread_condattr_setclock (&attr, CLOCK_MONOTONIC);
    pthread_cond_init (wake, &attr);
    pthread_condattr_destroy (&attr);
}

static void say_failed_worker (const char *why)
{
    LOG (LOG_ERROR, "scan", "a worker failed; another is started after a pause",
         LOG_STR ("error", why));
}

enum err scan_new (const struct scan_options *o, struct scan **ret, struct error *e)
{
    struct scan *s = g_new0 (struct scan, 1);
    s->o = *o;
    s->server = g_uuid_string_random ();
    s->walks_max[WALK_LOCAL] = o->scan_threads;
    s->walks_max[WALK_REMOTE] = stores_have_remote (o->stores) ? o->list_threads : 0;
    pthread_mutex_init (&s->lock, NULL);
    init_wake (&s->scan_wake);
    init_wake (&s->index_wake);
    init_wake (&s->fetches_ended);
    s->bounds =
        g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, (GDestroyNotify) bound_unref);
    s->ended = g_ptr_array_new_with_free_func ((GDestroyNotify) bound_unref);
    kept_init (s);
    s->purges = g_array_new (FALSE, FALSE, sizeof (int64_t));
    s->results = queue_new (LIMIT_JOBS_IN_FLIGHT);
    s->lookups = queue_new (LIMIT_JOBS_IN_FLIGHT);
    struct pool_options pool = { .worker_path = o->worker_path,
                                 .workers = o->workers ? o->workers : g_get_num_processors (),
                                 .reserved = 1,
                                 .sandbox_required = o->sandbox_required,
                                 .queue_max = LIMIT_JOBS_IN_FLIGHT,
                                 .on_failed_worker = say_failed_worker };
    enum err r = pool_new (&pool, &s->pool, e);
    if (r == ERR_OK)
        r = watch_new (events_receive, s, &s->watch, e);
    if (r == ERR_OK)
        r = load_bindings (s, e);
    if (r != ERR_OK) {
        scan_free (s);
        return r;
    }
    start_threads (s);
    *ret = s;
    return ERR_OK;
}

static void stop_threads (struct scan *s)
{
    pthread_mutex_lock (&s->lock);
    s->is_stopping = true;
    pthread_cond_broadcast (&s->scan_wake);
    pthread_cond_broadcast (&s->index_wake);
    pthread_mutex_unlock (&s->lock);
    for (unsigned i = 0; i < s->n_scan_threads; i++)
        pthread_join (s->scan_threads[i], NULL);
    if (s->n_scan_threads)
        pthread_join (s->index_thread, NULL);
}

void scan_free (struct scan *s)
{
    if (!s)
        return;
    stop_threads (s);
    watch_free (s->watch);
    remote_stop (s);
    pool_free (
        s->pool); /* the jobs in flight end with CLOSED: their work stays for the next start */
    queue_close (s->results);
    if (s->n_scan_threads)
        pthread_join (s->write_thread, NULL);
    queue_free (s->results);
    g_hash_table_unref (s->bounds);
    g_ptr_array_unref (s->ended);
    g_array_unref (s->purges);
    g_hash_table_unref (s->kept);
    pthread_cond_destroy (&s->scan_wake);
    pthread_cond_destroy (&s->index_wake);
    pthread_cond_destroy (&s->fetches_ended);
    pthread_mutex_destroy (&s->lock);
    g_free (s->scan_threads);
    g_free (s->server);
    g_free (s);
}

enum err scan_bind (struct scan *s, int64_t id, struct error *e)
{
    struct binding *binding;
    enum err r = catalog_get_binding_by_id (s->o.catalog, id, &binding, e);
    if (r != ERR_OK)
        return r;
    r = add_bound (s, binding, e);
    binding_free (binding);
    if (r != ERR_OK)
        return r;
    /* Who deleted it before it was in the table could not end it. */
    r = catalog_get_binding_by_id (s->o.catalog, id, &binding, e);
    if (r == ERR_OK)
        binding_free (binding);
    else if (scan_unbind (s, id, 0, NULL) != ERR_OK)
        LOG (LOG_INFO, "scan", "binding was deleted as it was made", LOG_NUM ("id", id));
    return r;
}

enum err scan_unbind (struct scan *s, int64_t id, int64_t dataset, struct error *e)
{
    (void) dataset;
    pthread_mutex_lock (&s->lock);
    struct bound *b = find (s, id);
    if (!b) {
        pthread_mutex_unlock (&s->lock);
        return not_bound (id, e);
    }
    g_hash_table_steal (s->bounds, &b->id);
    pthread_mutex_unlock (&s->lock);
    watch_remove (s->watch, id);
    bound_end (b);
    pthread_mutex_lock (&s->lock);
    kept_forget (s, b);
    g_ptr_array_add (s->ended, b);
    pthread_cond_broadcast (&s->scan_wake);
    pthread_mutex_unlock (&s->lock);
    return ERR_OK;
}

/* With scan->lock. */
static bool is_bucket_bound (struct scan *s, int64_t dataset, const char *bucket)
{
    GHashTableIter iter;
    struct bound *b;
    g_hash_table_iter_init (&iter, s->bounds);
    while (g_hash_table_iter_next (&iter, NULL, (void **) &b))
        if (b->dataset_id == dataset && strcmp (b->bucket, bucket) == 0)
            return true;
    return false;
}

static enum err begin_purge (struct scan *s, int64_t dataset, const char *bucket, struct error *e)
{
    pthread_mutex_lock (&s->lock);
    bool is_bound = is_bucket_bound (s, dataset, bucket);
    if (!is_bound)
        g_array_append_val (s->purges, dataset);
    pthread_mutex_unlock (&s->lock);
    return is_bound ? FAIL (e, CONFLICT, "oss://%s is bound: remove the binding first", bucket)
                    : ERR_OK;
}

static void end_purge (struct scan *s, int64_t dataset)
{
    pthread_mutex_lock (&s->lock);
    for (guint i = 0; i < s->purges->len; i++)
        if (g_array_index (s->purges, int64_t, i) == dataset) {
            g_array_remove_index_fast (s->purges, i);
            break;
        }
    pthread_cond_broadcast (&s->scan_wake);
    pthread_mutex_unlock (&s->lock);
}

enum err scan_purge (struct scan *s, int64_t dataset, const char *bucket, int64_t *ret_removed,
                     struct error *e)
{
    _cleanup_dataset_ struct dataset_db *db = NULL;
    enum err r = datasets_get (s->o.datasets, dataset, &db, e);
    if (r == ERR_OK)
        r = begin_purge (s, dataset, bucket, e);
    if (r != ERR_OK)
        return r;
    r = files_purge (db, bucket, ret_removed, e);
    end_purge (s, dataset);
    return r;
}

enum err scan_pause (struct scan *s, int64_t id, const char *reason, struct error *e)
{
    enum err r = ERR_OK;
    pthread_mutex_lock (&s->lock);
    struct bound *b = find (s, id);
    if (!b)
        r = not_bound (id, e);
    else if (b->is_paused)
        r = FAIL (e, CONFLICT, "the binding is paused already");
    else {
        b->is_paused = true;
        bound_set_state (b, BINDING_STOPPED, b->phase, reason && *reason ? reason : "pause usage");
    }
    pthread_mutex_unlock (&s->lock);
    return r;
}

enum err scan_resume (struct scan *s, int64_t id, struct error *e)
{
    enum err r = ERR_OK;
    pthread_mutex_lock (&s->lock);
    struct bound *b = find (s, id);
    if (!b)
        r = not_bound (id, e);
    else if (!b->is_paused)
        r = FAIL (e, CONFLICT, "the binding is not paused");
    else {
        b->is_paused = false;
        b->needs_scan = true;
        b->retry_ms = b->wake_ms = b->next_work_ns = 0;
        bound_set_state (b, BINDING_RUNNING, b->phase, "");
        pthread_cond_broadcast (&s->scan_wake);
        pthread_cond_signal (&s->index_wake);
    }
    pthread_mutex_unlock (&s->lock);
    return r;
}

enum err scan_rescan (struct scan *s, int64_t id, const char *prefix, bool reindex,
                      bool accept_mounts, struct error *e)
{
    enum err r = ERR_OK;
    pthread_mutex_lock (&s->lock);
    struct bound *b = find (s, id);
    if (!b) {
        r = not_bound (id, e);
    } else if (b->is_paused) {
        r = FAIL (e, CONFLICT, "the binding is paused: resume it first");
    } else {
        b->force |= reindex;
        b->forget_mounts |= accept_mounts;
        if (prefix && *prefix && !reindex && !accept_mounts)
            events_add_prefix (b, prefix);
        else
            b->needs_scan = true;
        b->retry_ms = b->wake_ms = 0;
        pthread_cond_broadcast (&s->scan_wake);
    }
    pthread_mutex_unlock (&s->lock);
    return r;
}

void scan_kick (struct scan *s, int64_t id)
{
    pthread_mutex_lock (&s->lock);
    struct bound *b = find (s, id);
    if (b)
        b->next_work_ns = 0;
    pthread_cond_signal (&s->index_wake);
    pthread_mutex_unlock (&s->lock);
}

enum err scan_get_progress (struct scan *s, int64_t id, struct scan_progress *ret, struct error *e)
{
    pthread_mutex_lock (&s->lock);
    struct bound *b = find (s, id);
    if (b)
        bound_ref (b);
    double rate = b ? b->rate : 0;
    pthread_mutex_unlock (&s->lock);
    if (!b)
        return not_bound (id, e);
    struct scan_progress p = { 0 };
    enum err r = work_get_progress (b->db, id, &p.counts, e);
    p.unwatched_folders = (int64_t) watch_unwatched (s->watch, id, NULL);
    if (p.counts.ranges_done && p.counts.pending && rate > 0)
        p.estimated_end_ns = clock_now_ns () + (int64_t) ((double) p.counts.pending / rate * 1e9);
    bound_unref (b);
    if (r == ERR_OK)
        *ret = p;
    return r;
}

void scan_get_workers (struct scan *s, struct scan_workers *ret)
{
    struct pool_stats p;
    pool_get_stats (s->pool, &p);
    *ret = (struct scan_workers){ .workers = p.workers,
                                  .busy = p.busy,
                                  .waiting = p.waiting,
                                  .jobs = p.jobs,
                                  .crashes = p.crashes,
                                  .timeouts = p.timeouts,
                                  .failing = p.failing };
    g_strlcpy (ret->worker_error, p.worker_error, sizeof ret->worker_error);
    g_strlcpy (ret->jail_missing, p.jail_missing, sizeof ret->jail_missing);
}
