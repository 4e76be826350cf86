/* The language of a text, by its script and, where many languages share one, by the small words
 * that every text is full of. Honest rather than eager: few words, or two languages that are close,
 * give no answer. */
#pragma once

#include <stddef.h>

#define LANGUAGE_SAMPLE 16384 /* bytes that are looked at */

/* The code of ISO 639-1, a constant; NULL if unsure. `text` is valid UTF-8. */
const char *language_guess (const char *text, size_t length);
