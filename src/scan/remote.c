/* Remote objects: from work, by fetches and workers in turns, to the writer. No thread waits for a
 * round trip: the indexer begins a fetch, the thread that fetches hands what came to the pool, the
 * pool's thread begins the next fetch. What all of them hold in memory is counted before it is
 * fetched; who finds no room waits for it here, without a thread. */
#include "scan/internal.h"

#include <assert.h>
#include <string.h>

#include "base/log.h"
#include "base/macros.h"

static_assert (STORE_RANGES == FRAME_KNOWN, "what a handle knows fits a job");

static void let_go (struct scan *s);

static bool is_over (const struct extraction *x)
{
    struct scan *s = x->bound->scan;
    pthread_mutex_lock (&s->lock);
    bool is = s->is_stopping;
    pthread_mutex_unlock (&s->lock);
    return is || atomic_load (&x->bound->is_ending);
}

/* ---- what else is known of an object that cannot be read? ---- */

/* Neither a fetch nor a listing told what it is now, and it will be a row. */
static bool lacks_facts (const struct extraction *x)
{
    if (x->handle.rounds > 0 || (x->item->has_row && x->item->row.status == FILE_PENDING))
        return false;
    return x->code == ERR_STORE_ARCHIVED || (x->code == ERR_STORE_DENIED && x->item->has_row);
}

/* The thread that asks, for a store may take its time, and all results go through the writer. */
void *remote_run_lookups (void *scan)
{
    struct scan *s = scan;
    struct extraction *x;
    while ((x = queue_pop (s->lookups, -1))) {
        if (!is_over (x))
            x->remote.has_facts = store_head (x->handle.store, x->bound->bucket, x->item->key,
                                              &x->handle.facts, NULL) == ERR_OK;
        extraction_to_writer (x);
    }
    return NULL;
}

/* ---- the end ---- */

static void forget_bytes (struct store_handle *h)
{
    if (h->fd >= 0)
        close (steal_fd (&h->fd));
}

/* Whatever came of it. What it holds is free for others. */
static void finish (struct extraction *x)
{
    struct scan *s = x->bound->scan;
    pthread_mutex_lock (&s->lock);
    kept_settle (x);
    s->fetched_bytes -= x->remote.reserved;
    s->fetching_objects--;
    pthread_mutex_unlock (&s->lock);
    forget_bytes (&x->handle);
    forget_bytes (&x->sidecar);
    if (!lacks_facts (x) || queue_push (s->lookups, x, NULL) != ERR_OK)
        extraction_to_writer (x);
    let_go (s);
}

static void finish_with (struct extraction *x, enum err code, const char *message)
{
    x->code = code;
    g_strlcpy (x->message, message, sizeof x->message);
    finish (x);
}

static void submit (struct extraction *x)
{
    struct error e;
    enum err r = extraction_submit (x, &e);
    if (r != ERR_OK)
        finish_with (x, r, e.message);
}

/* ---- room ---- */

/* One at least may always go on, however large it is. With scan->lock. */
static bool has_room (const struct scan *s, const struct extraction *x)
{
    return s->is_stopping || s->fetching_objects == 0 ||
           s->fetched_bytes + x->remote.wanted <= LIMIT_FETCH_MEMORY;
}

/* With scan->lock. */
static void take_room (struct scan *s, struct extraction *x)
{
    s->fetching_objects++;
    s->fetched_bytes += x->remote.wanted;
    x->remote.reserved += x->remote.wanted;
}

/* The next one that waited and has room now. With scan->lock. */
static struct extraction *next_waiting (struct scan *s)
{
    for (size_t i = 0; i < N_ELEMENTS (s->fetches_waiting); i++) {
        struct extraction *x = g_queue_peek_head (&s->fetches_waiting[i]);
        if (!x)
            continue;
        if (!has_room (s, x))
            return NULL;
        take_room (s, x);
        return g_queue_pop_head (&s->fetches_waiting[i]);
    }
    return NULL;
}

static void fetch (struct extraction *x);

/* Not from within itself: a fetch that fails at once makes room for the next one. */
static void let_go (struct scan *s)
{
    struct extraction *x = NULL;
    pthread_mutex_lock (&s->lock);
    bool is_mine = !s->is_letting_go;
    while (is_mine && (x = next_waiting (s))) {
        s->is_letting_go = true;
        pthread_mutex_unlock (&s->lock);
        fetch (x);
        pthread_mutex_lock (&s->lock);
    }
    if (is_mine)
        s->is_letting_go = false;
    pthread_mutex_unlock (&s->lock);
}

