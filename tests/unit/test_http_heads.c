/* The queries taken out of what comes on a connection, in whatever pieces it comes. */
#include "http/heads.h"

#include "base/limits.h"
#include "test.h"

/* What is fed, what is left of it, and the targets of its requests. */
static const struct row {
    const char *bytes, *passed, *targets[4];
    enum heads_state state;
} rows[] = {
    { "GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\n\r\n", { "/" }, HEADS_BEGIN },
    { "GET /?a=1&b HTTP/1.1\r\nHost: x\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
      { "/?a=1&b" },
      HEADS_BEGIN },
    { "GET /p?a=?? HTTP/1.1\n\nPOST  /q?b#c  HTTP/1.0 \n\n",
      "GET /p HTTP/1.1\n\nPOST  /q  HTTP/1.0 \n\n",
      { "/p?a=??", "/q?b#c" },
      HEADS_BEGIN },
    { "\r\n\n\r\nGET http://h/?a HTTP/1.1\r\nX: ?a b\r\n\r\n",
      "\r\n\n\r\nGET http://h/ HTTP/1.1\r\nX: ?a b\r\n\r\n",
      { "http://h/?a" },
      HEADS_BEGIN },
    { "POST /?a HTTP/1.1\r\ncontent-LENGTH: \t 9\r\n\r\nGET /?x y"
      "GET /?b HTTP/1.1\r\n\r\n",
      "POST / HTTP/1.1\r\ncontent-LENGTH: \t 9\r\n\r\nGET /?x y"
      "GET / HTTP/1.1\r\n\r\n",
      { "/?a", "/?b" },
      HEADS_BEGIN },
    { "POST /?a HTTP/1.1\r\nContent-Length: 0\r\n\r\nGET /?b HTTP/1.1\r\n",
      "POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\nGET / HTTP/1.1\r\n",
      { "/?a", "/?b" },
      HEADS_FIELD },
    { "POST /?a HTTP/1.1\r\nContent-Length: 5\r\n\r\nabc",
      "POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nabc",
      { "/?a" },
      HEADS_BODY },
    /* Not this reader's to understand: all that follows is passed on. */
    { "POST /?a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /?b HTTP/1.1\r\n\r\n",
      "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /?b HTTP/1.1\r\n\r\n",
      { "/?a", "/" },
      HEADS_OPAQUE },
    { "POST / HTTP/1.1\r\nContent-Length: 1\r\n 2\r\n\r\nGET /?b", NULL, { "/" }, HEADS_OPAQUE },
    { "POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n",
      NULL,
      { "/" },
      HEADS_OPAQUE },
    { "POST / HTTP/1.1\r\nContent-Length: 1 \r\n\r\nGET /?b", NULL, { "/" }, HEADS_OPAQUE },
    { "POST / HTTP/1.1\r\nContent-Length: -1\r\n", NULL, { "/" }, HEADS_OPAQUE },
    { "POST / HTTP/1.1\r\nContent-Length:\r\n", NULL, { "/" }, HEADS_OPAQUE },
    { "POST / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n", NULL, { "/" }, HEADS_OPAQUE },
    { "POST / HTTP/1.1\r\nContent-Length: 0000000000000000000000000000000000000000001\r\n",
      NULL,
      { "/" },
      HEADS_OPAQUE },
    /* Fields that only look as if they told a length. */
    { "POST / HTTP/1.1\r\nContent-Length : 5\r\nX-Content-Length: 5\r\nX: Content-Length: "
      "5\r\n\r\n",
      NULL,
      { "/" },
      HEADS_BEGIN },
    /* No requests. */
    { "nonsense\r\n\r\n", NULL, { "/" }, HEADS_BEGIN },
    { "GET /?a\r\n\r\n", "GET /\r\n\r\n", { "/?a" }, HEADS_BEGIN },
    { "GET /?a b HTTP/1.1\r\n\r\n", "GET / b HTTP/1.1\r\n\r\n", { "/?a" }, HEADS_BEGIN },
    { "GET /?a\rb HTTP/1.1\r\n\r\n", "GET /\rb HTTP/1.1\r\n\r\n", { "/?a" }, HEADS_BEGIN },
    { "\x16\x03\x01", NULL, { NULL }, HEADS_METHOD },
    { "", NULL, { NULL }, HEADS_BEGIN },
};

static void feed_in_pieces (const struct row *row, size_t piece)
{
    struct heads h = { 0 };
    g_autoptr (GString) passed = g_string_new (NULL);
    size_t len = strlen (row->bytes);
    for (size_t at = 0; at < len; at += piece) {
        size_t n = MIN (piece, len - at);
        g_autofree char *bytes = g_strndup (row->bytes + at, n);
        g_string_append_len (passed, bytes, (gssize) heads_feed (&h, bytes, n));
    }
    assert_string_equal (passed->str, row->passed ? row->passed : row->bytes);
    assert_int_equal (h.state, row->state);
    for (size_t i = 0; row->targets[i]; i++) {
        g_autofree char *path = g_strndup (row->targets[i], strcspn (row->targets[i], "?"));
        g_autofree char *target = heads_take_target (&h, path);
        assert_string_equal (target, row->targets[i]);
    }
    assert_int_equal (h.n_taken, 0);
    heads_clear (&h);
}

