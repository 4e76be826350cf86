/* format, quality and interlace: noted for when the picture is saved; process_result() tells the
 * format. */
#include "render/ops.h"

enum err op_format (struct render *r UNUSED, const struct process_op *op UNUSED,
                    struct error *e UNUSED)
{
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
