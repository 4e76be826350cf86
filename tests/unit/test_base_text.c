#include "test.h"

#include "base/text.h"

static void test_numbers (void **state)
{
    (void) state;
    uint64_t u;
    int64_t i;
    double d;
    assert_true (text_parse_u64 ("18446744073709551615", &u) && u == UINT64_MAX);
    assert_false (text_parse_u64 ("18446744073709551616", &u));
    assert_false (text_parse_u64 ("", &u) || text_parse_u64 (" 1", &u) ||
                  text_parse_u64 ("+1", &u));
    assert_true (text_parse_i64 ("-9223372036854775808", &i) && i == INT64_MIN);
    assert_false (text_parse_i64 ("9223372036854775808", &i) || text_parse_i64 ("-", &i));
    assert_true (text_parse_double ("-1.5e3", &d) && d == -1500);
    assert_false (text_parse_double ("1,5", &d) || text_parse_double ("inf", &d) ||
                  text_parse_double ("1e999", &d));
    assert_true (text_parse_size ("64k", &u) && u == 65536);
    assert_false (text_parse_size ("k", &u) || text_parse_size ("99999999999G", &u));
}

static void test_percent (void **state)
{
    (void) state;
    g_autoptr (GString) s = g_string_new (NULL);
    text_percent_encode (s, "a b*~/\xc3\xa4+\0x", 10, "/");
    assert_string_equal (s->str, "a%20b%2A~/%C3%A4%2B%00");
    g_autofree char *back = NULL;
    size_t len;
    assert_true (text_percent_decode (s->str, s->len, true, &back, &len));
    assert_int_equal (len, 10);
    assert_memory_equal (back, "a b*~/\xc3\xa4+\0", 10);
    g_autofree char *bad = NULL;
    assert_false (text_percent_decode ("%2", 2, true, &bad, &len) ||
                  text_percent_decode ("%zz", 3, true, &bad, &len));
}

static void test_glob (void **state)
{
    (void) state;
    assert_true (text_glob_match ("*.jpg", "a/b/c.jpg") && text_glob_match ("*", "") &&
                 text_glob_match ("a?c*", "abc"));
    assert_true (text_glob_match ("*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaab"));
    assert_false (text_glob_match ("*.jpg", "a.jpeg") || text_glob_match ("", "a") ||
                  text_glob_match ("a?c", "ac"));
    assert_true (text_glob_match ("a?c", "a\u00e9c") && text_glob_match ("*??", "\u00e9\u20ac"));
    assert_false (text_glob_match ("a??c", "a\u00e9c") || text_glob_match ("*???", "\u00e9\u20ac"));
    assert_true (text_glob_match ("a?", "a\xe2") && text_glob_match ("?*b", "\xff\xff"
                                                                            "b"));
}

static void test_constant_time_equality (void **state)
{
    (void) state;
    assert_true (text_equal_constant_time ("abc", 3, "abc", 3));
    assert_false (text_equal_constant_time ("abc", 3, "abd", 3) ||
                  text_equal_constant_time ("abc", 3, "ab", 2));
}

static void test_nearest (void **state)
{
    (void) state;
    const char *const words[] = { "workers", "region", "rescan-interval", NULL };
    assert_string_equal (text_nearest ("wrokers", words), "workers");
    assert_string_equal (text_nearest ("REGION", words), "region");
    assert_string_equal (text_nearest ("rescan-intervall", words), "rescan-interval");
    assert_null (text_nearest ("banana", words));
    assert_null (text_nearest ("", words));
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_numbers), cmocka_unit_test (test_percent),
        cmocka_unit_test (test_glob),    cmocka_unit_test (test_constant_time_equality),
        cmocka_unit_test (test_nearest),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
