/* What people and programs wrote about an image outside EXIF: in an XMP packet, or in IPTC records.
 *
 * How the sources of an image rank:
 *   ProduceTime    EXIF original, EXIF digitized, XMP, IPTC, EXIF DateTime (the last change)
 *   Orientation    the container (HEIC, AVIF, JPEG XL), EXIF, XMP
 *   LatLong        EXIF, XMP
 *   Title          XMP, IPTC, EXIF XPTitle
 *   Artist         XMP, IPTC, EXIF Artist, EXIF XPAuthor
 *
 * Within a source the first value that is one counts. EXIF ImageDescription is no title: cameras
 * put their name in it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct caption {
    char *title, *artist; /* UTF-8 of at most LIMIT_CAPTION bytes, without control characters */
    char *time;           /* as image_time takes it */
    unsigned orientation; /* 1 to 8, or 0 */
    double latitude, longitude;
    bool has_latitude, has_longitude;
};

void caption_clear (struct caption *c);

/* Sets *text, unless it has a value, to what is in `value` of `length` bytes: invalid UTF-8 is read
 * as Latin-1, spaces around it and control characters go, nothing is left as it was. */
void caption_set (char **text, const char *value, size_t length);

/* The same, but behind a value that is there, after a comma. */
void caption_append (char **text, const char *value, size_t length);
