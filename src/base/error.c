/* The error table and how errors are made. */
#include "base/error.h"

#include <assert.h>
#include <stdarg.h>
#include <glib.h>

static const struct {
    const char *name;
    unsigned status;
    const char *wire;
    bool retry;
} errors[] = {
#define ERR(name, status, code, retry) { #name, status, code, retry },
#include "base/err.def"
#undef ERR
};

enum err error_set (struct error *e, enum err code, const char *subject, const char *file, int line,
                    const char *format, ...)
{
    assert (code > ERR_OK && code < ERR_COUNT);
    if (!e)
        return code;
    e->code = code;
    e->file = file;
    e->line = line;
    g_strlcpy (e->subject, subject ? subject : "", sizeof e->subject);
    va_list args;
    va_start (args, format);
    g_vsnprintf (e->message, sizeof e->message, format, args);
    va_end (args);
    if (!g_utf8_validate (e->message, -1, NULL)) {
        g_autofree char *valid = g_utf8_make_valid (e->message, -1);
        g_strlcpy (e->message, valid, sizeof e->message);
    }
    return code;
}

unsigned error_status (enum err code)
{
    assert (code < ERR_COUNT);
    return errors[code].status;
}

const char *error_wire_code (const struct error *e, char *buf, unsigned long size)
{
    assert (e->code < ERR_COUNT);
    const char *wire = errors[e->code].wire;
    size_t len = strlen (wire);
    if (len && wire[len - 1] == '%')
        g_snprintf (buf, size, "%.*s%s", (int) (len - 1), wire, e->subject);
    else
        g_strlcpy (buf, wire, size);
    return buf;
}

const char *error_name (enum err code)
{
    assert (code < ERR_COUNT);
    return errors[code].name;
}

bool error_is_retryable (enum err code)
{
    assert (code < ERR_COUNT);
    return errors[code].retry;
}
