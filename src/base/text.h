/* Text helpers: strict numbers, hex, percent-encoding, UTF-8, patterns. Nothing here trusts its
 * input. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <glib.h>

/* Decimal digits only, no sign, no space, within [0, UINT64_MAX]. */
bool text_parse_u64 (const char *text, uint64_t *ret);

/* Optional '-', then digits, within int64. */
bool text_parse_i64 (const char *text, int64_t *ret);

/* A decimal number with optional sign, fraction and exponent; finite. Locale-independent. */
bool text_parse_double (const char *text, double *ret);

/* "500", "64k", "8M", "2G" (powers of 1024). */
bool text_parse_size (const char *text, uint64_t *ret);

/* Lower-case hex of `len` bytes into `out` (2 * len + 1). */
void text_hex (const uint8_t *bytes, size_t len, char *out);

/* Appends `text` percent-encoded as RFC 3986 wants: all but A-Za-z0-9-_.~ become %XX, upper case.
 * `keep` lists further bytes to leave alone ("/" in paths), or "". */
void text_percent_encode (GString *out, const char *text, size_t len, const char *keep);

/* Decodes %XX, and '+' as space if `plus`. False on a broken escape. The result may hold NUL bytes;
 * its length is `ret_len` and a NUL follows it. The caller frees. */
bool text_percent_decode (const char *text, size_t len, bool plus, char **ret, size_t *ret_len);

/* UTF-8 without NUL. */
bool text_is_utf8 (const char *text, size_t len);

/* Characters of a valid UTF-8 string. */
size_t text_utf8_length (const char *text);

/* Equal: for searches of lists, most of whose texts differ in the first byte. */
static inline bool text_is (const char *a, const char *b)
{
    return *a == *b && strcmp (a, b) == 0;
}

/* Equal, in time that depends on the length only. */
bool text_equal_constant_time (const char *a, size_t a_len, const char *b, size_t b_len);

/* Shell pattern: '*' any run (also across '/'), '?' one character of UTF-8; of a text that is not
 * UTF-8 one byte and those behind it that could continue it. At most as many steps as the text has
 * bytes times those of the pattern. */
bool text_glob_match (const char *pattern, const char *text);

/* "1.5 GiB" for people; `buf` is returned. */
const char *text_format_size (uint64_t bytes, char buf[32]);

/* The word of the NULL-terminated list that `word` was most likely meant to be, for "did you mean";
 * NULL if none is near. */
const char *text_nearest (const char *word, const char *const *words);
