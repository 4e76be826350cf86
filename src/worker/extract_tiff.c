/* TIFF, and the raw formats that are plain TIFF: DNG, NEF, CR2, ARW, PEF. */
#include "worker/extract.h"
#include "worker/image.h"

enum err extract_tiff (struct input *in, json_t *meta, struct error *e)
{
    _cleanup_image_ struct image image;
    image_init (&image, "tiff");
    if (exif_parse (in, 0, in->size, &image.exif)) {
        image.width = image.exif.width;
        image.height = image.exif.height;
    }
    return image_report (in, &image, meta, e);
}
