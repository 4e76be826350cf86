/* Rows of the catalogue, made into principals. What cannot be read takes rights away, never gives
 * any: a key that cannot be unsealed is left out, a policy that cannot be parsed denies all. */
#include "api/keyring_load.h"

#include <assert.h>
#include <string.h>

#include "api/keyring.h"
#include "base/limits.h"
#include "base/macros.h"

#define USER_ID_BASE G_GINT64_CONSTANT (200000000000000000) /* ids of users have 18 digits */

static const char deny_all[] =
    "{\"Version\": \"1\", \"Statement\": [{\"Effect\": \"Deny\", \"Action\": \"*\", "
    "\"Resource\": \"*\"}]}";

char *keyring_user_id (int64_t id)
{
    return g_strdup_printf ("%" G_GINT64_FORMAT, USER_ID_BASE + id);
}

void keyring_load_clear (struct keyring_load *l)
{
    g_clear_pointer (&l->policies, g_hash_table_unref);
    g_clear_pointer (&l->lists, g_hash_table_unref);
    g_clear_pointer (&l->principals, g_ptr_array_unref);
    g_clear_pointer (&l->unreadable, g_ptr_array_unref);
    g_clear_pointer (&l->broken, g_ptr_array_unref);
}

static gpointer id_key (int64_t id)
{
    return GSIZE_TO_POINTER ((gsize) id);
}

/* ---- Policies ---- */

/* A document that once was one and is none today must not give more than it did. */
static struct policy *parse_or_deny (const char *document, bool *ret_broken)
{
    struct policy *p = NULL;
    *ret_broken = policy_parse (document, strlen (document), &p, NULL) != ERR_OK;
    if (!*ret_broken)
        return p;
    enum err r = policy_parse (deny_all, strlen (deny_all), &p, NULL);
    assert (r == ERR_OK);
    return p;
}

static void add_policy (struct keyring_load *l, const char *name, const char *document)
{
    bool is_broken;
    g_hash_table_replace (l->policies, g_strdup (name), parse_or_deny (document, &is_broken));
    if (is_broken)
        g_ptr_array_add (l->broken, g_strdup (name));
}

static enum err load_policies (struct keyring_load *l, struct catalog *c, struct error *e)
{
    g_autoptr (GPtrArray) rows = NULL;
    enum err r = catalog_list_policies (c, NULL, LIMIT_POLICIES, &rows, e);
    if (r != ERR_OK)
        return r;
    for (guint i = 0; i < rows->len; i++) {
        const struct policy_row *row = rows->pdata[i];
        add_policy (l, row->name, row->document);
    }
    for (size_t i = 0; i < policy_n_builtins; i++)
        add_policy (l, policy_builtins[i].name, policy_builtins[i].document);
    return ERR_OK;
}

static struct policy *find_policy (const struct keyring_load *l, const char *name)
{
    bool is_broken;
    struct policy *p = g_hash_table_lookup (l->policies, name);
    return p ? policy_ref (p) : parse_or_deny ("", &is_broken);
}

/* Rows of one user follow each other. */
static enum err load_lists (struct keyring_load *l, struct catalog *c, struct error *e)
{
    g_autoptr (GPtrArray) rows = NULL;
    enum err r = catalog_list_attached (c, 0, &rows, e);
    if (r != ERR_OK)
        return r;
    const struct attached_policy *const *row = (const struct attached_policy *const *) rows->pdata;
    for (guint i = 0, end; i < rows->len; i = end) {
        for (end = i + 1; end < rows->len && row[end]->user_id == row[i]->user_id;)
            end++;
        struct policy_list *list = policy_list_new (end - i);
        for (guint n = i; n < end; n++)
            list->named[n - i] =
                (struct policy_named){ g_strdup (row[n]->name), find_policy (l, row[n]->name) };
        g_hash_table_insert (l->lists, id_key (row[i]->user_id), list);
    }
    return ERR_OK;
}

