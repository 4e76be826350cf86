/* What the extractors of images have in common: the facts they find, and how these are answered.
 *
 * ImageWidth and ImageHeight are pixels as the file stores them, before any orientation is applied;
 * of a HEIC or AVIF the `ispe` of the primary item, before `irot`, `imir` and `clap`.
 *
 * FrameCount, which image/info says of every image, is 1 for a still: pictures of an animation or
 * of an icon, pages of a TIFF. Thumbnails, previews and layers are no frames. Where the header does
 * not tell, it is not answered.
 *
 * ColorProfile is the name of a profile that is embedded, or of the colours that a container names
 * by numbers; EXIF's ColorSpace is neither, for cameras write it whatever the pixels are.
 *
 * MotionPhoto is "true" where XMP says so (MotionPhoto or MicroVideo of Google's namespace), where
 * the file has a video of its own behind the image (Samsung), and where Apple's maker note has the
 * identifier of the video beside it (a Live Photo). Nothing else is answered. */
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
    uint64_t frames;        /* 0: not known */
    char *profile;          /* name of the colour profile; owned */
    bool is_motion;         /* a video belongs to it, as the container says */
    struct exif exif;
    struct caption xmp, iptc;
};

void image_init (struct image *image, const char *format);
void image_clear (struct image *image);
#define _cleanup_image_ __attribute__ ((cleanup (image_clear)))

/* Answers ImageWidth, ImageHeight, Orientation, EXIF, ProduceTime, LatLong, Title, Artist,
 * Language, Rating, Labels, FrameCount, ColorProfile and MotionPhoto, as far as they are known;
 * caption.h says which source wins. EXTRACT_FAILED without width and height. */
NODISCARD enum err image_report (const struct input *in, struct image *image, json_t *meta,
                                 struct error *e);
