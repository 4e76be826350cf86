#include "test.h"

#include <glib.h>

#include "cli/progress.h"
#include "cli/table.h"

static void test_reads_a_binding (void **state)
{
    (void) state;
    json_auto_t *b = json_pack ("{s:s, s:s, s:{s:i, s:i, s:i}}", "Phase", "FullScanning", "State",
                                "Running", "Progress", "Listed", 10, "Pending", 4, "Failed", 1);
    struct progress p;
    progress_read (b, &p);
    assert_true (p.is_scanning);
    assert_string_equal (p.state, "Running");
    assert_string_equal (p.reason, "");
    assert_int_equal (progress_done (&p), 6);
    json_auto_t *nothing = json_object ();
    progress_read (nothing, &p);
    assert_false (p.is_scanning);
    assert_int_equal (p.listed, 0);
    p.pending = 3; /* work of events may be more than what a scan listed */
    assert_int_equal (progress_done (&p), 0);
}

static void test_rate_is_of_the_last_seconds (void **state)
{
    (void) state;
    struct progress_rate r = { 0 };
    assert_true (progress_rate_get (&r) == 0);
    progress_rate_add (&r, 0, 0);
    assert_true (progress_rate_get (&r) == 0);
    progress_rate_add (&r, 10, 5); /* too soon, left out */
    progress_rate_add (&r, 1000, 100);
    assert_true (progress_rate_get (&r) == 100);
    for (int i = 2; i < 100; i++) /* then ten times as fast */
        progress_rate_add (&r, i * 1000, 100 + (i - 1) * 1000);
    assert_true (progress_rate_get (&r) == 1000);
}

static void expect_duration (int64_t seconds, const char *expected)
{
    g_autofree char *text = progress_duration (seconds);
    assert_string_equal (text, expected);
}

static void test_durations (void **state)
{
    (void) state;
    expect_duration (0, "0:00");
    expect_duration (7, "0:07");
    expect_duration (754, "12:34");
    expect_duration (3723, "1:02:03");
    expect_duration (4 * 86400, "4 days");
}

static void test_line (void **state)
{
    (void) state;
    struct progress p = { .listed = 19876, .pending = 7531, .failed = 2 };
    g_autofree char *line = progress_line (&p, 1076);
    assert_string_equal (line, "12,345 of 19,876 files  2 failed  1,076/s  0:07 left");
    g_autofree char *unknown = progress_line (&p, 0);
    assert_string_equal (unknown, "12,345 of 19,876 files  2 failed");
    p = (struct progress){ 0 };
    g_autofree char *start = progress_line (&p, 0);
    assert_string_equal (start, "listing ...");
}

static void test_bar_fits (void **state)
{
    (void) state;
    struct progress p = { .listed = 200, .pending = 100 };
    g_autofree char *bar = progress_bar (&p, 50, 100, false);
    assert_true (g_str_has_prefix (bar, "[####################....................]  50%"));
    for (unsigned columns = 0; columns < 120; columns++) {
        g_autofree char *ascii = progress_bar (&p, 50, columns, false);
        g_autofree char *blocks = progress_bar (&p, 50, columns, true);
        assert_true (table_width (ascii) <= columns && table_width (blocks) <= columns);
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_reads_a_binding),
        cmocka_unit_test (test_rate_is_of_the_last_seconds),
        cmocka_unit_test (test_durations),
        cmocka_unit_test (test_line),
        cmocka_unit_test (test_bar_fits),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
