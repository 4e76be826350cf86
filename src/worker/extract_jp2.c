/* JPEG 2000: the header box of a file, or the size segment of a raw codestream. */
#include <string.h>
#include <glib.h>

#include "base/limits.h"
#include "worker/box.h"
#include "worker/extract.h"
#include "worker/icc.h"
#include "worker/image.h"
#include "worker/iptc.h"
#include "worker/xmp.h"

/* The grid, less its offset: the image covers what is right of and below that. */
static void read_codestream (struct input *in, uint64_t at, struct image *image)
{
    const uint8_t *p = input_at (in, at, 24);
    if (!p || memcmp (p, "\xff\x4f\xff\x51", 4))
        return;
    uint32_t right = get_u32be (p + 8), bottom = get_u32be (p + 12);
    uint32_t left = get_u32be (p + 16), top = get_u32be (p + 20);
    image->width = right > left ? right - left : 0;
    image->height = bottom > top ? bottom - top : 0;
}

static void read_header (struct input *in, const struct box *jp2h, struct image *image)
{
    struct box ihdr;
    const uint8_t *p;
    if (!box_find (in, jp2h, 0, BOX_TYPE ('i', 'h', 'd', 'r'), &ihdr) || ihdr.end - ihdr.at < 8 ||
        !(p = input_at (in, ihdr.at, 8)))
        return;
    image->height = get_u32be (p);
    image->width = get_u32be (p + 4);
}

/* A profile, or the number of colours that everybody knows: sRGB is 16. */
static void read_colours (struct input *in, const struct box *jp2h, struct image *image)
{
    struct box colr;
    const uint8_t *p;
    if (!box_find (in, jp2h, 0, BOX_TYPE ('c', 'o', 'l', 'r'), &colr) || colr.end - colr.at < 7 ||
        !(p = input_at (in, colr.at, 7)))
        return;
    if (p[0] == 2 || p[0] == 3)
        icc_read (in, colr.at + 3, colr.end - colr.at - 3, &image->profile);
    else if (p[0] == 1 && get_u32be (p + 3) == 16 && !image->profile)
        image->profile = g_strdup ("sRGB");
}

static void parse_exif (struct input *in, uint64_t at, uint64_t length, struct image *image)
{
    exif_parse (in, at, length, &image->exif);
}

static void parse_xmp (struct input *in, uint64_t at, uint64_t length, struct image *image)
{
    xmp_parse (in, at, length, &image->xmp);
}

static void parse_iptc (struct input *in, uint64_t at, uint64_t length, struct image *image)
{
    iptc_parse (in, at, length, &image->iptc);
}

static const struct {
    char id[17];
    void (*read) (struct input *in, uint64_t at, uint64_t length, struct image *image);
} uuids[] = {
    { "JpgTiffExif->JP2", parse_exif },
    { "\xbe\x7a\xcf\xcb\x97\xa9\x42\xe8\x9c\x71\x99\x94\x91\xe3\xaf\xac", parse_xmp },
    { "\x33\xc7\xa4\xd2\xb8\x1d\x47\x23\xa0\xba\xf1\xa3\xe0\x97\xad\x38", parse_iptc },
};

static void read_head (struct input *in, const struct box *jp2h, struct image *image)
{
    read_header (in, jp2h, image);
    read_colours (in, jp2h, image);
}

static void read_uuid (struct input *in, const struct box *box, struct image *image)
{
    const uint8_t *p = box->end - box->at >= 16 ? input_at (in, box->at, 16) : NULL;
    for (size_t i = 0; p && i < N_ELEMENTS (uuids); i++)
        if (!memcmp (p, uuids[i].id, 16)) {
            uuids[i].read (in, box->at + 16, box->end - box->at - 16, image);
            return;
        }
}

static void read_boxes (struct input *in, struct image *image)
{
    struct box box;
    uint64_t at = 0;
    for (unsigned i = 0; i < LIMIT_SEGMENTS && box_next (in, &at, in->size, &box); i++) {
        if (box.type == BOX_TYPE ('j', 'p', '2', 'h'))
            read_head (in, &box, image);
        else if (box.type == BOX_TYPE ('u', 'u', 'i', 'd'))
            read_uuid (in, &box, image);
        else if (box.type == BOX_TYPE ('j', 'p', '2', 'c') && !image->width)
            read_codestream (in, box.at, image);
    }
}

enum err extract_jp2 (struct input *in, json_t *meta, struct error *e)
{
    _cleanup_image_ struct image image;
    image_init (&image, "jp2");
    const uint8_t *p = input_at (in, 0, 2);
    if (p && p[0] == 0xff)
        read_codestream (in, 0, &image);
    else
        read_boxes (in, &image);
    return image_report (in, &image, meta, e);
}
