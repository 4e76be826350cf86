/* OpenEXR: attributes with name, type, size and value; the data window is the picture. */
#include <string.h>

#include "base/limits.h"
#include "worker/extract.h"
#include "worker/image.h"

enum { LONGEST = 256 }; /* bytes of a name, its NUL included */

/* Moves *at behind a text and its NUL; false if it is empty or too long. */
static bool take_text (struct input *in, uint64_t *at, char ret[LONGEST])
{
    for (unsigned i = 0; i < LONGEST; i++) {
        const uint8_t *p = input_at (in, *at + i, 1);
        if (!p)
            return false;
        ret[i] = (char) p[0];
        if (!p[0]) {
            *at += i + 1;
            return i > 0;
        }
    }
    return false;
}

/* Two corners, both within the picture, on a plane that has its origin anywhere. */
static void read_window (const uint8_t *p, struct image *image)
{
    int64_t left = (int32_t) get_u32le (p), top = (int32_t) get_u32le (p + 4);
    int64_t right = (int32_t) get_u32le (p + 8), bottom = (int32_t) get_u32le (p + 12);
    if (right >= left && bottom >= top) {
        image->width = (uint64_t) (right - left + 1);
        image->height = (uint64_t) (bottom - top + 1);
    }
}

enum err extract_exr (struct input *in, json_t *meta, struct error *e)
{
    _cleanup_image_ struct image image;
    char name[LONGEST], type[LONGEST];
    uint64_t at = 8;
    const uint8_t *p;
    image_init (&image, "exr");
    for (unsigned i = 0; i < LIMIT_HEADER_LINES && !image.width; i++) {
        if (!take_text (in, &at, name) || !take_text (in, &at, type) || !(p = input_at (in, at, 4)))
            break;
        uint32_t size = get_u32le (p);
        at += 4;
        if (!strcmp (name, "dataWindow") && !strcmp (type, "box2i") && (p = input_at (in, at, 16)))
            read_window (p, &image);
        at += size;
    }
    return image_report (in, &image, meta, e);
}
