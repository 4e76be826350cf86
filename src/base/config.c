/* Reads the configuration: defaults, file, environment and flags, each by the table of options. */
#include <string.h>

#include "base/config_private.h"

#define DEFAULT_FILE  "/etc/bindery/bindery.conf"
#define FILE_SIZE_MAX (1u << 20)
#define GROUP         "server"
#define BUCKET_GROUP  "bucket "

static const char *const bucket_keys[] = { "path", "include", "exclude", NULL };

/* ---- File ---- */

/* GKeyFile lets the last of several equal keys win; a person who wrote two wants to know. */
static enum err check_duplicates (const char *path, const char *text, struct error *e)
{
    g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
    g_autofree char *group = g_strdup ("");
    g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
    for (size_t i = 0; lines[i]; i++) {
        char *line = g_strstrip (lines[i]);
        char *equals = strchr (line, '=');
        if (*line == '[') {
            g_free (group);
            group = g_strdup (line);
        } else if (*line && *line != '#' && equals) {
            g_autofree char *key = g_strndup (line, (size_t) (equals - line));
            g_strchomp (key);
            if (!g_hash_table_add (seen, g_strdup_printf ("%s%s", group, key)))
                return FAIL (e, INVALID_ARGUMENT, "%s, line %zu: '%s' is set twice in %s", path,
                             i + 1, key, group);
        }
    }
    return ERR_OK;
}

static enum err check_bucket_group (const char *path, GKeyFile *file, const char *group,
                                    struct error *e)
{
    g_auto (GStrv) keys = g_key_file_get_keys (file, group, NULL, NULL);
    for (char **key = keys; key && *key; key++) {
        if (g_strv_contains (bucket_keys, *key))
            continue;
        g_autofree char *hint = config_did_you_mean (*key, bucket_keys);
        return FAIL (e, INVALID_ARGUMENT,
                     "%s: unknown key '%s' in [%s], expected path, include or exclude%s", path,
                     *key, group, hint);
    }
    return ERR_OK;
}

static enum err read_server_group (struct config *c, const char *path, struct error *e)
{
    g_auto (GStrv) keys = g_key_file_get_keys (c->file, GROUP, NULL, NULL);
    for (char **key = keys; key && *key; key++) {
        const struct config_option *o = config_find_option (*key);
        if (!o) {
            g_autofree char *hint = config_did_you_mean (*key, config_option_names);
            return FAIL (e, INVALID_ARGUMENT, "%s: unknown key '%s' in [server]%s", path, *key,
                         hint);
        }
        g_autofree char *where = g_strdup_printf ("%s: %s", path, *key);
        g_autofree char *value = g_key_file_get_string (c->file, GROUP, *key, NULL);
        if (!value || !*value)
            return FAIL (e, INVALID_ARGUMENT, "%s has no value", where);
        enum err r = config_set_whole (c, o, where, value, e);
        if (r != ERR_OK)
            return r;
    }
    return ERR_OK;
}

static enum err read_groups (struct config *c, const char *path, struct error *e)
{
    g_auto (GStrv) groups = g_key_file_get_groups (c->file, NULL);
    for (char **group = groups; *group; group++) {
        enum err r;
        if (strcmp (*group, GROUP) == 0)
            r = read_server_group (c, path, e);
        else if (g_str_has_prefix (*group, BUCKET_GROUP))
            r = check_bucket_group (path, c->file, *group, e);
        else if (g_str_has_prefix (*group, CONFIG_STORE_GROUP))
            r = config_read_store (c, path, *group, e);
        else
            r = FAIL (e, INVALID_ARGUMENT,
                      "%s: unknown section [%s], expected [server], [bucket NAME] or [store NAME]",
                      path, *group);
        if (r != ERR_OK)
            return r;
    }
    return ERR_OK;
}

static enum err read_file (struct config *c, const char *path, bool must_exist, struct error *e)
{
    if (!must_exist && !g_file_test (path, G_FILE_TEST_EXISTS))
        return ERR_OK;
    g_autofree char *text = NULL;
    size_t len;
    g_autoptr (GError) error = NULL;
    if (!g_file_get_contents (path, &text, &len, &error))
        return FAIL (e, INVALID_ARGUMENT, "cannot read the configuration: %s", error->message);
    if (len > FILE_SIZE_MAX)
        return FAIL (e, INVALID_ARGUMENT, "%s has %zu bytes, at most %u are read", path, len,
                     FILE_SIZE_MAX);
    if (!g_key_file_load_from_data (c->file, text, len, G_KEY_FILE_NONE, &error))
        return FAIL (e, INVALID_ARGUMENT, "%s: %s", path, error->message);
    enum err r = check_duplicates (path, text, e);
    return r == ERR_OK ? read_groups (c, path, e) : r;
}

/* ---- Environment ---- */

