/* A job of the renderer: an object and a process go in, bytes come out.
 *
 * Every operation is a row in ops.c: a function that looks at its parameters, which are in range,
 * and changes the picture or, for what answers no picture (info, average-hue), puts text into
 * `answer`. Errors: PROCESS_ARGUMENT, PROCESS_REQUEST, IMAGE_TOO_LARGE, WATERMARK, NOT_IMPLEMENTED
 * (of this format), EXTRACT_FAILED (the object is damaged), IO.
 *
 * Threads: one. */
#pragma once

#include <glib.h>

#include "base/error.h"
#include "process/geometry.h"
#include "render/picture.h"
#include "render/source.h"

struct render {
    struct source source;
    struct source extras[FRAME_EXTRAS]; /* in the order in which the text names them */
    unsigned n_extras, next_extra;
    const struct process *process;   /* borrowed */
    const struct process_size *main; /* borrowed; this is the object of a watermark on a picture of
                                        that size; NULL: it is not */

    struct picture picture;
    struct {
        bool is_interlaced;
        int relative, absolute; /* quality, 1 to 100; 0: not asked for */
    } save;
    GString *answer; /* owned; of an operation that gives no picture; else NULL */
};

struct render_result {
    uint8_t *bytes; /* owned, by g_free() */
    size_t size;
    enum process_format format;
    uint32_t width, height, frames; /* 0 where there is no picture */
};

/* Runs the process of `r`; its sources and process are set, all else is zero. */
NODISCARD enum err render_run (struct render *r, struct render_result *ret, struct error *e);

/* The part of it that watermarks' objects need, too: r->picture (or r->answer) is what has become
 * of the source, not encoded yet. Of a process that is NULL: the source as it is. */
NODISCARD enum err render_picture (struct render *r, struct error *e);

void render_clear (struct render *r);
