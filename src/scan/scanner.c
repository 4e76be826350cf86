/* Scan threads: decide what a binding needs (plan), lease a range, walk it as a merge. */
#include "scan/internal.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "scan/split.h"

/* One range while it is walked. */
struct walk {
    struct scan *scan;
    struct bound *bound;
    struct range *range;
    struct merge merge;
    struct store *store;
    GPtrArray *mounts; /* struct store_mount: known before, and met on the way */
    struct store_listing *listing;
    struct store_page page;
    int64_t page_commit;  /* of before the listing began: what is newer, it may not have seen */
    char *unsaved_cursor; /* listed up to here, not yet in the index */
    int64_t listed, unchanged, over_quota;
    int64_t flushed_ms;
    struct quotas quotas;
    unsigned pages, split_at; /* listed; when the range counts as long */
    bool is_given_back;       /* before its end */
};

static void walk_init (struct walk *w, struct bound *b, struct range *range)
{
    *w = (struct walk){
        .scan = b->scan,
        .bound = b,
        .range = range,
        .flushed_ms = clock_mono_ms (),
        .split_at = LIMIT_SPLIT_PAGES,
    };
    const char *after = range->cursor ? range->cursor : range->lo;
    merge_init (&w->merge, b->db, b->bucket, after, range->hi);
    store_page_init (&w->page);
    pthread_mutex_lock (&w->scan->lock);
    w->merge.operators = b->operators;
    w->quotas = b->quotas;
    pthread_mutex_unlock (&w->scan->lock);
    w->merge.extractor = pool_extractor_version ();
    w->merge.force = range->flags & RANGE_FORCE;
}

static void walk_clear (struct walk *w)
{
    if (w->listing)
        store_list_close (w->listing);
    store_page_clear (&w->page);
    merge_clear (&w->merge);
    g_clear_pointer (&w->mounts, g_ptr_array_unref);
    g_free (w->unsaved_cursor);
}

static bool is_stopped (void *arg)
{
    struct walk *w = arg;
    pthread_mutex_lock (&w->scan->lock);
    bool stopped = w->scan->is_stopping || w->bound->is_paused;
    pthread_mutex_unlock (&w->scan->lock);
    return stopped || atomic_load (&w->bound->is_ending);
}

/* Applies one batch. Cursor and counts go with the one that completes the page. */
static enum err apply (struct walk *w, GArray *puts, GPtrArray *deletes, GPtrArray *rejects,
                       bool is_whole_page, struct error *e)
{
    struct merge_batch batch = { .range = w->range,
                                 .bucket = w->bound->bucket,
                                 .cursor = is_whole_page ? w->unsaved_cursor : NULL,
                                 .page_commit = w->page_commit,
                                 .puts = puts,
                                 .deletes = deletes,
                                 .rejects = rejects,
                                 .listed = is_whole_page ? w->listed : 0,
                                 .unchanged = is_whole_page ? w->unchanged : 0,
                                 .max_file_count = w->quotas.max_file_count,
                                 .max_total_size = w->quotas.max_total_file_size,
                                 .until_ns = clock_now_ns () + SCAN_LEASE_NS,
                                 .timezone_min = w->scan->o.timezone_min };
    if (!bound_enter (w->bound))
        return FAIL (e, SUPERSEDED, "the binding was deleted");
    int64_t deleted, over_quota;
    enum err r = work_apply_merge (w->bound->db, &batch, &deleted, &over_quota, e);
    bound_leave (w->bound);
    if (r != ERR_OK)
        return r;
    w->over_quota += over_quota;
    if ((puts && puts->len) || (deletes && deletes->len)) {
        pthread_mutex_lock (&w->scan->lock);
        w->bound->next_work_ns = 0;
        pthread_cond_signal (&w->scan->index_wake);
        pthread_mutex_unlock (&w->scan->lock);
    }
    if (is_whole_page) {
        w->listed = w->unchanged = 0;
        w->flushed_ms = clock_mono_ms ();
    }
    return ERR_OK;
}

/* Writes what the page concluded, in batches; the cursor goes with the last. A page without changes
 * is only counted, and written with a later one or after a while: a re-scan writes next to nothing.
 */
