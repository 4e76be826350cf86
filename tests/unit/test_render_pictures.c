/* What becomes of pictures: turned by their orientation, frame by frame, over white, in sRGB, at a
 * quality. Sources are made here, results are read by libvips. */
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <glib.h>

#include "render/init.h"
#include "render/jpeg_quality.h"
#include "render/render.h"
#include "test.h"
#include "worker/init.h"

#define WIDTH  160
#define HEIGHT 120
#define NEAR   24 /* that a sample may be off where something was lossy */

enum colour { RED, GREEN, BLUE, WHITE };
static const double colours[][3] = {
    { 255, 0, 0 }, { 0, 255, 0 }, { 0, 0, 255 }, { 255, 255, 255 }
};

/* ---- making sources ---- */

static VipsImage *plain (int width, int height, const double *samples, int n)
{
    g_autoptr (VipsImage) black = NULL, painted = NULL;
    VipsImage *ret = NULL;
    double zeros[4] = { 0 };
    assert_int_equal (vips_black (&black, width, height, "bands", n, NULL), 0);
    assert_int_equal (vips_linear (black, &painted, zeros, samples, n, NULL), 0);
    assert_int_equal (vips_cast_uchar (painted, &ret, NULL), 0);
    ret->Type = n < 3 ? VIPS_INTERPRETATION_B_W : VIPS_INTERPRETATION_sRGB;
    return ret;
}

/* Red, green; blue, white. */
static VipsImage *quarters (void)
{
    VipsImage *parts[4], *ret = NULL;
    for (int i = 0; i < 4; i++)
        parts[i] = plain (WIDTH / 2, HEIGHT / 2, colours[i], 3);
    assert_int_equal (vips_arrayjoin (parts, &ret, 4, "across", 2, NULL), 0);
    for (int i = 0; i < 4; i++)
        g_object_unref (parts[i]);
    return ret;
}

static struct source source_of (VipsImage *image, const char *suffix)
{
    void *file;
    size_t size;
    assert_int_equal (vips_image_write_to_buffer (image, suffix, &file, &size, NULL), 0);
    int fd = memfd_create ("source", MFD_CLOEXEC);
    assert_true (fd >= 0 && write (fd, file, size) == (ssize_t) size);
    g_free (file);
    return (struct source){ .fd = fd, .size = size };
}

/* ---- making renditions ---- */

static enum err try_render (const char *text, const struct source *source,
                            struct render_result *ret, struct error *e)
{
    _cleanup_process_ struct process *process = NULL;
    assert_ok (process_parse (text, strlen (text), &process, e), e);
    struct render r = { .source = *source, .process = process };
    enum err err = render_run (&r, ret, e);
    render_clear (&r);
    return err;
}

static struct render_result render (const char *text, const struct source *source)
{
    struct error e;
    struct render_result result = { 0 };
    assert_ok (try_render (text, source, &result, &e), &e);
    return result;
}

/* All its frames. The result must live as long. */
static VipsImage *read_back (const struct render_result *result)
{
    const char *options = result->frames > 1 ? "n=-1" : "";
    VipsImage *image = vips_image_new_from_buffer (result->bytes, result->size, options, NULL);
    assert_non_null (image);
    return image;
}

static void assert_pixel (VipsImage *image, int x, int y, const double *expected)
{
    double *samples;
    int n;
    assert_int_equal (vips_getpoint (image, &samples, &n, x, y, NULL), 0);
    for (int i = 0; i < 3; i++)
        assert_true (samples[i] > expected[i] - NEAR && samples[i] < expected[i] + NEAR);
    g_free (samples);
}

/* ---- orientation ---- */

/* Where EXIF says that the corner of the first row and column, and that of the first row and last
 * column, are to be seen: 0 to 3, in the order of quarters(). */
static const struct {
    int first, last;
} seen[] = { [1] = { 0, 1 }, [2] = { 1, 0 }, [3] = { 3, 2 }, [4] = { 2, 3 },
             [5] = { 0, 2 }, [6] = { 1, 3 }, [7] = { 3, 1 }, [8] = { 2, 0 } };