/* Fetches as soon as there is room for `bytes` more. Those that hold some already, and urgent ones,
 * go before those that are new. */
static void fetch_when_there_is_room (struct extraction *x, uint64_t bytes)
{
    struct scan *s = x->bound->scan;
    bool is_new = x->handle.rounds == 0;
    x->remote.wanted = bytes;
    pthread_mutex_lock (&s->lock);
    if (!is_new)
        s->fetching_objects--;
    bool goes_first = !is_new || x->item->priority == WORK_EVENT;
    g_queue_push_tail (&s->fetches_waiting[goes_first ? 0 : 1], x);
    pthread_mutex_unlock (&s->lock);
    let_go (s);
}

/* What was reserved and did not come is given back. */
static void settle (struct extraction *x)
{
    struct scan *s = x->bound->scan;
    uint64_t held = x->sidecar.fd >= 0 ? x->sidecar.facts.size : 0;
    for (unsigned i = 0; i < x->handle.n_known; i++)
        held += x->handle.known[i].length;
    pthread_mutex_lock (&s->lock);
    s->fetched_bytes += held - x->remote.reserved;
    pthread_mutex_unlock (&s->lock);
    x->remote.reserved = held;
}

/* ---- what came ---- */

/* One that is not there, cannot be read or is too large is as good as none; if the store fails, so
 * does its image. */
static void judge_sidecar (struct extraction *x)
{
    struct remote *r = &x->remote;
    uint64_t size = x->sidecar.facts.size;
    bool is_failure = r->sidecar_code == ERR_STORE_DOWN ||
                      r->sidecar_code == ERR_STORE_CREDENTIALS || r->sidecar_code == ERR_CLOSED ||
                      r->sidecar_code == ERR_BUSY;
    if (x->code == ERR_OK && is_failure) {
        x->code = r->sidecar_code;
        g_strlcpy (x->message, "its sidecar cannot be fetched", sizeof x->message);
    }
    if (r->sidecar_code != ERR_OK || size == 0 || size > LIMIT_XMP)
        store_handle_clear (&x->sidecar);
}

static void fetch_rest (struct extraction *x)
{
    uint64_t size = x->handle.facts.size, held = 0;
    for (unsigned i = 0; i < x->handle.n_known; i++)
        held += x->handle.known[i].length;
    x->remote.more[0] = (struct store_range){ 0, size };
    x->remote.n_more = 1;
    fetch_when_there_is_room (x, size - held);
}

/* All of a round has come, or failed. */
static void on_round (struct extraction *x)
{
    bool is_first = x->remote.n_more == 0;
    if (is_first)
        judge_sidecar (x);
    settle (x);
    if (is_over (x)) {
        finish_with (x, ERR_CLOSED, "the binding or the server ends");
    } else if (x->code != ERR_OK) {
        finish (x);
    } else if (is_first && extraction_is_indexed (x)) {
        x->is_unchanged = true;
        finish (x);
    } else if (is_first && !store_handle_is_whole (&x->handle) &&
               x->handle.facts.size <= x->remote.prefetch->whole) {
        fetch_rest (x); /* how large it is was not known */
    } else {
        submit (x);
    }
}

/* Counts a fetch out, as the last thing that is done for it. */
static void leave (struct scan *s)
{
    pthread_mutex_lock (&s->lock);
    if (--s->fetches == 0)
        pthread_cond_broadcast (&s->fetches_ended);
    pthread_mutex_unlock (&s->lock);
}

static void on_part (struct extraction *x)
{
    if (atomic_fetch_sub (&x->remote.under_way, 1) == 1)
        on_round (x);
}

static void on_object (void *arg, enum err code, const char *message)
{
    struct extraction *x = arg;
    struct scan *s = x->bound->scan;
    x->code = code;
    g_strlcpy (x->message, message, sizeof x->message);
    on_part (x);
    leave (s);
}

static void on_sidecar (void *arg, enum err code, const char *message UNUSED)
{
    struct extraction *x = arg;
    struct scan *s = x->bound->scan;
    x->remote.sidecar_code = code;
    on_part (x);
    leave (s);
}

/* ---- fetching ---- */

