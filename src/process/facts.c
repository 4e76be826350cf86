/* What others want to know of a text: objects it takes, fonts, the format of its result. */
#include "base/macros.h"
#include "process/table.h"

size_t process_sources (const struct process *p,
                        const struct process_source *ret[LIMIT_PROCESS_SOURCES])
{
    size_t n = 0;
    for (size_t i = 0; i < p->n_ops && n < LIMIT_PROCESS_SOURCES; i++)
        if (p->ops[i].id == PROCESS_WATERMARK && p->ops[i].watermark.image != NULL)
            ret[n++] = p->ops[i].watermark.image;
    return n;
}

bool process_needs_fonts (const struct process *p)
{
    for (size_t i = 0; i < p->n_ops; i++)
        if (p->ops[i].id == PROCESS_WATERMARK && p->ops[i].watermark.text != NULL)
            return true;
    return p->kind == PROCESS_KIND_DOC_SNAPSHOT;
}

static enum process_format snapshot_format (enum process_snapshot format)
{
    return format == PROCESS_SNAPSHOT_PNG ? PROCESS_PNG : PROCESS_JPG;
}

enum process_format process_result (const struct process *p, enum process_format source)
{
    const struct process_op *last = &p->ops[p->n_ops - 1];
    if (process_row (last->id)->flags & PROCESS_ANSWERS_JSON)
        return PROCESS_JSON;
    if (last->id == PROCESS_VIDEO_SNAPSHOT)
        return snapshot_format (last->video_snapshot.f);
    if (last->id == PROCESS_DOC_SNAPSHOT)
        return snapshot_format (last->doc_snapshot.target);
    enum process_format format = source;
    for (size_t i = 0; i < p->n_ops; i++)
        if (p->ops[i].id == PROCESS_FORMAT)
            format = p->ops[i].convert.value;
    return format == PROCESS_GIF ? source : format;
}

const char *process_content_type (enum process_format format)
{
    static const char *const types[] = {
        [PROCESS_JPG] = "image/jpeg",        [PROCESS_PNG] = "image/png",
        [PROCESS_WEBP] = "image/webp",       [PROCESS_GIF] = "image/gif",
        [PROCESS_BMP] = "image/bmp",         [PROCESS_TIFF] = "image/tiff",
        [PROCESS_HEIC] = "image/heic",       [PROCESS_AVIF] = "image/avif",
        [PROCESS_JSON] = "application/json",
    };
    return (size_t) format < N_ELEMENTS (types) ? types[format] : "application/octet-stream";
}
