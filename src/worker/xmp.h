/* XMP: the few properties of a packet that become fields. The packet is read as a stream of XML
 * with limits on size and depth; a document type or an entity of its own ends the reading. What was
 * found before the end or an error counts. Only properties of the packet's own resource are taken,
 * not those of other images that it mentions. */
#pragma once

#include <stdint.h>

#include "worker/caption.h"
#include "worker/input.h"

struct xmp;

struct xmp *xmp_new (void);
void xmp_free (struct xmp *xmp);
#define _cleanup_xmp_ __attribute__ ((cleanup (xmp_freep)))
static inline void xmp_freep (struct xmp **xmp)
{
    xmp_free (*xmp);
}

/* The next part of the packet: `length` bytes at `at` of the object. False once there was an error
 * or LIMIT_XMP bytes were read. */
bool xmp_feed (struct xmp *xmp, struct input *in, uint64_t at, uint64_t length);

/* Adds what was found to `c`; what is there already stays. */
void xmp_report (const struct xmp *xmp, struct caption *c);

/* A whole packet. */
void xmp_parse (struct input *in, uint64_t at, uint64_t length, struct caption *c);
