/* The indexer: takes due work, compares the object with its row, hands what differs to a worker.
 * One thread for all bindings; it never waits for a worker, only for room among the jobs in flight.
 */
#include "scan/internal.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "index/operators.h"
#include "index/sidecar.h"

void extraction_free (struct extraction *x)
{
    if (!x)
        return;
    store_handle_clear (&x->handle);
    store_handle_clear (&x->sidecar);
    work_item_free (x->item);
    bound_unref (x->bound);
    if (x->meta)
        json_decref (x->meta);
    g_free (x);
}

/* The results queue has room for all that may be in flight, so this cannot fail. */
void extraction_to_writer (struct extraction *x)
{
    struct error e;
    struct queue *results = x->bound->scan->results;
    enum err r = x->item->priority == WORK_EVENT ? queue_push_urgent (results, x, &e)
                                                 : queue_push (results, x, &e);
    if (r != ERR_OK)
        g_error ("results of extraction: %s", e.message);
}

static void on_extracted (void *arg, struct pool_result *result)
{
    struct extraction *x = arg;
    if (result->code == ERR_NEED_MORE) {
        remote_need (x, &result->need);
        return;
    }
    x->code = result->code;
    x->meta = g_steal_pointer (&result->meta);
    x->left_text = result->left_text;
    x->bytes = result->bytes;
    struct scan *s = x->bound->scan;
    pthread_mutex_lock (&s->lock);
    s->results_bytes += x->bytes;
    if (s->results_bytes > LIMIT_RESULTS_WAITING)
        pool_hold (s->pool, true);
    pthread_mutex_unlock (&s->lock);
    g_strlcpy (x->message, result->message, sizeof x->message);
    if (x->handle.is_remote)
        remote_end (x);
    else
        extraction_to_writer (x);
}

bool extraction_is_indexed (const struct extraction *x)
{
    const struct index_entry *row = &x->item->row;
    return x->item->has_row && row->status == FILE_INDEXED &&
           row->version.size == x->handle.facts.size &&
           row->version.mtime_ns == x->handle.facts.mtime_ns &&
           strcmp (row->version.etag, x->handle.facts.etag) == 0 &&
           !store_class_is_archived (row->storage_class) &&
           row->extractor >= pool_extractor_version () && row->operators == x->operators;
}

bool extraction_is_overdue (const struct extraction *x)
{
    return clock_now_ns () - x->item->since_ns >= LIMIT_RESTLESS_MS * NS_PER_MS;
}

/* A file that was changed a moment ago may still be written: work that was to settle waits on. */
static bool is_restless (const struct extraction *x)
{
    int64_t age;
    if (x->item->not_before_ns == 0 ||
        __builtin_sub_overflow (clock_now_ns (), x->handle.facts.mtime_ns, &age))
        return false;
    return age >= 0 && age < LIMIT_SETTLE_MS * NS_PER_MS;
}

/* What is known of it, if that is not all; returns how many ranges. */
static unsigned list_known (const struct store_handle *h, struct frame_range ret[FRAME_KNOWN])
{
    unsigned n = store_handle_is_whole (h) ? 0 : h->n_known;
    for (unsigned i = 0; i < n; i++)
        ret[i] = (struct frame_range){ h->known[i].at, h->known[i].length };
    return n;
}

static enum pool_priority priority_of (const struct extraction *x)
{
    static const enum pool_priority of[WORK_PRIORITIES] = {
        [WORK_EVENT] = POOL_URGENT, [WORK_SCAN] = POOL_BACKGROUND, [WORK_TEXT] = POOL_LATER
    };
    return of[x->item->priority];
}

/* Rows first, texts then; of a remote object only where it need not be fetched twice for that. */
static bool leaves_text (struct extraction *x)
{
    if (!(x->operators & OP_EXTRACT_TEXT))
        return true;
    return x->item->priority == WORK_SCAN && (!x->handle.is_remote || kept_reserve (x));
}

/* A worker gets a memory file by a descriptor that cannot write; a file of a folder is opened to be
 * read only. */
enum err extraction_submit (struct extraction *x, struct error *e)
{
    char extension[FRAME_EXTENSION];
    struct frame_range known[FRAME_KNOWN];
    bool has_sidecar = x->sidecar.fd >= 0, is_remote = x->handle.is_remote;
    _cleanup_close_ int fd = -1, sidecar_fd = -1;
    frame_extension (x->item->key, extension);
    enum err r = is_remote ? store_handle_reader (&x->handle, &fd, e) : ERR_OK;
    if (r == ERR_OK && has_sidecar && is_remote)
        r = store_handle_reader (&x->sidecar, &sidecar_fd, e);
    if (r != ERR_OK)
        return r;
    if (has_sidecar && !is_remote)
        sidecar_fd = steal_fd (&x->sidecar.fd);
    struct pool_job job = { .fd = is_remote ? steal_fd (&fd) : x->handle.fd,
                            .lends_fd = !is_remote,
                            .size = x->handle.facts.size,
                            .sidecar_size = has_sidecar ? x->sidecar.facts.size : 0,
                            .sidecar_fd = steal_fd (&sidecar_fd),
                            .extension = extension,
                            .known = known,
                            .n_known = list_known (&x->handle, known),
                            .is_final = x->remote.is_final,
                            .leaves_text = leaves_text (x),
                            .priority = priority_of (x),
                            .done = on_extracted,
                            .arg = x };
    return pool_submit (x->bound->scan->pool, &job, e);
}

