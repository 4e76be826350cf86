/* The fetch thread: epoll, curl's multi handle, and which request goes next. It holds its lock only
 * to take what others handed over. */
#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/queue.h"
#include "base/text.h"
#include "store/client_private.h"

struct client_thread {
    pthread_t thread;
    int epoll, wake;
    CURLM *multi;

    pthread_mutex_t lock; /* of what follows, and of some members of the clients */
    pthread_cond_t changed;
    GQueue inbox;                  /* struct fetch */
    GPtrArray *arriving, *leaving; /* struct client */
    bool is_stopping, is_woken;

    /* Of the thread. */
    GPtrArray *clients, *idle; /* struct client; CURL without a request */
    GSequence *pausing;        /* struct fetch by due_ms */
    unsigned next_client, n_in_flight;
    int64_t curl_due_ms; /* when curl wants to be called; INT64_MAX: never */
    int64_t swept_ms;
};

/* ---- From other threads ---- */

static void wake (struct client_thread *t)
{
    if (t->is_woken)
        return;
    t->is_woken = true;
    uint64_t one = 1;
    ssize_t n = write (t->wake, &one, sizeof one);
    assert (n == sizeof one);
}

enum err thread_submit_take (struct client_thread *t, struct fetch *f, bool wait, struct error *e)
{
    struct client *c = f->client;
    unsigned most = LIMIT_STORE_QUEUE + (f->ask.is_urgent ? LIMIT_STORE_QUEUE_URGENT : 0);
    enum err r = ERR_OK;
    pthread_mutex_lock (&t->lock);
    c->n_blocked++;
    while (wait && !c->is_closing && c->n_waiting >= most)
        pthread_cond_wait (&t->changed, &t->lock);
    c->n_blocked--;
    if (c->is_closing) {
        r = FAIL (e, CLOSED, "the store is being closed");
    } else if (c->n_waiting >= most) {
        r = FAIL (e, BUSY, "%u requests wait for the store already", c->n_waiting);
    } else {
        atomic_store (&c->n_queued, ++c->n_waiting);
        f->is_counted = true;
        g_queue_push_tail_link (&t->inbox, &f->link);
        wake (t);
    }
    pthread_mutex_unlock (&t->lock);
    return r;
}

void thread_attach (struct client_thread *t, struct client *c)
{
    pthread_mutex_lock (&t->lock);
    g_ptr_array_add (t->arriving, c);
    wake (t);
    pthread_mutex_unlock (&t->lock);
}

void thread_cancel (struct client_thread *t, struct client *c)
{
    pthread_mutex_lock (&t->lock);
    if (!c->is_closing) {
        c->is_closing = true;
        g_ptr_array_add (t->leaving, c);
        wake (t);
        pthread_cond_broadcast (&t->changed);
    }
    pthread_mutex_unlock (&t->lock);
}

void thread_detach (struct client_thread *t, struct client *c)
{
    assert (!thread_is_self (t));
    thread_cancel (t, c);
    pthread_mutex_lock (&t->lock);
    while (!c->is_gone || c->n_blocked > 0)
        pthread_cond_wait (&t->changed, &t->lock);
    pthread_mutex_unlock (&t->lock);
}

bool thread_is_self (const struct client_thread *t)
{
    return pthread_equal (t->thread, pthread_self ());
}

/* ---- A request's way ---- */

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

static GQueue *queue_of (struct fetch *f)
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
static void land (struct client_thread *t, struct fetch *f, CURLcode result)
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
        g_queue_push_head_link (queue_of (f), &f->link);
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
    c->window.is_short |= is_full && c->urgent.length + c->normal.length > 0;
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
static void start_all (struct client_thread *t)
{
    for (unsigned idle = 0; idle < t->clients->len;) {
        t->next_client = (t->next_client + 1) % t->clients->len;
        idle = start_one (t, g_ptr_array_index (t->clients, t->next_client)) ? 0 : idle + 1;
    }
}

/* ---- What time brings ---- */

