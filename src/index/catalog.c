/* The catalogue's file, its settings, and what the other catalog_*.c share. */
#include "index/catalog.h"

#include <glib.h>

#include "index/catalog_internal.h"
#include "index/schema.h"

/* Above every character of a name. */
#define LAST_CHARACTER "\xf4\x8f\xbf\xbf"

enum err catalog_open (const char *data_dir, struct catalog **ret, struct error *e)
{
    g_autofree char *path = g_build_filename (data_dir, "catalog.db", NULL);
    struct sql *s = NULL;
    enum err r = sql_open (&sql_sqlite, path, SQL_CREATE, &s, e);
    if (r == ERR_OK)
        r = schema_make_catalog (s, e);
    if (r != ERR_OK) {
        sql_close (s);
        return r;
    }
    struct catalog *c = g_new0 (struct catalog, 1);
    pthread_mutex_init (&c->lock, NULL);
    pthread_rwlock_init (&c->attached_lock, NULL);
    c->attached = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
    pthread_rwlock_init (&c->styles_lock, NULL);
    c->styles = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, style_free);
    c->sql = s;
    catalog_known_init (c);
    r = catalog_load_attached (c, e);
    if (r == ERR_OK)
        r = catalog_load_styles (c, e);
    if (r == ERR_OK)
        *ret = c;
    else
        catalog_close (c);
    return r;
}

void catalog_close (struct catalog *c)
{
    if (!c)
        return;
    sql_close (c->sql);
    catalog_known_clear (c);
    g_hash_table_unref (c->attached);
    pthread_rwlock_destroy (&c->attached_lock);
    g_hash_table_unref (c->styles);
    pthread_rwlock_destroy (&c->styles_lock);
    pthread_mutex_destroy (&c->lock);
    g_free (c);
}

enum err catalog_end (struct catalog *c, enum err r, struct error *e)
{
    if (r == ERR_OK)
        r = sql_commit (c->sql, e);
    else
        sql_rollback (c->sql);
    catalog_forget (c);
    return r;
}

static enum err count (struct sql_stmt *st, int64_t *ret, struct error *e)
{
    bool has_row = false;
    enum err r = sql_step (st, &has_row, e);
    if (r != ERR_OK)
        return r;
    *ret = has_row ? sql_get_int (st, 0) : 0;
    return ERR_OK;
}

enum err catalog_count (struct catalog *c, const char *query, int64_t id, int64_t *ret,
                        struct error *e)
{
    _cleanup_stmt_ struct sql_stmt *st = NULL;
    enum err r = sql_prepare (c->sql, query, &st, e);
    if (r != ERR_OK)
        return r;
    sql_bind_int (st, 1, id);
    return count (st, ret, e);
}

enum err catalog_count_text (struct catalog *c, const char *query, const char *text, int64_t *ret,
                             struct error *e)
{
    _cleanup_stmt_ struct sql_stmt *st = NULL;
    enum err r = sql_prepare (c->sql, query, &st, e);
    if (r != ERR_OK)
        return r;
    sql_bind_text (st, 1, text);
    return count (st, ret, e);
}

enum err catalog_need (struct catalog *c, const char *query, int64_t id, const char *what,
                       struct error *e)
{
    int64_t n = 0;
    enum err r = catalog_count (c, query, id, &n, e);
    if (r != ERR_OK)
        return r;
    return n ? ERR_OK : FAIL (e, NOT_FOUND, "The specified resource %s is not found.", what);
}

enum err catalog_check_room (struct catalog *c, const char *query, int64_t value, unsigned max,
                             const char *what, struct error *e)
{
    int64_t n = 0;
    enum err r = catalog_count (c, query, value, &n, e);
    if (r == ERR_OK && n >= max)
        return FAIL (e, LIMIT, "resource count exceeds the limit: at most %u %s", max, what);
    return r;
}

enum err catalog_run_one (struct catalog *c, struct sql_stmt *st, const char *what, struct error *e)
{
    enum err r = sql_run (st, e);
    if (r == ERR_OK && !sql_changes (c->sql))
        return FAIL (e, NOT_FOUND, "The specified resource %s is not found.", what);
    return r;
}

