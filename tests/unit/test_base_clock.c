#include "test.h"

#include "base/clock.h"

static void test_format_drops_trailing_zeros (void **state)
{
    (void) state;
    char buf[CLOCK_TEXT_SIZE];
    clock_format (1624949413011643661, 480, buf);
    assert_string_equal (buf, "2021-06-29T14:50:13.011643661+08:00");
    clock_format (1624949413000000000, 0, buf);
    assert_string_equal (buf, "2021-06-29T06:50:13+00:00");
    clock_format (1624949413500000000, -330, buf);
    assert_string_equal (buf, "2021-06-29T01:20:13.5-05:30");
    clock_format (-1, 0, buf);
    assert_string_equal (buf, "1969-12-31T23:59:59.999999999+00:00");
}

static void test_parse_is_the_inverse (void **state)
{
    (void) state;
    static const int64_t times[] = { 0, -1, 1624949413011643661, 951782400000000000,
                                     INT64_C (4102444799999999999) };
    for (size_t i = 0; i < N_ELEMENTS (times); i++) {
        char buf[CLOCK_TEXT_SIZE];
        int64_t back;
        int offset;
        clock_format (times[i], 345, buf);
        assert_true (clock_parse (buf, &back, &offset));
        assert_int_equal (back, times[i]);
        assert_int_equal (offset, 345);
    }
}

static void test_parse_refuses (void **state)
{
    (void) state;
    static const char *const bad[] = { "",
                                       "2021-06-29",
                                       "2021-06-29T14:50:13",
                                       "2021-13-01T00:00:00Z",
                                       "2021-02-29T00:00:00Z",
                                       "2021-06-29T24:00:00Z",
                                       "2021-06-29T14:50:13.Z",
                                       "2021-06-29T14:50:13.0123456789Z",
                                       "2021-06-29T14:50:13+8:00",
                                       "2021-06-29T14:50:13Z ",
                                       "0000-01-01T00:00:00Z",
                                       "9999-01-01T00:00:00Z" };
    for (size_t i = 0; i < N_ELEMENTS (bad); i++) {
        int64_t ns;
        assert_false (clock_parse (bad[i], &ns, NULL));
    }
}

static void test_dates_of_http (void **state)
{
    (void) state;
    char text[CLOCK_TEXT_SIZE];
    int64_t ns;
    clock_format_http (784111777ll * 1000000000 + 5, text);
    assert_string_equal ("Sun, 06 Nov 1994 08:49:37 GMT", text);
    assert_true (clock_parse_http (text, &ns));
    assert_int_equal (784111777ll * 1000000000, ns);
    assert_true (clock_parse_stamp ("19941106T084937Z", &ns));
    assert_int_equal (784111777ll * 1000000000, ns);
    static const char *const bad[] = { "",
                                       "Sun, 06 Nov 1994 08:49:37",
                                       "Sun, 6 Nov 1994 08:49:37 GMT",
                                       "Sun, 06 Nov 1994 08:49:37 GMT ",
                                       "Sun, 06 Nov 1994 24:49:37 GMT",
                                       "Sun, 31 Nov 1994 08:49:37 GMT",
                                       "Sunday, 06-Nov-94 08:49:37 GMT",
                                       "19941106T084937",
                                       "19941106T084960Zx",
                                       "19941306T084937Z",
                                       "1994-11-06T08:49:37Z" };
    for (size_t i = 0; i < N_ELEMENTS (bad); i++) {
        assert_false (clock_parse_http (bad[i], &ns));
        assert_false (clock_parse_stamp (bad[i], &ns));
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_format_drops_trailing_zeros),
        cmocka_unit_test (test_parse_is_the_inverse),
        cmocka_unit_test (test_parse_refuses),
        cmocka_unit_test (test_dates_of_http),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
