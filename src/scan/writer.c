/* The writer: judges what came of each extraction and stores it, many in one transaction. */
#include "scan/internal.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "index/operators.h"

static int64_t later_ns (const struct work_item *item)
{
    int64_t pause_s = MIN ((int64_t) 1 << MIN (item->attempts, 16), SCAN_LATER_MAX_S);
    return clock_now_ns () + pause_s * NS_PER_S;
}

/* It may have been away for a moment only, with its root or by itself. The answer of a remote store
 * was not about its root. */
static bool is_still_missing (const struct extraction *x)
{
    struct store *store;
    struct store_facts facts;
    if (x->handle.is_remote)
        return true;
    enum err r = stores_find (x->bound->scan->o.stores, x->bound->bucket, &store, NULL);
    if (r == ERR_OK)
        r = store_head (store, x->bound->bucket, x->item->key, &facts, NULL);
    return r == ERR_NO_OBJECT || r == ERR_NOT_A_FILE;
}

/* What somebody named but nobody ever saw has nothing to lose. */
static bool has_row (const struct extraction *x)
{
    struct index_entry row;
    return files_get_entry (x->bound->db, x->bound->bucket, x->item->key, &row, NULL) !=
           ERR_NOT_FOUND;
}

/* There is no such file. That counts only while the bucket is the one that was bound: a vanished
 * root or mount point looks the same. Below a mount point the folder's scan decides, which checks
 * it. */
static enum work_outcome judge_missing (struct extraction *x)
{
    struct bound *b = x->bound;
    bool has_root = bound_has_its_root (b);
    if (has_root && !has_row (x))
        return WORK_GONE;
    enum work_outcome outcome = has_root && is_still_missing (x) ? WORK_GONE : WORK_LATER;
    pthread_mutex_lock (&b->scan->lock);
    for (guint i = 0; has_root && b->mounts && i < b->mounts->len; i++) {
        const struct store_mount *known = g_ptr_array_index (b->mounts, i);
        if (*known->prefix && g_str_has_prefix (x->item->key, known->prefix)) {
            events_add_prefix (b, known->prefix);
            outcome = WORK_UNCHANGED;
        }
    }
    b->needs_scan |= !has_root;
    pthread_cond_broadcast (&b->scan->scan_wake);
    pthread_mutex_unlock (&b->scan->lock);
    return outcome;
}

/* What the store told with the object. Some tell the storage class in listings only. */
static json_t *attributes_of (struct extraction *x)
{
    json_t *told = g_steal_pointer (&x->handle.attributes);
    const char *listed =
        *x->handle.facts.storage_class ? x->handle.facts.storage_class : x->item->storage_class;
    if (!*listed || json_object_get (told, "OSSStorageClass"))
        return told;
    if (!told)
        told = json_object ();
    json_object_set_new (told, "OSSStorageClass", json_string (listed));
    return told;
}

/* Of an object that cannot be made sense of: it lacks nothing if nothing was asked that only its
 * content tells. */
static enum file_status status_without_content (const struct extraction *x)
{
    const char *type = json_string_value (json_object_get (x->meta, "MediaType"));
    return operators_want_content (x->operators, type) ? FILE_FAILED : FILE_INDEXED;
}

static void store_as (struct work_result *r, struct extraction *x, enum file_status status,
                      const char *reason)
{
    r->outcome = WORK_STORED;
    r->status = status;
    r->reason = status == FILE_FAILED ? g_strdup (reason) : NULL;
    r->version.size = x->handle.facts.size;
    r->version.mtime_ns = x->handle.facts.mtime_ns;
    g_strlcpy (r->version.etag, x->handle.facts.etag, sizeof r->version.etag);
    r->meta = g_steal_pointer (&x->meta);
    r->attributes = attributes_of (x);
    r->extractor = pool_extractor_version ();
    bool has_text = !x->left_text || !(x->operators & OP_EXTRACT_TEXT);
    r->operators = has_text ? x->operators : x->operators | FILE_LACKS_TEXT;
}

/* It is stored as it is, but was not seen to rest. */
static void look_again (struct work_result *r)
{
    r->keep_dirty = true;
    r->reset_since = true;
    r->not_before_ns = clock_now_ns () + LIMIT_SETTLE_MS * NS_PER_MS;
}

/* A remote object was replaced: what is there now is whole. One that is replaced each time waits.
 */
static int64_t again_ns (const struct work_item *item)
{
    return item->attempts < SCAN_AT_ONCE ? clock_now_ns () : later_ns (item);
}

/* It changed while it was looked at: again when it rests. One that never rests is stored as it was
 * every LIMIT_RESTLESS_MS. */
