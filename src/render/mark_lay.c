/* Marks on pictures: a step of the pipeline that copies rows and mixes what lies under the mark, so
 * that only there something is computed. */
#include <string.h>

#include "process/geometry.h"
#include "render/mark.h"
#include "render/pixels.h"

struct lay {
    VipsImage *mark;
    int left, top;      /* of the mark on a frame */
    int step_x, step_y; /* from one to the next, from the frame's corner on; 0: there is but one */
    int frame_height;
    uint32_t opacity; /* 0 to 255 */
};

/* Colour and opacity of `mark` over a pixel of three bands, or of four. */
static void mix (uint8_t *pixel, int bands, const uint8_t *mark, uint32_t opacity)
{
    uint32_t over = pixels_over_255 (mark[3] * opacity), rest = 255 - over;
    if (bands == 3) {
        for (int c = 0; c < 3; c++)
            pixel[c] = pixels_over_255 (mark[c] * over + pixel[c] * rest);
        return;
    }
    uint32_t under = pixel[3] * rest, whole = over * 255 + under;
    for (int c = 0; c < 3 && whole; c++)
        pixel[c] = (uint8_t) ((mark[c] * over * 255 + pixel[c] * under + whole / 2) / whole);
    pixel[3] = pixels_over_255 (whole);
}

/* Columns [from, to) of the picture, of one row; `x` of the mark is where `from` is. */
static void mix_row (const struct lay *lay, uint8_t *pixels, int bands, int from, int to, int y)
{
    for (int column = from; column < to; column++, pixels += bands) {
        int x = lay->step_x ? column % lay->step_x : column - lay->left;
        if (x >= 0 && x < lay->mark->Xsize)
            mix (pixels, bands, VIPS_IMAGE_ADDR (lay->mark, x, y), lay->opacity);
    }
}

static int lay_region (VipsRegion *out, void *seq, void *a UNUSED, void *b, gboolean *stop UNUSED)
{
    VipsRegion *under = seq;
    const struct lay *lay = b;
    VipsRect *r = &out->valid;
    if (vips_region_prepare (under, r))
        return -1;
    vips_region_copy (under, out, r, r->left, r->top);
    int right = VIPS_RECT_RIGHT (r), from = r->left, to = right;
    if (!lay->step_x) {
        from = CLAMP (lay->left, from, right);
        to = CLAMP (lay->left + lay->mark->Xsize, from, right);
    }
    for (int row = r->top; row < VIPS_RECT_BOTTOM (r) && from < to; row++) {
        int y = row % lay->frame_height;
        y = lay->step_y ? y % lay->step_y : y - lay->top;
        if (y >= 0 && y < lay->mark->Ysize)
            mix_row (lay, VIPS_REGION_ADDR (out, from, row), out->im->Bands, from, to, y);
    }
    return 0;
}

static void place (const struct process_watermark *w, const struct picture *p, struct lay *lay)
{
    struct process_size canvas = picture_size (p);
    struct process_size item = { (uint32_t) lay->mark->Xsize, (uint32_t) lay->mark->Ysize };
    if (w->fill) {
        lay->step_x = lay->mark->Xsize + w->padx;
        lay->step_y = lay->mark->Ysize + w->pady;
    } else {
        process_place (w->g, canvas, item, w->x, w->y, w->voffset, &lay->left, &lay->top);
    }
}

/* `image` lives as long as `out`. */
static void keep_with (VipsImage *out, VipsImage *image)
{
    g_object_ref (image);
    vips_object_local (out, image);
}

enum err mark_lay (const struct process_watermark *w, VipsImage *mark, struct picture *p,
                   struct error *e)
{
    enum err err = picture_to_rgb (p, e);
    if (err != ERR_OK)
        return err;
    VipsImage *out = vips_image_new ();
    struct lay *lay = VIPS_NEW (out, struct lay);
    *lay = (struct lay){ .mark = mark, .frame_height = picture_height (p) };
    lay->opacity = (uint32_t) (w->t * 255 + 50) / 100;
    keep_with (out, mark);
    keep_with (out, p->image);
    place (w, p, lay);
    if (vips_image_pipelinev (out, VIPS_DEMAND_STYLE_THINSTRIP, p->image, NULL) ||
        vips_image_generate (out, vips_start_one, lay_region, vips_stop_one, p->image, lay)) {
        g_object_unref (out);
        return picture_failed (e);
    }
    picture_take (p, out);
    return ERR_OK;
}
