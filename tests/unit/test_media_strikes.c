/* Strikes against renditions. */
#include "test.h"

#include <string.h>

#include "base/limits.h"
#include "media/strikes.h"

static struct wanted made_of (uint8_t first)
{
    struct wanted w = { .is_known = true, .digest = { first } };
    w.digest[CACHE_KEY - 1] = 7;
    return w;
}

static void test_only_that_rendition (void **state)
{
    (void) state;
    struct strikes *s = strikes_new ();
    struct wanted bad = made_of (1), other = made_of (1);
    struct error e;
    other.digest[CACHE_KEY - 1] = 8;
    for (unsigned i = 0; i < LIMIT_MEDIA_STRIKES; i++) {
        assert_ok (strikes_check (s, &bad, &e), &e);
        strikes_add (s, &bad);
    }
    assert_err (PROCESS_REQUEST, strikes_check (s, &bad, &e));
    assert_ok (strikes_check (s, &other, &e), &e);
    strikes_free (s);
}

static void test_many (void **state)
{
    (void) state;
    struct strikes *s = strikes_new ();
    struct error e;
    for (unsigned i = 0; i <= LIMIT_MEDIA_STRUCK; i++) {
        struct wanted w = made_of (0);
        memcpy (w.digest, &i, sizeof i);
        for (unsigned n = 0; n < LIMIT_MEDIA_STRIKES; n++)
            strikes_add (s, &w);
        assert_err (PROCESS_REQUEST, strikes_check (s, &w, &e));
    }
    assert_ok (strikes_check (s, &(struct wanted){ .is_known = true }, &e), &e); /* forgotten */
    strikes_free (s);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_only_that_rendition),
        cmocka_unit_test (test_many),
    };
    return cmocka_run_group_tests_name ("media_strikes", tests, NULL, NULL);
}