static void judge_changed (struct work_result *r, struct extraction *x)
{
    if (extraction_is_overdue (x) && x->meta) {
        store_as (r, x, FILE_INDEXED, NULL);
        look_again (r);
    } else {
        r->outcome = WORK_LATER;
        r->strikes = x->item->strikes;
        r->not_before_ns = x->handle.is_remote ? again_ns (x->item)
                                               : clock_now_ns () + LIMIT_SETTLE_MS * NS_PER_MS;
    }
}

/* A crash or a stall is a strike; the object that has enough of them is Failed until it changes. */
static void judge_strike (struct work_result *r, struct extraction *x)
{
    if (x->item->strikes + 1 >= LIMIT_STRIKES) {
        store_as (r, x, status_without_content (x), x->message);
        return;
    }
    r->outcome = WORK_LATER;
    r->strikes = x->item->strikes + 1;
    r->not_before_ns = clock_now_ns ();
}

static void judge_down (struct work_result *r, struct extraction *x)
{
    r->outcome = WORK_LATER;
    r->strikes = x->item->strikes;
    r->not_before_ns = later_ns (x->item);
}

/* The worker could open it but not read it: a disk or a file system that fails, which is nothing
 * against the object. It is tried again, after a longer pause each time. */
static void judge_unreadable (struct work_result *r, struct extraction *x, struct store_near *near)
{
    if (store_verify (&x->handle, near, NULL) != ERR_OK) {
        judge_changed (r, x);
        return;
    }
    LOG (LOG_WARN, "scan", "an object cannot be read and will be tried again",
         LOG_STR ("bucket", x->bound->bucket), LOG_STR ("key", x->item->key),
         LOG_NUM ("attempts", x->item->attempts + 1), LOG_STR ("error", x->message));
    judge_down (r, x);
}

/* The store fails, or refuses whatever is asked of it: if not for the first time, or if nothing but
 * an operator can help, the binding waits. */
static void judge_store (struct work_result *r, struct extraction *x)
{
    struct bound *b = x->bound;
    judge_down (r, x);
    if (x->code == ERR_NO_BUCKET)
        atomic_store (&b->remote, NULL); /* another store may have it now */
    pthread_mutex_lock (&b->scan->lock);
    b->refusals++;
    bool waits = clock_mono_ms () < b->retry_ms;
    if (!waits && (x->code != ERR_STORE_DOWN || b->refusals >= SCAN_REFUSALS)) {
        ranges_retry_later (b, x->message);
        g_free (b->refusal);
        b->refusal = g_strdup (x->message);
        waits = true;
    }
    pthread_mutex_unlock (&b->scan->lock);
    if (waits)
        r->not_before_ns = clock_now_ns ();
}

/* The store answers again. With scan->lock. */
static void end_refusals (struct bound *b)
{
    b->refusals = 0;
    if (b->refusal && b->state == BINDING_RETRYING && !strcmp (b->reason, b->refusal))
        bound_set_state (b, BINDING_RUNNING, b->phase, "");
    g_clear_pointer (&b->refusal, g_free);
}

/* Cannot be read, but is there: what else is known of it? */
static void find_facts (struct extraction *x)
{
    struct store_facts *facts = &x->handle.facts;
    const struct file_version *version = NULL;
    if (!x->handle.is_remote || x->handle.rounds > 0 || x->remote.has_facts)
        return; /* else they are a guess */
    if (x->item->is_archived)
        version = &x->item->listed;
    else if (x->item->has_row)
        version = &x->item->row.version;
    if (!version)
        return;
    facts->size = version->size;
    facts->mtime_ns = version->mtime_ns;
    g_strlcpy (facts->etag, version->etag, sizeof facts->etag);
}

/* What was read of it before it was archived stays; its class is for the listing to tell. */
static void judge_archived (struct work_result *r, struct extraction *x)
{
    struct index_entry row;
    const struct store_facts *facts = &x->handle.facts;
    find_facts (x);
    bool is_read =
        files_get_entry (x->bound->db, x->bound->bucket, x->item->key, &row, NULL) == ERR_OK &&
        row.status == FILE_INDEXED && row.version.size == facts->size &&
        row.version.mtime_ns == facts->mtime_ns && strcmp (row.version.etag, facts->etag) == 0;
    if (is_read)
        r->outcome = WORK_UNCHANGED;
    else
        store_as (r, x, FILE_INDEXED, NULL);
}

static void log_remark (const struct extraction *x)
{
    if (*x->message)
        LOG (LOG_DEBUG, "scan", "not all of an object was read",
             LOG_STR ("bucket", x->bound->bucket), LOG_STR ("key", x->item->key),
             LOG_STR ("reason", x->message));
}

