/* TIFF, and the raw formats that are TIFF with a directory or a magic number of their maker's. */
#include <string.h>
#include <glib.h>

#include "base/text.h"
#include "worker/extract.h"
#include "worker/icc.h"
#include "worker/image.h"
#include "worker/iptc.h"
#include "worker/jpeg.h"
#include "worker/xmp.h"

static void read_tiff (struct input *in, struct image *image)
{
    const struct exif *x = &image->exif;
    if (!exif_parse (in, 0, in->size, &image->exif))
        return;
    image->width = x->width;
    image->height = x->height;
    xmp_parse (in, x->xmp.at, x->xmp.size, &image->xmp);
    iptc_parse (in, x->iptc.at, x->iptc.size, &image->iptc);
    iptc_resources (in, x->resources.at, x->resources.size, image);
    icc_read (in, x->icc.at, x->icc.size, &image->profile);
}

enum err extract_tiff (struct input *in, json_t *meta, struct error *e)
{
    _cleanup_image_ struct image image;
    image_init (&image, "tiff");
    read_tiff (in, &image);
    const char *type = json_string_value (json_object_get (meta, "ContentType"));
    if (type && !strcmp (type, "image/tiff"))
        image.frames = MAX (exif_count_pages (in), 1);
    return image_report (in, &image, meta, e);
}

/* The first directory is a preview, of another size with old cameras; Exif tells the picture's. */
enum err extract_cr2 (struct input *in, json_t *meta, struct error *e)
{
    _cleanup_image_ struct image image;
    image_init (&image, "cr2");
    read_tiff (in, &image);
    const char *width = exif_get (&image.exif, "PixelXDimension");
    const char *height = exif_get (&image.exif, "PixelYDimension");
    uint64_t size[2];
    if (width && height && text_parse_u64 (width, &size[0]) && text_parse_u64 (height, &size[1]) &&
        size[0] && size[1]) {
        image.width = size[0];
        image.height = size[1];
    }
    return image_report (in, &image, meta, e);
}

/* The picture is what lies within the borders of the sensor; the preview has the Exif data that the
 * maker's directory lacks. */
enum err extract_rw2 (struct input *in, json_t *meta, struct error *e)
{
    _cleanup_image_ struct image image;
    image_init (&image, "rw2");
    read_tiff (in, &image);
    const struct exif *x = &image.exif;
    const uint64_t *borders = x->borders;
    image.width = borders[3] > borders[1] ? borders[3] - borders[1] : 0;
    image.height = borders[2] > borders[0] ? borders[2] - borders[0] : 0;
    if (x->preview.size)
        jpeg_read (in, x->preview.at, &image);
    return image_report (in, &image, meta, e);
}
