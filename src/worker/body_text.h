/* The text of a document's body, collected piece by piece for full-text search: valid UTF-8 without
 * control characters and soft hyphens, each run of white space as one space, or one line feed if
 * there was one in it or a paragraph ended; none at the ends. It stops at LIMIT_BODY_TEXT, between
 * two characters.
 *
 * Threads: one. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <glib.h>
#include <jansson.h>

struct body_text {
    GString *text;
    char gap;      /* ' ' or '\n' that belongs before the next character, or 0 */
    size_t limit;  /* most bytes of it */
    bool is_left;  /* it is not reported */
    bool is_full;  /* of what came, something found no room */
    char carry[4]; /* start of a character whose rest comes with the next piece */
    uint8_t n_carry;
};

void body_text_init (struct body_text *t);
void body_text_clear (struct body_text *t);

/* It is not asked for: only its first `glance` bytes are taken, and none is reported. With 0 it is
 * full at once. */
void body_text_leave (struct body_text *t, size_t glance);

/* The bytes should be UTF-8; what is not becomes U+FFFD. A piece may end within a character. */
void body_text_append (struct body_text *t, const void *bytes, size_t length);

/* The end of a paragraph, a row, a page: what comes next begins a line. */
void body_text_append_break (struct body_text *t);

/* What comes next begins a word: the end of a cell. */
void body_text_append_space (struct body_text *t);

/* No more is taken: whoever feeds it may stop. */
bool body_text_is_full (const struct body_text *t);

/* Sets DocumentText, unless there is no text. */
void body_text_report (const struct body_text *t, json_t *meta);

#define _cleanup_body_text_ __attribute__ ((cleanup (body_text_clear)))
