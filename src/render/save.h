/* Pictures become bytes: one row in save.c for each format.
 *
 * Threads: one. */
#pragma once

#include "render/render.h"

/* In the format that was asked for, else that of the source. */
NODISCARD enum err save_picture (struct render *r, struct render_result *ret, struct error *e);
