/* GIF: the logical screen. */
#include "worker/extract.h"
#include "worker/image.h"

enum err extract_gif (struct input *in, json_t *meta, struct error *e)
{
    _cleanup_image_ struct image image;
    image_init (&image, "gif");
    const uint8_t *p = input_at (in, 6, 4);
    if (p) {
        image.width = get_u16le (p);
        image.height = get_u16le (p + 2);
    }
    return image_report (in, &image, meta, e);
}
