/* resize: scales, then cuts or pads as geometry says. */
#include "render/ops.h"
#include "render/scale.h"

#define ALPHA_OPAQUE 255.0

/* Colours of transparent pixels must not bleed: they are weighed by alpha while they are mixed. */
static int scale_with_alpha (VipsImage *in, VipsImage **ret, double x, double y)
{
    g_autoptr (VipsImage) weighed = NULL;
    g_autoptr (VipsImage) scaled = NULL;
    g_autoptr (VipsImage) back = NULL;
    return vips_premultiply (in, &weighed, NULL) ||
           vips_resize (weighed, &scaled, x, "vscale", y, NULL) ||
           vips_unpremultiply (scaled, &back, NULL) || vips_cast (back, ret, in->BandFmt, NULL);
}

/* Pixels come from top to bottom, a few rows at a time, so that a decoder goes along. */
static int put_rows (VipsRegion *region, VipsRect *area, void *a)
{
    struct scaler *s = a;
    for (int y = area->top; y < area->top + area->height; y++)
        scaler_put (s, VIPS_REGION_ADDR (region, 0, y));
    return 0;
}

static int scale_down (VipsImage *in, struct process_size to, VipsImage **ret)
{
    g_autoptr (VipsImage) out = vips_image_new_memory ();
    if (vips_image_pipelinev (out, VIPS_DEMAND_STYLE_ANY, in, NULL))
        return -1;
    vips_image_set_progress (out, FALSE); /* `in` need not live as long */
    out->Xsize = (int) to.width;
    out->Ysize = (int) to.height;
    if (vips_image_write_prepare (out))
        return -1;
    struct process_size from = { (uint32_t) in->Xsize, (uint32_t) in->Ysize };
    _cleanup_scaler_ struct scaler *s =
        scaler_new (from, to, (unsigned) in->Bands, VIPS_IMAGE_ADDR (out, 0, 0));
    if (vips_sink_disc (in, put_rows, s))
        return -1;
    *ret = g_steal_pointer (&out);
    return 0;
}

static int scale (VipsImage *in, struct process_size to, VipsImage **ret)
{
    double x = (double) to.width / in->Xsize, y = (double) to.height / in->Ysize;
    if ((uint32_t) in->Xsize == to.width && (uint32_t) in->Ysize == to.height)
        return vips_copy (in, ret, NULL);
    if (to.width <= (uint32_t) in->Xsize && to.height <= (uint32_t) in->Ysize)
        return scale_down (in, to, ret);
    if (in->Bands == 2 || in->Bands == 4)
        return scale_with_alpha (in, ret, x, y);
    return vips_resize (in, ret, x, "vscale", y, NULL);
}

/* The colour of a canvas, with as many bands as the image has. */
static VipsArrayDouble *background (const VipsImage *im, uint32_t color)
{
    double rgba[4] = { color >> 16 & 0xff, color >> 8 & 0xff, color & 0xff, ALPHA_OPAQUE };
    return vips_array_double_new (rgba, im->Bands);
}

static enum err resize_frame (VipsImage *frame, void *arg, VipsImage **ret, struct error *e)
{
    const struct process_scaling *s = arg;
    g_autoptr (VipsImage) scaled = NULL;
    if (scale (frame, s->scaled, &scaled) ||
        vips_extract_area (scaled, ret, (int) s->part.x, (int) s->part.y, (int) s->part.width,
                           (int) s->part.height, NULL))
        return picture_failed (e);
    return ERR_OK;
}

struct canvas {
    const struct process_scaling *scaling;
    uint32_t color;
};

static enum err pad_frame (VipsImage *frame, void *arg, VipsImage **ret, struct error *e)
{
    const struct canvas *c = arg;
    VipsArrayDouble *color = background (frame, c->color);
    int failed = vips_embed (frame, ret, (int) c->scaling->x, (int) c->scaling->y,
                             (int) c->scaling->canvas.width, (int) c->scaling->canvas.height,
                             "extend", VIPS_EXTEND_BACKGROUND, "background", color, NULL);
    vips_area_unref (VIPS_AREA (color));
    return failed ? picture_failed (e) : ERR_OK;
}

static bool is_smaller (struct process_box part, struct process_size canvas)
{
    return part.width < canvas.width || part.height < canvas.height;
}

enum err op_resize (struct render *r, const struct process_op *op, struct error *e)
{
    struct picture *p = &r->picture;
    struct process_scaling scaling;
    struct process_size size = p->full.width ? p->full : picture_size (p);
    p->full = (struct process_size){ 0 };
    enum err err = process_scale (&op->resize, size, p->n_frames > 1, r->main, &scaling, e);
    if (err == ERR_OK)
        err = picture_each (p, resize_frame, &scaling, e);
    if (err != ERR_OK || !is_smaller (scaling.part, scaling.canvas))
        return err;
    struct canvas canvas = { &scaling, op->resize.color };
    err = picture_to_srgb (p, e);
    if (err == ERR_OK)
        err = picture_to_rgb (p, e);
    return err == ERR_OK ? picture_each (p, pad_frame, &canvas, e) : err;
}
