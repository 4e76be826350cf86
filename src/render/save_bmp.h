/* BMP files: 24 bit, or 32 bit with alpha.
 *
 * Threads: one. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <vips/vips.h>

/* As the savers of libvips: not 0 and a message in its buffer on failure; the caller frees by
 * g_free(). One to four bands of 8 bit. */
int bmp_save (VipsImage *in, void **ret_bytes, size_t *ret_size);
