/* circle and rounded-corners: what is outside becomes transparent; formats that know no
 * transparency get white when they are saved. */
#include <math.h>
#include <string.h>

#include "process/geometry.h"
#include "render/ops.h"
#include "render/pixels.h"

/* How much of the pixel at (x, y) from a corner is within the circle of radius r around (r, r). */
static uint8_t coverage (int x, int y, double r)
{
    double dx = x + 0.5 - r, dy = y + 0.5 - r;
    return (uint8_t) lrint (255 * CLAMP (r + 0.5 - sqrt (dx * dx + dy * dy), 0, 1));
}

static void draw_corners (VipsImage *mask, double r)
{
    for (int y = 0; y < r; y++) {
        uint8_t *top = VIPS_IMAGE_ADDR (mask, 0, y),
                *bottom = VIPS_IMAGE_ADDR (mask, 0, mask->Ysize - 1 - y);
        for (int x = 0; x < r; x++) {
            int right = mask->Xsize - 1 - x;
            top[x] = top[right] = bottom[x] = bottom[right] = coverage (x, y, r);
        }
    }
}

static enum err make_mask (int width, int height, double r, VipsImage **ret, struct error *e)
{
    enum err err = pixels_new (width, height, 1, ret, e);
    if (err != ERR_OK)
        return err;
    memset (VIPS_IMAGE_ADDR (*ret, 0, 0), 255, (size_t) width * (size_t) height);
    draw_corners (*ret, r);
    return ERR_OK;
}

/* The opacity of `image` times `mask`, or the mask where it has none. */
static int apply (VipsImage *image, VipsImage *mask, VipsImage **ret)
{
    int colours = image->Bands & ~1 ? (image->Bands - 1) | 1 : 1;
    if (image->Bands == colours)
        return vips_bandjoin2 (image, mask, ret, NULL);
    g_autoptr (VipsImage) colour = NULL, alpha = NULL, both = NULL, less = NULL;
    return vips_extract_band (image, &colour, 0, "n", colours, NULL) ||
           vips_extract_band (image, &alpha, colours, NULL) ||
           vips_multiply (alpha, mask, &both, NULL) ||
           vips_linear1 (both, &less, 1 / 255.0, 0.0, "uchar", TRUE, NULL) ||
           vips_bandjoin2 (colour, less, ret, NULL);
}

/* Rounds the corners of all frames. */
static enum err round_corners (struct picture *p, double r, struct error *e)
{
    g_autoptr (VipsImage) mask = NULL, all = NULL;
    VipsImage *rounded = NULL;
    enum err err = make_mask (picture_width (p), picture_height (p), r, &mask, e);
    if (err != ERR_OK)
        return err;
    if (vips_replicate (mask, &all, 1, p->n_frames, NULL) || apply (p->image, all, &rounded))
        return picture_failed (e);
    picture_take (p, rounded);
    return ERR_OK;
}

static enum err cut_square (VipsImage *frame, void *arg, VipsImage **ret, struct error *e)
{
    const struct process_box *box = arg;
    if (vips_extract_area (frame, ret, (int) box->x, (int) box->y, (int) box->width,
                           (int) box->height, NULL))
        return picture_failed (e);
    return ERR_OK;
}

enum err op_circle (struct render *r, const struct process_op *op, struct error *e)
{
    struct picture *p = &r->picture;
    struct process_box box = process_circle (&op->circle, picture_size (p));
    enum err err = picture_each (p, cut_square, &box, e);
    return err == ERR_OK ? round_corners (p, box.width / 2.0, e) : err;
}

enum err op_rounded (struct render *r, const struct process_op *op, struct error *e)
{
    struct picture *p = &r->picture;
    return round_corners (p, process_radius (op->rounded_corners.r, picture_size (p)), e);
}
