/* PNG of the plain kinds, by libdeflate: all of a picture's data at once takes half the time of
 * libpng, which gets it in small parts. Whatever is not plain, or damaged, is libpng's.
 *
 * Threads: any. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <vips/vips.h>

/* The pixels of a PNG as libvips' loader, whose lazy result is `header`, would deliver them. False
 * if it is interlaced, has not 8 bits a sample, keys a colour as transparent, has no more than
 * a part of its data, more than LIMIT_PNG_PIXELS bytes of pixels, or no memory: nothing happened
 * then. */
bool png_decode (const uint8_t *bytes, size_t size, VipsImage *header, VipsImage **ret);

/* `in` as a PNG, without metadata; one of more than LIMIT_PNG_PIXELS bytes of pixels is libpng's,
 * too. 0, or -1 with libvips' error set ("out of memory" if it needs more than a job may have, or
 * makes more than LIMIT_RENDER_OUTPUT bytes); the caller g_free()s *bytes. */
int png_encode (VipsImage *in, void **bytes, size_t *size);
