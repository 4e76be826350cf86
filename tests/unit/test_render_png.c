/* Our PNG against libpng's: what one writes, the other reads. */
#include "render/png.h"

#include <glib.h>

#include "base/limits.h"
#include "render/init.h"
#include "render/picture.h"
#include "test.h"

#define WIDTH  61
#define HEIGHT 37

/* Smooth in places and noisy in others, so that every filter has rows where it is the best. */
static VipsImage *picture (int bands)
{
    g_autoptr (GRand) random = g_rand_new_with_seed ((guint32) bands);
    VipsImage *out = vips_image_new_memory ();
    vips_image_init_fields (out, WIDTH, HEIGHT, bands, VIPS_FORMAT_UCHAR, VIPS_CODING_NONE,
                            bands < 3 ? VIPS_INTERPRETATION_B_W : VIPS_INTERPRETATION_sRGB, 1, 1);
    assert_int_equal (vips_image_write_prepare (out), 0);
    for (int y = 0; y < HEIGHT; y++) {
        uint8_t *row = VIPS_IMAGE_ADDR (out, 0, y);
        for (int i = 0; i < WIDTH * bands; i++)
            row[i] = (uint8_t) (y < 8    ? i
                                : y < 16 ? 7 * y
                                : y < 24 ? i + 5 * y
                                         : g_rand_int_range (random, 0, 256));
    }
    return out;
}

static void assert_same_pixels (VipsImage *a, VipsImage *b)
{
    assert_int_equal (a->Xsize, b->Xsize);
    assert_int_equal (a->Ysize, b->Ysize);
    assert_int_equal (a->Bands, b->Bands);
    g_autofree void *x = vips_image_write_to_memory (a, NULL);
    size_t n;
    g_autofree void *y = vips_image_write_to_memory (b, &n);
    assert_memory_equal (x, y, n);
}

static void libpng_reads_what_is_written (void **state)
{
    (void) state;
    for (int bands = 1; bands <= 4; bands++) {
        VipsImage *in = picture (bands), *back;
        void *bytes;
        size_t size;
        assert_int_equal (png_encode (in, &bytes, &size), 0);
        assert_int_equal (
            vips_pngload_buffer (bytes, size, &back, "fail_on", VIPS_FAIL_ON_WARNING, NULL), 0);
        assert_same_pixels (in, back);
        g_object_unref (back);
        g_object_unref (in);
        g_free (bytes);
    }
}

/* Whether it was decoded, and if so as libpng does. */
static bool is_decoded (const void *bytes, size_t size)
{
    VipsImage *header, *pixels = NULL;
    assert_int_equal (vips_pngload_buffer ((void *) bytes, size, &header, NULL), 0);
    bool is_done = png_decode (bytes, size, header, &pixels);
    if (is_done)
        assert_same_pixels (header, pixels);
    g_clear_object (&pixels);
    g_object_unref (header);
    return is_done;
}

static void what_libpng_writes_is_read (void **state)
{
    (void) state;
    static const int filters[] = { 0x08, 0x10, 0x20, 0x40, 0x80, 0xf8 };
    for (int bands = 1; bands <= 4; bands++)
        for (size_t f = 0; f < G_N_ELEMENTS (filters); f++) {
            VipsImage *in = picture (bands);
            void *bytes;
            size_t size;
            assert_int_equal (vips_pngsave_buffer (in, &bytes, &size, "filter", filters[f], NULL),
                              0);
            assert_true (is_decoded (bytes, size));
            g_free (bytes);
            g_object_unref (in);
        }
}

static void palettes_are_looked_up (void **state)
{
    (void) state;
    for (int bands = 3; bands <= 4; bands++) {
        VipsImage *in = picture (bands);
        void *bytes;
        size_t size;
        assert_int_equal (vips_pngsave_buffer (in, &bytes, &size, "palette", TRUE, NULL), 0);
        assert_true (is_decoded (bytes, size));
        g_free (bytes);
        g_object_unref (in);
    }
}

