/* What a sidecar changes of an image's answer. $SIDECARS names a folder of sidecars as programs
 * write them, each with what is to be answered for canon.cr2 of $SAMPLES beside it. */
#include "worker_test.h"

#include "worker/xmp.h"

#define OPEN                                                                                       \
    "<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'"                             \
    " xmlns:dc='http://purl.org/dc/elements/1.1/' xmlns:exif='http://ns.adobe.com/exif/1.0/'"      \
    " xmlns:tiff='http://ns.adobe.com/tiff/1.0/' xmlns:xmp='http://ns.adobe.com/xap/1.0/'"         \
    " xmlns:photoshop='http://ns.adobe.com/photoshop/1.0/'><rdf:Description "
#define CLOSE "/></rdf:RDF>"

/* The answer for a sample with a sidecar; NULL: without. */
static json_t *answer_with (const char *sample, const char *text)
{
    g_autofree char *path = g_build_filename (getenv ("SAMPLES"), sample, NULL), *bytes = NULL;
    const char *dot = strrchr (sample, '.');
    json_t *meta = json_object ();
    struct caption caption = { 0 };
    struct error e;
    size_t length;
    assert_true (g_file_get_contents (path, &bytes, &length, NULL));
    struct input *in = input_of (bytes, length, dot + 1);
    if (text) {
        struct input *sidecar = input_of (text, strlen (text), "xmp");
        xmp_parse (sidecar, 0, strlen (text), &caption);
        input_done (sidecar);
        in->sidecar = &caption;
    }
    assert_ok (extract (in, meta, &e), &e);
    caption_clear (&caption);
    input_done (in);
    return meta;
}

static void compare (const char *what, const json_t *meta, const char *name, const json_t *value)
{
    const json_t *got = json_object_get (meta, name);
    if (json_is_null (value) ? !got : json_equal (got, value))
        return;
    g_autofree char *text = got ? json_dumps (got, JSON_ENCODE_ANY) : g_strdup ("nothing");
    fail_msg ("%s: %s is %s", what, name, text);
}

/* Of canon.cr2, with `attributes` in the sidecar. */
static void expect (const char *attributes, const char *name, const char *value)
{
    g_autofree char *text = g_strconcat (OPEN, attributes, CLOSE, NULL);
    json_auto_t *meta = answer_with ("canon.cr2", text);
    json_auto_t *wanted = json_string (value);
    compare (attributes, meta, name, wanted);
}

static void test_as_programs_write_them (void **state)
{
    (void) state;
    const char *folder = getenv ("SIDECARS"), *name, *key;
    g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
    unsigned n = 0;
    json_t *value;
    assert_non_null (dir);
    while ((name = g_dir_read_name (dir))) {
        if (!g_str_has_suffix (name, ".xmp"))
            continue;
        g_autofree char *path = g_build_filename (folder, name, NULL), *text = NULL,
                        *json_path = g_strconcat (path, ".expected.json", NULL);
        assert_true (g_file_get_contents (path, &text, NULL, NULL));
        json_auto_t *expected = json_load_file (json_path, 0, NULL);
        json_auto_t *meta = answer_with ("canon.cr2", text);
        assert_non_null (expected);
        json_object_foreach (expected, key, value) compare (name, meta, key, value);
        n++;
    }
    assert_true (n >= 5);
}

static void test_times (void **state)
{
    (void) state;
    static const struct {
        const char *attribute, *time;
    } rows[] = {
        /* EXIF says 2020-08-19T17:11:11.25+08:00 */
        { "exif:DateTimeOriginal='2021-01-02T03:04:05'", "2021-01-02T03:04:05" },
        { "exif:DateTimeOriginal='2021-01-02T03:04:05.5Z'", "2021-01-02T03:04:05.5+00:00" },
        { "photoshop:DateCreated='2021-01-02'", "2021-01-02T00:00:00" },
        /* no edits: */
        { "exif:DateTimeOriginal='2020-08-19T17:11:11'", "2020-08-19T17:11:11.25+08:00" },
        { "exif:DateTimeOriginal='2020-08-19T17:11:11.5'", "2020-08-19T17:11:11.5+08:00" },
        { "exif:DateTimeOriginal='2020-08-19T17:11:11+02:00'", "2020-08-19T17:11:11.25+02:00" },
        { "photoshop:DateCreated='2020-08-19'", "2020-08-19T17:11:11.25+08:00" },
        { "xmp:CreateDate='2021-01-02T03:04:05'", "2020-08-19T17:11:11.25+08:00" },
        { "exif:DateTimeOriginal='yesterday'", "2020-08-19T17:11:11.25+08:00" },
        { "exif:DateTimeOriginal=''", "2020-08-19T17:11:11.25+08:00" },
        { "xmp:CreateDate='2021-01-02T03:04:05' photoshop:DateCreated='2022-01-02T03:04:05'",
          "2022-01-02T03:04:05" },
    };
    for (size_t i = 0; i < N_ELEMENTS (rows); i++)
        expect (rows[i].attribute, "ProduceTime", rows[i].time);
    g_autofree char *text = g_strconcat (OPEN, "xmp:CreateDate='2021-01-02T03:04:05'", CLOSE, NULL);
    json_auto_t *meta = answer_with ("plain.tiff", text); /* which says no time at all */
    assert_string_equal (json_string_value (json_object_get (meta, "ProduceTime")),
                         "2021-01-02T03:04:05");
}

