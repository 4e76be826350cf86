/* What becomes of each crime, and that the next job is none the worse for it. */
#include "pool_test.h"

struct crime {
    const char *mode, *code, *message;
    bool needs_jail;
};

static const struct crime crimes[] = {
    { "open", "WORKER_CRASHED", "the jail refused system call 257", true },
    { "create", "WORKER_CRASHED", "the jail refused system call 257", true },
    { "socket", "WORKER_CRASHED", "the jail refused system call 41", true },
    { "exec", "WORKER_CRASHED", "the jail refused system call 59", true },
    { "fork", "WORKER_CRASHED", "the jail refused system call 56", true },
    { "clone3", "OK", "", true },
    { "ptrace", "WORKER_CRASHED", "the jail refused system call 101", true },
    { "kill", "WORKER_CRASHED", "the jail refused system call", true },
    { "prctl", "WORKER_CRASHED", "the jail refused system call 157", true },
    { "code", "WORKER_CRASHED", "the jail refused system call 9", true },
    { "map", "WORKER_CRASHED", "the jail refused system call 9", true },
    { "write", "WORKER_CRASHED", "the jail refused system call 1", true },
    { "memory", "OK", "", true },
    { "spin", "WORKER_TIMEOUT", "not done after 500 ms", false },
    { "stall", "WORKER_TIMEOUT", "not done after 500 ms", false },
    { "halfway", "WORKER_TIMEOUT", "not done after 500 ms", false },
    { "flood", "OK", "", false },
    { "stderr", "OK", "", false },
    { "garbage", "WORKER_PROTOCOL", "unknown type", false },
    { "too-much", "WORKER_PROTOCOL", "a frame RESULT of 6291457 bytes", false },
    { "ready-again", "WORKER_PROTOCOL", "a frame READY at the wrong time", false },
    { "bad-field", "WORKER_PROTOCOL", "unknown field 'OwnerId'", false },
    { "descriptor", "WORKER_PROTOCOL", "descriptor", false },
    { "close", "WORKER_CRASHED", "Killed", false },
    { "crash", "WORKER_CRASHED", "Segmentation fault", true },
    { "abort", "WORKER_CRASHED", "killed by Aborted: last words", true },
    { "leave", "WORKER_CRASHED", "exit status 0", false },
};

static void test_crime (void **state)
{
    const struct crime *crime = *state;
    if (SANITIZED && crime->needs_jail) {
        print_message ("skipped: sanitizers and the jail exclude each other\n");
        skip ();
    }
    struct pool *p =
        start_pool ((struct pool_options){ .workers = 1, .queue_max = 4, .wall_ms = 500 });
    char message[256];
    assert_string_equal (error_name (run_job (p, crime->mode, message)), crime->code);
    if (!strstr (message, crime->message))
        fail_msg ("'%s' does not say '%s'", message, crime->message);
    assert_err (OK, run_job (p, "good", NULL));
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
