/* The slow reader of replies. */
#include "meta_oracle.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>
#include <glib.h>

#include "base/limits.h"
#include "base/macros.h"
#include "wire/meta.h"

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
        if (rules[i].structure == structure && !strcmp (rules[i].name, name))
            return &rules[i];
    return NULL;
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

/* Whether the value is of the rule's type and length; the entries of a list are not looked at. */
static bool fits (const struct rule *rule, const json_t *value)
{
    switch (rule->kind) {
    case STRING:
        return json_is_string (value) && json_string_length (value) <= rule->max;
    case INTEGER:
        return json_is_integer (value) && json_integer_value (value) >= 0 &&
               digits (json_integer_value (value)) <= rule->max;
    case REAL:
        return json_is_number (value);
    case STRINGS:
        return are_strings (value) && json_array_size (value) <= rule->max;
    default:
        return json_is_array (value) && json_array_size (value) <= rule->max;
    }
}

static bool structure_fits (enum structure structure, const json_t *object)
{
    if (!json_is_object (object))
        return false;
    const char *name;
    json_t *value, *entry;
    size_t i;
    json_object_foreach ((json_t *) object, name, value)
    {
        const struct rule *rule = find_rule (structure, name);
        if (!rule || !fits (rule, value))
            return false;
        if (rule->kind <= LISTS)
            continue;
        json_array_foreach (value, i, entry)
        {
            if (!structure_fits ((enum structure) (rule->kind - LISTS), entry))
                return false;
        }
    }
    return true;
}

static json_t *read_slowly (const char *text, size_t length)
{
    /* jansson overlooks a NUL behind a number, which JSON does not have. */
    if (length > LIMIT_RESULT || memchr (text, '\0', length))
        return NULL;
    json_auto_t *root = json_loadb (text, length, JSON_REJECT_DUPLICATES, NULL);
    return structure_fits (FILE_, root) ? g_steal_pointer (&root) : NULL;
}

static bool are_same (const json_t *a, const json_t *b)
{
    char *texts[] = { json_dumps (a, JSON_COMPACT), json_dumps (b, JSON_COMPACT) };
    bool same = texts[0] && texts[1] && !strcmp (texts[0], texts[1]);
    free (texts[0]);
    free (texts[1]);
    return same;
}

bool meta_oracle_agrees (const char *text, size_t length)
{
    struct error e = { 0 };
    json_auto_t *expected = read_slowly (text, length);
    json_auto_t *meta = NULL;
    enum err err = meta_parse (text, length, &meta, &e);
    assert (err == (expected ? ERR_OK : ERR_WORKER_PROTOCOL));
    assert (expected ? are_same (meta, expected) : !meta && *e.message);
    return expected;
}
