/* What people and programs wrote about an image outside EXIF: in an XMP packet, in IPTC records, or
 * in a sidecar, which is an XMP packet in an object of its own.
 *
 * How the sources of an image rank:
 *   ProduceTime    sidecar (taken), EXIF original, EXIF digitized, sidecar (created), XMP, IPTC,
 *                  EXIF DateTime (the last change)
 *                  The zone of EXIF original: its own, else from GPS (civil.h)
 *   Orientation    the container (HEIC, AVIF, JPEG XL), sidecar, EXIF, XMP
 *   LatLong        sidecar, EXIF, XMP
 *   Title          sidecar, XMP, IPTC, EXIF XPTitle
 *   Artist         sidecar, XMP, IPTC, EXIF Artist, EXIF XPAuthor
 *   Rating         sidecar, XMP, EXIF Rating; -1, "rejected", is left out
 *   Labels         sidecar; else all of XMP dc:subject, IPTC keywords, EXIF XPKeywords, each once
 *   Language       sidecar, XMP dc:language
 *
 * Sidecars are where programs put what people edit of files that they do not write, raw files above
 * all: they hold what was said last. Each field falls back by itself. A container's own orientation
 * is applied by every decoder, whatever is written about it. A time of the sidecar that only
 * repeats that of EXIF has its fraction and zone from there; xmp:CreateDate is no edit of it.
 *
 * Within a source the first value that is one counts. EXIF ImageDescription is no title: cameras
 * put their name in it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <glib.h>

struct caption {
    char *title, *artist; /* UTF-8 of at most LIMIT_CAPTION bytes, without control characters */
    char *time;           /* as civil_append() takes it */
    bool is_created;      /* that is when the file was made, not when the picture was taken */
    char *language;       /* as the file writes it, at most LIMIT_LANGUAGE bytes */
    GPtrArray *keywords;  /* of caption_add_keyword; NULL: none */
    unsigned orientation; /* 1 to 8, or 0 */
    unsigned rating;      /* 0 to 5 */
    bool has_rating;
    bool is_motion; /* a video belongs to the image */
    double latitude, longitude;
    bool has_latitude, has_longitude;
};

void caption_clear (struct caption *c);

/* What is in `value` of `length` bytes, cut to `limit` bytes and cleaned as caption_set says. The
 * caller owns it; NULL if nothing is left. */
char *caption_clean (const char *value, size_t length, size_t limit);

/* Adds one keyword of at most LIMIT_KEYWORD bytes, if it is not there yet and there are fewer than
 * LIMIT_KEYWORDS. */
void caption_add_keyword (GPtrArray **keywords, const char *value, size_t length);

/* Sets *text, unless it has a value, to what is in `value` of `length` bytes: invalid UTF-8 is read
 * as Latin-1, spaces around it and control characters go, nothing is left as it was. */
void caption_set (char **text, const char *value, size_t length);

/* The same, but behind a value that is there, after a comma. */
void caption_append (char **text, const char *value, size_t length);
