/* What cairo has drawn, as an image of libvips.
 *
 * Threads: one. */
#pragma once

#include <cairo.h>
#include <vips/vips.h>

#include "base/error.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC (cairo_t, cairo_destroy)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (cairo_surface_t, cairo_surface_destroy)

/* A surface of CAIRO_FORMAT_ARGB32 becomes four bands, one of CAIRO_FORMAT_RGB24 three. */
NODISCARD enum err surface_to_image (cairo_surface_t *surface, VipsImage **ret, struct error *e);
