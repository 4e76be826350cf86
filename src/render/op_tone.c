/* bright and contrast: a table of 256 new values for each colour; opacity stays. */
#include <math.h>

#include "render/ops.h"
#include "render/pixels.h"

/* Each value becomes scale * (value - middle) + middle + shift. */
static enum err map_values (struct picture *p, double scale, double shift, struct error *e)
{
    static const double middle = 128;
    int bands = p->image->Bands, colours = bands - (picture_has_alpha (p) ? 1 : 0);
    g_autoptr (VipsImage) table = NULL;
    VipsImage *mapped = NULL;
    enum err err = pixels_new (256, 1, bands, &table, e);
    if (err != ERR_OK)
        return err;
    uint8_t *to = VIPS_IMAGE_ADDR (table, 0, 0);
    for (int value = 0; value < 256; value++)
        for (int band = 0; band < bands; band++) {
            double new = scale *(value - middle) + middle + shift;
            *to++ = (uint8_t) (band < colours ? lrint (CLAMP (new, 0, 255)) : value);
        }
    if (vips_maplut (p->image, &mapped, table, NULL))
        return picture_failed (e);
    picture_take (p, mapped);
    return ERR_OK;
}

enum err op_bright (struct render *r, const struct process_op *op, struct error *e)
{
    return map_values (&r->picture, 1, op->bright.value, e);
}

/* From all grey at -100 to twice the contrast at 100. */
enum err op_contrast (struct render *r, const struct process_op *op, struct error *e)
{
    return map_values (&r->picture, 1 + op->contrast.value / 100.0, 0, e);
}
