/* JPEG XL: the size and orientation at the start of the codestream, bit by bit, and the boxes of
 * EXIF and XMP around it. Boxes that are compressed (brob) are left out. */
#include <string.h>

#include "base/limits.h"
#include "worker/box.h"
#include "worker/extract.h"
#include "worker/image.h"
#include "worker/xmp.h"

enum { HEADER_BYTES = 24 }; /* more than the fields that are read can take */

/* Bits of a header, the lowest of a byte first; 0 behind its end. */
struct bits {
    uint8_t bytes[HEADER_BYTES];
    unsigned at;
};

static uint32_t take_bits (struct bits *b, unsigned n)
{
    uint32_t value = 0;
    for (unsigned i = 0; i < n && b->at < HEADER_BYTES * 8; i++, b->at++)
        value |= (uint32_t) (b->bytes[b->at / 8] >> (b->at % 8) & 1) << i;
    return value;
}

/* A side of the image: in units of 8 pixels, or of one of four lengths. */
static uint64_t take_side (struct bits *b, bool is_small)
{
    static const uint8_t lengths[] = { 9, 13, 18, 30 };
    if (is_small)
        return (take_bits (b, 5) + 1ull) * 8;
    unsigned length = lengths[take_bits (b, 2)];
    return take_bits (b, length) + 1ull;
}

static void take_size (struct bits *b, uint64_t *ret_width, uint64_t *ret_height)
{
    /* Width to height. */
    static const struct {
        uint8_t over, under;
    } ratios[] = {
        { 0, 1 }, { 1, 1 }, { 12, 10 }, { 4, 3 }, { 3, 2 }, { 16, 9 }, { 5, 4 }, { 2, 1 }
    };
    bool is_small = take_bits (b, 1);
    *ret_height = take_side (b, is_small);
    unsigned ratio = take_bits (b, 3);
    *ret_width =
        ratio ? *ret_height * ratios[ratio].over / ratios[ratio].under : take_side (b, is_small);
}

/* What stands behind the size. An animation does not say how many frames it has; behind a preview,
 * which nobody writes, it is not looked for. */
static void read_header (struct bits *b, struct image *image)
{
    uint64_t width, height;
    take_size (b, &image->width, &image->height);
    image->orientation = 1;
    bool is_default = take_bits (b, 1), has_more = !is_default && take_bits (b, 1);
    if (!has_more)
        return;
    image->orientation = take_bits (b, 3) + 1;
    if (take_bits (b, 1))
        take_size (b, &width, &height);
    bool has_preview = take_bits (b, 1);
    if (has_preview || take_bits (b, 1))
        image->frames = 0;
}

/* A codestream that ends at `end`. A shorter one than the header has fewer fields, or is damaged.
 */
static void read_codestream (struct input *in, uint64_t at, uint64_t end, struct image *image)
{
    struct bits bits = { .at = 16 };
    size_t n = end - at < HEADER_BYTES ? (size_t) (end - at) : HEADER_BYTES;
    const uint8_t *p = n > 4 ? input_at (in, at, n) : NULL;
    if (!p || memcmp (p, "\xff\x0a", 2))
        return;
    memcpy (bits.bytes, p, n);
    read_header (&bits, image);
}

/* An Exif box begins like the item of a HEIF. */
static void read_exif (struct input *in, const struct box *box, struct image *image)
{
    uint64_t at = box->at, skip;
    if (box_number (in, &at, box->end, 4, &skip) && skip <= box->end - at)
        exif_parse (in, at + skip, box->end - at - skip, &image->exif);
}

static void read_box (struct input *in, const struct box *box, struct image *image)
{
    switch (box->type) {
    case BOX_TYPE ('j', 'x', 'l', 'c'):
        read_codestream (in, box->at, box->end, image);
        break;
    case BOX_TYPE ('j', 'x', 'l', 'p'): /* parts, in order, each with its number */
        if (!image->width && box->end - box->at > 4)
            read_codestream (in, box->at + 4, box->end, image);
        break;
    case BOX_TYPE ('E', 'x', 'i', 'f'):
        read_exif (in, box, image);
        break;
    case BOX_TYPE ('x', 'm', 'l', ' '):
        xmp_parse (in, box->at, box->end - box->at, &image->xmp);
        break;
    default:
        break;
    }
}

enum err extract_jxl (struct input *in, json_t *meta, struct error *e)
{
    _cleanup_image_ struct image image;
    image_init (&image, "jxl");
    const uint8_t *p = input_at (in, 0, 2);
    struct box box;
    uint64_t at = 0;
    if (p && p[0] == 0xff)
        read_codestream (in, 0, in->size, &image);
    else
        for (unsigned i = 0; i < LIMIT_SEGMENTS && box_next (in, &at, in->size, &box); i++)
            read_box (in, &box, &image);
    return image_report (in, &image, meta, e);
}
