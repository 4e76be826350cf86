/* WebP: the canvas (VP8X), else the frame (VP8, VP8L), and the EXIF and XMP chunks at the end. */
#include <string.h>

#include "base/limits.h"
#include "worker/extract.h"
#include "worker/image.h"
#include "worker/xmp.h"

static void read_vp8 (const uint8_t *p, struct image *image)
{
    if (memcmp (p + 3, "\x9d\x01\x2a", 3))
        return;
    image->width = get_u16le (p + 6) & 0x3fff;
    image->height = get_u16le (p + 8) & 0x3fff;
}

static void read_vp8l (const uint8_t *p, struct image *image)
{
    if (p[0] != 0x2f)
        return;
    uint32_t bits = get_u32le (p + 1);
    image->width = (bits & 0x3fff) + 1;
    image->height = (bits >> 14 & 0x3fff) + 1;
}

static void read_vp8x (const uint8_t *p, struct image *image)
{
    image->width = get_u24le (p + 4) + 1;
    image->height = get_u24le (p + 7) + 1;
}

static const struct {
    char name[5];
    size_t size; /* bytes that `read` looks at */
    void (*read) (const uint8_t *p, struct image *image);
} chunks[] = { { "VP8 ", 10, read_vp8 }, { "VP8L", 5, read_vp8l }, { "VP8X", 10, read_vp8x } };

/* The EXIF chunk: some writers put JPEG's "Exif" before the structure. */
static void read_exif (struct input *in, uint64_t at, uint32_t length, struct image *image)
{
    const uint8_t *p = input_at (in, at, 6);
    unsigned skip = p && !memcmp (p, "Exif\0", 5) ? 6 : 0;
    if (length > skip)
        exif_parse (in, at + skip, length - skip, &image->exif);
}

enum err extract_webp (struct input *in, json_t *meta, struct error *e)
{
    _cleanup_image_ struct image image;
    image_init (&image, "webp");
    uint64_t at = 12;
    for (unsigned i = 0; i < LIMIT_SEGMENTS; i++) {
        const uint8_t *p = input_at (in, at, 8);
        if (!p)
            break;
        char name[4];
        memcpy (name, p, sizeof name);
        uint32_t length = get_u32le (p + 4);
        for (size_t k = 0; k < N_ELEMENTS (chunks) && !image.width; k++)
            if (!memcmp (name, chunks[k].name, 4) && (p = input_at (in, at + 8, chunks[k].size)))
                chunks[k].read (p, &image);
        if (!memcmp (name, "EXIF", 4))
            read_exif (in, at + 8, length, &image);
        if (!memcmp (name, "XMP ", 4))
            xmp_parse (in, at + 8, length, &image.xmp);
        at += 8ull + length + (length & 1);
    }
    return image_report (in, &image, meta, e);
}
