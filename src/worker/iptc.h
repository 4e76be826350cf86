/* IPTC-IIM records, and the image resources of Photoshop that they, XMP and EXIF lie in. */
#pragma once

#include <stdint.h>

#include "worker/image.h"
#include "worker/input.h"

/* Adds what the records of `length` bytes at `at` say to `c`; what is there already stays. */
void iptc_parse (struct input *in, uint64_t at, uint64_t length, struct caption *c);

/* The same for a block of resources: IPTC, XMP and EXIF among them. */
void iptc_resources (struct input *in, uint64_t at, uint64_t length, struct image *image);