/* Opens the object. VERSION_CHANGED if it is still being written. */
static enum err open_object (struct extraction *x, struct store *store, struct store_near *near,
                             struct error *e)
{
    const char *bucket = x->bound->bucket, *key = x->item->key;
    enum err r = store_open (store, bucket, key, near, &x->handle, e);
    if (r == ERR_STORE_DENIED && store_head (store, bucket, key, &x->handle.facts, NULL) != ERR_OK)
        return ERR_STORE_DOWN;
    x->is_restless = r == ERR_OK && is_restless (x);
    if (x->is_restless && !extraction_is_overdue (x))
        return FAIL (e, VERSION_CHANGED, "the object is still being written");
    return r;
}

static enum err find_sidecar (const struct extraction *x, char **ret, struct error *e)
{
    const struct bound *b = x->bound;
    *ret = NULL;
    return sidecar_is_image (x->item->key) ? sidecar_find (b->db, b->bucket, x->item->key, ret, e)
                                           : ERR_OK;
}

/* One that is not there, cannot be read or is too large is as good as none: when that changes, so
 * does its own row, and the image is looked at again. */
static enum err open_sidecar (struct extraction *x, struct store_near *near, struct error *e)
{
    const struct bound *b = x->bound;
    g_autofree char *key = NULL;
    struct store *store;
    enum err r = find_sidecar (x, &key, e);
    if (r != ERR_OK || !key)
        return r;
    r = stores_find_near (b->scan->o.stores, b->bucket, near, &store, e);
    if (r == ERR_OK)
        r = store_open (store, b->bucket, key, near, &x->sidecar, e);
    if (r == ERR_OK && (x->sidecar.facts.size == 0 || x->sidecar.facts.size > LIMIT_XMP))
        store_handle_clear (&x->sidecar);
    return r == ERR_NO_OBJECT || r == ERR_NOT_A_FILE || r == ERR_STORE_DENIED ? ERR_OK : r;
}

/* What objects that were taken together have in common. */
struct round {
    uint32_t operators;
    bool has_sidecars;
    struct store_near near;
};

/* Asked after the work was taken: a sidecar that comes later dirties its image again. If it cannot
 * be told, each image tells. */
static bool may_have_sidecars (const struct bound *b)
{
    bool is_used = true;
    return sidecar_is_used (b->db, b->bucket, &is_used, NULL) != ERR_OK || is_used;
}

/* True if it is on its way now, and may be answered and gone already. */
static bool begin_remote (struct extraction *x, struct store *store, const struct round *round,
                          struct error *e)
{
    g_autofree char *sidecar = NULL;
    x->code = round->has_sidecars ? find_sidecar (x, &sidecar, e) : ERR_OK;
    if (x->code != ERR_OK)
        return false;
    remote_begin (x, store, sidecar);
    return true;
}

/* The same. */
static bool begin_local (struct extraction *x, struct store *store, struct round *round,
                         struct error *e)
{
    x->code = open_object (x, store, &round->near, e);
    x->is_unchanged = x->code == ERR_OK && extraction_is_indexed (x);
    if (x->code == ERR_OK && !x->is_unchanged && round->has_sidecars)
        x->code = open_sidecar (x, &round->near, e);
    if (x->code != ERR_OK || x->is_unchanged)
        return false;
    enum err r = extraction_submit (x, e);
    if (r != ERR_OK)
        x->code = r;
    return r == ERR_OK;
}

static enum err find_store (struct bound *b, const struct store_near *near, struct store **ret,
                            struct error *e)
{
    *ret = atomic_load (&b->remote);
    enum err r = *ret ? ERR_OK : stores_find_near (b->scan->o.stores, b->bucket, near, ret, e);
    if (r == ERR_OK && store_is_remote (*ret))
        atomic_store (&b->remote, *ret);
    return r;
}

/* Sends an object on its way: to its store or to a worker, or straight to the writer when there is
 * nothing to extract. */
