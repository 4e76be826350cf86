/* Makes the stores that a configuration names: that of folders, and remote ones. */
#include "cli/openstores.h"

#include <string.h>

#include "base/log.h"
#include "store/dir.h"
#include "store/s3.h"

#define STRAYS_LOGGED_MAX 20
#define BUCKET_GROUP      "bucket "

static bool has_url (const struct config *c)
{
    return strstr (c->store, "://") != NULL;
}

/* ---- Folders ---- */

static void warn_of_strays (struct store *dir)
{
    g_autoptr (GPtrArray) strays = g_ptr_array_new_with_free_func (g_free);
    store_dir_strays (dir, strays);
    for (unsigned i = 0; i < strays->len && i < STRAYS_LOGGED_MAX; i++)
        LOG (LOG_WARN, "store", "not a bucket", LOG_STR ("what", strays->pdata[i]));
    if (strays->len > STRAYS_LOGGED_MAX)
        LOG (LOG_WARN, "store", "more that is not a bucket",
             LOG_NUM ("count", strays->len - STRAYS_LOGGED_MAX));
}

/* "NAME=PATH", as --bucket takes it. */
static enum err add_named_bucket (struct store *dir, const char *text, struct error *e)
{
    const char *equals = strchr (text, '=');
    if (!equals || equals == text || !equals[1])
        return FAIL (e, INVALID_ARGUMENT, "bucket is '%s', expected NAME=PATH", text);
    g_autofree char *name = g_strndup (text, (size_t) (equals - text));
    return store_dir_add_bucket (dir, name, equals + 1, e);
}

/* The section [bucket NAME]: its path, if --bucket does not give one, and its patterns. */
static enum err add_section_bucket (struct store *dir, const struct config *c, const char *group,
                                    struct error *e)
{
    const char *name = group + strlen (BUCKET_GROUP);
    if (!store_bucket_name_is_legal (name))
        return FAIL (e, INVALID_ARGUMENT, "[%s]: '%s' is no legal bucket name", group, name);
    g_autofree char *path = g_key_file_get_string (c->file, group, "path", NULL);
    g_autofree char *prefix = g_strconcat (name, "=", NULL);
    bool is_given = false;
    for (char **b = c->bucket; *b; b++)
        is_given = is_given || g_str_has_prefix (*b, prefix);
    if (path && !is_given) {
        enum err r = store_dir_add_bucket (dir, name, path, e);
        if (r != ERR_OK)
            return r;
    }
    g_auto (GStrv) include = config_bucket_patterns (c, name, "include");
    g_auto (GStrv) exclude = config_bucket_patterns (c, name, "exclude");
    store_dir_set_filter (dir, name, include, exclude);
    return ERR_OK;
}

static enum err add_buckets (struct store *dir, const struct config *c, struct error *e)
{
    enum err r = ERR_OK;
    for (char **b = c->bucket; *b && r == ERR_OK; b++)
        r = add_named_bucket (dir, *b, e);
    g_auto (GStrv) groups = g_key_file_get_groups (c->file, NULL);
    for (char **g = groups; *g && r == ERR_OK; g++)
        if (g_str_has_prefix (*g, BUCKET_GROUP))
            r = add_section_bucket (dir, c, *g, e);
    return r;
}

static enum err open_dir (const struct config *c, struct stores *all, struct error *e)
{
    struct store *dir;
    enum err r = store_dir_new ("dir", *c->store && !has_url (c) ? c->store : NULL, &dir, e);
    if (r != ERR_OK)
        return r;
    stores_add_take (all, dir);
    store_dir_set_spill (dir, c->data);
    if (c->store_writable && !has_url (c))
        store_dir_set_writable (dir);
    r = add_buckets (dir, c, e);
    if (r == ERR_OK)
        warn_of_strays (dir);
    return r;
}

/* ---- Remote stores ---- */

static const char *given (const char *text)
{
    return text && *text ? text : NULL;
}

