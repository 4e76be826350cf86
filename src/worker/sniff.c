/* From bytes to a type: the rows of the table first, then text, then what
 * has no magic. */
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

static const char *by_magic (struct input *in)
{
    for (size_t i = 0; i < sniff_n_magics; i++) {
        const char *type = match (in, &sniff_magics[i]);
        if (type)
            return type;
    }
    return NULL;
}

static const char *by_last_looks (struct input *in)
{
    for (size_t i = 0; i < sniff_n_last_looks; i++) {
        const char *type = sniff_last_looks[i](in);
        if (type)
            return type;
    }
    return "application/octet-stream";
}

const char *sniff (struct input *in)
{
    if (is_pdf (in))
        return "application/pdf";
    const char *type = by_magic (in);
    if (!type)
        type = sniff_text (in);
    return type ? sniff_by_extension (in, type) : by_last_looks (in);
}