static void begin (struct bound *b, struct work_item *item, struct round *round)
{
    struct extraction *x = g_new0 (struct extraction, 1);
    *x = (struct extraction){ .bound = bound_ref (b),
                              .item = item,
                              .handle.fd = -1,
                              .sidecar.fd = -1,
                              .operators = round->operators };
    struct error e = { 0 };
    struct store *store;
    x->code = find_store (b, &round->near, &store, &e);
    if (x->code == ERR_OK && (store_is_remote (store) ? begin_remote (x, store, round, &e)
                                                      : begin_local (x, store, round, &e)))
        return;
    g_strlcpy (x->message, e.message, sizeof x->message);
    extraction_to_writer (x);
}

/* Takes the items. */
static void begin_all (struct bound *b, GPtrArray *items, uint32_t operators)
{
    struct round round = { .operators = operators,
                           .has_sidecars = items->len && may_have_sidecars (b) };
    store_near_init (&round.near);
    g_ptr_array_set_free_func (items, NULL);
    for (guint i = 0; i < items->len; i++)
        begin (b, g_ptr_array_index (items, i), &round);
    store_near_clear (&round.near);
}

/* With scan->lock. */
static void count_in (struct bound *b, const struct work_item *item)
{
    int64_t *id = g_new (int64_t, 1);
    *id = item->id;
    g_hash_table_add (b->in_flight, id);
    if (item->priority == WORK_EVENT) {
        b->scan->urgent_in_flight++;
    } else {
        b->scan->texts_in_flight += item->priority == WORK_TEXT;
        b->scan->background_in_flight++;
        b->background_in_flight++;
    }
}

/* Nothing of the first scan is left to do: from now on the binding follows changes. With
 * scan->lock. */
static void finish_full_scan (struct bound *b, int64_t next_ns)
{
    if (b->phase != BINDING_FULL_SCANNING || !b->ranges_done_ms || b->background_in_flight)
        return;
    bool is_quiet = next_ns == INT64_MAX && !b->may_have_ranges && !b->ranges_running;
    bool settled = is_quiet || clock_mono_ms () - b->ranges_done_ms > SCAN_SETTLED_MS;
    if (settled && b->state == BINDING_RUNNING)
        bound_set_state (b, b->state, BINDING_INCREMENTAL_SCANNING, b->reason);
}

/* Texts wait until nothing else is on its way. With scan->lock. */
static bool is_time_for_texts (const struct bound *b)
{
    const struct scan *s = b->scan;
    return !b->ranges_running && s->texts_in_flight == s->background_in_flight;
}

/* What is due, up to `room`, if nothing else is that and texts up to `text_room`. */
static enum err take (struct bound *b, enum work_priority lowest, int64_t now, size_t room,
                      size_t text_room, GHashTable *skip, GPtrArray **ret, int64_t *ret_next_ns,
                      struct error *e)
{
    enum err r = work_take (b->db, b->id, lowest, now, room, skip, ret, ret_next_ns, e);
    if (r != ERR_OK || (*ret)->len || lowest == WORK_EVENT)
        return r;
    g_clear_pointer (ret, g_ptr_array_unref);
    return work_take (b->db, b->id, WORK_TEXT, now, MIN (room, text_room), skip, ret, ret_next_ns,
                      e);
}

/* ---- The budget of a binding: its objects per second, a second's worth at once ---- */

#define BUDGET_STEP_NS (NS_PER_S / 10) /* so that few looks take many */

static size_t budget_room (const struct bound *b, int64_t now_ns)
{
    int64_t per_s = b->scan->o.objects_per_s;
    if (!per_s)
        return SIZE_MAX;
    int64_t used_ns = CLAMP (b->budget_ns - now_ns, 0, NS_PER_S);
    return (size_t) ((NS_PER_S - used_ns) * per_s / NS_PER_S);
}

/* With scan->lock. */
static void budget_use (struct bound *b, const GPtrArray *items, int64_t now_ns)
{
    int64_t per_s = b->scan->o.objects_per_s, n = 0;
    for (guint i = 0; i < items->len; i++)
        n += ((const struct work_item *) g_ptr_array_index (items, i))->priority != WORK_EVENT;
    if (per_s)
        b->budget_ns = CLAMP (b->budget_ns, now_ns, now_ns + NS_PER_S) + n * NS_PER_S / per_s;
}

/* Takes and begins what is due for one binding. Returns true if there may be more at once. Called
 * and returns with scan->lock, without it in between. */
