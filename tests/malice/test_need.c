/* A worker that always wants more, of a remote object, through the whole of the scan. */
#include "test.h"

#include "../unit/scan_world.h"

static bool is_failed (struct world *w, const char *key)
{
    struct index_entry row;
    return world_get_row (w, key, &row) && row.status == FILE_FAILED;
}

static void test_rounds_are_bounded_and_then_it_is_a_strike (void **state)
{
    struct world *w = *state;
    g_autoptr (GBytes) bytes = g_bytes_new_take (g_malloc0 (64 * MIB), 64 * MIB);
    fake_put_bytes (w->fake, "a.need-next", bytes);
    world_put (w, "b.good", "good");
    world_bind (w);
    wait_for (is_failed (w, "a.need-next") && world_has_row (w, "b.good"));
    assert_int_equal (fake_fetches (w->fake), LIMIT_STRIKES * LIMIT_FETCH_ROUNDS + 1);
    assert_true (world_is_quiet (w));
}

static void test_what_is_known_is_not_asked_for_twice (void **state)
{
    struct world *w = *state;
    g_autoptr (GBytes) bytes = g_bytes_new_take (g_malloc0 (MIB), MIB);
    fake_put_bytes (w->fake, "a.need", bytes);
    world_bind (w);
    wait_for (is_failed (w, "a.need"));
    assert_int_equal (fake_fetches (w->fake), LIMIT_STRIKES);
}

int main (void)
{
#define REMOTE(f) cmocka_unit_test_setup_teardown (f, world_setup_remote, world_teardown)
    const struct CMUnitTest tests[] = {
        REMOTE (test_rounds_are_bounded_and_then_it_is_a_strike),
        REMOTE (test_what_is_known_is_not_asked_for_twice),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
