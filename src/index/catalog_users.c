/* Users. */
#include "index/catalog_users.h"

#include "base/clock.h"
#include "index/catalog_internal.h"

#define SELECT "SELECT id, name, display_name, comments, create_ns, update_ns FROM user "

void user_free (void *ptr)
{
    struct user *u = ptr;
    if (!u)
        return;
    g_free (u->name);
    g_free (u->display_name);
    g_free (u->comments);
    g_free (u);
}

static void *read_user (struct sql_stmt *st)
{
    struct user *u = g_new0 (struct user, 1);
    u->id = sql_get_int (st, 0);
    u->name = catalog_text (st, 1);
    u->display_name = catalog_text (st, 2);
    u->comments = catalog_text (st, 3);
    u->create_ns = sql_get_int (st, 4);
    u->update_ns = sql_get_int (st, 5);
    return u;
}

/* No other user has this name. */
static enum err check_name (struct catalog *c, const struct user *u, struct error *e)
{
    int64_t id = 0;
    enum err r = catalog_count_text (c, "SELECT id FROM user WHERE name = ?", u->name, &id, e);
    if (r == ERR_OK && id && id != u->id)
        return FAIL (e, EXISTS, "The specified resource user already exists.");
    return r;
}

static void bind_user (struct sql_stmt *st, const struct user *u)
{
    sql_bind_text (st, 1, u->name);
    sql_bind_text (st, 2, u->display_name ? u->display_name : "");
    sql_bind_text (st, 3, u->comments ? u->comments : "");
    sql_bind_int (st, 4, u->update_ns);
}

static enum err insert (struct catalog *c, struct user *u, unsigned max, struct error *e)
{
    struct sql_stmt *st = NULL;
    u->id = 0;
    enum err r = check_name (c, u, e);
    if (r == ERR_OK)
        r = catalog_check_room (c, "SELECT count(*) FROM user WHERE id > ?", 0, max, "users", e);
    if (r == ERR_OK)
        r = sql_prepare (c->sql,
                         "INSERT INTO user (name, display_name, comments, update_ns, create_ns)"
                         " VALUES (?, ?, ?, ?, ?)",
                         &st, e);
    if (r != ERR_OK)
        return r;
    u->create_ns = u->update_ns = clock_now_ns ();
    bind_user (st, u);
    sql_bind_int (st, 5, u->create_ns);
    r = sql_run (st, e);
    return r == ERR_OK
               ? catalog_count_text (c, "SELECT id FROM user WHERE name = ?", u->name, &u->id, e)
               : r;
}

enum err catalog_create_user (struct catalog *c, struct user *u, unsigned max, struct error *e)
{
    CATALOG_LOCK (c);
    enum err r = sql_begin (c->sql, SQL_DURABLE, e);
    return r == ERR_OK ? catalog_end (c, insert (c, u, max, e), e) : r;
}

enum err catalog_get_user (struct catalog *c, const char *name, struct user **ret, struct error *e)
{
    void *found = NULL;
    enum err r = catalog_row (c, SELECT "WHERE name = ?", name, "user", read_user, &found, e);
    if (r == ERR_OK)
        *ret = found;
    return r;
}

enum err catalog_list_users (struct catalog *c, const char *from, unsigned max, GPtrArray **ret,
                             struct error *e)
{
    return catalog_page (c, SELECT "WHERE name >= ? ORDER BY name LIMIT ?", from, max, read_user,
                         user_free, ret, e);
}

static enum err update (struct catalog *c, struct user *u, struct error *e)
{
    struct sql_stmt *st = NULL;
    enum err r = check_name (c, u, e);
    if (r == ERR_OK)
        r = sql_prepare (c->sql,
                         "UPDATE user SET name = ?, display_name = ?, comments = ?, update_ns = ?"
                         " WHERE id = ?",
                         &st, e);
    if (r != ERR_OK)
        return r;
    u->update_ns = clock_now_ns ();
    bind_user (st, u);
    sql_bind_int (st, 5, u->id);
    return catalog_run_one (c, st, "user", e);
}

enum err catalog_update_user (struct catalog *c, struct user *u, struct error *e)
{
    CATALOG_LOCK (c);
    enum err r = sql_begin (c->sql, SQL_DURABLE, e);
    return r == ERR_OK ? catalog_end (c, update (c, u, e), e) : r;
}

static enum err check_bare (struct catalog *c, int64_t id, struct error *e)
{
    int64_t keys = 0, policies = 0;
    enum err r = catalog_count (
        c, "SELECT count(*) FROM access_key WHERE user_id = ? AND expires_ns = 0", id, &keys, e);
    if (r == ERR_OK)
        r = catalog_count (c, "SELECT count(*) FROM user_policy WHERE user_id = ?", id, &policies,
                           e);
    if (r == ERR_OK && (keys || policies))
        return FAIL (e, CONFLICT,
                     "cannot delete when sub resources exist: the user has %" G_GINT64_FORMAT
                     " access keys and %" G_GINT64_FORMAT " policies; remove them first with "
                     "DeleteAccessKey and DetachPolicyFromUser.",
                     keys, policies);
    return r;
}

static enum err delete_user (struct catalog *c, int64_t id, struct error *e)
{
    struct sql_stmt *st = NULL;
    enum err r = check_bare (c, id, e);
    if (r == ERR_OK)
        r = sql_prepare (c->sql, "DELETE FROM access_key WHERE user_id = ?", &st, e);
    if (r != ERR_OK)
        return r;
    sql_bind_int (st, 1, id);
    r = sql_run (st, e);
    if (r == ERR_OK)
        r = sql_prepare (c->sql, "DELETE FROM user WHERE id = ?", &st, e);
    if (r != ERR_OK)
        return r;
    sql_bind_int (st, 1, id);
    return catalog_run_one (c, st, "user", e);
}

enum err catalog_delete_user (struct catalog *c, int64_t id, struct error *e)
{
    CATALOG_LOCK (c);
    enum err r = sql_begin (c->sql, SQL_DURABLE, e);
    return r == ERR_OK ? catalog_end (c, delete_user (c, id, e), e) : r;
}
