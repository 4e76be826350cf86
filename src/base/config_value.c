/* The table of options, and how text becomes a value of one. */
#include <string.h>

#include "base/config_private.h"
#include "base/text.h"

const struct config_option config_options[] = {
#define OPTION(field, kind, name, def, min, max, flags, help)                                      \
    { name, kind, offsetof (struct config, field), def, min, max, flags, help },
#include "base/config.def"
#undef OPTION
};

const size_t config_options_count = N_ELEMENTS (config_options);

const char *const config_option_names[] = {
#define OPTION(field, kind, name, def, min, max, flags, help) name,
#include "base/config.def"
#undef OPTION
    NULL
};

const struct config_option *config_find_option (const char *name)
{
    for (size_t i = 0; i < config_options_count; i++)
        if (strcmp (config_options[i].name, name) == 0)
            return &config_options[i];
    return NULL;
}

char *config_variable_name (const struct config_option *o)
{
    g_autofree char *upper = g_ascii_strup (o->name, -1);
    return g_strconcat ("BINDERY_", g_strdelimit (upper, "-", '_'), NULL);
}

char *config_did_you_mean (const char *word, const char *const *words)
{
    const char *near = text_nearest (word, words);
    return near ? g_strdup_printf ("; did you mean '%s'?", near) : g_strdup ("");
}

/* ---- Values ---- */

static enum err set_int (const struct config_option *o, const char *where, const char *value,
                         int64_t *ret, struct error *e)
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

static enum err set_size (const struct config_option *o, const char *where, const char *value,
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

static enum err set_choice (const struct config_option *o, const char *where, const char *value,
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

static enum err set_bool (const char *where, const char *value, bool *ret, struct error *e)
{
    bool is_yes = strcmp (value, "yes") == 0 || strcmp (value, "true") == 0;
    if (!is_yes && strcmp (value, "no") != 0 && strcmp (value, "false") != 0)
        return FAIL (e, INVALID_ARGUMENT, "%s is '%s', expected yes or no", where, value);
    *ret = is_yes;
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

enum err config_set_value (struct config *c, const struct config_option *o, const char *where,
                           const char *value, struct error *e)
{
    void *field = (char *) c + o->offset;
    switch (o->kind) {
    case INT:
        return set_int (o, where, value, field, e);
    case SIZE:
        return set_size (o, where, value, field, e);
    case BOOL:
        return set_bool (where, value, field, e);
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

enum err config_set_whole (struct config *c, const struct config_option *o, const char *where,
                           const char *value, struct error *e)
{
    if (!g_utf8_validate (value, -1, NULL) && o->kind != STRING && o->kind != LIST)
        return FAIL (e, INVALID_ARGUMENT, "%s is not UTF-8", where);
    if (o->kind != LIST)
        return config_set_value (c, o, where, value, e);
    char ***list = (char ***) ((char *) c + o->offset);
    g_strfreev (*list);
    *list = g_new0 (char *, 1);
    g_auto (GStrv) items = g_strsplit (value, ",", -1);
    for (char **item = items; *item; item++)
        if (*g_strstrip (*item))
            list_append (list, (char *[]){ *item, NULL });
    return ERR_OK;
}

/* ---- All of them ---- */

void config_set_defaults (struct config *c)
{
    *c = (struct config){
        .file = g_key_file_new (),
        .stores = g_ptr_array_new_with_free_func (config_store_free),
    };
    for (size_t i = 0; i < config_options_count; i++) {
        const struct config_option *o = &config_options[i];
        g_autofree char *first = g_strndup (o->def, strcspn (o->def, " "));
        const char *def = o->kind == CHOICE ? first : o->def;
        struct error e;
        enum err r = config_set_whole (c, o, "the default", def, &e);
        g_assert (r == ERR_OK); /* the table contradicts itself */
    }
}

void config_clear (struct config *c)
{
    for (size_t i = 0; i < config_options_count; i++) {
        void *field = (char *) c + config_options[i].offset;
        if (config_options[i].kind == LIST)
            g_clear_pointer ((char ***) field, g_strfreev);
        else if (config_options[i].kind == STRING || config_options[i].kind == CHOICE ||
                 config_options[i].kind == SECRET)
            g_clear_pointer ((char **) field, g_free);
    }
    g_clear_pointer (&c->stores, g_ptr_array_unref);
    g_clear_pointer (&c->file, g_key_file_unref);
}
