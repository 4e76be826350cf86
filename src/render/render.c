/* Jobs: the source becomes a picture, operations change it, an encoder ends it. */
#include "render/render.h"

#include "render/load.h"
#include "render/object.h"
#include "render/ops.h"
#include "render/save.h"

/* What looks at the object itself needs no pixels. */
static bool needs_picture (const struct process *p)
{
    return !p || !p->n_ops || p->ops[0].id != PROCESS_INFO;
}

enum err render_picture (struct render *r, struct error *e)
{
    enum err err = needs_picture (r->process) ? load_picture (r, e) : ERR_OK;
    for (size_t i = 0; err == ERR_OK && r->process && i < r->process->n_ops; i++)
        err = ops_run (r, &r->process->ops[i], e);
    return err;
}

/* How each kind of process comes to its picture, or answer. */
static enum err (*const kinds[]) (struct render *r, struct error *e) = {
    [PROCESS_KIND_IMAGE] = render_picture,
    [PROCESS_KIND_VIDEO_SNAPSHOT] = object_video_snapshot,
    [PROCESS_KIND_VIDEO_INFO] = object_media_info,
    [PROCESS_KIND_AUDIO_INFO] = object_media_info,
    [PROCESS_KIND_DOC_SNAPSHOT] = object_doc_snapshot,
};

static void take_answer (struct render *r, struct render_result *ret)
{
    *ret = (struct render_result){ .size = r->answer->len, .format = PROCESS_JSON };
    ret->bytes = (uint8_t *) g_string_free (r->answer, FALSE);
    r->answer = NULL;
}

enum err render_run (struct render *r, struct render_result *ret, struct error *e)
{
    enum process_kind kind = r->process->kind;
    r->picture = PICTURE_NONE;
    vips_error_clear (); /* warnings of the job before are another user's */
    if (kind >= N_ELEMENTS (kinds) || !kinds[kind])
        return FAIL (e, NOT_IMPLEMENTED, "this operation is not implemented");
    enum err err = kinds[kind](r, e);
    if (err != ERR_OK)
        return err;
    if (!r->answer)
        return save_picture (r, ret, e);
    take_answer (r, ret);
    return ERR_OK;
}

void render_clear (struct render *r)
{
    vips_thread_shutdown (); /* memory that was kept for the next pixels */
    picture_clear (&r->picture);
    if (r->answer)
        g_string_free (r->answer, TRUE);
    r->answer = NULL;
    source_clear (&r->source);
    for (unsigned i = 0; i < r->n_extras; i++)
        source_clear (&r->extras[i]);
}
