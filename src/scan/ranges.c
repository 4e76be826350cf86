/* What a binding's scan needs next, and what follows when a range ends: with scan->lock held unless
 * said otherwise. */
#include "scan/internal.h"

#include "base/clock.h"
#include "base/log.h"

/* What an earlier binding left in the dataset is cleared up first, and a purge ends first. */
static bool is_being_cleared (const struct scan *s, int64_t dataset_id)
{
    for (guint i = 0; i < s->purges->len; i++)
        if (g_array_index (s->purges, int64_t, i) == dataset_id)
            return true;
    for (guint i = 0; i < s->ended->len; i++) {
        const struct bound *b = g_ptr_array_index (s->ended, i);
        if (b->dataset_id == dataset_id)
            return true;
    }
    return false;
}

static bool is_full_due (const struct bound *b, int64_t now_ms)
{
    return b->needs_scan || now_ms >= b->next_scan_ms;
}

/* Changed folders wait for those before them, so that their ranges do not pile up, and for a full
 * scan that is due: it waits until no range is left, and lists them too. */
static bool may_start_prefixes (const struct bound *b, int64_t now_ms)
{
    return !b->may_have_ranges && (b->is_scanning || !is_full_due (b, now_ms));
}

/* True if there is something to decide for the binding now. */
static bool is_due (const struct bound *b, int64_t now_ms)
{
    if (b->is_paused || b->is_planning || now_ms < b->retry_ms ||
        is_being_cleared (b->scan, b->dataset_id))
        return false;
    if (b->may_have_ranges || !b->has_begun || (b->is_resting && now_ms >= b->wake_ms))
        return true;
    if (g_hash_table_size (b->prefixes) && may_start_prefixes (b, now_ms))
        return true;
    return b->ranges_running == 0 && (is_full_due (b, now_ms) || now_ms >= b->next_poll_ms);
}

/* Until its store was found, a binding may be a remote one that is slow to answer. */
static enum walk_kind kind_of (const struct bound *b)
{
    bool may_wait = b->scan->walks_max[WALK_REMOTE] && (b->is_remote || !b->knows_store);
    return may_wait ? WALK_REMOTE : WALK_LOCAL;
}

static bool has_idle_threads (const struct bound *b)
{
    return b->scan->walks[kind_of (b)] < b->scan->walks_max[kind_of (b)];
}

static bool is_before (const struct bound *a, const struct bound *b)
{
    return a->ranges_running != b->ranges_running ? a->ranges_running < b->ranges_running
                                                  : a->walked < b->walked;
}

struct bound *ranges_next_bound (struct scan *s, int64_t now_ms, enum walk_kind *ret_kind)
{
    GHashTableIter iter;
    struct bound *b, *found = NULL;
    g_hash_table_iter_init (&iter, s->bounds);
    while (g_hash_table_iter_next (&iter, NULL, (void **) &b))
        if (has_idle_threads (b) && is_due (b, now_ms) && (!found || is_before (b, found)))
            found = b;
    if (!found)
        return NULL;
    *ret_kind = kind_of (found);
    s->walks[*ret_kind]++;
    found->walked = ++s->walk_turn;
    found->is_planning = true;
    return bound_ref (found);
}

bool ranges_should_split (struct bound *b)
{
    struct scan *s = b->scan;
    pthread_mutex_lock (&s->lock);
    bool is = !b->may_have_ranges && has_idle_threads (b);
    pthread_mutex_unlock (&s->lock);
    return is;
}

bool ranges_should_yield (struct bound *b)
{
    struct scan *s = b->scan;
    int64_t now = clock_mono_ms ();
    bool is = false;
    GHashTableIter iter;
    struct bound *other;
    pthread_mutex_lock (&s->lock);
    g_hash_table_iter_init (&iter, s->bounds);
    while (!has_idle_threads (b) && !is && g_hash_table_iter_next (&iter, NULL, (void **) &other))
        is = kind_of (other) == kind_of (b) && is_due (other, now) &&
             other->ranges_running + 1 < b->ranges_running;
    pthread_mutex_unlock (&s->lock);
    return is;
}

struct bound *ranges_next_ended (struct scan *s)
{
    for (guint i = 0; i < s->ended->len; i++) {
        struct bound *b = g_ptr_array_index (s->ended, i);
        if (!b->is_clearing) {
            b->is_clearing = true;
            return b;
        }
    }
    return NULL;
}

