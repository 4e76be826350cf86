/* GIF: the logical screen, and the pictures in it, which only a walk over all blocks counts. */
#include <string.h>
#include <glib.h>

#include "base/limits.h"
#include "worker/extract.h"
#include "worker/icc.h"
#include "worker/image.h"
#include "worker/xmp.h"

/* Bytes of a table of colours, whose flags say that it is there and how long. */
static unsigned table_size (uint8_t flags)
{
    return flags & 0x80 ? 3u << ((flags & 7) + 1) : 0;
}

/* Moves *at behind a chain of blocks, each with its length, up to that of length 0. */
static bool pass_blocks (struct input *in, uint64_t *at)
{
    const uint8_t *p;
    while ((p = input_at (in, *at, 1)) && p[0])
        *at += 1u + p[0];
    ++*at;
    return p != NULL;
}

/* A profile lies in blocks, each part of it behind the length of the block. */
static void read_profile (struct input *in, uint64_t at, uint64_t end, struct image *image)
{
    struct icc_part parts[LIMIT_ICC_PARTS];
    unsigned n = 0;
    const uint8_t *p;
    while (n < LIMIT_ICC_PARTS && at < end && (p = input_at (in, at, 1)) && p[0]) {
        parts[n++] = (struct icc_part){ at + 1, p[0] };
        at += 1u + p[0];
    }
    icc_read_parts (in, parts, n, &image->profile);
}

/* XMP lies there as it is, not in blocks: 258 bytes lead every reader of blocks out of it. */
static void read_application (struct input *in, uint64_t at, uint64_t end, struct image *image)
{
    enum { NAME = 12, MAGIC = 258 };
    const uint8_t *p = end - at > NAME ? input_at (in, at, NAME) : NULL;
    if (p && !memcmp (p, "\x0bICCRGBG1012", NAME))
        read_profile (in, at + NAME, end, image);
    if (p && !memcmp (p, "\x0bXMP DataXMP", NAME) && end - at > NAME + MAGIC)
        xmp_parse (in, at + NAME, end - at - NAME - MAGIC, &image->xmp);
}

/* One block at *at, which moves behind it; false at the end, or where the file is cut or too long
 * to be read. */
static bool read_block (struct input *in, uint64_t *at, struct image *image)
{
    const uint8_t *p = input_at (in, *at, 2);
    uint64_t start = *at + 2;
    if (p && p[0] == 0x21) {
        bool is_application = p[1] == 0xff;
        *at = start;
        if (!pass_blocks (in, at))
            return false;
        if (is_application)
            read_application (in, start, *at, image);
        return true;
    }
    if (!p || p[0] != 0x2c || !(p = input_at (in, *at, 10)))
        return false;
    *at += 11u + table_size (p[9]);
    image->frames++;
    return pass_blocks (in, at);
}

/* A file that is damaged behind its first picture has as many as came before; one that is too long
 * to be read has an unknown number. */
static void read_blocks (struct input *in, uint8_t flags, struct image *image)
{
    uint64_t at = 13u + table_size (flags);
    while (read_block (in, &at, image)) {}
    bool is_too_long = at < in->size && !input_at (in, at, 1);
    image->frames = is_too_long ? 0 : MAX (image->frames, 1);
}

enum err extract_gif (struct input *in, json_t *meta, struct error *e)
{
    _cleanup_image_ struct image image;
    image_init (&image, "gif");
    const uint8_t *p = input_at (in, 6, 4);
    if (p) {
        image.width = get_u16le (p);
        image.height = get_u16le (p + 2);
        image.frames = 0;
        if ((p = input_at (in, 10, 1)))
            read_blocks (in, p[0], &image);
    }
    return image_report (in, &image, meta, e);
}
