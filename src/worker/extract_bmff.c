#include "worker/extract.h"
#include "worker/image.h"
enum err extract_bmff (struct input *in, json_t *meta, struct error *e)
{
    _cleanup_image_ struct image image;
    image_init (&image, "heic");
    return image_report (in, &image, meta, e);
}
