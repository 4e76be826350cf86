/* The real renderer in its jail: every format goes, whatever a header says costs little and leaves
 * the renderer up for the next job. */
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <glib.h>

#include "base/limits.h"
#include "base/macros.h"
#include "../render/jailed.h"
#include "test.h"

static int start (void **state)
{
    struct jailed *j = g_new0 (struct jailed, 1);
    jailed_start (j, RENDER_PATH, "render");
    *state = j;
    return 0;
}

static int stop (void **state)
{
    jailed_stop (*state);
    g_free (*state);
    return 0;
}

static struct source source_of (const void *bytes, size_t size)
{
    int fd = memfd_create ("source", MFD_CLOEXEC);
    assert_true (fd >= 0 && write (fd, bytes, size) == (ssize_t) size);
    return (struct source){ .fd = fd, .size = size };
}

static struct source picture (const char *suffix)
{
    g_autoptr (VipsImage) noise = NULL, bytes = NULL;
    void *file;
    size_t size;
    assert_int_equal (vips_gaussnoise (&noise, 200, 150, "mean", 128.0, NULL), 0);
    assert_int_equal (vips_cast_uchar (noise, &bytes, NULL), 0);
    assert_int_equal (vips_image_write_to_buffer (bytes, suffix, &file, &size, NULL), 0);
    struct source source = source_of (file, size);
    g_free (file);
    return source;
}

static enum frame_type render (struct jailed *j, const char *text, struct source source,
                               struct render_result *ret, char *why)
{
    struct render sources = { .source = source };
    enum frame_type type = jailed_render (j, text, &sources, ret, why);
    close (source.fd);
    return type;
}

static void assert_rendered (struct jailed *j, const char *text, struct source source,
                             struct render_result *ret)
{
    char why[FRAME_MESSAGE] = "";
    if (render (j, text, source, ret, why) != FRAME_RENDERED)
        fail_msg ("%s: %s", text, why);
}

static void every_format_goes_both_ways (void **state)
{
    static const char *const formats[] = { "jpg", "png",  "webp", "gif",
                                           "bmp", "tiff", "heic", "avif" };
    struct render_result first, second;
    for (size_t i = 0; i < N_ELEMENTS (formats); i++) {
        g_autofree char *text = g_strconcat ("image/resize,w_120/format,", formats[i], NULL);
        assert_rendered (*state, text, picture (".png"), &first);
        assert_rendered (*state, "image/resize,w_64/format,jpg",
                         source_of (first.bytes, first.size), &second);
        assert_int_equal (second.width, 64);
        assert_memory_equal (second.bytes, "\xff\xd8\xff", 3);
        g_free (first.bytes);
        g_free (second.bytes);
    }
}

static void chains_of_all_kinds_go (void **state)
{
    static const char *const texts[] = {
        "image/rotate,33/circle,r_30/blur,r_3,s_2/sharpen,100",
        "image/resize,w_400,limit_0/bright,20/contrast,-10/rounded-corners,r_20/format,webp",
        "image/crop,w_50,h_50,g_center/auto-orient,1/interlace,1/quality,q_80",
        "image/average-hue",
        "image/info",
    };
    struct render_result result;
    for (size_t i = 0; i < N_ELEMENTS (texts); i++) {
        assert_rendered (*state, texts[i], picture (".jpg"), &result);
        assert_true (result.size > 0);
        g_free (result.bytes);
    }
}

/* ---- headers that promise too much ---- */

#define BE32(n) (uint8_t) ((n) >> 24), (uint8_t) ((n) >> 16), (uint8_t) ((n) >> 8), (uint8_t) (n)
#define LE16(n) (uint8_t) (n), (uint8_t) ((n) >> 8)
#define LE32(n) LE16 ((n) &0xffff), LE16 ((n) >> 16)

static const uint8_t png[] = { 0x89,      'P', 'N', 'G', '\r', '\n',         0x1a,         '\n',
                               BE32 (13), 'I', 'H', 'D', 'R',  BE32 (50000), BE32 (50000), 8,
                               2,         0,   0,   0,   0xac, 0x0a,         0x5c,         0x9b };
static const uint8_t bmp[] = { 'B',       'M',       LE32 (54),    LE32 (0),
                               LE32 (54), LE32 (40), LE32 (60000), LE32 (60000),
                               LE16 (1),  LE16 (24), LE32 (0),     LE32 (0),
                               LE32 (0),  LE32 (0),  LE32 (0),     LE32 (0) };
