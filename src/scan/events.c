/* What the watcher says, as work: keys become dirty on disk before the event counts as seen,
 * folders become ranges to scan. */
#include "scan/internal.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"

static struct bound *find_ref (struct scan *s, int64_t id)
{
    pthread_mutex_lock (&s->lock);
    struct bound *b = g_hash_table_lookup (s->bounds, &id);
    if (b)
        bound_ref (b);
    pthread_mutex_unlock (&s->lock);
    return b;
}

void events_add_prefix (struct bound *b, const char *prefix)
{
    g_autofree char *parent = g_strdup (prefix);
    for (char *slash = strchr (parent, '/'); slash && slash[1]; slash = strchr (slash + 1, '/')) {
        char kept = slash[1];
        slash[1] = '\0';
        bool is_covered = g_hash_table_contains (b->prefixes, parent);
        slash[1] = kept;
        if (is_covered)
            return;
    }
    if (g_hash_table_size (b->prefixes) < SCAN_PREFIXES_MAX) {
        g_hash_table_add (b->prefixes, g_strdup (prefix));
    } else {
        b->needs_scan = true;
        g_hash_table_remove_all (b->prefixes);
    }
}

static bool is_told (const struct watch_event *events, size_t n, enum watch_kind kind)
{
    for (size_t i = 0; i < n; i++)
        if (events[i].kind == kind)
            return true;
    return false;
}

/* Takes what asks for a scan; gives the number of dirty keys that were filled in. */
static size_t sort_out (struct bound *b, const struct watch_event *events, size_t n,
                        struct work_dirty *dirty)
{
    size_t keys = 0;
    bool has_root = !is_told (events, n, WATCH_MOUNTS) || bound_has_its_root (b);
    int64_t settled_ns = clock_now_ns () + LIMIT_SETTLE_MS * NS_PER_MS;
    pthread_mutex_lock (&b->scan->lock);
    for (size_t i = 0; i < n; i++) {
        switch (events[i].kind) {
        case WATCH_CLOSED:
        case WATCH_GONE:
            dirty[keys++] = (struct work_dirty){ events[i].key, 0 };
            break;
        case WATCH_SETTLE:
            dirty[keys++] = (struct work_dirty){ events[i].key, settled_ns };
            break;
        case WATCH_FOLDER:
        case WATCH_UNMOUNT:
            events_add_prefix (b, events[i].key);
            break;
        case WATCH_MOUNTS:
            b->next_scan_ms = MIN (b->next_scan_ms, b->scan_started_ms + SCAN_MOUNTS_MS);
            b->needs_scan |= !has_root;
            break;
        case WATCH_ROOT_GONE:
        case WATCH_OVERFLOW:
            b->needs_scan = true;
            break;
        }
    }
    if (b->needs_scan || g_hash_table_size (b->prefixes))
        pthread_cond_broadcast (&b->scan->scan_wake);
    pthread_mutex_unlock (&b->scan->lock);
    return keys;
}

/* Stores the keys and wakes the indexer. */
static enum err mark_dirty (struct bound *b, const struct work_dirty *keys, size_t n,
                            struct error *e)
{
    if (!bound_enter (b))
        return FAIL (e, SUPERSEDED, "the binding is being removed");
    enum err r = work_mark_dirty (b->db, b->id, keys, n, e);
    bound_leave (b);
    if (r != ERR_OK)
        return r;
    pthread_mutex_lock (&b->scan->lock);
    b->next_work_ns = 0;
    b->is_dirtied = true;
    pthread_cond_signal (&b->scan->index_wake);
    pthread_mutex_unlock (&b->scan->lock);
    return ERR_OK;
}

static void mark_watched (struct bound *b, const struct work_dirty *keys, size_t n)
{
    struct error e;
    enum err r = mark_dirty (b, keys, n, &e);
    if (r == ERR_OK || atomic_load (&b->is_ending))
        return;
    LOG (LOG_ERROR, "scan", "cannot store events; scanning again", LOG_STR ("bucket", b->bucket),
         LOG_STR ("error", e.message));
    pthread_mutex_lock (&b->scan->lock);
    b->needs_scan = true;
    pthread_mutex_unlock (&b->scan->lock);
}

void events_receive (void *scan, int64_t binding, const struct watch_event *events, size_t n)
{
    struct bound *b = find_ref (scan, binding);
    if (!b)
        return;
    g_autofree struct work_dirty *dirty = g_new (struct work_dirty, n);
    size_t keys = sort_out (b, events, n, dirty);
    if (keys)
        mark_watched (b, dirty, keys);
    bound_unref (b);
}

static enum err hint (struct bound *b, const char *const *keys, size_t n, struct error *e)
{
    struct work_dirty dirty[LIMIT_BATCH_ROWS];
    for (size_t at = 0; at < n;) {
        size_t part = MIN (n - at, LIMIT_BATCH_ROWS);
        for (size_t i = 0; i < part; i++)
            dirty[i] = (struct work_dirty){ keys[at + i], 0 };
        enum err r = mark_dirty (b, dirty, part, e);
        if (r == ERR_SUPERSEDED)
            return FAIL (e, UNAVAILABLE, "The binding is just being set up or removed.");
        if (r != ERR_OK)
            return r;
        at += part;
    }
    return ERR_OK;
}

enum err scan_hint (struct scan *s, int64_t binding, const char *const *keys, size_t n,
                    struct error *e)
{
    struct bound *b = find_ref (s, binding);
    if (!b)
        return FAIL (e, NOT_FOUND, "The specified resource binding is not found.");
    enum err r = hint (b, keys, n, e);
    bound_unref (b);
    return r;
}

void events_poll_folders (struct bound *b)
{
    g_autoptr (GPtrArray) prefixes = g_ptr_array_new_with_free_func (g_free);
    size_t unwatched = watch_unwatched (b->scan->watch, b->id, prefixes);
    pthread_mutex_lock (&b->scan->lock);
    if (unwatched && !b->said_unwatched)
        LOG (LOG_WARN, "scan", "some folders cannot be watched and are polled",
             LOG_STR ("bucket", b->bucket), LOG_NUM ("folders", unwatched),
             LOG_NUM ("interval_s", b->scan->o.poll_interval_s));
    b->said_unwatched |= unwatched > 0;
    for (guint i = 0; i < prefixes->len; i++) {
        const char *prefix = g_ptr_array_index (prefixes, i);
        if (*prefix)
            events_add_prefix (b, prefix);
        else
            b->needs_scan = true;
    }
    pthread_mutex_unlock (&b->scan->lock);
}
