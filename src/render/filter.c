/* Separable filters in memory: a row is blurred along itself when it is first needed, and a ring of
 * such rows is summed up. */
#include "render/filter.h"

#include <math.h>
#include <string.h>

#include "base/limits.h"
#include "render/pixels.h"

struct filter {
    const float *kernel;
    int radius;
    int width, height, bands; /* of a frame */
    size_t row;               /* values of one */
    float own, blurred;
    float *line; /* a row with `radius` pixels more at both ends */
    float *sum;  /* a blurred row */
    float *ring; /* rows that are blurred along themselves: 2 * radius + 1 of them */
};

void filter_gauss (float kernel[FILTER_RADIUS + 1], int radius, double sigma)
{
    double weights[FILTER_RADIUS + 1], sum = 0;
    for (int i = 0; i <= radius; i++) {
        weights[i] = exp (-i * i / (2 * sigma * sigma));
        sum += i ? 2 * weights[i] : weights[i];
    }
    for (int i = 0; i <= radius; i++)
        kernel[i] = (float) (weights[i] / sum);
}

/* Colour times opacity, so that what is transparent weighs nothing. */
static void to_floats (const uint8_t *from, float *to, int width, int bands)
{
    int colours = bands & 2 && bands < 3 ? 1 : bands == 4 ? 3 : 0;
    size_t n = (size_t) width * (size_t) bands;
    for (size_t i = 0; i < n; i++)
        to[i] = from[i];
    for (size_t i = 0; colours && i < n; i += (size_t) bands)
        for (int c = 0; c < colours; c++)
            to[i + (size_t) c] *= to[i + (size_t) colours] / 255;
}

static void weigh (float *restrict sum, const float *restrict left, const float *restrict right,
                   float weight, size_t n)
{
    for (size_t i = 0; i < n; i++)
        sum[i] += weight * (left[i] + right[i]);
}

/* One row along itself, into its place of the ring. */
static void blur_row (struct filter *f, const uint8_t *from, int y)
{
    size_t bands = (size_t) f->bands, margin = (size_t) f->radius * bands;
    float *line = f->line + margin, *to = f->ring + (size_t) (y % (2 * f->radius + 1)) * f->row;
    to_floats (from, line, f->width, f->bands);
    for (size_t i = 1; i <= (size_t) f->radius; i++) {
        memcpy (line - i * bands, line, bands * sizeof *line);
        memcpy (line + f->row + (i - 1) * bands, line + f->row - bands, bands * sizeof *line);
    }
    for (size_t i = 0; i < f->row; i++)
        to[i] = f->kernel[0] * line[i];
    for (int k = 1; k <= f->radius; k++)
        weigh (to, line - (size_t) k * bands, line + (size_t) k * bands, f->kernel[k], f->row);
}

static const float *ring_row (const struct filter *f, int y)
{
    int at = CLAMP (y, 0, f->height - 1);
    return f->ring + (size_t) (at % (2 * f->radius + 1)) * f->row;
}

static uint8_t to_byte (float value)
{
    return (uint8_t) (CLAMP (value, 0.0f, 255.0f) + 0.5f);
}

/* The blurred row, mixed with the row as it was (`line` is free by now), back to bytes. */
static void write_row (struct filter *f, const uint8_t *from, uint8_t *to)
{
    float *was = f->line, *sum = f->sum;
    int colours = f->bands == 2 ? 1 : f->bands == 4 ? 3 : 0;
    to_floats (from, was, f->width, f->bands);
    for (size_t i = 0; i < f->row; i++)
        sum[i] = f->own * was[i] + f->blurred * sum[i];
    for (size_t i = 0; i < f->row && !colours; i++)
        to[i] = to_byte (sum[i]);
    for (size_t i = 0; i < f->row && colours; i += (size_t) f->bands) {
        float alpha = CLAMP (sum[i + (size_t) colours], 0.0f, 255.0f);
        for (int c = 0; c < colours; c++)
            to[i + (size_t) c] = alpha > 0 ? to_byte (sum[i + (size_t) c] * 255 / alpha) : 0;
        to[i + (size_t) colours] = to_byte (alpha);
    }
}

static void filter_frame (struct filter *f, const uint8_t *from, uint8_t *to)
{
    for (int y = 0; y < MIN (f->radius, f->height); y++)
        blur_row (f, from + (size_t) y * f->row, y);
    for (int y = 0; y < f->height; y++) {
        if (y + f->radius < f->height)
            blur_row (f, from + (size_t) (y + f->radius) * f->row, y + f->radius);
        const float *own = ring_row (f, y);
        for (size_t i = 0; i < f->row; i++)
            f->sum[i] = f->kernel[0] * own[i];
        for (int k = 1; k <= f->radius; k++)
            weigh (f->sum, ring_row (f, y - k), ring_row (f, y + k), f->kernel[k], f->row);
        write_row (f, from + (size_t) y * f->row, to + (size_t) y * f->row);
    }
}

enum err filter_run (struct picture *p, const float *kernel, int radius, float own, float blurred,
                     struct error *e)
{
    VipsImage *out;
    if (VIPS_IMAGE_N_PELS (p->image) > LIMIT_FILTER_PIXELS)
        return FAIL (e, IMAGE_TOO_LARGE,
                     "The image of %d x %d is too large to be filtered: %d pixels are allowed.",
                     p->image->Xsize, p->image->Ysize, LIMIT_FILTER_PIXELS);
    enum err err = picture_keep (p, e);
    if (err == ERR_OK)
        err = pixels_like (p->image, &out, e);
    if (err != ERR_OK)
        return err;
    struct filter f = { kernel, radius, picture_width (p), picture_height (p), p->image->Bands };
    f.row = (size_t) f.width * (size_t) f.bands;
    f.own = own;
    f.blurred = blurred;
    g_autofree float *line = g_new (float, f.row + 2 * (size_t) (radius * f.bands));
    g_autofree float *sum = g_new (float, f.row);
    g_autofree float *ring = g_new (float, f.row *(size_t) (2 * radius + 1));
    f.line = line;
    f.sum = sum;
    f.ring = ring;
    for (int i = 0; i < p->n_frames; i++)
        filter_frame (&f, VIPS_IMAGE_ADDR (p->image, 0, i * f.height),
                      VIPS_IMAGE_ADDR (out, 0, i * f.height));
    picture_take (p, out);
    return ERR_OK;
}
