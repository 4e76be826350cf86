/* Policies, and which user has which. */
#include "base/clock.h"
#include "index/catalog_internal.h"
#include "index/catalog_users.h"

#define SELECT                                                                                     \
    "SELECT name, description, document, create_ns, update_ns,"                                    \
    " (SELECT count(*) FROM user_policy u WHERE u.policy = p.name) FROM policy p "

void policy_row_free (void *ptr)
{
    struct policy_row *p = ptr;
    if (!p)
        return;
    g_free (p->name);
    g_free (p->description);
    g_free (p->document);
    g_free (p);
}

void attached_policy_free (void *ptr)
{
    struct attached_policy *a = ptr;
    if (!a)
        return;
    g_free (a->name);
    g_free (a);
}

static void *read_policy (struct sql_stmt *st)
{
    struct policy_row *p = g_new0 (struct policy_row, 1);
    p->name = catalog_text (st, 0);
    p->description = catalog_text (st, 1);
    p->document = catalog_text (st, 2);
    p->create_ns = sql_get_int (st, 3);
    p->update_ns = sql_get_int (st, 4);
    p->attachment_count = sql_get_int (st, 5);
    return p;
}

static enum err count_named (struct catalog *c, const char *name, int64_t *ret, struct error *e)
{
    return catalog_count_text (c, "SELECT count(*) FROM policy WHERE name = ?", name, ret, e);
}

static enum err need_policy (struct catalog *c, const char *name, struct error *e)
{
    int64_t n = 0;
    enum err r = count_named (c, name, &n, e);
    if (r == ERR_OK && !n)
        return FAIL (e, NOT_FOUND, "The specified resource policy is not found.");
    return r;
}

static enum err insert (struct catalog *c, struct policy_row *p, unsigned max, struct error *e)
{
    struct sql_stmt *st = NULL;
    int64_t n = 0;
    enum err r = count_named (c, p->name, &n, e);
    if (r == ERR_OK && n)
        return FAIL (e, EXISTS, "The specified resource policy already exists.");
    if (r == ERR_OK)
        r = catalog_check_room (c, "SELECT count(*) FROM policy WHERE create_ns > ?", -1, max,
                                "policies", e);
    if (r == ERR_OK)
        r = sql_prepare (c->sql, "INSERT INTO policy VALUES (?, ?, ?, ?, ?)", &st, e);
    if (r != ERR_OK)
        return r;
    p->create_ns = p->update_ns = clock_now_ns ();
    sql_bind_text (st, 1, p->name);
    sql_bind_text (st, 2, p->description ? p->description : "");
    sql_bind_text (st, 3, p->document);
    sql_bind_int (st, 4, p->create_ns);
    sql_bind_int (st, 5, p->update_ns);
    return sql_run (st, e);
}

enum err catalog_create_policy (struct catalog *c, struct policy_row *p, unsigned max,
                                struct error *e)
{
    CATALOG_LOCK (c);
    enum err r = sql_begin (c->sql, SQL_DURABLE, e);
    return r == ERR_OK ? catalog_end (c, insert (c, p, max, e), e) : r;
}

enum err catalog_get_policy (struct catalog *c, const char *name, struct policy_row **ret,
                             struct error *e)
{
    void *found = NULL;
    enum err r = catalog_row (c, SELECT "WHERE name = ?", name, "policy", read_policy, &found, e);
    if (r == ERR_OK)
        *ret = found;
    return r;
}

enum err catalog_list_policies (struct catalog *c, const char *from, unsigned max, GPtrArray **ret,
                                struct error *e)
{
    return catalog_page (c, SELECT "WHERE name >= ? ORDER BY name LIMIT ?", from, max, read_policy,
                         policy_row_free, ret, e);
}

static enum err update (struct catalog *c, struct policy_row *p, struct error *e)
{
    struct sql_stmt *st = NULL;
    enum err r = sql_prepare (
        c->sql, "UPDATE policy SET description = ?, document = ?, update_ns = ? WHERE name = ?",
        &st, e);
    if (r != ERR_OK)
        return r;
    p->update_ns = clock_now_ns ();
    sql_bind_text (st, 1, p->description);
    sql_bind_text (st, 2, p->document);
    sql_bind_int (st, 3, p->update_ns);
    sql_bind_text (st, 4, p->name);
    return catalog_run_one (c, st, "policy", e);
}

enum err catalog_update_policy (struct catalog *c, struct policy_row *p, struct error *e)
{
    CATALOG_LOCK (c);
    enum err r = sql_begin (c->sql, SQL_DURABLE, e);
    return r == ERR_OK ? catalog_end (c, update (c, p, e), e) : r;
}

