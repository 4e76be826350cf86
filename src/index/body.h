/* Texts of documents: kept compressed, and an index of their words for match-phrase.
 *
 * Tables that this module makes:
 *   body        (id PRIMARY KEY, size, text): deflated
 *   body_words  full text, contentless: the words of phrase_words() under the row's id. What was
 *               put in is taken out by saying the same words again, so the text stays as long as
 *               they do, and phrase_words() must not change without a new DATASET_VERSION. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "index/sql.h"

/* SQL that makes the tables. A script for sql_exec(). */
extern const char body_schema[];

/* Sets the text of row `id`, inside the caller's transaction; NULL: it has none. */
NODISCARD enum err body_write (struct sql *s, int64_t id, const char *text, size_t len,
                               struct error *e);

/* The text of row `id`; NULL if it has none. Caller frees. */
NODISCARD enum err body_read (struct sql *s, int64_t id, char **ret, size_t *ret_len,
                              struct error *e);

/* What to look up in body_words ("... MATCH ?") for rows that hold the phrase. Caller frees. */
char *body_pattern (const char *phrase);