static bool serve (struct bound *b)
{
    struct scan *s = b->scan;
    bool urgent_only = s->background_in_flight >= LIMIT_JOBS_IN_FLIGHT - SCAN_URGENT_SHARE;
    size_t room = LIMIT_JOBS_IN_FLIGHT - s->background_in_flight - s->urgent_in_flight;
    if (!urgent_only)
        room = MIN (room, LIMIT_JOBS_IN_FLIGHT - SCAN_URGENT_SHARE - s->background_in_flight);
    size_t text_room =
        is_time_for_texts (b) ? SCAN_TEXTS - MIN (SCAN_TEXTS, s->texts_in_flight) : 0;
    int64_t now = clock_now_ns ();
    size_t budget = budget_room (b, now);
    bool is_spent = !urgent_only && budget == 0;
    if (!urgent_only && !is_spent)
        room = MIN (room, budget);
    b->next_work_ns = INT64_MAX; /* whoever adds work from here on sets it back */
    g_autoptr (GHashTable) skip = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
    GHashTableIter iter;
    int64_t *id;
    g_hash_table_iter_init (&iter, b->in_flight);
    while (g_hash_table_iter_next (&iter, (void **) &id, NULL))
        g_hash_table_add (skip, g_memdup2 (id, sizeof *id));
    pthread_mutex_unlock (&s->lock);

    g_autoptr (GPtrArray) items = NULL;
    int64_t next_ns = now + NS_PER_S;
    struct error e;
    enum err r = take (b, urgent_only || is_spent ? WORK_EVENT : WORK_SCAN, now, room, text_room,
                       skip, &items, &next_ns, &e);
    pthread_mutex_lock (&s->lock);
    if (r != ERR_OK) {
        LOG (LOG_ERROR, "scan", "cannot read the work of a binding", LOG_STR ("bucket", b->bucket),
             LOG_STR ("error", e.message));
        b->next_work_ns = now + NS_PER_S;
        return false;
    }
    for (guint i = 0; i < items->len; i++)
        count_in (b, g_ptr_array_index (items, i));
    budget_use (b, items, now);
    if (is_spent)
        next_ns = MIN (next_ns, now + MAX (BUDGET_STEP_NS, NS_PER_S / b->scan->o.objects_per_s));
    guint taken = items->len;
    b->is_starved |= urgent_only;
    bool texts_wait = !taken && next_ns <= now; /* whoever ends the last other job looks, too */
    if (texts_wait)
        next_ns = now + SCAN_TEXTS_MS * NS_PER_MS;
    b->next_work_ns = MIN (b->next_work_ns, taken == room ? 0 : next_ns);
    if (!taken && !urgent_only && !is_spent && !texts_wait)
        finish_full_scan (b, next_ns);
    if (next_ns == INT64_MAX && !b->background_in_flight)
        kept_forget (s, b);
    uint32_t operators = b->operators;
    pthread_mutex_unlock (&s->lock);
    begin_all (b, items, operators);
    pthread_mutex_lock (&s->lock);
    return taken > 0;
}

/* Work that is due in a day is due now: the clock was set back. */
static bool has_due_work (const struct bound *b, int64_t now_ns)
{
    return b->next_work_ns <= now_ns ||
           (b->next_work_ns < INT64_MAX && b->next_work_ns - now_ns > LIMIT_WORK_WAIT_NS);
}

/* The next binding with due work, as a reference; with scan->lock. */
static struct bound *next_bound (struct scan *s, int64_t now_ns, int64_t *ret_due_ns)
{
    GHashTableIter iter;
    struct bound *b, *found = NULL;
    *ret_due_ns = now_ns + NS_PER_S;
    g_hash_table_iter_init (&iter, s->bounds);
    while (g_hash_table_iter_next (&iter, NULL, (void **) &b)) {
        if (!b->has_begun || b->is_paused || clock_mono_ms () < b->retry_ms)
            continue;
        if (has_due_work (b, now_ns) && (!found || b->served < found->served))
            found = b;
        *ret_due_ns = MIN (*ret_due_ns, b->next_work_ns);
    }
    return found ? bound_ref (found) : NULL;
}

static void wait_until (struct scan *s, int64_t due_ns)
{
    int64_t wait_ms = CLAMP ((due_ns - clock_now_ns ()) / NS_PER_MS + 1, 1, 1000);
    int64_t until_ms = clock_mono_ms () + wait_ms;
    struct timespec until = { .tv_sec = until_ms / 1000, .tv_nsec = until_ms % 1000 * NS_PER_MS };
    pthread_cond_timedwait (&s->index_wake, &s->lock, &until);
}

void *indexer_run (void *scan)
{
    struct scan *s = scan;
    uint64_t turn = 0;
    pthread_mutex_lock (&s->lock);
    while (!s->is_stopping) {
        int64_t due_ns;
        bool is_full = s->background_in_flight + s->urgent_in_flight >= LIMIT_JOBS_IN_FLIGHT;
        struct bound *b = is_full ? NULL : next_bound (s, clock_now_ns (), &due_ns);
        if (b) {
            b->served = ++turn;
            serve (b);
            pthread_mutex_unlock (&s->lock);
            bound_unref (b);
            pthread_mutex_lock (&s->lock);
        } else {
            wait_until (s, is_full ? clock_now_ns () + NS_PER_S : due_ns);
        }
    }
    pthread_mutex_unlock (&s->lock);
    return NULL;
}
