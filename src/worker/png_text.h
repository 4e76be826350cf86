/* Texts of a PNG with metadata of other formats within: packets of XMP, and EXIF or IPTC in digits,
 * as programs wrote them before there was a chunk for it. */
#pragma once

#include <stdint.h>

#include "worker/image.h"
#include "worker/input.h"

/* The chunk iCCP: the profile's own name, else the one that the chunk gives it. */
void png_profile (struct input *in, uint64_t at, uint32_t length, struct image *image);

/* A chunk of the kind iTXt, tEXt or zTXt: `length` bytes at `at`. Adds what it says. */
void png_itxt (struct input *in, uint64_t at, uint32_t length, struct image *image);
void png_text (struct input *in, uint64_t at, uint32_t length, struct image *image);
void png_ztxt (struct input *in, uint64_t at, uint32_t length, struct image *image);
