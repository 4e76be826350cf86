#include "worker_test.h"

#include "base/limits.h"
#include "worker/icc.h"

/* A profile with one tag, whose content is `more`. */
static GByteArray *profile (const char *tag, const void *more, size_t length)
{
    uint8_t head[144] = { 0 };
    memcpy (head + 36, "acsp", 4);
    head[131] = 1;
    memcpy (head + 132, tag, 4);
    head[139] = sizeof head;
    head[142] = (uint8_t) (length >> 8);
    head[143] = (uint8_t) length;
    GByteArray *out = g_byte_array_new ();
    g_byte_array_append (out, head, sizeof head);
    g_byte_array_append (out, more, (guint) length);
    return out;
}

static char *name_of (const GByteArray *bytes)
{
    char *name = NULL;
    struct input *in = input_of (bytes->data, bytes->len, "");
    icc_read (in, 0, bytes->len, &name);
    input_done (in);
    return name;
}

#define NAME(tag, more)                                                                            \
    ({                                                                                             \
        g_autoptr (GByteArray) name_bytes = profile (tag, more, sizeof (more) - 1);                \
        name_of (name_bytes);                                                                      \
    })

#define LANGUAGES(n) "mluc\0\0\0\0\0\0\0" n "\0\0\0\x0c"

static void test_names (void **state)
{
    (void) state;
    g_autofree char *ascii = NAME ("desc", "desc\0\0\0\0\0\0\0\5 RGB\0");
    assert_string_equal (ascii, "RGB");
    g_autofree char *one = NAME ("desc", LANGUAGES ("\1") "deDE\0\0\0\4\0\0\0\x1c\0A\0\xe4");
    assert_string_equal (one, "A\xc3\xa4");
    g_autofree char *english = NAME ("desc", LANGUAGES ("\2") "deDE\0\0\0\2\0\0\0\x28"
                                                              "enUS\0\0\0\2\0\0\0\x2a\0A\0B");
    assert_string_equal (english, "B");
}

static void test_damaged (void **state)
{
    (void) state;
    /* text behind the end; no text; a language behind the end; another kind; another tag */
    static const struct {
        const char *tag, *bytes;
        size_t length;
    } rows[] = {
        { "desc", "desc\0\0\0\0\0\0\0\0", 12 },
        { "desc", "desc\0\0\0\0\xff\xff\xff\xff", 12 },
        { "desc", LANGUAGES ("\1") "enUS\0\0\0\4\0\0\0\x1d\0A\0B", 32 },
        { "desc", LANGUAGES ("\1") "enUS\xff\xff\xff\xff\0\0\0\x1c\0A\0B", 32 },
        { "desc", LANGUAGES ("\0"), 16 },
        { "desc", "text\0\0\0\0name\0", 13 },
        { "cprt", "desc\0\0\0\0\0\0\0\5name\0", 17 },
    };
    for (size_t i = 0; i < N_ELEMENTS (rows); i++) {
        g_autoptr (GByteArray) bytes = profile (rows[i].tag, rows[i].bytes, rows[i].length);
        g_autofree char *name = name_of (bytes);
        assert_null (name);
    }
    g_autoptr (GByteArray) cut = profile ("desc", "desc\0\0\0\0\0\0\0\5name\0", 17);
    for (guint length = 0; length < 160; length += 7) {
        g_byte_array_set_size (cut, MIN (length, 156));
        g_autofree char *name = name_of (cut);
        assert_null (name);
        g_byte_array_set_size (cut, 161);
    }
}

static void test_long_name_is_cut (void **state)
{
    (void) state;
    char more[12 + 2 * LIMIT_ICC_TEXT];
    memset (more, 'x', sizeof more);
    memcpy (more, "desc\0\0\0\0\0\0\4\0", 12);
    g_autoptr (GByteArray) bytes = profile ("desc", more, sizeof more);
    g_autofree char *name = name_of (bytes);
    assert_int_equal (strlen (name), LIMIT_PROFILE_NAME);
}

/* Parts of every size, so that each field lies across a border at least once. */
static void test_parts (void **state)
{
    (void) state;
    g_autoptr (GByteArray) bytes = profile ("desc", "desc\0\0\0\0\0\0\0\5name\0", 17);
    struct input *in = input_of (bytes->data, bytes->len, "");
    for (unsigned size = 3; size < bytes->len; size++) {
        struct icc_part parts[64];
        unsigned n = 0;
        g_autofree char *name = NULL, *less = NULL;
        for (unsigned at = 0; at < bytes->len; at += size)
            parts[n++] = (struct icc_part){ at, MIN (size, bytes->len - at) };
        icc_read_parts (in, parts, n, &name);
        assert_string_equal (name, "name");
        icc_read_parts (in, parts, n - 1, &less);
        assert_null (less);
    }
    input_done (in);
}

static void test_coded (void **state)
{
    (void) state;
    char *name = NULL;
    icc_coded (2, 2, &name);
    assert_null (name);
    icc_coded (12, 13, &name);
    icc_coded (1, 13, &name);
    assert_string_equal (name, "Display P3");
    g_free (name);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_names),
        cmocka_unit_test (test_damaged),
        cmocka_unit_test (test_long_name_is_cut),
        cmocka_unit_test (test_parts),
        cmocka_unit_test (test_coded),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
