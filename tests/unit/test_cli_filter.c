#include "test.h"

#include <glib.h>
#include <jansson.h>

#include "cli/filter.h"
#include "cli/filter_value.h"

/* The filter compiles to what `expected` says, with ' for ". */
static void expect (const char *text, const char *expected)
{
    struct error e;
    size_t offset;
    json_t *query = NULL;
    assert_ok (filter_parse (text, &query, &offset, &e), &e);
    g_autofree char *got = json_dumps (query, JSON_COMPACT | JSON_SORT_KEYS);
    g_autofree char *wanted = g_strdup (expected);
    g_strdelimit (wanted, "'", '"');
    json_decref (query);
    assert_string_equal (got, wanted);
}

static void expect_error (const char *text, size_t where, const char *part)
{
    struct error e;
    size_t offset;
    json_t *query = NULL;
    assert_err (INVALID_ARGUMENT, filter_parse (text, &query, &offset, &e));
    if (!strstr (e.message, part))
        fail_msg ("'%s' does not say '%s'", e.message, part);
    assert_int_equal (offset, where);
    assert_null (query);
}

static void test_comparisons (void **state)
{
    (void) state;
    expect ("Size>1000000", "{'Field':'Size','Operation':'gt','Value':'1000000'}");
    expect ("size <= 10kB", "{'Field':'Size','Operation':'lte','Value':'10000'}");
    expect ("MediaType=image", "{'Field':'MediaType','Operation':'eq','Value':'image'}");
    expect ("Filename ^= \"a \\\"b\\\"/\"",
            "{'Field':'Filename','Operation':'prefix','Value':'a \\'b\\'/'}");
    expect ("Reason ~ 'no such chunk'",
            "{'Field':'Reason','Operation':'match-phrase','Value':'no such chunk'}");
    expect ("ProduceTime?", "{'Field':'ProduceTime','Operation':'exist'}");
    expect ("Labels.LabelName = cat",
            "{'Field':'Labels.LabelName','Operation':'eq','Value':'cat'}");
    expect ("URI=oss://b/k=1", "{'Field':'URI','Operation':'eq','Value':'oss://b/k=1'}");
    expect ("MediaType != image", "{'Operation':'not','SubQueries':[{'Field':'MediaType',"
                                  "'Operation':'eq','Value':'image'}]}");
}

static void test_structure (void **state)
{
    (void) state;
    expect ("Size=1 or Size=2 and Size=3",
            "{'Operation':'or','SubQueries':[{'Field':'Size','Operation':'eq','Value':'1'},"
            "{'Operation':'and','SubQueries':[{'Field':'Size','Operation':'eq','Value':'2'},"
            "{'Field':'Size','Operation':'eq','Value':'3'}]}]}");
    expect ("(Size=1 OR Size=2) AND Size=3 and not Size=4",
            "{'Operation':'and','SubQueries':[{'Operation':'or','SubQueries':["
            "{'Field':'Size','Operation':'eq','Value':'1'},"
            "{'Field':'Size','Operation':'eq','Value':'2'}]},"
            "{'Field':'Size','Operation':'eq','Value':'3'},"
            "{'Operation':'not','SubQueries':["
            "{'Field':'Size','Operation':'eq','Value':'4'}]}]}");
    struct error e;
    size_t offset;
    json_t *query = NULL;
    assert_ok (filter_parse ("  ", &query, &offset, &e), &e);
    assert_null (query);
}

