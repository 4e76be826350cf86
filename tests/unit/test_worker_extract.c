/* Every sample against what is written beside it; $SAMPLES names the folder. */
#include <fcntl.h>

#include "worker_test.h"

#include "base/limits.h"
#include "worker/init.h"

/* Each expected member is answered like that; null: is not answered. */
static void compare (const char *sample, json_t *expected, json_t *got)
{
    const char *key;
    json_t *value;
    json_object_foreach (expected, key, value)
    {
        json_t *other = json_object_get (got, key);
        if (json_is_null (value) ? other == NULL : json_equal (value, other))
            continue;
        g_autofree char *text = other ? json_dumps (other, JSON_ENCODE_ANY) : g_strdup ("nothing");
        g_autofree char *wanted = json_dumps (value, JSON_ENCODE_ANY);
        fail_msg ("%s: %s is %s, not %s", sample, key, text, wanted);
    }
}

/* {"a":{"value":"b"}} as {"a":"b"}. */
static json_t *flatten (const char *exif)
{
    json_auto_t *info = json_loads (exif, 0, NULL);
    assert_non_null (info);
    json_t *flat = json_object ();
    const char *key;
    json_t *value;
    json_object_foreach (info, key, value)
    {
        assert_int_equal (json_object_size (value), 1);
        json_object_set (flat, key, json_object_get (value, "value"));
    }
    return flat;
}

static void check_sample (const char *folder, const char *json_name)
{
    size_t stem = strlen (json_name) - strlen (".expected.json"), length;
    g_autofree char *name = g_strndup (json_name, stem);
    g_autofree char *json_path = g_build_filename (folder, json_name, NULL);
    g_autofree char *path = g_build_filename (folder, name, NULL);
    g_autofree char *bytes = NULL;
    const char *dot = strrchr (name, '.');
    json_auto_t *expected = json_load_file (json_path, 0, NULL), *meta = json_object ();
    struct error e = { .code = ERR_OK };
    assert_true (g_file_get_contents (path, &bytes, &length, NULL));
    struct input *in = input_of (bytes, length, dot ? dot + 1 : "");
    enum err err = extract (in, meta, &e);
    input_done (in);

    const char *error = json_string_value (json_object_get (expected, "Error"));
    if (strcmp (error_name (err), error ? error : "OK") != 0)
        fail_msg ("%s: %s, not %s", name, error_name (err), error ? error : "OK");
    json_auto_t *exif = json_incref (json_object_get (expected, "EXIF"));
    json_object_del (expected, "EXIF");
    json_object_del (expected, "Error");
    compare (name, expected, meta);
    if (exif) {
        json_auto_t *got = flatten (json_string_value (json_object_get (meta, "EXIF")));
        compare (name, exif, got);
    }
}

static void test_samples (void **state)
{
    (void) state;
    const char *folder = getenv ("SAMPLES"), *name;
    g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
    unsigned n = 0;
    assert_non_null (dir);
    while ((name = g_dir_read_name (dir))) {
        if (!g_str_has_suffix (name, ".expected.json"))
            continue;
        check_sample (folder, name);
        n++;
    }
    assert_true (n >= 20);
}

static enum err extract_start (const char *name, size_t length, json_t *meta)
{
    g_autofree char *path = g_build_filename (getenv ("SAMPLES"), name, NULL);
    g_autofree char *bytes = NULL;
    size_t size;
    struct error e;
    assert_true (g_file_get_contents (path, &bytes, &size, NULL));
    struct input *in = input_of (bytes, MIN (length, size), "");
    enum err err = extract (in, meta, &e);
    input_done (in);
    return err;
}

/* A file that ends behind its header has its metadata; one that ends within has its type. */
static void test_truncated (void **state)
{
    (void) state;
    static const struct {
        const char *name;
        size_t enough, too_little;
    } rows[] = {
        { "lossy.webp", 30, 29 }, { "screen.gif", 10, 9 },      { "plain.png", 24, 23 },
        { "plain.tiff", 64, 20 }, { "lossless.webp", 30, 24 },  { "windows.bmp", 26, 25 },
        { "large.psb", 22, 21 },  { "codestream.j2k", 24, 23 }, { "ratio.jxl", 18, 4 },
    };
    for (size_t i = 0; i < N_ELEMENTS (rows); i++) {
        json_auto_t *whole = json_object (), *half = json_object ();
        assert_err (OK, extract_start (rows[i].name, rows[i].enough, whole));
        assert_non_null (json_object_get (whole, "ImageWidth"));
        assert_err (EXTRACT_FAILED, extract_start (rows[i].name, rows[i].too_little, half));
        assert_null (json_object_get (half, "ImageWidth"));
        assert_string_equal (json_string_value (json_object_get (half, "MediaType")), "image");
    }
}

