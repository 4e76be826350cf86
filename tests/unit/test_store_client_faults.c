/* Stores that refuse, lie, throttle or break off: each ends in the right error, or in the right
 * bytes after another try, and never in wrong ones. */
#include "test.h"

#include <stdatomic.h>
#include <sys/mman.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/macros.h"
#include "client_world.h"

#define ETAG    "ETag: \"abc\"\r\n"
#define SOON_MS 600 /* the deadline of requests that never succeed */

/* Raw answers, one a request; the last again and again. '!' first: hang up after it. */
struct script {
    const char *answers[6];
};

static bool play (void *arg, const struct fake_request *r, struct fake_conn *c)
{
    const struct script *s = arg;
    unsigned i = 0;
    while (i + 1 < r->number && i + 1 < N_ELEMENTS (s->answers) && s->answers[i + 1])
        i++;
    const char *text = s->answers[i];
    bool is_last = *text == '!';
    fake_send (c, text + is_last);
    return !is_last;
}

/* ---- Lies: tried again, and STORE_DOWN in the end ---- */

enum { WHOLE, RANGE, SUFFIX, MATCH, LIST, SMALL };

static struct client_request request_of (int kind)
{
    struct client_request ask = get ("k");
    ask.deadline_ms = SOON_MS;
    ask.range.length = kind == RANGE || kind == SUFFIX ? 4 : 0;
    ask.range.at = kind == RANGE ? 4 : 0;
    ask.range.is_suffix = kind == SUFFIX;
    ask.if_match = kind == MATCH ? "abc" : NULL;
    ask.limit = kind == SMALL ? 4 : 0;
    if (kind == LIST) {
        ask.key = NULL;
        ask.expect = CLIENT_XML;
    }
    return ask;
}

#define OK_  "HTTP/1.1 200 OK\r\n"
#define PART "HTTP/1.1 206 Partial\r\n"

