/* What demuxers are about to read of an object that is not all known, and how long that is: said at
 * once, where they would find it out piece by piece. */
#include <string.h>

#include "base/limits.h"
#include "worker/box.h"
#include "worker/media.h"

/* All tags stand before the sound, pictures included. */
static void want_id3 (struct input *in)
{
    const uint8_t *p = input_at (in, 0, 10);
    if (p && !memcmp (p, "ID3", 3))
        input_want (in, 0,
                    10 + ((p[6] & 0x7fu) << 21 | (p[7] & 0x7fu) << 14 | (p[8] & 0x7fu) << 7 |
                          (p[9] & 0x7fu)));
}

/* The table of contents, before or behind all that it is about. */
static void want_movie (struct input *in)
{
    uint64_t at = 0;
    struct box box;
    for (unsigned i = 0; i < LIMIT_SEGMENTS && box_next (in, &at, in->size, &box); i++)
        if (box.type == BOX_TYPE ('m', 'o', 'o', 'v')) {
            input_want (in, box.at, box.end - box.at);
            return;
        }
    /* What is behind the recording itself is small, and much of it is that table. */
    if (at < in->size && in->size - at <= INPUT_AHEAD)
        input_want (in, at, in->size - at);
}

bool media_want_header (struct input *in, const char *demuxer)
{
    if (in->n_known)
        want_id3 (in);
    if (in->n_known && !strcmp (demuxer, "mov"))
        want_movie (in);
    return !input_is_waiting (in);
}