/* A chunk behind more bytes than a job may read, in chunks as small as encoders write them. */
static void test_chunk_far_behind (void **state)
{
    (void) state;
    size_t size;
    g_autofree char *path = g_build_filename (getenv ("SAMPLES"), "exif-after.png", NULL);
    char *bytes;
    assert_true (g_file_get_contents (path, &bytes, &size, NULL));
    g_autofree char *piece = g_malloc0 (8192 + 12);
    memcpy (piece, "\0\0\x20\0IDAT", 8);
    g_autoptr (GByteArray) large = g_byte_array_new ();
    g_byte_array_append (large, (const uint8_t *) bytes, 33);
    while (large->len < 2 * LIMIT_INPUT_READ)
        g_byte_array_append (large, (const uint8_t *) piece, 8192 + 12);
    g_byte_array_append (large, (const uint8_t *) bytes + 33, (guint) size - 33);
    struct input *in = input_of (large->data, large->len, "");
    json_auto_t *meta = json_object ();
    struct error e;
    assert_ok (extract (in, meta, &e), &e);
    assert_int_equal (json_integer_value (json_object_get (meta, "Orientation")), 6);
    input_done (in);
    g_free (bytes);
}

/* A folder opens but cannot be read: that is said to be no fault of the object. */
static void test_reads_that_fail (void **state)
{
    (void) state;
    int fd = open (getenv ("SAMPLES"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true (fd >= 0);
    struct input *in = g_new (struct input, 1);
    json_auto_t *meta = json_object ();
    struct error e;
    input_init (in, fd, 100, "jpg");
    assert_err (IO, extract (in, meta, &e));
    assert_non_null (strstr (e.message, "Is a directory"));
    input_done (in);
}

/* The head is there, what comes after fails: not even a header that looks damaged is believed. */
static void test_reads_that_fail_later (void **state)
{
    (void) state;
    static const uint8_t head[INPUT_HEAD] = "\211PNG\r\n\032\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1"
                                            "\10\0\0\0\0\0\0\0\0\0\1\0\0tEXt";
    struct input *in = input_of (head, sizeof head, "png");
    json_auto_t *meta = json_object ();
    struct error e;
    in->size = 2 * INPUT_HEAD;
    close (in->fd);
    in->fd = open (getenv ("SAMPLES"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_err (IO, extract (in, meta, &e));
    input_done (in);
}

/* Too large to be decoded: refused before a decoder sees it, and what it is stays known. */
static void test_source_over_its_limit (void **state)
{
    (void) state;
    struct error e;
    json_auto_t *meta = json_object ();
    struct input *in = input_of ("%PDF-1.4\n", 9, "pdf");
    assert_int_equal (ftruncate (in->fd, 3 * GIB), 0);
    input_init (in, in->fd, 3 * GIB, "pdf");
    assert_err (EXTRACT_FAILED, extract (in, meta, &e));
    assert_string_equal (
        e.message, "size 3221225472 is over the 1073741824 bytes that are read of application/pdf");
    assert_string_equal (json_string_value (json_object_get (meta, "ContentType")),
                         "application/pdf");
    assert_string_equal (json_string_value (json_object_get (meta, "MediaType")), "document");
    assert_in_range (in->bytes_read, 1, INPUT_HEAD + 4 * INPUT_WINDOW);
    input_done (in);
}

static json_t *extract_text (const char *text, enum err *ret)
{
    json_t *meta = json_object ();
    struct error e;
    struct input *in = input_of (text, strlen (text), "svg");
    *ret = extract (in, meta, &e);
    input_done (in);
    return meta;
}

/* A drawing without a size is none that is damaged. */
static void test_svg_sizes (void **state)
{
    (void) state;
    static const struct {
        const char *attributes;
        int width, height;
    } rows[] = {
        { "width='1in' height='2.54cm'", 96, 96 },
        { "width='0.1' height='.4px'", 1, 1 },
        { "viewBox='-5 -5 20.4 10'", 20, 10 },
        { "width='40' viewBox='0 0 20 10'", 40, 20 },
        { "width='10em' height='50%'", 0, 0 },
        { "width='-5' height='5'", 0, 0 },
        { "width='1e99' height='5'", 0, 0 },
        { "viewBox='0 0 0 0'", 0, 0 },
        { "viewBox='0 0 nan inf'", 0, 0 },
        { "width='5", 0, 0 },
        { "width=5 height=5", 0, 0 },
        { "", 0, 0 },
    };
    for (size_t i = 0; i < N_ELEMENTS (rows); i++) {
        enum err err;
        g_autofree char *text = g_strdup_printf (
            "<svg %s xmlns='http://www.w3.org/2000/svg'></svg>", rows[i].attributes);
        json_auto_t *meta = extract_text (text, &err);
        assert_err (OK, err);
        assert_int_equal (json_integer_value (json_object_get (meta, "ImageWidth")), rows[i].width);
        assert_int_equal (json_integer_value (json_object_get (meta, "ImageHeight")),
                          rows[i].height);
    }
}

static void test_empty_object (void **state)
{
    (void) state;
    json_auto_t *meta = json_object ();
    struct error e;
    struct input *in = input_of ("", 0, "jpg");
    assert_ok (extract (in, meta, &e), &e);
    input_done (in);
    assert_string_equal (json_string_value (json_object_get (meta, "ContentType")),
                         "application/octet-stream");
    assert_string_equal (json_string_value (json_object_get (meta, "MediaType")), "other");
    assert_int_equal (json_object_size (meta), 2);
}

int main (void)
{
    init_libraries ();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_samples),
        cmocka_unit_test (test_truncated),
        cmocka_unit_test (test_chunk_far_behind),
        cmocka_unit_test (test_reads_that_fail),
        cmocka_unit_test (test_reads_that_fail_later),
        cmocka_unit_test (test_source_over_its_limit),
        cmocka_unit_test (test_svg_sizes),
        cmocka_unit_test (test_empty_object),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
