/* Sizes and places: what each operation makes of a width and a height. The server refuses by it
 * what would be too large, the renderer does exactly what it says. Fractions are rounded to the
 * nearest, no side becomes 0.
 */
#pragma once

#include "process/process.h"

struct process_size {
    uint32_t width, height;
};

struct process_box {
    uint32_t x, y, width, height;
};

/* The image is scaled to `scaled`; of that `part` is kept; that is laid at (x, y) of a canvas of
 * size `canvas`, whose rest has the color of the operation. Without fill and pad all three are the
 * same. */
struct process_scaling {
    struct process_size scaled;
    struct process_box part;
    struct process_size canvas;
    uint32_t x, y;
};

/* `main` is the size of the image that a watermark is laid on, for P; NULL otherwise. An animated
 * source is never enlarged, and p is refused for it (PROCESS_ARGUMENT). A result that is larger
 * than the limits is IMAGE_TOO_LARGE. */
NODISCARD enum err process_scale (const struct process_resize *resize, struct process_size source,
                                  bool is_animated, const struct process_size *main,
                                  struct process_scaling *ret, struct error *e);

/* PROCESS_REQUEST if it begins outside of the image. */
NODISCARD enum err process_cut (const struct process_crop *crop, struct process_size source,
                                struct process_box *ret, struct error *e);

/* The whole image if there is no such slice. */
struct process_box process_slice (const struct process_indexcrop *indexcrop,
                                  struct process_size source);

/* The square around the circle: 2 r + 1 pixels a side, r being at most (the shorter side - 1) / 2.
 */
struct process_box process_circle (const struct process_circle *circle, struct process_size source);

/* Radius of rounded corners: at most half of the shorter side. */
uint32_t process_radius (int32_t r, struct process_size source);

/* The smallest canvas that holds the image, rotated. */
struct process_size process_rotated (int32_t degrees, struct process_size source);

/* Where the upper left corner of something of size `item` is laid on `canvas`; may be negative or
 * outside. voffset counts for west, center and east, and there in place of y. */
void process_place (enum process_gravity g, struct process_size canvas, struct process_size item,
                    int32_t x, int32_t y, int32_t voffset, int32_t *ret_x, int32_t *ret_y);

/* What `op` makes of `size`, in place, with the limits of each operation. auto-orient and watermark
 * change nothing here; `main` as in process_scale(). */
NODISCARD enum err process_resize_by (const struct process_op *op, uint32_t frames,
                                      const struct process_size *main, struct process_size *size,
                                      struct error *e);

/* Refuses a result of that size in the format that a source of that format gives. */
NODISCARD enum err process_check_result (const struct process *p, enum process_format source,
                                         struct process_size size, struct error *e);
