/* From bytes to a type: the rows of the table first, then text. */
#include "worker/sniff.h"

#include <string.h>
#include <glib.h>

#include "worker/sniff_table.h"

static const char *match (struct input *in, const struct magic *row)
{
    const uint8_t *p = input_at (in, row->offset, row->length);
    if (!p || memcmp (p, row->bytes, row->length))
        return NULL;
    return row->refine ? row->refine (in) : row->type;
}

/* PDF readers take what stands before the header; so do we, within the first KiB. */
static bool is_pdf (const struct input *in)
{
    return memmem (in->head, MIN (in->head_length, 1024), "%PDF-", 5);
}

/* Text without a type of its own may be what its extension says. */
static const char *refine_text (const struct input *in, const char *type)
{
    if (!strcmp (type, "text/plain"))
        for (size_t i = 0; i < sniff_n_text_extensions; i++)
            if (!strcmp (in->extension, sniff_text_extensions[i].extension))
                return sniff_text_extensions[i].type;
    return type;
}

const char *sniff (struct input *in)
{
    if (is_pdf (in))
        return "application/pdf";
    for (size_t i = 0; i < sniff_n_magics; i++) {
        const char *type = match (in, &sniff_magics[i]);
        if (type)
            return type;
    }
    const char *type = sniff_text (in);
    if (type)
        return refine_text (in, type);
    type = sniff_tga (in);
    return type ? type : "application/octet-stream";
}
