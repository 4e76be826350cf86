/* What lies behind the picture of a JPEG: further pictures, and the video of a motion photo. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "worker/input.h"

/* How many pictures the index of the multi-picture format names, `length` bytes at `at`: those of a
 * panorama, of a pair of views, of angles. Previews and other helpers are none; at least 1. */
unsigned trailer_pictures (struct input *in, uint64_t at, uint64_t length);

#define TRAILER_TAIL 8 /* bytes at the end of an object that say whether there are such parts */

/* Whether the parts that Samsung's cameras write at the end have a video among them. */
bool trailer_has_video (struct input *in);
