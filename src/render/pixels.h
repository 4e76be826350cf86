/* Pixels in memory that operations write themselves, where libvips has nothing that does it as
 * exactly or as fast. 8 bit, rows without gaps.
 *
 * Threads: one. */
#pragma once

#include <stdint.h>
#include <vips/vips.h>

#include "base/error.h"

/* A new image of 1 to 4 bands, whose pixels are to be written at VIPS_IMAGE_ADDR; grey or sRGB.
 * IMAGE_TOO_LARGE if there is no memory for it. */
NODISCARD enum err pixels_new (int width, int height, int bands, VipsImage **ret, struct error *e);

/* The same with resolution and metadata of another image, and as many bands. */
NODISCARD enum err pixels_like (VipsImage *other, VipsImage **ret, struct error *e);

/* x / 255, rounded, for x up to 255 * 255. */
static inline uint8_t pixels_over_255 (uint32_t x)
{
    return (uint8_t) ((x + 128 + ((x + 128) >> 8)) >> 8);
}