static const struct {
    int kind;
    const char *answer, *message;
} lies[] = {
    { WHOLE, "!", "no answer" },
    { WHOLE, "!What?\r\n\r\n", "no answer" },
    { WHOLE, "!" OK_ ETAG "Content-Length: 10\r\n\r\nhello", "no answer" },
    { WHOLE, "!" OK_ ETAG "Content-Length: 10", "" },
    { WHOLE, OK_ "Content-Length: 5\r\n\r\nhello", "without an ETag" },
    { WHOLE, OK_ "ETag:\r\nContent-Length: 5\r\n\r\nhello", "without an ETag" },
    { WHOLE, "!" OK_ ETAG "\r\nhello", "without its length" },
    { WHOLE, OK_ ETAG "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", "its length" },
    { WHOLE, "!" OK_ ETAG "Content-Length: -5\r\n\r\nhello", "" },
    { WHOLE, "!" OK_ ETAG "Content-Length: 99999999999999999999999\r\n\r\nhello", "" },
    { WHOLE, OK_ ETAG "Content-Length: 999999999\r\n\r\nhello", "are the most" },
    { WHOLE, PART ETAG "Content-Range: bytes 0-4/5\r\nContent-Length: 5\r\n\r\nhello", "other" },
    { WHOLE, "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
      "302" },
    { SMALL, OK_ ETAG "Content-Length: 5\r\n\r\nhello", "4 are the most" },
    { RANGE, PART ETAG "Content-Range: bytes 0-3/8\r\nContent-Length: 4\r\n\r\nhell", "other" },
    { RANGE, PART ETAG "Content-Range: bytes 4-7/8\r\nContent-Length: 3\r\n\r\nhel",
      "contradicts" },
    { RANGE, PART ETAG "Content-Range: bytes 4-6/8\r\nContent-Length: 3\r\n\r\nhel", "other" },
    { RANGE, PART ETAG "Content-Range: bytes 4-8/9\r\nContent-Length: 5\r\n\r\nhello", "other" },
    { RANGE, PART ETAG "Content-Range: bytes 4-7/*\r\nContent-Length: 4\r\n\r\nhell", "other" },
    { RANGE, PART ETAG "Content-Range: bytes 4-7/7\r\nContent-Length: 4\r\n\r\nhell", "other" },
    { RANGE, PART ETAG "Content-Range: bytes 4-7/8/9\r\nContent-Length: 4\r\n\r\nhell", "other" },
    { RANGE, PART ETAG "Content-Range: items 4-7/8\r\nContent-Length: 4\r\n\r\nhell", "other" },
    { RANGE, PART ETAG "Content-Length: 4\r\n\r\nhell", "other" },
    { RANGE, PART "Content-Range: bytes 4-7/8\r\nContent-Length: 4\r\n\r\nhell", "ETag" },
    { RANGE, "!" PART ETAG "Content-Range: bytes 4-7/8\r\nContent-Length: 4\r\n\r\nhel",
      "no answer" },
    { RANGE, OK_ ETAG "Content-Length: 8\r\n\r\nall of it", "does not send ranges" },
    { SUFFIX, OK_ ETAG "Content-Length: 8\r\n\r\nall of i", "does not send ranges" },
    { SUFFIX, PART ETAG "Content-Range: bytes 0-3/8\r\nContent-Length: 4\r\n\r\nhell", "other" },
    { LIST, OK_ "Content-Type: text/html\r\nContent-Length: 8\r\n\r\n<a>b</a>", "HTML" },
    { LIST, OK_ "Content-Length: 13\r\n\r\n<html></html>", "instead of XML" },
    { LIST, OK_ "Content-Length: 21\r\n\r\n<!DOCTYPE html><html>", "instead of XML" },
    { LIST, OK_ "Content-Length: 2\r\n\r\n{}", "instead of XML" },
    { LIST, OK_ "Content-Length: 0\r\n\r\n", "instead of XML" },
    { LIST, OK_ "Content-Length: 41\r\n\r\n<Error><Code>InternalError</Code></Error>",
      "as a success" },
    { WHOLE, "HTTP/1.1 404 No\r\nContent-Type: text/html\r\nContent-Length: 4\r\n\r\n<h1>",
      "not as a store" },
    { WHOLE, "HTTP/1.1 403 No\r\nContent-Length: 5\r\n\r\nBlock", "not as a store" },
    { LIST, "HTTP/1.1 404 No\r\nContent-Type: text/html\r\nContent-Length: 0\r\n\r\n", "not as" },
};

struct attempt {
    struct world world;
    struct client_response answer;
    atomic_bool is_done;
};

static void keep_answer (void *arg, struct client_response *r)
{
    struct attempt *a = arg;
    a->answer = *r;
    *r = (struct client_response){ 0 };
    atomic_store (&a->is_done, true);
}

static void check_lie (size_t i, const struct client_response *r)
{
    if (r->code != ERR_STORE_DOWN)
        fail_msg ("row %zu: %s %s", i, error_name (r->code), r->message);
    if (!strstr (r->message, lies[i].message))
        fail_msg ("row %zu: '%s' instead of '%s'", i, r->message, lies[i].message);
    assert_null (r->body);
}

/* All at once, for each takes as long as its deadline. */
static void lies_are_store_down (void **state UNUSED)
{
    struct attempt attempts[N_ELEMENTS (lies)] = { 0 };
    struct script scripts[N_ELEMENTS (lies)] = { 0 };
    for (size_t i = 0; i < N_ELEMENTS (lies); i++) {
        struct error e = { 0 };
        scripts[i].answers[0] = lies[i].answer;
        world_init (&attempts[i].world, play, &scripts[i], NULL);
        struct client_request ask = request_of (lies[i].kind);
        ask.done = keep_answer;
        ask.arg = &attempts[i];
        assert_ok (client_submit (attempts[i].world.client, &ask, &e), &e);
    }
    for (size_t i = 0; i < N_ELEMENTS (lies); i++) {
        while (!atomic_load (&attempts[i].is_done))
            g_usleep (1000);
        check_lie (i, &attempts[i].answer);
        client_response_clear (&attempts[i].answer);
        world_clear (&attempts[i].world);
    }
}

