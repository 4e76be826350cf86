/* The secrets of bindings, and what senders of events wait for. */
#include "index/catalog.h"

#include <errno.h>
#include <sys/random.h>

#include "index/catalog_internal.h"

#define SECRET_BYTES 32

void binding_hook_clear (struct binding_hook *h)
{
    g_free (h->secret);
    g_free (h->subscription);
    *h = (struct binding_hook){ 0 };
}

/* Nothing in it needs an escape in a URL. */
static enum err make_secret (char **ret, struct error *e)
{
    uint8_t bytes[SECRET_BYTES];
    if (getrandom (bytes, sizeof bytes, 0) != (ssize_t) sizeof bytes)
        return FAIL (e, IO, "no random numbers: %s", g_strerror (errno));
    char *text = g_base64_encode (bytes, sizeof bytes);
    *ret = g_strdelimit (g_strdelimit (text, "+", '-'), "/", '_');
    text[strcspn (text, "=")] = '\0';
    return ERR_OK;
}

static enum err set_text (struct catalog *c, const char *query, int64_t id, const char *text,
                          struct error *e)
{
    struct sql_stmt *st = NULL;
    enum err r = sql_prepare (c->sql, query, &st, e);
    if (r != ERR_OK)
        return r;
    sql_bind_text (st, 1, text);
    sql_bind_int (st, 2, id);
    return catalog_run_one (c, st, "binding", e);
}

static enum err change (struct catalog *c, const char *query, int64_t id, const char *text,
                        struct error *e)
{
    enum err r = sql_begin (c->sql, SQL_DURABLE, e);
    return r == ERR_OK ? catalog_end (c, set_text (c, query, id, text, e), e) : r;
}

static enum err renew (struct catalog *c, int64_t id, char **ret, struct error *e)
{
    g_autofree char *secret = NULL;
    enum err r = make_secret (&secret, e);
    if (r == ERR_OK)
        r = change (c, "UPDATE binding SET secret = ? WHERE id = ?", id, secret, e);
    if (r == ERR_OK && ret)
        *ret = g_steal_pointer (&secret);
    return r;
}

static enum err read_hook (struct catalog *c, int64_t id, struct binding_hook *ret, struct error *e)
{
    _cleanup_stmt_ struct sql_stmt *st = NULL;
    bool has_row = false;
    enum err r =
        sql_prepare (c->sql, "SELECT secret, subscription FROM binding WHERE id = ?", &st, e);
    if (r != ERR_OK)
        return r;
    sql_bind_int (st, 1, id);
    r = sql_step (st, &has_row, e);
    if (r != ERR_OK)
        return r;
    if (!has_row)
        return FAIL (e, NOT_FOUND, "The specified resource binding is not found.");
    *ret = (struct binding_hook){ catalog_text (st, 0), catalog_text (st, 1) };
    return ERR_OK;
}

enum err catalog_get_binding_hook (struct catalog *c, int64_t id, struct binding_hook *ret,
                                   struct error *e)
{
    CATALOG_LOCK (c);
    struct binding_hook hook;
    enum err r = read_hook (c, id, &hook, e);
    if (r != ERR_OK)
        return r;
    if (!*hook.secret) {
        g_clear_pointer (&hook.secret, g_free);
        r = renew (c, id, &hook.secret, e);
    }
    if (r == ERR_OK)
        *ret = hook;
    else
        binding_hook_clear (&hook);
    return r;
}

enum err catalog_renew_binding_secret (struct catalog *c, int64_t id, struct error *e)
{
    CATALOG_LOCK (c);
    return renew (c, id, NULL, e);
}

enum err catalog_set_binding_subscription (struct catalog *c, int64_t id, const char *text,
                                           struct error *e)
{
    CATALOG_LOCK (c);
    return change (c, "UPDATE binding SET subscription = ? WHERE id = ?", id, text, e);
}
