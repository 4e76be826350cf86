#include "test.h"

#include "base/limits.h"
#include "worker/body_text.h"

static void check (const char *const *pieces, const char *expected)
{
    _cleanup_body_text_ struct body_text t;
    body_text_init (&t);
    for (; *pieces; pieces++)
        if (!strcmp (*pieces, "|"))
            body_text_append_break (&t);
        else
            body_text_append (&t, *pieces, strlen (*pieces));
    assert_string_equal (t.text->str, expected);
}
#define PIECES(...)                                                                                \
    (const char *const[])                                                                          \
    {                                                                                              \
        __VA_ARGS__, NULL                                                                          \
    }

static void test_white_space (void **state)
{
    (void) state;
    check (PIECES ("  a \t b\n\n c  "), "a b\nc");
    check (PIECES ("|", "a", "|", "|", "b", " "), "a\nb");
    check (PIECES ("a\xc2\xa0\xe3\x80\x80", " b"), "a b");
    check (PIECES ("a\r\nb\fc\xe2\x80\xa9"), "a\nb\nc");
}

static void test_characters (void **state)
{
    (void) state;
    check (PIECES ("\xef\xbb\xbf", "co\xc2\xad", "op\x01\x1b\x7f"), "coop");
    check (PIECES ("a\xff"
                   "b\xc3(\xed\xa0\x80"),
           "a\xef\xbf\xbd"
           "b\xef\xbf\xbd(\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
}

/* A character in four pieces, and one whose rest never comes. */
static void test_cut_characters (void **state)
{
    (void) state;
    check (PIECES ("\xf0", "\x9f", "\x98", "\x80!"), "\xf0\x9f\x98\x80!");
    check (PIECES ("\xf0\x9f", "|", "b"), "\xef\xbf\xbd\nb");
    check (PIECES ("\xe2\x82", "ab"), "\xef\xbf\xbd"
                                      "ab");
}

static void test_limit (void **state)
{
    (void) state;
    g_autofree char *text = g_malloc (LIMIT_BODY_TEXT);
    memset (text, 'x', LIMIT_BODY_TEXT);
    _cleanup_body_text_ struct body_text t;
    body_text_init (&t);
    body_text_append (&t, text, LIMIT_BODY_TEXT - 2);
    assert_false (body_text_is_full (&t));
    body_text_append (&t, "\xe2\x82\xac", 3);
    assert_true (body_text_is_full (&t));
    body_text_append (&t, "y", 1);
    assert_int_equal (t.text->len, LIMIT_BODY_TEXT - 2);

    _cleanup_body_text_ struct body_text run;
    body_text_init (&run);
    body_text_append (&run, "a ", 2);
    body_text_append (&run, text, LIMIT_BODY_TEXT);
    assert_true (body_text_is_full (&run));
    assert_in_range (run.text->len, LIMIT_BODY_TEXT - 2, LIMIT_BODY_TEXT);
}

/* Letters of two and three bytes in one long run, cut at every place within a character. */
static void test_limit_between_characters (void **state)
{
    (void) state;
    g_autoptr (GString) letters = g_string_new (NULL);
    while (letters->len < LIMIT_BODY_TEXT + 10)
        g_string_append (letters, "é日");
    for (size_t i = 0; i < 5; i++) {
        _cleanup_body_text_ struct body_text t;
        body_text_init (&t);
        body_text_append (&t, "abcde", i);
        body_text_append (&t, letters->str, letters->len);
        assert_true (body_text_is_full (&t));
        assert_in_range (t.text->len, LIMIT_BODY_TEXT - 4, LIMIT_BODY_TEXT);
        assert_true (g_utf8_validate (t.text->str, (gssize) t.text->len, NULL));
    }
}

/* Whatever is between letters is looked at, in all scripts. */
static void test_runs (void **state)
{
    (void) state;
    check (PIECES ("é日\xe3\x80\x80本\xc2\x85ж\xe2\x80\x83z\xe1\x9a\x80\xc2\xadы"),
           "é日 本\nж z ы");
    check (PIECES ("日\xe6\x97", "\xa5本\xc3", "\xa9"), "日日本é");
    check (PIECES ("é\xe0\x80\xaf\xed\xa0\x80"),
           "é\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
}

static void test_report (void **state)
{
    (void) state;
    json_auto_t *meta = json_object ();
    _cleanup_body_text_ struct body_text t;
    body_text_init (&t);
    body_text_append (&t, " \n", 2);
    body_text_report (&t, meta);
    assert_int_equal (json_object_size (meta), 0);
    body_text_append (&t, "text", 4);
    body_text_report (&t, meta);
    assert_string_equal (json_string_value (json_object_get (meta, "DocumentText")), "text");
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_white_space),
        cmocka_unit_test (test_characters),
        cmocka_unit_test (test_cut_characters),
        cmocka_unit_test (test_limit),
        cmocka_unit_test (test_limit_between_characters),
        cmocka_unit_test (test_runs),
        cmocka_unit_test (test_report),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
