/* BMP: OS/2's first header has sizes of 16 bits, all later ones begin like that of Windows 3. */
#include <stdlib.h>

#include "worker/extract.h"
#include "worker/image.h"

/* A height below 0 says that rows go from top to bottom. */
static uint64_t magnitude (uint32_t value)
{
    return (uint64_t) llabs ((int32_t) value);
}

enum err extract_bmp (struct input *in, json_t *meta, struct error *e)
{
    _cleanup_image_ struct image image;
    image_init (&image, "bmp");
    const uint8_t *p = input_at (in, 14, 8);
    if (p && get_u32le (p) == 12) {
        image.width = get_u16le (p + 4);
        image.height = get_u16le (p + 6);
    } else if (p && get_u32le (p) >= 16 && (p = input_at (in, 18, 8))) {
        image.width = magnitude (get_u32le (p));
        image.height = magnitude (get_u32le (p + 4));
    }
    return image_report (in, &image, meta, e);
}
