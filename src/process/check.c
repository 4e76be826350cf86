/* Limits that follow from numbers alone. */
#include "process/geometry.h"

static enum err check_source (struct process_size size, uint32_t frames, struct error *e)
{
    if (MAX (size.width, size.height) > LIMIT_SOURCE_SIDE)
        return FAIL_ON (e, IMAGE_TOO_LARGE, "0040-00000009",
                        "The source image of %u x %u is too large: %d pixels a side are allowed.",
                        size.width, size.height, LIMIT_SOURCE_SIDE);
    uint64_t pixels = (uint64_t) size.width * size.height; /* at most LIMIT_SOURCE_SIDE squared */
    if (pixels * frames > LIMIT_SOURCE_PIXELS)
        return FAIL_ON (e, IMAGE_TOO_LARGE, "0040-00000012",
                        "The source image of %u x %u with %u frame(s) is too large: %d pixels "
                        "are allowed.",
                        size.width, size.height, frames, LIMIT_SOURCE_PIXELS);
    return ERR_OK;
}

/* A resize that says by itself how large its result is: it has both sides, and may enlarge. */
static enum err check_text (const struct process_op *op, struct error *e)
{
    const struct process_resize *r = &op->resize;
    bool tells = op->id == PROCESS_RESIZE && !r->limit && r->has_w && r->has_h &&
                 (r->m == PROCESS_FIXED || r->m == PROCESS_FILL || r->m == PROCESS_PAD);
    struct process_resize fixed = *r;
    fixed.m = PROCESS_FIXED;
    struct process_scaling scaling;
    return tells ? process_scale (&fixed, (struct process_size){ 1, 1 }, false, NULL, &scaling, e)
                 : ERR_OK;
}

static enum err resize_by_resize (const struct process_op *op, uint32_t frames,
                                  const struct process_size *main, struct process_size *size,
                                  struct error *e)
{
    struct process_scaling scaling;
    enum err r = process_scale (&op->resize, *size, frames > 1, main, &scaling, e);
    if (r == ERR_OK)
        *size = scaling.canvas;
    return r;
}

static enum err resize_by_rotate (const struct process_op *op, struct process_size *size,
                                  struct error *e)
{
    if (MAX (size->width, size->height) > LIMIT_ROTATE_SIDE)
        return FAIL_ON (e, IMAGE_TOO_LARGE, "0040-00000006",
                        "Picture exceed the maximum allowable rotation range: %d pixels a side.",
                        LIMIT_ROTATE_SIDE);
    *size = process_rotated (op->rotate.value, *size);
    return ERR_OK;
}

static enum err check_format (enum process_format format, struct process_size size, struct error *e)
{
    uint32_t side = MAX (size.width, size.height);
    uint64_t pixels = (uint64_t) size.width * size.height;
    if (format == PROCESS_WEBP && side > LIMIT_WEBP_SIDE)
        return FAIL_ON (e, IMAGE_TOO_LARGE, "0040-00000011",
                        "A WebP image of %u x %u is too large: %d pixels a side are allowed.",
                        size.width, size.height, LIMIT_WEBP_SIDE);
    if (format == PROCESS_HEIC && side > LIMIT_HEIC_SIDE)
        return FAIL (e, IMAGE_TOO_LARGE,
                     "A HEIC image of %u x %u is too large: %d pixels a side are allowed.",
                     size.width, size.height, LIMIT_HEIC_SIDE);
    if (format == PROCESS_AVIF && (size.width > LIMIT_AVIF_WIDTH || pixels > LIMIT_AVIF_PIXELS))
        return FAIL (e, IMAGE_TOO_LARGE,
                     "An AVIF image of %u x %u is too large: a width of %d and %d pixels are "
                     "allowed.",
                     size.width, size.height, LIMIT_AVIF_WIDTH, LIMIT_AVIF_PIXELS);
    return ERR_OK;
}

enum err process_resize_by (const struct process_op *op, uint32_t frames,
                            const struct process_size *main, struct process_size *size,
                            struct error *e)
{
    struct process_box box = { 0, 0, size->width, size->height };
    enum err r = ERR_OK;
    switch (op->id) {
    case PROCESS_RESIZE:
        return resize_by_resize (op, frames, main, size, e);
    case PROCESS_ROTATE:
        return resize_by_rotate (op, size, e);
    case PROCESS_CROP:
        r = process_cut (&op->crop, *size, &box, e);
        break;
    case PROCESS_INDEXCROP:
        box = process_slice (&op->indexcrop, *size);
        break;
    case PROCESS_CIRCLE:
        box = process_circle (&op->circle, *size);
        break;
    default:
        break;
    }
    if (r == ERR_OK)
        *size = (struct process_size){ box.width, box.height };
    return r;
}

enum err process_check_result (const struct process *p, enum process_format source,
                               struct process_size size, struct error *e)
{
    return check_format (process_result (p, source), size, e);
}

enum err process_check_size (const struct process *p, uint32_t width, uint32_t height,
                             uint32_t frames, struct error *e)
{
    struct process_size size = { width, height };
    bool is_known = width > 0 && height > 0;
    bool is_info = p->n_ops && p->ops[0].id == PROCESS_INFO;
    bool is_looked_at = p->kind == PROCESS_KIND_IMAGE && !is_info;
    enum err r = is_looked_at && is_known ? check_source (size, MAX (frames, 1), e) : ERR_OK;
    for (size_t i = 0; is_looked_at && r == ERR_OK && i < p->n_ops; i++) {
        const struct process_op *op = &p->ops[i];
        /* which side is which is known only when the EXIF orientation is */
        is_known = is_known && !(op->id == PROCESS_AUTO_ORIENT && op->auto_orient.value &&
                                 size.width != size.height);
        r = is_known ? process_resize_by (op, frames, NULL, &size, e) : check_text (op, e);
    }
    /* a format that is not named is the source's, and JPG has no limit here */
    if (is_looked_at && is_known && p->n_ops && r == ERR_OK)
        r = process_check_result (p, PROCESS_JPG, size, e);
    return r;
}