static enum err save_page (struct walk *w, GPtrArray *rejects, struct error *e)
{
    g_autoptr (GArray) puts = g_array_new (FALSE, FALSE, sizeof (struct merge_put));
    g_autoptr (GPtrArray) deletes = g_ptr_array_new ();
    guint put = 0, del = 0;
    while (w->merge.puts->len - put + w->merge.deletes->len - del > LIMIT_BATCH_ROWS) {
        guint n = MIN (LIMIT_BATCH_ROWS, w->merge.puts->len - put);
        guint d = MIN (LIMIT_BATCH_ROWS - n, w->merge.deletes->len - del);
        g_array_set_size (puts, 0);
        g_ptr_array_set_size (deletes, 0);
        if (n)
            g_array_append_vals (puts, &g_array_index (w->merge.puts, struct merge_put, put), n);
        for (guint i = 0; i < d; i++)
            g_ptr_array_add (deletes, g_ptr_array_index (w->merge.deletes, del + i));
        enum err r = apply (w, puts, deletes, NULL, false, e);
        if (r != ERR_OK)
            return r;
        put += n;
        del += d;
    }
    g_array_set_size (puts, 0);
    g_ptr_array_set_size (deletes, 0);
    if (put < w->merge.puts->len)
        g_array_append_vals (puts, &g_array_index (w->merge.puts, struct merge_put, put),
                             w->merge.puts->len - put);
    for (; del < w->merge.deletes->len; del++)
        g_ptr_array_add (deletes, g_ptr_array_index (w->merge.deletes, del));
    return apply (w, puts, deletes, rejects, true, e);
}

static enum err check_order (const struct walk *w, struct error *e)
{
    const char *last = w->unsaved_cursor;
    for (guint i = 0; i < w->page.objects->len; i++) {
        const char *key = g_array_index (w->page.objects, struct store_object, i).key;
        if (last && strcmp (key, last) <= 0)
            return FAIL (e, STORE_DOWN, "the listing is not in order: '%s' after '%s'", key, last);
        last = key;
    }
    if (w->page.upto && last && strcmp (w->page.upto, last) < 0)
        return FAIL (e, STORE_DOWN, "the listing ends its page at '%s' after '%s'", w->page.upto,
                     last);
    return ERR_OK;
}

/* Folders that could not be read show up among the failures, and unknown ranges in the binding's
 * Reason. */
static void note_gaps (struct walk *w, GPtrArray *rejects)
{
    for (guint i = 0; i < w->page.gaps->len; i++) {
        const struct store_gap *g = g_ptr_array_index (w->page.gaps, i);
        struct work_reject *reject = g_new (struct work_reject, 1);
        *reject = (struct work_reject){ g->lo, g->message };
        g_ptr_array_add (rejects, reject);
        if (g->code == ERR_STORE_DENIED)
            continue;
        pthread_mutex_lock (&w->scan->lock);
        g_free (w->bound->gap_reason);
        w->bound->gap_reason = g_strdup (g->message);
        w->bound->gap_code = g->code;
        pthread_mutex_unlock (&w->scan->lock);
    }
}

/* The last page has no `upto`: its last object is as far as is known, so that it counts once. */
static void move_cursor (struct walk *w)
{
    const GArray *objects = w->page.objects;
    const char *upto = w->page.upto;
    if (!upto && objects->len)
        upto = g_array_index (objects, struct store_object, objects->len - 1).key;
    if (!upto)
        return;
    g_free (w->unsaved_cursor);
    w->unsaved_cursor = g_strdup (upto);
}

static enum err walk_page (struct walk *w, struct error *e)
{
    enum err r = store_list_next (w->listing, LIMIT_PAGE_KEYS, &w->page, e);
    if (r == ERR_OK)
        r = check_order (w, e);
    if (r == ERR_OK)
        r = merge_page (&w->merge, &w->page, clock_now_ns (), e);
    if (r != ERR_OK)
        return r;
    ranges_listed (w->bound);
    w->pages++;
    w->listed += w->merge.listed;
    w->unchanged += w->merge.unchanged;
    move_cursor (w);
    g_autoptr (GPtrArray) rejects = g_ptr_array_new_with_free_func (g_free);
    for (guint i = 0; i < w->page.rejects->len; i++) {
        const struct store_reject *from = g_ptr_array_index (w->page.rejects, i);
        struct work_reject *reject = g_new (struct work_reject, 1);
        *reject = (struct work_reject){ from->key, from->reason };
        g_ptr_array_add (rejects, reject);
    }
    note_gaps (w, rejects);
    bool has_changes = w->merge.puts->len || w->merge.deletes->len || rejects->len;
    if (!has_changes && !w->page.is_last && clock_mono_ms () - w->flushed_ms < SCAN_FLUSH_MS)
        return ERR_OK;
    return save_page (w, rejects, e);
}

static void on_folder (void *arg, int dir_fd, const char *prefix)
{
    struct walk *w = arg;
    watch_folder (w->scan->watch, w->bound->id, dir_fd, prefix);
}

/* Identities of root and mount points: known ones, or those of now for a binding that has none yet.
 */
