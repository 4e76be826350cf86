/* HEIC, HEIF and AVIF: the properties of the primary item (a grid has its own), and the Exif and
 * XMP items. A sequence without a primary item has the size of its first track. */
#include <string.h>
#include <glib.h>

#include "base/limits.h"
#include "worker/box.h"
#include "worker/extract.h"
#include "worker/icc.h"
#include "worker/image.h"
#include "worker/xmp.h"

enum { EXIF_ITEM = BOX_TYPE ('E', 'x', 'i', 'f'), MIME_ITEM = BOX_TYPE ('m', 'i', 'm', 'e') };

struct heif {
    struct input *in;
    struct box meta;
    uint64_t primary;
    uint64_t properties[LIMIT_ITEM_PROPERTIES]; /* of the primary item, in order, counted from 1 */
    unsigned n_properties;
    unsigned rotation, mirror; /* quarter turns to the left; 1: top to bottom, 2: left to right */
    unsigned rotation_order, mirror_order;
    char *profile, *coded; /* names of the colour profile; owned */
    struct image *image;
};

/* Version and flags, which full boxes begin with. */
static bool full_box (struct input *in, const struct box *box, uint64_t *at, unsigned *ret_version,
                      unsigned *ret_flags)
{
    uint64_t head;
    *at = box->at;
    if (!box_number (in, at, box->end, 4, &head))
        return false;
    *ret_version = (unsigned) (head >> 24);
    *ret_flags = head & 0xffffff;
    return true;
}

static void read_primary (struct heif *h)
{
    struct box box;
    uint64_t at;
    unsigned version, flags;
    if (box_find (h->in, &h->meta, 4, BOX_TYPE ('p', 'i', 't', 'm'), &box) &&
        full_box (h->in, &box, &at, &version, &flags))
        (void) box_number (h->in, &at, box.end, version ? 4 : 2, &h->primary);
}

/* ---- properties ---- */

/* Which properties the primary item has. */
static void read_associations (struct heif *h, const struct box *box)
{
    uint64_t at, entries, item, n, property;
    unsigned version, flags;
    if (!full_box (h->in, box, &at, &version, &flags) ||
        !box_number (h->in, &at, box->end, 4, &entries))
        return;
    for (uint64_t i = 0; i < entries && i < LIMIT_ITEMS; i++) {
        if (!box_number (h->in, &at, box->end, version ? 4 : 2, &item) ||
            !box_number (h->in, &at, box->end, 1, &n))
            return;
        unsigned bytes = flags & 1 ? 2 : 1;
        if (item != h->primary) {
            at += n * bytes;
            continue;
        }
        uint64_t mask = flags & 1 ? 0x7fff : 0x7f;
        while (n-- && h->n_properties < LIMIT_ITEM_PROPERTIES &&
               box_number (h->in, &at, box->end, bytes, &property))
            h->properties[h->n_properties++] = property & mask;
        return;
    }
}

/* A profile, or three numbers that stand for one. */
static void read_colours (struct heif *h, const struct box *box)
{
    uint64_t at = box->at, type, primaries, transfer;
    if (!box_number (h->in, &at, box->end, 4, &type))
        return;
    if (type == BOX_TYPE ('p', 'r', 'o', 'f') || type == BOX_TYPE ('r', 'I', 'C', 'C'))
        icc_read (h->in, at, box->end - at, &h->profile);
    else if (type == BOX_TYPE ('n', 'c', 'l', 'x') &&
             box_number (h->in, &at, box->end, 2, &primaries) &&
             box_number (h->in, &at, box->end, 2, &transfer))
        icc_coded ((unsigned) primaries, (unsigned) transfer, &h->coded);
}

/* One property; `order` is its place among those of the item. */
static void read_property (struct heif *h, const struct box *box, unsigned order)
{
    const uint8_t *p;
    switch (box->type) {
    case BOX_TYPE ('i', 's', 'p', 'e'):
        if (box->end - box->at >= 12 && (p = input_at (h->in, box->at, 12))) {
            h->image->width = get_u32be (p + 4);
            h->image->height = get_u32be (p + 8);
        }
        break;
    case BOX_TYPE ('i', 'r', 'o', 't'):
        if (box->end > box->at && (p = input_at (h->in, box->at, 1))) {
            h->rotation = p[0] & 3;
            h->rotation_order = order;
        }
        break;
    case BOX_TYPE ('i', 'm', 'i', 'r'):
        if (box->end > box->at && (p = input_at (h->in, box->at, 1))) {
            h->mirror = 1 + (p[0] & 1);
            h->mirror_order = order;
        }
        break;
    case BOX_TYPE ('c', 'o', 'l', 'r'):
        read_colours (h, box);
        break;
    default:
        break;
    }
}

/* The orientation as EXIF numbers it. Rows: no mirror, top to bottom, left to right; columns:
 * quarter turns to the left, done before the mirror. */
static unsigned heif_orientation (const struct heif *h)
{
    static const uint8_t orientations[3][4] = { { 1, 8, 3, 6 }, { 4, 5, 2, 7 }, { 2, 7, 4, 5 } };
    bool is_mirror_first = h->mirror && h->mirror_order < h->rotation_order;
    unsigned turns = is_mirror_first ? (4 - h->rotation) & 3 : h->rotation;
    return orientations[h->mirror][turns];
}