static enum err read_environment (struct config *c, struct error *e)
{
    for (size_t i = 0; i < config_options_count; i++) {
        g_autofree char *variable = config_variable_name (&config_options[i]);
        const char *value = g_getenv (variable);
        if (!value || !*value)
            continue;
        enum err r = config_set_whole (c, &config_options[i], variable, value, e);
        if (r != ERR_OK)
            return r;
    }
    return ERR_OK;
}

/* ---- Flags ---- */

/* Splits "--name=VALUE" or takes VALUE from the next word; of a BOOL, "--name" is yes. */
static enum err next_flag (char ***args, char **ret_name, const char **ret_value, struct error *e)
{
    const char *word = **args;
    if (!g_str_has_prefix (word, "--") || !word[2])
        return FAIL (e, INVALID_ARGUMENT, "unexpected word '%s'; options begin with --", word);
    const char *equals = strchr (word, '=');
    g_autofree char *name =
        equals ? g_strndup (word + 2, (size_t) (equals - word - 2)) : g_strdup (word + 2);
    const struct config_option *o = config_find_option (name);
    bool is_alone = !equals && o && o->kind == BOOL;
    if (!equals && !is_alone && !(*args)[1])
        return FAIL (e, INVALID_ARGUMENT, "%s needs a value", word);
    *ret_name = g_steal_pointer (&name);
    *ret_value = equals ? equals + 1 : is_alone ? "yes" : (*args)[1];
    *args += equals || is_alone ? 1 : 2;
    return ERR_OK;
}

static enum err set_flag (struct config *c, const char *name, const char *value, GHashTable *seen,
                          struct error *e)
{
    const struct config_option *o = config_find_option (name);
    if (!o || o->flags & CONFIG_NO_FLAG) {
        g_autofree char *variable = o ? config_variable_name (o) : NULL;
        g_autofree char *hint =
            o ? g_strdup_printf ("; set it by %s or in the file: others can read flags", variable)
              : config_did_you_mean (name, config_option_names);
        return FAIL (e, INVALID_ARGUMENT, "unknown option --%s%s", name, hint);
    }
    g_autofree char *where = g_strdup_printf ("--%s", name);
    bool is_new = g_hash_table_add (seen, (char *) o->name);
    if (!is_new && o->kind != LIST)
        return FAIL (e, INVALID_ARGUMENT, "%s is given twice", where);
    if (!*value && o->kind != STRING)
        return FAIL (e, INVALID_ARGUMENT, "%s needs a value", where);
    if (is_new && o->kind == LIST) {
        enum err r = config_set_whole (c, o, where, "", e); /* flags replace what the file lists */
        if (r != ERR_OK)
            return r;
    }
    return config_set_value (c, o, where, value, e);
}

static enum err read_flags (struct config *c, char **args, struct error *e)
{
    g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
    while (*args) {
        g_autofree char *name = NULL;
        const char *value;
        enum err r = next_flag (&args, &name, &value, e);
        if (r == ERR_OK && strcmp (name, "config") != 0)
            r = set_flag (c, name, value, seen, e);
        if (r != ERR_OK)
            return r;
    }
    return ERR_OK;
}

/* --config is looked up before all other flags, which beat the file. */
static enum err find_config_flag (char **args, char **ret, struct error *e)
{
    g_autofree char *path = NULL;
    while (*args) {
        g_autofree char *name = NULL;
        const char *value;
        enum err r = next_flag (&args, &name, &value, e);
        if (r != ERR_OK)
            return r;
        if (strcmp (name, "config") != 0)
            continue;
        if (path || !*value)
            return FAIL (e, INVALID_ARGUMENT, "--config %s",
                         path ? "is given twice" : "needs a value");
        path = g_strdup (value);
    }
    *ret = g_steal_pointer (&path);
    return ERR_OK;
}

enum err config_load (char **args, struct config *ret, struct error *e)
{
    config_set_defaults (ret);
    g_autofree char *path = NULL;
    enum err r = find_config_flag (args, &path, e);
    if (r != ERR_OK)
        return r;
    const char *variable = g_getenv ("BINDERY_CONFIG");
    if (!path && variable && *variable)
        path = g_strdup (variable);
    r = read_file (ret, path ? path : DEFAULT_FILE, path != NULL, e);
    if (r == ERR_OK)
        r = read_environment (ret, e);
    if (r == ERR_OK)
        r = read_flags (ret, args, e);
    return r == ERR_OK ? config_finish_stores (ret, e) : r;
}

char **config_bucket_patterns (const struct config *c, const char *bucket, const char *which)
{
    g_autofree char *group = g_strconcat (BUCKET_GROUP, bucket, NULL);
    char **patterns = g_key_file_get_string_list (c->file, group, which, NULL, NULL);
    return patterns ? patterns : g_new0 (char *, 1);
}