static enum err load_mounts (struct walk *w, struct error *e)
{
    g_autoptr (GPtrArray) stored = NULL;
    enum err r = work_get_mounts (w->bound->db, w->bound->id, &stored, e);
    if (r != ERR_OK)
        return r;
    g_autoptr (GPtrArray) known = bound_copy_mounts (stored);
    if (!stored->len) {
        r = store_mounts (w->store, w->bound->bucket, known, e);
        if (r != ERR_OK)
            return r;
    }
    w->mounts = g_steal_pointer (&known);
    return ERR_OK;
}

/* Stores the identities that are known and those that the listing met. */
static enum err save_mounts (struct walk *w, struct error *e)
{
    g_autoptr (GPtrArray) mounts = g_ptr_array_new_with_free_func (g_free);
    for (guint i = 0; i < w->mounts->len; i++) {
        const struct store_mount *from = g_ptr_array_index (w->mounts, i);
        struct work_mount *m = g_new (struct work_mount, 1);
        *m = (struct work_mount){ from->prefix, from->device, from->inode, from->fsid };
        g_ptr_array_add (mounts, m);
    }
    bound_remember_mounts (w->bound, mounts);
    if (!bound_enter (w->bound))
        return FAIL (e, SUPERSEDED, "the binding was deleted");
    enum err r = work_set_mounts (w->bound->db, w->bound->id, mounts, e);
    bound_leave (w->bound);
    return r;
}

/* Adds the mount points of a page that were not known. Returns true if there are any. */
static bool learn_mounts (struct walk *w)
{
    guint known = w->mounts->len;
    for (guint i = 0; i < w->page.mounts->len; i++) {
        const struct store_mount *m = g_ptr_array_index (w->page.mounts, i);
        bool is_known = false;
        for (guint k = 0; k < known && !is_known; k++)
            is_known = strcmp (((struct store_mount *) g_ptr_array_index (w->mounts, k))->prefix,
                               m->prefix) == 0;
        if (!is_known)
            g_ptr_array_add (w->mounts, bound_copy_mount (m));
    }
    return w->mounts->len > known;
}

/* Cursor and counts that wait for more changes. */
static enum err flush (struct walk *w, struct error *e)
{
    return apply (w, NULL, NULL, NULL, true, e);
}

/* Splits what is left of the range. Where no bounds are found, the next try is twice as far off. */
static enum err split_rest (struct walk *w, struct error *e)
{
    const struct split split = { .store = w->store,
                                 .bucket = w->bound->bucket,
                                 .after = w->unsaved_cursor,
                                 .before = w->range->hi,
                                 .want = LIMIT_SPLIT_RANGES,
                                 .is_stopped = is_stopped,
                                 .arg = w };
    g_autoptr (GPtrArray) bounds = g_ptr_array_new_with_free_func (g_free);
    w->split_at = w->pages * 2;
    enum err r = split_sample (&split, bounds, e);
    if (r != ERR_OK || !bounds->len)
        return r;
    g_ptr_array_add (bounds, NULL);
    if (!bound_enter (w->bound))
        return FAIL (e, SUPERSEDED, "the binding was deleted");
    r = range_split (w->bound->db, w->range, (const char *const *) bounds->pdata, e);
    bound_leave (w->bound);
    w->is_given_back = r == ERR_OK;
    return r;
}

/* Between two pages of a remote bucket. */
static enum err share (struct walk *w, struct error *e)
{
    bool splits = w->pages >= w->split_at && ranges_should_split (w->bound);
    w->is_given_back = !splits && ranges_should_yield (w->bound);
    if (!splits && !w->is_given_back)
        return ERR_OK;
    enum err r = flush (w, e);
    return r == ERR_OK && splits ? split_rest (w, e) : r;
}

static size_t count_known (void *arg, const char *after, size_t max)
{
    const struct walk *w = arg;
    size_t n = 0;
    return files_count_page (w->bound->db, w->bound->bucket, after, w->range->hi, max, &n, NULL) ==
                   ERR_OK
               ? n
               : 0;
}

static enum err walk_range (struct walk *w, struct error *e)
{
    struct bound *b = w->bound;
    enum err r = stores_find (w->scan->o.stores, b->bucket, &w->store, e);
    if (r == ERR_OK)
        r = load_mounts (w, e);
    if (r != ERR_OK)
        return r;
    w->merge.is_remote = store_is_remote (w->store);
    struct store_list_hooks hooks = { .on_folder = on_folder,
                                      .is_stopped = is_stopped,
                                      .arg = w,
                                      .known_mounts = w->mounts,
                                      .count_known = count_known };
    w->page_commit = dataset_last_commit (b->db);
    const char *after = w->range->cursor ? w->range->cursor : w->range->lo;
    r = store_list_open (w->store, b->bucket, after, w->range->hi, &hooks, &w->listing, e);
    if (r == ERR_OK)
        r = save_mounts (w, e);
    do {
        if (r == ERR_OK && is_stopped (w))
            r = FAIL (e, CLOSED, "the scan was stopped");
        if (r == ERR_OK)
            r = walk_page (w, e);
        if (r == ERR_OK && learn_mounts (w))
            r = save_mounts (w, e);
        if (r == ERR_OK && w->merge.is_remote && !w->page.is_last)
            r = share (w, e);
    } while (r == ERR_OK && !w->page.is_last && !w->is_given_back);
    return r;
}

