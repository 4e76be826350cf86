/* What becomes of each crime, and that the next job is none the worse for it. */
#include "pool_test.h"

#include "base/limits.h"

struct crime {
    const char *mode, *code, *message;
    bool needs_jail;
};

static const struct crime crimes[] = {
#define CRIME(mode, code, message, needs_jail) { mode, #code, message, needs_jail },
#include "crimes.def"
#undef CRIME
};

static void test_crime (void **state)
{
    const struct crime *crime = *state;
    if (SANITIZED && crime->needs_jail) {
        print_message ("skipped: sanitizers and the jail exclude each other\n");
        skip ();
    }
    /* Short only where the deadline is what is tested. */
    unsigned wall_ms = strstr (crime->message, "not done") ? 500 : 0;
    struct pool *p =
        start_pool ((struct pool_options){ .workers = 1, .queue_max = 4, .wall_ms = wall_ms });
    char message[256];
    assert_string_equal (error_name (run_job (p, crime->mode, message)), crime->code);
    if (!strstr (message, crime->message))
        fail_msg ("'%s' does not say '%s'", message, crime->message);
    /* What a flood left in the socket may strike the next job, once. */
    for (unsigned strikes = 0; run_job (p, "good", NULL) != ERR_OK;)
        assert_in_range (++strikes, 1, LIMIT_STRIKES - 1);
    pool_free (p);
}

int main (void)
{
    struct CMUnitTest tests[G_N_ELEMENTS (crimes)];
    for (size_t i = 0; i < G_N_ELEMENTS (crimes); i++)
        tests[i] =
            (struct CMUnitTest){ crimes[i].mode, test_crime, NULL, NULL, (void *) &crimes[i] };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
