/* crop and indexcrop: a part of the picture. */
#include "render/ops.h"

static enum err cut_frame (VipsImage *frame, void *arg, VipsImage **ret, struct error *e)
{
    const struct process_box *box = arg;
    if (vips_extract_area (frame, ret, (int) box->x, (int) box->y, (int) box->width,
                           (int) box->height, NULL))
        return picture_failed (e);
    return ERR_OK;
}

enum err op_crop (struct render *r, const struct process_op *op, struct error *e)
{
    struct process_box box;
    enum err err = process_cut (&op->crop, picture_size (&r->picture), &box, e);
    return err == ERR_OK ? picture_each (&r->picture, cut_frame, &box, e) : err;
}

enum err op_indexcrop (struct render *r, const struct process_op *op, struct error *e)
{
    struct process_box box = process_slice (&op->indexcrop, picture_size (&r->picture));
    return picture_each (&r->picture, cut_frame, &box, e);
}
