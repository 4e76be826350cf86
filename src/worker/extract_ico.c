/* ICO and CUR: the largest of the pictures. */
#include "base/limits.h"
#include "worker/extract.h"
#include "worker/image.h"

/* One byte each; 0 means 256. */
static uint64_t side (uint8_t value)
{
    return value ? value : 256;
}

enum err extract_ico (struct input *in, json_t *meta, struct error *e)
{
    _cleanup_image_ struct image image;
    image_init (&image, "ico");
    const uint8_t *p = input_at (in, 4, 2);
    unsigned n = p ? get_u16le (p) : 0;
    image.frames = n;
    for (unsigned i = 0; i < n && i < LIMIT_ICONS && (p = input_at (in, 6 + 16ull * i, 16)); i++) {
        uint64_t width = side (p[0]), height = side (p[1]);
        if (width * height <= image.width * image.height)
            continue;
        image.width = width;
        image.height = height;
    }
    return image_report (in, &image, meta, e);
}
