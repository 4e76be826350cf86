/* The fetch thread: epoll, curl's multi handle, and what other threads hand over; it holds its lock
 * only to take that. */
#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/queue.h"
#include "store/client_private.h"

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
    while (wait && !c->is_closing && c->n_waiting >= most) {
        atomic_fetch_add (&c->n_blocked, 1);
        pthread_cond_wait (&t->changed, &t->lock);
        atomic_fetch_sub (&c->n_blocked, 1);
    }
    if (c->is_closing) {
        pthread_cond_broadcast (
            &t->changed); /* thread_detach() waits for the last that was blocked */
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

/* ---- What others handed over ---- */

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
        g_queue_push_tail_link (flight_queue (link->data), link);
    for (guint i = 0; i < leaving->len; i++) {
        struct client *c = leaving->pdata[i];
        flight_let_go (t, c);
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
        flight_land (t, f, result);
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
        flight_resume (t, now_ms);
        flight_sweep (t, now_ms);
        flight_start (t);
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
