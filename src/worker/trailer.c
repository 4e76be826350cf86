/* Readers of the index of pictures (CIPA DC-007) and of Samsung's table of trailers. */
#include "worker/trailer.h"

#include <string.h>
#include <glib.h>

#include "base/limits.h"

enum { PICTURES = 0xb002, PICTURE_SIZE = 16 };

struct index {
    struct input *in;
    uint64_t at, length;
    bool is_little;
};

/* A number of 2 or 4 bytes; 0 behind the end. */
static uint32_t number (const struct index *x, uint64_t offset, unsigned bytes)
{
    const uint8_t *p = offset <= x->length && bytes <= x->length - offset
                           ? input_at (x->in, x->at + offset, bytes)
                           : NULL;
    if (!p)
        return 0;
    if (bytes == 2)
        return x->is_little ? get_u16le (p) : get_u16be (p);
    return x->is_little ? get_u32le (p) : get_u32be (p);
}

/* Types of pictures stand in the lower 24 bits of their attributes: 2 in the upper byte of these
 * means one of several views. */
static unsigned count_views (const struct index *x, uint64_t offset, uint32_t n)
{
    unsigned views = 0;
    for (uint32_t i = 0; i < n && i < LIMIT_PICTURES; i++)
        views += (number (x, offset + i * PICTURE_SIZE, 4) >> 16 & 0xff) == 2;
    return MAX (views, 1);
}

unsigned trailer_pictures (struct input *in, uint64_t at, uint64_t length)
{
    const uint8_t *p = length >= 8 ? input_at (in, at, 2) : NULL;
    if (!p || (memcmp (p, "II", 2) && memcmp (p, "MM", 2)))
        return 1;
    struct index x = { in, at, length, p[0] == 'I' };
    uint64_t directory = number (&x, 4, 4);
    uint32_t n = MIN (number (&x, directory, 2), LIMIT_EXIF_ENTRIES);
    for (uint32_t i = 0; i < n; i++) {
        uint64_t entry = directory + 2 + i * 12u;
        if (number (&x, entry, 2) == PICTURES)
            return count_views (&x, number (&x, entry + 8, 4),
                                number (&x, entry + 4, 4) / PICTURE_SIZE);
    }
    return 1;
}

/* At the very end: "SEFH", a version, a count, entries of 12 bytes; the length of that, "SEFT". An
 * entry has its kind in the second half of its first word. */
bool trailer_has_video (struct input *in)
{
    enum { VIDEO = 0x0a30, HEAD = 12, ENTRY = 12, TAIL = TRAILER_TAIL };
    const uint8_t *p = in->size >= HEAD + TAIL ? input_at (in, in->size - TAIL, TAIL) : NULL;
    if (!p || memcmp (p + 4, "SEFT", 4) || get_u32le (p) > in->size - TAIL)
        return false;
    uint64_t at = in->size - TAIL - get_u32le (p);
    p = input_at (in, at, HEAD);
    if (!p || memcmp (p, "SEFH", 4))
        return false;
    uint32_t n = MIN (get_u32le (p + 8), LIMIT_TRAILERS);
    for (uint32_t i = 0; i < n && (p = input_at (in, at + HEAD + i * ENTRY, ENTRY)); i++)
        if (get_u16le (p + 2) == VIDEO)
            return true;
    return false;
}
