/* Sizes and places. */
#include <assert.h>
#include <math.h>

#include "process/geometry.h"

/* a * b / c, rounded to the nearest, at least 1. */
static uint32_t ratio (uint64_t a, uint64_t b, uint64_t c)
{
    uint64_t rounded = (2 * a * b + c) / (2 * c);
    return rounded == 0 ? 1 : (uint32_t) MIN (rounded, UINT32_MAX);
}

static uint64_t area (struct process_size size)
{
    return (uint64_t) size.width * size.height;
}

/* As large as it gets within `box`, or as small as it gets around it. */
static struct process_size fit (struct process_size source, struct process_size box, bool is_around)
{
    bool is_by_width = (uint64_t) box.width * source.height <= (uint64_t) box.height * source.width;
    if (is_by_width != is_around)
        return (struct process_size){ box.width, ratio (source.height, box.width, source.width) };
    return (struct process_size){ ratio (source.width, box.height, source.height), box.height };
}

/* By one side; the other follows. */
static struct process_size by_width (struct process_size source, uint32_t width)
{
    return (struct process_size){ width, ratio (source.height, width, source.width) };
}

static struct process_size by_height (struct process_size source, uint32_t height)
{
    return (struct process_size){ ratio (source.width, height, source.height), height };
}

/* What w and h, or l and s, ask for: a box whose sides are both known, or one side (the other is
 * 0). */
static struct process_size asked_box (const struct process_resize *r, struct process_size source)
{
    bool is_wide = source.width >= source.height;
    uint32_t w = r->has_w ? (uint32_t) r->w : 0, h = r->has_h ? (uint32_t) r->h : 0;
    if (w == 0 && h == 0) {
        uint32_t l = r->has_l ? (uint32_t) r->l : 0, s = r->has_s ? (uint32_t) r->s : 0;
        return is_wide ? (struct process_size){ l, s } : (struct process_size){ s, l };
    }
    if (r->m == PROCESS_PAD || r->m == PROCESS_FILL)
        return (struct process_size){ w != 0 ? w : h, h != 0 ? h : w };
    return (struct process_size){ w, h };
}

static void lay (struct process_scaling *scaling, struct process_size scaled)
{
    *scaling = (struct process_scaling){ .scaled = scaled,
                                         .part = { 0, 0, scaled.width, scaled.height },
                                         .canvas = scaled };
}

static void lay_in_box (struct process_scaling *scaling, enum process_mode mode,
                        struct process_size source, struct process_size box)
{
    lay (scaling, mode == PROCESS_FIXED
                      ? box
                      : fit (source, box, mode == PROCESS_MFIT || mode == PROCESS_FILL));
    struct process_size scaled = scaling->scaled;
    if (mode == PROCESS_FILL) {
        scaling->part =
            (struct process_box){ (scaled.width - box.width) / 2, (scaled.height - box.height) / 2,
                                  box.width, box.height };
        scaling->canvas = box;
    } else if (mode == PROCESS_PAD) {
        scaling->canvas = box;
        scaling->x = (box.width - scaled.width) / 2;
        scaling->y = (box.height - scaled.height) / 2;
    }
}

/* Returns true if it may enlarge. */
static bool scale (const struct process_resize *resize, struct process_size source,
                   const struct process_size *main, struct process_scaling *ret)
{
    if (resize->has_percent_of_main) {
        assert (main != NULL);
        uint32_t percent = (uint32_t) resize->percent_of_main;
        struct process_size box = { ratio (main->width, percent, 100),
                                    ratio (main->height, percent, 100) };
        lay (ret, fit (source, box, false));
        return true;
    }
    if (!resize->has_w && !resize->has_h && !resize->has_l && !resize->has_s) {
        uint32_t percent = resize->has_p ? (uint32_t) resize->p : 100;
        lay (ret, (struct process_size){ ratio (source.width, percent, 100),
                                         ratio (source.height, percent, 100) });
        return true;
    }
    struct process_size box = asked_box (resize, source);
    if (box.height == 0)
        lay (ret, by_width (source, box.width));
    else if (box.width == 0)
        lay (ret, by_height (source, box.height));
    else
        lay_in_box (ret, resize->m, source, box);
    return !resize->limit;
}

