/* The life of a binding in memory: made from the catalogue, refreshed, ended. */
#include "scan/internal.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "index/operators.h"

struct bound *bound_ref (struct bound *b)
{
    atomic_fetch_add (&b->refs, 1);
    return b;
}

void bound_unref (struct bound *b)
{
    if (!b || atomic_fetch_sub (&b->refs, 1) != 1)
        return;
    dataset_db_unref (b->db);
    pthread_rwlock_destroy (&b->gate);
    g_hash_table_unref (b->prefixes);
    g_clear_pointer (&b->mounts, g_ptr_array_unref);
    g_hash_table_unref (b->in_flight);
    g_hash_table_unref (b->failed);
    g_free (b->project);
    g_free (b->dataset);
    g_free (b->bucket);
    g_free (b->reason);
    g_free (b->gap_reason);
    g_free (b->refusal);
    g_free (b);
}

enum err bound_new (struct scan *s, const struct binding *binding, struct bound **ret,
                    struct error *e)
{
    struct bound *b = g_new0 (struct bound, 1);
    atomic_init (&b->refs, 1);
    b->scan = s;
    b->id = binding->id;
    b->dataset_id = binding->dataset_id;
    b->project = g_strdup (binding->project);
    b->dataset = g_strdup (binding->dataset);
    b->bucket = g_strdup (binding->bucket);
    b->state = binding->state;
    b->phase = binding->phase;
    b->reason = g_strdup (binding->reason);
    b->is_paused = binding->state == BINDING_STOPPED;
    b->prefixes = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
    b->in_flight = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
    b->failed = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
    pthread_rwlock_init (&b->gate, NULL);
    enum err r = datasets_get (s->o.datasets, b->dataset_id, &b->db, e);
    if (r != ERR_OK) {
        bound_unref (b);
        return r;
    }
    *ret = b;
    return ERR_OK;
}

struct store_mount *bound_copy_mount (const struct store_mount *m)
{
    struct store_mount *copy = g_new (struct store_mount, 1);
    *copy = (struct store_mount){ g_strdup (m->prefix), m->device, m->inode, m->fsid };
    return copy;
}

GPtrArray *bound_copy_mounts (const GPtrArray *stored)
{
    GPtrArray *copy = g_ptr_array_new_with_free_func (store_mount_free);
    for (guint i = 0; i < stored->len; i++) {
        const struct work_mount *m = g_ptr_array_index (stored, i);
        const struct store_mount as = { m->prefix, m->device, m->inode, m->fsid };
        g_ptr_array_add (copy, bound_copy_mount (&as));
    }
    return copy;
}

void bound_remember_mounts (struct bound *b, const GPtrArray *stored)
{
    GPtrArray *copy = bound_copy_mounts (stored);
    pthread_mutex_lock (&b->scan->lock);
    g_clear_pointer (&b->mounts, g_ptr_array_unref);
    b->mounts = copy;
    pthread_mutex_unlock (&b->scan->lock);
}

/* Work that was left by another run is judged by the root that this run has not listed yet. */
static enum err recall_mounts (struct bound *b, struct error *e)
{
    g_autoptr (GPtrArray) stored = NULL;
    enum err r = work_get_mounts (b->db, b->id, &stored, e);
    if (r == ERR_OK && stored->len)
        bound_remember_mounts (b, stored);
    return r;
}

enum err bound_begin (struct bound *b, struct error *e)
{
    struct work_progress progress;
    enum err r = work_begin_binding (b->db, b->id, b->bucket, e);
    if (r == ERR_OK)
        r = work_get_progress (b->db, b->id, &progress, e);
    if (r == ERR_OK)
        r = recall_mounts (b, e);
    if (r != ERR_OK)
        return r;
    bound_refresh (b);
    pthread_mutex_lock (&b->scan->lock);
    b->has_begun = true;
    b->scan_started_ms = clock_mono_ms ();
    b->is_scanning = progress.scan_end_ns == 0;
    b->next_scan_ms = b->is_scanning ? INT64_MAX : 0;
    b->may_have_ranges = !progress.ranges_done;
    b->is_resumed = b->is_scanning && progress.listed > 0;
    b->needs_scan = progress.ranges_done;
    if (b->is_scanning && progress.is_first) /* again, if the dataset's file was made anew */
        bound_set_state (b, b->state, BINDING_FULL_SCANNING, b->reason);
    pthread_mutex_unlock (&b->scan->lock);
    return ERR_OK;
}