static void nothing_of_a_lie_is_written (void **state UNUSED)
{
    _cleanup_close_ int fd = memfd_create ("body", MFD_CLOEXEC);
    struct world w;
    struct script s = { { PART ETAG
                          "Content-Range: bytes 0-3/8\r\nContent-Length: 4\r\n\r\nhell" } };
    world_init (&w, play, &s, NULL);
    struct error e = { 0 };
    _cleanup_response_ struct client_response r;
    struct client_request ask = request_of (RANGE);
    ask.is_to_fd = true;
    ask.fd = fd;
    assert_err (STORE_DOWN, client_call (w.client, &ask, &r, &e));
    assert_int_equal (0, lseek (fd, 0, SEEK_END));
    world_clear (&w);
}

static bool send_without_end (void *arg, const struct fake_request *r UNUSED, struct fake_conn *c)
{
    const char *line = arg;
    fake_send (c, OK_ ETAG);
    for (int i = 0; i < 100000; i++)
        fake_send (c, line);
    return false;
}

static void endless_answers_end (void **state UNUSED)
{
    static const char *const lines[] = { "X-More: and more\r\n",
                                         "\r\nTransfer-Encoding: chunked\r\n" };
    for (size_t i = 0; i < N_ELEMENTS (lines); i++) {
        struct world w;
        world_init (&w, send_without_end, lines[i], NULL);
        struct error e = { 0 };
        _cleanup_response_ struct client_response r;
        struct client_request ask = request_of (WHOLE);
        assert_err (STORE_DOWN, client_call (w.client, &ask, &r, &e));
        world_clear (&w);
    }
}

static bool drip (void *arg UNUSED, const struct fake_request *r UNUSED, struct fake_conn *c)
{
    fake_send (c, OK_ ETAG "Content-Length: 1000\r\n\r\n");
    for (int i = 0; i < 40; i++) { /* for 2 s, far beyond the deadline */
        fake_send (c, "x");
        g_usleep (50000);
    }
    return false;
}

static void a_slow_drip_ends_with_the_deadline (void **state UNUSED)
{
    struct world w;
    world_init (&w, drip, NULL, NULL);
    struct error e = { 0 };
    _cleanup_response_ struct client_response r;
    struct client_request ask = get ("k");
    ask.deadline_ms = 200;
    int64_t start_ms = clock_mono_ms ();
    assert_err (STORE_DOWN, client_call (w.client, &ask, &r, &e));
    assert_in_range (clock_mono_ms () - start_ms, 150, 1500);
    struct client_stats s;
    client_stats (w.client, &s);
    assert_int_equal (LIMIT_STORE_WINDOW_START / 2, s.window); /* a timeout is a sign of load */
    world_clear (&w);
}

static void nobody_there_is_store_down (void **state UNUSED)
{
    struct world w;
    world_init (&w, play, NULL, NULL);
    struct error e = { 0 };
    struct client *c = NULL;
    struct client_options o = { .endpoint = "http://127.0.0.1:1" }; /* tcpmux: nobody has it */
    assert_ok (client_new (w.thread, &o, &c, &e), &e);
    _cleanup_response_ struct client_response r;
    struct client_request ask = get ("k");
    ask.deadline_ms = SOON_MS;
    assert_err (STORE_DOWN, client_call (c, &ask, &r, &e));
    assert_int_equal (0, r.status);
    client_free (c);
    world_clear (&w);
}

/* ---- Refusals: final, but for those that pass ---- */

#define REFUSAL(status, code)                                                                      \
    "!HTTP/1.1 " status " No\r\nContent-Type: application/xml\r\n\r\n"                             \
    "<?xml version=\"1.0\"?>\n<Error><Code>" code "</Code><Message>Well</Message></Error>"
