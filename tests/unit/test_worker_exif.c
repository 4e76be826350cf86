#include "worker_test.h"

#include "base/limits.h"
#include "worker/exif.h"

/* A little-endian structure with the given entries of 12 bytes, and `more` bytes behind them. */
static GByteArray *tiff (unsigned n, const void *entries, const void *more, size_t more_length)
{
    GByteArray *out = g_byte_array_new ();
    uint8_t count[2] = { (uint8_t) n, (uint8_t) (n >> 8) };
    g_byte_array_append (out, (const uint8_t *) "II*\0\x08\0\0\0", 8);
    g_byte_array_append (out, count, 2);
    g_byte_array_append (out, entries, n * 12);
    g_byte_array_append (out, (const uint8_t *) "\0\0\0\0", 4);
    g_byte_array_append (out, more, (guint) more_length);
    return out;
}

/* Parses a structure with one entry; its values are at offset 26. */
static struct exif one (const char entry[12], const void *more, size_t more_length)
{
    struct exif x;
    g_autoptr (GByteArray) bytes = tiff (1, entry, more, more_length);
    struct input *in = input_of (bytes->data, bytes->len, "");
    exif_init (&x);
    assert_true (exif_parse (in, 0, bytes->len, &x));
    input_done (in);
    return x;
}

#define VALUE(entry, more, name)                                                                   \
    ({                                                                                             \
        struct exif value_x = one (entry, more, sizeof (more) - 1);                                \
        char *value = g_strdup (exif_get (&value_x, name));                                        \
        exif_clear (&value_x);                                                                     \
        value;                                                                                     \
    })

static void test_values (void **state)
{
    (void) state;
    g_autofree char *ratio =
        VALUE ("\x1a\x01\5\0\1\0\0\0\x1a\0\0\0", "\x60\0\0\0\1\0\0\0", "XResolution");
    assert_string_equal (ratio, "96/1");
    g_autofree char *shorts =
        VALUE ("\2\1\3\0\3\0\0\0\x1a\0\0\0", "\x8\0\x8\0\x7\0", "BitsPerSample");
    assert_string_equal (shorts, "8 8 7");
    g_autofree char *text = VALUE ("\x0f\1\2\0\x8\0\0\0\x1a\0\0\0", " Nikon \0", "Make");
    assert_string_equal (text, "Nikon");
    g_autofree char *latin = VALUE ("\x0f\1\2\0\5\0\0\0\x1a\0\0\0", "Caf\xe9\0", "Make");
    assert_string_equal (latin, "Caf\xef\xbf\xbd");
    g_autofree char *utf16 =
        VALUE ("\x9b\x9c\1\0\x8\0\0\0\x1a\0\0\0", "\x61\0\x3d\xd8\0\xde\0\0", "XPTitle");
    assert_string_equal (utf16, "a\xf0\x9f\x98\x80");
}

static void test_values_outside_are_left_out (void **state)
{
    (void) state;
    /* behind the end; count that overflows; unknown type; no values; two million numbers */
    static const char *const entries[] = {
        "\x1a\1\5\0\1\0\0\0\xf0\xff\xff\xff", "\x1a\1\5\0\xff\xff\xff\xff\x1a\0\0\0",
        "\x1a\1\x63\0\1\0\0\0\x1a\0\0\0",     "\x1a\1\5\0\0\0\0\0\x1a\0\0\0",
        "\x1a\1\3\0\0\0\x20\0\0\0\0\0",
    };
    for (size_t i = 0; i < N_ELEMENTS (entries); i++) {
        struct exif x = one (entries[i], "12345678", 8);
        assert_int_equal (json_object_size (x.tags), 0);
        exif_clear (&x);
    }
}

static void test_number_of_entries_is_limited (void **state)
{
    (void) state;
    enum { N = LIMIT_EXIF_ENTRIES + 1 };
    g_autofree char *entries = g_malloc0 (N * 12);
    memcpy (entries + (N - 2) * 12, "\x12\1\3\0\1\0\0\0\6\0\0\0", 12);
    memcpy (entries + (N - 1) * 12, "\0\1\3\0\1\0\0\0\6\0\0\0", 12);
    g_autoptr (GByteArray) bytes = tiff (N, entries, "", 0);
    struct input *in = input_of (bytes->data, bytes->len, "");
    struct exif x;
    exif_init (&x);
    assert_true (exif_parse (in, 0, bytes->len, &x));
    assert_int_equal (x.orientation, 6);
    assert_int_equal (x.width, 0);
    exif_clear (&x);
    input_done (in);
}

static void test_no_structure (void **state)
{
    (void) state;
    struct exif x;
    struct input *in = input_of ("IM*\0\x08\0\0\0", 8, "");
    exif_init (&x);
    assert_false (exif_parse (in, 0, 8, &x));
    assert_false (exif_parse (in, 4, 4, &x));
    assert_false (exif_parse (in, UINT64_MAX, 8, &x));
    exif_clear (&x);
    input_done (in);
}

