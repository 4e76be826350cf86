/* Archives are made by libarchive's writer, a program of its own beside its reader. */
#include "worker_test.h"

#include <archive.h>
#include <archive_entry.h>

#include "base/limits.h"
#include "worker/archive_input.h"
#include "worker/init.h"

static void add_member (struct archive *a, const char *name, const void *bytes, size_t length)
{
    struct archive_entry *entry = archive_entry_new ();
    archive_entry_set_pathname (entry, name);
    archive_entry_set_size (entry, (la_int64_t) length);
    archive_entry_set_filetype (entry, AE_IFREG);
    assert_int_equal (archive_write_header (a, entry), ARCHIVE_OK);
    assert_int_equal (archive_write_data (a, bytes, length), length);
    archive_entry_free (entry);
}

/* Two members: "a/../\xc3\xa9" with "hello", and "zeros" with `zeros` of them. */
static struct input *make (int (*format) (struct archive *), int (*filter) (struct archive *),
                           size_t zeros, size_t cut)
{
    size_t size = zeros + MIB, used;
    g_autofree char *bytes = g_malloc (size), *zero = g_malloc0 (zeros);
    struct archive *a = archive_write_new ();
    assert_int_equal (format (a), ARCHIVE_OK);
    if (filter)
        assert_int_equal (filter (a), ARCHIVE_OK);
    assert_int_equal (archive_write_open_memory (a, bytes, size, &used), ARCHIVE_OK);
    add_member (a, "a/../\xc3\xa9", "hello", 5);
    add_member (a, "zeros", zero, zeros);
    assert_int_equal (archive_write_close (a), ARCHIVE_OK);
    archive_write_free (a);
    return input_of (bytes, used - MIN (cut, used), "");
}

static const struct {
    const char *type;
    int (*format) (struct archive *);
    int (*filter) (struct archive *);
} kinds[] = {
    { "application/zip", archive_write_set_format_zip, NULL },
    { "application/x-7z-compressed", archive_write_set_format_7zip, NULL },
    { "application/x-tar", archive_write_set_format_pax, NULL },
    { "application/x-cpio", archive_write_set_format_cpio_newc, NULL },
    { "application/x-iso9660-image", archive_write_set_format_iso9660, NULL },
    { "application/gzip", archive_write_set_format_ustar, archive_write_add_filter_gzip },
    { "application/x-bzip2", archive_write_set_format_gnutar, archive_write_add_filter_bzip2 },
    { "application/x-xz", archive_write_set_format_pax, archive_write_add_filter_xz },
    { "application/zstd", archive_write_set_format_v7tar, archive_write_add_filter_zstd },
    { "application/gzip", archive_write_set_format_cpio_newc, archive_write_add_filter_gzip },
};

static void test_members (void **state)
{
    (void) state;
    for (size_t i = 0; i < N_ELEMENTS (kinds); i++) {
        struct input *in = make (kinds[i].format, kinds[i].filter, 1000, 0);
        _cleanup_archive_ struct archive_input *a = NULL;
        struct archive_member m;
        struct error e;
        unsigned files = 0, seen = 0;
        assert_ok (archive_input_open (in, kinds[i].type, &a, &e), &e);
        enum archive_step step;
        while ((step = archive_input_next (a, &m)) == ARCHIVE_MEMBER) {
            g_autoptr (GByteArray) content = NULL;
            files += m.is_file;
            if (!m.is_file)
                continue;
            bool is_zeros = g_str_has_suffix (m.name, "zeros");
            assert_true (is_zeros || g_str_has_suffix (m.name, "\xc3\xa9"));
            assert_int_equal (m.size, is_zeros ? 1000 : 5);
            assert_ok (archive_input_read (a, 100, &content, &e), &e);
            assert_int_equal (content->len, is_zeros ? 100 : 5);
            seen += !is_zeros && !memcmp (content->data, "hello", 5);
        }
        assert_int_equal (step, ARCHIVE_END);
        assert_int_equal (files, 2);
        assert_int_equal (seen, 1);
        assert_false (archive_input_is_encrypted (a));
        input_done (in);
    }
}

/* Skipping over members costs nothing, unpacking them ends at the limit. */
static void test_bomb (void **state)
{
    (void) state;
    struct input *in =
        make (archive_write_set_format_gnutar, archive_write_add_filter_gzip, 100 * MIB, 0);
    _cleanup_archive_ struct archive_input *a = NULL;
    struct archive_member m;
    struct error e;
    assert_ok (archive_input_open (in, "application/gzip", &a, &e), &e);
    assert_int_equal (archive_input_next (a, &m), ARCHIVE_MEMBER);
    assert_int_equal (archive_input_next (a, &m), ARCHIVE_MEMBER);
    assert_int_equal (archive_input_next (a, &m), ARCHIVE_EXHAUSTED);
    input_done (in);

    in = make (archive_write_set_format_zip, NULL, 100 * MIB, 0);
    _cleanup_archive_ struct archive_input *zip = NULL;
    assert_ok (archive_input_open (in, "application/zip", &zip, &e), &e);
    assert_int_equal (archive_input_next (zip, &m), ARCHIVE_MEMBER);
    assert_int_equal (archive_input_next (zip, &m), ARCHIVE_MEMBER);
    g_autoptr (GByteArray) content = NULL;
    assert_err (EXTRACT_FAILED, archive_input_read (zip, 100 * MIB, &content, &e));
    assert_int_equal (archive_input_next (zip, &m), ARCHIVE_END);
    input_done (in);
}

static void test_bare (void **state)
{
    (void) state;
    /* "hello\n", by another program */
    static const uint8_t gz[] = { 0x1f, 0x8b, 8,    0,    0,    0,    0,    0, 0,
                                  3,    0xcb, 0x48, 0xcd, 0xc9, 0xc9, 0xe7, 2, 0,
                                  0x20, 0x30, 0x3a, 0x36, 6,    0,    0,    0 };
    struct input *in = input_of (gz, sizeof gz, "");
    _cleanup_archive_ struct archive_input *a = NULL;
    struct archive_member m;
    struct error e;
    assert_ok (archive_input_open (in, "application/gzip", &a, &e), &e);
    assert_true (archive_input_is_bare (a));
    assert_int_equal (archive_input_next (a, &m), ARCHIVE_MEMBER);
    g_autoptr (GByteArray) content = NULL;
    assert_ok (archive_input_read (a, 100, &content, &e), &e);
    assert_int_equal (content->len, 6);
    assert_memory_equal (content->data, "hello\n", 6);
    assert_int_equal (archive_input_next (a, &m), ARCHIVE_END);
    input_done (in);
}

static void test_damaged (void **state)
{
    (void) state;
    static const uint8_t noise[4096] = { 7, 7, 7 };
    for (size_t i = 0; i < N_ELEMENTS (kinds); i++) {
        struct input *in = input_of (noise, sizeof noise, "");
        struct archive_input *a = NULL;
        struct archive_member m;
        struct error e;
        if (archive_input_open (in, kinds[i].type, &a, &e) == ERR_OK)
            assert_int_equal (archive_input_next (a, &m), ARCHIVE_DAMAGED);
        archive_input_free (a);
        input_done (in);
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_members),
        cmocka_unit_test (test_bomb),
        cmocka_unit_test (test_bare),
        cmocka_unit_test (test_damaged),
    };
    init_libraries ();
    return cmocka_run_group_tests (tests, NULL, NULL);
}
