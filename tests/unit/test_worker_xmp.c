/* The readers of XMP, IPTC and times: what they take, and where they stop. */
#include "worker_test.h"

#include "base/limits.h"
#include "worker/civil.h"
#include "worker/iptc.h"
#include "worker/xmp.h"

#define OPEN                                                                                       \
    "<rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\" "                          \
    "xmlns:dc=\"http://purl.org/dc/elements/1.1/\" "                                               \
    "xmlns:exif=\"http://ns.adobe.com/exif/1.0/\"><rdf:Description "
#define CLOSE "</rdf:Description></rdf:RDF>"

static struct caption read_xmp (const char *text)
{
    struct caption c = { 0 };
    struct input *in = input_of (text, strlen (text), "");
    xmp_parse (in, 0, strlen (text), &c);
    input_done (in);
    return c;
}

static void expect_title (const char *text, const char *title)
{
    struct caption c = read_xmp (text);
    if (title)
        assert_string_equal (c.title, title);
    else
        assert_null (c.title);
    caption_clear (&c);
}

static void test_xmp_values (void **state)
{
    (void) state;
    expect_title (OPEN "dc:title=\" A&#x42; \">" CLOSE, "AB");
    expect_title (OPEN "><dc:title>plain</dc:title>" CLOSE, "plain");
    expect_title (OPEN "><dc:title><![CDATA[a<b]]></dc:title>" CLOSE, "a<b");
    expect_title (OPEN "><dc:title> \n </dc:title>" CLOSE, NULL);
    expect_title ("<dc:title xmlns:dc=\"http://purl.org/dc/elements/1.1/\">no RDF</dc:title>",
                  NULL);
    expect_title (OPEN "><dc:title>cut of", NULL);
    expect_title (OPEN "dc:title=\"kept\"><broken", "kept");
    expect_title ("\xef\xbb\xbf" OPEN "dc:title=\"mark\">" CLOSE, "mark");
}

static void test_xmp_positions (void **state)
{
    (void) state;
    static const struct {
        const char *text;
        bool is_taken;
        double value;
    } rows[] = {
        { "39,54.5N", true, 39.908333 },
        { "39,54,30S", true, -39.908333 },
        { "90,0N", true, 90 },
        { "91,0N", false, 0 },
        { "39,54.5", false, 0 },
        { "39,54.5E", false, 0 },
        { "39,54.5NN", false, 0 },
        { ",N", false, 0 },
        { "1,2,3,4N", false, 0 },
        { "nanN", false, 0 },
        { "39.5", true, 39.5 },
        { "-39.5", true, -39.5 },
        { "-39.5N", false, 0 },
        { "-91", false, 0 },
        { "39.5\" exif:GPSLatitudeRef=\"S", true, -39.5 },
        { "39,30\" exif:GPSLatitudeRef=\"S", true, -39.5 },
        { "39,30N\" exif:GPSLatitudeRef=\"S", true, 39.5 },
        { "39.5\" exif:GPSLatitudeRef=\"W", false, 0 },
        { "39.5\" exif:GPSLatitudeRef=\"", true, 39.5 },
    };
    for (size_t i = 0; i < N_ELEMENTS (rows); i++) {
        g_autofree char *text =
            g_strdup_printf (OPEN "exif:GPSLatitude=\"%s\">" CLOSE, rows[i].text);
        struct caption c = read_xmp (text);
        assert_int_equal (c.has_latitude, rows[i].is_taken);
        assert_true (!c.has_latitude || ABS (c.latitude - rows[i].value) < 1e-5);
        caption_clear (&c);
    }
}

