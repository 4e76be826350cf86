/* The segments of a JPEG that may lie anywhere in an object, as previews of raw files do. */
#pragma once

#include <stdint.h>

#include "worker/image.h"
#include "worker/input.h"

/* Size, EXIF, XMP and IPTC of the JPEG at `at`; what is no JPEG adds nothing. Its size is taken
 * only if the image has none yet. */
void jpeg_read (struct input *in, uint64_t at, struct image *image);
