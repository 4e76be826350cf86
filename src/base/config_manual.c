/* The manual of all options, from their table. */
#include "base/config_private.h"

/* "default 8, 1 to 256": what a person may set. */
static char *describe_values (const struct config_option *o)
{
    if (o->kind == CHOICE) {
        g_auto (GStrv) words = g_strsplit (o->def, " ", -1);
        g_autofree char *list = g_strjoinv (" or ", words);
        return g_strdup_printf ("%s; default %s", list, words[0]);
    }
    if (o->kind == BOOL)
        return g_strdup_printf ("yes or no; default %s", o->def);
    if (o->kind == INT || o->kind == SIZE)
        return g_strdup_printf ("%" G_GINT64_FORMAT " to %" G_GINT64_FORMAT "; default %s", o->min,
                                o->max, o->def);
    return *o->def ? g_strdup_printf ("default %s", o->def) : g_strdup ("");
}

char *config_help (void)
{
    GString *out = g_string_new (NULL);
    for (size_t i = 0; i < config_options_count; i++) {
        const struct config_option *o = &config_options[i];
        g_autofree char *variable = config_variable_name (o);
        g_autofree char *values = describe_values (o);
        if (o->flags & CONFIG_NO_FLAG)
            g_string_append_printf (out, "  $%s (no flag)\n", variable);
        else
            g_string_append_printf (out, "  --%s%s\n", o->name,
                                    o->kind == BOOL   ? ""
                                    : o->kind == INT  ? " N"
                                    : o->kind == SIZE ? " SIZE"
                                                      : " VALUE");
        g_string_append_printf (out, "        %s%s%s%s\n", o->help, *values ? " (" : "", values,
                                *values ? ")" : "");
    }
    return g_string_free (out, FALSE);
}

char *config_markdown (void)
{
    GString *out = g_string_new ("| flag | variable | line in [server] | values | meaning |\n"
                                 "|---|---|---|---|---|\n");
    for (size_t i = 0; i < config_options_count; i++) {
        const struct config_option *o = &config_options[i];
        g_autofree char *variable = config_variable_name (o);
        g_autofree char *values = describe_values (o);
        g_autofree char *flag =
            o->flags & CONFIG_NO_FLAG ? g_strdup ("none") : g_strdup_printf ("`--%s`", o->name);
        g_string_append_printf (out, "| %s | `%s` | `%s = ...` | %s | %s |\n", flag, variable,
                                o->name, values, o->help);
    }
    return g_string_free (out, FALSE);
}
