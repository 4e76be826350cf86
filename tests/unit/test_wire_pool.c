#include "../malice/pool_test.h"

#include <dirent.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/limits.h"

static unsigned open_descriptors (void)
{
    unsigned n = 0;
    DIR *dir = opendir ("/proc/self/fd");
    while (readdir (dir))
        n++;
    closedir (dir);
    return n;
}

static void test_many_jobs_leak_nothing (void **state)
{
    (void) state;
    enum { JOBS = 500 };
    struct call *calls = g_new (struct call, JOBS);
    struct error e;
    unsigned before = open_descriptors ();
    struct pool *p =
        start_pool ((struct pool_options){ .workers = 2, .reserved = 1, .queue_max = JOBS });
    for (unsigned i = 0; i < JOBS; i++) {
        call_init (&calls[i]);
        const char *mode = i % 50 == 7 ? "leave" : "good";
        assert_ok (call_start (&calls[i], p, mode, i % 3 ? POOL_BACKGROUND : POOL_URGENT, &e), &e);
    }
    unsigned good = 0, crashed = 0;
    for (unsigned i = 0; i < JOBS; i++) {
        enum err err = call_wait (&calls[i]);
        good += err == ERR_OK;
        crashed += err == ERR_WORKER_CRASHED;
    }
    assert_int_equal (crashed, JOBS / 50);
    assert_int_equal (good, JOBS - JOBS / 50);
    struct pool_stats stats;
    pool_get_stats (p, &stats);
    assert_int_equal (stats.jobs, good);
    assert_int_equal (stats.crashes, crashed);
    pool_free (p);
    assert_int_equal (open_descriptors (), before);
    assert_int_equal (waitpid (-1, NULL, WNOHANG), -1);
    g_free (calls);
}

/* The second job is at the worker already when the first ends it. */
static void test_a_crash_strikes_the_running_job_only (void **state)
{
    (void) state;
    struct call calls[5];
    struct error e;
    struct pool *p = start_pool ((struct pool_options){ .workers = 1, .queue_max = 8 });
    static const char *const modes[] = { "good", "leave", "good", "bad-field", "good" };
    for (size_t i = 0; i < 5; i++) {
        call_init (&calls[i]);
        assert_ok (call_start (&calls[i], p, modes[i], POOL_BACKGROUND, &e), &e);
    }
    assert_err (OK, call_wait (&calls[0]));
    assert_err (WORKER_CRASHED, call_wait (&calls[1]));
    assert_err (OK, call_wait (&calls[2]));
    assert_err (WORKER_PROTOCOL, call_wait (&calls[3]));
    assert_err (OK, call_wait (&calls[4]));
    pool_free (p);
}

static void test_urgent_jobs_first (void **state)
{
    (void) state;
    struct call calls[4];
    unsigned counter = 0;
    struct error e;
    struct pool *p =
        start_pool ((struct pool_options){ .workers = 1, .queue_max = 8, .wall_ms = 300 });
    /* Two background jobs are at the worker; the third waits, and the urgent one passes it. */
    for (size_t i = 0; i < 4; i++) {
        call_init (&calls[i]);
        calls[i].counter = &counter;
        assert_ok (call_start (&calls[i], p, i == 0 ? "stall" : "good",
                               i == 3 ? POOL_URGENT : POOL_BACKGROUND, &e),
                   &e);
    }
    for (size_t i = 0; i < 4; i++)
        call_wait (&calls[i]);
    assert_true (calls[3].order < calls[2].order);
    pool_free (p);
}

static void test_reserved_worker_takes_urgent_jobs_only (void **state)
{
    (void) state;
    struct call stalled, background, urgent;
    struct error e;
    struct pool *p = start_pool (
        (struct pool_options){ .workers = 1, .reserved = 1, .queue_max = 8, .wall_ms = 60000 });
    call_init (&stalled);
    call_init (&background);
    call_init (&urgent);
    assert_ok (call_start (&stalled, p, "stall", POOL_BACKGROUND, &e), &e);
    assert_ok (call_start (&background, p, "good", POOL_BACKGROUND, &e), &e);
    assert_ok (call_start (&urgent, p, "good", POOL_URGENT, &e), &e);
    assert_err (OK, call_wait (&urgent));
    assert_false (background.is_done);
    pool_free (p);
    assert_err (CLOSED, call_wait (&stalled));
    assert_err (CLOSED, call_wait (&background));
}