static void check_orientation (const char *text, int orientation, int width, int height)
{
    g_autoptr (VipsImage) image = quarters ();
    vips_image_set_int (image, VIPS_META_ORIENTATION, orientation);
    struct source source = source_of (image, ".jpg[Q=95]");
    struct render_result result = render (text, &source);
    assert_int_equal (result.width, width);
    assert_int_equal (result.height, height);
    g_autoptr (VipsImage) back = read_back (&result);
    for (int corner = 0; corner < 4; corner++) {
        int x = corner % 2 ? width - 3 : 2, y = corner / 2 ? height - 3 : 2;
        if (corner == seen[orientation].first)
            assert_pixel (back, x, y, colours[RED]);
        if (corner == seen[orientation].last)
            assert_pixel (back, x, y, colours[GREEN]);
    }
    assert_int_equal (vips_image_get_orientation (back), 1);
    g_free (result.bytes);
    close (source.fd);
}

static void orientations_are_applied (void **state UNUSED)
{
    for (int o = 1; o <= 8; o++) {
        bool is_turned = o > 4;
        check_orientation ("image/auto-orient,1", o, is_turned ? HEIGHT : WIDTH,
                           is_turned ? WIDTH : HEIGHT);
        check_orientation ("image/auto-orient,1/resize,w_30", o, 30, is_turned ? 40 : 23);
        check_orientation ("image/resize,w_40/auto-orient,1", o, is_turned ? 30 : 40,
                           is_turned ? 40 : 30);
    }
}

static void orientation_stays_where_it_is_not_applied (void **state UNUSED)
{
    g_autoptr (VipsImage) image = quarters ();
    vips_image_set_int (image, VIPS_META_ORIENTATION, 6);
    vips_image_set_string (image, "exif-ifd0-Software",
                           "secret (secret, ASCII, 7 components, 7 bytes)");
    struct source source = source_of (image, ".jpg[Q=95]");
    struct render_result result = render ("image/resize,w_40", &source);
    g_autoptr (VipsImage) back = read_back (&result);
    assert_int_equal (vips_image_get_orientation (back), 6);
    assert_int_equal (back->Xsize, 40);
    assert_null (memmem (result.bytes, result.size, "secret", 6));
    g_free (result.bytes);
    close (source.fd);
}

/* ---- animations ---- */

static struct source animation (const char *suffix)
{
    static const int delays[] = { 100, 200, 300 };
    g_autoptr (VipsImage) joined = NULL;
    VipsImage *frames[3];
    for (int i = 0; i < 3; i++)
        frames[i] = plain (60, 40, colours[i], 3);
    assert_int_equal (vips_arrayjoin (frames, &joined, 3, "across", 1, NULL), 0);
    for (int i = 0; i < 3; i++)
        g_object_unref (frames[i]);
    vips_image_set_int (joined, VIPS_META_PAGE_HEIGHT, 40);
    vips_image_set_array_int (joined, "delay", delays, 3);
    vips_image_set_int (joined, "loop", 5);
    return source_of (joined, suffix);
}

static void check_animation (const char *text, const char *suffix, int width, int height)
{
    struct source source = animation (suffix);
    struct render_result result = render (text, &source);
    assert_int_equal (result.frames, 3);
    assert_int_equal (result.width, width);
    assert_int_equal (result.height, height);
    g_autoptr (VipsImage) back = read_back (&result);
    assert_int_equal (back->Ysize, 3 * height);
    int *delays, n, loop;
    assert_int_equal (vips_image_get_array_int (back, "delay", &delays, &n), 0);
    assert_int_equal (n, 3);
    for (int i = 0; i < 3; i++)
        assert_int_equal (delays[i], 100 * (i + 1));
    for (int i = 0; i < 3; i++) {
        assert_pixel (back, width / 2, i * height + height / 2, colours[i]);
        assert_pixel (back, width / 2, i * height + height - 1, colours[i]);
    }
    assert_int_equal (vips_image_get_int (back, "loop", &loop), 0);
    assert_int_equal (loop, 5);
    g_free (result.bytes);
    close (source.fd);
}

static void animations_keep_frames_and_times (void **state UNUSED)
{
    static const char *const formats[] = { ".gif", ".webp[lossless]" };
    for (size_t i = 0; i < N_ELEMENTS (formats); i++) {
        check_animation ("image/resize,w_30", formats[i], 30, 20);
        check_animation ("image/resize,w_15,h_15,m_fill", formats[i], 15, 15);
        check_animation ("image/crop,w_20,h_10,x_5,y_5", formats[i], 20, 10);
        check_animation ("image/rotate,90", formats[i], 40, 60);
        check_animation ("image/resize,w_30/rotate,180/crop,w_10,h_20", formats[i], 10, 20);
        check_animation ("image/resize,w_30/format,webp", formats[i], 30, 20);
    }
}

