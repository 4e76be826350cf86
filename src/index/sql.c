/* The SQL driver interface: hands each call to the session's driver. Knows no driver. */
#include "index/sql.h"

#include <assert.h>
#include <string.h>

#include "base/limits.h"

enum err sql_open (const struct sql_ops *ops, const char *where, int flags, struct sql **ret,
                   struct error *e)
{
    return ops->open (where, flags, ret, e);
}

static void forget_numbers (struct sql *s)
{
    g_clear_pointer (&s->numbers, g_hash_table_unref);
}

void sql_remember (struct sql *s, const char *text, int64_t number)
{
    if (s->numbers && g_hash_table_size (s->numbers) >= LIMIT_NUMBERS)
        forget_numbers (s);
    if (!s->numbers)
        s->numbers = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
    g_hash_table_replace (s->numbers, g_strdup (text), g_memdup2 (&number, sizeof number));
}

bool sql_recall (struct sql *s, const char *text, int64_t *ret)
{
    const int64_t *number = s->numbers ? g_hash_table_lookup (s->numbers, text) : NULL;
    if (number)
        *ret = *number;
    return number != NULL;
}

void sql_close (struct sql *s)
{
    if (!s)
        return;
    forget_numbers (s);
    s->ops->close (s);
}

enum err sql_exec (struct sql *s, const char *script, struct error *e)
{
    return s->ops->exec (s, script, e);
}

enum err sql_prepare (struct sql *s, const char *text, struct sql_stmt **ret, struct error *e)
{
    return s->ops->prepare (s, text, ret, e);
}

enum err sql_step (struct sql_stmt *st, bool *ret_row, struct error *e)
{
    return st->sql->ops->step (st, ret_row, e);
}

enum err sql_run (struct sql_stmt *st, struct error *e)
{
    bool has_row = false;
    enum err r = sql_step (st, &has_row, e);
    assert (r != ERR_OK || !has_row);
    sql_finish (st);
    return r;
}

void sql_bind_null (struct sql_stmt *st, int i)
{
    st->sql->ops->bind_null (st, i);
}

void sql_bind_int (struct sql_stmt *st, int i, int64_t v)
{
    st->sql->ops->bind_int (st, i, v);
}

void sql_bind_double (struct sql_stmt *st, int i, double v)
{
    st->sql->ops->bind_double (st, i, v);
}

void sql_bind_text (struct sql_stmt *st, int i, const char *text)
{
    if (text)
        st->sql->ops->bind_text (st, i, text, strlen (text), false);
    else
        st->sql->ops->bind_null (st, i);
}

void sql_bind_text_len (struct sql_stmt *st, int i, const char *text, size_t len)
{
    st->sql->ops->bind_text (st, i, text, len, false);
}

void sql_lend_text (struct sql_stmt *st, int i, const char *text)
{
    if (text)
        st->sql->ops->bind_text (st, i, text, strlen (text), true);
    else
        st->sql->ops->bind_null (st, i);
}

void sql_lend_text_len (struct sql_stmt *st, int i, const char *text, size_t len)
{
    st->sql->ops->bind_text (st, i, text, len, true);
}

void sql_bind_blob (struct sql_stmt *st, int i, const void *bytes, size_t len)
{
    st->sql->ops->bind_blob (st, i, bytes, len);
}

bool sql_is_null (struct sql_stmt *st, int column)
{
    return st->sql->ops->is_null (st, column);
}

int64_t sql_get_int (struct sql_stmt *st, int column)
{
    return st->sql->ops->get_int (st, column);
}

double sql_get_double (struct sql_stmt *st, int column)
{
    return st->sql->ops->get_double (st, column);
}

const char *sql_get_text (struct sql_stmt *st, int column)
{
    return st->sql->ops->get_text (st, column, NULL);
}

const char *sql_get_text_len (struct sql_stmt *st, int column, size_t *ret_len)
{
    return st->sql->ops->get_text (st, column, ret_len);
}

enum err sql_find (struct sql *s, const char *text, const char *value, struct sql_stmt **ret,
                   bool *ret_row, struct error *e)
{
    enum err r = sql_prepare (s, text, ret, e);
    if (r != ERR_OK)
        return r;
    sql_lend_text (*ret, 1, value);
    return sql_step (*ret, ret_row, e);
}

void sql_finish (struct sql_stmt *st)
{
    st->sql->ops->finish (st);
}

int64_t sql_changes (struct sql *s)
{
    return s->ops->changes (s);
}

enum err sql_begin (struct sql *s, enum sql_durability d, struct error *e)
{
    return s->ops->begin (s, d, e);
}

enum err sql_commit (struct sql *s, struct error *e)
{
    enum err r = s->ops->commit (s, e);
    if (r != ERR_OK)
        forget_numbers (s);
    return r;
}

void sql_rollback (struct sql *s)
{
    s->ops->rollback (s);
    forget_numbers (s);
}

void sql_set_deadline (struct sql *s, int64_t deadline_ms)
{
    s->ops->set_deadline (s, deadline_ms);
}

size_t sql_untidy_bytes (struct sql *s)
{
    return s->ops->untidy_bytes (s);
}

void sql_tidy (struct sql *s)
{
    s->ops->tidy (s);
}