static void judge_opened (struct work_result *r, struct extraction *x, struct store_near *near)
{
    enum err verified = x->handle.fd >= 0 ? store_verify (&x->handle, near, NULL) : ERR_OK;
    if (x->code == ERR_VERSION_CHANGED || verified != ERR_OK)
        judge_changed (r, x);
    else if (x->is_unchanged)
        r->outcome = WORK_UNCHANGED;
    else if (x->code == ERR_OK)
        store_as (r, x, FILE_INDEXED, NULL);
    else if (x->code == ERR_EXTRACT_FAILED)
        store_as (r, x, status_without_content (x), x->message);
    else
        judge_strike (r, x);
    if (r->outcome == WORK_STORED && x->code == ERR_OK)
        log_remark (x);
    if (r->outcome == WORK_STORED && x->is_restless)
        look_again (r);
}

/* The store does not tell whether there is such an object. Of one that nobody ever listed, the
 * listing will. */
static void judge_refused (struct work_result *r, struct extraction *x)
{
    if (x->handle.is_remote && !has_row (x)) {
        r->outcome = WORK_GONE;
    } else if (x->code == ERR_STORE_DENIED) {
        find_facts (x);
        store_as (r, x, FILE_FAILED, x->message);
    } else {
        judge_down (r, x);
    }
}

static struct work_result *judge (struct extraction *x, struct store_near *near)
{
    struct work_result *r = g_new0 (struct work_result, 1);
    *r = (struct work_result){ .binding = x->bound->id,
                               .id = x->item->id,
                               .commit_no = x->item->commit_no,
                               .key = g_strdup (x->item->key),
                               .bucket = x->bound->bucket };
    switch (x->code) {
    case ERR_NO_OBJECT:
    case ERR_NOT_A_FILE:
        r->outcome = judge_missing (x);
        if (r->outcome == WORK_LATER)
            judge_down (r, x);
        break;
    case ERR_STORE_DENIED:
    case ERR_BAD_REQUEST:
        judge_refused (r, x);
        break;
    case ERR_STORE_ARCHIVED:
        judge_archived (r, x);
        break;
    case ERR_STORE_CREDENTIALS:
    case ERR_STORE_DOWN:
    case ERR_NO_BUCKET:
        if (x->handle.is_remote)
            judge_store (r, x);
        else
            judge_down (r, x);
        break;
    case ERR_OK:
    case ERR_VERSION_CHANGED:
    case ERR_EXTRACT_FAILED:
    case ERR_WORKER_CRASHED:
    case ERR_WORKER_TIMEOUT:
    case ERR_WORKER_PROTOCOL:
        judge_opened (r, x, near);
        break;
    case ERR_IO:
        judge_unreadable (r, x, near);
        break;
    default: /* the store or the pool, not the object */
        judge_down (r, x);
    }
    return r;
}

/* Stores the results of one binding. If they cannot be stored, their work is still there, and done
 * again when there is hope. */
static void store_results (struct bound *b, GPtrArray *results, bool is_urgent)
{
    struct scan *s = b->scan;
    struct file_context context = { s->o.owner_id, b->project, b->dataset, s->o.timezone_min };
    pthread_mutex_lock (&s->lock);
    struct merge_batch quotas = { .max_file_count = b->quotas.max_file_count,
                                  .max_total_size = b->quotas.max_total_file_size };
    pthread_mutex_unlock (&s->lock);
    struct error e;
    if (!bound_enter (b))
        return;
    enum err r = work_finish (b->db, &context, is_urgent, results, &quotas, &e);
    bound_leave (b);
    if (r == ERR_OK)
        return;
    LOG (LOG_ERROR, "scan", "cannot store results", LOG_STR ("bucket", b->bucket),
         LOG_NUM ("results", results->len), LOG_STR ("error", e.message));
    pthread_mutex_lock (&s->lock);
    ranges_retry_later (b, e.message);
    pthread_mutex_unlock (&s->lock);
}

/* Whatever it said, the store said something about the object. */
static bool has_answered (const struct extraction *x)
{
    return x->handle.is_remote && x->code != ERR_STORE_DOWN && x->code != ERR_STORE_CREDENTIALS &&
           x->code != ERR_NO_BUCKET && x->code != ERR_CLOSED && x->code != ERR_BUSY &&
           !x->item->is_archived;
}

