/* Requests to stores, against a server that answers by the book: what is sent, where bodies go,
 * what comes back. */
#include "test.h"

#include <sys/mman.h>
#include <time.h>

#include "base/macros.h"
#include "client_world.h"

#define ETAG "ETag: \"abc\"\r\n"

/* ---- Objects ---- */

static bool say_hello (void *arg UNUSED, const struct fake_request *r, struct fake_conn *c)
{
    g_autofree char *range = fake_header (r, "Range");
    if (g_str_equal (r->method, "HEAD"))
        fake_send (c,
                   "HTTP/1.1 200 OK\r\n" ETAG "Content-Length: 13\r\nX-Note:  Good day \r\n\r\n");
    else if (!range)
        fake_reply (c, 200, ETAG "X-Note:  Good day \r\n", "Hello, world!");
    else if (g_str_equal (range, "bytes=7-10"))
        fake_reply (c, 206, ETAG "Content-Range: bytes 7-10/13\r\n", "worl");
    else if (g_str_equal (range, "bytes=7-106"))
        fake_reply (c, 206, ETAG "Content-Range: bytes 7-12/13\r\n", "world!");
    else if (g_str_equal (range, "bytes=-6"))
        fake_reply (c, 206, ETAG "Content-Range: bytes 7-12/13\r\n", "world!");
    else if (g_str_equal (range, "bytes=-100"))
        fake_reply (c, 206, ETAG "Content-Range: bytes 0-12/13\r\n", "Hello, world!");
    else
        fake_reply (c, 200, ETAG, "Hello, world!"); /* ranges are optional in HTTP */
    return true;
}

static void assert_body (const struct client_response *r, const char *expected)
{
    assert_non_null (r->body);
    assert_int_equal (strlen (expected), r->body->len);
    assert_memory_equal (expected, r->body->data, r->body->len);
    assert_int_equal (r->body->len, r->written);
}

static void objects_come_whole_over_one_connection (void **state UNUSED)
{
    struct world w;
    world_init (&w, say_hello, NULL, NULL);
    struct error e = { 0 };
    for (int i = 0; i < 3; i++) {
        _cleanup_response_ struct client_response r;
        struct client_request ask = get ("k");
        assert_ok (client_call (w.client, &ask, &r, &e), &e);
        assert_body (&r, "Hello, world!");
        assert_int_equal (200, r.status);
        assert_int_equal (13, r.size);
        assert_int_equal (0, r.at);
        assert_int_equal (1, r.tries);
        assert_string_equal ("Good day", client_header (&r, "x-note"));
        assert_null (client_header (&r, "x-other"));
    }
    assert_int_equal (1, fake_connections (w.fake));
    struct client_stats s;
    client_stats (w.client, &s);
    assert_int_equal (3, s.requests);
    assert_int_equal (1, s.connections);
    assert_int_equal (39, s.bytes_in);
    assert_int_equal (0, s.retries + s.in_flight + s.waiting);
    world_clear (&w);
}

static void head_tells_size_and_headers (void **state UNUSED)
{
    struct world w;
    world_init (&w, say_hello, NULL, NULL);
    struct error e = { 0 };
    _cleanup_response_ struct client_response r;
    struct client_request ask = get ("k");
    ask.method = "HEAD";
    assert_ok (client_call (w.client, &ask, &r, &e), &e);
    assert_int_equal (13, r.size);
    assert_int_equal (0, r.written);
    assert_string_equal ("\"abc\"", client_header (&r, "etag"));
    world_clear (&w);
}

static void ranges_come_as_asked (void **state UNUSED)
{
    static const struct {
        struct client_range range;
        uint64_t at;
        const char *expected;
    } rows[] = {
        { { .at = 7, .length = 4 }, 7, "worl" },
        { { .at = 7, .length = 100 }, 7, "world!" },
        { { .length = 6, .is_suffix = true }, 7, "world!" },
        { { .length = 100, .is_suffix = true }, 0, "Hello, world!" },
        { { .at = 0, .length = 5 }, 0, "Hello" }, /* answered by all of it */
    };
    struct world w;
    world_init (&w, say_hello, NULL, NULL);
    struct error e = { 0 };
    for (size_t i = 0; i < N_ELEMENTS (rows); i++) {
        _cleanup_response_ struct client_response r;
        struct client_request ask = get ("k");
        ask.range = rows[i].range;
        assert_ok (client_call (w.client, &ask, &r, &e), &e);
        assert_body (&r, rows[i].expected);
        assert_int_equal (rows[i].at, r.at);
        assert_int_equal (13, r.size);
    }
    world_clear (&w);
}

