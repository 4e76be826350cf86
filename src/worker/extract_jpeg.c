/* JPEG: the markers up to the first scan, and the segments of EXIF, XMP and Photoshop among them.
 */
#include <string.h>
#include <glib.h>

#include "base/limits.h"
#include "worker/extract.h"
#include "worker/icc.h"
#include "worker/image.h"
#include "worker/iptc.h"
#include "worker/jpeg.h"
#include "worker/trailer.h"
#include "worker/xmp.h"

/* Every kind of frame header: SOF0 to SOF15 without DHT, JPG and DAC, which share their numbers,
 * and that of JPEG-LS. */
static bool is_frame_header (uint8_t marker)
{
    return marker == 0xf7 ||
           (marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc);
}

/* Segments by marker and the bytes that they begin with. */
enum content { EXIF, XMP, XMP_EXTENSION, PROFILE, MULTI_PICTURE, RESOURCES, N_CONTENTS };

static const struct {
    uint8_t marker, length;
    const char *bytes;
} contents[N_CONTENTS] = {
    [EXIF] = { 0xe1, 6, "Exif\0" }, /* the sixth byte is 0 or 0xff */
    [XMP] = { 0xe1, 29, "http://ns.adobe.com/xap/1.0/" },
    [XMP_EXTENSION] = { 0xe1, 35, "http://ns.adobe.com/xmp/extension/" },
    [PROFILE] = { 0xe2, 12, "ICC_PROFILE" },
    [MULTI_PICTURE] = { 0xe2, 4, "MPF" },
    [RESOURCES] = { 0xed, 14, "Photoshop 3.0" },
};

struct jpeg {
    struct input *in;
    struct image *image;
    struct xmp *extension; /* NULL: none yet */
    uint64_t extended;     /* bytes of it that were read */
    struct icc_part profile[LIMIT_ICC_PARTS];
    unsigned n_profile; /* parts of it that are there, from the first on */
};

static enum content find_content (const struct jpeg *j, uint8_t marker, uint64_t at, size_t length)
{
    enum content c = 0;
    for (; c < N_CONTENTS; c++) {
        const uint8_t *p = contents[c].marker == marker && contents[c].length <= length
                               ? input_at (j->in, at, contents[c].length)
                               : NULL;
        if (p && !memcmp (p, contents[c].bytes, c == EXIF ? 5 : contents[c].length))
            break;
    }
    return c;
}

/* A part of a packet that did not fit one segment: an id, the whole size, the part's offset. Parts
 * in another order than that of the packet are left out. */
static void read_extension (struct jpeg *j, uint64_t at, size_t length)
{
    const uint8_t *p = length > 40 ? input_at (j->in, at, 40) : NULL;
    if (!p || get_u32be (p + 36) != j->extended)
        return;
    if (!j->extension)
        j->extension = xmp_new ();
    (void) xmp_feed (j->extension, j->in, at + 40, length - 40);
    j->extended += length - 40;
}

/* A part of a profile: its number and that of all parts, which are in order wherever anyone wrote
 * them. */
static void read_profile (struct jpeg *j, uint64_t at, size_t length)
{
    const uint8_t *p = length > 2 ? input_at (j->in, at, 2) : NULL;
    if (p && p[0] == j->n_profile + 1 && j->n_profile < LIMIT_ICC_PARTS)
        j->profile[j->n_profile++] = (struct icc_part){ at + 2, length - 2 };
}

static void read_application (struct jpeg *j, uint8_t marker, uint64_t at, size_t length)
{
    enum content c = find_content (j, marker, at, length);
    if (c == N_CONTENTS)
        return;
    at += contents[c].length;
    length -= contents[c].length;
    switch (c) {
    case EXIF:
        exif_parse (j->in, at, length, &j->image->exif);
        break;
    case XMP:
        xmp_parse (j->in, at, length, &j->image->xmp);
        break;
    case XMP_EXTENSION:
        read_extension (j, at, length);
        break;
    case PROFILE:
        read_profile (j, at, length);
        break;
    case MULTI_PICTURE:
        j->image->frames = trailer_pictures (j->in, at, length);
        break;
    case RESOURCES:
        iptc_resources (j->in, at, length, j->image);
        break;
    case N_CONTENTS:
        break;
    }
}

static void read_segment (struct jpeg *j, uint8_t marker, uint64_t at, size_t length)
{
    const uint8_t *p;
    struct image *image = j->image;
    if (marker >= 0xe1 && marker <= 0xed)
        read_application (j, marker, at, length);
    if (is_frame_header (marker) && !image->width && length >= 5 && (p = input_at (j->in, at, 5))) {
        image->height = get_u16be (p + 1);
        image->width = get_u16be (p + 3);
    }
}

static void read_segments (struct jpeg *j, uint64_t at)
{
    for (unsigned i = 0; i < LIMIT_SEGMENTS; i++) {
        const uint8_t *p = input_at (j->in, at, 4);
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
        read_segment (j, marker, at + 4, length - 2u);
        at += 2u + length;
    }
}

void jpeg_read (struct input *in, uint64_t at, struct image *image)
{
    struct jpeg j = { .in = in, .image = image };
    const uint8_t *p = input_at (in, at, 2);
    if (!p || memcmp (p, "\xff\xd8", 2))
        return;
    read_segments (&j, at + 2);
    icc_read_parts (in, j.profile, j.n_profile, &image->profile);
    if (j.extension)
        xmp_report (j.extension, &image->xmp);
    xmp_free (j.extension);
}

/* Whether a look at the end is worth a fetch, if it takes one: a video of a few seconds weighs more
 * than a picture, and then the file is large for its pixels. */
static bool may_have_video (const struct input *in, const struct image *image)
{
    const char *make = exif_get (&image->exif, "Make");
    if (!make || g_ascii_strcasecmp (make, "samsung") || image->xmp.is_motion)
        return false;
    return input_knows (in, in->size - MIN (in->size, TRAILER_TAIL), TRAILER_TAIL) ||
           in->size / 2 > (uint64_t) image->width * image->height / 5;
}

/* A height of 0 says that it stands behind the first scan, in a DNL segment; no camera writes that,
 * and no decoder in use reads it. */
enum err extract_jpeg (struct input *in, json_t *meta, struct error *e)
{
    _cleanup_image_ struct image image;
    image_init (&image, "jpg");
    jpeg_read (in, 0, &image);
    image.is_motion = may_have_video (in, &image) && trailer_has_video (in);
    return image_report (in, &image, meta, e);
}