/* Gives the range back as it now is: done, to go on with, or to rest. */
static enum err release (struct bound *b, const struct range *range, bool is_done, bool rests,
                         struct error *e)
{
    if (!bound_enter (b))
        return FAIL (e, SUPERSEDED, "the binding was deleted");
    enum err r = rests ? range_rest (b->db, range, e) : range_release (b->db, range, is_done, e);
    bound_leave (b);
    if (r != ERR_OK)
        LOG (LOG_WARN, "scan", "cannot give a range back", LOG_STR ("bucket", b->bucket),
             LOG_STR ("error", e->message));
    return r;
}

/* Walks one leased range and gives it back. */
static void run_range (struct bound *b, struct range *range)
{
    struct walk w;
    struct error e = { 0 }, release_error = { 0 };
    walk_init (&w, b, range);
    enum err r = walk_range (&w, &e);
    int64_t over_quota = w.over_quota;
    bool is_done = r == ERR_OK && !w.is_given_back;
    walk_clear (&w);
    bool rests = r != ERR_OK && ranges_rest (b, range, &e);
    enum err released = release (b, range, is_done, rests, &release_error);
    if (r != ERR_OK && !rests)
        ranges_failed (b, &e);
    else if (released != ERR_OK)
        ranges_failed (b, &release_error);
    else if (is_done)
        ranges_ended (b, range, over_quota);
    else
        ranges_left (b);
}

static void serve_bound (struct bound *b)
{
    struct range *range = NULL;
    struct error e;
    enum err r = ranges_take (b, &range, &e);
    if (r == ERR_OK) {
        run_range (b, range);
        range_free (range);
    } else if (r != ERR_NOT_FOUND) {
        LOG (LOG_ERROR, "scan", "cannot start a scan", LOG_STR ("bucket", b->bucket),
             LOG_STR ("error", e.message));
        pthread_mutex_lock (&b->scan->lock);
        b->retry_ms = clock_mono_ms () + b->scan->o.retry_interval_s * 1000;
        pthread_mutex_unlock (&b->scan->lock);
    }
}

static bool is_stopping (struct scan *s)
{
    pthread_mutex_lock (&s->lock);
    bool is = s->is_stopping;
    pthread_mutex_unlock (&s->lock);
    return is;
}

/* Clears up after a binding that was deleted: its work may be millions of rows. The next start goes
 * on where this one stops. */
static void clear_up (struct bound *b)
{
    struct error e;
    bool is_done = false;
    enum err r = work_fence_binding (b->db, b->id, &e);
    while (r == ERR_OK && !is_done && !is_stopping (b->scan))
        r = work_end_some (b->db, b->id, &is_done, &e);
    if (r != ERR_OK)
        LOG (LOG_ERROR, "scan", "cannot clear up after a binding; the next start will",
             LOG_STR ("bucket", b->bucket), LOG_STR ("error", e.message));
}

static void wait_for_work (struct scan *s)
{
    int64_t due_ms = ranges_next_due_ms (s, clock_mono_ms ());
    struct timespec until = { .tv_sec = due_ms / 1000, .tv_nsec = due_ms % 1000 * NS_PER_MS };
    pthread_cond_timedwait (&s->scan_wake, &s->lock, &until);
}

void *scanner_run (void *scan)
{
    struct scan *s = scan;
    pthread_mutex_lock (&s->lock);
    while (!s->is_stopping) {
        enum walk_kind kind = WALK_LOCAL;
        struct bound *ended = ranges_next_ended (s);
        struct bound *b = ended ? NULL : ranges_next_bound (s, clock_mono_ms (), &kind);
        if (!ended && !b) {
            wait_for_work (s);
            continue;
        }
        pthread_mutex_unlock (&s->lock);
        if (ended)
            clear_up (ended);
        else
            serve_bound (b);
        bound_unref (b);
        pthread_mutex_lock (&s->lock);
        if (ended)
            g_ptr_array_remove (s->ended, ended); /* drops its reference */
        else
            s->walks[kind]--;
    }
    pthread_mutex_unlock (&s->lock);
    return NULL;
}