enum err catalog_rows (struct sql_stmt *st, void *(*read) (struct sql_stmt *st),
                       GDestroyNotify free_row, GPtrArray **ret, struct error *e)
{
    g_autoptr (GPtrArray) list = g_ptr_array_new_with_free_func (free_row);
    bool has_row = false;
    enum err r;
    while ((r = sql_step (st, &has_row, e)) == ERR_OK && has_row)
        g_ptr_array_add (list, read (st));
    if (r == ERR_OK)
        *ret = g_steal_pointer (&list);
    return r;
}

enum err catalog_row (struct catalog *c, const char *query, const char *text, const char *what,
                      void *(*read) (struct sql_stmt *st), void **ret, struct error *e)
{
    CATALOG_LOCK (c);
    _cleanup_stmt_ struct sql_stmt *st = NULL;
    bool has_row = false;
    enum err r = sql_find (c->sql, query, text, &st, &has_row, e);
    if (r != ERR_OK)
        return r;
    if (!has_row)
        return FAIL (e, NOT_FOUND, "The specified resource %s is not found.", what);
    *ret = read (st);
    return ERR_OK;
}

enum err catalog_page (struct catalog *c, const char *query, const char *from, unsigned max,
                       void *(*read) (struct sql_stmt *st), GDestroyNotify free_row,
                       GPtrArray **ret, struct error *e)
{
    CATALOG_LOCK (c);
    _cleanup_stmt_ struct sql_stmt *st = NULL;
    enum err r = sql_prepare (c->sql, query, &st, e);
    if (r != ERR_OK)
        return r;
    sql_bind_text (st, 1, from ? from : "");
    sql_bind_int (st, 2, (int64_t) max + 1);
    return catalog_rows (st, read, free_row, ret, e);
}

char *catalog_text (struct sql_stmt *st, int column)
{
    const char *text = sql_get_text (st, column);
    return g_strdup (text ? text : "");
}

void catalog_bind_quotas (struct sql_stmt *st, int i, const struct quotas *q)
{
    sql_bind_int (st, i, q->max_bind_count);
    sql_bind_int (st, i + 1, q->max_file_count);
    sql_bind_int (st, i + 2, q->max_entity_count);
    sql_bind_int (st, i + 3, q->max_relation_count);
    sql_bind_int (st, i + 4, q->max_total_file_size);
}

void catalog_get_quotas (struct sql_stmt *st, int i, struct quotas *ret)
{
    ret->max_bind_count = sql_get_int (st, i);
    ret->max_file_count = sql_get_int (st, i + 1);
    ret->max_entity_count = sql_get_int (st, i + 2);
    ret->max_relation_count = sql_get_int (st, i + 3);
    ret->max_total_file_size = sql_get_int (st, i + 4);
}

void catalog_name_bounds (const char *prefix, const char *from, char **ret_lo, char **ret_hi)
{
    const char *begin = prefix ? prefix : "";
    *ret_hi = g_strconcat (begin, LAST_CHARACTER, NULL);
    *ret_lo = g_strdup (from && strcmp (from, begin) > 0 ? from : begin);
}

void tag_free (void *p)
{
    struct tag *t = p;
    if (!t)
        return;
    g_free (t->key);
    g_free (t->value);
    g_free (t);
}

enum err catalog_get_setting (struct catalog *c, const char *key, char **ret, struct error *e)
{
    CATALOG_LOCK (c);
    _cleanup_stmt_ struct sql_stmt *st = NULL;
    bool has_row = false;
    enum err r =
        sql_find (c->sql, "SELECT value FROM setting WHERE key = ?", key, &st, &has_row, e);
    if (r != ERR_OK)
        return r;
    if (!has_row)
        return FAIL (e, NOT_FOUND, "the setting '%s' was never set", key);
    *ret = catalog_text (st, 0);
    return ERR_OK;
}

enum err catalog_write_setting (struct catalog *c, const char *key, const char *value,
                                struct error *e)
{
    struct sql_stmt *st = NULL;
    enum err r = sql_prepare (c->sql,
                              "INSERT INTO setting VALUES (?, ?)"
                              " ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                              &st, e);
    if (r != ERR_OK)
        return r;
    sql_bind_text (st, 1, key);
    sql_bind_text (st, 2, value);
    return sql_run (st, e);
}

enum err catalog_set_setting (struct catalog *c, const char *key, const char *value,
                              struct error *e)
{
    CATALOG_LOCK (c);
    enum err r = sql_begin (c->sql, SQL_DURABLE, e);
    return r == ERR_OK ? catalog_end (c, catalog_write_setting (c, key, value, e), e) : r;
}
