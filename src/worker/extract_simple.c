/* Formats whose header has width and height at a fixed place, and no other facts: a table. */
#include <string.h>

#include "worker/extract.h"
#include "worker/image.h"

enum number { LE16, BE16, LE32, BE32 };

static const struct header {
    const char *type, *format;
    uint8_t width_at, height_at;
    enum number number;
} headers[] = {
    { "image/x-tga", "tga", 12, 14, LE16 },       { "image/x-sgi", "sgi", 6, 8, BE16 },
    { "image/vnd.ms-dds", "dds", 16, 12, LE32 },  { "image/qoi", "qoi", 4, 8, BE32 },
    { "image/x-sigma-x3f", "x3f", 28, 32, LE32 }, { "image/x-xcf", "xcf", 14, 18, BE32 },
};

static uint64_t number_at (struct input *in, uint64_t at, enum number number)
{
    const uint8_t *p = input_at (in, at, number == LE16 || number == BE16 ? 2 : 4);
    if (!p)
        return 0;
    switch (number) {
    case LE16:
        return get_u16le (p);
    case BE16:
        return get_u16be (p);
    case LE32:
        return get_u32le (p);
    case BE32:
        return get_u32be (p);
    }
    return 0;
}

enum err extract_simple (struct input *in, json_t *meta, struct error *e)
{
    _cleanup_image_ struct image image;
    const char *type = json_string_value (json_object_get (meta, "ContentType"));
    image_init (&image, "");
    for (size_t i = 0; type && i < N_ELEMENTS (headers); i++)
        if (!strcmp (type, headers[i].type)) {
            image.format = headers[i].format;
            image.width = number_at (in, headers[i].width_at, headers[i].number);
            image.height = number_at (in, headers[i].height_at, headers[i].number);
        }
    return image_report (in, &image, meta, e);
}

/* PCX: the corners of the picture, both within it. */
enum err extract_pcx (struct input *in, json_t *meta, struct error *e)
{
    _cleanup_image_ struct image image;
    image_init (&image, "pcx");
    const uint8_t *p = input_at (in, 4, 8);
    if (p && get_u16le (p + 4) >= get_u16le (p) && get_u16le (p + 6) >= get_u16le (p + 2)) {
        image.width = get_u16le (p + 4) - get_u16le (p) + 1u;
        image.height = get_u16le (p + 6) - get_u16le (p + 2) + 1u;
    }
    return image_report (in, &image, meta, e);
}
