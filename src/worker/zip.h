/* Members of a ZIP file by name, as office packages and e-books need them: from the directory at
 * its end, in any order, unpacked piece by piece, checked by their sums. ZIP64, stored and
 * deflated; no spans. All that is unpacked from one file counts towards LIMIT_ZIP_UNPACKED: a bomb
 * is cut there.
 *
 * Threads: one. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <glib.h>

#include "base/error.h"
#include "worker/input.h"

struct zip_member {
    const char *name; /* as it is, with a NUL behind it */
    uint64_t at, packed, size;
    uint32_t sum;
    uint16_t method, flags;
};

struct zip {
    struct input *in; /* borrowed */
    GArray *members;  /* of struct zip_member, in the directory's order */
    bool is_cut;      /* there are more of them than are read */
    GHashTable *by_name;
    GStringChunk *names;
    uint64_t unpacked;
};

/* EXTRACT_FAILED if there is no directory, or a damaged one. Clear it in any case. */
NODISCARD enum err zip_open (struct zip *z, struct input *in, struct error *e);
void zip_clear (struct zip *z);
#define _cleanup_zip_ __attribute__ ((cleanup (zip_clear)))

/* The member of that name, upper or lower case; NULL if there is none. */
const struct zip_member *zip_find (const struct zip *z, const char *name);

/* Takes the next piece of a member; false: no more of it. */
typedef bool zip_sink_fn (void *data, const uint8_t *bytes, size_t length);

/* Unpacks a member. EXTRACT_FAILED if it is damaged or packed in an unknown way, LIMIT if the
 * file's allowance is used up. */
NODISCARD enum err zip_read (struct zip *z, const struct zip_member *member, zip_sink_fn *sink,
                             void *data, struct error *e);