static void bodies_go_to_a_descriptor_and_no_further (void **state UNUSED)
{
    struct world w;
    world_init (&w, say_hello, NULL, NULL);
    struct error e = { 0 };
    _cleanup_close_ int fd = memfd_create ("body", MFD_CLOEXEC);
    assert_int_equal (20, pwrite (fd, "....................", 20, 0));
    _cleanup_response_ struct client_response r;
    struct client_request ask = get ("k");
    ask.range = (struct client_range){ .at = 0, .length = 5 };
    ask.is_to_fd = true;
    ask.fd = fd;
    ask.fd_at = 4;
    assert_ok (client_call (w.client, &ask, &r, &e), &e);
    assert_null (r.body);
    assert_int_equal (5, r.written);
    char bytes[21] = { 0 };
    assert_int_equal (20, pread (fd, bytes, 20, 0));
    assert_string_equal ("....Hello...........", bytes);

    ask.fd = -1; /* not writable: the fault is ours */
    client_response_clear (&r);
    assert_err (IO, client_call (w.client, &ask, &r, &e));
    assert_int_equal (1, r.tries);
    world_clear (&w);
}

/* ---- Keys ---- */

/* Signs what came again, and answers 403 if it was signed otherwise. */
struct checker {
    const char *key;
    bool is_virtual;
    enum sign_scheme scheme;
};

static void take_authorization (void *arg, const char *name, const char *value)
{
    if (g_str_equal (name, "Authorization"))
        *(char **) arg = g_strdup (value);
}

static bool check_signature (void *arg, const struct fake_request *r, struct fake_conn *c)
{
    const struct checker *x = arg;
    g_autofree char *host = fake_header (r, "Host"), *sent = fake_header (r, "Authorization");
    g_autofree char *stamp = fake_header (r, "x-amz-date"), *range = fake_header (r, "Range");
    const struct sign_pair query = { "versionId", "a b" }, header = { "Range", range };
    struct tm tm = { 0 };
    struct sign_request s = { .method = r->method,
                              .host = host,
                              .bucket = "bucket",
                              .key = x->key,
                              .is_virtual = x->is_virtual,
                              .query = &query,
                              .n_query = 1,
                              .headers = &header,
                              .n_headers = 1,
                              .payload = sign_sha256_of_nothing,
                              .region = "us-east-1" };
    if (!stamp || !strptime (stamp, "%Y%m%dT%H%M%SZ", &tm))
        return false;
    s.now_s = timegm (&tm);
    g_autoptr (GString) target = g_string_new (NULL);
    sign_append_target (x->scheme, &s, target);
    g_autofree char *expected = NULL;
    sign_headers (x->scheme, &s, &(struct sign_key){ "id", "secret", NULL }, NULL,
                  take_authorization, &expected);
    bool is_right = g_strcmp0 (expected, sent) == 0 && g_str_equal (target->str, r->target);
    fake_reply (c, is_right ? 206 : 403, ETAG "Content-Range: bytes 0-1/2\r\n", "ok");
    return true;
}

static void all_keys_are_sent_as_they_are_signed (void **state UNUSED)
{
    static const char *const keys[] = { "a b",
                                        "a+b",
                                        "a%20b",
                                        "100%",
                                        "a//b",
                                        "/lead",
                                        "//",
                                        "./x",
                                        "../y",
                                        "a/./b",
                                        "a/../b",
                                        "trail/",
                                        ".",
                                        "..",
                                        "'\"",
                                        "?#&=;:@!*()[]{}|\\^`<>$,",
                                        "\xf0\x9f\x98\x80",
                                        "e\xcc\x81",
                                        "\t\n\x01\x7f",
                                        "\xe6\xb1\x89/\xe5\xad\x97" };
    struct checker x = { .scheme = SIGN_S3 };
    struct error e = { 0 };
    for (int is_virtual = 0; is_virtual < 2; is_virtual++) {
        struct world w;
        w.fake = fake_new (check_signature, &x);
        g_autofree char *url = fake_url_of (w.fake, is_virtual ? "localhost" : "127.0.0.1");
        struct client_options o = { .endpoint = url, .is_virtual = is_virtual };
        assert_ok (credentials_new ("id", "secret", NULL, &o.credentials, &e), &e);
        assert_ok (client_thread_new (&w.thread, &e), &e);
        assert_ok (client_new (w.thread, &o, &w.client, &e), &e);
        x.is_virtual = is_virtual;
        for (size_t i = 0; i < N_ELEMENTS (keys); i++) {
            _cleanup_response_ struct client_response r;
            struct client_request ask = get (x.key = keys[i]);
            ask.query = &(struct sign_pair){ "versionId", "a b" };
            ask.n_query = 1;
            ask.range.length = 2;
            assert_ok (client_call (w.client, &ask, &r, &e), &e);
        }
        world_clear (&w);
    }
}