int64_t ranges_next_due_ms (struct scan *s, int64_t now_ms)
{
    int64_t due = now_ms + 1000;
    GHashTableIter iter;
    struct bound *b;
    g_hash_table_iter_init (&iter, s->bounds);
    while (g_hash_table_iter_next (&iter, NULL, (void **) &b)) {
        if (b->is_paused || b->is_planning || b->ranges_running ||
            is_being_cleared (s, b->dataset_id))
            continue; /* the end of these wakes those who wait */
        int64_t next = MIN (b->next_scan_ms, b->next_poll_ms);
        next = MAX (b->is_resting ? MIN (next, b->wake_ms) : next, b->retry_ms);
        due = MIN (due, MAX (next, now_ms + 1));
    }
    return due;
}

static enum err start_prefixes (struct bound *b, GHashTable *prefixes, struct error *e)
{
    GHashTableIter iter;
    const char *prefix;
    g_hash_table_iter_init (&iter, prefixes);
    while (g_hash_table_iter_next (&iter, (void **) &prefix, NULL)) {
        enum err r = work_start_scan (b->db, b->id, prefix, NULL, RANGE_PARTIAL, e);
        if (r != ERR_OK)
            return r;
    }
    return ERR_OK;
}

struct due {
    bool full, force;
    GHashTable *prefixes; /* NULL: none */
};

/* Decides, with scan->lock, what is to be started, and takes it out of the bound: what is asked for
 * from here on is another scan. */
static void take_due (struct bound *b, int64_t now_ms, struct due *ret)
{
    bool is_idle = !b->may_have_ranges && !b->ranges_running;
    *ret = (struct due){ .full = is_idle && is_full_due (b, now_ms) };
    if (now_ms >= b->next_poll_ms)
        b->next_poll_ms = now_ms + b->scan->o.poll_interval_s * 1000;
    if (ret->full || may_start_prefixes (b, now_ms)) {
        ret->prefixes = b->prefixes;
        b->prefixes = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
        b->may_have_ranges = ret->full || g_hash_table_size (ret->prefixes);
    }
    if (ret->full) {
        ret->force = b->force;
        b->needs_scan = b->force = false;
        b->is_scanning = true;
        b->next_scan_ms = INT64_MAX;
        b->scan_started_ms = now_ms;
        b->over_quota = 0;
        g_hash_table_remove_all (b->failed);
    }
}

/* Keys at which a full scan is split: of those that the index holds. */
static GPtrArray *find_bounds (struct bound *b)
{
    GPtrArray *bounds = g_ptr_array_new_with_free_func (g_free);
    struct error e;
    if (files_divide (b->db, b->bucket, LIMIT_SPLIT_RANGES, LIMIT_SPLIT_ROWS, bounds, &e) != ERR_OK)
        LOG (LOG_WARN, "scan", "a scan is not split", LOG_STR ("bucket", b->bucket),
             LOG_STR ("error", e.message));
    g_ptr_array_add (bounds, NULL);
    return bounds;
}

static enum err start_full (struct bound *b, bool force, struct error *e)
{
    g_autoptr (GPtrArray) bounds = b->is_remote ? find_bounds (b) : NULL;
    watch_forget_unwatched (b->scan->watch, b->id);
    return work_start_scan (b->db, b->id, NULL, bounds ? (const char *const *) bounds->pdata : NULL,
                            force ? RANGE_FORCE : 0, e);
}

/* Starts the scans that are due: of everything once no range is left, of changed folders at any
 * time, so that they need not wait for a long scan to end. Without scan->lock. */
static enum err start_scans (struct bound *b, struct error *e)
{
    struct scan *s = b->scan;
    int64_t now = clock_mono_ms ();
    struct due due;
    enum err r = ERR_OK;
    pthread_mutex_lock (&s->lock);
    bool poll = now >= b->next_poll_ms;
    pthread_mutex_unlock (&s->lock);
    if (poll)
        events_poll_folders (b);
    bound_refresh (b);
    pthread_mutex_lock (&s->lock);
    take_due (b, now, &due);
    pthread_mutex_unlock (&s->lock);
    g_autoptr (GHashTable) prefixes = due.prefixes;
    if (due.full) {
        r = start_full (b, due.force, e);
    } else if (prefixes) {
        r = start_prefixes (b, prefixes, e);
    }
    if (r == ERR_OK)
        return r;
    pthread_mutex_lock (&s->lock);
    b->needs_scan = true;
    b->force |= due.force;
    pthread_mutex_unlock (&s->lock);
    return r;
}

