/* How the client shares out what there is: windows, queues, turns, deadlines, and the end. */
#include "test.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/limits.h"
#include "base/macros.h"
#include "base/queue.h"
#include "client_world.h"
#include "store/client_private.h"

#define HELLO "HTTP/1.1 200 OK\r\nETag: \"abc\"\r\nContent-Length: 5\r\n\r\nhello"

/* A server that answers once it is let. */
struct gate {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool is_open;
    unsigned n_inside;
    GPtrArray *targets; /* in the order in which they came */
};

static void gate_init (struct gate *g)
{
    *g = (struct gate){ .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };
    g->targets = g_ptr_array_new_with_free_func (g_free);
}

static bool wait_at_gate (void *arg, const struct fake_request *r, struct fake_conn *c)
{
    struct gate *g = arg;
    pthread_mutex_lock (&g->lock);
    g_ptr_array_add (g->targets, g_strdup (r->target));
    g->n_inside++;
    pthread_cond_broadcast (&g->changed);
    while (!g->is_open)
        pthread_cond_wait (&g->changed, &g->lock);
    pthread_mutex_unlock (&g->lock);
    fake_send (c, HELLO);
    return true;
}

static void gate_await (struct gate *g, unsigned n)
{
    pthread_mutex_lock (&g->lock);
    while (g->n_inside < n)
        pthread_cond_wait (&g->changed, &g->lock);
    pthread_mutex_unlock (&g->lock);
}

static void gate_open (struct gate *g)
{
    pthread_mutex_lock (&g->lock);
    g->is_open = true;
    pthread_cond_broadcast (&g->changed);
    pthread_mutex_unlock (&g->lock);
}

struct tally {
    atomic_uint ok, closed, other;
};

static void count (void *arg, struct client_response *r)
{
    struct tally *t = arg;
    atomic_fetch_add (r->code == ERR_OK       ? &t->ok
                      : r->code == ERR_CLOSED ? &t->closed
                                              : &t->other,
                      1);
}

static void submit (struct world *w, const char *key, bool is_urgent, struct tally *t)
{
    struct error e = { 0 };
    struct client_request ask = get (key);
    ask.is_urgent = is_urgent;
    ask.done = count;
    ask.arg = t;
    assert_ok (client_submit (w->client, &ask, &e), &e);
}

static void await_all (struct tally *t, unsigned n)
{
    while (atomic_load (&t->ok) + atomic_load (&t->closed) + atomic_load (&t->other) < n)
        g_usleep (1000);
}

/* Requests of which as many as a new client sends wait at the gate. */
static void hold (struct world *w, struct gate *g, struct tally *t, unsigned n)
{
    gate_init (g);
    world_init (w, wait_at_gate, g, NULL);
    for (unsigned i = 0; i < n; i++)
        submit (w, "normal", false, t);
    gate_await (g, LIMIT_STORE_WINDOW_START);
}

static void clear (struct world *w, struct gate *g)
{
    world_clear (w);
    g_ptr_array_unref (g->targets);
}

static void the_window_bounds_what_is_in_flight_and_grows (void **state UNUSED)
{
    struct gate g;
    struct world w;
    struct tally t = { 0 };
    hold (&w, &g, &t, 1000);
    struct client_stats s;
    client_stats (w.client, &s);
    assert_int_equal (LIMIT_STORE_WINDOW_START, s.in_flight);
    assert_int_equal (1000 - LIMIT_STORE_WINDOW_START, s.waiting);
    gate_open (&g);
    await_all (&t, 1000);
    assert_int_equal (1000, t.ok);
    client_stats (w.client, &s);
    assert_int_equal (LIMIT_STORE_WINDOW, s.window);
    assert_true (s.connections <= s.window);
    clear (&w, &g);
}

/* `n` successes while something waits. */
static unsigned after_successes (struct window *w, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        window_asked (w, true);
        window_succeeded (w);
    }
    return w->size;
}

