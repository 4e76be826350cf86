/* blur and sharpen: a Gaussian, and an unsharp mask with a small one. */
#include "render/filter.h"
#include "render/ops.h"

#define SHARPEN_RADIUS 3
#define SHARPEN_SIGMA  1.0

enum err op_blur (struct render *r, const struct process_op *op, struct error *e)
{
    float kernel[FILTER_RADIUS + 1];
    filter_gauss (kernel, op->blur.r, op->blur.s);
    return filter_run (&r->picture, kernel, op->blur.r, 0, 1, e);
}

/* At 100 a pixel's difference from its surroundings is doubled. */
enum err op_sharpen (struct render *r, const struct process_op *op, struct error *e)
{
    float kernel[FILTER_RADIUS + 1], amount = (float) op->sharpen.value / 100;
    filter_gauss (kernel, SHARPEN_RADIUS, SHARPEN_SIGMA);
    return filter_run (&r->picture, kernel, SHARPEN_RADIUS, 1 + amount, -amount, e);
}
