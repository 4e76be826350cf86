/* Decompression of short zlib streams (RFC 1950, 1951), as PNG keeps texts. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <glib.h>

/* The content of a stream, of at most `limit` bytes; NULL if it is longer, damaged or cut. The
 * checksum at the end is not looked at. The caller owns the array. */
GByteArray *inflate_bytes (const uint8_t *data, size_t length, size_t limit);

/* The first `limit` bytes of what is in a stream, or in a gzip file (RFC 1952); all, if that is
 * less. What follows damage or a cut is missing. NULL if nothing comes out. The caller owns the
 * array. */
GByteArray *inflate_start (const uint8_t *data, size_t length, size_t limit);
