/* What the extractors of images have in common: the facts they find, and how these are answered.
 *
 * ImageWidth and ImageHeight are pixels as the file stores them, before any orientation is applied;
 * of a HEIC or AVIF the `ispe` of the primary item, before `irot`, `imir` and `clap`. */
#pragma once

#include <jansson.h>
#include <stdint.h>

#include "base/error.h"
#include "worker/caption.h"
#include "worker/exif.h"
#include "worker/input.h"

struct image {
    const char *format;     /* as image/info says it: jpg png gif webp tiff heic avif ... */
    uint64_t width, height; /* 0: not found */
    unsigned orientation;   /* 1 to 8 as the container says it; 0: as EXIF says it */
    struct exif exif;
    struct caption xmp, iptc;
};

void image_init (struct image *image, const char *format);
void image_clear (struct image *image);
#define _cleanup_image_ __attribute__ ((cleanup (image_clear)))

/* Answers ImageWidth, ImageHeight, Orientation, EXIF, ProduceTime, LatLong, Title and Artist, as
 * far as they are known; caption.h says which source wins. EXTRACT_FAILED without width and height.
 */
NODISCARD enum err image_report (const struct input *in, struct image *image, json_t *meta,
                                 struct error *e);
