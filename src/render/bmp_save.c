/* Writing BMP. Knows nothing of pictures. */
#include "render/bmp.h"

#include <string.h>

#include "base/limits.h"

/* Headers as the format has them, little endian; a machine that is not would need more. */
struct __attribute__ ((packed)) header {
    char magic[2];
    uint32_t file_size, reserved, pixels_at;
    uint32_t header_size; /* of what follows, this included: BITMAPV4HEADER */
    int32_t width, height;
    uint16_t planes, bits;
    uint32_t compression, image_size;
    int32_t x_per_metre, y_per_metre;
    uint32_t colors, important;
    uint32_t masks[4]; /* red, green, blue, alpha */
    uint32_t space;
    uint32_t unused[12];
};

enum { BMP_RGB = 0, BMP_BITFIELDS = 3, SRGB = 0x73524742, PER_METRE = 2835, SHORT_HEADER = 40 };

struct writer {
    uint8_t *pixels;
    size_t stride;
    int height;
};

static void put_pixel (uint8_t *to, const uint8_t *from, int bands)
{
    bool is_grey = bands < 3;
    to[0] = from[is_grey ? 0 : 2];
    to[1] = from[is_grey ? 0 : 1];
    to[2] = from[0];
    if (bands % 2 == 0)
        to[3] = from[bands - 1];
}

/* Rows from bottom to top, each filled up to four bytes. */
static int write_rows (VipsRegion *region, VipsRect *area, void *a)
{
    const struct writer *w = a;
    int bands = region->im->Bands, width = bands % 2 == 0 ? 4 : 3;
    for (int y = 0; y < area->height; y++) {
        const uint8_t *from = VIPS_REGION_ADDR (region, 0, area->top + y);
        uint8_t *to = w->pixels + (size_t) (w->height - 1 - area->top - y) * w->stride;
        for (int x = 0; x < area->width; x++)
            put_pixel (to + (size_t) x * (size_t) width, from + (size_t) x * (size_t) bands, bands);
    }
    return 0;
}

static struct header make_header (VipsImage *in, size_t stride)
{
    bool has_alpha = in->Bands % 2 == 0;
    size_t size = stride * (size_t) in->Ysize;
    uint32_t header_size = has_alpha ? sizeof (struct header) - 14 : SHORT_HEADER;
    struct header h = { .magic = { 'B', 'M' },
                        .file_size = (uint32_t) (14 + header_size + size),
                        .pixels_at = 14 + header_size,
                        .header_size = header_size,
                        .width = in->Xsize,
                        .height = in->Ysize,
                        .planes = 1,
                        .bits = has_alpha ? 32 : 24,
                        .compression = has_alpha ? BMP_BITFIELDS : BMP_RGB,
                        .image_size = (uint32_t) size,
                        .x_per_metre = PER_METRE,
                        .y_per_metre = PER_METRE,
                        .masks = { 0xff0000, 0xff00, 0xff, 0xff000000 },
                        .space = SRGB };
    return h;
}

int bmp_save (VipsImage *in, void **ret_bytes, size_t *ret_size)
{
    size_t width = in->Bands % 2 == 0 ? 4 : 3;
    size_t stride = ((size_t) in->Xsize * width + 3) & ~(size_t) 3;
    struct header h = make_header (in, stride);
    size_t size = h.pixels_at + stride * (size_t) in->Ysize;
    if (size > LIMIT_RENDER_OUTPUT) {
        vips_error ("bmp", "out of memory: %zu bytes", size);
        return -1;
    }
    g_autofree uint8_t *bytes = g_malloc0 (size);
    memcpy (bytes, &h, h.pixels_at);
    struct writer w = { bytes + h.pixels_at, stride, in->Ysize };
    if (vips_sink_disc (in, write_rows, &w))
        return -1;
    *ret_bytes = g_steal_pointer (&bytes);
    *ret_size = size;
    return 0;
}
