/* Errors: one enum from err.def, and a struct that says what happened to whom.
 *
 * A function that can fail is `NODISCARD enum err f (..., struct error *e)`, `e` last. On failure
 * it fills `e` once, where it happens; callers pass the code on. `e` may be NULL when nobody asks.
 */
#pragma once

#include <stdbool.h>

#include "base/macros.h"

#define ERR(name, status, code, retry) ERR_##name,
enum err {
#include "base/err.def"
    ERR_COUNT
};
#undef ERR

struct error {
    enum err code;
    char subject[64];   /* parameter or field that the error is about; "" if none */
    char message[1024]; /* one sentence for a person, UTF-8, without a secret */
    const char *file;
    int line;
};

/* Fills `e` (may be NULL) and returns `code`. `subject` may be NULL. */
enum err error_set (struct error *e, enum err code, const char *subject, const char *file, int line,
                    const char *format, ...) PRINTF (6, 7);

#define FAIL(e, name, ...) error_set ((e), ERR_##name, NULL, __FILE__, __LINE__, __VA_ARGS__)
#define FAIL_ON(e, name, subject, ...)                                                             \
    error_set ((e), ERR_##name, (subject), __FILE__, __LINE__, __VA_ARGS__)

/* HTTP status of a code: 200, 400 ... */
unsigned error_status (enum err code);

/* Name on the wire, "MissingURI"; written to `buf`, which is also returned. */
const char *error_wire_code (const struct error *e, char *buf, unsigned long size);

/* Name in logs, "NOT_FOUND". */
const char *error_name (enum err code);

/* True if the same call may succeed later without anybody changing the request. */
bool error_is_retryable (enum err code);
