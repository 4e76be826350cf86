/* Archives, read by libarchive out of the object of a job: no path, no thread, only the format that
 * the type names, and never more than LIMIT_ARCHIVE_UNPACKED bytes unpacked in all. A member's name
 * is only a name: nothing is ever written. While it is open, nobody else may look into `in`.
 *
 * Threads: one. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>

#include "base/error.h"
#include "worker/input.h"

struct archive_input; /* an open archive */

struct archive_member {
    const char *name; /* valid UTF-8, "" if it has none; holds until the next call */
    uint64_t size;    /* unpacked, as the archive says; 0 if it does not */
    bool is_file;     /* neither folder nor link nor device */
    bool is_encrypted;
};

enum archive_step {
    ARCHIVE_MEMBER,
    ARCHIVE_END,       /* there are no more */
    ARCHIVE_DAMAGED,   /* cut, or not what it seemed */
    ARCHIVE_EXHAUSTED, /* a limit: members, bytes read, bytes unpacked */
};

/* `type` is a row of the table in archive_input.c; "application/zip" stands for all types that are
 * ZIP files inside. A compressed file that holds neither tar nor cpio is an archive with one member
 * without a name. EXTRACT_FAILED if the first bytes are not those of the type. */
NODISCARD enum err archive_input_open (struct input *in, const char *type,
                                       struct archive_input **ret, struct error *e);
void archive_input_free (struct archive_input *a);

/* Moves to the next member; `ret` is set for ARCHIVE_MEMBER only. */
enum archive_step archive_input_next (struct archive_input *a, struct archive_member *ret);

/* Names or contents of the members seen so far are encrypted. */
bool archive_input_is_encrypted (const struct archive_input *a);

/* A compressed file with only itself inside: no names. */
bool archive_input_is_bare (const struct archive_input *a);

/* The content of the member, its first `limit` bytes: `(*ret)->len == limit` may mean that there is
 * more. EXTRACT_FAILED if it is damaged or encrypted, or the archive has used up what may be
 * unpacked. */
NODISCARD enum err archive_input_read (struct archive_input *a, size_t limit, GByteArray **ret,
                                       struct error *e);

/* The next piece of the member's content, for parsers that are fed; false at its end, and where
 * archive_input_read() would fail. The bytes hold until the next call. */
bool archive_input_piece (struct archive_input *a, const uint8_t **ret, size_t *ret_length);

static inline void archive_input_freep (struct archive_input **a)
{
    archive_input_free (*a);
}
#define _cleanup_archive_ __attribute__ ((cleanup (archive_input_freep)))