#define EMPTY(status) "HTTP/1.1 " status " No\r\nContent-Length: 0\r\n\r\n"

static const struct {
    const char *method, *key, *answer;
    enum err expected;
    const char *code;
} refusals[] = {
    { "GET", "k", REFUSAL ("404", "NoSuchKey"), ERR_NO_OBJECT, "NoSuchKey" },
    { "GET", "k", REFUSAL ("404", "NoSuchBucket"), ERR_NO_BUCKET, "NoSuchBucket" },
    { "GET", NULL, REFUSAL ("404", "NoSuchBucket"), ERR_NO_BUCKET, "NoSuchBucket" },
    { "GET", "k", REFUSAL ("403", "AccessDenied"), ERR_STORE_DENIED, "AccessDenied" },
    { "GET", "k", REFUSAL ("403", "InvalidObjectState"), ERR_STORE_ARCHIVED, "InvalidObjectState" },
    { "GET", "k", REFUSAL ("412", "PreconditionFailed"), ERR_VERSION_CHANGED,
      "PreconditionFailed" },
    { "GET", "k", REFUSAL ("416", "InvalidRange"), ERR_OUT_OF_RANGE, "InvalidRange" },
    { "GET", "k", REFUSAL ("403", "InvalidAccessKeyId"), ERR_STORE_CREDENTIALS,
      "InvalidAccessKeyId" },
    { "GET", "k", REFUSAL ("403", "SignatureDoesNotMatch"), ERR_STORE_CREDENTIALS,
      "SignatureDoesNotMatch" },
    { "GET", "k", REFUSAL ("400", "ExpiredToken"), ERR_STORE_CREDENTIALS, "ExpiredToken" },
    { "GET", "k", REFUSAL ("403", "Strange"), ERR_STORE_DENIED, "Strange" },
    { "GET", "k", REFUSAL ("400", "Strange"), ERR_BAD_REQUEST, "Strange" },
    { "GET", "k", REFUSAL ("404", "Strange"), ERR_NO_OBJECT, "Strange" },
    { "HEAD", "k", EMPTY ("404"), ERR_NO_OBJECT, "" },
    { "HEAD", NULL, EMPTY ("404"), ERR_NO_BUCKET, "" },
    { "HEAD", "k", EMPTY ("412"), ERR_VERSION_CHANGED, "" },
    { "HEAD", "k", "HTTP/1.1 404 No\r\nX-Minio-Error-Code: NoSuchBucket\r\n\r\n", ERR_NO_BUCKET,
      "NoSuchBucket" },
    { "HEAD", "k", /* <Error><Code>NoSuchBucket</Code></Error> */
      "HTTP/1.1 404 No\r\nx-oss-err: "
      "PEVycm9yPjxDb2RlPk5vU3VjaEJ1Y2tldDwvQ29kZT48L0Vycm9yPg==\r\n\r\n",
      ERR_NO_BUCKET, "NoSuchBucket" },
    { "GET", "k", "HTTP/1.1 405 No\r\nx-amz-delete-marker: true\r\nContent-Length: 0\r\n\r\n",
      ERR_NO_OBJECT, "" },
};

static void refusals_are_final (void **state UNUSED)
{
    for (size_t i = 0; i < N_ELEMENTS (refusals); i++) {
        struct world w;
        struct script s = { { refusals[i].answer } };
        world_init (&w, play, &s, NULL);
        struct error e = { 0 };
        _cleanup_response_ struct client_response r;
        struct client_request ask = get (refusals[i].key);
        ask.method = refusals[i].method;
        if (client_call (w.client, &ask, &r, &e) != refusals[i].expected)
            fail_msg ("row %zu: %s %s", i, error_name (r.code), r.message);
        assert_string_equal (refusals[i].code, r.s3_code);
        assert_int_equal (1, r.tries);
        assert_null (strstr (e.message, "secret"));
        world_clear (&w);
    }
}

