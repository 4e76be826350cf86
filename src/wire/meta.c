/* Replies of workers: bounded parse, then a check against the table of what may be answered. */
#include "wire/meta.h"

#include <stdbool.h>
#include <glib.h>

#include "base/limits.h"
#include "base/text.h"

enum structure { FILE_, VIDEO_STREAM_, AUDIO_STREAM_, SUBTITLE_STREAM_, IMAGE_, LABEL_ };

enum kind {
    STRING,
    INTEGER,
    REAL,
    STRINGS,
    LISTS, /* the rest are LISTS plus the structure of their entries */
    LIST_OF_VIDEO_STREAM = LISTS + VIDEO_STREAM_,
    LIST_OF_AUDIO_STREAM = LISTS + AUDIO_STREAM_,
    LIST_OF_SUBTITLE_STREAM = LISTS + SUBTITLE_STREAM_,
    LIST_OF_IMAGE = LISTS + IMAGE_,
    LIST_OF_LABEL = LISTS + LABEL_
};

#define MAX_DEPTH 3 /* the object, a list in it, an entry of that */

static const struct rule {
    enum structure structure;
    const char *name;
    enum kind kind;
    size_t max;
} rules[] = {
#define META(structure, name, kind, max) { structure##_, #name, kind, max },
#include "wire/meta.def"
#undef META
};

static const struct rule *find_rule (enum structure structure, const char *name)
{
    for (size_t i = 0; i < N_ELEMENTS (rules); i++)
        if (rules[i].structure == structure && text_is (rules[i].name, name))
            return &rules[i];
    return NULL;
}

/* jansson recurses, so what nests deeper than any reply is refused before it looks. */
static bool is_shallow (const char *text, size_t length)
{
    int depth = 0;
    bool in_string = false;
    for (size_t i = 0; i < length && depth <= MAX_DEPTH; i++) {
        if (in_string && text[i] == '\\')
            i++;
        else if (text[i] == '"')
            in_string = !in_string;
        else if (!in_string && (text[i] == '{' || text[i] == '['))
            depth++;
        else if (!in_string && (text[i] == '}' || text[i] == ']'))
            depth--;
    }
    return depth <= MAX_DEPTH;
}

static size_t digits (json_int_t number)
{
    size_t n = 0;
    for (; number; number /= 10)
        n++;
    return n;
}

static bool are_strings (const json_t *list)
{
    size_t i;
    json_t *entry;
    json_array_foreach (list, i, entry)
    {
        if (!json_is_string (entry) || json_string_length (entry) > LIMIT_META_STRING)
            return false;
    }
    return json_is_array (list);
}

/* Whether the value is of the rule's type; the entries of a list are not looked at. */
static bool has_kind (const struct rule *rule, const json_t *value, size_t *ret_size)
{
    *ret_size = json_is_array (value) ? json_array_size (value) : 0;
    switch (rule->kind) {
    case STRING:
        *ret_size = json_string_length (value);
        return json_is_string (value);
    case INTEGER:
        *ret_size = digits (json_integer_value (value));
        return json_is_integer (value) && json_integer_value (value) >= 0;
    case REAL:
        return json_is_number (value);
    case STRINGS:
        return are_strings (value);
    default:
        return json_is_array (value);
    }
}

static enum err check_value (const struct rule *rule, const json_t *value, struct error *e)
{
    size_t size;
    if (!has_kind (rule, value, &size))
        return FAIL (e, WORKER_PROTOCOL, "the reply has another type for %s", rule->name);
    if (size > rule->max)
        return FAIL (e, WORKER_PROTOCOL, "the reply has %zu %s of %s, more than %zu", size,
                     json_is_array (value) ? "entries" : "bytes", rule->name, rule->max);
    return ERR_OK;
}

static enum err check_structure (enum structure structure, const json_t *object, struct error *e);

static enum err check_entries (const struct rule *rule, const json_t *list, struct error *e)
{
    size_t i;
    json_t *entry;
    json_array_foreach (list, i, entry)
    {
        enum err err = check_structure ((enum structure) (rule->kind - LISTS), entry, e);
        if (err != ERR_OK)
            return err;
    }
    return ERR_OK;
}

/* Goes as deep as the table does: the structures of lists hold no lists. */
static enum err check_structure (enum structure structure, const json_t *object, struct error *e)
{
    if (!json_is_object (object))
        return FAIL (e, WORKER_PROTOCOL, "the reply has another type than an object");
    const char *name;
    json_t *value;
    json_object_foreach ((json_t *) object, name, value)
    {
        const struct rule *rule = find_rule (structure, name);
        if (!rule)
            return FAIL (e, WORKER_PROTOCOL, "the reply has the unknown field '%.64s'", name);
        enum err err = check_value (rule, value, e);
        if (err == ERR_OK && rule->kind > LISTS)
            err = check_entries (rule, value, e);
        if (err != ERR_OK)
            return err;
    }
    return ERR_OK;
}

enum err meta_parse (const char *text, size_t length, json_t **ret, struct error *e)
{
    if (length > LIMIT_RESULT)
        return FAIL (e, WORKER_PROTOCOL, "the reply has %zu bytes", length);
    if (!is_shallow (text, length))
        return FAIL (e, WORKER_PROTOCOL, "the reply nests deeper than %d", MAX_DEPTH);
    json_error_t je;
    json_auto_t *root = json_loadb (text, length, JSON_REJECT_DUPLICATES, &je);
    if (!json_is_object (root))
        return FAIL (e, WORKER_PROTOCOL, "the reply is no JSON object: %s",
                     root ? "another type" : je.text);
    enum err err = check_structure (FILE_, root, e);
    if (err == ERR_OK)
        *ret = g_steal_pointer (&root);
    return err;
}
