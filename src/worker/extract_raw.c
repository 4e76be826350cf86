/* Raw formats with a structure of their own around that of EXIF: Minolta, Phase One, Canon's CRW.
 */
#include <string.h>
#include <glib.h>

#include "base/limits.h"
#include "worker/extract.h"
#include "worker/image.h"

/* ---- MRW, of Minolta ---- */

/* Blocks with a name and a length: PRD has the size of sensor and picture, TTW is a TIFF structure.
 */
static void read_minolta_block (struct input *in, uint64_t at, uint32_t size, const char name[4],
                                struct image *image)
{
    const uint8_t *p;
    if (!memcmp (name, "\0TTW", 4))
        exif_parse (in, at, size, &image->exif);
    else if (!memcmp (name, "\0PRD", 4) && size >= 16 && (p = input_at (in, at, 16))) {
        image->height = get_u16be (p + 12);
        image->width = get_u16be (p + 14);
    }
}

enum err extract_mrw (struct input *in, json_t *meta, struct error *e)
{
    _cleanup_image_ struct image image;
    image_init (&image, "mrw");
    const uint8_t *p = input_at (in, 4, 4);
    uint64_t at = 8, end = p ? at + get_u32be (p) : 0;
    for (unsigned i = 0; i < LIMIT_SEGMENTS && at < end && (p = input_at (in, at, 8)); i++) {
        char name[4];
        memcpy (name, p, sizeof name);
        uint32_t size = get_u32be (p + 4);
        read_minolta_block (in, at + 8, size, name, &image);
        at += 8ull + size;
    }
    return image_report (in, &image, meta, e);
}

/* ---- IIQ, of Phase One ---- */

/* A directory of the maker's own behind the header of TIFF: its offset, and there the number of its
 * entries, each of number, kind, length and value. */
enum err extract_iiq (struct input *in, json_t *meta, struct error *e)
{
    enum { START = 8, WIDTH = 0x10c, HEIGHT = 0x10d };
    _cleanup_image_ struct image image;
    image_init (&image, "iiq");
    exif_parse (in, 0, in->size, &image.exif);
    const uint8_t *p = input_at (in, START, 12);
    bool is_little = p && p[0] == 'I';
    uint64_t at = p ? (is_little ? get_u32le (p + 8) : get_u32be (p + 8)) + (uint64_t) START : 0;
    uint32_t n = (p = input_at (in, at, 8)) ? (is_little ? get_u32le (p) : get_u32be (p)) : 0;
    for (uint32_t i = 0; i < n && i < LIMIT_EXIF_ENTRIES; i++) {
        if (!(p = input_at (in, at + 8 + i * 16u, 16)))
            break;
        uint32_t tag = is_little ? get_u32le (p) : get_u32be (p);
        uint32_t value = is_little ? get_u32le (p + 12) : get_u32be (p + 12);
        if (tag == WIDTH)
            image.width = value;
        else if (tag == HEIGHT)
            image.height = value;
    }
    return image_report (in, &image, meta, e);
}

/* ---- CRW, of Canon ---- */

/* A heap ends with the offset of its directory: records of kind, size and offset; kinds whose upper
 * bits are 0x28 or 0x30 are heaps themselves. Only the record with the size is looked for, and the
 * heaps that it may be in. */
static void read_heap (struct input *in, uint64_t start, uint64_t end, unsigned depth,
                       struct image *image)
{
    enum { SIZE = 0x1810, PROPERTIES = 0x300a, RECORD = 10 };
    const uint8_t *p = end > start + 4 && end <= in->size ? input_at (in, end - 4, 4) : NULL;
    uint64_t at = p ? start + get_u32le (p) : 0;
    uint32_t n = p && (p = input_at (in, at, 2)) ? get_u16le (p) : 0;
    for (uint32_t i = 0; i < n && i < LIMIT_EXIF_ENTRIES; i++) {
        if (!(p = input_at (in, at + 2 + i * RECORD, RECORD)))
            return;
        uint16_t kind = get_u16le (p);
        uint64_t size = get_u32le (p + 2), offset = start + get_u32le (p + 6);
        if (kind == PROPERTIES && depth < LIMIT_HEAPS)
            read_heap (in, offset, offset + size, depth + 1, image);
        else if (kind == SIZE && size >= 16 && (p = input_at (in, offset, 16))) {
            image->width = get_u32le (p);
            image->height = get_u32le (p + 4);
        }
    }
}

enum err extract_crw (struct input *in, json_t *meta, struct error *e)
{
    _cleanup_image_ struct image image;
    image_init (&image, "crw");
    const uint8_t *p = input_at (in, 2, 4);
    if (p)
        read_heap (in, get_u32le (p), in->size, 0, &image);
    return image_report (in, &image, meta, e);
}
