/* Names of colour profiles: the description that an ICC profile carries, read without the rest of
 * it, and those of the colours that PNG and HEIF name by numbers. */
#pragma once

#include <stdint.h>

#include "worker/input.h"

/* A piece of a profile: segments of a JPEG hold 64 KiB of it each. */
struct icc_part {
    uint64_t at, size;
};

/* Sets *name, unless it has a value, to the description of the profile in `n` parts; English, if
 * it has that. At most LIMIT_PROFILE_NAME bytes of UTF-8. What is damaged has none. */
void icc_read_parts (struct input *in, const struct icc_part *parts, unsigned n, char **name);

/* The same for a profile in one piece. */
void icc_read (struct input *in, uint64_t at, uint64_t size, char **name);

/* The same for colour primaries and a transfer function as ITU-T H.273 numbers them; those without
 * a common name set nothing. */
void icc_coded (unsigned primaries, unsigned transfer, char **name);
