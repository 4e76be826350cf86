/* An object of a job, as it is: its descriptor, and its bytes once something asks for them.
 *
 * Threads: one. */
#pragma once

#include <stdint.h>

#include "base/error.h"
#include "wire/frame.h"

struct source {
    int fd;        /* borrowed */
    uint64_t size; /* bytes */
    char extension[FRAME_EXTENSION];
    uint8_t *bytes; /* all of them after source_load(); else NULL */
};

/* Brings all of it to memory; nothing to do the second time. IMAGE_TOO_LARGE if that are more than
 * LIMIT_RENDER_SOURCE, IO if it cannot be read or is shorter than it was said to be. */
NODISCARD enum err source_load (struct source *s, struct error *e);

/* Frees the bytes. */
void source_clear (struct source *s);
