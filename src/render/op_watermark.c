/* watermark: an image, a text, or both beside each other. */
#include "process/geometry.h"
#include "render/mark.h"
#include "render/ops.h"

/* The first frame as a mark. */
static enum err to_mark (struct picture *p, VipsImage **ret, struct error *e)
{
    enum err err = picture_first_frame (p, e);
    if (err == ERR_OK)
        err = picture_to_srgb (p, e);
    if (err == ERR_OK)
        err = picture_to_rgb (p, e);
    if (err == ERR_OK)
        err = picture_add_alpha (p, e);
    if (err == ERR_OK)
        err = picture_keep (p, e);
    if (err == ERR_OK)
        *ret = g_object_ref (p->image);
    return err;
}

/* The next of the objects that came with the job, processed as it is to be. */
static enum err make_image (struct render *r, const struct process_source *source, VipsImage **ret,
                            struct error *e)
{
    struct error why;
    struct process_size main = picture_size (&r->picture);
    if (r->next_extra >= r->n_extras)
        return FAIL (e, WATERMARK, "the object of the watermark did not come");
    struct render extra = { .source = r->extras[r->next_extra++],
                            .process = source->process,
                            .main = &main,
                            .picture = PICTURE_NONE };
    enum err err = render_picture (&extra, &why);
    if (err == ERR_OK && !extra.picture.image)
        err = FAIL (&why, WATERMARK, "it is processed to something that is no image");
    if (err == ERR_OK)
        err = to_mark (&extra.picture, ret, &why);
    render_clear (&extra);
    if (err == ERR_OK)
        return ERR_OK;
    if (err == ERR_IO)
        return FAIL (e, IO, "%s", why.message);
    return FAIL_ON (e, WATERMARK, err == ERR_PROCESS_REQUEST ? "0040-00000027" : NULL,
                    "the object of the watermark: %s", why.message);
}

static enum err make_mark (struct render *r, const struct process_watermark *w, VipsImage **ret,
                           struct error *e)
{
    g_autoptr (VipsImage) image = NULL, text = NULL;
    enum err err = w->image ? make_image (r, w->image, &image, e) : ERR_OK;
    if (err == ERR_OK && w->text)
        err = mark_text (w, &text, e);
    if (err == ERR_OK && image && text)
        return mark_join (w, image, text, ret, e);
    *ret = image ? g_steal_pointer (&image) : g_steal_pointer (&text);
    return err;
}

enum err op_watermark (struct render *r, const struct process_op *op, struct error *e)
{
    g_autoptr (VipsImage) mark = NULL;
    enum err err = make_mark (r, &op->watermark, &mark, e);
    if (err != ERR_OK || !mark)
        return err;
    return mark_lay (&op->watermark, mark, &r->picture, e);
}
