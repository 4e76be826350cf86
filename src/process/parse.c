/* From a text to a struct process: types, operations, parameters, what follows a pipe. */
#include <string.h>

#include "base/text.h"
#include "process/value.h"

void process_source_free (struct process_source *source)
{
    if (source == NULL)
        return;
    g_free (source->key);
    process_free (source->process);
    g_free (source);
}

static void op_clear (struct process_op *op)
{
    for (const struct process_param *p = process_params (op->id); p->key != NULL; p++) {
        if (p->value == PROCESS_VALUE_TEXT)
            g_free (*process_pointer (op, p));
        else if (p->value == PROCESS_VALUE_SOURCE)
            process_source_free (*process_pointer (op, p));
    }
}

void process_free (struct process *p)
{
    if (p == NULL)
        return;
    for (size_t i = 0; i < p->n_ops; i++)
        op_clear (&p->ops[i]);
    g_free (p->ops);
    g_free (p->saveas.object);
    g_free (p->saveas.bucket);
    g_free (p);
}

/* The part of `*text` before `separator`, or all; `*text` is behind the separator then, or NULL. */
static char *part (char **text, char separator)
{
    char *start = *text;
    char *end = strchr (start, separator);
    *text = end != NULL ? end + 1 : NULL;
    if (end != NULL)
        *end = '\0';
    return start;
}

/* What needs no parameter of its own row: an operation, or a value of it, that is not built. */
static enum err refuse_later (const char *type, const char *name, const char *param,
                              struct error *e)
{
    g_autofree char *text = param != NULL ? g_strdup_printf ("%s/%s,%s", type, name, param)
                                          : g_strdup_printf ("%s/%s", type, name);
    return process_is_later (text) ? FAIL (e, NOT_IMPLEMENTED, "%s is not implemented.", text)
                                   : ERR_OK;
}

/* The parameter that a text sets, and its value. NULL: none of this operation. */
static const struct process_param *param_of (enum process_op_id id, char *text,
                                             const char **ret_name, const char **ret_value)
{
    const struct process_param *params = process_params (id);
    const struct process_row *row = process_row (id);
    bool is_bare = params->key != NULL && *params->key == '\0';
    char *underscore = strchr (text, '_');
    *ret_name = row->name;
    *ret_value = text;
    if (is_bare || (row->flags & PROCESS_TAKES_BARE && underscore == NULL))
        return params;
    *ret_value = underscore != NULL ? underscore + 1 : "";
    if (underscore != NULL)
        *underscore = '\0';
    *ret_name = text;
    return process_param (id, text);
}

static enum err set_all (struct process_reading *reading, struct process_op *op, char *text,
                         uint32_t *ret_given, struct error *e)
{
    const struct process_row *row = process_row (op->id);
    const struct process_param *params = process_params (op->id);
    bool is_bare = params->key != NULL && *params->key == '\0';
    if (text != NULL && is_bare && strchr (text, ',') != NULL)
        return FAIL_ON (e, PROCESS_ARGUMENT, "0040-00000203", "%s takes one value.", row->name);
    for (size_t n = 0; text != NULL; n++) {
        if (n == LIMIT_PROCESS_PARAMS)
            return FAIL (e, PROCESS_ARGUMENT, "%s has more than %d parameters.", row->name,
                         LIMIT_PROCESS_PARAMS);
        char *one = part (&text, ',');
        enum err r = refuse_later (process_type (row->kind), row->name, one, e);
        const char *name, *value;
        const struct process_param *param = param_of (op->id, one, &name, &value);
        if (r == ERR_OK && param != NULL) {
            r = process_set (reading, op, param, name, value, e);
            *ret_given |= 1u << (param - params);
        }
        if (r != ERR_OK)
            return r;
    }
    return ERR_OK;
}

/* One of those at least without which the operation would do nothing. */
static bool has_any (const struct process_op *op, uint32_t given)
{
    const struct process_resize *r = &op->resize;
    if (op->id == PROCESS_RESIZE)
        return r->has_w || r->has_h || r->has_l || r->has_s || r->has_p || r->has_percent_of_main;
    if (op->id == PROCESS_INDEXCROP)
        return op->indexcrop.has_x || op->indexcrop.has_y;
    if (op->id == PROCESS_WATERMARK)
        return op->watermark.image != NULL || op->watermark.text != NULL;
    return given != 0;
}

