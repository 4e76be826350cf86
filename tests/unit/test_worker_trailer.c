#include "worker_test.h"

#include "base/limits.h"
#include "worker/trailer.h"

#define ENTRY(kind) "\0\0" kind "\0\0\0\0\0\0\0\0"

static void test_videos (void **state)
{
    (void) state;
    static const struct {
        const char *bytes;
        size_t length;
        bool has_video;
    } rows[] = {
#define ROW(text, video) { text, sizeof (text) - 1, video }
        ROW ("..SEFH\0\0\0\0\2\0\0\0" ENTRY ("\0\1") ENTRY ("\x30\x0a") "\x24\0\0\0SEFT", true),
        ROW ("SEFH\0\0\0\0\1\0\0\0" ENTRY ("\0\1") "\x18\0\0\0SEFT", false),
        /* more entries than there are; a length behind the start; no table; nothing */
        ROW ("SEFH\0\0\0\0\xff\xff\xff\xff" ENTRY ("\0\1") "\x18\0\0\0SEFT", false),
        ROW ("SEFH\0\0\0\0\1\0\0\0" ENTRY ("\x30\x0a") "\x19\0\0\0SEFT", false),
        ROW ("....................\4\0\0\0SEFT", false),
        ROW ("", false),
    };
    for (size_t i = 0; i < N_ELEMENTS (rows); i++) {
        struct input *in = input_of (rows[i].bytes, rows[i].length, "");
        assert_int_equal (trailer_has_video (in), rows[i].has_video);
        input_done (in);
    }
}

static unsigned pictures (const char *bytes, size_t length)
{
    struct input *in = input_of (bytes, length, "");
    unsigned n = trailer_pictures (in, 0, length);
    input_done (in);
    return n;
}

/* A count of bytes that goes far behind the end is as many pictures as are there. */
static void test_pictures (void **state)
{
    (void) state;
    static const char index[] = "II*\0\x08\0\0\0\1\0\2\xb0\7\0\x40\0\0\0\x1a\0\0\0\0\0\0\0"
                                "\2\0\2\x20............\2\0\2\0............"
                                "\1\0\1\0............\0\0\0\0............";
    char far[sizeof index];
    assert_int_equal (pictures (index, sizeof index - 1), 2);
    memcpy (far, index, sizeof index);
    memcpy (far + 14, "\xff\xff\xff\xff", 4);
    assert_int_equal (pictures (far, sizeof index - 1), 2);
    for (size_t length = 0; length < 40; length++)
        assert_int_equal (pictures (index, length), 1);
    assert_int_equal (pictures ("IM*\0\x08\0\0\0\1\0", 10), 1);
}

int main (void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test (test_videos),
                                        cmocka_unit_test (test_pictures) };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