static void the_window_grows_slowly_once_it_was_too_much (void **state UNUSED)
{
    struct window w;
    window_init (&w);
    window_asked (&w, false);
    window_succeeded (&w); /* nothing waits for more */
    assert_int_equal (LIMIT_STORE_WINDOW_START, w.size);
    assert_int_equal (LIMIT_STORE_WINDOW_START + 68, after_successes (&w, 68));
    window_throttled (&w, 1000, 1001);
    window_throttled (&w, 1000, 1002); /* sent before the first was known */
    const unsigned half = (LIMIT_STORE_WINDOW_START + 68) / 2;
    assert_int_equal (half, w.size);
    assert_int_equal (half, after_successes (&w, half - 1));
    assert_int_equal (half + 1, after_successes (&w, 1));
    assert_int_equal (LIMIT_STORE_WINDOW,
                      after_successes (&w, 2 * LIMIT_STORE_WINDOW * LIMIT_STORE_WINDOW));
}

static void urgent_requests_go_first (void **state UNUSED)
{
    struct gate g;
    struct world w;
    struct tally t = { 0 };
    hold (&w, &g, &t, LIMIT_STORE_WINDOW_START + 200);
    submit (&w, "urgent", true, &t);
    struct client_stats s;
    do /* until the thread knows of it */
        client_stats (w.client, &s);
    while (s.waiting < 201);
    g_usleep (20000);
    gate_open (&g);
    await_all (&t, LIMIT_STORE_WINDOW_START + 201);
    guint at = 0;
    while (!strstr (g.targets->pdata[at], "urgent"))
        at++;
    assert_in_range (at, LIMIT_STORE_WINDOW_START, 2 * LIMIT_STORE_WINDOW_START);
    clear (&w, &g);
}

static void a_full_queue_is_busy_and_closing_ends_all (void **state UNUSED)
{
    struct gate g;
    struct world w;
    struct tally t = { 0 };
    hold (&w, &g, &t, LIMIT_STORE_WINDOW_START);
    for (unsigned i = 0; i < LIMIT_STORE_QUEUE; i++)
        submit (&w, "k", false, &t);
    struct client_request ask = get ("k");
    ask.done = count;
    ask.arg = &t;
    assert_err (BUSY, client_submit (w.client, &ask, NULL));
    ask.is_urgent = true; /* there is room for a few of those */
    assert_err (OK, client_submit (w.client, &ask, NULL));
    client_free (w.client);
    assert_int_equal (LIMIT_STORE_WINDOW_START + LIMIT_STORE_QUEUE + 1, t.closed);
    assert_int_equal (0, t.ok + t.other);
    w.client = NULL;
    gate_open (&g);
    clear (&w, &g);
}

static void *call_when_there_is_room (void *arg)
{
    struct world *w = arg;
    _cleanup_response_ struct client_response r;
    struct client_request ask = get ("k");
    assert_err (CLOSED, client_call (w->client, &ask, &r, NULL));
    assert_int_equal (ERR_CLOSED, r.code);
    return NULL;
}

static void closing_frees_who_waits_for_room (void **state UNUSED)
{
    struct gate g;
    struct world w;
    struct tally t = { 0 };
    hold (&w, &g, &t, LIMIT_STORE_WINDOW_START);
    for (unsigned i = 0; i < LIMIT_STORE_QUEUE; i++)
        submit (&w, "k", false, &t);
    pthread_t callers[4];
    for (size_t i = 0; i < N_ELEMENTS (callers); i++)
        callers[i] = thread_start ("caller", call_when_there_is_room, &w);
    struct client_stats s;
    do
        client_stats (w.client, &s);
    while (s.blocked < N_ELEMENTS (callers));
    client_free (w.client);
    for (size_t i = 0; i < N_ELEMENTS (callers); i++)
        pthread_join (callers[i], NULL);
    w.client = NULL;
    gate_open (&g);
    clear (&w, &g);
}

