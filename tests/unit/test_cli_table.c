#include "test.h"

#include <glib.h>

#include "cli/table.h"

static void expect_escaped (const char *text, const char *expected)
{
    g_autofree char *escaped = table_escape (text);
    assert_string_equal (escaped, expected);
}

static void test_no_name_reaches_the_terminal_raw (void **state)
{
    (void) state;
    expect_escaped ("caf\xc3\xa9 \xe7\x8c\xab", "caf\xc3\xa9 \xe7\x8c\xab");
    expect_escaped ("a\nb\tc\r", "a\\nb\\tc\\r");
    expect_escaped ("\x1b[31mred\x07", "\\x1b[31mred\\x07");
    expect_escaped ("\xc2\x9b"
                    "2J",
                    "\\u009b2J"); /* the one-byte form of ESC [ */
    expect_escaped ("\xe2\x80\xae"
                    "gpj.exe",
                    "\\u202egpj.exe");
    expect_escaped ("\xff\xc3(", "\\xff\\xc3(");
    expect_escaped ("cut \xe7\x8c", "cut \\xe7\\x8c");
}

static void test_widths (void **state)
{
    (void) state;
    assert_int_equal (table_width ("abc"), 3);
    assert_int_equal (table_width ("\xe7\x8c\xab"), 2);
    assert_int_equal (table_width ("e\xcc\x81"), 1); /* with a combining accent */
}

static void test_cut (void **state)
{
    (void) state;
    g_autofree char *whole = table_cut ("abcdef", 6);
    assert_string_equal (whole, "abcdef");
    g_autofree char *cut = table_cut ("abcdefghij", 5);
    assert_string_equal (cut, "ab\xe2\x80\xa6ij");
    for (unsigned width = 0; width < 12; width++) {
        g_autofree char *wide =
            table_cut ("\xe7\x8c\xab\xe7\x8c\xab\xe7\x8c\xab\xe7\x8c\xab\xe7\x8c\xab", width);
        assert_true (table_width (wide) <= width);
    }
}

static void test_columns_are_aligned (void **state)
{
    (void) state;
    _cleanup_table_ struct table *t = table_new ((const char *[]){ "NAME", ">SIZE", "KIND", NULL });
    table_add (t, (const char *[]){ "a", "1", "image", NULL });
    table_add (t, (const char *[]){ "\xe7\x8c\xab\xe7\x8c\xab\xe7\x8c\xab", "12345", "", NULL });
    g_autofree char *text = table_format (t, 0);
    assert_string_equal (text, "NAME     SIZE  KIND\n"
                               "a           1  image\n"
                               "\xe7\x8c\xab\xe7\x8c\xab\xe7\x8c\xab  12345\n");
}

static void test_fits_the_terminal (void **state)
{
    (void) state;
    _cleanup_table_ struct table *t = table_new ((const char *[]){ "KEY", ">SIZE", NULL });
    g_autofree char *key = g_strnfill (4096, 'k');
    table_add (t, (const char *[]){ key, "77", NULL });
    g_autofree char *narrow = table_format (t, 40);
    g_auto (GStrv) lines = g_strsplit (narrow, "\n", -1);
    for (char **line = lines; *line; line++)
        assert_true (table_width (*line) <= 40);
    assert_true (g_str_has_suffix (lines[1], "  77"));
    g_autofree char *tiny = table_format (t, 3); /* never below a few columns */
    assert_non_null (strstr (tiny, "77"));
    g_autofree char *whole = table_format (t, 0);
    assert_non_null (strstr (whole, key));
}

static void test_numbers (void **state)
{
    (void) state;
    const struct {
        gint64 n;
        const char *text;
    } rows[] = { { 0, "0" },          { 999, "999" },   { 1000, "1,000" },
                 { -1000, "-1,000" }, { -100, "-100" }, { 1234567, "1,234,567" } };
    for (size_t i = 0; i < N_ELEMENTS (rows); i++) {
        g_autofree char *text = table_number (rows[i].n);
        assert_string_equal (text, rows[i].text);
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_no_name_reaches_the_terminal_raw),
        cmocka_unit_test (test_widths),
        cmocka_unit_test (test_cut),
        cmocka_unit_test (test_columns_are_aligned),
        cmocka_unit_test (test_fits_the_terminal),
        cmocka_unit_test (test_numbers),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
