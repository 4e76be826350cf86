/* TIFF, and the raw formats that are plain TIFF: DNG, NEF, CR2, ARW, PEF. */
#include "worker/extract.h"
#include "worker/image.h"
#include "worker/iptc.h"
#include "worker/xmp.h"

enum err extract_tiff (struct input *in, json_t *meta, struct error *e)
{
    _cleanup_image_ struct image image;
    image_init (&image, "tiff");
    if (exif_parse (in, 0, in->size, &image.exif)) {
        image.width = image.exif.width;
        image.height = image.exif.height;
        const struct exif *x = &image.exif;
        xmp_parse (in, x->xmp.at, x->xmp.size, &image.xmp);
        iptc_parse (in, x->iptc.at, x->iptc.size, &image.iptc);
        iptc_resources (in, x->resources.at, x->resources.size, &image);
    }
    return image_report (in, &image, meta, e);
}
