/* Members of packages: found in any case, checked, and cut where they would never end. */
#include <zlib.h>

#include "worker_test.h"

#include "base/limits.h"
#include "worker/zip.h"

static void put_u16 (GByteArray *b, uint16_t value)
{
    g_byte_array_append (b, (const uint8_t[]){ (uint8_t) value, (uint8_t) (value >> 8) }, 2);
}

static void put_u32 (GByteArray *b, uint32_t value)
{
    put_u16 (b, (uint16_t) value);
    put_u16 (b, (uint16_t) (value >> 16));
}

/* A ZIP file of one member "a", deflated zeros. */
static GByteArray *zeros (size_t size, uint32_t sum)
{
    g_autofree uint8_t *plain = g_malloc0 (size);
    uLongf bound = compressBound (size);
    g_autofree uint8_t *packed = g_malloc (bound);
    assert_int_equal (compress2 (packed, &bound, plain, size, 9), Z_OK);
    /* Without the two bytes before and the sum behind. */
    uint32_t length = (uint32_t) bound - 6;
    GByteArray *b = g_byte_array_new ();
    const uint32_t facts[] = { sum ? sum : (uint32_t) crc32 (0, plain, (uInt) size), length,
                               (uint32_t) size };
    g_byte_array_append (b, (const uint8_t *) "PK\3\4\24\0\0\0\10\0\0\0\0\0", 14);
    for (unsigned i = 0; i < 3; i++)
        put_u32 (b, facts[i]);
    g_byte_array_append (b, (const uint8_t *) "\1\0\0\0a", 5);
    g_byte_array_append (b, packed + 2, length);
    uint32_t at = b->len;
    g_byte_array_append (b, (const uint8_t *) "PK\1\2\24\0\24\0\0\0\10\0\0\0\0\0", 16);
    for (unsigned i = 0; i < 3; i++)
        put_u32 (b, facts[i]);
    g_byte_array_append (b, (const uint8_t *) "\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0a", 19);
    uint32_t directory = b->len - at;
    g_byte_array_append (b, (const uint8_t *) "PK\5\6\0\0\0\0\1\0\1\0", 12);
    put_u32 (b, directory);
    put_u32 (b, at);
    put_u16 (b, 0);
    return b;
}

static bool count (void *data, const uint8_t *bytes UNUSED, size_t length)
{
    *(uint64_t *) data += length;
    return true;
}

static enum err read_zeros (size_t size, uint32_t sum, uint64_t *ret_count)
{
    g_autoptr (GByteArray) bytes = zeros (size, sum);
    struct input *in = input_of (bytes->data, bytes->len, "");
    _cleanup_zip_ struct zip z;
    struct error e;
    *ret_count = 0;
    assert_ok (zip_open (&z, in, &e), &e);
    assert_null (zip_find (&z, "b"));
    const struct zip_member *member = zip_find (&z, "A");
    assert_non_null (member);
    enum err err = zip_read (&z, member, count, ret_count, &e);
    input_done (in);
    return err;
}

static void test_member (void **state)
{
    (void) state;
    uint64_t n;
    assert_err (OK, read_zeros (100000, 0, &n));
    assert_int_equal (n, 100000);
    assert_err (EXTRACT_FAILED, read_zeros (100000, 12345, &n));
}

/* The last byte is read while what it means does not yet fit into the piece that is unpacked. */
static void test_end_of_piece (void **state)
{
    (void) state;
    uint64_t n;
    for (size_t size = 32768; size < 32768 + 600; size++) {
        assert_err (OK, read_zeros (size, 0, &n));
        assert_int_equal (n, size);
    }
}

/* Stored and empty members of the same length of name, "00000000" and on. */
static GByteArray *many (unsigned count, size_t extra)
{
    GByteArray *b = g_byte_array_new ();
    g_autofree uint8_t *zeros = g_malloc0 (extra + 1);
    for (unsigned i = 0; i < count; i++) {
        uint8_t entry[46] = "PK\1\2";
        entry[28] = 8;
        entry[30] = (uint8_t) extra;
        entry[31] = (uint8_t) (extra >> 8);
        char name[9];
        g_snprintf (name, sizeof name, "%08u", i);
        g_byte_array_append (b, entry, sizeof entry);
        g_byte_array_append (b, (const uint8_t *) name, 8);
        g_byte_array_append (b, zeros, (guint) extra);
    }
    uint32_t directory = b->len;
    g_byte_array_append (b, (const uint8_t *) "PK\5\6\0\0\0\0\0\0\0\0", 12);
    b->data[b->len - 4] = b->data[b->len - 2] = (uint8_t) count;
    b->data[b->len - 3] = b->data[b->len - 1] = (uint8_t) (count >> 8);
    put_u32 (b, directory);
    put_u32 (b, 0);
    put_u16 (b, 0);
    return b;
}

static void test_large_directory (void **state)
{
    (void) state;
    g_autoptr (GByteArray) bytes = many (3000, 8000);
    struct input *in = input_of (bytes->data, bytes->len, "");
    _cleanup_zip_ struct zip z;
    struct error e;
    assert_true (bytes->len > 2 * LIMIT_ZIP_DIRECTORY);
    assert_ok (zip_open (&z, in, &e), &e);
    assert_true (z.is_cut);
    assert_int_equal (z.members->len, LIMIT_ZIP_DIRECTORY / 8054);
    assert_non_null (zip_find (&z, "00000007"));
    input_done (in);
}

static void test_many_names (void **state)
{
    (void) state;
    g_autoptr (GByteArray) bytes = many (60000, 0);
    struct input *in = input_of (bytes->data, bytes->len, "");
    _cleanup_zip_ struct zip z;
    struct error e;
    assert_ok (zip_open (&z, in, &e), &e);
    assert_false (z.is_cut);
    int64_t begin = g_get_monotonic_time ();
    for (unsigned i = 0; i < 60000; i++) {
        char name[9];
        g_snprintf (name, sizeof name, "%08u", i);
        const struct zip_member *m = zip_find (&z, name);
        assert_non_null (m);
        assert_string_equal (m->name, name);
    }
    assert_true (g_get_monotonic_time () - begin < 3 * G_USEC_PER_SEC);
    input_done (in);
}

static void test_bomb (void **state)
{
    (void) state;
    uint64_t n;
    assert_err (LIMIT, read_zeros (LIMIT_ZIP_UNPACKED + 100000, 0, &n));
    assert_true (n <= LIMIT_ZIP_UNPACKED);
}

static void test_no_directory (void **state)
{
    (void) state;
    static const char *const files[] = { "", "PK\5\6",
                                         "PK\3\4 and no more than that, twenty bytes" };
    for (size_t i = 0; i < N_ELEMENTS (files); i++) {
        struct input *in = input_of (files[i], strlen (files[i]), "");
        _cleanup_zip_ struct zip z;
        struct error e;
        assert_err (EXTRACT_FAILED, zip_open (&z, in, &e));
        input_done (in);
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_member),
        cmocka_unit_test (test_end_of_piece),
        cmocka_unit_test (test_large_directory),
        cmocka_unit_test (test_many_names),
        cmocka_unit_test (test_bomb),
        cmocka_unit_test (test_no_directory),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
