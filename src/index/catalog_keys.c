/* Access keys of users. What a secret is sealed with, and what a token is, others know. */
#include "base/clock.h"
#include "index/catalog_internal.h"
#include "index/catalog_users.h"

#define COLUMNS                                                                                    \
    "id, user_id, secret, is_active, create_ns, used_ns, expires_ns, token_sum, session_name,"     \
    " session_policy"

void access_key_free (void *ptr)
{
    struct access_key *k = ptr;
    if (!k)
        return;
    g_free (k->id);
    g_clear_pointer (&k->secret, g_bytes_unref);
    g_clear_pointer (&k->token_sum, g_bytes_unref);
    g_free (k->session_name);
    g_free (k->session_policy);
    g_free (k);
}

static GBytes *get_bytes (struct sql_stmt *st, int column)
{
    size_t len = 0;
    const char *bytes = sql_get_text_len (st, column, &len);
    return g_bytes_new (bytes, bytes ? len : 0);
}

static void bind_bytes (struct sql_stmt *st, int i, GBytes *bytes)
{
    size_t len = 0;
    const void *data = bytes ? g_bytes_get_data (bytes, &len) : NULL;
    sql_bind_blob (st, i, data ? data : "", len);
}

static void *read_key (struct sql_stmt *st)
{
    struct access_key *k = g_new0 (struct access_key, 1);
    k->id = catalog_text (st, 0);
    k->user_id = sql_get_int (st, 1);
    k->secret = get_bytes (st, 2);
    k->is_active = sql_get_int (st, 3) != 0;
    k->create_ns = sql_get_int (st, 4);
    k->used_ns = sql_get_int (st, 5);
    k->expires_ns = sql_get_int (st, 6);
    k->token_sum = get_bytes (st, 7);
    k->session_name = catalog_text (st, 8);
    k->session_policy = catalog_text (st, 9);
    return k;
}

static void bind_key (struct sql_stmt *st, const struct access_key *k)
{
    sql_bind_text (st, 1, k->id);
    sql_bind_int (st, 2, k->user_id);
    bind_bytes (st, 3, k->secret);
    sql_bind_int (st, 4, k->is_active);
    sql_bind_int (st, 5, k->create_ns);
    sql_bind_int (st, 6, k->used_ns);
    sql_bind_int (st, 7, k->expires_ns);
    bind_bytes (st, 8, k->token_sum);
    sql_bind_text (st, 9, k->session_name ? k->session_name : "");
    sql_bind_text (st, 10, k->session_policy ? k->session_policy : "");
}

static enum err check_new (struct catalog *c, const struct access_key *k, unsigned max,
                           struct error *e)
{
    int64_t n = 0;
    enum err r =
        catalog_count_text (c, "SELECT count(*) FROM access_key WHERE id = ?", k->id, &n, e);
    if (r == ERR_OK && n)
        return FAIL (e, EXISTS, "The specified resource accesskey already exists.");
    if (r == ERR_OK)
        r = catalog_need (c, "SELECT count(*) FROM user WHERE id = ?", k->user_id, "user", e);
    if (r != ERR_OK)
        return r;
    return k->expires_ns
               ? catalog_check_room (c, "SELECT count(*) FROM access_key WHERE expires_ns > ?", 0,
                                     max, "temporary keys", e)
               : catalog_check_room (
                     c, "SELECT count(*) FROM access_key WHERE user_id = ? AND expires_ns = 0",
                     k->user_id, max, "access keys of a user", e);
}

static enum err insert (struct catalog *c, struct access_key *k, unsigned max, struct error *e)
{
    struct sql_stmt *st = NULL;
    k->create_ns = clock_now_ns ();
    enum err r = check_new (c, k, max, e);
    if (r == ERR_OK)
        r = sql_prepare (
            c->sql, "INSERT INTO access_key (" COLUMNS ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            &st, e);
    if (r != ERR_OK)
        return r;
    bind_key (st, k);
    return sql_run (st, e);
}

enum err catalog_create_key (struct catalog *c, struct access_key *k, unsigned max, struct error *e)
{
    CATALOG_LOCK (c);
    enum err r = sql_begin (c->sql, SQL_DURABLE, e);
    return r == ERR_OK ? catalog_end (c, insert (c, k, max, e), e) : r;
}

enum err catalog_list_keys (struct catalog *c, int64_t user_id, GPtrArray **ret, struct error *e)
{
    CATALOG_LOCK (c);
    _cleanup_stmt_ struct sql_stmt *st = NULL;
    enum err r = sql_prepare (c->sql,
                              "SELECT " COLUMNS " FROM access_key WHERE user_id = ?"
                              " AND expires_ns = 0 ORDER BY create_ns, id",
                              &st, e);
    if (r != ERR_OK)
        return r;
    sql_bind_int (st, 1, user_id);
    return catalog_rows (st, read_key, access_key_free, ret, e);
}

