/* Reads the configuration: the table of config.def drives flags, variables, file and manual. */
#include "base/config.h"

#include <string.h>

#include "base/text.h"

#define DEFAULT_FILE  "/etc/bindery/bindery.conf"
#define FILE_SIZE_MAX (1u << 20)
#define GROUP         "server"
#define BUCKET_GROUP  "bucket "

enum kind { STRING, LIST, INT, SIZE, CHOICE, SECRET };

static const struct option {
    const char *name;
    enum kind kind;
    size_t offset;
    const char *def;
    int64_t min, max;
    unsigned flags;
    const char *help;
} options[] = {
#define OPTION(field, kind, name, def, min, max, flags, help)                                      \
    { name, kind, offsetof (struct config, field), def, min, max, flags, help },
#include "base/config.def"
#undef OPTION
};

static const char *const option_names[] = {
#define OPTION(field, kind, name, def, min, max, flags, help) name,
#include "base/config.def"
#undef OPTION
    NULL
};

static const char *const bucket_keys[] = { "path", "include", "exclude", NULL };

static const struct option *find_option (const char *name)
{
    for (size_t i = 0; i < N_ELEMENTS (options); i++)
        if (strcmp (options[i].name, name) == 0)
            return &options[i];
    return NULL;
}

/* "; did you mean 'x'?", or nothing. */
static char *did_you_mean (const char *word, const char *const *words)
{
    const char *near = text_nearest (word, words);
    return near ? g_strdup_printf ("; did you mean '%s'?", near) : g_strdup ("");
}

/* ---- Values ---- */

static enum err set_int (const struct option *o, const char *where, const char *value, int64_t *ret,
                         struct error *e)
{
    int64_t v;
    if (!text_parse_i64 (value, &v) || v < o->min || v > o->max)
        return FAIL (e, INVALID_ARGUMENT,
                     "%s is '%s', expected a whole number from %" G_GINT64_FORMAT
                     " to %" G_GINT64_FORMAT,
                     where, value, o->min, o->max);
    *ret = v;
    return ERR_OK;
}

static enum err set_size (const struct option *o, const char *where, const char *value,
                          uint64_t *ret, struct error *e)
{
    uint64_t v;
    if (!text_parse_size (value, &v) || v < (uint64_t) o->min || v > (uint64_t) o->max)
        return FAIL (e, INVALID_ARGUMENT,
                     "%s is '%s', expected a size such as 512k, 64M or 2G, from %" G_GINT64_FORMAT
                     " to %" G_GINT64_FORMAT " bytes",
                     where, value, o->min, o->max);
    *ret = v;
    return ERR_OK;
}

static enum err set_choice (const struct option *o, const char *where, const char *value,
                            char **ret, struct error *e)
{
    g_auto (GStrv) words = g_strsplit (o->def, " ", -1);
    if (!g_strv_contains ((const char *const *) words, value)) {
        g_autofree char *list = g_strjoinv (", ", words);
        return FAIL (e, INVALID_ARGUMENT, "%s is '%s', expected one of: %s", where, value, list);
    }
    g_free (*ret);
    *ret = g_strdup (value);
    return ERR_OK;
}

static void list_append (char ***list, char **more)
{
    g_autoptr (GStrvBuilder) all = g_strv_builder_new ();
    g_strv_builder_addv (all, (const char **) *list);
    g_strv_builder_addv (all, (const char **) more);
    g_strfreev (*list);
    *list = g_strv_builder_end (all);
}

/* Sets an option from text; `where` is what a person would look for: "--workers". */
static enum err set_value (struct config *c, const struct option *o, const char *where,
                           const char *value, struct error *e)
{
    void *field = (char *) c + o->offset;
    switch (o->kind) {
    case INT:
        return set_int (o, where, value, field, e);
    case SIZE:
        return set_size (o, where, value, field, e);
    case CHOICE:
        return set_choice (o, where, value, field, e);
    case LIST:
        list_append (field, (char *[]){ (char *) value, NULL });
        return ERR_OK;
    case STRING:
    case SECRET:
        g_free (*(char **) field);
        *(char **) field = g_strdup (value);
        return ERR_OK;
    }
    return ERR_OK;
}