enum err process_scale (const struct process_resize *resize, struct process_size source,
                        bool is_animated, const struct process_size *main,
                        struct process_scaling *ret, struct error *e)
{
    struct process_scaling scaling;
    bool may_enlarge = scale (resize, source, main, &scaling) && !is_animated;
    struct process_size scaled = scaling.scaled, canvas = scaling.canvas;
    if (!may_enlarge && (scaled.width > source.width || scaled.height > source.height)) {
        lay (ret, source);
        return ERR_OK;
    }
    bool is_changed = canvas.width != source.width || canvas.height != source.height;
    if (is_changed && (MAX (canvas.width, canvas.height) > LIMIT_RESULT_SIDE ||
                       area (canvas) > LIMIT_RESULT_PIXELS || area (scaled) > LIMIT_SOURCE_PIXELS))
        return FAIL_ON (e, IMAGE_TOO_LARGE, "0040-00000007",
                        "The resized image of %u x %u is too large: %d pixels a side and %d in all "
                        "are allowed.",
                        canvas.width, canvas.height, LIMIT_RESULT_SIDE, LIMIT_RESULT_PIXELS);
    *ret = scaling;
    return ERR_OK;
}

/* Where a part of that length begins on a side: before, in the middle or behind. */
static int64_t begin (enum process_gravity g, bool is_vertical, int64_t side, int64_t length)
{
    /* PROCESS_NW to PROCESS_SE are the fields of a square, line by line. */
    int place = is_vertical ? (int) g / 3 : (int) g % 3;
    return place == 0 ? 0 : place == 1 ? (side - length) / 2 : side - length;
}

enum err process_cut (const struct process_crop *crop, struct process_size source,
                      struct process_box *ret, struct error *e)
{
    int64_t side[2] = { source.width, source.height };
    int64_t asked[2] = { crop->has_w ? crop->w : 0, crop->has_h ? crop->h : 0 };
    int64_t offset[2] = { crop->x, crop->y };
    int64_t from[2], length[2];
    for (int i = 0; i < 2; i++) {
        length[i] = asked[i] == 0 || asked[i] > side[i] ? side[i] : asked[i];
        from[i] = begin (crop->g, i == 1, side[i], length[i]) + offset[i];
        if (from[i] >= side[i])
            return FAIL (e, PROCESS_REQUEST, "Advance cut's position is out of image.");
        length[i] = MIN (length[i], side[i] - from[i]);
    }
    *ret = (struct process_box){ (uint32_t) from[0], (uint32_t) from[1], (uint32_t) length[0],
                                 (uint32_t) length[1] };
    return ERR_OK;
}

struct process_box process_slice (const struct process_indexcrop *indexcrop,
                                  struct process_size source)
{
    struct process_box box = { 0, 0, source.width, source.height };
    bool is_vertical = indexcrop->has_y;
    uint32_t side = is_vertical ? source.height : source.width;
    uint32_t step = (uint32_t) (is_vertical ? indexcrop->y : indexcrop->x);
    uint64_t from = (uint64_t) indexcrop->i * step;
    if (from >= side)
        return box;
    uint32_t length = MIN (step, side - (uint32_t) from);
    if (is_vertical) {
        box.y = (uint32_t) from;
        box.height = length;
    } else {
        box.x = (uint32_t) from;
        box.width = length;
    }
    return box;
}

struct process_box process_circle (const struct process_circle *circle, struct process_size source)
{
    uint32_t least = (MIN (source.width, source.height) - 1) / 2;
    uint32_t side = MIN ((uint32_t) circle->r, least) * 2 + 1;
    return (struct process_box){ (source.width - side) / 2, (source.height - side) / 2, side,
                                 side };
}

uint32_t process_radius (int32_t r, struct process_size source)
{
    return MIN ((uint32_t) r, MIN (source.width, source.height) / 2);
}

struct process_size process_rotated (int32_t degrees, struct process_size source)
{
    if (degrees % 180 == 0)
        return source;
    if (degrees % 90 == 0)
        return (struct process_size){ source.height, source.width };
    double angle = degrees * G_PI / 180;
    double c = fabs (cos (angle)), s = fabs (sin (angle));
    return (struct process_size){ (uint32_t) lround (source.width * c + source.height * s),
                                  (uint32_t) lround (source.width * s + source.height * c) };
}

void process_place (enum process_gravity g, struct process_size canvas, struct process_size item,
                    int32_t x, int32_t y, int32_t voffset, int32_t *ret_x, int32_t *ret_y)
{
    int column = (int) g % 3, line = (int) g / 3;
    int64_t left = begin (g, false, canvas.width, item.width);
    int64_t top = begin (g, true, canvas.height, item.height);
    *ret_x = (int32_t) (column == 0 ? left + x : column == 1 ? left : left - x);
    *ret_y = (int32_t) (line == 0 ? top + y : line == 1 ? top + voffset : top - y);
}
