/* One bindery-render in its jail, spoken to by frames, without a pool. Calls fail the test, or the
 * program, by assert(). */
#pragma once

#include "render/render.h"
#include "wire/child.h"

struct jailed {
    struct child child;
    struct frame_reader frame;
};

void jailed_start (struct jailed *j, const char *path, const char *profile);

/* The last answer of a process on a file: FRAME_RENDERED with the result's bytes in `ret` (freed by
 * the caller), FRAME_REFUSED or FRAME_UNREADABLE with the message in `why`, or FRAME_TYPES if the
 * process died, with its last words. */
enum frame_type jailed_render (struct jailed *j, const char *text, const struct render *sources,
                               struct render_result *ret, char why[FRAME_MESSAGE]);

void jailed_stop (struct jailed *j);
