/* EXIF and TIFF structures: named tags as text, and the few that the extractors reckon with. Both
 * byte orders, BigTIFF, IFD0 with its Exif, GPS and Interoperability directories. Of maker notes
 * the names and numbers of lens and body are read, where they are plain; they never win over a tag
 * of EXIF's own. Thumbnails are skipped. Nothing is followed twice, every count is limited; what is
 * damaged is left out, for a damaged EXIF block is no reason to refuse an image. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "worker/exif_tags.h"
#include "worker/input.h"

/* Where in the object a value is that another parser reads; size 0: nowhere. */
struct exif_blob {
    uint64_t at, size;
};

struct exif {
    json_t *tags;           /* {"XResolution":{"value":"96/1"}, ...}; owned */
    unsigned orientation;   /* 1 to 8, or 0 */
    uint64_t width, height; /* of the main image of a TIFF, or 0 */
    double latitude, longitude;
    struct exif_blob xmp, iptc, resources; /* tags 0x2bc, 0x83bb, 0x8649 of the first directory */
    struct exif_blob icc;                  /* and 0x8773 */
    struct exif_blob preview;              /* the JPEG within an RW2, tag 0x2e */
    uint64_t borders[4];                   /* of an RW2's picture: top, left, bottom, right */
    bool has_latitude, has_longitude;      /* with a sign from their Ref, and in range */
};

void exif_init (struct exif *x);
void exif_clear (struct exif *x);

/* Adds what a TIFF structure of `size` bytes at `base` holds; tags that are there already stay.
 * False if there is no such structure. */
bool exif_parse (struct input *in, uint64_t base, uint64_t size, struct exif *x);

/* The same for a structure whose first directory is another one than IFD0, as in a CR3. */
bool exif_parse_directory (struct input *in, uint64_t base, uint64_t size,
                           enum exif_directory directory, struct exif *x);

/* Pages of a TIFF: the directories behind each other, without those of previews; 0: none. */
unsigned exif_count_pages (struct input *in);

/* Sets one tag. `value` must be UTF-8. */
void exif_set (struct exif *x, const char *name, const char *value);

/* Value of a tag, or NULL. */
const char *exif_get (const struct exif *x, const char *name);