static void formats_without_frames_have_the_first (void **state UNUSED)
{
    static const char *const texts[] = { "image/format,jpg", "image/resize,w_30/format,png",
                                         "image/rotate,90/format,bmp" };
    struct source source = animation (".gif");
    for (size_t i = 0; i < N_ELEMENTS (texts); i++) {
        struct render_result result = render (texts[i], &source);
        assert_int_equal (result.frames, 1);
        if (result.format != PROCESS_BMP) {
            g_autoptr (VipsImage) back = read_back (&result);
            assert_pixel (back, 5, 5, colours[RED]);
        }
        g_free (result.bytes);
    }
    close (source.fd);
}

/* ---- colours ---- */

static void transparency_becomes_white_or_stays (void **state UNUSED)
{
    static const double glass[] = { 0, 0, 255, 0 };
    g_autoptr (VipsImage) image = plain (WIDTH, HEIGHT, glass, 4);
    struct source source = source_of (image, ".png");
    static const char *const texts[] = { "image/format,jpg", "image/resize,w_50/format,jpg",
                                         "image/resize,w_300,limit_0/format,jpg" };
    for (size_t i = 0; i < N_ELEMENTS (texts); i++) {
        struct render_result result = render (texts[i], &source);
        g_autoptr (VipsImage) back = read_back (&result);
        assert_int_equal (back->Bands, 3);
        assert_pixel (back, 5, 5, colours[WHITE]);
        g_free (result.bytes);
    }
    struct render_result result = render ("image/resize,w_50/format,webp", &source);
    g_autoptr (VipsImage) back = read_back (&result);
    assert_int_equal (back->Bands, 4);
    g_free (result.bytes);
    close (source.fd);
}

/* Sources of other kinds of pixels end as sRGB of 8 bits. */
static void check_kind (VipsInterpretation kind, const char *suffix)
{
    g_autoptr (VipsImage) image = quarters (), converted = NULL;
    assert_int_equal (vips_colourspace (image, &converted, kind, NULL), 0);
    struct source source = source_of (converted, suffix);
    struct render_result result = render ("image/resize,w_80/format,png", &source);
    g_autoptr (VipsImage) back = read_back (&result);
    assert_int_equal (back->Bands, 3);
    assert_int_equal (back->BandFmt, VIPS_FORMAT_UCHAR);
    assert_pixel (back, 75, 55, colours[WHITE]);
    double *samples;
    int n;
    assert_int_equal (vips_getpoint (back, &samples, &n, 5, 5, NULL), 0);
    assert_true (samples[0] > 180 && samples[1] < 90 && samples[2] < 90);
    g_free (samples);
    g_free (result.bytes);
    close (source.fd);
}

static void other_kinds_of_pixels_become_srgb (void **state UNUSED)
{
    check_kind (VIPS_INTERPRETATION_CMYK, ".jpg[Q=95]");
    check_kind (VIPS_INTERPRETATION_CMYK, ".tif");
    check_kind (VIPS_INTERPRETATION_RGB16, ".png");
    check_kind (VIPS_INTERPRETATION_RGB16, ".tif");
    check_kind (VIPS_INTERPRETATION_LAB, ".tif");
}

/* ---- formats ---- */

static void every_format_is_written_and_read (void **state UNUSED)
{
    static const char *const formats[] = { "jpg", "png", "webp", "gif", "bmp", "tiff" };
    g_autoptr (VipsImage) image = quarters ();
    struct source source = source_of (image, ".png");
    for (size_t i = 0; i < N_ELEMENTS (formats); i++) {
        g_autofree char *text = g_strconcat ("image/resize,w_80/format,", formats[i], NULL);
        struct render_result first = render (text, &source);
        assert_int_equal (first.width, 80);
        int fd = memfd_create ("first", MFD_CLOEXEC);
        assert_true (write (fd, first.bytes, first.size) == (ssize_t) first.size);
        struct source again = { .fd = fd, .size = first.size };
        struct render_result second = render ("image/crop,w_40,h_30,x_40,y_30/format,png", &again);
        g_autoptr (VipsImage) back = read_back (&second);
        assert_int_equal (back->Xsize, 40);
        assert_pixel (back, 20, 20, colours[WHITE]);
        g_free (first.bytes);
        g_free (second.bytes);
        close (fd);
    }
    close (source.fd);
}