static bool echo (void *arg UNUSED, const struct fake_request *r, struct fake_conn *c)
{
    g_autofree char *type = fake_header (r, "Content-Type"),
                    *hash = fake_header (r, "x-amz-content-sha256");
    g_autofree char *note = fake_header (r, "x-amz-meta-note"), *expect = fake_header (r, "Expect");
    g_autofree char *text = g_strdup_printf (
        "%s %s type=%s hash=%.8s note=%s%s body=%s", r->method, r->target, type ? type : "none",
        hash, note ? note : "none", expect ? " expect" : "", r->body);
    fake_reply (c, 200, ETAG, text);
    return true;
}

static void bodies_and_headers_are_sent (void **state UNUSED)
{
    struct world w;
    world_init (&w, echo, NULL, NULL);
    struct error e = { 0 };
    const struct sign_pair headers[] = { { "Content-Type", "text/plain" },
                                         { "x-amz-meta-note", "" } };
    const struct {
        const char *method, *body;
        size_t n_headers;
        const char *expected;
    } rows[] = {
        { "PUT", "words", 2, "PUT /bucket/k type=text/plain hash=dba36bff note= body=words" },
        { "PUT", "", 0, "PUT /bucket/k type=none hash=e3b0c442 note=none body=" },
        { "POST", "words", 0, "POST /bucket/k type=none hash=dba36bff note=none body=words" },
        { "DELETE", "", 0, "DELETE /bucket/k type=none hash=e3b0c442 note=none body=" },
        { "GET", "", 0, "GET /bucket/k type=none hash=e3b0c442 note=none body=" },
    };
    for (size_t i = 0; i < N_ELEMENTS (rows); i++) {
        _cleanup_response_ struct client_response r;
        struct client_request ask = get ("k");
        ask.method = rows[i].method;
        ask.body = rows[i].body;
        ask.body_len = strlen (rows[i].body);
        ask.headers = headers;
        ask.n_headers = rows[i].n_headers;
        assert_ok (client_call (w.client, &ask, &r, &e), &e);
        assert_body (&r, rows[i].expected);
    }
    world_clear (&w);
}

static bool answer_as_proxy (void *arg UNUSED, const struct fake_request *r, struct fake_conn *c)
{
    g_autofree char *host = fake_header (r, "Host");
    g_autofree char *text = g_strdup_printf ("%s of %s", r->target, host);
    fake_reply (c, 200, ETAG, text);
    return true;
}

static void only_a_configured_proxy_is_used (void **state UNUSED)
{
    struct world w;
    struct error e = { 0 };
    world_init (&w, answer_as_proxy, NULL, NULL);
    _cleanup_response_ struct client_response r;
    struct client_request ask = get ("a//b");
    g_setenv ("http_proxy", "http://127.0.0.1:1", TRUE); /* nobody is there */
    g_setenv ("ALL_PROXY", "http://127.0.0.1:1", TRUE);
    assert_ok (client_call (w.client, &ask, &r, &e), &e);
    g_unsetenv ("http_proxy");
    g_unsetenv ("ALL_PROXY");
    client_response_clear (&r);

    struct client *c = NULL;
    struct client_options o = { .endpoint = "http://store.example", .proxy = fake_url (w.fake) };
    assert_ok (client_new (w.thread, &o, &c, &e), &e);
    assert_ok (client_call (c, &ask, &r, &e), &e);
    assert_body (&r, "http://store.example/bucket/a//b of store.example");
    client_free (c);
    world_clear (&w);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (objects_come_whole_over_one_connection),
        cmocka_unit_test (head_tells_size_and_headers),
        cmocka_unit_test (ranges_come_as_asked),
        cmocka_unit_test (bodies_go_to_a_descriptor_and_no_further),
        cmocka_unit_test (all_keys_are_sent_as_they_are_signed),
        cmocka_unit_test (bodies_and_headers_are_sent),
        cmocka_unit_test (only_a_configured_proxy_is_used),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
