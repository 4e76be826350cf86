/* One text for all that mean the same. */
#include "process/table.h"

static void forget_all (struct process_op *op, const char *const *keys)
{
    for (; *keys != NULL; keys++)
        process_forget (op, *keys);
}

/* Which size counts: P, or w and h, or l and s, or p. */
static void settle_resize (struct process_op *op)
{
    static const char *const beaten_by_main[] = { "m", "w", "h", "l", "s", "p", "limit", NULL };
    static const char *const beaten_by_sides[] = { "l", "s", "p", NULL };
    static const char *const without_sides[] = { "m", "limit", NULL };
    struct process_resize *resize = &op->resize;
    if (resize->has_percent_of_main)
        forget_all (op, beaten_by_main);
    else if (resize->has_w || resize->has_h)
        forget_all (op, beaten_by_sides);
    else if (resize->has_l || resize->has_s)
        process_forget (op, "p");
    else
        forget_all (op, without_sides);
    if (resize->has_l != resize->has_s)
        process_forget (op, "m");
    if (resize->m != PROCESS_PAD)
        process_forget (op, "color");
}

static void settle_crop (struct process_op *op)
{
    if (op->crop.w == 0)
        process_forget (op, "w");
    if (op->crop.h == 0)
        process_forget (op, "h");
    process_forget (op, "p");
}

static void settle_watermark (struct process_op *op)
{
    static const char *const of_text[] = { "type", "color", "size", "shadow", "rotate", NULL };
    static const char *const of_both[] = { "order", "align", "interval", NULL };
    static const char *const of_fill[] = { "padx", "pady", NULL };
    const struct process_watermark *watermark = &op->watermark;
    if (watermark->text == NULL)
        forget_all (op, of_text);
    if (watermark->text == NULL || watermark->image == NULL)
        forget_all (op, of_both);
    if (!watermark->fill)
        forget_all (op, of_fill);
}

void process_settle (struct process_op *op)
{
    if (op->id == PROCESS_RESIZE)
        settle_resize (op);
    else if (op->id == PROCESS_CROP)
        settle_crop (op);
    else if (op->id == PROCESS_INDEXCROP && op->indexcrop.has_y)
        process_forget (op, "x");
    else if (op->id == PROCESS_QUALITY && op->quality.has_absolute)
        process_forget (op, "q");
    else if (op->id == PROCESS_WATERMARK)
        settle_watermark (op);
}

static void append_encoded (GString *out, const char *text)
{
    g_autofree char *encoded = process_encode (text);
    g_string_append (out, encoded);
}

static void append_source (GString *out, const struct process_source *source)
{
    g_autoptr (GString) text = g_string_new (source->key);
    if (source->process != NULL) {
        g_autofree char *nested = process_canonical (source->process);
        g_string_append_printf (text, "?x-oss-process=%s", nested);
    }
    append_encoded (out, text->str);
}

static void append_value (GString *out, struct process_op *op, const struct process_param *param)
{
    switch (param->value) {
    case PROCESS_VALUE_INT:
        g_string_append_printf (out, "%d", *process_field (op, param));
        break;
    case PROCESS_VALUE_WORD:
        if (param->is_encoded)
            append_encoded (out, param->words[*process_field (op, param)]);
        else
            g_string_append (out, param->words[*process_field (op, param)]);
        break;
    case PROCESS_VALUE_COLOR:
        g_string_append_printf (out, "%06X", (uint32_t) *process_field (op, param));
        break;
    case PROCESS_VALUE_TEXT:
        append_encoded (out, *process_pointer (op, param));
        break;
    case PROCESS_VALUE_SOURCE:
        append_source (out, *process_pointer (op, param));
        break;
    }
}

static void append_op (GString *out, struct process_op *op)
{
    g_string_append_printf (out, "/%s", process_row (op->id)->name);
    for (const struct process_param *p = process_params (op->id); p->key != NULL; p++) {
        if (process_is_preset (op, p))
            continue;
        g_string_append_c (out, ',');
        if (*p->key != '\0')
            g_string_append_printf (out, "%s_", p->key);
        append_value (out, op, p);
    }
}

char *process_canonical (const struct process *p)
{
    GString *out = g_string_new (process_type (p->kind));
    for (size_t i = 0; i < p->n_ops; i++)
        append_op (out, &p->ops[i]);
    return g_string_free (out, false);
}
