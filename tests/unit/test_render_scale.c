/* Scaling against the definition: each result is the mean of all samples, weighed by Lanczos. */
#include "render/scale.h"

#include <math.h>
#include <glib.h>

#include "test.h"

static uint8_t *scaled (const uint8_t *in, struct process_size from, struct process_size to,
                        unsigned bands)
{
    uint8_t *out = g_malloc ((size_t) to.width * to.height * bands);
    _cleanup_scaler_ struct scaler *s = scaler_new (from, to, bands, out);
    for (uint32_t y = 0; y < from.height; y++)
        scaler_put (s, in + (size_t) y * from.width * bands);
    return out;
}

static double lanczos (double x)
{
    if (fabs (x) >= 3)
        return 0;
    return x == 0 ? 1 : 3 * sin (G_PI * x) * sin (G_PI * x / 3) / (G_PI * G_PI * x * x);
}

/* Sample at x of a line that goes on for ever with what it ends with. */
static double at (const double *line, int n, int x, int step)
{
    return line[(size_t) CLAMP (x, 0, n - 1) * (size_t) step];
}

static double mean_at (const double *line, int n, int step, double factor, int i)
{
    double centre = (i + 0.5) * factor - 0.5, sum = 0, weights = 0;
    for (int k = (int) floor (centre - 3 * factor); k <= ceil (centre + 3 * factor); k++) {
        double weight = lanczos ((k - centre) / factor);
        sum += weight * at (line, n, k, step);
        weights += weight;
    }
    return sum / weights;
}

/* One band, without boxes. */
static double *by_definition (const uint8_t *in, struct process_size from, struct process_size to)
{
    int w = (int) from.width, h = (int) from.height;
    g_autofree double *exact = g_new (double, (size_t) w *h);
    g_autofree double *rows = g_new (double, (size_t) w *to.height);
    double *out = g_new (double, (size_t) to.width *to.height);
    for (int i = 0; i < w * h; i++)
        exact[i] = in[i];
    for (int y = 0; y < (int) to.height; y++)
        for (int x = 0; x < w; x++)
            rows[y * w + x] = mean_at (exact + x, h, w, (double) h / to.height, y);
    for (int y = 0; y < (int) to.height; y++)
        for (int x = 0; x < (int) to.width; x++)
            out[y * (int) to.width + x] = mean_at (rows + y * w, w, 1, (double) w / to.width, x);
    return out;
}

static uint8_t *random_bytes (size_t n)
{
    g_autoptr (GRand) random = g_rand_new_with_seed (7);
    uint8_t *bytes = g_malloc (n);
    for (size_t i = 0; i < n; i++)
        bytes[i] = (uint8_t) g_rand_int_range (random, 0, 256);
    return bytes;
}

static void results_are_those_of_the_definition (void **state)
{
    (void) state;
    static const struct process_size sizes[][2] = {
        { { 40, 30 }, { 40, 30 } }, { { 40, 30 }, { 39, 29 } }, { { 40, 30 }, { 20, 15 } },
        { { 97, 61 }, { 33, 60 } }, { { 61, 97 }, { 61, 25 } }, { { 7, 5 }, { 2, 2 } },
        { { 3, 3 }, { 1, 1 } },     { { 1, 50 }, { 1, 17 } },   { { 50, 1 }, { 49, 1 } },
    };
    for (size_t i = 0; i < G_N_ELEMENTS (sizes); i++) {
        struct process_size from = sizes[i][0], to = sizes[i][1];
        g_autofree uint8_t *in = random_bytes ((size_t) from.width * from.height);
        g_autofree uint8_t *out = scaled (in, from, to, 1);
        g_autofree double *exact = by_definition (in, from, to);
        for (uint32_t k = 0; k < to.width * to.height; k++)
            if (fabs (out[k] - CLAMP (exact[k], 0, 255)) > 0.75)
                fail_msg ("%ux%u to %ux%u: sample %u is %u, not %.2f", from.width, from.height,
                          to.width, to.height, k, out[k], exact[k]);
    }
}

/* Weights that do not add up, rows that are taken twice or never: a plain picture shows them. */
static void a_plain_picture_stays_plain (void **state)
{
    (void) state;
    for (uint32_t from = 1; from < 160; from += from < 24 ? 1 : 7)
        for (uint32_t to = 1; to <= from; to += to < 24 ? 1 : 5)
            for (unsigned bands = 1; bands <= 4; bands++) {
                size_t n = (size_t) from * (from + 3) * bands;
                g_autofree uint8_t *in = g_malloc (n);
                memset (in, 255, n);
                g_autofree uint8_t *out = scaled (in, (struct process_size){ from, from + 3 },
                                                  (struct process_size){ to, to }, bands);
                for (size_t k = 0; k < (size_t) to * to * bands; k++)
                    if (out[k] != 255)
                        fail_msg ("%u to %u, %u bands: %u", from, to, bands, out[k]);
            }
}

static void a_large_factor_gives_the_mean (void **state)
{
    (void) state;
    struct process_size from = { 3000, 900 }, to = { 3, 1 };
    g_autofree uint8_t *in = g_malloc0 ((size_t) from.width * from.height * 3);
    for (size_t i = 0; i < (size_t) from.width * from.height; i++)
        in[3 * i + i % 3] = 90; /* each band in every third pixel */
    g_autofree uint8_t *out = scaled (in, from, to, 3);
    for (int k = 0; k < 9; k++)
        assert_int_equal (out[k], 30);
}

static void colours_of_transparent_pixels_do_not_bleed (void **state)
{
    (void) state;
    struct process_size from = { 64, 64 }, to = { 20, 20 };
    g_autofree uint8_t *in = g_malloc (64 * 64 * 4);
    for (int i = 0; i < 64 * 64; i++) { /* opaque red beside green that nobody sees */
        bool is_seen = i % 64 < 32;
        const uint8_t pixel[4] = { is_seen ? 200 : 0, is_seen ? 0 : 255, 0, is_seen ? 255 : 0 };
        memcpy (in + (size_t) i * 4, pixel, 4);
    }
    g_autofree uint8_t *out = scaled (in, from, to, 4);
    for (int i = 0; i < 20 * 20; i++) {
        const uint8_t *p = out + (size_t) i * 4;
        assert_int_equal (p[1], 0);
        if (p[3] > 20) /* of less there is too little to tell a colour */
            assert_in_range (p[0], 190, 210);
        assert_int_equal (p[3] > 128, i % 20 < 10);
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (results_are_those_of_the_definition),
        cmocka_unit_test (a_plain_picture_stays_plain),
        cmocka_unit_test (a_large_factor_gives_the_mean),
        cmocka_unit_test (colours_of_transparent_pixels_do_not_bleed),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
