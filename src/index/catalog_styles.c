/* Styles of buckets: named texts of x-oss-process. What they say is no matter here. */
#include "base/clock.h"
#include "index/catalog_internal.h"

#define SELECT "SELECT bucket, name, text, create_ns, update_ns FROM style "

void style_free (void *ptr)
{
    struct style *s = ptr;
    if (!s)
        return;
    g_free (s->bucket);
    g_free (s->name);
    g_free (s->text);
    g_free (s);
}

static void *read_style (struct sql_stmt *st)
{
    struct style *s = g_new0 (struct style, 1);
    s->bucket = catalog_text (st, 0);
    s->name = catalog_text (st, 1);
    s->text = catalog_text (st, 2);
    s->create_ns = sql_get_int (st, 3);
    s->update_ns = sql_get_int (st, 4);
    return s;
}

static struct style *copy_style (const struct style *s)
{
    struct style *copy = g_new (struct style, 1);
    *copy = (struct style){ g_strdup (s->bucket), g_strdup (s->name), g_strdup (s->text),
                            s->create_ns, s->update_ns };
    return copy;
}

/* No bucket has a '/' in its name. */
static char *key_of (const char *bucket, const char *name)
{
    return g_strdup_printf ("%s/%s", bucket, name);
}

/* Before whoever changed it is told that it is done. `s` is taken; NULL: it is gone. */
static void note (struct catalog *c, const char *bucket, const char *name, struct style *s)
{
    g_autofree char *key = key_of (bucket, name);
    pthread_rwlock_wrlock (&c->styles_lock);
    if (s)
        g_hash_table_insert (c->styles, g_steal_pointer (&key), s);
    else
        g_hash_table_remove (c->styles, key);
    pthread_rwlock_unlock (&c->styles_lock);
}

enum err catalog_load_styles (struct catalog *c, struct error *e)
{
    _cleanup_stmt_ struct sql_stmt *st = NULL;
    g_autoptr (GPtrArray) all = NULL;
    enum err r = sql_prepare (c->sql, SELECT, &st, e);
    if (r == ERR_OK)
        r = catalog_rows (st, read_style, style_free, &all, e);
    for (guint i = 0; r == ERR_OK && i < all->len; i++) {
        const struct style *s = all->pdata[i];
        note (c, s->bucket, s->name, copy_style (s));
    }
    return r;
}

enum err catalog_get_style (struct catalog *c, const char *bucket, const char *name,
                            struct style **ret, struct error *e)
{
    g_autofree char *key = key_of (bucket, name);
    pthread_rwlock_rdlock (&c->styles_lock);
    const struct style *s = g_hash_table_lookup (c->styles, key);
    struct style *copy = s ? copy_style (s) : NULL;
    pthread_rwlock_unlock (&c->styles_lock);
    if (!copy)
        return FAIL (e, NO_STYLE, "The specified style does not exist: %s", name);
    *ret = copy;
    return ERR_OK;
}

static enum err check_room (struct catalog *c, const char *bucket, unsigned max, struct error *e)
{
    int64_t n = 0;
    enum err r =
        catalog_count_text (c, "SELECT count(*) FROM style WHERE bucket = ?", bucket, &n, e);
    if (r == ERR_OK && n >= max)
        return FAIL (e, LIMIT, "resource count exceeds the limit: at most %u styles of a bucket",
                     max);
    return r;
}

static enum err store (struct catalog *c, const struct style *s, struct error *e)
{
    struct sql_stmt *st = NULL;
    enum err r = sql_prepare (c->sql,
                              "INSERT INTO style VALUES (?, ?, ?, ?, ?) ON CONFLICT (bucket, name)"
                              " DO UPDATE SET text = excluded.text, update_ns = excluded.update_ns",
                              &st, e);
    if (r != ERR_OK)
        return r;
    sql_bind_text (st, 1, s->bucket);
    sql_bind_text (st, 2, s->name);
    sql_bind_text (st, 3, s->text);
    sql_bind_int (st, 4, s->create_ns);
    sql_bind_int (st, 5, s->update_ns);
    return sql_run (st, e);
}

enum err catalog_put_style (struct catalog *c, struct style *s, unsigned max, struct error *e)
{
    CATALOG_LOCK (c);
    struct style *old = NULL;
    bool is_new = catalog_get_style (c, s->bucket, s->name, &old, NULL) != ERR_OK;
    s->update_ns = clock_now_ns ();
    s->create_ns = is_new ? s->update_ns : old->create_ns;
    style_free (old);
    enum err r = sql_begin (c->sql, SQL_DURABLE, e);
    if (r != ERR_OK)
        return r;
    r = is_new ? check_room (c, s->bucket, max, e) : ERR_OK;
    if (r == ERR_OK)
        r = store (c, s, e);
    r = catalog_end (c, r, e);
    if (r == ERR_OK)
        note (c, s->bucket, s->name, copy_style (s));
    return r;
}

enum err catalog_list_styles (struct catalog *c, const char *bucket, const char *from, unsigned max,
                              GPtrArray **ret, struct error *e)
{
    CATALOG_LOCK (c);
    _cleanup_stmt_ struct sql_stmt *st = NULL;
    enum err r =
        sql_prepare (c->sql, SELECT "WHERE bucket = ? AND name >= ? ORDER BY name LIMIT ?", &st, e);
    if (r != ERR_OK)
        return r;
    sql_bind_text (st, 1, bucket);
    sql_bind_text (st, 2, from ? from : "");
    sql_bind_int (st, 3, (int64_t) max + 1);
    return catalog_rows (st, read_style, style_free, ret, e);
}

static enum err delete_row (struct catalog *c, const char *bucket, const char *name,
                            struct error *e)
{
    struct sql_stmt *st = NULL;
    enum err r = sql_prepare (c->sql, "DELETE FROM style WHERE bucket = ? AND name = ?", &st, e);
    if (r != ERR_OK)
        return r;
    sql_bind_text (st, 1, bucket);
    sql_bind_text (st, 2, name);
    r = catalog_run_one (c, st, "style", e);
    return r == ERR_NOT_FOUND ? FAIL (e, NO_STYLE, "The specified style does not exist: %s", name)
                              : r;
}

enum err catalog_delete_style (struct catalog *c, const char *bucket, const char *name,
                               struct error *e)
{
    CATALOG_LOCK (c);
    enum err r = sql_begin (c->sql, SQL_DURABLE, e);
    if (r == ERR_OK)
        r = catalog_end (c, delete_row (c, bucket, name, e), e);
    if (r == ERR_OK)
        note (c, bucket, name, NULL);
    return r;
}