/* With scan->lock. */
static void count_out (struct extraction *x)
{
    struct bound *b = x->bound;
    g_hash_table_remove (b->in_flight, &x->item->id);
    if (x->item->priority == WORK_EVENT) {
        b->scan->urgent_in_flight--;
    } else {
        b->scan->background_in_flight--;
        b->background_in_flight--;
    }
    b->scan->results_bytes -= x->bytes;
    if (b->refusals && has_answered (x))
        end_refusals (b);
    b->rate_done++;
    b->next_work_ns = MIN (b->next_work_ns, x->again_ns);
    if (x->item->priority == WORK_TEXT)
        b->scan->texts_in_flight--;
    bool has_room_for_texts =
        x->item->priority == WORK_TEXT && b->scan->texts_in_flight <= SCAN_TEXTS / 2;
    if (b->background_in_flight == 0 || has_room_for_texts)
        b->next_work_ns = 0;
}

/* Smoothed rate of a binding, for the estimate of its end. With scan->lock. */
static void measure_rate (struct bound *b)
{
    int64_t now = clock_mono_ms (), elapsed = now - b->rate_since_ms;
    if (elapsed < 1000)
        return;
    double rate = (double) b->rate_done * 1000.0 / (double) elapsed;
    b->rate = b->rate > 0 && elapsed < 10000 ? 0.7 * b->rate + 0.3 * rate : rate;
    b->rate_since_ms = now;
    b->rate_done = 0;
}

/* There is room for work again. With scan->lock. */
static void wake_indexer (struct scan *s)
{
    if (!s->is_stopping && s->results_bytes <= LIMIT_RESULTS_WAITING / 2)
        pool_hold (s->pool, false);
    if (s->background_in_flight <= (LIMIT_JOBS_IN_FLIGHT - SCAN_URGENT_SHARE) / 2) {
        GHashTableIter iter;
        struct bound *b;
        g_hash_table_iter_init (&iter, s->bounds);
        while (g_hash_table_iter_next (&iter, NULL, (void **) &b)) {
            if (b->is_starved)
                b->next_work_ns = 0;
            b->is_starved = false;
        }
    }
    pthread_cond_signal (&s->index_wake);
}

/* Stores what of the batch belongs to the first one's binding, as much as one transaction may hold,
 * and takes it out. */
static void store_batch (struct scan *s, GPtrArray *batch, bool is_urgent)
{
    struct bound *b = bound_ref (((struct extraction *) g_ptr_array_index (batch, 0))->bound);
    _cleanup_near_ struct store_near near;
    store_near_init (&near);
    g_autoptr (GPtrArray) results = g_ptr_array_new_with_free_func (work_result_free);
    g_autoptr (GPtrArray) mine = g_ptr_array_new_with_free_func ((GDestroyNotify) extraction_free);
    size_t bytes = 0;
    for (guint i = 0; i < batch->len && bytes < LIMIT_BATCH_BYTES;) {
        struct extraction *x = g_ptr_array_index (batch, i);
        if (x->bound != b) {
            i++;
            continue;
        }
        bytes += x->bytes;
        struct work_result *r = judge (x, &near);
        x->again_ns = r->outcome == WORK_LATER || r->keep_dirty ? r->not_before_ns : INT64_MAX;
        g_ptr_array_add (results, r);
        g_ptr_array_add (mine, g_ptr_array_steal_index (batch, i));
    }
    store_results (b, results, is_urgent);
    bool has_queued = false;
    for (guint i = 0; i < results->len; i++)
        has_queued |= ((struct work_result *) g_ptr_array_index (results, i))->has_queued;
    g_ptr_array_set_size (results, 0); /* what they took is free before it counts as such */
    pthread_mutex_lock (&s->lock);
    for (guint i = 0; i < mine->len; i++)
        count_out (g_ptr_array_index (mine, i));
    if (has_queued)
        b->next_work_ns = 0;
    if (b->is_dirtied) { /* maybe a key that was in flight, and so could not be taken */
        b->next_work_ns = 0;
        b->is_dirtied = g_hash_table_size (b->in_flight) > 0;
    }
    measure_rate (b);
    wake_indexer (s);
    pthread_mutex_unlock (&s->lock);
    bound_unref (b);
}

void *writer_run (void *scan)
{
    struct scan *s = scan;
    g_autoptr (GPtrArray) batch = g_ptr_array_new ();
    void *items[LIMIT_BATCH_RESULTS];
    bool is_urgent;
    size_t n;
    while (
        (n = queue_pop_many (s->results, items, LIMIT_BATCH_RESULTS, LIMIT_BATCH_MS, &is_urgent))) {
        for (size_t i = 0; i < n; i++)
            g_ptr_array_add (batch, items[i]);
        while (batch->len)
            store_batch (s, batch, is_urgent);
    }
    return NULL;
}
