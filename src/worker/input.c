/* Bounded reads from the descriptor of a job. Knows nothing of formats. */
#include "worker/input.h"

#include <errno.h>
#include <string.h>
#include <glib.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/macros.h"

/* Reads up to `length` bytes; fewer at the end of the object, on an error, or at the limit. */
static size_t fill (struct input *in, uint64_t offset, uint8_t *to, size_t length)
{
    size_t have = 0;
    if (length > in->read_limit || in->bytes_read > in->read_limit - length)
        return 0;
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
    in->fd = fd;
    in->size = size < INT64_MAX ? size : INT64_MAX;
    in->extension = extension;
    in->sidecar = NULL;
    in->window_at = 0;
    in->window_length = 0;
    in->bytes_read = 0;
    in->read_limit = LIMIT_INPUT_READ;
    in->error = 0;
    in->head_length =
        fill (in, 0, in->head, in->size < INPUT_HEAD ? (size_t) in->size : INPUT_HEAD);
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
            fill (in, offset, in->window, left < INPUT_WINDOW ? (size_t) left : INPUT_WINDOW);
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
        return fill (in, offset, to, length);
    length = MIN (length, in->head_length - (size_t) offset);
    memcpy (to, in->head + offset, length);
    return length;
}