/* What is mounted now is right, somebody said. */
static enum err forget_mounts (struct bound *b, struct error *e)
{
    g_autoptr (GPtrArray) none = g_ptr_array_new ();
    enum err r = work_set_mounts (b->db, b->id, none, e);
    pthread_mutex_lock (&b->scan->lock);
    if (r == ERR_OK) {
        b->forget_mounts = false;
        g_clear_pointer (&b->mounts, g_ptr_array_unref);
    }
    pthread_mutex_unlock (&b->scan->lock);
    return r;
}

/* Whoever follows the work decides when the first scan has ended. */
static void look_at_work (struct bound *b)
{
    b->next_work_ns = 0;
    pthread_cond_signal (&b->scan->index_wake);
}

/* A store that cannot be asked now is asked again by who walks the range. */
static void find_store (struct bound *b)
{
    struct store *store;
    if (stores_find (b->scan->o.stores, b->bucket, &store, NULL) != ERR_OK)
        return;
    pthread_mutex_lock (&b->scan->lock);
    b->knows_store = true;
    b->is_remote = store_is_remote (store);
    pthread_mutex_unlock (&b->scan->lock);
}

/* Ranges that failed are tried again. */
static enum err wake_ranges (struct bound *b, struct error *e)
{
    pthread_mutex_lock (&b->scan->lock);
    b->is_resting = false;
    pthread_mutex_unlock (&b->scan->lock);
    return range_wake (b->db, b->id, e);
}

/* What comes before there are ranges to lease. */
static enum err prepare (struct bound *b, struct error *e)
{
    struct scan *s = b->scan;
    pthread_mutex_lock (&s->lock);
    bool has_begun = b->has_begun, knows_store = b->knows_store;
    pthread_mutex_unlock (&s->lock);
    if (!knows_store)
        find_store (b);
    enum err r = has_begun ? ERR_OK : bound_begin (b, e);
    pthread_mutex_lock (&s->lock);
    bool forget = b->forget_mounts && !b->ranges_running; /* who walks would store the old ones */
    bool wake = b->is_resting && clock_mono_ms () >= b->wake_ms;
    pthread_mutex_unlock (&s->lock);
    if (r == ERR_OK && forget)
        r = forget_mounts (b, e);
    if (r == ERR_OK && wake)
        r = wake_ranges (b, e);
    return r == ERR_OK ? start_scans (b, e) : r;
}

enum err ranges_take (struct bound *b, struct range **ret, struct error *e)
{
    struct scan *s = b->scan;
    if (!bound_enter (b))
        return FAIL (e, NOT_FOUND, "the binding was deleted");
    enum err r = prepare (b, e);
    int64_t now = clock_now_ns ();
    if (r == ERR_OK)
        r = range_lease (b->db, b->id, s->server, now, now + SCAN_LEASE_NS, ret, e);
    bound_leave (b);
    pthread_mutex_lock (&s->lock);
    b->is_planning = false;
    if (r == ERR_OK) {
        b->ranges_running++;
        b->may_have_ranges = true;
        pthread_cond_signal (&s->scan_wake); /* maybe there is one for another thread */
    } else if (r == ERR_NOT_FOUND) {
        b->may_have_ranges = false;
        look_at_work (b);
    }
    pthread_mutex_unlock (&s->lock);
    return r;
}

/* The listing of a full scan is complete. */
static void scan_complete (struct bound *b, int64_t now_ms)
{
    b->is_scanning = false;
    b->next_scan_ms = MIN (b->next_scan_ms, now_ms + b->scan->o.rescan_interval_s * 1000);
    if (b->is_resumed) {
        b->is_resumed = false;
        b->needs_scan = true;
    } else if (!b->ranges_done_ms) {
        b->ranges_done_ms = now_ms;
    }
}

