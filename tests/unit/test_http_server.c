/* The listeners, over real sockets: every answer is one well-formed response that clients of the
 * protocol can read, whatever was sent. */
#include "test.h"

#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/log.h"
#include "base/macros.h"
#include "client.h"
#include "fake_api.h"
#include "http/server.h"

struct fixture {
    struct fake_api *fake;
    struct http *http;
    bool is_ready;
};

static bool is_ready (void *arg, char *ret_reason, size_t size)
{
    struct fixture *f = arg;
    g_strlcpy (ret_reason, "index opens", size);
    return f->is_ready;
}

static int setup (void **state)
{
    struct fixture *f = g_new0 (struct fixture, 1);
    const struct http_hooks hooks = { is_ready, f };
    struct error e;
    f->fake = fake_api_new ();
    f->is_ready = true;
    assert_ok (http_start (&f->fake->api, &hooks, &f->http, &e), &e);
    *state = f;
    return 0;
}

static int teardown (void **state)
{
    struct fixture *f = *state;
    assert_true (http_stop (f->http, WAIT_MS));
    fake_api_free (f->fake);
    g_free (f);
    return 0;
}

static void assert_refused (struct response *r, int status, const char *code)
{
    if (r->status != status || !r->json)
        fail_msg ("expected %d %s, got %d: %s%s", status, code, r->status,
                  r->head ? r->head : "nothing", r->body ? r->body : "");
    assert_string_equal (json_string_value (json_object_get (r->json, "Code")), code);
    assert_int_equal (strlen (json_string_value (json_object_get (r->json, "RequestId"))), 36);
    assert_non_null (json_object_get (r->json, "HostId"));
    assert_non_null (strstr (r->head, "\r\nx-acs-request-id: "));
    assert_non_null (strstr (r->head, "\r\nContent-Type: application/json"));
    response_clear (r);
}

/* ---- Calls ---- */

static void answers_get_and_post (void **state)
{
    struct fixture *f = *state;
    static const char *const methods[] = { "GET", "POST" };
    for (size_t i = 0; i < 2; i++) {
        g_autofree char *text = call_text (methods[i], "CreateProject", "ProjectName=p");
        struct response r = ask_text (http_port_imm (f->http), text);
        assert_int_equal (r.status, 200);
        assert_non_null (json_object_get (r.json, "Project"));
        assert_non_null (
            strstr (r.head, json_string_value (json_object_get (r.json, "RequestId"))));
        response_clear (&r);
    }
}

static void answers_several_calls_on_one_connection (void **state)
{
    struct fixture *f = *state;
    _cleanup_close_ int fd = dial (http_port_imm (f->http));
    for (int i = 0; i < 20; i++) {
        g_autofree char *text =
            call_text (i % 2 ? "GET" : "POST", "CreateProject", "ProjectName=p");
        push_text (fd, text);
        struct response r = pull (fd, true);
        assert_int_equal (r.status, 200);
        response_clear (&r);
    }
}

