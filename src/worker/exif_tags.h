/* Names of the tags of EXIF 2.32 and TIFF 6, and of a few of makers', by directory, and how each is
 * written as text. */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum exif_directory {
    EXIF_IFD0,
    EXIF_EXIF,
    EXIF_GPS,
    EXIF_INTEROP,
    EXIF_SUB,   /* of a further picture; has no names */
    EXIF_CANON, /* from here on those of maker notes */
    EXIF_NIKON,
    EXIF_FUJI,
    EXIF_OLYMPUS,
    EXIF_OLYMPUS_EQUIPMENT,
    EXIF_PANASONIC,
    EXIF_PENTAX,
    EXIF_APPLE,
};

enum exif_form {
    EXIF_PLAIN,   /* numbers with spaces between, rationals as 96/1, text as it is */
    EXIF_SKIP,    /* known, and left out */
    EXIF_UTF16,   /* bytes that are UTF-16LE */
    EXIF_COMMENT, /* eight bytes that name the encoding, then text */
    EXIF_DEGREES, /* 39deg 54' 12.345" */
    EXIF_COMPASS, /* N: North */
    EXIF_NAME,    /* text of printable ASCII; a note that was moved has other bytes there */
    EXIF_SERIAL,  /* a number, not 0, with the digits that Canon prints on a camera */
    EXIF_LENS,    /* 24-70mm f/2.8 */
};

struct exif_tag {
    uint16_t tag;
    uint8_t form;
    const char *name;
};

/* The row of a tag in a directory, or NULL. */
const struct exif_tag *exif_find_tag (enum exif_directory directory, uint16_t tag);