/* A variable or a line of the file: a LIST comes comma-separated and replaces what was there. */
static enum err set_whole (struct config *c, const struct option *o, const char *where,
                           const char *value, struct error *e)
{
    if (!g_utf8_validate (value, -1, NULL) && o->kind != STRING && o->kind != LIST)
        return FAIL (e, INVALID_ARGUMENT, "%s is not UTF-8", where);
    if (o->kind != LIST)
        return set_value (c, o, where, value, e);
    char ***list = (char ***) ((char *) c + o->offset);
    g_strfreev (*list);
    *list = g_new0 (char *, 1);
    g_auto (GStrv) items = g_strsplit (value, ",", -1);
    for (char **item = items; *item; item++)
        if (*g_strstrip (*item))
            list_append (list, (char *[]){ *item, NULL });
    return ERR_OK;
}

static void set_defaults (struct config *c)
{
    *c = (struct config){ .file = g_key_file_new () };
    for (size_t i = 0; i < N_ELEMENTS (options); i++) {
        const struct option *o = &options[i];
        g_autofree char *first = g_strndup (o->def, strcspn (o->def, " "));
        const char *def = o->kind == CHOICE ? first : o->def;
        struct error e;
        enum err r = set_whole (c, o, "the default", def, &e);
        g_assert (r == ERR_OK); /* the table contradicts itself */
    }
}

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
        g_autofree char *hint = did_you_mean (*key, bucket_keys);
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
        const struct option *o = find_option (*key);
        if (!o) {
            g_autofree char *hint = did_you_mean (*key, option_names);
            return FAIL (e, INVALID_ARGUMENT, "%s: unknown key '%s' in [server]%s", path, *key,
                         hint);
        }
        g_autofree char *where = g_strdup_printf ("%s: %s", path, *key);
        g_autofree char *value = g_key_file_get_string (c->file, GROUP, *key, NULL);
        if (!value || !*value)
            return FAIL (e, INVALID_ARGUMENT, "%s has no value", where);
        enum err r = set_whole (c, o, where, value, e);
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
        else
            r = FAIL (e, INVALID_ARGUMENT,
                      "%s: unknown section [%s], expected [server] or [bucket NAME]", path, *group);
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

static char *variable_name (const struct option *o)
{
    g_autofree char *upper = g_ascii_strup (o->name, -1);
    return g_strconcat ("BINDERY_", g_strdelimit (upper, "-", '_'), NULL);
}

static enum err read_environment (struct config *c, struct error *e)
{
    for (size_t i = 0; i < N_ELEMENTS (options); i++) {
        g_autofree char *variable = variable_name (&options[i]);
        const char *value = g_getenv (variable);
        if (!value || !*value)
            continue;
        enum err r = set_whole (c, &options[i], variable, value, e);
        if (r != ERR_OK)
            return r;
    }
    return ERR_OK;
}

/* ---- Flags ---- */

/* Splits "--name=VALUE" or takes VALUE from the next word. */
static enum err next_flag (char ***args, char **ret_name, const char **ret_value, struct error *e)
{
    const char *word = **args;
    if (!g_str_has_prefix (word, "--") || !word[2])
        return FAIL (e, INVALID_ARGUMENT, "unexpected word '%s'; options begin with --", word);
    const char *equals = strchr (word, '=');
    if (!equals && !(*args)[1])
        return FAIL (e, INVALID_ARGUMENT, "%s needs a value", word);
    *ret_name = equals ? g_strndup (word + 2, (size_t) (equals - word - 2)) : g_strdup (word + 2);
    *ret_value = equals ? equals + 1 : (*args)[1];
    *args += equals ? 1 : 2;
    return ERR_OK;
}