static void resume (struct client_thread *t, int64_t now_ms)
{
    while (!g_sequence_is_empty (t->pausing)) {
        GSequenceIter *first = g_sequence_get_begin_iter (t->pausing);
        struct fetch *f = g_sequence_get (first);
        if (f->due_ms > now_ms)
            return;
        g_sequence_remove (first);
        g_queue_push_head_link (queue_of (f), &f->link);
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

static void sweep (struct client_thread *t, int64_t now_ms)
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

/* ---- What others handed over ---- */

static void close_queue (GQueue *q)
{
    GList *link;
    while ((link = g_queue_pop_head_link (q)))
        finish_with (link->data, ERR_CLOSED, "the store is being closed");
}

static void let_go (struct client_thread *t, struct client *c)
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

static void take_inbox (struct client_thread *t)
{
    pthread_mutex_lock (&t->lock);
    GQueue inbox = t->inbox;
    g_queue_init (&t->inbox);
    for (guint i = 0; i < t->arriving->len; i++)
        g_ptr_array_add (t->clients, t->arriving->pdata[i]);
    g_ptr_array_set_size (t->arriving, 0);
    g_autoptr (GPtrArray) leaving = g_steal_pointer (&t->leaving);
    t->leaving = g_ptr_array_new ();
    t->is_woken = false;
    pthread_mutex_unlock (&t->lock);

    GList *link;
    while ((link = g_queue_pop_head_link (&inbox)))
        g_queue_push_tail_link (queue_of (link->data), link);
    for (guint i = 0; i < leaving->len; i++) {
        struct client *c = leaving->pdata[i];
        let_go (t, c);
        pthread_mutex_lock (&t->lock);
        c->is_gone = true;
        pthread_cond_broadcast (&t->changed);
        pthread_mutex_unlock (&t->lock);
    }
}

/* ---- The loop ---- */

static int on_socket (CURL *easy UNUSED, curl_socket_t s, int what, void *arg, void *known)
{
    struct client_thread *t = arg;
    if (what == CURL_POLL_REMOVE) {
        epoll_ctl (t->epoll, EPOLL_CTL_DEL, s, NULL);
        return 0;
    }
    struct epoll_event event = { .data.fd = s };
    event.events = (what & CURL_POLL_IN ? EPOLLIN : 0u) | (what & CURL_POLL_OUT ? EPOLLOUT : 0u);
    if (epoll_ctl (t->epoll, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, s, &event) < 0)
        return -1;
    curl_multi_assign (t->multi, s, t); /* from now on it is known */
    return 0;
}

static int on_timer (CURLM *multi UNUSED, long timeout_ms, void *arg)
{
    struct client_thread *t = arg;
    t->curl_due_ms = timeout_ms < 0 ? INT64_MAX : clock_mono_ms () + timeout_ms;
    return 0;
}

static int wait_ms (struct client_thread *t)
{
    int64_t now_ms = clock_mono_ms (), due_ms = t->curl_due_ms;
    if (!g_sequence_is_empty (t->pausing)) {
        const struct fetch *f = g_sequence_get (g_sequence_get_begin_iter (t->pausing));
        due_ms = MIN (due_ms, f->due_ms);
    }
    for (guint i = 0; i < t->clients->len; i++) {
        const struct client *c = g_ptr_array_index (t->clients, i);
        if (c->urgent.length + c->normal.length > 0)
            due_ms = MIN (due_ms, now_ms + LIMIT_STORE_SWEEP_MS);
    }
    return due_ms == INT64_MAX ? -1 : (int) CLAMP (due_ms - now_ms, 0, INT_MAX);
}

static void serve_socket (struct client_thread *t, const struct epoll_event *event)
{
    if (event->data.fd == t->wake) {
        uint64_t n;
        ssize_t got = read (t->wake, &n, sizeof n);
        assert (got == sizeof n || errno == EAGAIN);
        return;
    }
    int what = (event->events & EPOLLIN ? CURL_CSELECT_IN : 0) |
               (event->events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
               (event->events & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0);
    int running;
    curl_multi_socket_action (t->multi, event->data.fd, what, &running);
}

static void land_all (struct client_thread *t)
{
    int left;
    const CURLMsg *m;
    while ((m = curl_multi_info_read (t->multi, &left))) {
        struct fetch *f = NULL;
        CURLcode result = m->data.result;
        curl_easy_getinfo (m->easy_handle, CURLINFO_PRIVATE, &f);
        land (t, f, result);
    }
}

static bool is_over (struct client_thread *t)
{
    pthread_mutex_lock (&t->lock);
    bool is_stopping = t->is_stopping;
    pthread_mutex_unlock (&t->lock);
    return is_stopping;
}

static void *run (void *arg)
{
    struct client_thread *t = arg;
    struct epoll_event events[LIMIT_STORE_EVENTS];
    while (!is_over (t)) {
        int n = epoll_wait (t->epoll, events, LIMIT_STORE_EVENTS, wait_ms (t));
        for (int i = 0; i < n; i++)
            serve_socket (t, &events[i]);
        int64_t now_ms = clock_mono_ms ();
        if (t->curl_due_ms <= now_ms) {
            int running;
            t->curl_due_ms = INT64_MAX;
            curl_multi_socket_action (t->multi, CURL_SOCKET_TIMEOUT, 0, &running);
        }
        land_all (t);
        take_inbox (t);
        resume (t, now_ms);
        sweep (t, now_ms);
        start_all (t);
    }
    return NULL;
}

static void free_parts (struct client_thread *t)
{
    if (t->idle)
        for (guint i = 0; i < t->idle->len; i++)
            curl_easy_cleanup (t->idle->pdata[i]);
    g_clear_pointer (&t->idle, g_ptr_array_unref);
    curl_multi_cleanup (t->multi);
    g_ptr_array_unref (t->clients);
    g_ptr_array_unref (t->arriving);
    g_ptr_array_unref (t->leaving);
    g_sequence_free (t->pausing);
    pthread_cond_destroy (&t->changed);
    pthread_mutex_destroy (&t->lock);
    if (t->epoll >= 0)
        close (t->epoll);
    if (t->wake >= 0)
        close (t->wake);
    g_free (t);
}

static bool set_up (struct client_thread *t)
{
    t->epoll = epoll_create1 (EPOLL_CLOEXEC);
    t->wake = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (curl_global_init (CURL_GLOBAL_DEFAULT) != CURLE_OK || !(t->multi = curl_multi_init ()))
        return false;
    curl_multi_setopt (t->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt (t->multi, CURLMOPT_SOCKETDATA, t);
    curl_multi_setopt (t->multi, CURLMOPT_TIMERFUNCTION, on_timer);
    curl_multi_setopt (t->multi, CURLMOPT_TIMERDATA, t);
    curl_multi_setopt (t->multi, CURLMOPT_MAXCONNECTS, (long) LIMIT_STORE_IN_FLIGHT);
    struct epoll_event event = { .events = EPOLLIN, .data.fd = t->wake };
    return t->epoll >= 0 && t->wake >= 0 &&
           epoll_ctl (t->epoll, EPOLL_CTL_ADD, t->wake, &event) == 0;
}

enum err client_thread_new (struct client_thread **ret, struct error *e)
{
    struct client_thread *t = g_new0 (struct client_thread, 1);
    t->clients = g_ptr_array_new ();
    t->arriving = g_ptr_array_new ();
    t->leaving = g_ptr_array_new ();
    t->idle = g_ptr_array_new ();
    t->pausing = g_sequence_new (NULL);
    t->curl_due_ms = INT64_MAX;
    pthread_mutex_init (&t->lock, NULL);
    pthread_cond_init (&t->changed, NULL);
    if (!set_up (t)) {
        free_parts (t);
        return FAIL (e, IO, "cannot make what requests to stores need: %s", g_strerror (errno));
    }
    t->thread = thread_start ("fetch", run, t);
    *ret = t;
    return ERR_OK;
}

void client_thread_free (struct client_thread *t)
{
    if (!t)
        return;
    assert (!thread_is_self (t));
    pthread_mutex_lock (&t->lock);
    t->is_stopping = true;
    wake (t);
    pthread_mutex_unlock (&t->lock);
    pthread_join (t->thread, NULL);
    assert (t->clients->len == 0 && t->n_in_flight == 0);
    free_parts (t);
}
