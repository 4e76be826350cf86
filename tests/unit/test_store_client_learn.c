/* What the client learns from refusals, and what it does not believe: clocks, regions, keys. */
#include "test.h"

#include <time.h>
#include <glib/gstdio.h>

#include "base/clock.h"
#include "base/macros.h"
#include "client_world.h"

#define HELLO "HTTP/1.1 200 OK\r\nETag: \"abc\"\r\nContent-Length: 5\r\n\r\nhello"

static void refuse (struct fake_conn *c, int status, const char *headers, const char *code)
{
    g_autofree char *body = g_strdup_printf ("<Error><Code>%s</Code></Error>", code);
    fake_reply (c, status, headers, body);
}

/* ---- The clock ---- */

#define AHEAD_S 7200

static int64_t signed_at_s (const struct fake_request *r)
{
    g_autofree char *stamp = fake_header (r, "x-amz-date");
    struct tm tm = { 0 };
    return stamp && strptime (stamp, "%Y%m%dT%H%M%SZ", &tm) ? timegm (&tm) : 0;
}

static bool live_in_the_future (void *arg, const struct fake_request *r, struct fake_conn *c)
{
    const char *code = arg;
    time_t now = (time_t) (clock_now_ns () / INT64_C (1000000000)) + AHEAD_S;
    if (ABS (now - signed_at_s (r)) < 600) {
        fake_send (c, HELLO);
        return true;
    }
    struct tm tm;
    char date[80];
    gmtime_r (&now, &tm);
    strftime (date, sizeof date, "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &tm);
    if (*code)
        refuse (c, 403, date, code);
    else
        fake_reply (c, 403, date, ""); /* as to a HEAD */
    return true;
}

static void the_clock_of_the_store_is_learned (void **state UNUSED)
{
    static const char *const codes[] = { "RequestTimeTooSkewed", "" };
    for (size_t i = 0; i < N_ELEMENTS (codes); i++) {
        struct world w;
        world_init (&w, live_in_the_future, codes[i], NULL);
        struct error e = { 0 };
        for (unsigned j = 0; j < 2; j++) {
            _cleanup_response_ struct client_response r;
            struct client_request ask = get ("k");
            assert_ok (client_call (w.client, &ask, &r, &e), &e);
            assert_int_equal (j == 0 ? 2 : 1, r.tries);
        }
        world_clear (&w);
    }
}

static bool have_no_clock (void *arg UNUSED, const struct fake_request *r UNUSED,
                           struct fake_conn *c)
{
    refuse (c, 403, "Date: Tue, 01 Jan 1980 00:00:00 GMT\r\n", "RequestTimeTooSkewed");
    return true;
}

static void an_absurd_clock_is_not_believed (void **state UNUSED)
{
    struct world w;
    world_init (&w, have_no_clock, NULL, NULL);
    _cleanup_response_ struct client_response r;
    struct client_request ask = get ("k");
    assert_err (STORE_CREDENTIALS, client_call (w.client, &ask, &r, NULL));
    assert_int_equal (1, r.tries);
    world_clear (&w);
}

/* ---- Regions ---- */

static bool live_in_europe (void *arg, const struct fake_request *r, struct fake_conn *c)
{
    const char *how = arg;
    g_autofree char *sent = fake_header (r, "Authorization");
    if (strstr (sent, "/eu-west-1/s3/") || strstr (r->target, "/home")) {
        fake_send (c, HELLO);
    } else if (g_str_equal (how, "redirect")) {
        refuse (c, 301, "x-amz-bucket-region: eu-west-1\r\nLocation: http://127.0.0.1:1/\r\n",
                "PermanentRedirect");
    } else if (g_str_equal (how, "malformed")) {
        fake_reply (c, 400, "",
                    "<Error><Code>AuthorizationHeaderMalformed</Code>"
                    "<Region>eu-west-1</Region></Error>");
    } else {
        fake_reply (c, 301, "x-amz-bucket-region: evil.example/\r\n", "");
    }
    return true;
}

static void regions_are_learned_for_each_bucket (void **state UNUSED)
{
    static const char *const ways[] = { "redirect", "malformed" };
    for (size_t i = 0; i < N_ELEMENTS (ways); i++) {
        struct world w;
        world_init (&w, live_in_europe, ways[i], NULL);
        struct error e = { 0 };
        for (unsigned j = 0; j < 2; j++) {
            _cleanup_response_ struct client_response r;
            struct client_request ask = get_of ("away", "k");
            assert_ok (client_call (w.client, &ask, &r, &e), &e);
            assert_int_equal (j == 0 ? 2 : 1, r.tries);
        }
        _cleanup_response_ struct client_response r;
        struct client_request ask = get_of ("home", "k");
        assert_ok (client_call (w.client, &ask, &r, &e), &e);
        g_autofree char *away = client_region (w.client, "away");
        g_autofree char *home = client_region (w.client, "home");
        assert_string_equal ("eu-west-1", away);
        assert_string_equal ("us-east-1", home);
        world_clear (&w);
    }
}

static void no_redirect_leads_elsewhere (void **state UNUSED)
{
    struct world w;
    world_init (&w, live_in_europe, "evil", NULL);
    _cleanup_response_ struct client_response r;
    struct client_request ask = get_of ("away", "k");
    assert_err (STORE_DOWN, client_call (w.client, &ask, &r, NULL));
    assert_int_equal (301, r.status);
    assert_int_equal (1, fake_requests (w.fake));
    world_clear (&w);
}

/* ---- Keys ---- */

static bool know_only (void *arg, const struct fake_request *r, struct fake_conn *c)
{
    const char *id = arg;
    g_autofree char *sent = fake_header (r, "Authorization");
    g_autofree char *token = fake_header (r, "x-amz-security-token");
    if (sent && strstr (sent, id) && g_strcmp0 (token, "fresh") == 0)
        fake_send (c, HELLO);
    else
        refuse (c, 400, "", "ExpiredToken");
    return true;
}

static void refused_keys_are_read_again (void **state UNUSED)
{
    g_autofree char *path = g_strdup ("credentials-XXXXXX");
    close (g_mkstemp (path));
    assert_true (g_file_set_contents (path, "access-key-id=old\naccess-key-secret=s\n", -1, NULL));
    struct world w;
    world_init (&w, know_only, "new", credentials_new_file (path, NULL));
    struct error e = { 0 };
    _cleanup_response_ struct client_response r;
    struct client_request ask = get ("k");
    assert_err (STORE_CREDENTIALS, client_call (w.client, &ask, &r, &e));
    assert_int_equal (1, r.tries);
    client_response_clear (&r);
    assert_true (g_file_set_contents (path,
                                      "{\"AccessKeyId\":\"new\",\"AccessKeySecret\":\"t\","
                                      "\"SecurityToken\":\"fresh\"}",
                                      -1, NULL));
    assert_ok (client_call (w.client, &ask, &r, &e), &e);
    assert_in_range (r.tries, 1, 2);
    g_unlink (path);
    world_clear (&w);
}

static bool misread_some (void *arg UNUSED, const struct fake_request *r, struct fake_conn *c)
{
    if (strstr (r->target, "%2B") || strstr (r->target, "plain"))
        refuse (c, 403, "", "SignatureDoesNotMatch");
    else
        fake_send (c, HELLO);
    return true;
}

static void a_key_that_is_misread_is_refused_alone (void **state UNUSED)
{
    struct world w;
    world_init (&w, misread_some, NULL, NULL);
    _cleanup_response_ struct client_response r;
    struct client_request odd = get ("a+b"), plain = get ("plain");
    struct client_request good = get ("good");
    assert_err (STORE_CREDENTIALS, client_call (w.client, &odd, &r, NULL));
    client_response_clear (&r);
    assert_err (OK, client_call (w.client, &good, &r, NULL));
    client_response_clear (&r);
    assert_err (STORE_DENIED, client_call (w.client, &odd, &r, NULL));
    client_response_clear (&r);
    assert_err (STORE_CREDENTIALS, client_call (w.client, &plain, &r, NULL));
    world_clear (&w);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (the_clock_of_the_store_is_learned),
        cmocka_unit_test (an_absurd_clock_is_not_believed),
        cmocka_unit_test (regions_are_learned_for_each_bucket),
        cmocka_unit_test (no_redirect_leads_elsewhere),
        cmocka_unit_test (refused_keys_are_read_again),
        cmocka_unit_test (a_key_that_is_misread_is_refused_alone),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
