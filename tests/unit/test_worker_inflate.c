/* Streams of all kinds of blocks, whole, damaged and too long. */
#include "worker_test.h"

#include "worker/inflate.h"

/* "Bindery " forty times, in one block of the fixed code. */
static const char fixed[] =
    "\x78\xda\x73\xca\xcc\x4b\x49\x2d\xaa\x54\x70\x1a\xa5\xc9\xa2\x01\x70\x5f\x75\x09";

/* A hundred thousand zeros, in blocks of codes of their own. */
static const char zeros[] =
    "\x78\xda\xed\xc1\x31\x01\x00\x00\x00\xc2\xa0\xf5\x4f\x6d\x0d\x0f\xa0\x00\x00\x00"
    "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
    "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
    "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
    "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
    "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80\x57\x03\x86\xaf\x00\x01";

/* "abc" in a block that is not compressed. */
static const char stored[] = "\x78\x01\x01\x03\x00\xfc\xff"
                             "abc\x02\x4d\x01\x27";

static GByteArray *unpack (const char *bytes, size_t length, size_t limit)
{
    /* On the heap and no longer than it is, so that reading too far is found. */
    g_autofree uint8_t *copy = g_memdup2 (bytes, length);
    return inflate_bytes (copy, length, limit);
}

static void test_blocks (void **state)
{
    (void) state;
    g_autoptr (GByteArray) words = unpack (fixed, sizeof fixed - 1, 1000);
    assert_int_equal (words->len, 320);
    for (unsigned i = 0; i < words->len; i++)
        assert_int_equal (words->data[i], "Bindery "[i % 8]);
    g_autoptr (GByteArray) abc = unpack (stored, sizeof stored - 1, 3);
    assert_int_equal (abc->len, 3);
    assert_memory_equal (abc->data, "abc", 3);
    g_autoptr (GByteArray) nothing = unpack (zeros, sizeof zeros - 1, 100000);
    assert_int_equal (nothing->len, 100000);
    assert_int_equal (nothing->data[99999], 0);
}

static void test_limit (void **state)
{
    (void) state;
    assert_null (unpack (fixed, sizeof fixed - 1, 319));
    assert_null (unpack (stored, sizeof stored - 1, 2));
    assert_null (unpack (zeros, sizeof zeros - 1, 99999));
}

static void test_damaged (void **state)
{
    (void) state;
    static const struct {
        const char *bytes;
        size_t length;
    } rows[] = {
#define ROW(bytes) { bytes, sizeof (bytes) - 1 }
        ROW ("\x78"),
        ROW ("\x78\x9d\x03\0"), /* check of the header */
        ROW ("\x79\x9c\x03\0"), /* another method */
        ROW ("\x78\xbb\x03\0"), /* a dictionary */
        ROW ("\x78\x9c\x07"),   /* a block of no kind */
        ROW ("\x78\x01\x01\x03\0\xfc\xfe"
             "abc"),                                      /* length and complement differ */
        ROW ("\x78\x9c\x03\x02\0\0\0\0"),                 /* a copy of what was not there */
        ROW ("\x78\x9c\xfd\xff\xff\xff\xff\xff\xff\xff"), /* too many codes */
    };
    for (size_t i = 0; i < N_ELEMENTS (rows); i++)
        assert_null (unpack (rows[i].bytes, rows[i].length, 1000));
    for (size_t cut = 2; cut < sizeof fixed - 1 - 4; cut++)
        assert_null (unpack (fixed, cut, 1000));
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_blocks),
        cmocka_unit_test (test_limit),
        cmocka_unit_test (test_damaged),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