static enum err delete_policy (struct catalog *c, const char *name, struct error *e)
{
    struct sql_stmt *st = NULL;
    int64_t users = 0;
    enum err r = catalog_count_text (c, "SELECT count(*) FROM user_policy WHERE policy = ?", name,
                                     &users, e);
    if (r == ERR_OK && users)
        return FAIL (e, CONFLICT,
                     "cannot delete when sub resources exist: %" G_GINT64_FORMAT
                     " users have the policy; detach it first with DetachPolicyFromUser.",
                     users);
    if (r == ERR_OK)
        r = sql_prepare (c->sql, "DELETE FROM policy WHERE name = ?", &st, e);
    if (r != ERR_OK)
        return r;
    sql_bind_text (st, 1, name);
    return catalog_run_one (c, st, "policy", e);
}

enum err catalog_delete_policy (struct catalog *c, const char *name, struct error *e)
{
    CATALOG_LOCK (c);
    enum err r = sql_begin (c->sql, SQL_DURABLE, e);
    return r == ERR_OK ? catalog_end (c, delete_policy (c, name, e), e) : r;
}

/* ---- Of users ---- */

static enum err prepare_pair (struct catalog *c, const char *query, int64_t user_id,
                              const char *policy, struct sql_stmt **ret, struct error *e)
{
    enum err r = sql_prepare (c->sql, query, ret, e);
    if (r != ERR_OK)
        return r;
    sql_bind_int (*ret, 1, user_id);
    sql_bind_text (*ret, 2, policy);
    return ERR_OK;
}

static enum err check_attached (struct catalog *c, int64_t user_id, const char *policy,
                                struct error *e)
{
    _cleanup_stmt_ struct sql_stmt *st = NULL;
    bool has_row = false;
    enum err r = prepare_pair (c, "SELECT 1 FROM user_policy WHERE user_id = ? AND policy = ?",
                               user_id, policy, &st, e);
    if (r == ERR_OK)
        r = sql_step (st, &has_row, e);
    if (r == ERR_OK && has_row)
        return FAIL (e, EXISTS, "The specified resource attachment already exists.");
    return r;
}

static enum err attach (struct catalog *c, int64_t user_id, const char *policy, bool is_builtin,
                        unsigned max, struct error *e)
{
    struct sql_stmt *st = NULL;
    enum err r = is_builtin ? ERR_OK : need_policy (c, policy, e);
    if (r == ERR_OK)
        r = catalog_need (c, "SELECT count(*) FROM user WHERE id = ?", user_id, "user", e);
    if (r == ERR_OK)
        r = check_attached (c, user_id, policy, e);
    if (r == ERR_OK)
        r = catalog_check_room (c, "SELECT count(*) FROM user_policy WHERE user_id = ?", user_id,
                                max, "policies of a user", e);
    if (r == ERR_OK)
        r = prepare_pair (c, "INSERT INTO user_policy VALUES (?, ?, ?)", user_id, policy, &st, e);
    if (r != ERR_OK)
        return r;
    sql_bind_int (st, 3, clock_now_ns ());
    return sql_run (st, e);
}

enum err catalog_attach_policy (struct catalog *c, int64_t user_id, const char *policy,
                                bool is_builtin, unsigned max, struct error *e)
{
    CATALOG_LOCK (c);
    enum err r = sql_begin (c->sql, SQL_DURABLE, e);
    return r == ERR_OK ? catalog_end (c, attach (c, user_id, policy, is_builtin, max, e), e) : r;
}

enum err catalog_detach_policy (struct catalog *c, int64_t user_id, const char *policy,
                                struct error *e)
{
    CATALOG_LOCK (c);
    struct sql_stmt *st = NULL;
    enum err r = sql_begin (c->sql, SQL_DURABLE, e);
    if (r != ERR_OK)
        return r;
    r = prepare_pair (c, "DELETE FROM user_policy WHERE user_id = ? AND policy = ?", user_id,
                      policy, &st, e);
    if (r == ERR_OK)
        r = catalog_run_one (c, st, "attachment", e);
    return catalog_end (c, r, e);
}

static void *read_attached (struct sql_stmt *st)
{
    struct attached_policy *a = g_new0 (struct attached_policy, 1);
    a->user_id = sql_get_int (st, 0);
    a->name = catalog_text (st, 1);
    a->attach_ns = sql_get_int (st, 2);
    return a;
}

enum err catalog_list_attached (struct catalog *c, int64_t user_id, GPtrArray **ret,
                                struct error *e)
{
    CATALOG_LOCK (c);
    _cleanup_stmt_ struct sql_stmt *st = NULL;
    enum err r = sql_prepare (c->sql,
                              "SELECT user_id, policy, attach_ns FROM user_policy"
                              " WHERE user_id >= ? AND user_id <= ? ORDER BY user_id, policy",
                              &st, e);
    if (r != ERR_OK)
        return r;
    sql_bind_int (st, 1, user_id);
    sql_bind_int (st, 2, user_id ? user_id : INT64_MAX);
    return catalog_rows (st, read_attached, attached_policy_free, ret, e);
}

enum err catalog_count_attached (struct catalog *c, const char *policy, int64_t *ret,
                                 struct error *e)
{
    CATALOG_LOCK (c);
    return catalog_count_text (c, "SELECT count(*) FROM user_policy WHERE policy = ?", policy, ret,
                               e);
}
