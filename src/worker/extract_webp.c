/* WebP: the canvas (VP8X), else the frame (VP8, VP8L), the frames of an animation, and the chunks
 * of EXIF, XMP and the profile. */
#include <string.h>
#include <glib.h>

#include "base/limits.h"
#include "worker/extract.h"
#include "worker/icc.h"
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

static void read_frame (struct input *in UNUSED, uint64_t at UNUSED, uint32_t length UNUSED,
                        struct image *image)
{
    image->frames++;
}

static void read_xmp (struct input *in, uint64_t at, uint32_t length, struct image *image)
{
    xmp_parse (in, at, length, &image->xmp);
}

static void read_profile (struct input *in, uint64_t at, uint32_t length, struct image *image)
{
    icc_read (in, at, length, &image->profile);
}

static const struct {
    char name[5];
    void (*read) (struct input *in, uint64_t at, uint32_t length, struct image *image);
} facts[] = {
    { "ANMF", read_frame }, { "EXIF", read_exif }, { "XMP ", read_xmp }, { "ICCP", read_profile }
};

enum err extract_webp (struct input *in, json_t *meta, struct error *e)
{
    _cleanup_image_ struct image image;
    image_init (&image, "webp");
    uint64_t at = 12;
    image.frames = 0;
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
        for (size_t k = 0; k < N_ELEMENTS (facts); k++)
            if (!memcmp (name, facts[k].name, 4))
                facts[k].read (in, at + 8, length, &image);
        at += 8ull + length + (length & 1);
    }
    image.frames = MAX (image.frames, 1);
    return image_report (in, &image, meta, e);
}
