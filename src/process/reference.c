/* The reference of x-oss-process, from the tables. */
#include "process/table.h"

static void append_range (GString *out, const struct process_param *param)
{
    switch (param->value) {
    case PROCESS_VALUE_INT:
        if (param->max == INT32_MAX)
            g_string_append_printf (out, "%d or more", param->min);
        else
            g_string_append_printf (out, "%d to %d", param->min, param->max);
        break;
    case PROCESS_VALUE_WORD:
        for (size_t i = 0, n = 0; param->words[i] != NULL; i++)
            if (*param->words[i] != '\0')
                g_string_append_printf (out, "%s`%s`", n++ > 0 ? ", " : "", param->words[i]);
        g_string_append (out, param->is_encoded ? " (encoded)" : "");
        break;
    case PROCESS_VALUE_COLOR:
        g_string_append (out, "RRGGBB");
        break;
    case PROCESS_VALUE_TEXT:
        g_string_append_printf (out, "up to %d characters (encoded)", param->max);
        break;
    case PROCESS_VALUE_SOURCE:
        g_string_append (out, "key (encoded)");
        break;
    }
}

static void append_preset (GString *out, const struct process_param *param)
{
    if (param->need == PROCESS_NEED_REQUIRED)
        g_string_append (out, "required");
    if (param->need != PROCESS_NEED_DEFAULT)
        return;
    int preset = (int) param->preset;
    if (param->value == PROCESS_VALUE_INT)
        g_string_append_printf (out, "%d", preset);
    else if (param->value == PROCESS_VALUE_COLOR)
        g_string_append_printf (out, "%06X", (unsigned) preset);
    else if (*param->words[preset] != '\0')
        g_string_append_printf (out, "`%s`", param->words[preset]);
}

static void append_param (GString *out, const struct process_param *param)
{
    g_string_append_printf (out, "| %s%s%s | ", *param->key != '\0' ? "`" : "",
                            *param->key != '\0' ? param->key : "value",
                            *param->key != '\0' ? "`" : "");
    append_range (out, param);
    g_string_append (out, " | ");
    append_preset (out, param);
    g_string_append (out, " | ");
    char ec[16];
    g_string_append_printf (out, "%s | %s |\n", process_ec (param->ec, ec), param->help);
}

static void append_op (GString *out, enum process_op_id id)
{
    const struct process_row *row = process_row (id);
    const struct process_param *param = process_params (id);
    char ec[16];
    g_string_append_printf (out, "\n## %s/%s\n\n%c%s.", process_type (row->kind), row->name,
                            g_ascii_toupper (row->help[0]), row->help + 1);
    if (row->ec != 0)
        g_string_append_printf (out, " Without what it needs: EC %s.", process_ec (row->ec, ec));
    g_string_append_c (out, '\n');
    if (param->key == NULL)
        return;
    g_string_append (out,
                     "\n| parameter | values | default | EC | meaning |\n|---|---|---|---|---|\n");
    for (; param->key != NULL; param++)
        append_param (out, param);
}

char *process_markdown (void)
{
    GString *out = g_string_new (NULL);
    for (unsigned id = 0; id < PROCESS_N_OPS; id++)
        append_op (out, (enum process_op_id) id);
    g_string_append (out, "\n## Known and not built\n\nThese are answered NotImplemented:");
    for (const char *const *later = process_later (); *later != NULL; later++)
        g_string_append_printf (out, "%s `%s`", later == process_later () ? "" : ",", *later);
    g_string_append (out, ".\n");
    g_string_erase (out, 0, 1); /* the line before the first title */
    return g_string_free (out, false);
}
