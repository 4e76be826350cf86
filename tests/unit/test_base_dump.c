/* JSON as text: the same bytes as jansson's. */
#include "test.h"

#include <float.h>
#include <jansson.h>
#include <string.h>
#include <glib.h>

#include "base/dump.h"
#include "base/macros.h"

static void assert_same (const json_t *value)
{
    g_autoptr (GString) ours = g_string_new (NULL);
    char *theirs = json_dumps (value, JSON_COMPACT | JSON_ENCODE_ANY);
    assert_non_null (theirs);
    dump_json (ours, value);
    assert_string_equal (ours->str, theirs);
    free (theirs);
}

static void assert_same_take (json_t *value)
{
    assert_non_null (value);
    assert_same (value);
    json_decref (value);
}

static void test_numbers (void **state UNUSED)
{
    static const int64_t integers[] = { 0, 1, -1, 9, 10, -10, 1234567890123, INT64_MAX, INT64_MIN };
    static const double reals[] = { 0, -0.0, 1, -2.5, 0.1, 1e300, DBL_MAX, DBL_MIN, 123456789.125 };
    for (size_t i = 0; i < N_ELEMENTS (integers); i++)
        assert_same_take (json_integer (integers[i]));
    for (size_t i = 0; i < N_ELEMENTS (reals); i++)
        assert_same_take (json_real (reals[i]));
    assert_same_take (json_true ());
    assert_same_take (json_false ());
    assert_same_take (json_null ());
}

static void test_every_character_below_256 (void **state UNUSED)
{
    for (gunichar c = 0; c < 256; c++) {
        char text[16] = "ab";
        int n = 2 + g_unichar_to_utf8 (c, text + 2);
        text[n++] = 'z';
        assert_same_take (json_stringn (text, (size_t) n));
        assert_same_take (json_stringn (text + 2, (size_t) n - 3));
    }
    assert_same_take (json_string (""));
    assert_same_take (json_string ("\"\\\n\xe6\xb0\xb4\xf0\x9f\x90\x9f/\x7f"));
}

static void test_nesting_and_order (void **state UNUSED)
{
    json_t *o = json_pack ("{s:[],s:{},s:[i,s,[f,{s:n}],b],s:s,s:s}", "Labels", "Empty", "z", 1,
                           "two", 3.5, "deep", 1, "a\"b", "v\n", "", "");
    json_object_del (o, "Empty");
    json_object_set_new (o, "Empty", json_integer (7)); /* now the last */
    assert_same_take (o);
    assert_same_take (json_object ());
    assert_same_take (json_array ());
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_numbers),
        cmocka_unit_test (test_every_character_below_256),
        cmocka_unit_test (test_nesting_and_order),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
