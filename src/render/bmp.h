/* BMP files: read (by libav, whose decoder knows all its kinds), and written as 24 bit, or as 32
 * bit with alpha.
 *
 * As with the functions of libvips, failure is not 0 and a message in its buffer.
 *
 * Threads: one. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <vips/vips.h>

/* What the header says, and no pixel; false if it is none. */
bool bmp_size (const uint8_t *bytes, size_t size, int *ret_width, int *ret_height);

/* Decodes; the image keeps nothing of `bytes`. */
int bmp_load (const uint8_t *bytes, size_t size, VipsImage **ret);

/* One to four bands of 8 bit; the caller frees by g_free(). */
int bmp_save (VipsImage *in, void **ret_bytes, size_t *ret_size);
