/* The operations on pictures: one row in ops.c for each, with the function that does it, in a file
 * op_*.c (or info.c, average_hue.c).
 *
 * A function finds the picture in r->picture, in the state that the operations before it left it
 * in, and its parameters in `op`: parsed, in range, with defaults. It sees to it that the result
 * stays within the limits before it computes anything.
 *
 * Threads: one. */
#pragma once

#include "render/render.h"

typedef enum err op_fn (struct render *r, const struct process_op *op, struct error *e);

/* ERR_NOT_IMPLEMENTED for what has no row. */
NODISCARD enum err ops_run (struct render *r, const struct process_op *op, struct error *e);

op_fn op_resize, op_crop, op_indexcrop, op_rotate, op_orient, op_format, op_quality, op_interlace;
op_fn op_blur, op_bright, op_contrast, op_sharpen, op_circle, op_rounded, op_watermark;
op_fn op_average_hue, op_info;
