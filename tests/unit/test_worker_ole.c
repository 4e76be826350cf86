/* Compound files that lie: chains in circles, tables out of this world. */
#include "worker_test.h"

#include "base/limits.h"
#include "worker/ole.h"
#include "worker/ole_properties.h"

/* The sample of a workbook: nine sectors and more of "Workbook", mini sectors, four entries. */
static GByteArray *workbook (void)
{
    g_autofree char *path = g_build_filename (getenv ("SAMPLES"), "cells.xls", NULL);
    char *bytes;
    gsize length;
    assert_true (g_file_get_contents (path, &bytes, &length, NULL));
    return g_byte_array_new_take ((guint8 *) bytes, length);
}

static void put_u32 (GByteArray *b, size_t at, uint32_t value)
{
    for (unsigned i = 0; i < 4; i++)
        b->data[at + i] = (uint8_t) (value >> 8 * i);
}

static size_t sector_at (uint32_t sector)
{
    return ((size_t) sector + 1) * 512;
}

static enum err open_it (const GByteArray *b, struct ole *o, struct input **ret)
{
    struct error e;
    *ret = input_of (b->data, b->len, "xls");
    return ole_open (o, *ret, &e);
}

static void test_streams (void **state)
{
    (void) state;
    g_autoptr (GByteArray) b = workbook ();
    struct ole o;
    struct ole_stream s;
    struct input *in;
    uint8_t head[4];
    assert_err (OK, open_it (b, &o, &in));
    assert_true (ole_stream_open (&o, "Workbook", &s));
    assert_int_equal (s.size, 5000);
    assert_true (ole_stream_read (&s, 0, head, 4) && head[0] == 9 && head[1] == 8);
    assert_true (ole_stream_read (&s, 4996, head, 4));
    assert_false (ole_stream_read (&s, 4997, head, 4));
    assert_false (ole_stream_read (&s, UINT64_MAX, head, 4));
    ole_stream_clear (&s);
    assert_true (ole_stream_open (&o, "\5SummaryInformation", &s));
    assert_true (s.is_mini);
    ole_stream_clear (&s);
    assert_false (ole_stream_open (&o, "workbook", &s));
    assert_int_equal (s.size, 0);
    ole_clear (&o);
    input_done (in);
}

/* Each damage: the file opens or is refused, and no stream is longer than what it has sectors. */
static void test_lies (void **state)
{
    (void) state;
    g_autoptr (GByteArray) good = workbook ();
    uint32_t fat = get_u32le (good->data + 76), directory = get_u32le (good->data + 48);
    size_t table = sector_at (fat), entry = sector_at (directory);
    const struct {
        const char *what;
        size_t at;
        uint32_t value;
        enum err err;
        size_t circle; /* an entry of the table that leads back to the first sector */
    } rows[] = {
        { "the first sector follows itself", table, 0, ERR_OK },
        { "a circle of two", table + 4, 0, ERR_OK },
        { "a chain that leaves the file", table, 0x7fffffff, ERR_OK },
        { "a table of 4 G sectors", 44, 0xffffffff, ERR_OK },
        { "a table that is nowhere", 76, 0x7ffffff0, ERR_EXTRACT_FAILED },
        { "no table", 44, 0, ERR_EXTRACT_FAILED },
        { "a list of tables in a circle", 68, fat, ERR_OK },
        { "a directory that is nowhere", 48, 0x12345678, ERR_EXTRACT_FAILED },
        { "sectors of 64 KiB", 30, 16, ERR_EXTRACT_FAILED },
        { "sectors of 2 to the 200", 30, 200, ERR_EXTRACT_FAILED },
        { "a mini stream of 4 GiB", entry + 120, 0xffffffff, ERR_OK },
        { "mini tables of 4 G sectors", 64, 0xffffffff, ERR_OK },
        { "all streams in mini sectors", 56, 0xffffffff, ERR_OK },
        { "a root that is its own child", entry + 76, 0, ERR_OK },
        { "siblings in a circle", entry + 128 + 68, 1, ERR_OK },
        { "a sibling that is nowhere", entry + 128 + 72, 0x00ffffff, ERR_OK },
        { "streams of 4 GiB", entry + 128 + 120, 0xffffffff, ERR_OK },
        { "a stream of 4 GiB in a circle", entry + 128 + 120, 0xffffffff, ERR_OK, table + 4 },
    };
    for (size_t i = 0; i < N_ELEMENTS (rows); i++) {
        g_autoptr (GByteArray) b = g_byte_array_new ();
        struct ole o;
        struct input *in;
        g_byte_array_append (b, good->data, good->len);
        put_u32 (b, rows[i].at, rows[i].value);
        if (rows[i].circle)
            put_u32 (b, rows[i].circle, 0);
        enum err err = open_it (b, &o, &in);
        if (err != rows[i].err)
            fail_msg ("%s: %s", rows[i].what, error_name (err));
        for (unsigned k = 0; err == ERR_OK && k < o.streams->len; k++) {
            struct ole_stream s;
            uint32_t number = g_array_index (o.streams, uint32_t, k);
            (void) ole_stream_open (&o, g_array_index (o.entries, struct ole_entry, number).name,
                                    &s);
            assert_true (s.size <= b->len);
            g_autoptr (GByteArray) bytes = ole_stream_bytes (&s, 0, SIZE_MAX);
            assert_true (bytes->len <= s.size);
            ole_stream_clear (&s);
        }
        assert_true (err != ERR_OK || o.streams->len <= 4);
        ole_clear (&o);
        input_done (in);
    }
}

/* A file cut within its header; one whose sectors are gone has no streams to speak of. */
static void test_cut (void **state)
{
    (void) state;
    g_autoptr (GByteArray) b = workbook ();
    struct ole o;
    struct input *in;
    g_byte_array_set_size (b, 511);
    assert_err (EXTRACT_FAILED, open_it (b, &o, &in));
    ole_clear (&o);
    input_done (in);
    g_byte_array_set_size (b, 512);
    assert_err (EXTRACT_FAILED, open_it (b, &o, &in));
    ole_clear (&o);
    input_done (in);
}

static void check_text (const char *bytes, size_t length, unsigned code_page, const char *expected)
{
    g_autoptr (GString) text = g_string_new (NULL);
    ole_append_text (text, (const uint8_t *) bytes, length, code_page);
    assert_string_equal (text->str, expected);
}

static void test_code_pages (void **state)
{
    (void) state;
    check_text ("caf\xe9 \x80\0no", 9, OLE_WINDOWS, "café €");
    check_text ("\xcf\xf0\xe8", 3, 1251, "При");
    check_text ("\x93\xfa\x96\x7b", 4, 932, "日本");
    check_text ("\xd6\xd0\xce\xc4", 4, 936, "中文");
    check_text ("\xc3\xa9", 2, 65001, "é");
    check_text ("caf\x8e", 4, 10000, "café"); /* of a Macintosh */
    check_text ("caf\xe9", 4, 31337, "café"); /* none that is known */
    check_text ("a\0\x3d\xd8\0\xde\0\0b", 10, OLE_UTF16, "a\xf0\x9f\x98\x80");
    check_text ("a\0\x3d\xd8", 4, OLE_UTF16, "a\xef\xbf\xbd");
    check_text ("a\0b", 3, OLE_UTF16, "a");
    check_text (NULL, 0, OLE_WINDOWS, ""); /* of an empty stream */
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_streams),
        cmocka_unit_test (test_lies),
        cmocka_unit_test (test_cut),
        cmocka_unit_test (test_code_pages),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
