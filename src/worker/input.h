/* The object of a job: bounded reads by offset. The first INPUT_HEAD bytes are read at once, for
 * that is where metadata sits; beyond them a small window moves. Offsets are never trusted: what is
 * not wholly inside the object is NULL, and so is everything once `read_limit` bytes were read.
 *
 * Threads: one. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define INPUT_HEAD   65536 /* bytes read at once */
#define INPUT_WINDOW 8192  /* most bytes of one look beyond the head */
#define INPUT_JUMP   512   /* bytes read at first where a look leaves the window */

struct caption;

struct input {
    int fd; /* borrowed */
    uint64_t size;
    const char *extension;         /* a hint, lower case, "" if none */
    const struct caption *sidecar; /* what its sidecar says, borrowed; NULL: it has none */
    size_t head_length;
    uint64_t window_at;
    size_t window_length;
    uint64_t bytes_read;
    uint64_t read_limit; /* LIMIT_INPUT_READ, until the extractor's row says otherwise */
    int error;           /* errno of a read that failed, or 0 */
    uint8_t head[INPUT_HEAD];
    uint8_t window[INPUT_WINDOW];
};

/* Reads the head. `size` is what the version says; a shorter object just ends earlier. */
void input_init (struct input *in, int fd, uint64_t size, const char *extension);

/* The same for at most INPUT_HEAD bytes in memory, which are copied; the rest is cut off. */
void input_of_bytes (struct input *in, const uint8_t *bytes, size_t length);

/* `length` (at most INPUT_WINDOW) bytes at `offset`, or NULL. The pointer holds until the next
 * call, those within the head as long as `in`. */
const uint8_t *input_at (struct input *in, uint64_t offset, size_t length);

/* Copies `length` bytes, any number; false if they are not all there. */
bool input_read (struct input *in, uint64_t offset, void *to, size_t length);

/* Copies what there is of `length` bytes at `offset`: 0 at the end of the object or of what may be
 * read. */
size_t input_some (struct input *in, uint64_t offset, void *to, size_t length);

/* Numbers in the byte order that their name ends with. */
static inline uint16_t get_u16be (const uint8_t *p)
{
    return (uint16_t) (p[0] << 8 | p[1]);
}

static inline uint16_t get_u16le (const uint8_t *p)
{
    return (uint16_t) (p[1] << 8 | p[0]);
}

static inline uint32_t get_u24le (const uint8_t *p)
{
    return (uint32_t) p[2] << 16 | (uint32_t) p[1] << 8 | p[0];
}

static inline uint32_t get_u32be (const uint8_t *p)
{
    return (uint32_t) get_u16be (p) << 16 | get_u16be (p + 2);
}

static inline uint32_t get_u32le (const uint8_t *p)
{
    return (uint32_t) get_u16le (p + 2) << 16 | get_u16le (p);
}

static inline uint64_t get_u64be (const uint8_t *p)
{
    return (uint64_t) get_u32be (p) << 32 | get_u32be (p + 4);
}

static inline uint64_t get_u64le (const uint8_t *p)
{
    return (uint64_t) get_u32le (p + 4) << 32 | get_u32le (p);
}
