/* Walking boxes. Sizes are checked against what the box is in, so a walk always moves and ends. */
#include "worker/box.h"

#include "base/limits.h"

bool box_next (struct input *in, uint64_t *at, uint64_t end, struct box *ret)
{
    const uint8_t *p = *at <= end && end - *at >= 8 ? input_at (in, *at, 8) : NULL;
    if (!p)
        return false;
    uint64_t size = get_u32be (p), head = 8;
    ret->type = get_u32be (p + 4);
    if (size == 0)
        size = end - *at;
    if (size == 1) {
        head = 16;
        if (!(p = input_at (in, *at, 16)))
            return false;
        size = get_u64be (p + 8);
    }
    if (size < head)
        return false;
    ret->at = *at + head;
    ret->end = size < end - *at ? *at + size : end;
    *at = ret->end;
    return ret->at <= ret->end;
}

bool box_find (struct input *in, const struct box *parent, unsigned skip, uint32_t type,
               struct box *ret)
{
    uint64_t at = parent->at + skip;
    for (unsigned i = 0; i < LIMIT_SEGMENTS && box_next (in, &at, parent->end, ret); i++)
        if (ret->type == type)
            return true;
    return false;
}

bool box_number (struct input *in, uint64_t *at, uint64_t end, unsigned bytes, uint64_t *ret)
{
    const uint8_t *p = *at <= end && end - *at >= bytes ? input_at (in, *at, bytes) : NULL;
    if (!p)
        return false;
    uint64_t value = 0;
    for (unsigned i = 0; i < bytes; i++)
        value = value << 8 | p[i];
    *at += bytes;
    *ret = value;
    return true;
}