static void test_places (void **state)
{
    (void) state;
    expect ("exif:GPSLatitude='10,30N' exif:GPSLongitude='20,0W'", "LatLong", "10.5,-20");
    expect ("exif:GPSLatitude='10,30N'", "LatLong", "39.903429,-116.383333");
    expect ("exif:GPSLatitude='10,30N' exif:GPSLongitude='nowhere'", "LatLong",
            "39.903429,-116.383333");
}

static void expect_orientation (const char *sample, const char *attribute, int orientation)
{
    g_autofree char *text = g_strconcat (OPEN, attribute, CLOSE, NULL);
    json_auto_t *meta = answer_with (sample, text), *wanted = json_integer (orientation);
    compare (sample, meta, "Orientation", wanted);
}

static void test_orientations (void **state)
{
    (void) state;
    expect_orientation ("canon.cr2", "tiff:Orientation='3'", 3);
    expect_orientation ("canon.cr2", "tiff:Orientation='9'", 6);
    expect_orientation ("phone.heic", "tiff:Orientation='3'", 6); /* its own is always applied */
}

static void test_texts (void **state)
{
    (void) state;
    static const char edited[] = OPEN "dc:title='Edited' dc:creator='Cleo'" CLOSE;
    json_auto_t *both = answer_with ("xmp.jpg", edited);
    assert_string_equal (json_string_value (json_object_get (both, "Title")), "Edited");
    assert_string_equal (json_string_value (json_object_get (both, "Artist")), "Cleo");
    json_auto_t *one = answer_with ("xmp.jpg", OPEN "dc:creator='Cleo'" CLOSE);
    assert_string_equal (json_string_value (json_object_get (one, "Title")), "Bridge & Río");
    assert_string_equal (json_string_value (json_object_get (one, "Artist")), "Cleo");
}

/* One that is not in the sidecar was taken away. */
static void test_keywords (void **state)
{
    (void) state;
    json_auto_t *embedded = answer_with ("rated.jpg", OPEN "dc:title='Edited'" CLOSE);
    json_auto_t *none = answer_with ("rated.jpg", NULL);
    assert_true (
        json_equal (json_object_get (embedded, "Labels"), json_object_get (none, "Labels")));
    json_auto_t *edited = answer_with ("rated.jpg", OPEN "dc:subject='only'" CLOSE);
    const json_t *labels = json_object_get (edited, "Labels");
    assert_int_equal (json_array_size (labels), 1);
    assert_string_equal (
        json_string_value (json_object_get (json_array_get (labels, 0), "LabelName")), "only");
}

static void test_broken_ones_change_nothing (void **state)
{
    (void) state;
    static const char *const texts[] = { "", "<", "no XML", "<a/>", OPEN CLOSE, "\xff\xfe<\0x" };
    json_auto_t *without = answer_with ("canon.cr2", NULL);
    for (size_t i = 0; i < N_ELEMENTS (texts); i++) {
        json_auto_t *with = answer_with ("canon.cr2", texts[i]);
        assert_true (json_equal (with, without));
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_as_programs_write_them),
        cmocka_unit_test (test_times),
        cmocka_unit_test (test_places),
        cmocka_unit_test (test_orientations),
        cmocka_unit_test (test_texts),
        cmocka_unit_test (test_keywords),
        cmocka_unit_test (test_broken_ones_change_nothing),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