static const uint8_t jpeg[] = { 0xff, 0xd8, 0xff, 0xc0, 0, 11,   8,    0xff, 0xdc, 0xff,
                                0xdc, 1,    1,    0x11, 0, 0xff, 0xda, 0,    8,    1,
                                1,    0,    0,    0x3f, 0, 0,    0,    0xff, 0xd9 };
static const uint8_t webp[] = { 'R', 'I', 'F',  'F',  LE32 (22), 'W',       'E',  'B',
                                'P', 'V', 'P',  '8',  'X',       LE32 (10), 0,    0,
                                0,   0,   0xff, 0x3f, 0,         0xff,      0x3f, 0 };

static struct source many_frames (unsigned n)
{
    static const uint8_t head[] = { 'G',  'I', 'F', '8', '9', 'a', 1,   0,   1,  0,
                                    0x80, 0,   0,   0,   0,   0,   255, 255, 255 };
    static const uint8_t frame[] = { 0x21, 0xf9, 4, 0, 1, 0, 0, 0, 0x2c, 0, 0, 0,
                                     0,    1,    0, 1, 0, 0, 2, 2, 0x44, 1, 0 };
    g_autoptr (GByteArray) gif = g_byte_array_new ();
    g_byte_array_append (gif, head, sizeof head);
    for (unsigned i = 0; i < n; i++)
        g_byte_array_append (gif, frame, sizeof frame);
    g_byte_array_append (gif, (const uint8_t *) ";", 1);
    return source_of (gif->data, gif->len);
}

static void assert_refused (struct jailed *j, struct source source)
{
    struct render_result result;
    char why[FRAME_MESSAGE] = "";
    enum frame_type type = render (j, "image/resize,w_100/format,webp", source, &result, why);
    if (type != FRAME_REFUSED)
        fail_msg ("a frame of type %d: %s", (int) type, why);
    assert_true (why[0]);
}

static void headers_that_promise_too_much_are_refused (void **state)
{
    assert_refused (*state, source_of (png, sizeof png));
    assert_refused (*state, source_of (bmp, sizeof bmp));
    assert_refused (*state, source_of (jpeg, sizeof jpeg));
    assert_refused (*state, source_of (webp, sizeof webp));
    assert_refused (*state, many_frames (100000));
    struct render_result result;
    assert_rendered (*state, "image/resize,w_20", picture (".jpg"), &result);
    g_free (result.bytes);
}

/* Flat, so of few bytes: its pixels take 1 GB. */
static void large_pictures_go_through (void **state)
{
    const int side = 15800;
    VipsImage *black, *flat;
    void *file;
    size_t size;
    assert_int_equal (vips_black (&black, side, side, "bands", 4, NULL), 0);
    assert_int_equal (vips_copy (black, &flat, "interpretation", VIPS_INTERPRETATION_sRGB, NULL),
                      0);
    assert_int_equal (vips_pngsave_buffer (flat, &file, &size, "compression", 1, "filter",
                                           VIPS_FOREIGN_PNG_FILTER_NONE, NULL),
                      0);
    struct render_result result;
    assert_rendered (*state, "image/format,png", source_of (file, size), &result);
    assert_int_equal (result.width, side);
    g_free (result.bytes);
    g_free (file);
    g_object_unref (flat);
    g_object_unref (black);
}

static void objects_of_other_sizes_are_refused (void **state)
{
    struct source huge = picture (".png");
    huge.size = LIMIT_RENDER_SOURCE + 1;
    assert_refused (*state, huge);
    struct source longer = picture (".png");
    longer.size += 100;
    struct render_result result;
    char why[FRAME_MESSAGE] = "";
    assert_int_equal (FRAME_UNREADABLE, render (*state, "image/resize,w_9", longer, &result, why));
    assert_rendered (*state, "image/resize,w_20", picture (".jpg"), &result);
    g_free (result.bytes);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (every_format_goes_both_ways),
        cmocka_unit_test (chains_of_all_kinds_go),
        cmocka_unit_test (headers_that_promise_too_much_are_refused),
        cmocka_unit_test (large_pictures_go_through),
        cmocka_unit_test (objects_of_other_sizes_are_refused),
    };
    return VIPS_INIT ("test") ? 1 : cmocka_run_group_tests (tests, start, stop);
}