/* Counts a fetch in. False if nothing is fetched any more. */
static bool enter (struct scan *s)
{
    pthread_mutex_lock (&s->lock);
    bool is_open = !s->is_stopping;
    s->fetches++;
    pthread_mutex_unlock (&s->lock);
    return is_open;
}

/* Begins a fetch; if it does not begin, that is what came of it. */
static void begin_fetch (struct extraction *x, struct store_handle *h, uint64_t head, uint64_t tail,
                         store_fetched_fn *done)
{
    struct scan *s = x->bound->scan;
    struct error e;
    size_t n = h == &x->handle ? x->remote.n_more : 0;
    enum err r = enter (s) ? store_fetch (h, head, tail, x->remote.more, n, done, x, &e)
                           : FAIL (&e, CLOSED, "the server stops");
    if (r != ERR_OK)
        done (x, r, e.message);
}

static void fetch (struct extraction *x)
{
    struct remote *r = &x->remote;
    bool has_sidecar = x->sidecar.key && x->handle.rounds == 0;
    atomic_store (&r->under_way, has_sidecar ? 2 : 1);
    if (has_sidecar)
        begin_fetch (x, &x->sidecar, LIMIT_XMP, 0, on_sidecar);
    begin_fetch (x, &x->handle, r->head, r->tail, on_object);
}

/* What the object's first fetch brings. How large it is, its row may say: as it was when that was
 * written. */
static uint64_t plan_first (struct extraction *x, const char *extension)
{
    struct remote *r = &x->remote;
    r->prefetch = prefetch_find (extension);
    r->head = r->prefetch->head;
    r->tail = r->prefetch->tail;
    uint64_t size = x->item->has_row ? x->item->row.version.size : UINT64_MAX;
    x->handle.facts.size = x->item->has_row ? size : 0; /* a guess, for the store too */
    if (size > r->prefetch->whole)
        return MIN (size, r->head + r->tail);
    r->head = r->prefetch->whole;
    r->tail = 0;
    return size;
}

/* How large the sidecar is; 0: not worth a fetch. */
static uint64_t size_of_sidecar (const struct bound *b, const char *key)
{
    struct index_entry row;
    bool is_there = key && files_get_entry (b->db, b->bucket, key, &row, NULL) == ERR_OK;
    return is_there && row.version.size <= LIMIT_XMP ? row.version.size : 0;
}

void remote_begin (struct extraction *x, struct store *store, const char *sidecar)
{
    const struct bound *b = x->bound;
    char extension[FRAME_EXTENSION];
    uint64_t sidecar_size = size_of_sidecar (b, sidecar);
    store_handle_init (&x->handle, store, b->bucket, x->item->key);
    if (x->item->is_archived) {
        x->code = ERR_STORE_ARCHIVED;
        extraction_to_writer (x);
        return;
    }
    if (sidecar_size)
        store_handle_init (&x->sidecar, store, b->bucket, sidecar);
    x->handle.is_urgent = x->sidecar.is_urgent = x->item->priority == WORK_EVENT;
    frame_extension (x->item->key, extension);
    x->handle.is_urgent = x->sidecar.is_urgent = x->item->priority == WORK_EVENT;
    if (x->item->has_row) {
        x->handle.facts.size = x->item->row.version.size;
        g_strlcpy (x->handle.facts.etag, x->item->row.version.etag, sizeof x->handle.facts.etag);
    }
    if (kept_take (x))
        submit (x);
    else
        fetch_when_there_is_room (x, plan_first (x, extension) + sidecar_size);
}

void remote_need (struct extraction *x, const struct frame_need *need)
{
    struct remote *r = &x->remote;
    uint64_t bytes = 0;
    r->n_more = prefetch_more (&x->handle, need, r->more);
    for (unsigned i = 0; i < r->n_more; i++)
        bytes += r->more[i].length;
    r->is_final = r->n_more == 0;
    if (r->is_final)
        submit (x);
    else
        fetch_when_there_is_room (x, bytes);
}

void remote_end (struct extraction *x)
{
    finish (x);
}

void remote_stop (struct scan *s)
{
    let_go (s); /* those that wait end at once */
    stores_cancel (s->o.stores);
    pthread_mutex_lock (&s->lock);
    while (s->fetches)
        pthread_cond_wait (&s->fetches_ended, &s->lock);
    pthread_mutex_unlock (&s->lock);
    queue_close (s->lookups);
    if (s->n_scan_threads)
        pthread_join (s->lookup_thread, NULL);
    queue_free (s->lookups);
}
