/* Marks: what watermarks lay over a picture. An image of four bands in memory, colour and opacity.
 *
 * Threads: one. */
#pragma once

#include "render/picture.h"

/* The text of a watermark, with its shadow, turned. `ret` is NULL if nothing of it can be seen. */
NODISCARD enum err mark_text (const struct process_watermark *w, VipsImage **ret, struct error *e);

/* An image and a text beside each other, as order, align and interval say. */
NODISCARD enum err mark_join (const struct process_watermark *w, VipsImage *image, VipsImage *text,
                              VipsImage **ret, struct error *e);

/* Lays it over each frame, once or all over it, as opaque as t says. What is outside of the frame
 * is left out. */
NODISCARD enum err mark_lay (const struct process_watermark *w, VipsImage *mark, struct picture *p,
                             struct error *e);
