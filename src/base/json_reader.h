/* Strict JSON (RFC 8259) as tokens, from front to back: for what is read once an object, by callers
 * that know which value may stand where. Nothing recurses and nothing is built: the caller asks for
 * what it expects, and what nests deeper than it asks does not pass. Accepted is what jansson
 * accepts: UTF-8 without NUL, escaped or not, numbers within int64 and double.
 *
 * Every function skips the spaces before its token. On false it has taken nothing that the caller
 * could go on from; `why` says what is wrong, for people. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json_reader {
    const char *at, *end;
    char *room; /* the last string that had escapes */
    size_t room_size;
    const char *why;
};

struct json_number {
    bool is_real; /* has a fraction or an exponent */
    int64_t integer;
    double real;
};

/* `text` must outlive the reader, which json_reader_clear() ends. */
void json_reader_init (struct json_reader *r, const char *text, size_t length);
void json_reader_clear (struct json_reader *r);

/* The byte that the next token begins with, NUL at the end. */
char json_reader_peek (struct json_reader *r);

/* Takes one of "{}[]:," if it is next; if not, nothing is wrong yet and nothing is taken. */
bool json_reader_take (struct json_reader *r, char what);

/* The string that is next, decoded; no NUL follows it. It is valid until the next one is read. */
bool json_reader_string (struct json_reader *r, const char **ret, size_t *ret_length);

bool json_reader_number (struct json_reader *r, struct json_number *ret);

/* Whether only spaces are left. */
bool json_reader_is_done (struct json_reader *r);