static void the_rest_is_left_to_libpng (void **state)
{
    (void) state;
    VipsImage *in = picture (3), *wide;
    void *bytes;
    size_t size;
    assert_int_equal (vips_pngsave_buffer (in, &bytes, &size, "interlace", TRUE, NULL), 0);
    assert_false (is_decoded (bytes, size));
    g_free (bytes);
    assert_int_equal (vips_colourspace (in, &wide, VIPS_INTERPRETATION_RGB16, NULL), 0);
    assert_int_equal (vips_pngsave_buffer (wide, &bytes, &size, NULL), 0);
    assert_false (is_decoded (bytes, size));
    g_object_unref (wide);
    g_object_unref (in);
    g_free (bytes);
}

/* Of a file that is cut or bent anywhere nothing is believed, and nothing outside of it read. */
static void damage_is_found (void **state)
{
    (void) state;
    VipsImage *in = picture (4), *header, *pixels;
    void *bytes;
    size_t size;
    assert_int_equal (png_encode (in, &bytes, &size), 0);
    assert_int_equal (vips_pngload_buffer (bytes, size, &header, NULL), 0);
    for (size_t cut = 0; cut < size; cut++) {
        g_autofree uint8_t *part = g_memdup2 (bytes, cut);
        assert_false (png_decode (part, cut, header, &pixels));
    }
    unsigned n_taken = 0;
    for (size_t at = 0; at < size; at++) {
        g_autofree uint8_t *bent = g_memdup2 (bytes, size);
        bent[at] ^= 0x55;
        if (png_decode (bent, size, header, &pixels)) {
            n_taken++;
            g_object_unref (pixels);
        }
    }
    assert_in_range (n_taken, 0, 40); /* the signature, sums of chunks, names that do not matter */
    g_object_unref (header);
    g_object_unref (in);
    g_free (bytes);
}

/* More than is done at once: flat it is small, and noise is refused rather than too much. */
static void large_ones_go_in_parts (void **state)
{
    (void) state;
    const int side = 6000;
    g_autoptr (VipsImage) black = NULL, flat = NULL, noise = NULL, lazy = NULL, strip = NULL,
                          grey = NULL, back = NULL;
    void *bytes;
    size_t size;
    assert_int_equal (vips_black (&black, side, side, "bands", 4, NULL), 0);
    assert_int_equal (vips_copy (black, &flat, "interpretation", VIPS_INTERPRETATION_sRGB, NULL),
                      0);
    assert_true (VIPS_IMAGE_SIZEOF_IMAGE (flat) > LIMIT_PNG_PIXELS);
    assert_int_equal (png_encode (flat, &bytes, &size), 0);
    assert_true (size < 2 * MIB);
    assert_int_equal (vips_pngload_buffer (bytes, size, &back, NULL), 0);
    assert_int_equal (back->Xsize, side);
    assert_int_equal (back->Bands, 4);
    g_free (bytes);
    assert_int_equal (vips_gaussnoise (&noise, 2 * side, 100, "mean", 128.0, NULL), 0);
    assert_int_equal (vips_cast_uchar (noise, &lazy, NULL), 0);
    strip = vips_image_copy_memory (lazy);
    assert_int_equal (vips_replicate (strip, &grey, 1, 2 * side / 100, NULL), 0);
    assert_int_equal (png_encode (grey, &bytes, &size), -1);
    assert_non_null (strstr (vips_error_buffer (), "out of memory"));
    vips_error_clear ();
}

static int start (void **state)
{
    (void) state;
    return render_init () ? 0 : -1;
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (libpng_reads_what_is_written),
        cmocka_unit_test (what_libpng_writes_is_read),
        cmocka_unit_test (palettes_are_looked_up),
        cmocka_unit_test (the_rest_is_left_to_libpng),
        cmocka_unit_test (damage_is_found),
        cmocka_unit_test (large_ones_go_in_parts),
    };
    return cmocka_run_group_tests (tests, start, NULL);
}