static bool answer_head_without_reason (void *arg, const struct fake_request *r,
                                        struct fake_conn *c)
{
    const char *reason = arg;
    g_autofree char *range = fake_header (r, "Range");
    if (g_str_equal (r->method, "HEAD"))
        fake_send (c, "HTTP/1.1 403 No\r\n\r\n");
    else if (g_strcmp0 (range, "bytes=0-0") == 0)
        fake_send (c, reason);
    return false;
}

static void a_refused_head_finds_its_reason (void **state UNUSED)
{
    static const struct {
        const char *reason;
        enum err expected;
        unsigned tries;
    } rows[] = {
        { REFUSAL ("403", "AccessDenied") + 1, ERR_STORE_DENIED, 2 },
        { REFUSAL ("400", "ExpiredToken") + 1, ERR_STORE_CREDENTIALS, 2 },
        { REFUSAL ("404", "NoSuchBucket") + 1, ERR_NO_BUCKET, 2 },
        { EMPTY ("403"), ERR_STORE_DENIED, 2 },
        { PART ETAG "Content-Range: bytes 0-0/9\r\nContent-Length: 1\r\n\r\nx", ERR_STORE_DENIED,
          3 },
        { REFUSAL ("416", "InvalidRange") + 1, ERR_STORE_DENIED, 3 },
    };
    for (size_t i = 0; i < N_ELEMENTS (rows); i++) {
        struct world w;
        world_init (&w, answer_head_without_reason, rows[i].reason, NULL);
        _cleanup_response_ struct client_response r;
        struct client_request ask = get ("k");
        ask.method = "HEAD";
        if (client_call (w.client, &ask, &r, NULL) != rows[i].expected)
            fail_msg ("row %zu: %s %s", i, error_name (r.code), r.message);
        assert_int_equal (rows[i].tries, r.tries);
        assert_null (r.body);
        world_clear (&w);
    }
}

static void hostile_error_documents_are_harmless (void **state UNUSED)
{
    g_autoptr (GString) deep = g_string_new ("!HTTP/1.1 403 No\r\n\r\n");
    for (int i = 0; i < 5000; i++)
        g_string_append (deep, "<Error><Code>");
    g_autoptr (GString) large = g_string_new ("!HTTP/1.1 403 No\r\n\r\n<Error><Code>AccessDenied"
                                              "</Code><Message>");
    for (int i = 0; i < 20000; i++)
        g_string_append (large, "no and ");
    const struct {
        const char *answer;
        enum err expected;
    } rows[] = {
        { deep->str, ERR_STORE_DOWN },
        { large->str, ERR_STORE_DENIED },
        { "!HTTP/1.1 403 No\r\n\r\n<Error><Code>\xff\xfe</Code></Error>", ERR_STORE_DOWN },
        { "!HTTP/1.1 403 No\r\n\r\n<!DOCTYPE x [<!ENTITY a \"b\">]><Error><Code>&a;</Code></Error>",
          ERR_STORE_DOWN },
    };
    for (size_t i = 0; i < N_ELEMENTS (rows); i++) {
        struct world w;
        struct script s = { { rows[i].answer } };
        world_init (&w, play, &s, NULL);
        struct error e = { 0 };
        _cleanup_response_ struct client_response r;
        struct client_request ask = request_of (WHOLE);
        if (client_call (w.client, &ask, &r, &e) != rows[i].expected)
            fail_msg ("row %zu: %s %s", i, error_name (r.code), r.message);
        assert_true (g_utf8_validate (r.message, -1, NULL));
        world_clear (&w);
    }
}

/* ---- What passes ---- */

#define HELLO OK_ ETAG "Content-Length: 5\r\n\r\nhello"