static void keeps_connections_open_for_those_who_ask (void **state)
{
    struct fixture *f = *state;
    int fds[64];
    for (size_t i = 0; i < G_N_ELEMENTS (fds); i++) {
        fds[i] = dial (http_port_imm (f->http));
        push_text (fds[i], "GET / HTTP/1.1\r\nHost: x\r\nConnection: keep-alive\r\n\r\n");
        struct response r = pull (fds[i], true);
        assert_null (strstr (r.head, "\r\nConnection: close\r\n"));
        assert_refused (&r, 400, "MissingAction");
    }
    struct response r = ask_text (http_port_admin (f->http), "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_non_null (strstr (r.head, "\r\nConnection: close\r\n"));
    assert_refused (&r, 400, "MissingAction");
    for (size_t i = 0; i < G_N_ELEMENTS (fds); i++)
        close (fds[i]);
}

static void refuses_other_paths_and_methods (void **state)
{
    struct fixture *f = *state;
    uint16_t port = http_port_imm (f->http);
    struct response r = ask_text (port, "GET /x?Action=a HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_refused (&r, 404, "InvalidApi.NotFound");
    r = ask_text (port, "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_refused (&r, 404, "InvalidApi.NotFound");
    r = ask_text (port, "GET http://x/?Action=a HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_refused (&r, 404, "InvalidApi.NotFound");
    r = ask_text (port, "DELETE / HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_non_null (strstr (r.head, "\r\nAllow: GET, POST\r\n"));
    assert_refused (&r, 405, "UnsupportedHTTPMethod");

    _cleanup_close_ int fd = dial (port);
    push_text (fd, "HEAD / HTTP/1.1\r\nHost: x\r\n\r\n");
    r = pull (fd, false);
    assert_int_equal (r.status, 405);
    assert_non_null (strstr (r.head, "\r\nx-acs-request-id: "));
    response_clear (&r);
}

/* What the library refuses by itself, with HTML if it were let. */
static void refuses_broken_requests_as_json (void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *text;
        int status;
        const char *code;
    } rows[] = {
        { "GARBAGE FOO\r\n\r\n", 400, "InvalidRequest" },
        { "GET /\r\n\r\n", 400, "InvalidRequest" },
        { "GET / HTTP/1.1 x\r\nHost: x\r\n\r\n", 400, "InvalidRequest" },
        { "GET / HTTP/3.1\r\nHost: x\r\n\r\n", 505, "InvalidRequest" },
        { "GET / HTTP/1.1\r\nHost x\r\n\r\n", 400, "InvalidRequest" },
        { "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: abc\r\n\r\n", 400, "InvalidRequest" },
        { "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400, "InvalidRequest" },
        { "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999999\r\n\r\n", 413,
          "RequestTooLarge" },
        { "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n", 400,
          "InvalidRequest" },
        { "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400,
          "InvalidRequest" },
        { "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n"
          "0\r\n\r\n",
          400, "InvalidRequest" },
    };
    for (size_t i = 0; i < G_N_ELEMENTS (rows); i++) {
        struct response r = ask_text (http_port_imm (f->http), rows[i].text);
        assert_refused (&r, rows[i].status, rows[i].code);
        r = ask_text (http_port_admin (f->http), rows[i].text);
        assert_refused (&r, rows[i].status, rows[i].code);
    }
}

/* Connections on which nothing comes keep nobody out, however many they are. */
static void answers_beside_idle_connections (void **state)
{
    struct fixture *f = *state;
    int fds[LIMIT_CONNECTIONS + 50];
    for (size_t i = 0; i < G_N_ELEMENTS (fds); i++) {
        fds[i] = dial (http_port_imm (f->http));
        push_text (fds[i], i % 2 ? "POST / HTTP/1.1\r\nHo" : "");
    }
    answers_get_and_post (state);
    for (size_t i = 0; i < G_N_ELEMENTS (fds); i++)
        close (fds[i]);
}

/* ---- Sizes ---- */

static char *repeat (const char *before, char c, size_t n, const char *after, size_t *ret_len)
{
    GString *s = g_string_new (before);
    size_t len = s->len;
    g_string_set_size (s, len + n);
    memset (s->str + len, c, n);
    g_string_append (s, after);
    *ret_len = s->len;
    return g_string_free (s, FALSE);
}

static void takes_heads_up_to_the_limit (void **state)
{
    struct fixture *f = *state;
    static const struct {
        size_t size;
        int status;
        const char *code;
    } rows[] = {
        { 300 * KIB, 404, "InvalidApi.NotFound" },
        { LIMIT_REQUEST_HEAD - 1000, 404, "InvalidApi.NotFound" },
        { LIMIT_REQUEST_HEAD + 1000, 414, "RequestURITooLong" },
        { LIMIT_REQUEST_HEAD + 2 * MIB, 414, "RequestURITooLong" },
    };
    for (size_t i = 0; i < G_N_ELEMENTS (rows); i++) {
        size_t len;
        g_autofree char *text =
            repeat ("GET /?Action=x&A=", 'a', rows[i].size, " HTTP/1.1\r\nHost: x\r\n\r\n", &len);
        struct response r = ask (http_port_imm (f->http), text, len);
        assert_refused (&r, rows[i].status, rows[i].code);
    }
    size_t len;
    g_autofree char *text = repeat ("GET / HTTP/1.1\r\nHost: x\r\nX: ", 'a',
                                    LIMIT_REQUEST_HEAD + 1000, "\r\n\r\n", &len);
    struct response r = ask (http_port_imm (f->http), text, len);
    assert_refused (&r, 414, "RequestURITooLong");
}

/* Heads that never end fill no memory: the largest are shut, long before they time out, and who
 * sends little is served. */
static void endless_heads_are_bounded_together (void **state)
{
    struct fixture *f = *state;
    const size_t each = 3 * MIB, most = LIMIT_HEADS / each;
    int fds[2 * LIMIT_HEADS / (3 * MIB)];
    size_t len, n_open = G_N_ELEMENTS (fds);
    g_autofree char *text = repeat ("GET /?A=", 'a', each, "", &len);
    _cleanup_close_ int modest = dial (http_port_imm (f->http));
    push_text (modest, "GET / HTTP/1.1\r\nHo");
    for (size_t i = 0; i < G_N_ELEMENTS (fds); i++) {
        fds[i] = dial (http_port_imm (f->http));
        push (fds[i], text, len);
    }
    for (int ms = 0; n_open > most && ms < LIMIT_IDLE_S * 1000 / 2; ms += 10) {
        n_open = 0;
        for (size_t i = 0; i < G_N_ELEMENTS (fds); i++)
            n_open += poll (&(struct pollfd){ .fd = fds[i], .events = POLLRDHUP }, 1, 0) == 0;
        poll (NULL, 0, 10);
    }
    assert_in_range (n_open, 1, most);
    push_text (modest, "st: x\r\n\r\n");
    struct response r = pull (modest, true);
    assert_refused (&r, 400, "MissingAction");
    for (size_t i = 0; i < G_N_ELEMENTS (fds); i++)
        close (fds[i]);
}

static void takes_bodies_up_to_the_limit (void **state)
{
    struct fixture *f = *state;
    for (size_t more = 0; more <= 1; more++) {
        g_autofree char *head =
            g_strdup_printf ("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %llu\r\n"
                             "Content-Type: application/x-www-form-urlencoded\r\n\r\nAction=x&A=",
                             LIMIT_REQUEST_BODY + more);
        size_t len;
        g_autofree char *text =
            repeat (head, 'a', LIMIT_REQUEST_BODY + more - strlen ("Action=x&A="), "", &len);
        struct response r = ask (http_port_imm (f->http), text, len);
        assert_refused (&r, more ? 413 : 404, more ? "RequestTooLarge" : "InvalidApi.NotFound");
    }
}

static void refuses_large_chunked_and_announced_bodies (void **state)
{
    struct fixture *f = *state;
    size_t len;
    g_autofree char *text = repeat ("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
                                    "\r\n800001\r\n",
                                    'a', LIMIT_REQUEST_BODY + 1, "\r\n0\r\n\r\n", &len);
    struct response r = ask (http_port_imm (f->http), text, len);
    assert_refused (&r, 413, "RequestTooLarge");
    r = ask_text (http_port_imm (f->http),
                  "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4000000000\r\n\r\n");
    assert_refused (&r, 413, "RequestTooLarge");
}

static void continues_when_the_client_waits_for_it (void **state)
{
    struct fixture *f = *state;
    _cleanup_close_ int fd = dial (http_port_imm (f->http));
    push_text (fd, "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 8\r\n"
                   "Content-Type: application/x-www-form-urlencoded\r\n\r\n");
    struct response r = pull (fd, false);
    assert_int_equal (r.status, 100);
    response_clear (&r);
    push_text (fd, "Action=x");
    r = pull (fd, true);
    assert_refused (&r, 404, "InvalidApi.NotFound");

    r = ask_text (http_port_imm (f->http), "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
                                           "Content-Length: 9000000\r\n\r\n");
    assert_refused (&r, 413, "RequestTooLarge");
}

static void refuses_too_many_headers (void **state)
{
    struct fixture *f = *state;
    g_autoptr (GString) text = g_string_new ("GET /?Action=x HTTP/1.1\r\nHost: x\r\n");
    for (int i = 0; i < LIMIT_HEADERS; i++)
        g_string_append_printf (text, "X-%d: 1\r\n", i);
    g_string_append (text, "\r\n");
    struct response r = ask_text (http_port_imm (f->http), text->str);
    assert_refused (&r, 400, "InvalidRequest");
}

/* ---- Load, start and stop ---- */

static void wait_entered (struct fixture *f, int n)
{
    for (int i = 0; i < n; i++)
        assert_non_null (queue_pop (f->fake->entered, WAIT_MS));
}

static void let_go (struct fixture *f, int n)
{
    struct error e;
    for (int i = 0; i < n; i++)
        assert_ok (queue_push (f->fake->gate, f, &e), &e);
}

static int begin_slow_call (struct fixture *f)
{
    g_autofree char *text = call_text ("GET", "DeleteProject", "ProjectName=p");
    int fd = dial (http_port_imm (f->http));
    push_text (fd, text);
    return fd;
}

static void end_slow_call (int fd)
{
    struct response r = pull (fd, true);
    assert_int_equal (r.status, 200);
    response_clear (&r);
    close (fd);
}

/* How many of `n` connections have been refused; those are closed. */
static int count_throttled (struct pollfd *calls, int n)
{
    int throttled = 0;
    assert_true (poll (calls, (nfds_t) n, WAIT_MS) > 0);
    for (int i = 0; i < n; i++)
        if (calls[i].revents) {
            struct response r = pull (calls[i].fd, true);
            assert_non_null (strstr (r.head, "\r\nx-acs-retry-after: "));
            assert_refused (&r, 429, "Throttling.User");
            close (calls[i].fd);
            calls[i] = (struct pollfd){ .fd = -1 };
            throttled++;
        }
    return throttled;
}

/* Of one user one call runs on one of the two threads and two wait: the third is refused. A
 * stranger still gets in, for whom one of the two has to go. */
static void a_full_queue_throttles (void **state)
{
    struct fixture *f = *state;
    struct pollfd waiting[3];
    int busy = begin_slow_call (f);
    wait_entered (f, 1);
    for (int i = 0; i < 3; i++)
        waiting[i] = (struct pollfd){ .fd = begin_slow_call (f), .events = POLLIN };
    assert_int_equal (count_throttled (waiting, 3), 1);
    struct response r =
        ask_text (http_port_imm (f->http), "GET /?Action=x HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_refused (&r, 404, "InvalidApi.NotFound");
    assert_int_equal (count_throttled (waiting, 3), 1);
    let_go (f, 2);
    for (int i = 0; i < 3; i++)
        if (waiting[i].fd >= 0)
            end_slow_call (waiting[i].fd);
    end_slow_call (busy);
}

static void a_lost_client_does_no_harm (void **state)
{
    struct fixture *f = *state;
    close (begin_slow_call (f));
    wait_entered (f, 1);
    let_go (f, 1);
    answers_get_and_post (state);
}

static void draining_ends_what_runs_and_refuses_the_rest (void **state)
{
    struct fixture *f = *state;
    int fd = begin_slow_call (f);
    wait_entered (f, 1);
    http_drain (f->http);
    struct response r =
        ask_text (http_port_admin (f->http), "GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_int_equal (r.status, 503);
    assert_string_equal (r.body, "stopping\n");
    response_clear (&r);
    r = ask_text (http_port_imm (f->http), "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_refused (&r, 503, "ServiceUnavailable");
    assert_false (http_stop (f->http, 10));
    let_go (f, 1);
    end_slow_call (fd);
}

static void probes_tell_the_state (void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *text;
        bool is_ready;
        int status;
        const char *body;
    } rows[] = {
        { "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n", false, 200, "ok\n" },
        { "GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n", true, 200, "ok\n" },
        { "GET /readyz HTTP/1.0\r\n\r\n", false, 503, "index opens\n" },
    };
    for (size_t i = 0; i < G_N_ELEMENTS (rows); i++) {
        f->is_ready = rows[i].is_ready;
        struct response r = ask_text (http_port_admin (f->http), rows[i].text);
        assert_int_equal (r.status, rows[i].status);
        assert_string_equal (r.body, rows[i].body);
        response_clear (&r);
    }
}

static void the_admin_listener_knows_more_actions (void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 2; i++) {
        g_autofree char *text =
            call_text ("POST", i ? "CreateProject" : "GetStatus", "ProjectName=p");
        struct response r = ask_text (http_port_admin (f->http), text);
        assert_int_equal (r.status, 200);
        response_clear (&r);
    }
    g_autofree char *text = call_text ("POST", "GetStatus", "");
    struct response r = ask_text (http_port_imm (f->http), text);
    assert_refused (&r, 404, "InvalidApi.NotFound");
}

static void says_where_it_cannot_listen (void **state)
{
    struct fixture *f = *state;
    g_autofree char *taken = g_strdup (http_address_imm (f->http));
    const char *const bad[] = {
        "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:x", "no.such.host.invalid:1", taken
    };
    for (size_t i = 0; i < G_N_ELEMENTS (bad); i++) {
        struct config other = f->fake->config;
        struct api api = f->fake->api;
        struct http *h;
        struct error e;
        other.admin_listen = (char *) (uintptr_t) bad[i];
        api.config = &other;
        assert_err (INVALID_ARGUMENT, http_start (&api, NULL, &h, &e));
        assert_non_null (strstr (e.message, bad[i]));
    }
}

int main (void)
{
    log_init (LOG_ERROR, LOG_TEXT);
    struct rlimit files;
    getrlimit (RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max; /* both ends of many connections */
    setrlimit (RLIMIT_NOFILE, &files);
#define TEST(t) cmocka_unit_test_setup_teardown (t, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST (answers_get_and_post),
        TEST (answers_several_calls_on_one_connection),
        TEST (keeps_connections_open_for_those_who_ask),
        TEST (refuses_other_paths_and_methods),
        TEST (refuses_broken_requests_as_json),
        TEST (answers_beside_idle_connections),
        TEST (takes_heads_up_to_the_limit),
        TEST (endless_heads_are_bounded_together),
        TEST (takes_bodies_up_to_the_limit),
        TEST (refuses_large_chunked_and_announced_bodies),
        TEST (continues_when_the_client_waits_for_it),
        TEST (refuses_too_many_headers),
        TEST (a_full_queue_throttles),
        TEST (a_lost_client_does_no_harm),
        TEST (draining_ends_what_runs_and_refuses_the_rest),
        TEST (probes_tell_the_state),
        TEST (the_admin_listener_knows_more_actions),
        TEST (says_where_it_cannot_listen),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