static void a_store_that_hangs_holds_nobody_else (void **state UNUSED)
{
    struct gate g, free_gate;
    gate_init (&g);
    gate_init (&free_gate);
    gate_open (&free_gate);
    struct world w;
    world_init (&w, wait_at_gate, &g, NULL);
    struct tally t = { 0 };
    for (unsigned i = 0; i < 2000; i++)
        submit (&w, "k", false, &t);
    struct fake *other = fake_new (wait_at_gate, &free_gate);
    struct client_options o = { .endpoint = fake_url (other) };
    struct client *c = NULL;
    struct error e = { 0 };
    assert_ok (client_new (w.thread, &o, &c, &e), &e);
    for (unsigned i = 0; i < 50; i++) {
        _cleanup_response_ struct client_response r;
        struct client_request ask = get ("k");
        assert_ok (client_call (c, &ask, &r, &e), &e);
    }
    assert_int_equal (0, t.ok);
    client_free (c);
    fake_free (other);
    gate_open (&g);
    await_all (&t, 2000);
    clear (&w, &g);
    g_ptr_array_unref (free_gate.targets);
}

static void waiting_requests_end_with_their_deadline (void **state UNUSED)
{
    struct gate g;
    struct world w;
    struct tally t = { 0 };
    hold (&w, &g, &t, LIMIT_STORE_WINDOW_START);
    struct client_request ask = get ("k");
    ask.deadline_ms = 100;
    _cleanup_response_ struct client_response r;
    assert_err (STORE_DOWN, client_call (w.client, &ask, &r, NULL));
    assert_int_equal (0, r.tries);
    gate_open (&g);
    await_all (&t, LIMIT_STORE_WINDOW_START);
    clear (&w, &g);
}

static void bad_options_and_requests_are_refused (void **state UNUSED)
{
    static const char *const endpoints[] = { "",
                                             "store.example",
                                             "ftp://store.example",
                                             "http://",
                                             "http://a@b",
                                             "http://store.example/path",
                                             "http://store.example?x",
                                             "http://store.example:99999" };
    struct error e = { 0 };
    struct client_thread *t = NULL;
    struct client *c = NULL;
    assert_ok (client_thread_new (&t, &e), &e);
    for (size_t i = 0; i < N_ELEMENTS (endpoints); i++)
        assert_err (INVALID_ARGUMENT,
                    client_new (t, &(struct client_options){ .endpoint = endpoints[i] }, &c, &e));
    struct client_options o = { .endpoint = "http://127.0.0.1", .is_virtual = true };
    assert_err (INVALID_ARGUMENT, client_new (t, &o, &c, &e));
    o = (struct client_options){ .endpoint = "https://store.example", .ca_file = "no/such/file" };
    assert_err (INVALID_ARGUMENT, client_new (t, &o, &c, &e));
    o = (struct client_options){ .endpoint = "http://store.example", .is_virtual = true };
    assert_ok (client_new (t, &o, &c, &e), &e);
    _cleanup_response_ struct client_response r;
    struct client_request ask = get_of ("evil.example/", "k");
    assert_err (NO_BUCKET, client_call (c, &ask, &r, &e));
    ask = get ("k");
    ask.headers = &(struct sign_pair){ "X-A", "b\r\nX-C: d" };
    ask.n_headers = 1;
    assert_err (BAD_REQUEST, client_call (c, &ask, &r, &e));
    ask = get ("k");
    ask.range = (struct client_range){ .at = UINT64_MAX, .length = 2 };
    assert_err (BAD_REQUEST, client_call (c, &ask, &r, &e));
    client_free (c);
    client_thread_free (t);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (the_window_bounds_what_is_in_flight_and_grows),
        cmocka_unit_test (the_window_grows_slowly_once_it_was_too_much),
        cmocka_unit_test (urgent_requests_go_first),
        cmocka_unit_test (a_full_queue_is_busy_and_closing_ends_all),
        cmocka_unit_test (closing_frees_who_waits_for_room),
        cmocka_unit_test (a_store_that_hangs_holds_nobody_else),
        cmocka_unit_test (waiting_requests_end_with_their_deadline),
        cmocka_unit_test (bad_options_and_requests_are_refused),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