static void what_passes_is_tried_again (void **state UNUSED)
{
    static const struct {
        const char *fault;
        unsigned throttled;
    } rows[] = {
        { REFUSAL ("503", "SlowDown"), 1 },
        { REFUSAL ("429", "TooManyRequests"), 1 },
        { EMPTY ("503"), 1 },
        { REFUSAL ("500", "InternalError"), 0 },
        { EMPTY ("502"), 0 },
        { REFUSAL ("400", "RequestTimeout"), 0 },
        { "!", 0 },
        { "!" OK_ ETAG "Content-Length: 5\r\n\r\nhel", 0 },
        { OK_ "Content-Length: 5\r\n\r\nhullo", 0 },
    };
    for (size_t i = 0; i < N_ELEMENTS (rows); i++) {
        struct world w;
        struct script s = { { rows[i].fault, HELLO } };
        world_init (&w, play, &s, NULL);
        struct error e = { 0 };
        _cleanup_response_ struct client_response r;
        struct client_request ask = get ("k");
        assert_ok (client_call (w.client, &ask, &r, &e), &e);
        assert_int_equal (5, r.body->len);
        assert_memory_equal ("hello", r.body->data, 5);
        assert_int_equal (2, r.tries);
        struct client_stats t;
        client_stats (w.client, &t);
        assert_int_equal (rows[i].throttled, t.throttled);
        assert_int_equal (LIMIT_STORE_WINDOW_START >> rows[i].throttled, t.window);
        assert_int_equal (1, t.retries);
        world_clear (&w);
    }
}

static void a_post_is_not_repeated_after_it_may_be_done (void **state UNUSED)
{
    static const struct {
        const char *fault;
        unsigned tries;
    } rows[] = { { EMPTY ("500"), 1 }, { REFUSAL ("503", "SlowDown"), 2 } };
    for (size_t i = 0; i < N_ELEMENTS (rows); i++) {
        struct world w;
        struct script s = { { rows[i].fault, HELLO } };
        world_init (&w, play, &s, NULL);
        struct error e = { 0 };
        _cleanup_response_ struct client_response r;
        struct client_request ask = { .method = "POST", .bucket = "bucket", .key = "k" };
        enum err x = client_call (w.client, &ask, &r, &e);
        assert_int_equal (rows[i].tries == 1 ? ERR_STORE_DOWN : ERR_OK, x);
        assert_int_equal (rows[i].tries, r.tries);
        world_clear (&w);
    }
}

static void another_etag_is_another_version (void **state UNUSED)
{
    static const struct {
        const char *etag;
        enum err expected;
    } rows[] = { { "ETag: \"abc\"", ERR_OK },
                 { "ETag: abc", ERR_OK },
                 { "ETag: W/\"abc\"", ERR_OK },
                 { "ETag: \"abcd\"", ERR_VERSION_CHANGED },
                 { "ETag: \"ab\"", ERR_VERSION_CHANGED } };
    for (size_t i = 0; i < N_ELEMENTS (rows); i++) {
        g_autofree char *answer =
            g_strdup_printf (OK_ "%s\r\nContent-Length: 5\r\n\r\nhello", rows[i].etag);
        struct world w;
        struct script s = { { answer } };
        world_init (&w, play, &s, NULL);
        _cleanup_response_ struct client_response r;
        struct client_request ask = request_of (MATCH);
        assert_int_equal (rows[i].expected, client_call (w.client, &ask, &r, NULL));
        world_clear (&w);
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (lies_are_store_down),
        cmocka_unit_test (nothing_of_a_lie_is_written),
        cmocka_unit_test (endless_answers_end),
        cmocka_unit_test (a_slow_drip_ends_with_the_deadline),
        cmocka_unit_test (nobody_there_is_store_down),
        cmocka_unit_test (refusals_are_final),
        cmocka_unit_test (a_refused_head_finds_its_reason),
        cmocka_unit_test (hostile_error_documents_are_harmless),
        cmocka_unit_test (what_passes_is_tried_again),
        cmocka_unit_test (a_post_is_not_repeated_after_it_may_be_done),
        cmocka_unit_test (another_etag_is_another_version),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