static void test_times (void **state)
{
    (void) state;
    const char *may =
        "{'Operation':'and','SubQueries':["
        "{'Field':'ProduceTime','Operation':'gte','Value':'2024-05-01T00:00:00+00:00'},"
        "{'Field':'ProduceTime','Operation':'lt','Value':'2024-06-01T00:00:00+00:00'}]}";
    expect ("ProduceTime=2024-05", may);
    expect ("ProduceTime > 2024", "{'Field':'ProduceTime','Operation':'gte',"
                                  "'Value':'2025-01-01T00:00:00+00:00'}");
    expect ("ProduceTime <= 2024-12", "{'Field':'ProduceTime','Operation':'lt',"
                                      "'Value':'2025-01-01T00:00:00+00:00'}");
    expect ("ProduceTime < 2024-02-29", "{'Field':'ProduceTime','Operation':'lt',"
                                        "'Value':'2024-02-29T00:00:00+00:00'}");
    expect ("ProduceTime >= '2024-02-29 12:30'", "{'Field':'ProduceTime','Operation':'gte',"
                                                 "'Value':'2024-02-29T12:30:00+00:00'}");
    expect ("ProduceTime = 2024-02-29T12:30:00.5+02:00",
            "{'Field':'ProduceTime','Operation':'eq','Value':'2024-02-29T10:30:00.5+00:00'}");
}

static void test_numbers (void **state)
{
    (void) state;
    const struct {
        const char *text, *value;
    } good[] = { { "640", "640" },
                 { "-3", "-3" },
                 { "1.5", "1.5" },
                 { "1.5k", "1536" },
                 { "10MB", "10000000" },
                 { "1GiB", "1073741824" },
                 { "2mib", "2097152" },
                 { "7B", "7" },
                 { "9223372036854775807", "9223372036854775807" } };
    for (size_t i = 0; i < N_ELEMENTS (good); i++) {
        g_autofree char *value = NULL;
        assert_true (filter_parse_number (good[i].text, &value));
        assert_string_equal (value, good[i].value);
    }
    const char *const bad[] = { "", "x", "10XB", "1 k", "--1", "99999999TB", "1e400" };
    for (size_t i = 0; i < N_ELEMENTS (bad); i++) {
        g_autofree char *value = NULL;
        assert_false (filter_parse_number (bad[i], &value));
    }
}

static void test_errors_say_where (void **state)
{
    (void) state;
    expect_error ("Size > and MediaType=image", 7, "'and' is no number");
    expect_error ("Size >", 6, "a value is expected after >");
    expect_error ("Size", 4, "an operator is expected after Size");
    expect_error ("Sise = 1", 0, "did you mean Size?");
    expect_error ("Size = 1 MediaType = image", 9, "'and' or 'or' is expected here");
    expect_error ("(Size = 1", 0, "not closed");
    expect_error ("Size = 1)", 8, "never opened");
    expect_error ("Size = 1 and", 12, "ends where a field is expected");
    expect_error ("Filename = \"abc", 11, "the quote \" is not closed");
    expect_error ("Filename = \"abc\\", 11, "is not closed");
    expect_error ("Filename ! a", 9, "'!' is no operator");
    expect_error ("ProduceTime = 2024-13", 14, "is no time");
    expect_error ("ProduceTime = 2023-02-29", 14, "is no time");
    expect_error ("ProduceTime = yesterday", 14, "is no time");
    expect_error ("= 1", 0, "a field is expected");
    expect_error ("\xff", 0, "not UTF-8");
}

static void test_depth_is_limited (void **state)
{
    (void) state;
    g_autofree char *open = g_strnfill (100000, '(');
    expect_error (open, 32, "nested too deeply");
    g_autoptr (GString) nots = g_string_new (NULL);
    for (int i = 0; i < 50000; i++)
        g_string_append (nots, "not ");
    expect_error (nots->str, 128, "nested too deeply");
}

static void test_caret (void **state)
{
    (void) state;
    g_autofree char *plain = filter_point_at ("Size >", 6);
    assert_string_equal (plain, "  Size >\n        ^");
    /* A wide character takes two columns, a control is escaped. */
    g_autofree char *wide = filter_point_at ("\xe7\x8c\xab\x1b x", 5);
    assert_string_equal (wide, "  \xe7\x8c\xab\\x1b x\n         ^");
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_comparisons),
        cmocka_unit_test (test_structure),
        cmocka_unit_test (test_times),
        cmocka_unit_test (test_numbers),
        cmocka_unit_test (test_errors_say_where),
        cmocka_unit_test (test_depth_is_limited),
        cmocka_unit_test (test_caret),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
