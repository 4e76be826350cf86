/* Replies of workers: bounded parse, then a check against the table of what may be answered. */
#include "wire/meta.h"

#include <stdbool.h>
#include <glib.h>

#include "base/limits.h"
#include "base/text.h"

enum meta_kind { META_STRING, META_INTEGER };

static const struct meta_rule {
    const char *name;
    enum meta_kind kind;
    size_t max;
} rules[] = {
#define META(name, kind, max) { #name, META_##kind, max },
#include "wire/meta.def"
#undef META
};

static const struct meta_rule *find_rule (const char *name)
{
    for (size_t i = 0; i < N_ELEMENTS (rules); i++)
        if (!strcmp (rules[i].name, name))
            return &rules[i];
    return NULL;
}

/* A reply is one flat object. jansson recurses, so what nests is refused before it looks. */
static bool is_flat (const char *text, size_t length)
{
    unsigned opened = 0;
    bool in_string = false;
    for (size_t i = 0; i < length; i++) {
        if (in_string && text[i] == '\\')
            i++;
        else if (text[i] == '"')
            in_string = !in_string;
        else if (!in_string && (text[i] == '{' || text[i] == '['))
            opened++;
    }
    return opened <= 1;
}

static enum err check_value (const struct meta_rule *rule, const json_t *value, struct error *e)
{
    size_t length = 0;
    bool fits = false;
    switch (rule->kind) {
    case META_STRING:
        fits = json_is_string (value);
        length = json_string_length (value);
        break;
    case META_INTEGER:
        fits = json_is_integer (value) && json_integer_value (value) >= 0;
        for (json_int_t v = json_integer_value (value); v; v /= 10)
            length++;
        break;
    }
    if (!fits)
        return FAIL (e, WORKER_PROTOCOL, "the reply has another type for %s", rule->name);
    if (length > rule->max)
        return FAIL (e, WORKER_PROTOCOL, "the reply has %zu bytes of %s, more than %zu", length,
                     rule->name, rule->max);
    return ERR_OK;
}

enum err meta_parse (const char *text, size_t length, json_t **ret, struct error *e)
{
    if (length > LIMIT_RESULT)
        return FAIL (e, WORKER_PROTOCOL, "the reply has %zu bytes", length);
    if (!is_flat (text, length))
        return FAIL (e, WORKER_PROTOCOL, "the reply is no flat object");
    json_error_t je;
    json_auto_t *root = json_loadb (text, length, JSON_REJECT_DUPLICATES, &je);
    if (!json_is_object (root))
        return FAIL (e, WORKER_PROTOCOL, "the reply is no JSON object: %s",
                     root ? "another type" : je.text);
    const char *name;
    json_t *value;
    json_object_foreach (root, name, value)
    {
        const struct meta_rule *rule = find_rule (name);
        if (!rule)
            return FAIL (e, WORKER_PROTOCOL, "the reply has the unknown field '%.64s'", name);
        enum err err = check_value (rule, value, e);
        if (err != ERR_OK)
            return err;
    }
    *ret = g_steal_pointer (&root);
    return ERR_OK;
}
