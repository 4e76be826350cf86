/* PSD and PSB: the header, and the image resources with EXIF, XMP and IPTC. */
#include "worker/extract.h"
#include "worker/image.h"
#include "worker/iptc.h"

/* Behind the header: the colour table and then the resources, each with its length before it. */
static void read_resources (struct input *in, struct image *image)
{
    const uint8_t *p = input_at (in, 26, 4);
    uint64_t at = p ? 30ull + get_u32be (p) : 0;
    if (p && (p = input_at (in, at, 4)))
        iptc_resources (in, at + 4, get_u32be (p), image);
}

enum err extract_psd (struct input *in, json_t *meta, struct error *e)
{
    _cleanup_image_ struct image image;
    image_init (&image, "psd");
    const uint8_t *p = input_at (in, 14, 8);
    if (p) {
        image.height = get_u32be (p);
        image.width = get_u32be (p + 4);
    }
    read_resources (in, &image);
    return image_report (in, &image, meta, e);
}
