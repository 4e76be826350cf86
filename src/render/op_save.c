/* format, quality and interlace: noted for when the picture is saved. */
#include "render/ops.h"

enum err op_format (struct render *r, const struct process_op *op, struct error *e UNUSED)
{
    /* GIFs alone become GIFs, and all else stays what it is: process_result() */
    r->save.has_format = op->convert.value != PROCESS_GIF;
    r->save.format = op->convert.value;
    return ERR_OK;
}

enum err op_quality (struct render *r, const struct process_op *op, struct error *e UNUSED)
{
    r->save.relative = op->quality.has_relative ? op->quality.relative : 0;
    r->save.absolute = op->quality.has_absolute ? op->quality.absolute : 0;
    return ERR_OK;
}

enum err op_interlace (struct render *r, const struct process_op *op, struct error *e UNUSED)
{
    r->save.is_interlaced = op->interlace.value == 1;
    return ERR_OK;
}
