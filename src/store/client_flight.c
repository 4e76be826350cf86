/* The way of a request on the fetch thread: it waits, flies, lands, perhaps pauses and flies again,
 * and is done. Which one goes next is decided here. */
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/text.h"
#include "store/client_private.h"

/* It waits no more. */
static void uncount (struct fetch *f)
{
    struct client *c = f->client;
    if (!f->is_counted)
        return;
    f->is_counted = false;
    pthread_mutex_lock (&c->thread->lock);
    atomic_store (&c->n_queued, --c->n_waiting);
    if (c->n_blocked > 0)
        pthread_cond_broadcast (&c->thread->changed);
    pthread_mutex_unlock (&c->thread->lock);
}

static void finish (struct fetch *f)
{
    uncount (f);
    if (!g_utf8_validate (f->answer.message, -1, NULL)) {
        g_autofree char *valid = g_utf8_make_valid (f->answer.message, -1);
        g_strlcpy (f->answer.message, valid, sizeof f->answer.message);
    }
    if (f->answer.code != ERR_OK && f->answer.body) {
        g_byte_array_unref (f->answer.body);
        f->answer.body = NULL;
    }
    f->answer.tries = f->tries;
    f->ask.done (f->ask.arg, &f->answer);
    fetch_free (f);
}

static void finish_with (struct fetch *f, enum err code, const char *message)
{
    f->answer.code = code;
    g_strlcpy (f->answer.message, message, sizeof f->answer.message);
    finish (f);
}

GQueue *flight_queue (struct fetch *f)
{
    return f->ask.is_urgent ? &f->client->urgent : &f->client->normal;
}

static gint by_due (gconstpointer a, gconstpointer b, gpointer unused UNUSED)
{
    const struct fetch *x = a, *y = b;
    return x->due_ms < y->due_ms ? -1 : x->due_ms > y->due_ms;
}

static uint64_t random_below (uint64_t n)
{
    uint32_t x = g_random_int ();
    return n ? x % n : 0;
}

/* Full jitter: anything up to a bound that doubles, so that those who were refused together do not
 * come back together. */
static int64_t pause_ms (const struct fetch *f)
{
    unsigned doublings = MIN (f->tries, 10u) - 1;
    uint64_t most =
        MIN ((uint64_t) LIMIT_STORE_PAUSE_MS << doublings, (uint64_t) LIMIT_STORE_PAUSE_MOST_MS);
    int64_t wish_ms = 0;
    const char *after = client_header (&f->answer, "retry-after");
    uint64_t wish_s;
    if (after && text_parse_u64 (after, &wish_s))
        wish_ms = (int64_t) MIN (wish_s * 1000, (uint64_t) LIMIT_STORE_PAUSE_MOST_MS);
    return wish_ms + 1 + (int64_t) random_below (most);
}

static bool may_repeat (const struct fetch *f)
{
    int status = f->answer.status;
    bool is_done_perhaps = status != 503 && status != 429;
    return !g_str_equal (f->ask.method, "POST") || !is_done_perhaps;
}

/* After an answer that may pass by itself. */
static void try_later (struct client_thread *t, struct fetch *f)
{
    f->is_asking_why = false;
    g_free (f->earlier);
    f->earlier = g_strdup (f->answer.message);
    f->due_ms = clock_mono_ms () + pause_ms (f);
    if (f->tries >= LIMIT_STORE_TRIES || f->due_ms >= f->deadline_ms || !may_repeat (f)) {
        finish (f);
        return;
    }
    g_sequence_insert_sorted (t->pausing, f, by_due, NULL);
    pthread_mutex_lock (&t->lock);
    f->is_counted = true;
    atomic_store (&f->client->n_queued, ++f->client->n_waiting);
    pthread_mutex_unlock (&t->lock);
}

static void release_handle (struct client_thread *t, struct fetch *f)
{
    curl_multi_remove_handle (t->multi, f->easy);
    curl_easy_reset (f->easy);
    g_ptr_array_add (t->idle, f->easy);
    f->easy = NULL;
    g_queue_unlink (&f->client->flying, &f->link);
    atomic_store (&f->client->n_in_flight, f->client->flying.length);
    t->n_in_flight--;
}

static void note_success (struct fetch *f)
{
    struct client *c = f->client;
    window_succeeded (&c->window);
    if (f->credential && f->answer.code == ERR_OK) {
        c->trusted = f->credential->number;
        c->trusted_until_ms = clock_mono_ms () + LIMIT_STORE_TRUST_MS;
    }
}

