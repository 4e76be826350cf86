/* Bounded reads from the descriptor of a job. Knows nothing of formats. */
#include "worker/input.h"

#include <errno.h>
#include <string.h>
#include <glib.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/macros.h"

/* ---- what is known ---- */

/* Adds a range to those that were missed, and merges it with what it touches. One too many is left
 * out: it will be missed again. */
static void add_missed (struct input *in, uint64_t at, uint64_t end)
{
    struct frame_range *m = in->missed;
    unsigned first = 0, last;
    while (first < in->n_missed && m[first].at + m[first].length < at)
        first++;
    for (last = first; last < in->n_missed && m[last].at <= end; last++) {
        at = MIN (at, m[last].at);
        end = MAX (end, m[last].at + m[last].length);
    }
    if (first == last && in->n_missed == FRAME_NEEDS)
        return;
    memmove (m + first + 1, m + last, (in->n_missed - last) * sizeof *m);
    in->n_missed = in->n_missed + 1 - (last - first);
    m[first] = (struct frame_range){ at, end - at };
}

/* The part of the object around `offset` that is wholly known, or wholly not. */
static bool find_part (const struct input *in, uint64_t offset, uint64_t *ret_at, uint64_t *ret_end)
{
    *ret_at = 0;
    *ret_end = in->size;
    for (unsigned i = 0; i < in->n_known; i++) {
        uint64_t at = in->known[i].at, end = at + in->known[i].length;
        if (offset < at) {
            *ret_end = at;
            return false;
        }
        if (offset < end) {
            *ret_at = at;
            *ret_end = end;
            return true;
        }
        *ret_at = end;
    }
    return in->n_known == 0;
}

bool input_knows (const struct input *in, uint64_t offset, uint64_t length)
{
    uint64_t at, end, left = offset < in->size ? in->size - offset : 0;
    length = MIN (length, left);
    return length == 0 || (find_part (in, offset, &at, &end) && length <= end - offset);
}

bool input_want (struct input *in, uint64_t offset, uint64_t length)
{
    uint64_t left = offset < in->size ? in->size - offset : 0;
    uint64_t end = offset + MIN (MIN (length, left), INPUT_AHEAD);
    bool is_known = input_knows (in, offset, length);
    while (offset < end) {
        uint64_t part_at, part_end;
        if (!find_part (in, offset, &part_at, &part_end)) {
            uint64_t upto = MIN (part_end, end), over = upto % in->block;
            uint64_t grown = over ? upto - over + in->block : upto;
            if (!in->is_final)
                add_missed (in, MAX (part_at, offset - offset % in->block), MIN (part_end, grown));
        }
        offset = part_end;
    }
    in->has_missed = in->has_missed || !is_known;
    return is_known;
}

/* How much of `length` bytes can be read; if those that are `wanted` cannot, they are missed. */
static size_t limit_to_known (struct input *in, uint64_t offset, size_t length, size_t wanted)
{
    uint64_t at, end;
    if (!in->n_known)
        return length;
    size_t known = find_part (in, offset, &at, &end) ? (size_t) MIN (length, end - offset) : 0;
    if (known < wanted)
        input_want (in, offset + known, wanted - known);
    return known;
}

/* ---- reading ---- */

/* Reads up to `length` bytes; fewer at the end of the object or of what is known, on an error, or
 * at the limit. */
static size_t fill (struct input *in, uint64_t offset, uint8_t *to, size_t length, size_t wanted)
{
    size_t have = 0;
    if (length > in->read_limit || in->bytes_read > in->read_limit - length)
        return 0;
    length = limit_to_known (in, offset, length, wanted);
    while (have < length) {
        ssize_t n = pread (in->fd, to + have, length - have, (off_t) (offset + have));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            in->error = errno;
        if (n <= 0)
            break;
        have += (size_t) n;
    }
    in->bytes_read += have;
    return have;
}

static bool is_inside (const struct input *in, uint64_t offset, size_t length)
{
    return offset <= in->size && length <= in->size - offset;
}

void input_init (struct input *in, int fd, uint64_t size, const char *extension)
{
    input_init_parts (in, fd, size, extension, NULL, 0, true);
}

void input_init_parts (struct input *in, int fd, uint64_t size, const char *extension,
                       const struct frame_range *known, unsigned n, bool is_final)
{
    in->fd = fd;
    in->size = size < INT64_MAX ? size : INT64_MAX;
    in->extension = extension;
    in->sidecar = NULL;
    in->window_at = 0;
    in->window_length = 0;
    in->bytes_read = 0;
    in->read_limit = LIMIT_INPUT_READ;
    in->error = 0;
    in->leaves_text = false;
    in->left_text = false;
    in->remark[0] = '\0';
    in->n_known = MIN (n, FRAME_KNOWN);
    for (unsigned i = 0; i < in->n_known; i++)
        in->known[i] = known[i];
    in->is_final = is_final;
    in->has_missed = false;
    in->n_missed = 0;
    in->block = INPUT_BLOCK;
    size_t head = in->size < INPUT_HEAD ? (size_t) in->size : INPUT_HEAD;
    in->head_length = fill (in, 0, in->head, head, head);
}

void input_of_bytes (struct input *in, const uint8_t *bytes, size_t length)
{
    *in = (struct input){ .fd = -1, .extension = "", .size = MIN (length, INPUT_HEAD) };
    in->head_length = (size_t) in->size;
    if (length)
        memcpy (in->head, bytes, in->head_length);
}

const uint8_t *input_at (struct input *in, uint64_t offset, size_t length)
{
    if (length > INPUT_WINDOW || !is_inside (in, offset, length))
        return NULL;
    if (offset + length <= in->head_length)
        return in->head + offset;
    if (offset < in->window_at || offset + length > in->window_at + in->window_length) {
        /* A step reads a window, a jump little more than asked for. */
        uint64_t left = in->size - offset, behind = in->window_at + in->window_length;
        bool is_jump = offset > behind + INPUT_JUMP || offset + INPUT_JUMP < in->window_at;
        if (is_jump)
            left = MIN (left, MAX (length, INPUT_JUMP));
        in->window_at = offset;
        in->window_length =
            fill (in, offset, in->window, (size_t) MIN (left, INPUT_WINDOW), length);
    }
    return length <= in->window_length ? in->window + (offset - in->window_at) : NULL;
}

bool input_read (struct input *in, uint64_t offset, void *to, size_t length)
{
    uint8_t *out = to;
    if (!is_inside (in, offset, length))
        return false;
    while (length) {
        size_t step = length < INPUT_WINDOW ? length : INPUT_WINDOW;
        const uint8_t *p = input_at (in, offset, step);
        if (!p)
            return false;
        memcpy (out, p, step);
        out += step;
        offset += step;
        length -= step;
    }
    return true;
}

size_t input_some (struct input *in, uint64_t offset, void *to, size_t length)
{
    uint64_t end = in->fd < 0 ? in->head_length : in->size;
    if (offset >= end)
        return 0;
    length = (size_t) MIN (length, end - offset);
    if (offset >= in->head_length)
        return fill (in, offset, to, length, 1);
    length = MIN (length, in->head_length - (size_t) offset);
    memcpy (to, in->head + offset, length);
    return length;
}
