/* Images whose pixels operations write themselves. */
#include "render/pixels.h"

static enum err allocate (VipsImage *image, VipsImage **ret, struct error *e)
{
    if (vips_image_write_prepare (image)) {
        vips_error_clear ();
        g_object_unref (image);
        return FAIL (e, IMAGE_TOO_LARGE, "there is no memory for its pixels");
    }
    *ret = image;
    return ERR_OK;
}

enum err pixels_new (int width, int height, int bands, VipsImage **ret, struct error *e)
{
    VipsImage *image = vips_image_new_memory ();
    vips_image_init_fields (image, width, height, bands, VIPS_FORMAT_UCHAR, VIPS_CODING_NONE,
                            bands < 3 ? VIPS_INTERPRETATION_B_W : VIPS_INTERPRETATION_sRGB, 1, 1);
    return allocate (image, ret, e);
}

enum err pixels_like (VipsImage *other, VipsImage **ret, struct error *e)
{
    VipsImage *image = vips_image_new_memory ();
    if (vips_image_pipelinev (image, VIPS_DEMAND_STYLE_ANY, other, NULL)) {
        vips_error_clear ();
        g_object_unref (image);
        return FAIL (e, IMAGE_TOO_LARGE, "there is no memory for its pixels");
    }
    vips_image_set_progress (image, FALSE); /* `other` need not live as long */
    return allocate (image, ret, e);
}
