/* Pixels of cairo: 0xAARRGGBB in the machine's order, colours multiplied by opacity. */
#include "render/surface.h"

#include "render/pixels.h"

static void copy_opaque (const uint32_t *from, uint8_t *to, int width)
{
    for (int x = 0; x < width; x++)
        for (int shift = 16; shift >= 0; shift -= 8)
            *to++ = (uint8_t) (from[x] >> shift);
}

static void copy_alpha (const uint32_t *from, uint8_t *to, int width)
{
    for (int x = 0; x < width; x++) {
        uint32_t alpha = from[x] >> 24;
        for (int shift = 16; shift >= 0; shift -= 8) {
            uint32_t colour = (from[x] >> shift & 255) * 255;
            *to++ = (uint8_t) (alpha ? (colour + alpha / 2) / alpha : 0);
        }
        *to++ = (uint8_t) alpha;
    }
}

enum err surface_to_image (cairo_surface_t *surface, VipsImage **ret, struct error *e)
{
    bool has_alpha = cairo_image_surface_get_format (surface) == CAIRO_FORMAT_ARGB32;
    int width = cairo_image_surface_get_width (surface),
        height = cairo_image_surface_get_height (surface);
    if (cairo_surface_status (surface) != CAIRO_STATUS_SUCCESS)
        return FAIL (e, IMAGE_TOO_LARGE, "it cannot be drawn: %s",
                     cairo_status_to_string (cairo_surface_status (surface)));
    enum err err = pixels_new (width, height, has_alpha ? 4 : 3, ret, e);
    if (err != ERR_OK)
        return err;
    cairo_surface_flush (surface);
    const uint8_t *from = cairo_image_surface_get_data (surface);
    for (int y = 0; y < height; y++, from += cairo_image_surface_get_stride (surface))
        (has_alpha ? copy_alpha : copy_opaque) ((const uint32_t *) (const void *) from,
                                                VIPS_IMAGE_ADDR (*ret, 0, y), width);
    return ERR_OK;
}