/* An idle worker is there all the time that the first job stalls. */
static void test_held_jobs_wait (void **state)
{
    (void) state;
    struct call stalled, background, urgent;
    struct error e;
    struct pool *p =
        start_pool ((struct pool_options){ .workers = 2, .queue_max = 8, .wall_ms = 300 });
    call_init (&stalled);
    call_init (&background);
    call_init (&urgent);
    assert_ok (call_start (&stalled, p, "stall", POOL_BACKGROUND, &e), &e);
    struct pool_stats stats = { .busy = 0 };
    while (!stats.busy)
        pool_get_stats (p, &stats);
    pool_hold (p, true);
    assert_ok (call_start (&background, p, "good", POOL_BACKGROUND, &e), &e);
    assert_ok (call_start (&urgent, p, "good", POOL_URGENT, &e), &e);
    assert_err (WORKER_TIMEOUT, call_wait (&stalled));
    pool_get_stats (p, &stats);
    assert_int_equal (2, stats.waiting);
    pool_hold (p, false);
    assert_err (OK, call_wait (&background));
    assert_err (OK, call_wait (&urgent));
    pool_hold (p, true);
    pool_free (p);
}

static void test_full_queue_is_busy_and_stopping_is_fast (void **state)
{
    (void) state;
    struct call calls[16];
    struct error e;
    unsigned before = open_descriptors (), queued = 0;
    struct pool *p =
        start_pool ((struct pool_options){ .workers = 1, .queue_max = 4, .wall_ms = 60000 });
    enum err err = ERR_OK;
    while (err == ERR_OK) {
        assert_true (queued < G_N_ELEMENTS (calls));
        call_init (&calls[queued]);
        err = call_start (&calls[queued], p, "stall", POOL_BACKGROUND, &e);
        queued += err == ERR_OK;
    }
    assert_err (BUSY, err);
    assert_in_range (queued, 4, 6);
    int64_t start = clock_mono_ms ();
    pool_free (p);
    assert_true (clock_mono_ms () - start < 1000);
    for (unsigned i = 0; i < queued; i++)
        assert_err (CLOSED, call_wait (&calls[i]));
    assert_int_equal (open_descriptors (), before);
}

static void test_programs_that_are_no_workers (void **state)
{
    (void) state;
    struct pool *p = NULL;
    struct error e;
    struct pool_options o = { .worker_path = "/nonexistent/worker", .workers = 2, .queue_max = 1 };
    unsigned before = open_descriptors ();
    assert_err (UNAVAILABLE, pool_new (&o, &p, &e));
    assert_non_null (strstr (e.message, "/nonexistent/worker"));
    o.worker_path = "/bin/false";
    assert_err (UNAVAILABLE, pool_new (&o, &p, &e));
    assert_non_null (strstr (e.message, "exit status 1"));
    o.worker_path = "/bin/cat"; /* complains of its argument on stderr */
    assert_err (UNAVAILABLE, pool_new (&o, &p, &e));
    assert_non_null (strstr (e.message, "No such file"));
    assert_null (p);
    assert_int_equal (open_descriptors (), before);
    pool_free (NULL);
}

/* Fails closed; goes on only if it was told to, and says what is missing. */
static void test_worker_without_a_whole_jail (void **state)
{
    (void) state;
    struct pool *p = NULL;
    struct error e;
    struct pool_stats stats;
    struct pool_options o = { .worker_path = getenv ("HALF_JAILED"),
                              .workers = 1,
                              .queue_max = 1,
                              .sandbox_required = true };
    assert_err (UNAVAILABLE, pool_new (&o, &p, &e));
    assert_non_null (strstr (e.message, SANITIZED ? "jail cannot be set up" : "lacks: Landlock"));
    o.sandbox_required = false;
    assert_ok (pool_new (&o, &p, &e), &e);
    assert_err (OK, run_job (p, "good", NULL));
    pool_get_stats (p, &stats);
    assert_string_equal (stats.jail_missing, "Landlock");
    pool_free (p);
}

/* The real worker, with a folder for an object. */
static void test_object_that_cannot_be_read (void **state)
{
    (void) state;
    struct pool_options o = { .worker_path = getenv ("REAL"), .workers = 1, .queue_max = 1 };
    struct pool *p = NULL;
    struct call c;
    struct error e;
    assert_ok (pool_new (&o, &p, &e), &e);
    call_init (&c);
    struct pool_job job = { .fd = open ("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC),
                            .size = 4096,
                            .extension = "",
                            .done = call_done,
                            .arg = &c };
    assert_ok (pool_submit (p, &job, &e), &e);
    assert_err (IO, call_wait (&c));
    assert_string_equal (c.result.message, "cannot be read: Is a directory");
    assert_null (c.result.meta);
    pool_free (p);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_many_jobs_leak_nothing),
        cmocka_unit_test (test_a_crash_strikes_the_running_job_only),
        cmocka_unit_test (test_urgent_jobs_first),
        cmocka_unit_test (test_reserved_worker_takes_urgent_jobs_only),
        cmocka_unit_test (test_held_jobs_wait),
        cmocka_unit_test (test_full_queue_is_busy_and_stopping_is_fast),
        cmocka_unit_test (test_programs_that_are_no_workers),
        cmocka_unit_test (test_worker_without_a_whole_jail),
        cmocka_unit_test (test_object_that_cannot_be_read),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