struct policy_list *keyring_load_policies (const struct keyring_load *l, int64_t user_id)
{
    struct policy_list *list = g_hash_table_lookup (l->lists, id_key (user_id));
    return list ? policy_list_ref (list) : policy_list_new (0);
}

/* ---- Principals ---- */

static void set_session (struct principal *p, const struct access_key *key)
{
    gsize len = 0;
    bool is_broken;
    const void *sum = g_bytes_get_data (key->token_sum, &len);
    p->is_temporary = true;
    p->expires_ns = key->expires_ns;
    p->session_name = g_strdup (key->session_name);
    if (len == sizeof p->token_sum)
        memcpy (p->token_sum, sum, len);
    else
        p->is_active = false;
    if (key->session_policy && *key->session_policy)
        p->policies.session = parse_or_deny (key->session_policy, &is_broken);
}

enum err keyring_load_principal (const struct keyring_load *l, const struct user *u,
                                 const struct access_key *key, const char *secret,
                                 struct principal **ret, struct error *e)
{
    _cleanup_principal_ struct principal *p = principal_new ();
    enum err r = principal_set_key (p, key->id, secret, "access key", e);
    if (r != ERR_OK)
        return r;
    p->user_name = g_strdup (u->name);
    p->user_id = keyring_user_id (u->id);
    p->is_active = key->is_active;
    struct policy_list *list = keyring_load_policies (l, u->id);
    principal_set_policies (p, list);
    policy_list_unref (list);
    atomic_store (&p->used_ns, key->used_ns);
    if (key->expires_ns)
        set_session (p, key);
    *ret = g_steal_pointer (&p);
    return ERR_OK;
}

static void add_key (struct keyring_load *l, const struct secrets *s, const struct user *u,
                     const struct access_key *key)
{
    char secret[PRINCIPAL_SECRET_MAX + 1];
    struct principal *p = NULL;
    enum err r =
        u ? secrets_unseal (s, key->id, key->secret, secret, sizeof secret, NULL) : ERR_NOT_FOUND;
    if (r == ERR_OK)
        r = keyring_load_principal (l, u, key, secret, &p, NULL);
    explicit_bzero (secret, sizeof secret);
    if (r == ERR_OK)
        g_ptr_array_add (l->principals, p);
    else
        g_ptr_array_add (l->unreadable, g_strdup (key->id));
}

static enum err load_keys (struct keyring_load *l, struct catalog *c, const struct secrets *s,
                           struct error *e)
{
    g_autoptr (GPtrArray) users = NULL, keys = NULL;
    g_autoptr (GHashTable) by_id = g_hash_table_new (NULL, NULL);
    enum err r = catalog_list_users (c, NULL, LIMIT_USERS, &users, e);
    if (r == ERR_OK)
        r = catalog_list_all_keys (c, &keys, e);
    if (r != ERR_OK)
        return r;
    for (guint i = 0; i < users->len; i++) {
        struct user *u = users->pdata[i];
        g_hash_table_insert (by_id, id_key (u->id), u);
    }
    for (guint i = 0; i < keys->len; i++) {
        const struct access_key *key = keys->pdata[i];
        add_key (l, s, g_hash_table_lookup (by_id, id_key (key->user_id)), key);
    }
    return ERR_OK;
}

enum err keyring_load (struct catalog *c, const struct secrets *s, struct keyring_load *ret,
                       struct error *e)
{
    struct keyring_load l = {
        .policies =
            g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) policy_unref),
        .lists = g_hash_table_new_full (NULL, NULL, NULL, (GDestroyNotify) policy_list_unref),
        .principals = g_ptr_array_new_with_free_func ((GDestroyNotify) principal_unref),
        .unreadable = g_ptr_array_new_with_free_func (g_free),
        .broken = g_ptr_array_new_with_free_func (g_free),
    };
    enum err r = load_policies (&l, c, e);
    if (r == ERR_OK)
        r = load_lists (&l, c, e);
    if (r == ERR_OK)
        r = load_keys (&l, c, s, e);
    if (r == ERR_OK)
        *ret = l;
    else
        keyring_load_clear (&l);
    return r;
}