static void a_webp_says_nothing_of_its_source (void **state UNUSED)
{
    static const char *const texts[] = { "image/format,webp", "image/resize,w_30/format,webp" };
    g_autoptr (VipsImage) image = quarters ();
    struct source sources[] = { source_of (image, ".png"), animation (".gif") };
    for (size_t i = 0; i < N_ELEMENTS (sources); i++) {
        struct render_result result = render (texts[i], &sources[i]);
        assert_null (memmem (result.bytes, result.size, "EXIF", 4));
        uint32_t rest;
        memcpy (&rest, result.bytes + 4, sizeof rest);
        assert_int_equal (rest, result.size - 8);
        g_autoptr (VipsImage) back = read_back (&result);
        double mean;
        assert_int_equal (vips_avg (back, &mean, NULL), 0);
        g_free (result.bytes);
        close (sources[i].fd);
    }
}

static void gif_is_for_gifs_only (void **state UNUSED)
{
    g_autoptr (VipsImage) image = quarters ();
    struct source source = source_of (image, ".png");
    struct render_result result = render ("image/format,gif", &source);
    assert_int_equal (result.format, PROCESS_PNG);
    g_free (result.bytes);
    close (source.fd);
}

static int quality_after (const char *text, const char *suffix)
{
    g_autoptr (VipsImage) image = quarters ();
    struct source source = source_of (image, suffix);
    struct render_result result = render (text, &source);
    int quality = jpeg_quality (result.bytes, result.size);
    g_free (result.bytes);
    close (source.fd);
    return quality;
}

static void qualities (void **state UNUSED)
{
    assert_int_equal (quality_after ("image/quality,Q_70", ".jpg[Q=90]"), 70);
    assert_int_equal (quality_after ("image/quality,Q_95", ".jpg[Q=50]"), 50);
    assert_int_equal (quality_after ("image/quality,q_50", ".jpg[Q=80]"), 40);
    assert_int_equal (quality_after ("image/quality,q_50,Q_60", ".jpg[Q=80]"), 60);
    assert_int_equal (quality_after ("image/resize,w_20", ".jpg[Q=60]"), 60);
    assert_int_equal (quality_after ("image/resize,w_20", ".jpg[Q=98]"), 90);
    assert_int_equal (quality_after ("image/format,jpg/quality,Q_95", ".png"), 95);
}

/* ---- refusals ---- */

static void what_is_no_picture_is_refused (void **state UNUSED)
{
    static const char *const files[] = {
        "",           "\xff\xd8\xff", "<svg xmlns='http://www.w3.org/2000/svg'/>",
        "BM\0\0\0\0", "GIF89a",       "plain text"
    };
    struct error e;
    struct render_result result;
    for (size_t i = 0; i < N_ELEMENTS (files); i++) {
        int fd = memfd_create ("file", MFD_CLOEXEC);
        size_t size = strlen (files[i]);
        assert_true (write (fd, files[i], size) == (ssize_t) size);
        struct source source = { .fd = fd, .size = size };
        enum err err = try_render ("image/resize,w_10", &source, &result, &e);
        assert_true (err == ERR_PROCESS_REQUEST || err == ERR_EXTRACT_FAILED);
        assert_true (g_utf8_validate (e.message, -1, NULL) && e.message[0]);
        close (fd);
    }
}

static void a_cut_object_is_damaged (void **state UNUSED)
{
    static const char *const suffixes[] = { ".jpg", ".png", ".webp", ".gif", ".tif" };
    struct error e;
    struct render_result result;
    g_autoptr (VipsImage) image = quarters ();
    for (size_t i = 0; i < N_ELEMENTS (suffixes); i++) {
        struct source source = source_of (image, suffixes[i]);
        source.size = source.size * 2 / 3;
        assert_err (EXTRACT_FAILED, try_render ("image/resize,w_10", &source, &result, &e));
        close (source.fd);
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (orientations_are_applied),
        cmocka_unit_test (orientation_stays_where_it_is_not_applied),
        cmocka_unit_test (animations_keep_frames_and_times),
        cmocka_unit_test (formats_without_frames_have_the_first),
        cmocka_unit_test (transparency_becomes_white_or_stays),
        cmocka_unit_test (other_kinds_of_pixels_become_srgb),
        cmocka_unit_test (every_format_is_written_and_read),
        cmocka_unit_test (a_webp_says_nothing_of_its_source),
        cmocka_unit_test (gif_is_for_gifs_only),
        cmocka_unit_test (qualities),
        cmocka_unit_test (what_is_no_picture_is_refused),
        cmocka_unit_test (a_cut_object_is_damaged),
    };
    init_libraries ();
    if (!render_init ())
        return 1;
    return cmocka_run_group_tests (tests, NULL, NULL);
}
