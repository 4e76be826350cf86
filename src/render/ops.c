/* The table of operations. Knows nothing of what they do. */
#include "render/ops.h"

static const struct row {
    op_fn *run;
    bool takes_any_colour; /* works on colours of a profile as well as on sRGB */
} rows[PROCESS_N_OPS] = {
    [PROCESS_RESIZE] = { op_resize, true },
    [PROCESS_CROP] = { op_crop, true },
    [PROCESS_INDEXCROP] = { op_indexcrop, true },
    [PROCESS_ROTATE] = { op_rotate, false },
    [PROCESS_AUTO_ORIENT] = { op_orient, true },
    [PROCESS_QUALITY] = { op_quality, true },
    [PROCESS_FORMAT] = { op_format, true },
    [PROCESS_INTERLACE] = { op_interlace, true },
    [PROCESS_BLUR] = { op_blur },
    [PROCESS_SHARPEN] = { op_sharpen },
    [PROCESS_BRIGHT] = { op_bright },
    [PROCESS_CONTRAST] = { op_contrast },
    [PROCESS_CIRCLE] = { op_circle, true },
    [PROCESS_ROUNDED_CORNERS] = { op_rounded, true },
    [PROCESS_WATERMARK] = { op_watermark },
    [PROCESS_AVERAGE_HUE] = { op_average_hue },
    [PROCESS_INFO] = { op_info, true },
};

enum err ops_run (struct render *r, const struct process_op *op, struct error *e)
{
    const struct row *row = &rows[op->id];
    if (!row->run)
        return FAIL (e, NOT_IMPLEMENTED, "this operation is not implemented");
    enum err err = row->takes_any_colour ? ERR_OK : picture_to_srgb (&r->picture, e);
    return err == ERR_OK ? row->run (r, op, e) : err;
}
