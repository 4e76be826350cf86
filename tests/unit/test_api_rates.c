/* Token buckets of users, addresses and projects. */
#include "test.h"

#include "api/rates.h"
#include "base/limits.h"

#define NS INT64_C (1000000000)

static struct principal *user (const char *id)
{
    struct principal *p = principal_new ();
    p->user_id = g_strdup (id);
    p->is_root = !id;
    return p;
}

/* How many of `n` requests at `now_ns` are taken. */
static int take (struct rates *r, const char *id, int64_t now_ns, int n)
{
    _cleanup_principal_ struct principal *p = user (id);
    int taken = 0;
    for (int i = 0; i < n; i++) {
        int64_t retry_ms;
        struct error e;
        enum err code = rates_take_user (r, p, now_ns, &retry_ms, &e);
        assert_true (code == ERR_OK || code == ERR_THROTTLED);
        taken += code == ERR_OK;
    }
    return taken;
}

static void a_burst_is_taken_and_then_the_rate (void **state)
{
    (void) state;
    const struct config config = { .user_requests_per_second = 10 };
    struct rates *r = rates_new (&config);
    int64_t now_ns = 1000 * NS;
    assert_int_equal (take (r, "1", now_ns, 100), 10 * RATES_BURST_S);
    assert_int_equal (take (r, "2", now_ns, 100), 10 * RATES_BURST_S);
    assert_int_equal (take (r, "1", now_ns + NS / 2, 100), 5);
    assert_int_equal (take (r, "1", now_ns + NS, 100), 5);
    assert_int_equal (take (r, "1", now_ns + 100 * NS, 100), 10 * RATES_BURST_S);
    assert_int_equal (take (r, "1", now_ns, 100), 10 * RATES_BURST_S); /* the clock went back */
    rates_free (r);
}

static void says_when_to_come_again (void **state)
{
    (void) state;
    const struct config config = { .user_requests_per_second = 4 };
    struct rates *r = rates_new (&config);
    _cleanup_principal_ struct principal *p = user ("1");
    int64_t retry_ms = 0;
    struct error e;
    while (rates_take_user (r, p, NS, &retry_ms, &e) == ERR_OK)
        ;
    assert_int_equal (retry_ms, 250);
    assert_err (THROTTLED, rates_take_user (r, p, NS + (retry_ms - 1) * 1000000, &retry_ms, &e));
    assert_int_equal (retry_ms, 1);
    assert_ok (rates_take_user (r, p, NS + 250 * 1000000, &retry_ms, &e), &e);
    rates_free (r);
}

static void projects_have_rates_of_their_own (void **state)
{
    (void) state;
    const struct config config = { .project_queries_per_second = 1 };
    struct rates *r = rates_new (&config);
    _cleanup_principal_ struct principal *a = user ("1"), *b = user ("2"), *root = user (NULL);
    int64_t retry_ms;
    struct error e;
    assert_ok (rates_take_project (r, a, "p", NS, &retry_ms, &e), &e);
    assert_ok (rates_take_project (r, b, "p", NS, &retry_ms, &e), &e);
    assert_err (THROTTLED, rates_take_project (r, a, "p", NS, &retry_ms, &e));
    assert_ok (rates_take_project (r, a, "q", NS, &retry_ms, &e), &e);
    assert_ok (rates_take_project (r, a, NULL, NS, &retry_ms, &e), &e);
    for (int i = 0; i < 10; i++) {
        assert_ok (rates_take_project (r, root, "p", NS, &retry_ms, &e), &e);
        assert_ok (rates_take_user (r, a, NS, &retry_ms, &e), &e); /* no limit is set */
    }
    rates_free (r);
}

static void many_names_fill_no_memory (void **state)
{
    (void) state;
    const struct config config = { .user_requests_per_second = 1000000 };
    struct rates *r = rates_new (&config);
    char name[32];
    for (int i = 0; i < 3 * LIMIT_RATE_BUCKETS; i++) {
        g_snprintf (name, sizeof name, "%d", i);
        assert_int_equal (take (r, name, i * NS, 1), 1);
    }
    rates_free (r);
}

/* How many of `n` requests of an address at `now_ns` are taken. */
static int take_unsigned (struct rates *r, const char *address, int64_t now_ns, int n)
{
    int taken = 0;
    for (int i = 0; i < n; i++) {
        int64_t retry_ms;
        struct error e;
        enum err code = rates_take_address (r, address, now_ns, &retry_ms, &e);
        assert_true (code == ERR_OK || (code == ERR_THROTTLED && retry_ms > 0));
        taken += code == ERR_OK;
    }
    return taken;
}

static void addresses_have_the_rate_of_a_user (void **state)
{
    (void) state;
    const struct config config = { .user_requests_per_second = 10 };
    struct rates *r = rates_new (&config);
    assert_int_equal (take_unsigned (r, "192.0.2.1", NS, 100), 10 * RATES_BURST_S);
    assert_int_equal (take_unsigned (r, "192.0.2.2", NS, 100), 10 * RATES_BURST_S);
    assert_int_equal (take (r, "192.0.2.1", NS, 100), 10 * RATES_BURST_S); /* a user's own */
    assert_int_equal (take_unsigned (r, "192.0.2.1", 2 * NS, 100), 10);
    rates_free (r);
    assert_ok (rates_take_address (NULL, "192.0.2.1", NS, &(int64_t){ 0 }, &(struct error){ 0 }),
               &(struct error){ 0 });
}

/* All at once, so that no bucket is full again. */
static void too_many_addresses_share (void **state)
{
    (void) state;
    const struct config config = { .user_requests_per_second = 10 };
    struct rates *r = rates_new (&config);
    char name[32];
    int taken = 0;
    for (int i = 0; i < LIMIT_RATE_BUCKETS + 100; i++) {
        g_snprintf (name, sizeof name, "%d", i);
        taken += take_unsigned (r, name, NS, 1);
    }
    assert_int_equal (taken, LIMIT_RATE_BUCKETS + 10 * RATES_BURST_S);
    assert_int_equal (take_unsigned (r, "0", NS, 100), 10 * RATES_BURST_S - 1);
    rates_free (r);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (a_burst_is_taken_and_then_the_rate),
        cmocka_unit_test (says_when_to_come_again),
        cmocka_unit_test (projects_have_rates_of_their_own),
        cmocka_unit_test (many_names_fill_no_memory),
        cmocka_unit_test (addresses_have_the_rate_of_a_user),
        cmocka_unit_test (too_many_addresses_share),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