static enum err check_given (const struct process_op *op, uint32_t given, struct error *e)
{
    const struct process_row *row = process_row (op->id);
    const struct process_param *params = process_params (op->id);
    char ec[16];
    for (size_t i = 0; params[i].key != NULL; i++)
        if (params[i].need == PROCESS_NEED_REQUIRED && !(given & 1u << i))
            return FAIL_ON (e, PROCESS_MISSING, process_ec (row->ec, ec),
                            "Missing Some Required Arguments: %s of %s.",
                            *params[i].key != '\0' ? params[i].key : "value", row->name);
    if (row->flags & PROCESS_NEEDS_ANY && !has_any (op, given))
        return FAIL_ON (e, PROCESS_MISSING, process_ec (row->ec, ec),
                        "Missing Some Required Arguments: %s.", row->name);
    return ERR_OK;
}

/* What the object of a watermark may be processed by. */
static enum err check_nested (const struct process_op *op, struct error *e)
{
    switch (op->id) {
    case PROCESS_RESIZE:
    case PROCESS_CROP:
    case PROCESS_INDEXCROP:
    case PROCESS_ROUNDED_CORNERS:
    case PROCESS_ROTATE:
        return ERR_OK;
    default:
        return FAIL_ON (e, PROCESS_ARGUMENT,
                        op->id == PROCESS_WATERMARK ? "0040-00000373"
                        : op->id == PROCESS_INFO    ? "0040-00000374"
                                                    : NULL,
                        "A watermark's object cannot be processed by %s.",
                        process_row (op->id)->name);
    }
}

/* One operation, "resize,w_100". On failure `ret` holds nothing. */
static enum err read_op (struct process_reading *reading, const char *type, char *text,
                         struct process_op *ret, struct error *e)
{
    char *rest = text;
    const char *name = part (&rest, ',');
    enum err r = refuse_later (type, name, NULL, e);
    if (r != ERR_OK)
        return r;
    enum process_op_id id = process_find (type, name);
    if (id == PROCESS_N_OPS)
        return FAIL_ON (e, PROCESS_ARGUMENT, "0040-00000213", "The operation: %.64s is invalid.",
                        name);

    struct process_op op;
    process_op_init (&op, id);
    uint32_t given = 0;
    r = set_all (reading, &op, rest, &given, e);
    if (r == ERR_OK)
        r = check_given (&op, given, e);
    if (r == ERR_OK && reading->is_nested)
        r = check_nested (&op, e);
    if (r == ERR_OK && op.id == PROCESS_RESIZE && op.resize.has_percent_of_main &&
        !reading->is_nested)
        r = FAIL (e, PROCESS_ARGUMENT,
                  "The parameter: P of resize is only for the object of a watermark.");
    if (r != ERR_OK) {
        op_clear (&op);
        return r;
    }
    process_settle (&op);
    *ret = op;
    return ERR_OK;
}

static bool answers_json (const struct process_op *op)
{
    return process_row (op->id)->flags & PROCESS_ANSWERS_JSON;
}

static enum err add_op (struct process_reading *reading, const char *type, char *text,
                        struct process *p, struct error *e)
{
    const struct process_op *last = p->n_ops > 0 ? &p->ops[p->n_ops - 1] : NULL;
    if (p->n_ops == LIMIT_PROCESS_OPS)
        return FAIL (e, PROCESS_ARGUMENT, "More than %d operations.", LIMIT_PROCESS_OPS);
    if (last != NULL && (p->kind != PROCESS_KIND_IMAGE || answers_json (last)))
        return FAIL (e, PROCESS_ARGUMENT, "No operation can follow %s.",
                     process_row (last->id)->name);
    enum err r = read_op (reading, type, text, &p->ops[p->n_ops], e);
    if (r != ERR_OK)
        return r;
    p->kind = process_row (p->ops[p->n_ops].id)->kind;
    p->n_ops++;
    return ERR_OK;
}

/* Appends what `text` says, whose operations are of `type`. Texts in use have slashes too many. */
static enum err read_ops (struct process_reading *reading, const char *type, char *text,
                          struct process *p, struct error *e)
{
    p->ops = g_new0 (struct process_op, LIMIT_PROCESS_OPS);
    while (text != NULL) {
        char *one = part (&text, '/');
        enum err r = *one != '\0' ? add_op (reading, type, one, p, e) : ERR_OK;
        if (r != ERR_OK)
            return r;
    }
    return p->n_ops > 0
               ? ERR_OK
               : FAIL_ON (e, PROCESS_ARGUMENT, "0040-00000212", "No operation is specified.");
}

