/* Maker notes: where the directory of each maker begins, and what its offsets count from. */
#include <string.h>
#include <glib.h>

#include "worker/exif_reader.h"

enum { HEAD = 16 }; /* bytes of a note that are looked at */

enum base {
    OF_EXIF, /* offsets count from the start of the structure of EXIF */
    OF_NOTE, /* from the start of the note */
    OF_TIFF, /* from a TIFF structure within, which says where the directory is */
    OF_FUJI, /* from the start of the note, which says where the directory is; always little */
};

/* `order` is where the byte order stands, 0: it is that of EXIF. */
static const struct maker {
    uint8_t length, at, order;
    enum base base;
    enum exif_directory directory;
    const char *bytes;
} makers[] = {
    { 7, 10, 10, OF_TIFF, EXIF_NIKON, "Nikon\0\2" },
    { 8, 8, 0, OF_FUJI, EXIF_FUJI, "FUJIFILM" },
    { 6, 8, 0, OF_EXIF, EXIF_OLYMPUS, "OLYMP\0" },
    { 8, 12, 8, OF_NOTE, EXIF_OLYMPUS, "OLYMPUS\0" },
    { 10, 16, 12, OF_NOTE, EXIF_OLYMPUS, "OM SYSTEM\0" },
    { 10, 12, 0, OF_EXIF, EXIF_PANASONIC, "Panasonic\0" },
    { 4, 6, 4, OF_EXIF, EXIF_PENTAX, "AOC\0" },
    { 8, 10, 8, OF_NOTE, EXIF_PENTAX, "PENTAX \0" },
    { 10, 14, 12, OF_NOTE, EXIF_APPLE, "Apple iOS\0" },
};

/* Canon's has no head of its own. */
static const struct maker canon = { .base = OF_EXIF, .directory = EXIF_CANON };

static const struct maker *find_maker (const struct exif_reader *r, const uint8_t *head)
{
    for (size_t i = 0; i < G_N_ELEMENTS (makers); i++)
        if (!memcmp (head, makers[i].bytes, makers[i].length))
            return &makers[i];
    const char *make = exif_get (r->x, "Make");
    return make && g_str_has_prefix (make, "Canon") ? &canon : NULL;
}

/* Offset of the directory, as `note` counts; 0: none. */
static uint64_t find_directory (const struct maker *maker, struct exif_reader *note, uint64_t at)
{
    const uint8_t *p = NULL;
    switch (maker->base) {
    case OF_EXIF:
        return at + maker->at;
    case OF_NOTE:
        return maker->at;
    case OF_TIFF:
        note->base += maker->at;
        note->size -= MIN (note->size, maker->at);
        p = exif_look (note, 4, 4);
        break;
    case OF_FUJI:
        note->is_little = true;
        p = exif_look (note, maker->at, 4);
        break;
    }
    return p ? exif_number (note, p, 4) : 0;
}

void exif_read_maker (struct exif_reader *r)
{
    const uint8_t *head = r->maker && r->maker_size >= HEAD ? exif_look (r, r->maker, HEAD) : NULL;
    const struct maker *maker = head ? find_maker (r, head) : NULL;
    if (!maker)
        return;
    struct exif_reader note = {
        .in = r->in, .base = r->base, .size = r->size, .is_little = r->is_little, .x = r->x
    };
    if (maker->order && (head[maker->order] == 'I' || head[maker->order] == 'M'))
        note.is_little = head[maker->order] == 'I';
    if (maker->base != OF_EXIF) {
        note.base += r->maker;
        note.size -= r->maker;
    }
    exif_read_directory (&note, maker->directory, find_directory (maker, &note, r->maker));
    exif_read_directory (&note, EXIF_OLYMPUS_EQUIPMENT, note.equipment);
}