/* What a range that ended says of its binding. With scan->lock. */
static void judge_end (struct bound *b, bool is_full, bool had_failed, int64_t over_quota)
{
    if (b->gap_reason) {
        bound_set_state (b, BINDING_RETRYING, b->phase, b->gap_reason);
    } else if (g_hash_table_size (b->failed)) {
        b->retry_ms = is_full ? 0 : b->retry_ms; /* the store answers: the others may go on */
    } else if (over_quota) {
        g_autofree char *reason =
            g_strdup_printf ("%" G_GINT64_FORMAT " objects are not indexed: DatasetMaxFileCount or "
                             "DatasetMaxTotalFileSize of the dataset is reached",
                             over_quota);
        bound_set_state (b, BINDING_RUNNING, b->phase, reason);
    } else if (is_full || had_failed) {
        b->retry_ms = 0;
        bound_set_state (b, BINDING_RUNNING, b->phase, "");
    }
}

void ranges_ended (struct bound *b, const struct range *range, int64_t over_quota)
{
    int64_t now = clock_mono_ms ();
    bool is_full = !(range->flags & RANGE_PARTIAL);
    struct work_progress progress = { 0 };
    struct error e;
    enum err r = work_get_progress (b->db, b->id, &progress, &e);
    pthread_mutex_lock (&b->scan->lock);
    b->ranges_running--;
    b->may_have_ranges = true; /* maybe: who looks for one will know */
    if (r != ERR_OK)
        b->needs_scan = true;
    else if (b->is_scanning && progress.scan_end_ns)
        scan_complete (b, now);
    look_at_work (b);
    if (b->gap_reason) /* the rest goes on meanwhile */
        b->next_scan_ms = MIN (b->next_scan_ms, now + b->scan->o.retry_interval_s * 1000);
    if (is_full)
        over_quota = b->over_quota += over_quota;
    bool had_failed = g_hash_table_remove (b->failed, &range->id);
    if (!b->is_paused)
        judge_end (b, is_full, had_failed, over_quota);
    g_clear_pointer (&b->gap_reason, g_free);
    pthread_cond_broadcast (&b->scan->scan_wake);
    pthread_mutex_unlock (&b->scan->lock);
}

void ranges_retry_later (struct bound *b, const char *why)
{
    b->retry_ms = clock_mono_ms () + b->scan->o.retry_interval_s * 1000;
    b->fails_in_row = 0;
    b->needs_scan = true; /* watches may be gone with the store, and events lost */
    if (!b->is_paused)
        bound_set_state (b, BINDING_RETRYING, b->phase, why);
}

void ranges_listed (struct bound *b)
{
    pthread_mutex_lock (&b->scan->lock);
    b->fails_in_row = 0;
    pthread_mutex_unlock (&b->scan->lock);
}

/* One page after the other fails, or the bucket as such: that is no matter of one range. */
static bool is_of_bucket (const struct bound *b, enum err code)
{
    return !b->is_remote || b->fails_in_row >= SCAN_FAILS_MAX || code == ERR_NO_BUCKET ||
           code == ERR_STORE_DENIED || code == ERR_STORE_CREDENTIALS || code == ERR_STORE_CHANGED;
}

static bool is_no_failure (enum err code)
{
    return code == ERR_CLOSED || code == ERR_SUPERSEDED;
}

bool ranges_rest (struct bound *b, const struct range *range, const struct error *why)
{
    if (is_no_failure (why->code))
        return false;
    pthread_mutex_lock (&b->scan->lock);
    b->fails_in_row++;
    bool rests = !is_of_bucket (b, why->code);
    g_hash_table_add (b->failed, g_memdup2 (&range->id, sizeof range->id));
    if (rests) {
        b->is_resting = true;
        b->wake_ms = clock_mono_ms () + b->scan->o.retry_interval_s * 1000;
        if (!b->is_paused)
            bound_set_state (b, BINDING_RETRYING, b->phase, why->message);
    }
    pthread_mutex_unlock (&b->scan->lock);
    return rests;
}

static void leave (struct bound *b)
{
    b->ranges_running--;
    b->may_have_ranges = true;
    pthread_cond_broadcast (&b->scan->scan_wake);
}

void ranges_left (struct bound *b)
{
    pthread_mutex_lock (&b->scan->lock);
    leave (b);
    pthread_mutex_unlock (&b->scan->lock);
}

void ranges_failed (struct bound *b, const struct error *why)
{
    pthread_mutex_lock (&b->scan->lock);
    leave (b);
    bool needs_scan = b->needs_scan;
    if (!is_no_failure (why->code))
        ranges_retry_later (b, why->message);
    if (b->is_remote && why->code == ERR_STORE_DOWN) /* nothing was missed: the range goes on */
        b->needs_scan = needs_scan;
    pthread_mutex_unlock (&b->scan->lock);
}