static void test_xmp_limits (void **state)
{
    (void) state;
    g_autoptr (GString) deep = g_string_new (NULL), large = g_string_new (OPEN ">");
    for (unsigned i = 0; i < LIMIT_XMP_DEPTH; i++)
        g_string_append (deep, "<a>");
    g_string_append (deep, OPEN "dc:title=\"below\">");
    expect_title (deep->str, NULL);
    while (large->len < LIMIT_XMP)
        g_string_append (large, "<a>0123456789</a>");
    g_string_append (large, "<dc:title>behind</dc:title>" CLOSE);
    expect_title (large->str, NULL);

    g_autofree char *many = g_strnfill (LIMIT_CAPTION * 2, 'x');
    memcpy (many + LIMIT_CAPTION - 1, "\xc3\xa9", 2);
    g_autofree char *text = g_strdup_printf (OPEN "dc:title=\"%s\">" CLOSE, many);
    many[LIMIT_CAPTION - 1] = '\0';
    expect_title (text, many);
}

static void test_iptc (void **state)
{
    (void) state;
    static const struct {
        const char *bytes;
        size_t length;
        const char *title, *time;
    } rows[] = {
#define ROW(bytes, title, time) { bytes, sizeof (bytes) - 1, title, time }
        ROW ("\x1c\2\x05\0\2Hi\x1c\2\x37\0\x08"
             "20200819\x1c\2\x3c\0\x06"
             "171111",
             "Hi", "2020-08-19T17:11:11"),
        ROW ("\x1c\2\x69\0\4Head\x1c\2\x37\0\x08"
             "20200819",
             "Head", "2020-08-19"),
        ROW ("\x1c\1\x05\0\2Hi", NULL, NULL),       /* another record */
        ROW ("\x1c\2\x05\0\3Hi", NULL, NULL),       /* behind the end */
        ROW ("\x1c\2\x05\x80\2Hi", NULL, NULL),     /* an extended size */
        ROW ("\x1c\2\x05\0\2Hi\x1c\2", "Hi", NULL), /* cut */
        ROW ("\0\x1c\2\x05\0\2Hi", NULL, NULL),
    };
    for (size_t i = 0; i < N_ELEMENTS (rows); i++) {
        struct caption c = { 0 };
        struct input *in = input_of (rows[i].bytes, rows[i].length, "");
        iptc_parse (in, 0, rows[i].length, &c);
        assert_int_equal (g_strcmp0 (c.title, rows[i].title), 0);
        assert_int_equal (g_strcmp0 (c.time, rows[i].time), 0);
        caption_clear (&c);
        input_done (in);
    }
}

static void test_times (void **state)
{
    (void) state;
    static const struct {
        const char *text, *fraction, *zone, *expected;
    } rows[] = {
        { "2020:08:19 17:11:11", "250", "+08:00", "2020-08-19T17:11:11.25+08:00" },
        { "2020-08-19T17:11:11.5Z", "250", "+08:00", "2020-08-19T17:11:11.5+00:00" },
        { "2020-08-19T17:11-03:30", NULL, NULL, "2020-08-19T17:11:00-03:30" },
        { "2020-08-19", NULL, NULL, "2020-08-19T00:00:00" },
        { "2020-08-19T17:11:11 about", NULL, NULL, "2020-08-19T17:11:11" },
        { "2020-08", NULL, NULL, NULL },
        { "2020:08:19   :  :  ", NULL, NULL, NULL },
        { "2020-02-30T00:00:00", NULL, NULL, NULL },
        { "2020-08-19T24:00:00", NULL, NULL, NULL },
        { "2020-08-19T17:11:60", NULL, NULL, NULL },
        { "", NULL, NULL, NULL },
    };
    for (size_t i = 0; i < N_ELEMENTS (rows); i++) {
        g_autoptr (GString) out = g_string_new (NULL);
        bool is_time = civil_append (out, rows[i].text, rows[i].fraction, rows[i].zone);
        assert_int_equal (is_time, rows[i].expected != NULL);
        assert_string_equal (out->str, is_time ? rows[i].expected : "");
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_xmp_values), cmocka_unit_test (test_xmp_positions),
        cmocka_unit_test (test_xmp_limits), cmocka_unit_test (test_iptc),
        cmocka_unit_test (test_times),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