static enum err open_credentials (const struct config_store *s, struct credentials **ret,
                                  struct error *e)
{
    const struct config *o = &s->options;
    struct error why;
    bool has_key = *o->store_access_key_id || *o->store_access_key_secret;
    if (has_key && *o->store_credentials_file)
        return FAIL (e, INVALID_ARGUMENT, "store '%s' has both an access key and a file with one",
                     s->name);
    if (*o->store_credentials_file) {
        *ret =
            credentials_new_file (o->store_credentials_file, given (o->store_credentials_section));
        return ERR_OK;
    }
    enum err r =
        credentials_new (given (o->store_access_key_id), given (o->store_access_key_secret),
                         given (o->store_security_token), ret, &why);
    return r == ERR_OK ? r : FAIL (e, INVALID_ARGUMENT, "store '%s': %s", s->name, why.message);
}

/* The patterns of [bucket NAME] hold in whatever store the bucket is. */
static void set_filters (struct store *store, const struct config *c)
{
    g_auto (GStrv) groups = g_key_file_get_groups (c->file, NULL);
    for (char **g = groups; *g; g++) {
        if (!g_str_has_prefix (*g, BUCKET_GROUP))
            continue;
        const char *name = *g + strlen (BUCKET_GROUP);
        g_auto (GStrv) include = config_bucket_patterns (c, name, "include");
        g_auto (GStrv) exclude = config_bucket_patterns (c, name, "exclude");
        store_s3_set_filter (store, name, include, exclude);
    }
}

static enum err open_remote (const struct config *c, const struct config_store *s,
                             struct client_thread *fetching, struct stores *all, struct error *e)
{
    const struct config *o = &s->options;
    struct s3_options options = {
        .name = s->name,
        .kind = o->store_kind,
        .endpoint = o->store,
        .region = given (o->store_region),
        .is_virtual = strcmp (o->store_addressing, "virtual") == 0,
        .ca_file = given (o->store_ca_file),
        .proxy = given (o->store_proxy),
        .buckets = o->store_buckets,
        .aliases = o->store_alias,
        .is_writable = o->store_writable,
    };
    enum err r = open_credentials (s, &options.credentials, e);
    struct store *store;
    if (r == ERR_OK)
        r = store_s3_new (fetching, &options, &store, e);
    if (r != ERR_OK)
        return r;
    set_filters (store, c);
    stores_add_take (all, store);
    LOG (LOG_INFO, "store", "remote store", LOG_STR ("name", s->name),
         LOG_STR ("kind", o->store_kind), LOG_STR ("url", o->store),
         LOG_STR ("signed", options.credentials ? "yes" : "no"));
    return ERR_OK;
}

/* Says so if there is nothing that could be bound. Only folders are asked. */
static void warn_of_nothing (const struct config *c, struct stores *all)
{
    if (c->stores->len)
        return;
    g_autoptr (GPtrArray) buckets = g_ptr_array_new_with_free_func (store_bucket_free);
    g_autoptr (GPtrArray) faults = g_ptr_array_new_with_free_func (g_free);
    stores_list (all, buckets, faults);
    if (!buckets->len && !faults->len)
        LOG (LOG_WARN, "store",
             "there is no bucket: give --store DIR, --store URL or --bucket NAME=PATH");
}

enum err openstores (const struct config *c, struct client_thread **ret_fetching,
                     struct stores **ret, struct error *e)
{
    *ret_fetching = NULL;
    *ret = stores_new ();
    enum err r = open_dir (c, *ret, e);
    if (r == ERR_OK && c->stores->len)
        r = client_thread_new (ret_fetching, e);
    for (guint i = 0; i < c->stores->len && r == ERR_OK; i++)
        r = open_remote (c, c->stores->pdata[i], *ret_fetching, *ret, e);
    if (r == ERR_OK)
        warn_of_nothing (c, *ret);
    return r;
}
