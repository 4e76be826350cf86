/* What the parts of the EXIF parser share; for them alone. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>

#include "base/limits.h"
#include "worker/exif.h"
#include "worker/exif_tags.h"

enum exif_type {
    BYTE = 1,
    ASCII,
    SHORT,
    LONG,
    RATIONAL,
    SBYTE,
    UNDEFINED,
    SSHORT,
    SLONG,
    SRATIONAL,
    FLOAT,
    DOUBLE,
    IFD,
    LONG8 = 16,
    SLONG8,
    IFD8,
    LAST_TYPE = IFD8
};

struct exif_reader {
    struct input *in;
    uint64_t base, size;
    bool is_little, is_big; /* byte order; BigTIFF */
    struct exif *x;
    uint64_t pointers[EXIF_SUB]; /* offsets of the directories found, 0: none */
    uint64_t subs[LIMIT_EXIF_SUBS];
    unsigned n_subs;
    uint64_t width, height, subfile; /* of the directory that is being read */
    uint64_t next;                   /* offset of the directory behind it, 0: none */
    uint64_t maker, maker_size;      /* offset of the maker's note, 0: none */
    uint64_t equipment;              /* offset of a directory within that, 0: none */
};

struct exif_entry {
    enum exif_directory directory;
    uint16_t tag, type;
    uint64_t count;
    const uint8_t *data; /* count values; holds until the next read */
};

/* Bytes of a value by type: 0 for types that do not exist. */
extern const uint8_t exif_type_sizes[LAST_TYPE + 1];

/* A number of 1, 2, 4 or 8 bytes. */
uint64_t exif_number (const struct exif_reader *r, const uint8_t *p, unsigned bytes);

/* `length` bytes at `offset` of the structure, or NULL. */
const uint8_t *exif_look (struct exif_reader *r, uint64_t offset, uint64_t length);

/* Reads the directory at `offset`. */
void exif_read_directory (struct exif_reader *r, enum exif_directory directory, uint64_t offset);

/* Whether a value is of rationals. Some cameras write degrees as signed; a negative one is then too
 * large to be taken. */
static inline bool exif_is_ratio (const struct exif_entry *v)
{
    return v->type == RATIONAL || v->type == SRATIONAL;
}

/* Appends a value as text, as the form of its tag says; nothing if it is none. */
void exif_append_value (const struct exif_reader *r, const struct exif_entry *v,
                        enum exif_form form, GString *out);

/* Reads the maker's note that was found, if it is of a maker whose notes are plain. */
void exif_read_maker (struct exif_reader *r);