enum err catalog_list_all_keys (struct catalog *c, GPtrArray **ret, struct error *e)
{
    CATALOG_LOCK (c);
    _cleanup_stmt_ struct sql_stmt *st = NULL;
    enum err r = sql_prepare (c->sql, "SELECT " COLUMNS " FROM access_key ORDER BY id", &st, e);
    return r == ERR_OK ? catalog_rows (st, read_key, access_key_free, ret, e) : r;
}

/* `query` takes the user's and the key's id, and where it has a third place, `value`. */
static enum err change_key (struct catalog *c, const char *query, int64_t user_id, const char *id,
                            const int64_t *value, struct error *e)
{
    CATALOG_LOCK (c);
    struct sql_stmt *st = NULL;
    enum err r = sql_begin (c->sql, SQL_DURABLE, e);
    if (r != ERR_OK)
        return r;
    r = sql_prepare (c->sql, query, &st, e);
    if (r == ERR_OK) {
        sql_bind_int (st, 1, user_id);
        sql_bind_text (st, 2, id);
        if (value)
            sql_bind_int (st, 3, *value);
        r = catalog_run_one (c, st, "accesskey", e);
    }
    return catalog_end (c, r, e);
}

enum err catalog_set_key_active (struct catalog *c, int64_t user_id, const char *id, bool is_active,
                                 struct error *e)
{
    return change_key (c,
                       "UPDATE access_key SET is_active = ?3"
                       " WHERE user_id = ?1 AND id = ?2 AND expires_ns = 0",
                       user_id, id, &(int64_t){ is_active }, e);
}

enum err catalog_delete_key (struct catalog *c, int64_t user_id, const char *id, struct error *e)
{
    return change_key (c, "DELETE FROM access_key WHERE user_id = ? AND id = ?", user_id, id, NULL,
                       e);
}

static enum err set_use (struct catalog *c, const struct access_key *k, struct error *e)
{
    struct sql_stmt *st = NULL;
    enum err r = sql_prepare (
        c->sql, "UPDATE access_key SET used_ns = max (used_ns, ?) WHERE id = ?", &st, e);
    if (r != ERR_OK)
        return r;
    sql_bind_int (st, 1, k->used_ns);
    sql_bind_text (st, 2, k->id);
    return sql_run (st, e);
}

enum err catalog_set_key_uses (struct catalog *c, const GPtrArray *keys, struct error *e)
{
    CATALOG_LOCK (c);
    enum err r = sql_begin (c->sql, SQL_REBUILDABLE, e);
    if (r != ERR_OK)
        return r;
    for (guint i = 0; r == ERR_OK && i < keys->len; i++)
        r = set_use (c, keys->pdata[i], e);
    return catalog_end (c, r, e);
}

static enum err delete_expired (struct catalog *c, int64_t before_ns, struct error *e)
{
    struct sql_stmt *st = NULL;
    enum err r = sql_prepare (
        c->sql, "DELETE FROM access_key WHERE expires_ns > 0 AND expires_ns < ?", &st, e);
    if (r != ERR_OK)
        return r;
    sql_bind_int (st, 1, before_ns);
    return sql_run (st, e);
}

enum err catalog_delete_expired_keys (struct catalog *c, int64_t before_ns, struct error *e)
{
    CATALOG_LOCK (c);
    enum err r = sql_begin (c->sql, SQL_REBUILDABLE, e);
    return r == ERR_OK ? catalog_end (c, delete_expired (c, before_ns, e), e) : r;
}

static enum err replace_secret (struct catalog *c, const struct access_key *k, struct error *e)
{
    struct sql_stmt *st = NULL;
    enum err r = sql_prepare (c->sql, "UPDATE access_key SET secret = ? WHERE id = ?", &st, e);
    if (r != ERR_OK)
        return r;
    bind_bytes (st, 1, k->secret);
    sql_bind_text (st, 2, k->id);
    return catalog_run_one (c, st, "accesskey", e);
}

enum err catalog_replace_secrets (struct catalog *c, const GPtrArray *keys, const char *setting,
                                  const char *value, struct error *e)
{
    CATALOG_LOCK (c);
    enum err r = sql_begin (c->sql, SQL_DURABLE, e);
    if (r != ERR_OK)
        return r;
    for (guint i = 0; r == ERR_OK && i < keys->len; i++)
        r = replace_secret (c, keys->pdata[i], e);
    if (r == ERR_OK)
        r = catalog_write_setting (c, setting, value, e);
    return catalog_end (c, r, e);
}

static enum err delete_all (struct catalog *c, int64_t *ret_deleted, struct error *e)
{
    struct sql_stmt *st = NULL;
    enum err r = sql_prepare (c->sql, "DELETE FROM access_key", &st, e);
    if (r == ERR_OK)
        r = sql_run (st, e);
    if (r == ERR_OK)
        *ret_deleted = sql_changes (c->sql);
    return r;
}

enum err catalog_delete_all_keys (struct catalog *c, int64_t *ret_deleted, struct error *e)
{
    CATALOG_LOCK (c);
    enum err r = sql_begin (c->sql, SQL_DURABLE, e);
    return r == ERR_OK ? catalog_end (c, delete_all (c, ret_deleted, e), e) : r;
}
