/* PNG and APNG: IHDR, and the eXIf chunk, which may stand before or behind the pixels. */
#include <string.h>

#include "base/limits.h"
#include "worker/extract.h"
#include "worker/image.h"

enum err extract_png (struct input *in, json_t *meta, struct error *e)
{
    _cleanup_image_ struct image image;
    image_init (&image, "png");
    uint64_t at = 8;
    for (unsigned i = 0; i < LIMIT_SEGMENTS; i++) {
        const uint8_t *p = input_at (in, at, 8);
        if (!p)
            break;
        uint32_t length = get_u32be (p);
        bool is_exif = !memcmp (p + 4, "eXIf", 4), is_end = !memcmp (p + 4, "IEND", 4);
        if (i == 0 && !memcmp (p + 4, "IHDR", 4) && length >= 8 && (p = input_at (in, at + 8, 8))) {
            image.width = get_u32be (p);
            image.height = get_u32be (p + 4);
        }
        if (is_exif)
            exif_parse (in, at + 8, length, &image.exif);
        if (is_end || length > INT32_MAX)
            break;
        at += 12ull + length;
    }
    return image_report (in, &image, meta, e);
}
