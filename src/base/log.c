/* The log writer: formats one line and writes it with a single call, so lines of threads never mix.
 */
#include "base/log.h"

#include <stdbool.h>
#include <unistd.h>
#include <glib.h>

#include "base/clock.h"
#include "base/macros.h"

static enum log_level min_level = LOG_INFO;
static enum log_format line_format = LOG_TEXT;
static const char *const level_names[] = { "debug", "info", "warn", "error", "audit" };

void log_init (enum log_level level, enum log_format format)
{
    min_level = level;
    line_format = format;
}

/* What moves a terminal's cursor, ends a line for some reader, or hides or turns round other text.
 */
static bool is_hidden (gunichar c)
{
    switch (g_unichar_type (c)) {
    case G_UNICODE_CONTROL:
    case G_UNICODE_FORMAT:
    case G_UNICODE_LINE_SEPARATOR:
    case G_UNICODE_PARAGRAPH_SEPARATOR:
        return true;
    default:
        return false;
    }
}

static void append_escape (GString *line, gunichar c)
{
    gunichar rest = c - 0x10000;
    if (c < 0x10000)
        g_string_append_printf (line, "\\u%04x", c);
    else /* two halves, as JSON has it */
        g_string_append_printf (line, "\\u%04x\\u%04x", 0xd800 + (rest >> 10),
                                0xdc00 + (rest & 0x3ff));
}

static void append_quoted (GString *line, const char *text)
{
    g_autofree char *valid = g_utf8_make_valid (text, -1);
    g_string_append_c (line, '"');
    for (const char *c = valid; *c; c = g_utf8_next_char (c)) {
        if (*c == '"' || *c == '\\')
            g_string_append_printf (line, "\\%c", *c);
        else if (is_hidden (g_utf8_get_char (c)))
            append_escape (line, g_utf8_get_char (c));
        else
            g_string_append_len (line, c, g_utf8_next_char (c) - c);
    }
    g_string_append_c (line, '"');
}

static bool is_plain (const char *text)
{
    for (const char *c = text; *c; c++)
        if (!g_ascii_isgraph (*c) || *c == '"' || *c == '=' || *c == '\\')
            return false;
    return *text != '\0';
}

static void append_field (GString *line, const struct log_field *f)
{
    if (line_format == LOG_JSON)
        g_string_append_printf (line, ",\"%s\":", f->key);
    else
        g_string_append_printf (line, " %s=", f->key);
    if (!f->text)
        g_string_append_printf (line, "%" G_GINT64_FORMAT, f->number);
    else if (line_format == LOG_TEXT && is_plain (f->text))
        g_string_append (line, f->text);
    else
        append_quoted (line, f->text);
}

void log_write (enum log_level level, const char *module, const char *message,
                const struct log_field *fields)
{
    if (level < min_level)
        return;
    char now[CLOCK_TEXT_SIZE];
    clock_format_ms (clock_now_ns (), now);
    g_autoptr (GString) line = g_string_sized_new (256);
    if (line_format == LOG_JSON) {
        g_string_append_printf (
            line, "{\"time\":\"%s\",\"level\":\"%s\",\"module\":\"%s\",\"message\":", now,
            level_names[level], module);
        append_quoted (line, message);
    } else {
        g_string_append_printf (line, "%s %-5s %s: %s", now, level_names[level], module, message);
    }
    for (const struct log_field *f = fields; f->key; f++)
        append_field (line, f);
    g_string_append (line, line_format == LOG_JSON ? "}\n" : "\n");
    ssize_t written UNUSED = write (STDERR_FILENO, line->str, line->len);
}
