/* Encodings of text: a table of those that are known, by their registered names and the aliases
 * that files use; conversion to UTF-8; a guess for text that does not say.
 *
 * The C library reads its converters from files, which the jail refuses, so that charset_init()
 * opens one descriptor of each before. Threads: one. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <glib.h>

struct charset;

/* Opens the converters; a call more does nothing. */
void charset_init (void);

/* By name or alias, in any case; NULL if it is not known. */
const struct charset *charset_find (const char *name, size_t length);

/* The registered name: "windows-1251". */
const char *charset_name (const struct charset *c);

/* Text of it is UTF-8 as it is. */
bool charset_is_utf8 (const struct charset *c);

/* By a byte order mark, whose length is `ret_mark` (0 if there is none; then NULL). */
const struct charset *charset_of_mark (const uint8_t *bytes, size_t length, size_t *ret_mark);

/* A guess: UTF-8 and UTF-16 by their rules, East Asian encodings by the shares of their common
 * characters, encodings of one byte by the letters that are frequent in their languages. NULL if
 * nothing fits. `is_cut`: the text goes on, so that its last character may be cut. */
const struct charset *charset_detect (const uint8_t *bytes, size_t length, bool is_cut);

/* Appends text as UTF-8, what is damaged as U+FFFD; at most `limit` bytes or a little more. */
void charset_convert (const struct charset *c, const void *bytes, size_t length, size_t limit,
                      GString *to);
