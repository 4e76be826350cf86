/* Objects become pictures: the content tells the format, the format's row in load.c has the loader,
 * and the header is held against the limits before a pixel is decoded.
 *
 * Decoders may be told to decode less: where the first operation scales down, JPEG, WebP and others
 * come smaller at little cost, and an animation whose result is none comes as its first frame.
 *
 * Threads: one. */
#pragma once

#include "render/render.h"

/* r->picture from r->source. */
NODISCARD enum err load_picture (struct render *r, struct error *e);
