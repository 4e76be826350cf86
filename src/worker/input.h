/* The object of a job: bounded reads by offset. The first INPUT_HEAD bytes are read at once, for
 * that is where metadata sits; beyond them a small window moves. Offsets are never trusted: what is
 * not wholly inside the object is NULL, and so is everything once `read_limit` bytes were read.
 *
 * Of a remote object only some ranges may be known. What is not is NULL, too, and noted as missed:
 * who waits for it (input_is_waiting) should give up soon, for all is done again with more. Where
 * it is clear from the start what will be looked at, input_want() saves rounds.
 *
 * Threads: one. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/frame.h"

#define INPUT_HEAD   65536             /* bytes read at once */
#define INPUT_WINDOW 8192              /* most bytes of one look beyond the head */
#define INPUT_JUMP   512               /* bytes read at first where a look leaves the window */
#define INPUT_BLOCK  65536             /* what is missed is rounded to this */
#define INPUT_AHEAD  (8 * 1024 * 1024) /* most bytes that are asked for at once */

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
    uint64_t read_limit;        /* LIMIT_INPUT_READ, until the extractor's row says otherwise */
    int error;                  /* errno of a read that failed, or 0 */
    bool leaves_text;           /* no DocumentText is asked for, and no work that only it needs */
    bool left_text;             /* there may be one */
    char remark[FRAME_MESSAGE]; /* what was left out of what was found, "" if nothing */
    struct frame_range known[FRAME_KNOWN];  /* ascending, apart */
    unsigned n_known;                       /* 0: all of it */
    bool is_final;                          /* no more will come */
    bool has_missed;                        /* something that is not known was looked at */
    struct frame_range missed[FRAME_NEEDS]; /* what was missed, not if final; ascending, apart */
    unsigned n_missed;
    uint32_t block; /* INPUT_BLOCK */
    uint8_t head[INPUT_HEAD];
    uint8_t window[INPUT_WINDOW];
};

/* Reads the head. `size` is what the version says; a shorter object just ends earlier. */
void input_init (struct input *in, int fd, uint64_t size, const char *extension);

/* The same where only `n` ranges of it are known: ascending, apart, not empty; 0: all of it.
 * Without all of the head nothing else should be looked at. */
void input_init_parts (struct input *in, int fd, uint64_t size, const char *extension,
                       const struct frame_range *known, unsigned n, bool is_final);

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

/* All of it is known, or, if not, its first INPUT_AHEAD bytes are noted as missed. Parts that are
 * outside of the object do not count. */
bool input_want (struct input *in, uint64_t offset, uint64_t length);

/* All of it is known. */
bool input_knows (const struct input *in, uint64_t offset, uint64_t length);

/* Something was missed, and is fetched when this run ends: whatever comes of it is thrown away. */
static inline bool input_is_waiting (const struct input *in)
{
    return in->has_missed && !in->is_final;
}

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
