/* Tables for people: aligned columns, fitted to a width. Cells come from files' names and contents:
 * what is not printable is shown escaped, so no name can send commands to a terminal. */
#pragma once

#include <glib.h>

#include "base/macros.h"

struct table;

/* A table with the columns `headers` (NULL-terminated, copied). A header that begins with '>' makes
 * its column right-aligned. */
struct table *table_new (const char *const *headers);
void table_free (struct table *t);
static inline void table_freep (struct table **t)
{
    table_free (*t); /* NULL is fine */
}
#define _cleanup_table_ __attribute__ ((cleanup (table_freep)))

/* Adds a row: one cell a column, NULL-terminated, copied and escaped. */
void table_add (struct table *t, const char *const *cells);

/* The table as lines. With a `width` above 0, the widest columns are cut in the middle until a line
 * fits, but never below a few columns. Caller frees. */
char *table_format (const struct table *t, unsigned width);

/* Prints it, fitted if standard output is a terminal; whole otherwise. */
void table_print (const struct table *t);

/* ---- Parts, for other output ---- */

/* `text` with control characters, invisible ones that change the reading direction, and bytes that
 * are not UTF-8 as \n, \x1b, \u202e. Caller frees. */
char *table_escape (const char *text);

/* Columns that escaped text takes on a terminal. */
unsigned table_width (const char *text);

/* Cuts escaped text in its middle, with an ellipsis, to at most `width` columns. Caller frees. */
char *table_cut (const char *text, unsigned width);

/* Columns of the terminal behind `fd`; 0 if it is none. */
unsigned table_terminal_width (int fd);

/* "1,234,567". Caller frees. */
char *table_number (gint64 n);
