/* Remote stores of the configuration: each is read by the table of options, into a configuration of
 * its own. */
#include <string.h>

#include "base/config_private.h"

#define ALIAS          "alias "
#define STORE_NAME_MAX 63

void config_store_free (void *store)
{
    struct config_store *s = store;
    if (s) {
        g_free (s->name);
        config_clear (&s->options);
    }
    g_free (s);
}

static struct config_store *store_new (const char *name)
{
    struct config_store *s = g_new0 (struct config_store, 1);
    s->name = g_strdup (name);
    config_set_defaults (&s->options);
    return s;
}

static bool is_url (const char *text)
{
    return g_str_has_prefix (text, "http://") || g_str_has_prefix (text, "https://");
}

/* ---- Sections ---- */

/* The option that a key stands for: "url" is store, "kind" is store-kind. NULL: none. */
static const struct config_option *option_of (const char *key)
{
    g_autofree char *name =
        strcmp (key, "url") == 0 ? g_strdup ("store") : g_strconcat ("store-", key, NULL);
    return config_find_option (name);
}

static enum err fail_key (const char *path, const char *group, const char *key, struct error *e)
{
    g_autoptr (GPtrArray) keys = g_ptr_array_new ();
    g_ptr_array_add (keys, (char *) "url");
    for (const char *const *name = config_option_names; *name; name++)
        if (g_str_has_prefix (*name, "store-"))
            g_ptr_array_add (keys, (char *) *name + strlen ("store-"));
    g_ptr_array_add (keys, NULL);
    g_autofree char *hint = config_did_you_mean (key, (const char *const *) keys->pdata);
    g_autofree char *list = g_strjoinv (", ", (char **) keys->pdata);
    return FAIL (e, INVALID_ARGUMENT,
                 "%s: unknown key '%s' in [%s]%s; expected %s, or 'alias NAME'", path, key, group,
                 hint, list);
}

static enum err read_key (struct config *c, struct config_store *s, const char *path,
                          const char *group, const char *key, struct error *e)
{
    g_autofree char *where = g_strdup_printf ("%s: %s in [%s]", path, key, group);
    g_autofree char *value = g_key_file_get_string (c->file, group, key, NULL);
    if (!value || !*value)
        return FAIL (e, INVALID_ARGUMENT, "%s has no value", where);
    if (g_str_has_prefix (key, ALIAS)) {
        g_autofree char *alias = g_strconcat (key + strlen (ALIAS), "=", value, NULL);
        return config_set_value (&s->options, config_find_option ("store-alias"), where, alias, e);
    }
    const struct config_option *o = option_of (key);
    return o ? config_set_whole (&s->options, o, where, value, e) : fail_key (path, group, key, e);
}

enum err config_read_store (struct config *c, const char *path, const char *group, struct error *e)
{
    const char *name = group + strlen (CONFIG_STORE_GROUP);
    size_t len = strlen (name);
    if (len < 1 || len > STORE_NAME_MAX ||
        strspn (name, "abcdefghijklmnopqrstuvwxyz0123456789-") != len)
        return FAIL (e, INVALID_ARGUMENT,
                     "%s: [%s]: the name of a store has 1 to %d of a-z, 0-9 and '-'", path, group,
                     STORE_NAME_MAX);
    struct config_store *s = store_new (name);
    g_ptr_array_add (c->stores, s);
    g_auto (GStrv) keys = g_key_file_get_keys (c->file, group, NULL, NULL);
    enum err r = ERR_OK;
    for (char **key = keys; key && *key && r == ERR_OK; key++)
        r = read_key (c, s, path, group, *key, e);
    if (r == ERR_OK && !is_url (s->options.store))
        return FAIL (e, INVALID_ARGUMENT, "%s: [%s]: url is '%s', expected http(s)://HOST[:PORT]",
                     path, group, s->options.store);
    return r;
}

/* ---- The store of the options ---- */

static void copy_option (struct config *to, const struct config *from,
                         const struct config_option *o)
{
    const void *value = (const char *) from + o->offset;
    void *field = (char *) to + o->offset;
    switch (o->kind) {
    case STRING:
    case CHOICE:
    case SECRET:
        g_free (*(char **) field);
        *(char **) field = g_strdup (*(char *const *) value);
        return;
    case LIST:
        g_strfreev (*(char ***) field);
        *(char ***) field = g_strdupv (*(char **const *) value);
        return;
    case BOOL:
        *(bool *) field = *(const bool *) value;
        return;
    case INT:
        *(int64_t *) field = *(const int64_t *) value;
        return;
    case SIZE:
        *(uint64_t *) field = *(const uint64_t *) value;
        return;
    }
}

static struct config_store *store_of_options (const struct config *c)
{
    struct config_store *s = store_new (c->store_kind);
    for (size_t i = 0; i < config_options_count; i++)
        if (g_str_has_prefix (config_options[i].name, "store"))
            copy_option (&s->options, c, &config_options[i]);
    return s;
}

enum err config_finish_stores (struct config *c, struct error *e)
{
    if (is_url (c->store))
        g_ptr_array_insert (c->stores, 0, store_of_options (c));
    else if (strstr (c->store, "://"))
        return FAIL (e, INVALID_ARGUMENT,
                     "store is '%s', expected a folder or http(s)://HOST[:PORT]", c->store);
    for (guint i = 0; i < c->stores->len; i++) {
        const char *name = ((const struct config_store *) c->stores->pdata[i])->name;
        bool is_used = strcmp (name, "dir") == 0; /* the folders */
        for (guint k = 0; k < i && !is_used; k++)
            is_used = strcmp (((const struct config_store *) c->stores->pdata[k])->name, name) == 0;
        if (is_used)
            return FAIL (e, INVALID_ARGUMENT, "two stores have the name '%s'", name);
    }
    return ERR_OK;
}
