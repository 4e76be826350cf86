/* Aligned tables: escaping, widths of characters, fitting. */
#include "cli/table.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#define GAP         2u /* spaces between columns */
#define WIDTH_LEAST 8u /* a column is not cut below */
#define ELLIPSIS    "\xe2\x80\xa6"

struct table {
    unsigned columns;
    char **headers;
    bool *is_right;
    GPtrArray *rows; /* char **, escaped cells */
};

/* ---- Characters ---- */

/* What a terminal would not just show: controls, and formats such as U+202E (right to left). */
static bool is_printable (gunichar c)
{
    GUnicodeType type = g_unichar_type (c);
    return type != G_UNICODE_CONTROL && type != G_UNICODE_FORMAT && type != G_UNICODE_SURROGATE &&
           type != G_UNICODE_LINE_SEPARATOR && type != G_UNICODE_PARAGRAPH_SEPARATOR;
}

static void append_escaped (GString *out, gunichar c)
{
    if (c == '\n')
        g_string_append (out, "\\n");
    else if (c == '\t')
        g_string_append (out, "\\t");
    else if (c == '\r')
        g_string_append (out, "\\r");
    else if (c < 0x80)
        g_string_append_printf (out, "\\x%02x", c);
    else
        g_string_append_printf (out, c > 0xffff ? "\\U%08x" : "\\u%04x", c);
}

char *table_escape (const char *text)
{
    GString *out = g_string_new (NULL);
    size_t left = strlen (text);
    while (left) {
        gunichar c = g_utf8_get_char_validated (text, (gssize) left);
        bool is_valid = c != (gunichar) -1 && c != (gunichar) -2;
        size_t len = is_valid ? (size_t) (g_utf8_next_char (text) - text) : 1;
        if (!is_valid)
            g_string_append_printf (out, "\\x%02x", (unsigned char) *text);
        else if (is_printable (c))
            g_string_append_len (out, text, (gssize) len);
        else
            append_escaped (out, c);
        text += len;
        left -= len;
    }
    return g_string_free (out, FALSE);
}

static unsigned char_width (gunichar c)
{
    if (g_unichar_iszerowidth (c))
        return 0;
    return g_unichar_iswide (c) ? 2 : 1;
}

unsigned table_width (const char *text)
{
    unsigned width = 0;
    for (; *text; text = g_utf8_next_char (text))
        width += char_width (g_utf8_get_char (text));
    return width;
}

/* The longest beginning of `text` that fits. */
static const char *fit_head (const char *text, unsigned width)
{
    while (*text) {
        unsigned w = char_width (g_utf8_get_char (text));
        if (w > width)
            break;
        width -= w;
        text = g_utf8_next_char (text);
    }
    return text;
}

char *table_cut (const char *text, unsigned width)
{
    unsigned all = table_width (text);
    if (all <= width)
        return g_strdup (text);
    if (!width)
        return g_strdup ("");
    unsigned head = (width - 1) / 2;
    const char *head_end = fit_head (text, head);
    const char *tail = text;
    for (unsigned left = all; left > width - 1 - head; tail = g_utf8_next_char (tail))
        left -= char_width (g_utf8_get_char (tail));
    return g_strdup_printf ("%.*s" ELLIPSIS "%s", (int) (head_end - text), text, tail);
}

/* ---- Tables ---- */

struct table *table_new (const char *const *headers)
{
    struct table *t = g_new0 (struct table, 1);
    t->headers = g_strdupv ((char **) headers);
    t->columns = g_strv_length (t->headers);
    t->is_right = g_new0 (bool, t->columns);
    for (unsigned i = 0; i < t->columns; i++) {
        t->is_right[i] = t->headers[i][0] == '>';
        if (t->is_right[i])
            memmove (t->headers[i], t->headers[i] + 1, strlen (t->headers[i]));
    }
    t->rows = g_ptr_array_new_with_free_func ((GDestroyNotify) g_strfreev);
    return t;
}

void table_free (struct table *t)
{
    if (!t)
        return;
    g_strfreev (t->headers);
    g_free (t->is_right);
    g_ptr_array_unref (t->rows);
    g_free (t);
}

void table_add (struct table *t, const char *const *cells)
{
    char **row = g_new0 (char *, t->columns + 1);
    for (unsigned i = 0; i < t->columns; i++)
        row[i] = table_escape (cells[i]);
    g_ptr_array_add (t->rows, row);
}

static void measure_row (unsigned *widths, unsigned columns, char **row)
{
    for (unsigned i = 0; i < columns; i++)
        widths[i] = MAX (widths[i], table_width (row[i]));
}

/* Takes one column after the other off the widest until all fit. */
static void shrink (unsigned *widths, unsigned columns, unsigned width)
{
    unsigned total = GAP * (columns - 1);
    for (unsigned i = 0; i < columns; i++)
        total += widths[i];
    while (total > width) {
        unsigned widest = 0;
        for (unsigned i = 1; i < columns; i++)
            if (widths[i] > widths[widest])
                widest = i;
        if (widths[widest] <= WIDTH_LEAST)
            return;
        widths[widest]--;
        total--;
    }
}

static void append_row (GString *out, const struct table *t, const unsigned *widths, char **row)
{
    for (unsigned i = 0; i < t->columns; i++) {
        g_autofree char *cell = table_cut (row[i], widths[i]);
        unsigned padding = widths[i] - table_width (cell);
        bool is_last = i + 1 == t->columns;
        if (t->is_right[i])
            g_string_append_printf (out, "%*s", (int) padding, "");
        g_string_append (out, cell);
        if (!is_last)
            g_string_append_printf (out, "%*s", (int) (t->is_right[i] ? GAP : padding + GAP), "");
    }
    while (out->len && out->str[out->len - 1] == ' ')
        g_string_truncate (out, out->len - 1);
    g_string_append_c (out, '\n');
}

char *table_format (const struct table *t, unsigned width)
{
    g_autofree unsigned *widths = g_new0 (unsigned, t->columns);
    measure_row (widths, t->columns, t->headers);
    for (unsigned i = 0; i < t->rows->len; i++)
        measure_row (widths, t->columns, t->rows->pdata[i]);
    if (width)
        shrink (widths, t->columns, width);
    GString *out = g_string_new (NULL);
    append_row (out, t, widths, t->headers);
    for (unsigned i = 0; i < t->rows->len; i++)
        append_row (out, t, widths, t->rows->pdata[i]);
    return g_string_free (out, FALSE);
}

unsigned table_terminal_width (int fd)
{
    struct winsize size;
    if (!isatty (fd))
        return 0;
    return ioctl (fd, TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col : 80;
}

void table_print (const struct table *t)
{
    g_autofree char *text = table_format (t, table_terminal_width (STDOUT_FILENO));
    fputs (text, stdout);
}

char *table_number (gint64 n)
{
    g_autofree char *digits = g_strdup_printf ("%" G_GINT64_FORMAT, n);
    GString *out = g_string_new (NULL);
    size_t len = strlen (digits);
    for (size_t i = 0; i < len; i++) {
        bool is_group = i && (len - i) % 3 == 0 && digits[i - 1] != '-';
        g_string_append_printf (out, "%s%c", is_group ? "," : "", digits[i]);
    }
    return g_string_free (out, FALSE);
}
