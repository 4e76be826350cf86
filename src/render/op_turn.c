/* rotate and auto-orient. */
#include "render/ops.h"

#define DEGREES_RIGHT 90
#define DEGREES_FULL  360

/* ---- right angles, mirrored or not ---- */

struct turn {
    VipsAngle angle;
    bool is_mirrored; /* afterwards, left to right */
};

static enum err turn_frame (VipsImage *frame, void *arg, VipsImage **ret, struct error *e)
{
    const struct turn *turn = arg;
    g_autoptr (VipsImage) turned = NULL;
    if (vips_rot (frame, &turned, turn->angle, NULL) ||
        (turn->is_mirrored ? vips_flip (turned, ret, VIPS_DIRECTION_HORIZONTAL, NULL)
                           : vips_copy (turned, ret, NULL)))
        return picture_failed (e);
    return ERR_OK;
}

static enum err turn_picture (struct picture *p, const struct turn *turn, struct error *e)
{
    enum err err = ERR_OK;
    if (turn->angle != VIPS_ANGLE_D0)
        err = picture_keep (p, e);
    return err == ERR_OK ? picture_each (p, turn_frame, (void *) turn, e) : err;
}

/* By EXIF orientation. */
static const struct turn turns[] = {
    [1] = { VIPS_ANGLE_D0, false },   [2] = { VIPS_ANGLE_D0, true },
    [3] = { VIPS_ANGLE_D180, false }, [4] = { VIPS_ANGLE_D180, true },
    [5] = { VIPS_ANGLE_D90, true },   [6] = { VIPS_ANGLE_D90, false },
    [7] = { VIPS_ANGLE_D270, true },  [8] = { VIPS_ANGLE_D270, false },
};

enum err op_orient (struct render *r, const struct process_op *op, struct error *e)
{
    struct picture *p = &r->picture;
    int orientation = p->orientation;
    if (!op->auto_orient.value || orientation == 1)
        return ERR_OK;
    p->orientation = 1;
    if (orientation > 4)
        p->full = (struct process_size){ p->full.height, p->full.width };
    return turn_picture (p, &turns[orientation], e);
}

/* ---- any angle ---- */

/* The corners are transparent where the format can say so, else they become white when it is
 * saved. */
static enum err rotate_frame (VipsImage *frame, void *arg, VipsImage **ret, struct error *e)
{
    const double *degrees = arg;
    struct process_size to =
        process_rotated ((int32_t) *degrees,
                         (struct process_size){ (uint32_t) frame->Xsize, (uint32_t) frame->Ysize });
    g_autoptr (VipsImage) weighed = NULL;
    g_autoptr (VipsImage) rotated = NULL;
    g_autoptr (VipsImage) back = NULL;
    g_autoptr (VipsImage) bytes = NULL;
    if (vips_premultiply (frame, &weighed, NULL) ||
        vips_rotate (weighed, &rotated, *degrees, NULL) ||
        vips_unpremultiply (rotated, &back, NULL) ||
        vips_cast (back, &bytes, VIPS_FORMAT_UCHAR, NULL) ||
        vips_gravity (bytes, ret, VIPS_COMPASS_DIRECTION_CENTRE, (int) to.width, (int) to.height,
                      NULL))
        return picture_failed (e);
    return ERR_OK;
}

enum err op_rotate (struct render *r, const struct process_op *op, struct error *e)
{
    static const struct turn right[] = { { VIPS_ANGLE_D0, false },
                                         { VIPS_ANGLE_D90, false },
                                         { VIPS_ANGLE_D180, false },
                                         { VIPS_ANGLE_D270, false } };
    struct picture *p = &r->picture;
    struct process_size size = picture_size (p);
    double degrees = op->rotate.value % DEGREES_FULL;
    enum err err = process_resize_by (op, (uint32_t) p->n_frames, NULL, &size, e);
    if (err != ERR_OK || degrees == 0)
        return err;
    if (op->rotate.value % DEGREES_RIGHT == 0)
        return turn_picture (p, &right[op->rotate.value % DEGREES_FULL / DEGREES_RIGHT], e);
    err = picture_add_alpha (p, e);
    if (err == ERR_OK)
        err = picture_keep (p, e);
    return err == ERR_OK ? picture_each (p, rotate_frame, &degrees, e) : err;
}
