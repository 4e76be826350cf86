/* Pages: what is seen of them, what they are encoded in, and what is broken. */
#include "worker_test.h"

#include "base/limits.h"

static json_t *read_page (const char *text, size_t length)
{
    enum err err;
    json_t *meta = extracted (text, length, "html", &err);
    assert_int_equal (err, ERR_OK);
    assert_string_equal (text_of (meta, "ContentType"), "text/html");
    return meta;
}

static void check (const char *text, const char *expected)
{
    json_auto_t *meta = read_page (text, strlen (text));
    const char *got = text_of (meta, "DocumentText");
    if (g_strcmp0 (got, expected) != 0)
        fail_msg ("%s: '%s', not '%s'", text, got, expected);
}

static void test_text (void **state)
{
    (void) state;
    check ("<html><p>a<p>b<br>c <b>d</b>e<td>f<td>g", "a\nb\nc de\nf g");
    check ("<html>&lt;x&gt; &amp;amp; &eacute;&#233;&#xe9; &euro; &nosuch; &#0;&#x110000;!",
           "<x> &amp; ééé € &nosuch; !");
    check ("<html><body>a<script>if (x < y) document.write ('<p>no</p>')</script>b"
           "<style>p::before { content: 'no' "
           "}</style><noscript>no</noscript>c<svg><text>no</text></svg>d",
           "abcd");
    check ("<html><template><p>no<template>no</template></template>yes", "yes");
    check ("<html><!-- no -->x<!DOCTYPE y>", "x");
}

static void test_fields (void **state)
{
    (void) state;
    static const char page[] =
        "<!DOCTYPE html><html lang=pt-BR><title> A &amp;\n B </title><title>second</title>"
        "<meta name=AUTHOR content='An A'><meta property='article:tag' content='x, y;x'>";
    json_auto_t *meta = read_page (page, strlen (page));
    assert_string_equal (text_of (meta, "Title"), "A & B");
    assert_string_equal (text_of (meta, "Artist"), "An A");
    assert_string_equal (text_of (meta, "Language"), "pt-BR");
    assert_int_equal (json_array_size (json_object_get (meta, "Labels")), 2);
}

/* A mark wins over what is said, valid UTF-8 as well; else what is said counts. */
static void test_encodings (void **state)
{
    (void) state;
    static const struct {
        const char *bytes, *charset, *text;
    } rows[] = {
        { "<html><meta charset=windows-1251>\xcf\xf0\xe8", "windows-1251", "При" },
        { "<html><meta http-equiv=Content-Type content=\"text/html; charset=koi8-r\">\xf0\xd2\xc9",
          "KOI8-R", "При" },
        { "\xef\xbb\xbf<html><meta charset=windows-1251>caf\xc3\xa9", "UTF-8", "café" },
        { "<html><meta charset=windows-1251>caf\xc3\xa9 \xe2\x82\xac", "UTF-8", "café €" },
        { "<html><meta charset=utf-16>caf\xe9 cr\xe8me br\xfbl\xe9"
          "e",
          "ISO-8859-1", "café crème brûlée" },
        { "<html><meta charset=no-such>caf\xe9 cr\xe8me br\xfbl\xe9"
          "e",
          "ISO-8859-1", "café crème brûlée" },
    };
    for (size_t i = 0; i < N_ELEMENTS (rows); i++) {
        json_auto_t *meta = read_page (rows[i].bytes, strlen (rows[i].bytes));
        assert_string_equal (text_of (meta, "Charset"), rows[i].charset);
        assert_string_equal (text_of (meta, "DocumentText"), rows[i].text);
    }
    static const char wide[] = "\xff\xfe<\0h\0t\0m\0l\0>\0<\0p\0>\0\xe9\0!\0";
    json_auto_t *meta = read_page (wide, sizeof wide - 1);
    assert_string_equal (text_of (meta, "DocumentText"), "é!");
}

static void test_malformed (void **state)
{
    (void) state;
    check ("<html", NULL);
    check ("<html><p class='never closed>x</p>", NULL);
    check ("<html></p></p></div>a</table></i>b", "ab");
    check ("<html><p a=1 a=2 =3 \">x", "x");
    check ("<html><title>open", NULL);
}

/* As deep as the limit is read; what is deeper costs nothing and hurts nobody. */
static void test_depth (void **state)
{
    (void) state;
    static const struct {
        unsigned depth;
        bool is_read;
    } rows[] = { { 200, true }, { 100000, false } };
    for (size_t i = 0; i < N_ELEMENTS (rows); i++) {
        g_autoptr (GString) page = g_string_new ("<html><body>top");
        for (unsigned k = 0; k < rows[i].depth; k++)
            g_string_append (page, "<div>");
        g_string_append (page, "bottom");
        json_auto_t *meta = read_page (page->str, page->len);
        const char *text = text_of (meta, "DocumentText");
        assert_true (g_str_has_prefix (text, "top"));
        assert_int_equal (strstr (text, "bottom") != NULL, rows[i].is_read);
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_text),      cmocka_unit_test (test_fields),
        cmocka_unit_test (test_encodings), cmocka_unit_test (test_malformed),
        cmocka_unit_test (test_depth),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