/* curl is through with it. */
void flight_land (struct client_thread *t, struct fetch *f, CURLcode result)
{
    struct client *c = f->client;
    long connects = 0;
    curl_easy_getinfo (f->easy, CURLINFO_NUM_CONNECTS, &connects);
    atomic_fetch_add (&c->n_connections, (uint64_t) connects);
    enum next next = answer_finish (f, result);
    release_handle (t, f);
    if (next == NEXT_DONE || next == NEXT_AGAIN)
        note_success (f);
    if (next == NEXT_SLOWER) {
        atomic_fetch_add (&c->n_throttled, 1);
        window_throttled (&c->window, f->sent_ms, clock_mono_ms ());
    }
    atomic_store (&c->window_size, c->window.size);
    fetch_clear_try (f);
    switch (next) {
    case NEXT_DONE:
        finish (f);
        return;
    case NEXT_AGAIN:
        g_queue_push_head_link (flight_queue (f), &f->link);
        return;
    case NEXT_LATER:
    case NEXT_SLOWER:
        try_later (t, f);
        return;
    }
}

static CURL *take_handle (struct client_thread *t)
{
    if (t->idle->len > 0)
        return g_ptr_array_steal_index_fast (t->idle, t->idle->len - 1);
    return curl_easy_init ();
}

static void take_off (struct client_thread *t, struct fetch *f)
{
    struct client *c = f->client;
    struct error e = { 0 };
    uncount (f);
    f->easy = take_handle (t);
    enum err r = f->easy ? fetch_prepare (f, &e) : FAIL (&e, IO, "out of memory");
    if (r == ERR_OK && curl_multi_add_handle (t->multi, f->easy) != CURLM_OK)
        r = FAIL (&e, IO, "out of memory");
    if (r != ERR_OK) {
        g_clear_pointer (&f->easy, curl_easy_cleanup);
        finish_with (f, r, e.message);
        return;
    }
    f->sent_ms = clock_mono_ms ();
    atomic_fetch_add (&c->n_requests, 1);
    if (f->tries++ > 0)
        atomic_fetch_add (&c->n_retries, 1);
    g_queue_push_tail_link (&c->flying, &f->link);
    atomic_store (&c->n_in_flight, c->flying.length);
    t->n_in_flight++;
}

static bool start_one (struct client_thread *t, struct client *c)
{
    bool is_full = c->flying.length >= c->window.size;
    window_asked (&c->window, is_full && c->urgent.length + c->normal.length > 0);
    if (is_full || t->n_in_flight >= LIMIT_STORE_IN_FLIGHT)
        return false;
    GList *link = g_queue_pop_head_link (&c->urgent);
    if (!link)
        link = g_queue_pop_head_link (&c->normal);
    if (link)
        take_off (t, link->data);
    return link != NULL;
}

/* Stores take turns, one request each. */
void flight_start (struct client_thread *t)
{
    for (unsigned idle = 0; idle < t->clients->len;) {
        t->next_client = (t->next_client + 1) % t->clients->len;
        idle = start_one (t, g_ptr_array_index (t->clients, t->next_client)) ? 0 : idle + 1;
    }
}

/* ---- What time brings ---- */

void flight_resume (struct client_thread *t, int64_t now_ms)
{
    while (!g_sequence_is_empty (t->pausing)) {
        GSequenceIter *first = g_sequence_get_begin_iter (t->pausing);
        struct fetch *f = g_sequence_get (first);
        if (f->due_ms > now_ms)
            return;
        g_sequence_remove (first);
        g_queue_push_head_link (flight_queue (f), &f->link);
    }
}

static void expire (GQueue *q, int64_t now_ms)
{
    for (GList *at = q->head, *next; at; at = next) {
        next = at->next;
        struct fetch *f = at->data;
        if (f->deadline_ms > now_ms)
            continue;
        g_queue_unlink (q, at);
        if (f->answer.message[0])
            finish (f);
        else
            finish_with (f, ERR_STORE_DOWN, "the store had no time for the request");
    }
}

void flight_sweep (struct client_thread *t, int64_t now_ms)
{
    if (now_ms - t->swept_ms < LIMIT_STORE_SWEEP_MS)
        return;
    t->swept_ms = now_ms;
    for (guint i = 0; i < t->clients->len; i++) {
        struct client *c = g_ptr_array_index (t->clients, i);
        expire (&c->urgent, now_ms);
        expire (&c->normal, now_ms);
    }
}

/* ---- The end ---- */

static void close_queue (GQueue *q)
{
    GList *link;
    while ((link = g_queue_pop_head_link (q)))
        finish_with (link->data, ERR_CLOSED, "the store is being closed");
}

void flight_let_go (struct client_thread *t, struct client *c)
{
    while (c->flying.head) {
        struct fetch *f = c->flying.head->data;
        release_handle (t, f);
        finish_with (f, ERR_CLOSED, "the store is being closed");
    }
    for (GSequenceIter *at = g_sequence_get_begin_iter (t->pausing), *next;
         !g_sequence_iter_is_end (at); at = next) {
        next = g_sequence_iter_next (at);
        struct fetch *f = g_sequence_get (at);
        if (f->client != c)
            continue;
        g_sequence_remove (at);
        finish_with (f, ERR_CLOSED, "the store is being closed");
    }
    close_queue (&c->urgent);
    close_queue (&c->normal);
    g_ptr_array_remove (t->clients, c);
    t->next_client = 0;
}