static void read_properties (struct heif *h)
{
    struct box iprp, ipco, box;
    if (!box_find (h->in, &h->meta, 4, BOX_TYPE ('i', 'p', 'r', 'p'), &iprp) ||
        !box_find (h->in, &iprp, 0, BOX_TYPE ('i', 'p', 'c', 'o'), &ipco))
        return;
    uint64_t at = iprp.at;
    for (unsigned i = 0; i < LIMIT_SEGMENTS && box_next (h->in, &at, iprp.end, &box); i++)
        if (box.type == BOX_TYPE ('i', 'p', 'm', 'a') && !h->n_properties)
            read_associations (h, &box);
    at = ipco.at;
    for (unsigned i = 1; i < LIMIT_SEGMENTS && box_next (h->in, &at, ipco.end, &box); i++)
        for (unsigned k = 0; k < h->n_properties; k++)
            if (h->properties[k] == i)
                read_property (h, &box, k + 1);
    if (h->rotation_order || h->mirror_order)
        h->image->orientation = heif_orientation (h);
}

/* ---- the Exif and XMP items ---- */

/* The rest of an entry: the item's name and, of a `mime` item, its type. */
static bool is_xmp (struct input *in, uint64_t at, uint64_t end)
{
    static const char type[] = "application/rdf+xml";
    size_t n = (size_t) MIN (end - at, 256);
    const uint8_t *p = at <= end ? input_at (in, at, n) : NULL;
    return p && memmem (p, n, type, sizeof type - 1);
}

static bool find_typed_item (struct heif *h, uint64_t wanted, uint64_t *ret)
{
    struct box iinf, box;
    uint64_t at, item;
    unsigned version, flags;
    if (!box_find (h->in, &h->meta, 4, BOX_TYPE ('i', 'i', 'n', 'f'), &iinf) ||
        !full_box (h->in, &iinf, &at, &version, &flags))
        return false;
    at += version ? 4 : 2;
    for (unsigned i = 0; i < LIMIT_ITEMS && box_next (h->in, &at, iinf.end, &box); i++) {
        uint64_t inside, type;
        if (box.type == BOX_TYPE ('i', 'n', 'f', 'e') &&
            full_box (h->in, &box, &inside, &version, &flags) && version >= 2 &&
            box_number (h->in, &inside, box.end, version == 2 ? 2 : 4, &item) &&
            box_number (h->in, &inside, box.end, 2, &type) &&
            box_number (h->in, &inside, box.end, 4, &type) && type == wanted &&
            (type == EXIF_ITEM || is_xmp (h->in, inside, box.end))) {
            *ret = item;
            return true;
        }
    }
    return false;
}

/* Sizes of the fields of a location entry. */
struct location {
    unsigned id, method, offset, length, base, index;
};

/* Location of one entry's first extent. True if the entry is of `item`; moves behind it in any
 * case, or sets `*at` to the end if it is damaged. */
static bool read_location (struct heif *h, const struct location *l, uint64_t *at, uint64_t end,
                           uint64_t item, uint64_t *ret_method, uint64_t *ret_offset,
                           uint64_t *ret_length)
{
    uint64_t id, method = 0, ignored, base, extents, offset, length;
    struct input *in = h->in;
    if (!box_number (in, at, end, l->id, &id) || !box_number (in, at, end, l->method, &method) ||
        !box_number (in, at, end, 2, &ignored) || !box_number (in, at, end, l->base, &base) ||
        !box_number (in, at, end, 2, &extents)) {
        *at = end;
        return false;
    }
    uint64_t behind = *at + extents * (l->index + l->offset + l->length);
    bool is_it = id == item && extents && box_number (in, at, end, l->index, &ignored) &&
                 box_number (in, at, end, l->offset, &offset) &&
                 box_number (in, at, end, l->length, &length);
    *at = behind;
    if (!is_it || __builtin_add_overflow (base, offset, ret_offset))
        return false;
    *ret_method = method & 15;
    *ret_length = length;
    return true;
}

/* Where the bytes of an item are in the file: anywhere, or in `idat`. */
static bool find_item (struct heif *h, uint64_t item, struct box *ret)
{
    struct box iloc, idat;
    uint64_t at, sizes, n, method, offset, length;
    unsigned version, flags;
    if (!box_find (h->in, &h->meta, 4, BOX_TYPE ('i', 'l', 'o', 'c'), &iloc) ||
        !full_box (h->in, &iloc, &at, &version, &flags) || version > 2 ||
        !box_number (h->in, &at, iloc.end, 2, &sizes) ||
        !box_number (h->in, &at, iloc.end, version < 2 ? 2 : 4, &n))
        return false;
    struct location l = { .id = version < 2 ? 2 : 4,
                          .method = version ? 2 : 0,
                          .offset = sizes >> 12 & 15,
                          .length = sizes >> 8 & 15,
                          .base = sizes >> 4 & 15,
                          .index = version ? sizes & 15 : 0 };
    if (l.offset > 8 || l.length > 8 || l.base > 8 || l.index > 8)
        return false;
    for (uint64_t i = 0; i < n && i < LIMIT_ITEMS && at < iloc.end; i++) {
        if (!read_location (h, &l, &at, iloc.end, item, &method, &offset, &length))
            continue;
        struct box whole = { 0, 0, h->in->size };
        if (method == 1 && box_find (h->in, &h->meta, 4, BOX_TYPE ('i', 'd', 'a', 't'), &idat))
            whole = idat;
        uint64_t room = whole.end - whole.at;
        if (method > 1 || offset > room)
            return false;
        ret->at = whole.at + offset;
        ret->end = length && length < room - offset ? ret->at + length : whole.end;
        return true;
    }
    return false;
}

