/* The words of mail: header lines (RFC 5322), encoded words (2047), parameters (2045, 2231), dates,
 * transfer encodings. All input is bounded by its length, all output is valid UTF-8.
 *
 * Threads: one. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <glib.h>

#include "worker/charset.h"

/* The header lines of a message or part, and what is behind the empty line after them. */
struct mime_part {
    const char *headers, *body;
    size_t headers_length, body_length;
};
void mime_split (const char *bytes, size_t length, struct mime_part *ret);

/* The first line of that name, unfolded; NULL if there is none. The caller frees. */
char *mime_header (const struct mime_part *part, const char *name);

/* A header with its encoded words read; bytes that are no UTF-8 by a guess. The caller frees. */
char *mime_decode_words (const char *value);

/* "text/html; charset=..": the part before the parameters, lower case. The caller frees. */
char *mime_value (const char *value);

/* A parameter, its pieces joined and read; NULL if there is none. The caller frees. */
char *mime_parameter (const char *value, const char *name);

/* The bytes of a body. The caller frees. */
GString *mime_decode_body (const char *bytes, size_t length, const char *encoding);

/* "Tue, 1 Jul 2003 10:52:37 +0200 (CEST)" as "2003-07-01T10:52:37+02:00"; NULL if it is no date. */
char *mime_date (const char *value);
