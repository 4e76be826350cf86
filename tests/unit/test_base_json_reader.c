/* Tokens of JSON: what is taken, and that nothing behind the end is read. */
#include "test.h"

#include <glib.h>

#include "base/json_reader.h"
#include "base/macros.h"

/* A reader of a copy without a NUL behind it. */
static char *begin (struct json_reader *r, const char *text)
{
    size_t length = strlen (text);
    char *copy = g_malloc (length + 1);
    memcpy (copy + 1, text, length);
    json_reader_init (r, copy + 1, length);
    return copy;
}

static bool read_string (const char *json, char **ret)
{
    struct json_reader r;
    g_autofree char *copy = begin (&r, json);
    const char *text;
    size_t length;
    bool ok = json_reader_string (&r, &text, &length);
    if (ok)
        *ret = g_strndup (text, length);
    else
        assert_string_not_equal (r.why, "");
    json_reader_clear (&r);
    return ok;
}

static void test_strings (void **state UNUSED)
{
    static const char *const good[][2] = {
        { "\"\"", "" },
        { " \t\r\n\"a b\"", "a b" },
        { "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t" },
        { "\"\\u0041\\u00e9\\u20AC\\uffff\"", "A\xc3\xa9\xe2\x82\xac\xef\xbf\xbf" },
        { "\"\\ud83d\\ude00\\uDBFF\\uDFFF\"", "\xf0\x9f\x98\x80\xf4\x8f\xbf\xbf" },
        { "\"\xc3\xa9\\n\xf0\x9f\x98\x80\x7f\"", "\xc3\xa9\n\xf0\x9f\x98\x80\x7f" },
    };
    for (size_t i = 0; i < N_ELEMENTS (good); i++) {
        g_autofree char *text = NULL;
        assert_true (read_string (good[i][0], &text));
        assert_string_equal (text, good[i][1]);
    }
}

static void test_bad_strings (void **state UNUSED)
{
    static const char *const bad[] = {
        "",
        "a",
        "\"",
        "\"a",
        "\"\\",
        "\"\\\"",
        "\"\\x\"",
        "\"\\U0041\"",
        "\"\\u\"",
        "\"\\u004\"",
        "\"\\u004g\"",
        "\"\\u0000\"",
        "\"\\ud800\"",
        "\"\\ud800\\n\"",
        "\"\\ud800\\u0041\"",
        "\"\\ud800\\ud800\"",
        "\"\\ud800\\udc0\"",
        "\"\\udc00\"",
        "\"\n\"",
        "\"\x1f\"",
        "\"\\\n\"",
        "\"\x80\"",
        "\"\xc3\"",
        "\"\xc3\\n\xa9\"",
        "\"\\u00e9\xa9\"",
        "\"\xc0\xaf\"",
        "\"\xed\xa0\x80\"",
        "\"\xf4\x90\x80\x80\"",
        "\"\xff\"",
    };
    for (size_t i = 0; i < N_ELEMENTS (bad); i++) {
        char *text = NULL;
        assert_false (read_string (bad[i], &text));
        assert_null (text);
    }
}

static void test_a_string_with_escapes_may_be_shorter_than_the_last (void **state UNUSED)
{
    struct json_reader r;
    g_autofree char *copy = begin (&r, "\"\\n12345678\" \"\\t\"\"123\\n456789012\"");
    static const char *const expected[] = { "\n12345678", "\t", "123\n456789012" };
    for (size_t i = 0; i < N_ELEMENTS (expected); i++) {
        const char *text;
        size_t length;
        assert_true (json_reader_string (&r, &text, &length));
        assert_int_equal (length, strlen (expected[i]));
        assert_memory_equal (text, expected[i], length);
    }
    assert_true (json_reader_is_done (&r));
    json_reader_clear (&r);
}

static bool read_number (const char *json, struct json_number *ret)
{
    struct json_reader r;
    g_autofree char *copy = begin (&r, json);
    return json_reader_number (&r, ret) && json_reader_is_done (&r);
}

static void test_integers (void **state UNUSED)
{
    static const struct {
        const char *json;
        int64_t number;
    } good[] = {
        { "0", 0 },
        { "-0", 0 },
        { " 42 ", 42 },
        { "-7", -7 },
        { "9223372036854775807", INT64_MAX },
        { "-9223372036854775808", INT64_MIN },
    };
    struct json_number n;
    for (size_t i = 0; i < N_ELEMENTS (good); i++) {
        assert_true (read_number (good[i].json, &n));
        assert_false (n.is_real);
        assert_true (n.integer == good[i].number);
    }
}

static void test_reals (void **state UNUSED)
{
    static const struct {
        const char *json;
        double number;
    } good[] = {
        { "0.5", 0.5 },           { "-2.25", -2.25 },
        { "1e3", 1000 },          { "1.5E+2", 150 },
        { "25e-1", 2.5 },         { "1.7976931348623157e308", 1.7976931348623157e308 },
        { "4.9e-324", 4.9e-324 }, { "1e-400", 0 },
    };
    struct json_number n;
    for (size_t i = 0; i < N_ELEMENTS (good); i++) {
        assert_true (read_number (good[i].json, &n));
        assert_true (n.is_real);
        assert_true (n.real == good[i].number);
    }
}

static void test_bad_numbers (void **state UNUSED)
{
    static const char *const bad[] = {
        "",
        "-",
        "+1",
        "00",
        "01",
        "-01",
        "0x1",
        "1 2",
        ".5",
        "1.",
        "1.e1",
        "1e",
        "1e+",
        "1.5.5",
        "1e1e1",
        "1e309",
        "-1e999",
        "NaN",
        "Infinity",
        "9223372036854775808",
        "-9223372036854775809",
        "123456789012345678901234567890",
        "true",
        "\"1\"",
    };
    struct json_number n;
    for (size_t i = 0; i < N_ELEMENTS (bad); i++)
        assert_false (read_number (bad[i], &n));
}

static void test_structure (void **state UNUSED)
{
    struct json_reader r;
    g_autofree char *copy = begin (&r, " { } ,\v");
    assert_false (json_reader_take (&r, '['));
    assert_true (json_reader_take (&r, '{'));
    assert_int_equal (json_reader_peek (&r), '}');
    assert_true (json_reader_take (&r, '}'));
    assert_false (json_reader_is_done (&r));
    assert_true (json_reader_take (&r, ','));
    assert_false (json_reader_is_done (&r)); /* not a space of JSON */
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_strings),
        cmocka_unit_test (test_bad_strings),
        cmocka_unit_test (test_a_string_with_escapes_may_be_shorter_than_the_last),
        cmocka_unit_test (test_integers),
        cmocka_unit_test (test_reals),
        cmocka_unit_test (test_bad_numbers),
        cmocka_unit_test (test_structure),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
