/* Filters, tones, masks and the average colour, each against its definition, pixel by pixel. */
#include <math.h>

#include "base/limits.h"
#include "pictures.h"

static uint8_t noise (int x, int y, int band)
{
    uint32_t h =
        (uint32_t) x * 374761393u + (uint32_t) y * 668265263u + (uint32_t) band * 2246822519u;
    h = (h ^ h >> 13) * 1274126177u;
    return (uint8_t) (h >> 16);
}

static uint8_t half_clear (int x, int y, int band)
{
    return band == 3 ? (x < 8 ? 0 : 255) : noise (x / 4, y / 4, band);
}

static uint8_t black_then_white (int x UNUSED, int y, int band UNUSED)
{
    return y < 10 ? 0 : 255;
}

static uint8_t wedge (int x, int y UNUSED, int band)
{
    return (uint8_t) (band == 3 ? 77 : x);
}

/* ---- blur, sharpen ---- */

/* The sum over all neighbours within a square, as the definition has it. */
static double blurred (VipsImage *im, int x, int y, int band, int r, double s)
{
    double sum = 0, weights = 0;
    for (int dy = -r; dy <= r; dy++)
        for (int dx = -r; dx <= r; dx++) {
            double weight = exp (-(dx * dx + dy * dy) / (2 * s * s));
            const uint8_t *p = VIPS_IMAGE_ADDR (im, CLAMP (x + dx, 0, im->Xsize - 1),
                                                CLAMP (y + dy, 0, im->Ysize - 1));
            double alpha = im->Bands == 4 && band < 3 ? p[3] / 255.0 : 1;
            sum += weight * p[band] * alpha;
            weights += weight;
        }
    return sum / weights;
}

static void check_blur (int width, int height, int bands, pixel_fn *f, int r, int s)
{
    struct render job;
    struct error e;
    g_autoptr (VipsImage) before = draw (width, height, bands, f);
    g_autofree char *text = g_strdup_printf ("image/blur,r_%d,s_%d", r, s);
    set_picture (&job, g_object_ref (before));
    assert_ok (operate (&job, text, &e), &e);
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++)
            for (int band = 0; band < bands; band++) {
                double expected = blurred (before, x, y, band, r, s), alpha = 255;
                if (bands == 4 && band < 3)
                    alpha = blurred (before, x, y, 3, r, s);
                if (alpha > 16)
                    assert_near (expected * 255 / alpha, pixel (&job, x, y, band), 1, x, y);
            }
    render_clear (&job);
}

static void blurs (void **state UNUSED)
{
    check_blur (23, 17, 3, noise, 4, 2);
    check_blur (23, 17, 1, noise, 1, 50);
    check_blur (5, 3, 3, noise, 50, 10);
    check_blur (1, 1, 3, noise, 50, 50);
    check_blur (64, 48, 3, noise, 20, 7);
}

static void transparent_colour_does_not_bleed (void **state UNUSED)
{
    check_blur (16, 16, 4, half_clear, 5, 3);
}

static void frames_do_not_see_each_other (void **state UNUSED)
{
    struct render job;
    struct error e;
    set_picture (&job, draw (6, 20, 3, black_then_white));
    job.picture.n_frames = 2;
    assert_ok (operate (&job, "image/blur,r_9,s_9", &e), &e);
    assert_int_equal (2, job.picture.n_frames);
    assert_int_equal (0, pixel (&job, 3, 9, 0));
    assert_int_equal (255, pixel (&job, 3, 10, 0));
    render_clear (&job);
}

static void sharpens (void **state UNUSED)
{
    struct render job;
    struct error e;
    g_autoptr (VipsImage) before = draw (31, 22, 3, noise);
    set_picture (&job, g_object_ref (before));
    assert_ok (operate (&job, "image/sharpen,150", &e), &e);
    for (int y = 0; y < 22; y++)
        for (int x = 0; x < 31; x++) {
            double own = *VIPS_IMAGE_ADDR (before, x, y);
            double more = own + 1.5 * (own - blurred (before, x, y, 0, 3, 1));
            assert_near (CLAMP (more, 0, 255), pixel (&job, x, y, 0), 1, x, y);
        }
    render_clear (&job);
}

static void too_large_is_refused_uncomputed (void **state UNUSED)
{
    struct render job;
    struct error e;
    VipsImage *black;
    assert_int_equal (0, vips_black (&black, 9000, 9000, "bands", 3, NULL));
    set_picture (&job, black);
    assert_err (IMAGE_TOO_LARGE, operate (&job, "image/blur,r_3,s_3", &e));
    render_clear (&job);
}

/* ---- bright, contrast ---- */

static void check_tone (const char *text, double scale, double shift)
{
    struct render job;
    struct error e;
    set_picture (&job, draw (256, 1, 4, wedge));
    assert_ok (operate (&job, text, &e), &e);
    for (int x = 0; x < 256; x++) {
        double expected = (x - 128) * scale + 128 + shift;
        assert_near (CLAMP (expected, 0, 255), pixel (&job, x, 0, 1), 0.5, x, 0);
        assert_int_equal (77, pixel (&job, x, 0, 3));
    }
    render_clear (&job);
}