static enum err read_chain (struct process_reading *reading, char *text, struct process *p,
                            struct error *e)
{
    static const char *const types[] = { "image", "video", "audio", "doc", "hls", NULL };
    const char *type = part (&text, '/');
    if (!g_strv_contains (types, type))
        return FAIL (e, PROCESS_ARGUMENT, "The type: %.64s is invalid.", type);
    if (reading->is_nested && strcmp (type, "image") != 0)
        return FAIL (e, PROCESS_ARGUMENT, "The type: %.64s is invalid for a watermark.", type);
    return read_ops (reading, type, text, p, e);
}

/* One of o_KEY and b_BUCKET. */
static enum err read_target (const char *text, struct process_saveas *saveas, struct error *e)
{
    g_autofree char *decoded = NULL;
    size_t len;
    bool is_object = g_str_has_prefix (text, "o_");
    if (!is_object && !g_str_has_prefix (text, "b_"))
        return ERR_OK;
    if (!process_decode (text + 2, &decoded, &len) || !text_is_utf8 (decoded, len))
        return FAIL (e, PROCESS_REQUEST, "Input is not base64 decoding.");
    size_t most = is_object ? LIMIT_PROCESS_KEY - 1 : LIMIT_BUCKET_NAME_MAX;
    if (len == 0 || len > most)
        return FAIL (e, PROCESS_ARGUMENT, "The value: %.64s of parameter: %c is invalid.", text + 2,
                     text[0]);
    char **field = is_object ? &saveas->object : &saveas->bucket;
    g_free (*field);
    *field = g_steal_pointer (&decoded);
    return ERR_OK;
}

/* What follows a pipe: "sys/saveas,o_...,b_...". */
static enum err read_saveas (char *text, struct process_saveas *saveas, struct error *e)
{
    if (strchr (text, '|') != NULL)
        return FAIL (e, PROCESS_ARGUMENT, "More than one pipe.");
    if (strstr (text, "/notify,") != NULL)
        return FAIL (e, NOT_IMPLEMENTED, "sys/notify is not implemented.");
    const char *name = part (&text, ',');
    if (strcmp (name, "sys/saveas") != 0)
        return FAIL (e, PROCESS_ARGUMENT, "The operation: %.64s is invalid.", name);
    while (text != NULL) {
        enum err r = read_target (part (&text, ','), saveas, e);
        if (r != ERR_OK)
            return r;
    }
    if (saveas->object == NULL)
        return FAIL (e, PROCESS_MISSING, "Missing Some Required Arguments: o of sys/saveas.");
    return ERR_OK;
}

enum err process_read (struct process_reading *reading, const char *text, size_t len,
                       struct process **ret, struct error *e)
{
    g_autofree char *copy = g_strndup (text, len);
    char *rest = copy;
    char *chain = part (&rest, '|');
    struct process *p = g_new0 (struct process, 1);
    enum err r = read_chain (reading, chain, p, e);
    if (r == ERR_OK && rest != NULL && reading->is_nested)
        r = FAIL (e, PROCESS_ARGUMENT, "A watermark's object cannot be saved.");
    else if (r == ERR_OK && rest != NULL)
        r = read_saveas (rest, &p->saveas, e);
    if (r != ERR_OK) {
        process_free (p);
        return r;
    }
    *ret = p;
    return ERR_OK;
}

enum err process_parse (const char *text, size_t len, struct process **ret, struct error *e)
{
    if (len > LIMIT_PROCESS_TEXT)
        return FAIL_ON (e, PROCESS_ARGUMENT, "0017-00000288",
                        "x-oss-process is longer than %d bytes.", (int) LIMIT_PROCESS_TEXT);
    if (!text_is_utf8 (text, len))
        return FAIL (e, PROCESS_ARGUMENT, "x-oss-process is not UTF-8.");
    struct process_reading reading = { 0 };
    return process_read (&reading, text, len, ret, e);
}

bool process_style (const char *text, size_t len, char **ret_name, const char **ret_rest)
{
    static const char prefix[] = "style/";
    size_t prefix_len = strlen (prefix);
    if (len < prefix_len || memcmp (text, prefix, prefix_len) != 0)
        return false;
    const char *end = memchr (text, '|', len);
    size_t name_len = (size_t) ((end != NULL ? end : text + len) - text) - prefix_len;
    *ret_name = g_strndup (text + prefix_len, name_len);
    *ret_rest = end != NULL ? end : text + len;
    return true;
}