static void takes_queries_out (void **state)
{
    (void) state;
    for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
        for (size_t piece = 1; piece <= strlen (rows[i].bytes) + 1; piece++)
            feed_in_pieces (&rows[i], piece);
}

static void a_nul_where_a_request_begins_is_opaque (void **state)
{
    (void) state;
    struct heads h = { 0 };
    char bytes[] = "\0 /?a HTTP/1.1\r\n\r\n";
    assert_int_equal (heads_feed (&h, bytes, sizeof bytes), sizeof bytes);
    assert_int_equal (h.state, HEADS_OPAQUE);
    heads_clear (&h);
}

/* Where the library sees the end of a head, and another request behind it. */
static void a_header_that_begins_with_nul_is_opaque (void **state)
{
    (void) state;
    struct heads h = { 0 };
    char bytes[] = "GET / HTTP/1.1\r\n\0X: y\r\nGET /?b HTTP/1.1\r\n\r\n";
    assert_int_equal (heads_feed (&h, bytes, sizeof bytes - 1), sizeof bytes - 1);
    assert_int_equal (h.state, HEADS_OPAQUE);
    heads_clear (&h);
    char within[] = "GET / HTTP/1.1\r\nX: \0y\r\n\r\n";
    assert_int_equal (heads_feed (&h, within, sizeof within - 1), sizeof within - 1);
    assert_int_equal (h.state, HEADS_BEGIN);
    heads_clear (&h);
}

/* Feeds `before`, then `unit` until it is over or `most` bytes were fed; gives how many. */
static size_t feed_until_over (struct heads *h, const char *before, const char *unit, size_t most)
{
    size_t fed = 0;
    for (const char *next = before; fed < most && !h->is_over; next = unit) {
        g_autofree char *bytes = g_strdup (next);
        size_t n = strlen (bytes);
        heads_feed (h, bytes, n);
        fed += n;
    }
    return fed;
}

static void ends_at_its_limits (void **state)
{
    (void) state;
    static const struct {
        const char *before, *unit;
        uint64_t limit;
        enum err code;
    } limits[] = {
        { "GET /?", "0123456789", LIMIT_REQUEST_HEAD, ERR_URI_TOO_LONG },
        { "GET /", "0123456789", LIMIT_REQUEST_LINES, ERR_URI_TOO_LONG },
        { "GET / HTTP/1.1\r\nX: ", "0123456789", LIMIT_REQUEST_LINES, ERR_URI_TOO_LONG },
        { "GET / HTTP/1.1\r\n", "a:\r\n", LIMIT_HEADERS * 4, ERR_BAD_REQUEST },
        { "", "GET /?0123456789 HTTP/1.1\r\n\r\n", 2 * LIMIT_REQUEST_HEAD / 11 * 29,
          ERR_URI_TOO_LONG },
    };
    for (size_t i = 0; i < G_N_ELEMENTS (limits); i++) {
        struct heads h = { 0 };
        struct error e;
        size_t fed = feed_until_over (&h, limits[i].before, limits[i].unit, SIZE_MAX);
        assert_in_range (fed, limits[i].limit, limits[i].limit + 100);
        assert_int_equal (heads_explain (&h, &e), limits[i].code);
        heads_clear (&h);
    }
}

/* What came with requests that are over does not count. */
static void many_requests_may_follow_each_other (void **state)
{
    (void) state;
    struct heads h = { 0 };
    for (int i = 0; i < 100; i++) {
        feed_until_over (&h, "GET /?", "0123456789", LIMIT_REQUEST_HEAD / 2);
        feed_until_over (&h, " HTTP/1.1\r\n", "A: 0123456789\r\n", LIMIT_REQUEST_LINES / 20);
        feed_until_over (&h, "\r\n", "", 1);
        assert_false (h.is_over);
        assert_int_equal (h.n_ended, i + 1);
        g_autofree char *target = heads_take_target (&h, "/");
        assert_in_range (strlen (target), LIMIT_REQUEST_HEAD / 2, LIMIT_REQUEST_HEAD / 2 + 100);
        assert_int_equal (h.n_taken, 0);
    }
    heads_clear (&h);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (takes_queries_out),
        cmocka_unit_test (a_nul_where_a_request_begins_is_opaque),
        cmocka_unit_test (a_header_that_begins_with_nul_is_opaque),
        cmocka_unit_test (ends_at_its_limits),
        cmocka_unit_test (many_requests_may_follow_each_other),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