static enum err set_flag (struct config *c, const char *name, const char *value, GHashTable *seen,
                          struct error *e)
{
    const struct option *o = find_option (name);
    if (!o || o->flags & CONFIG_NO_FLAG) {
        g_autofree char *variable = o ? variable_name (o) : NULL;
        g_autofree char *hint =
            o ? g_strdup_printf ("; set it by %s or in the file: others can read flags", variable)
              : did_you_mean (name, option_names);
        return FAIL (e, INVALID_ARGUMENT, "unknown option --%s%s", name, hint);
    }
    g_autofree char *where = g_strdup_printf ("--%s", name);
    bool is_new = g_hash_table_add (seen, (char *) o->name);
    if (!is_new && o->kind != LIST)
        return FAIL (e, INVALID_ARGUMENT, "%s is given twice", where);
    if (!*value && o->kind != STRING)
        return FAIL (e, INVALID_ARGUMENT, "%s needs a value", where);
    if (is_new && o->kind == LIST) {
        enum err r = set_whole (c, o, where, "", e); /* flags replace what the file lists */
        if (r != ERR_OK)
            return r;
    }
    return set_value (c, o, where, value, e);
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
    set_defaults (ret);
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
    return r;
}

void config_clear (struct config *c)
{
    for (size_t i = 0; i < N_ELEMENTS (options); i++) {
        void *field = (char *) c + options[i].offset;
        if (options[i].kind == LIST)
            g_clear_pointer ((char ***) field, g_strfreev);
        else if (options[i].kind != INT && options[i].kind != SIZE)
            g_clear_pointer ((char **) field, g_free);
    }
    g_clear_pointer (&c->file, g_key_file_unref);
}

char **config_bucket_patterns (const struct config *c, const char *bucket, const char *which)
{
    g_autofree char *group = g_strconcat (BUCKET_GROUP, bucket, NULL);
    char **patterns = g_key_file_get_string_list (c->file, group, which, NULL, NULL);
    return patterns ? patterns : g_new0 (char *, 1);
}

/* ---- Manual ---- */

/* "default 8, 1 to 256": what a person may set. */
static char *describe_values (const struct option *o)
{
    if (o->kind == CHOICE) {
        g_auto (GStrv) words = g_strsplit (o->def, " ", -1);
        g_autofree char *list = g_strjoinv (" or ", words);
        return g_strdup_printf ("%s; default %s", list, words[0]);
    }
    if (o->kind == INT || o->kind == SIZE)
        return g_strdup_printf ("%" G_GINT64_FORMAT " to %" G_GINT64_FORMAT "; default %s", o->min,
                                o->max, o->def);
    return *o->def ? g_strdup_printf ("default %s", o->def) : g_strdup ("");
}

char *config_help (void)
{
    GString *out = g_string_new (NULL);
    for (size_t i = 0; i < N_ELEMENTS (options); i++) {
        const struct option *o = &options[i];
        g_autofree char *variable = variable_name (o);
        g_autofree char *values = describe_values (o);
        if (o->flags & CONFIG_NO_FLAG)
            g_string_append_printf (out, "  $%s (no flag)\n", variable);
        else
            g_string_append_printf (out, "  --%s %s\n", o->name,
                                    o->kind == INT    ? "N"
                                    : o->kind == SIZE ? "SIZE"
                                                      : "VALUE");
        g_string_append_printf (out, "        %s%s%s%s\n", o->help, *values ? " (" : "", values,
                                *values ? ")" : "");
    }
    return g_string_free (out, FALSE);
}

char *config_markdown (void)
{
    GString *out = g_string_new ("| flag | variable | line in [server] | values | meaning |\n"
                                 "|---|---|---|---|---|\n");
    for (size_t i = 0; i < N_ELEMENTS (options); i++) {
        const struct option *o = &options[i];
        g_autofree char *variable = variable_name (o);
        g_autofree char *values = describe_values (o);
        g_autofree char *flag =
            o->flags & CONFIG_NO_FLAG ? g_strdup ("none") : g_strdup_printf ("`--%s`", o->name);
        g_string_append_printf (out, "| %s | `%s` | `%s = ...` | %s | %s |\n", flag, variable,
                                o->name, values, o->help);
    }
    return g_string_free (out, FALSE);
}
