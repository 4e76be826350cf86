/* The SQL driver interface. Statements are written once, with '?' for values, and run on any
 * driver; drivers differ in placeholders, full text and JSON syntax only (`dialect`). Values are
 * bound, never printed into SQL.
 *
 * Threads: a session belongs to one thread at a time. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <glib.h>

#include "base/error.h"

struct sql;      /* a session */
struct sql_stmt; /* a prepared statement; cached by the session under its text */

enum sql_open_flags {
    SQL_READ_ONLY = 1,
    SQL_CREATE = 2,
    SQL_TIDY_LATER = 4 /* commits leave their log alone: the owner calls sql_tidy() */
};

enum sql_durability {
    SQL_REBUILDABLE, /* the bucket can rebuild it: survives kill -9, the last of it may go in a
                        power cut */
    SQL_DURABLE      /* somebody was told of it: survives a power cut */
};

struct sql_ops {
    const char *scheme; /* "sqlite" */
    enum err (*open) (const char *where, int flags, struct sql **ret, struct error *e);
    void (*close) (struct sql *s);
    enum err (*exec) (struct sql *s, const char *script, struct error *e);
    enum err (*prepare) (struct sql *s, const char *text, struct sql_stmt **ret, struct error *e);
    void (*bind_null) (struct sql_stmt *st, int i);
    void (*bind_int) (struct sql_stmt *st, int i, int64_t v);
    void (*bind_double) (struct sql_stmt *st, int i, double v);
    void (*bind_text) (struct sql_stmt *st, int i, const char *text, size_t len, bool is_lent);
    void (*bind_blob) (struct sql_stmt *st, int i, const void *bytes, size_t len);
    enum err (*step) (struct sql_stmt *st, bool *ret_row, struct error *e);
    bool (*is_null) (struct sql_stmt *st, int column);
    int64_t (*get_int) (struct sql_stmt *st, int column);
    double (*get_double) (struct sql_stmt *st, int column);
    const char *(*get_text) (struct sql_stmt *st, int column, size_t *ret_len);
    void (*finish) (struct sql_stmt *st);
    int64_t (*changes) (struct sql *s);
    enum err (*begin) (struct sql *s, enum sql_durability d, struct error *e);
    enum err (*commit) (struct sql *s, struct error *e);
    void (*rollback) (struct sql *s);
    void (*set_deadline) (struct sql *s, int64_t deadline_ms);
    size_t (*untidy_bytes) (struct sql *s);
    void (*tidy) (struct sql *s);
};

extern const struct sql_ops sql_sqlite;

struct sql {
    const struct sql_ops *ops;
    GHashTable *numbers; /* see sql_remember() */
};

/* sql_open: `where` is a file path (sqlite). sql_prepare: ready to bind, values counted from 1;
 * finish it with sql_finish() (resets it and drops its values; the session keeps it). sql_step:
 * *ret_row false at the end. sql_get_*: columns from 0; text is valid until the next step or
 * finish. sql_begin: a write transaction, at once. sql_exec: a script without values.
 * sql_set_deadline: statements that still run at `deadline_ms` (clock_mono_ms) end with TIMED_OUT;
 * 0: none. sql_untidy_bytes: how long the log of committed changes was after the session's last
 * commit; sql_tidy, by any session that writes, moves it into the file, as far as readers allow;
 * this may take long, and others may read and write meanwhile. All fail with DATABASE, or BUSY if
 * the file is locked for long. */
NODISCARD enum err sql_open (const struct sql_ops *ops, const char *where, int flags,
                             struct sql **ret, struct error *e);
void sql_close (struct sql *s);
NODISCARD enum err sql_exec (struct sql *s, const char *script, struct error *e);
NODISCARD enum err sql_prepare (struct sql *s, const char *text, struct sql_stmt **ret,
                                struct error *e);
NODISCARD enum err sql_step (struct sql_stmt *st, bool *ret_row, struct error *e);
/* Prepares a statement that has one text, which is lent, and steps to its first row. Finish it,
 * unless *ret is left NULL. */
NODISCARD enum err sql_find (struct sql *s, const char *text, const char *value,
                             struct sql_stmt **ret, bool *ret_row, struct error *e);
/* Runs a statement that yields no row, and finishes it. */
NODISCARD enum err sql_run (struct sql_stmt *st, struct error *e);
void sql_bind_null (struct sql_stmt *st, int i);
void sql_bind_int (struct sql_stmt *st, int i, int64_t v);
void sql_bind_double (struct sql_stmt *st, int i, double v);
void sql_bind_text (struct sql_stmt *st, int i, const char *text); /* NULL: null */
void sql_bind_text_len (struct sql_stmt *st, int i, const char *text, size_t len);
/* The same without a copy: the text stays until the statement was run or stepped for the last time.
 */
void sql_lend_text (struct sql_stmt *st, int i, const char *text);
void sql_lend_text_len (struct sql_stmt *st, int i, const char *text, size_t len);
void sql_bind_blob (struct sql_stmt *st, int i, const void *bytes, size_t len);
bool sql_is_null (struct sql_stmt *st, int column);
int64_t sql_get_int (struct sql_stmt *st, int column);
double sql_get_double (struct sql_stmt *st, int column);
const char *sql_get_text (struct sql_stmt *st, int column);
const char *sql_get_text_len (struct sql_stmt *st, int column, size_t *ret_len);
void sql_finish (struct sql_stmt *st);
int64_t sql_changes (struct sql *s);
NODISCARD enum err sql_begin (struct sql *s, enum sql_durability d, struct error *e);
NODISCARD enum err sql_commit (struct sql *s, struct error *e);
void sql_rollback (struct sql *s);
/* Numbers by texts, for who finds the same rows again and again, and knows that nobody changes
 * them; at most LIMIT_NUMBERS. A rollback forgets them. */
void sql_remember (struct sql *s, const char *text, int64_t number);
bool sql_recall (struct sql *s, const char *text, int64_t *ret);
void sql_set_deadline (struct sql *s, int64_t deadline_ms);
size_t sql_untidy_bytes (struct sql *s);
void sql_tidy (struct sql *s);

struct sql_stmt {
    struct sql *sql;
};

static inline void sql_finishp (struct sql_stmt **st)
{
    if (*st)
        sql_finish (*st);
}
#define _cleanup_stmt_ __attribute__ ((cleanup (sql_finishp)))
