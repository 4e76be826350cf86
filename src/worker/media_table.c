/* From a type to a demuxer. */
#include <string.h>
#include <glib.h>

#include "worker/media.h"

static const struct row {
    const char *type, *demuxer, *bytes;
    size_t length;
} rows[] = {
#define MEDIA(type, demuxer, bytes) { type, demuxer, bytes, sizeof (bytes) - 1 },
#include "worker/media.def"
#undef MEDIA
};

const char *media_demuxer (struct input *in, const char *type)
{
    for (size_t i = 0; i < G_N_ELEMENTS (rows); i++) {
        const uint8_t *p = input_at (in, 0, rows[i].length);
        if (!strcmp (rows[i].type, type) && p && !memcmp (p, rows[i].bytes, rows[i].length))
            return rows[i].demuxer;
    }
    return NULL;
}
