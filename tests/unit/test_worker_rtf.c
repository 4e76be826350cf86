/* RTF: characters by number and by code page, binary data, groups that never close. */
#include "worker_test.h"

#include "base/limits.h"

static json_t *read_rtf (const char *text, size_t length)
{
    enum err err;
    json_t *meta = extracted (text, length, "rtf", &err);
    assert_int_equal (err, ERR_OK);
    assert_string_equal (text_of (meta, "ContentType"), "application/rtf");
    return meta;
}

static json_t *read_text (const char *text)
{
    return read_rtf (text, strlen (text));
}

static void check (const char *text, const char *expected)
{
    json_auto_t *meta = read_text (text);
    const char *got = text_of (meta, "DocumentText");
    if (g_strcmp0 (got, expected) != 0)
        fail_msg ("%s: '%s', not '%s'", text, got, expected);
}

static void test_unicode (void **state)
{
    (void) state;
    check ("{\\rtf1 a\\u233?b}", "aéb");
    check ("{\\rtf1 \\u8364\\'80 5}", "€ 5");
    check ("{\\rtf1\\uc0 \\u233b}", "éb");
    check ("{\\rtf1\\uc3 \\u233abcd}", "éd");
    check ("{\\rtf1{\\uc0 \\u233}\\u232?x}", "éèx"); /* \uc ends with its group */
    check ("{\\rtf1 \\u-10179?\\u-8704?!}", "\xf0\x9f\x98\x80!");
    check ("{\\rtf1 a\\u-8704?b}", "a\xef\xbf\xbd"
                                   "b"); /* half a pair */
}

static void test_code_pages (void **state)
{
    (void) state;
    check ("{\\rtf1\\ansi caf\\'e9 \\'80}", "café €");
    check ("{\\rtf1\\ansi\\ansicpg1251 \\'cf\\'f0\\'e8}", "При");
    check ("{\\rtf1\\ansi\\ansicpg932 \\'93\\'fa\\'96\\'7b}", "日本");
    check ("{\\rtf1\\ansi\\ansicpg31337 caf\\'e9}", "café"); /* none that is known */
    check ("{\\rtf1 \\'zz\\'e}", NULL);
}

/* Each font has the encoding of its script, whatever that of the document is. */
static void test_fonts (void **state)
{
    (void) state;
#define FONTS                                                                                      \
    "{\\fonttbl{\\f0\\fswiss\\fcharset0 Arial;}{\\f1\\fcharset204{\\*\\falt x}Arial;}"             \
    "{\\f2\\fcharset128 Mincho;}{\\f3\\fcharset2 Symbol;}{\\f4\\cpg1253 Arial;}{\\f5 Plain;}}"
    check ("{\\rtf1\\ansi\\deff0" FONTS "\\'e9{\\f1 \\'cf\\'f0\\'e8}\\'e9}", "éПриé");
    check ("{\\rtf1\\ansi\\deff1" FONTS "\\'cf{\\f0 \\'cf\\plain\\'cf}}", "ПÏП");
    check ("{\\rtf1\\ansi" FONTS "\\f2 \\'93\\'fa\\'96{}\\'7b a\\f1\\'e8}", "日\xef\xbf\xbd{ aи");
    check ("{\\rtf1\\ansi" FONTS "\\f2 \\'93\\'fa\\'96\\'7b a\\f4\\'e1}", "日本 aα");
    check ("{\\rtf1\\ansi\\ansicpg1251" FONTS "\\f3\\'e8\\f5\\'e8\\f99\\'e8\\f0\\'e8}", "иииè");
    check ("{\\rtf1\\ansi\\deff1{\\fonttbl\\f1\\fcharset204 A;\\f2\\fcharset161 B;}\\'e8\\f2\\'e1}",
           "иα");
    json_auto_t *meta = read_text ("{\\rtf1\\ansi\\ansicpg1251\\deff0" FONTS
                                   "{\\info{\\title \\'cf\\'f0\\'e8}}\\'e9}");
    assert_string_equal (text_of (meta, "Title"), "При"); /* no text in a font */
    assert_string_equal (text_of (meta, "DocumentText"), "é");
}

/* As many as there may be, and more. */
static void test_many_fonts (void **state)
{
    (void) state;
    g_autoptr (GString) text = g_string_new ("{\\rtf1{\\fonttbl");
    for (unsigned i = 0; i < 2 * LIMIT_RTF_FONTS; i++)
        g_string_append_printf (text, "{\\f%u\\fcharset204 A;}", i);
    g_string_append_printf (text, "}\\f%u\\'e8\\f%u\\'e8}", LIMIT_RTF_FONTS - 1,
                            2 * LIMIT_RTF_FONTS - 1);
    check (text->str, "иè");
}

static void test_destinations (void **state)
{
    (void) state;
    check ("{\\rtf1{\\fonttbl{\\f0 Arial;}}{\\*\\unheard of {nested}}{\\header no}body}", "body");
    check ("{\\rtf1{\\pict 00ff{\\*\\x y}00ff}after}", "after");
    check ("{\\rtf1 one\\par two\\line three\\tab four\\cell five\\~six\\_seven\\{\\}\\\\}",
           "one\ntwo\nthree four five six-seven{}\\");
    json_auto_t *meta =
        read_rtf ("{\\rtf1{\\info{\\title T{\\b i}tle}{\\author A}}{\\title body}}", 58);
    assert_string_equal (text_of (meta, "Title"), "Title");
    assert_string_equal (text_of (meta, "Artist"), "A");
}

/* Braces within binary data are none; a length that is a lie ends the file. */
static void test_binary (void **state)
{
    (void) state;
    check ("{\\rtf1 a{\\pict\\bin6 }}}{{{}b}", "ab");
    check ("{\\rtf1 a{\\pict\\bin999999999 }}b}", "a");
    check ("{\\rtf1 a{\\pict\\bin-5 x}b}", "ab");
}

static void test_depth (void **state)
{
    (void) state;
    g_autoptr (GString) text = g_string_new ("{\\rtf1 top");
    for (unsigned i = 0; i < LIMIT_RTF_DEPTH - 10; i++)
        g_string_append (text, "{");
    g_string_append (text, " bottom");
    check (text->str, "top bottom");
    for (unsigned i = 0; i < 100000; i++)
        g_string_append (text, "{");
    g_string_append (text, "too deep");
    check (text->str, "top bottom");
    check ("{\\rtf1 a}}}}}} b", "a b");
    check ("{\\rtf1", NULL);
    check ("{\\rtf1 \\", NULL);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_unicode),      cmocka_unit_test (test_code_pages),
        cmocka_unit_test (test_destinations), cmocka_unit_test (test_binary),
        cmocka_unit_test (test_depth),        cmocka_unit_test (test_fonts),
        cmocka_unit_test (test_many_fonts),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
