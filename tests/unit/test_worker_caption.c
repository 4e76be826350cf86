#include "worker_test.h"

#include "base/limits.h"
#include "worker/caption.h"
#include "worker/xmp.h"

static void add (GPtrArray **keywords, const char *text)
{
    caption_add_keyword (keywords, text, strlen (text));
}

static void test_keywords_are_there_once (void **state)
{
    (void) state;
    struct caption c = { 0 };
    add (&c.keywords, "sea");
    add (&c.keywords, " sea\n");
    add (&c.keywords, "Sea");
    add (&c.keywords, " \t");
    add (&c.keywords, "caf\xe9");
    assert_int_equal (c.keywords->len, 3);
    assert_string_equal (c.keywords->pdata[1], "Sea");
    assert_string_equal (c.keywords->pdata[2], "caf\xc3\xa9");
    caption_clear (&c);
}

static void test_keywords_are_limited (void **state)
{
    (void) state;
    g_autoptr (GPtrArray) keywords = NULL;
    g_autofree char *large = g_strnfill (LIMIT_KEYWORD - 1, 'x');
    g_autofree char *larger = g_strconcat (large, "\xc3\xa4", NULL);
    add (&keywords, larger);
    assert_string_equal (keywords->pdata[0], large);
    for (unsigned i = 0; i < 2 * LIMIT_KEYWORDS; i++) {
        g_autofree char *text = g_strdup_printf ("%u", i);
        add (&keywords, text);
    }
    assert_int_equal (keywords->len, LIMIT_KEYWORDS);
}

static void parse (const char *attributes, const char *elements, struct caption *c)
{
    g_autofree char *text =
        g_strdup_printf ("<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>"
                         "<rdf:Description xmlns:xmp='http://ns.adobe.com/xap/1.0/' "
                         "xmlns:dc='http://purl.org/dc/elements/1.1/' "
                         "xmlns:g='http://ns.google.com/photos/1.0/camera/'"
                         " %s>%s</rdf:Description></rdf:RDF>",
                         attributes, elements);
    struct input *in = input_of (text, strlen (text), "");
    *c = (struct caption){ 0 };
    xmp_parse (in, 0, strlen (text), c);
    input_done (in);
}

static void test_ratings (void **state)
{
    (void) state;
    static const struct {
        const char *text;
        int rating; /* -1: none */
    } rows[] = { { "0", 0 },       { "5", 5 },    { "3.0", 3 }, { "2.5", 3 },
                 { "-1", -1 },     { "6", -1 },   { "", -1 },   { "x", -1 },
                 { "3 of 5", -1 }, { "nan", -1 }, { "1e9", -1 } };
    for (size_t i = 0; i < N_ELEMENTS (rows); i++) {
        struct caption c;
        g_autofree char *attribute = g_strdup_printf ("xmp:Rating='%s'", rows[i].text);
        parse (attribute, "", &c);
        assert_int_equal (c.has_rating, rows[i].rating >= 0);
        assert_int_equal (c.rating, MAX (rows[i].rating, 0));
        caption_clear (&c);
    }
}

static void test_properties (void **state)
{
    (void) state;
    struct caption c;
    parse ("g:MicroVideo='1'",
           "<dc:subject><rdf:Bag><rdf:li>a</rdf:li><rdf:li>b, c</rdf:li></rdf:Bag></dc:subject>"
           "<dc:language>en</dc:language>",
           &c);
    assert_true (c.is_motion);
    assert_int_equal (c.keywords->len, 2);
    assert_string_equal (c.keywords->pdata[1], "b, c");
    assert_string_equal (c.language, "en");
    caption_clear (&c);
    parse ("g:MotionPhoto='0'", "<dc:subject/>", &c);
    assert_false (c.is_motion);
    assert_null (c.keywords);
    caption_clear (&c);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_keywords_are_there_once),
        cmocka_unit_test (test_keywords_are_limited),
        cmocka_unit_test (test_ratings),
        cmocka_unit_test (test_properties),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