bool bound_enter (struct bound *b)
{
    pthread_rwlock_rdlock (&b->gate);
    if (!atomic_load (&b->is_ending))
        return true;
    pthread_rwlock_unlock (&b->gate);
    return false;
}

void bound_leave (struct bound *b)
{
    pthread_rwlock_unlock (&b->gate);
}

void bound_end (struct bound *b)
{
    atomic_store (&b->is_ending, true);
    pthread_rwlock_wrlock (&b->gate);
    pthread_rwlock_unlock (&b->gate);
}

static void project_unrefp (struct project **p)
{
    project_free (*p);
}

static void dataset_unrefp (struct dataset **d)
{
    dataset_free (*d);
}

void bound_refresh (struct bound *b)
{
    struct catalog *catalog = b->scan->o.catalog;
    __attribute__ ((cleanup (project_unrefp))) struct project *p = NULL;
    __attribute__ ((cleanup (dataset_unrefp))) struct dataset *d = NULL;
    struct error e;
    if (catalog_get_project (catalog, b->project, &p, &e) != ERR_OK ||
        catalog_get_dataset (catalog, p->id, b->dataset, &d, &e) != ERR_OK)
        return;
    const char *template = *d->template_id   ? d->template_id
                           : *p->template_id ? p->template_id
                                             : b->scan->o.default_template;
    uint32_t operators;
    if (operators_of_template (template, &operators, &e) != ERR_OK) {
        LOG (LOG_ERROR, "scan", "unknown template", LOG_STR ("binding", b->bucket),
             LOG_STR ("template", template));
        return;
    }
    pthread_mutex_lock (&b->scan->lock);
    b->operators = operators;
    b->quotas = d->quotas;
    pthread_mutex_unlock (&b->scan->lock);
}

void bound_set_state (struct bound *b, enum binding_state state, enum binding_phase phase,
                      const char *reason)
{
    if (b->state == state && b->phase == phase && strcmp (b->reason, reason) == 0)
        return;
    bool touch = (b->state == BINDING_STOPPED) != (state == BINDING_STOPPED);
    struct error e;
    if (catalog_set_binding_state (b->scan->o.catalog, b->id, state, phase, reason, touch, &e) !=
        ERR_OK) {
        LOG (LOG_ERROR, "scan", "cannot record the state of a binding",
             LOG_STR ("bucket", b->bucket), LOG_STR ("error", e.message));
        return;
    }
    LOG (state == BINDING_RETRYING ? LOG_WARN : LOG_INFO, "scan", "binding changes",
         LOG_STR ("project", b->project), LOG_STR ("dataset", b->dataset),
         LOG_STR ("bucket", b->bucket), LOG_STR ("state", binding_state_name (state)),
         LOG_STR ("phase", binding_phase_name (phase)), LOG_STR ("reason", reason));
    b->state = state;
    b->phase = phase;
    g_autofree char *old = b->reason; /* `reason` may be the same */
    b->reason = g_strdup (reason);
}

bool bound_has_its_root (struct bound *b)
{
    struct store *store;
    g_autoptr (GPtrArray) now = g_ptr_array_new_with_free_func (store_mount_free);
    if (stores_find (b->scan->o.stores, b->bucket, &store, NULL) != ERR_OK ||
        store_mounts (store, b->bucket, now, NULL) != ERR_OK)
        return false;
    pthread_mutex_lock (&b->scan->lock);
    bool is_same = b->mounts != NULL;
    for (guint i = 0; b->mounts && i < b->mounts->len; i++) {
        const struct store_mount *known = g_ptr_array_index (b->mounts, i);
        if (!*known->prefix)
            is_same = now->len && !store_mount_is_changed (known, g_ptr_array_index (now, 0));
    }
    pthread_mutex_unlock (&b->scan->lock);
    return is_same;
}
