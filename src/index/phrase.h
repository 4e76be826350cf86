/* match-phrase: whether a text holds the words of a phrase, one right after the other.
 *
 * Words: letters, digits and marks of any script; everything else parts words ('/', '.', '_', '-'
 * too). A letter beside a digit parts as well ("IMG1234" is "IMG 1234"), and each Chinese, Japanese
 * or Korean character is a word of its own. Letters compare without case and in their compatibility
 * form (NFKC: "e" with an accent is one letter, however it is written). Bytes that are not UTF-8
 * part words. Linear in the length of the text.
 *
 * Threads: a phrase may be used by any number at a time. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct phrase;

/* Never NULL; a phrase without a word matches nothing. */
struct phrase *phrase_new (const char *text, size_t len);
void phrase_free (void *p);

/* The words of a text as its symbols, with a space between two: for an index of words in which the
 * same words one after the other are found if and only if phrase_matches(). Characters of it are
 * lower-case letters, digits and those from 0x80 on. A word of more than PHRASE_WORD_MAX bytes is
 * its checksum there; what is over `max` bytes is left out. Never NULL, caller frees. */
#define PHRASE_WORD_MAX 512
char *phrase_words (const char *text, size_t len, size_t max, size_t *ret_len);

bool phrase_is_empty (const struct phrase *p);
bool phrase_matches (const struct phrase *p, const char *text, size_t len);
