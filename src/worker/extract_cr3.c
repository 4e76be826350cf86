/* CR3, of Canon: boxes of ISO media. Within that of the camera's data each directory of EXIF is a
 * TIFF structure of its own. */
#include <string.h>

#include "base/limits.h"
#include "worker/box.h"
#include "worker/extract.h"
#include "worker/image.h"
#include "worker/xmp.h"

static const uint8_t canon_uuid[] = { 0x85, 0xc0, 0xb6, 0x87, 0x82, 0x0f, 0x11, 0xe0,
                                      0x81, 0x11, 0xf4, 0xce, 0x46, 0x2b, 0x6a, 0x48 };
static const uint8_t xmp_uuid[] = { 0xbe, 0x7a, 0xcf, 0xcb, 0x97, 0xa9, 0x42, 0xe8,
                                    0x9c, 0x71, 0x99, 0x94, 0x91, 0xe3, 0xaf, 0xac };

static const struct {
    uint32_t box;
    enum exif_directory directory;
} parts[] = {
    { BOX_TYPE ('C', 'M', 'T', '1'), EXIF_IFD0 },
    { BOX_TYPE ('C', 'M', 'T', '2'), EXIF_EXIF },
    { BOX_TYPE ('C', 'M', 'T', '3'), EXIF_CANON },
    { BOX_TYPE ('C', 'M', 'T', '4'), EXIF_GPS },
};

/* The first box of a user's type among those in `parent`; its content begins behind the type. */
static bool find_uuid (struct input *in, const struct box *parent, const uint8_t *uuid,
                       struct box *ret)
{
    uint64_t at = parent->at;
    for (unsigned i = 0; i < LIMIT_SEGMENTS && box_next (in, &at, parent->end, ret); i++) {
        const uint8_t *p = ret->type == BOX_TYPE ('u', 'u', 'i', 'd') && ret->end - ret->at >= 16
                               ? input_at (in, ret->at, 16)
                               : NULL;
        if (p && !memcmp (p, uuid, 16)) {
            ret->at += 16;
            return true;
        }
    }
    return false;
}

static void read_camera (struct input *in, const struct box *moov, struct exif *x)
{
    struct box camera, box;
    if (!find_uuid (in, moov, canon_uuid, &camera))
        return;
    for (size_t i = 0; i < N_ELEMENTS (parts); i++)
        if (box_find (in, &camera, 0, parts[i].box, &box))
            exif_parse_directory (in, box.at, box.end - box.at, parts[i].directory, x);
}

enum err extract_cr3 (struct input *in, json_t *meta, struct error *e)
{
    _cleanup_image_ struct image image;
    image_init (&image, "cr3");
    struct box file = { 0, 0, in->size }, moov, packet;
    if (box_find (in, &file, 0, BOX_TYPE ('m', 'o', 'o', 'v'), &moov))
        read_camera (in, &moov, &image.exif);
    if (find_uuid (in, &file, xmp_uuid, &packet))
        xmp_parse (in, packet.at, packet.end - packet.at, &image.xmp);
    image.width = image.exif.width;
    image.height = image.exif.height;
    return image_report (in, &image, meta, e);
}