static void tones (void **state UNUSED)
{
    check_tone ("image/bright,50", 1, 50);
    check_tone ("image/bright,-100", 1, -100);
    check_tone ("image/bright,0", 1, 0);
    check_tone ("image/contrast,100", 2, 0);
    check_tone ("image/contrast,-50", 0.5, 0);
    check_tone ("image/contrast,-100", 0, 0);
}

/* ---- circle, rounded-corners ---- */

/* Share of a pixel that is not cut away by corners of radius r, by 256 samples. */
static double kept (int x, int y, int width, int height, double r)
{
    int inside = 0;
    for (int i = 0; i < 256; i++) {
        double px = x + (i % 16 + 0.5) / 16, py = y + (i / 16 + 0.5) / 16;
        double dx = MAX (MAX (r - px, px - (width - r)), 0);
        double dy = MAX (MAX (r - py, py - (height - r)), 0);
        inside += dx * dx + dy * dy <= r * r;
    }
    return inside / 256.0;
}

static uint8_t wheat (int x UNUSED, int y UNUSED, int band)
{
    return (uint8_t[]){ 200, 180, 90, 128 }[band];
}

static void check_mask (const char *text, int bands, int width, int height, double r)
{
    struct render job;
    struct error e;
    set_picture (&job, draw (61, 40, bands, wheat));
    assert_ok (operate (&job, text, &e), &e);
    assert_int_equal (width, picture_width (&job.picture));
    assert_int_equal (height, picture_height (&job.picture));
    assert_int_equal (4, job.picture.image->Bands);
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            double whole = bands == 4 ? 128 : 255, share = kept (x, y, width, height, r);
            bool is_edge = share > 0 && share < 1;
            assert_near (share * whole, pixel (&job, x, y, 3), is_edge ? 0.09 * whole : 3, x, y);
            assert_int_equal (200, pixel (&job, x, y, 0));
        }
    render_clear (&job);
}

static void masks (void **state UNUSED)
{
    check_mask ("image/circle,r_15", 3, 31, 31, 15.5);
    check_mask ("image/circle,r_15", 4, 31, 31, 15.5);
    check_mask ("image/circle,r_4096", 3, 39, 39, 19.5);
    check_mask ("image/circle,r_1", 3, 3, 3, 1.5);
    check_mask ("image/rounded-corners,r_12", 3, 61, 40, 12);
    check_mask ("image/rounded-corners,r_12", 4, 61, 40, 12);
    check_mask ("image/rounded-corners,r_4096", 3, 61, 40, 20);
}

static void every_frame_is_masked (void **state UNUSED)
{
    struct render job;
    struct error e;
    set_picture (&job, draw (12, 30, 3, wheat));
    job.picture.n_frames = 3;
    assert_ok (operate (&job, "image/circle,r_5", &e), &e);
    assert_int_equal (27, job.picture.image->Ysize);
    for (int frame = 0; frame < 3; frame++) {
        assert_int_equal (0, pixel (&job, 0, 9 * frame, 3));
        assert_int_equal (255, pixel (&job, 4, 9 * frame + 4, 3));
        assert_int_equal (0, pixel (&job, 8, 9 * frame + 8, 3));
    }
    render_clear (&job);
}

/* ---- average-hue ---- */

static uint8_t quarters (int x, int y, int band)
{
    return (uint8_t) (band == 3 ? (y ? 0 : 255) : 60 * (x + 1) + band);
}

static void check_hue (int bands, int frames, const char *expected)
{
    struct render job;
    struct error e;
    set_picture (&job, draw (2, 2, bands, quarters));
    job.picture.n_frames = frames;
    assert_ok (operate (&job, "image/average-hue", &e), &e);
    assert_string_equal (expected, job.answer->str);
    render_clear (&job);
}

static void average_colours (void **state UNUSED)
{
    check_hue (3, 1, "{\"RGB\": \"0x5a5b5c\"}");
    check_hue (1, 1, "{\"RGB\": \"0x5a5a5a\"}");
    check_hue (4, 1, "{\"RGB\": \"0xacadae\"}"); /* half of it is white */
    check_hue (4, 2, "{\"RGB\": \"0x5a5b5c\"}"); /* the first frame */
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (blurs),
        cmocka_unit_test (transparent_colour_does_not_bleed),
        cmocka_unit_test (frames_do_not_see_each_other),
        cmocka_unit_test (sharpens),
        cmocka_unit_test (too_large_is_refused_uncomputed),
        cmocka_unit_test (tones),
        cmocka_unit_test (masks),
        cmocka_unit_test (every_frame_is_masked),
        cmocka_unit_test (average_colours),
    };
    return cmocka_run_group_tests (tests, start_libraries, NULL);
}
