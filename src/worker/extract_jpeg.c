/* JPEG: the markers up to the frame header, and the EXIF segment among them. */
#include <string.h>

#include "base/limits.h"
#include "worker/extract.h"
#include "worker/image.h"

/* Every kind of frame header: SOF0 to SOF15 without DHT, JPG and DAC, which share their numbers. */
static bool is_frame_header (uint8_t marker)
{
    return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
}

static void read_segment (struct input *in, uint8_t marker, uint64_t at, size_t length,
                          struct image *image)
{
    const uint8_t *p;
    if (marker == 0xe1 && length > 6 && (p = input_at (in, at, 6)) && !memcmp (p, "Exif\0", 5))
        exif_parse (in, at + 6, length - 6, &image->exif);
    if (is_frame_header (marker) && !image->width && length >= 5 && (p = input_at (in, at, 5))) {
        image->height = get_u16be (p + 1);
        image->width = get_u16be (p + 3);
    }
}

/* A height of 0 says that it stands behind the first scan, in a DNL segment; no camera writes that,
 * and no decoder in use reads it. */
enum err extract_jpeg (struct input *in, json_t *meta, struct error *e)
{
    _cleanup_image_ struct image image;
    image_init (&image, "jpg");
    uint64_t at = 2;
    for (unsigned i = 0; i < LIMIT_SEGMENTS; i++) {
        const uint8_t *p = input_at (in, at, 4);
        if (!p)
            break;
        uint8_t marker = p[1];
        /* Fill bytes before a marker, and garbage between segments, are passed over. */
        if (p[0] != 0xff || marker == 0xff || marker == 0) {
            at++;
            continue;
        }
        if (marker == 0xd9 || marker == 0xda)
            break;
        if (marker == 0x01 || (marker >= 0xd0 && marker <= 0xd8)) {
            at += 2;
            continue;
        }
        uint16_t length = get_u16be (p + 2);
        if (length < 2) {
            at += 2;
            continue;
        }
        read_segment (in, marker, at + 4, length - 2u, &image);
        at += 2u + length;
    }
    return image_report (in, &image, meta, e);
}