/* A GPS directory at 26, with a reference and degrees, whose values stand at 56. */
static void test_positions (void **state)
{
    (void) state;
    static const struct {
        const char *ref, *degrees;
        bool is_valid;
        double value;
    } rows[] = {
        { "N",
          "\x5a\0\0\0\1\0\0\0"
          "\0\0\0\0\1\0\0\0"
          "\0\0\0\0\1\0\0\0",
          true, 90 },
        { "S",
          "\x0a\0\0\0\1\0\0\0"
          "\x1e\0\0\0\1\0\0\0"
          "\0\0\0\0\0\0\0\0",
          true, -10.5 },
        { "N",
          "\x5b\0\0\0\1\0\0\0"
          "\0\0\0\0\1\0\0\0"
          "\0\0\0\0\1\0\0\0",
          false, 0 },
        { "N",
          "\x0a\0\0\0\0\0\0\0"
          "\0\0\0\0\1\0\0\0"
          "\0\0\0\0\1\0\0\0",
          false, 0 },
        { "N",
          "\x0a\0\0\0\1\0\0\0"
          "\1\0\0\0\0\0\0\0"
          "\0\0\0\0\1\0\0\0",
          false, 0 },
        { "X",
          "\x0a\0\0\0\1\0\0\0"
          "\0\0\0\0\1\0\0\0"
          "\0\0\0\0\1\0\0\0",
          false, 0 },
    };
    for (size_t i = 0; i < N_ELEMENTS (rows); i++) {
        uint8_t gps[30 + 24] = "\2\0"
                               "\1\0\2\0\2\0\0\0?\0\0\0"
                               "\2\0\5\0\3\0\0\0\x38\0\0\0";
        gps[10] = (uint8_t) rows[i].ref[0];
        memcpy (gps + 30, rows[i].degrees, 24);
        struct exif x = one ("\x25\x88\4\0\1\0\0\0\x1a\0\0\0", gps, sizeof gps);
        assert_int_equal (x.has_latitude, rows[i].is_valid);
        assert_false (x.has_longitude);
        if (rows[i].is_valid)
            assert_true (x.latitude == rows[i].value);
        exif_clear (&x);
    }
}

/* Make, at 104; an Exif directory at 38; in that a maker's note at 56 with one entry and a text. */
static char *canon_lens (const char entry[12], const char *text, size_t length)
{
    static const char entries[] = "\x0f\1\2\0\6\0\0\0\x68\0\0\0"
                                  "\x69\x87\4\0\1\0\0\0\x26\0\0\0";
    char more[18 + 18 + 64] = "\1\0\x7c\x92\7\0\x30\0\0\0\x38\0\0\0\0\0\0\0\1";
    memcpy (more + 20, entry, 12);
    memcpy (more + 36, text, length);
    memcpy (more + 66, "Canon", 6);
    g_autoptr (GByteArray) bytes = tiff (2, entries, more, sizeof more);
    struct input *in = input_of (bytes->data, bytes->len, "");
    struct exif x;
    exif_init (&x);
    assert_true (exif_parse (in, 0, bytes->len, &x));
    assert_string_equal (exif_get (&x, "Make"), "Canon");
    char *value = g_strdup (exif_get (&x, "LensModel"));
    exif_clear (&x);
    input_done (in);
    return value;
}

/* The entry's text is at 74. */
static void test_maker_notes (void **state)
{
    (void) state;
    g_autofree char *good = canon_lens ("\x95\0\2\0\6\0\0\0\x4a\0\0\0", "EF50\0\xff", 6);
    assert_string_equal (good, "EF50");
    g_autofree char *moved = canon_lens ("\x95\0\2\0\6\0\0\0\x4a\0\0\0", "E\x01zz\0", 5);
    assert_null (moved);
    g_autofree char *number = canon_lens ("\x95\0\3\0\3\0\0\0\x4a\0\0\0", "abcdef", 6);
    assert_null (number);
    g_autofree char *behind = canon_lens ("\x95\0\2\0\6\0\0\0\xff\xff\xff\xff", "", 0);
    assert_null (behind);
}

/* Directories behind each other, the last of which leads back to the first. */
static void test_pages_in_a_circle (void **state)
{
    (void) state;
    static const char bytes[] = "II*\0\x08\0\0\0"
                                "\1\0\0\1\3\0\1\0\0\0\x05\0\0\0\x1a\0\0\0"
                                "\1\0\0\1\3\0\1\0\0\0\x05\0\0\0\x08\0\0\0";
    struct input *in = input_of (bytes, sizeof bytes - 1, "");
    assert_int_equal (exif_count_pages (in), 2);
    input_done (in);
    in = input_of (bytes, 10, "");
    assert_int_equal (exif_count_pages (in), 1);
    input_done (in);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_values),
        cmocka_unit_test (test_values_outside_are_left_out),
        cmocka_unit_test (test_number_of_entries_is_limited),
        cmocka_unit_test (test_no_structure),
        cmocka_unit_test (test_positions),
        cmocka_unit_test (test_maker_notes),
        cmocka_unit_test (test_pages_in_a_circle),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