/* An Exif item begins with the number of bytes between that number and the TIFF structure. */
static void read_exif (struct heif *h)
{
    uint64_t item, skip;
    struct box data;
    if (!find_typed_item (h, EXIF_ITEM, &item) || !find_item (h, item, &data) ||
        !box_number (h->in, &data.at, data.end, 4, &skip) || skip > data.end - data.at)
        return;
    exif_parse (h->in, data.at + skip, data.end - data.at - skip, &h->image->exif);
}

static void read_xmp (struct heif *h)
{
    uint64_t item;
    struct box data;
    if (find_typed_item (h, MIME_ITEM, &item) && find_item (h, item, &data))
        xmp_parse (h->in, data.at, data.end - data.at, &h->image->xmp);
}

/* ---- sequences ---- */

/* The last eight bytes of a track's header are its size, in 16.16 fixed point. */
static void read_track_size (struct input *in, const struct box *trak, struct image *image)
{
    struct box tkhd;
    if (!box_find (in, trak, 0, BOX_TYPE ('t', 'k', 'h', 'd'), &tkhd))
        return;
    const uint8_t *p = tkhd.end - tkhd.at >= 84 ? input_at (in, tkhd.end - 8, 8) : NULL;
    image->width = p ? get_u16be (p) : 0;
    image->height = p ? get_u16be (p + 4) : 0;
}

/* The number of samples of a track of pictures; 0 for another track. */
static uint64_t count_pictures (struct input *in, const struct box *trak)
{
    struct box mdia, box;
    const uint8_t *p;
    if (!box_find (in, trak, 0, BOX_TYPE ('m', 'd', 'i', 'a'), &mdia) ||
        !box_find (in, &mdia, 0, BOX_TYPE ('h', 'd', 'l', 'r'), &box) || box.end - box.at < 12 ||
        !(p = input_at (in, box.at + 8, 4)) || memcmp (p, "pict", 4) ||
        !box_find (in, &mdia, 0, BOX_TYPE ('m', 'i', 'n', 'f'), &box) ||
        !box_find (in, &box, 0, BOX_TYPE ('s', 't', 'b', 'l'), &box) ||
        !box_find (in, &box, 0, BOX_TYPE ('s', 't', 's', 'z'), &box) || box.end - box.at < 12 ||
        !(p = input_at (in, box.at + 8, 4)))
        return 0;
    return get_u32be (p);
}

static void read_tracks (struct input *in, const struct box *moov, struct image *image)
{
    struct box trak;
    uint64_t at = moov->at, pictures = 0;
    for (unsigned i = 0; i < LIMIT_SEGMENTS && box_next (in, &at, moov->end, &trak); i++) {
        if (trak.type != BOX_TYPE ('t', 'r', 'a', 'k'))
            continue;
        if (!image->width)
            read_track_size (in, &trak, image);
        if (!pictures)
            pictures = count_pictures (in, &trak);
    }
    image->frames = MAX (pictures, 1);
}

/* What lies beside the description of the image: a sequence, and the video of a motion photo. */
static void read_others (struct input *in, struct image *image)
{
    struct box box;
    uint64_t at = 0;
    for (unsigned i = 0; i < LIMIT_SEGMENTS && box_next (in, &at, in->size, &box); i++) {
        if (box.type == BOX_TYPE ('m', 'o', 'o', 'v'))
            read_tracks (in, &box, image);
        else if (box.type == BOX_TYPE ('m', 'p', 'v', 'd'))
            image->is_motion = true;
    }
}

enum err extract_bmff (struct input *in, json_t *meta, struct error *e)
{
    _cleanup_image_ struct image image;
    const char *type = json_string_value (json_object_get (meta, "ContentType"));
    image_init (&image, type && !strncmp (type, "image/avif", 10) ? "avif" : "heic");
    struct box file = { 0, 0, in->size };
    struct heif h = { .in = in, .image = &image };
    if (box_find (in, &file, 0, BOX_TYPE ('m', 'e', 't', 'a'), &h.meta)) {
        read_primary (&h);
        read_properties (&h);
        read_exif (&h);
        read_xmp (&h);
        image.profile = h.profile ? g_steal_pointer (&h.profile) : g_steal_pointer (&h.coded);
        g_free (h.coded);
    }
    read_others (in, &image);
    return image_report (in, &image, meta, e);
}
