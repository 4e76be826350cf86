/* Replies of workers: read in one pass, each value as the table of what may be answered has it. */
#include "wire/meta.h"

#include <stdbool.h>
#include <string.h>
#include <glib.h>

#include "base/json_reader.h"
#include "base/limits.h"

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

#define NAME_SHOWN 64 /* bytes of an unknown name in a message */

static const struct rule {
    enum structure structure;
    const char *name;
    size_t name_length;
    enum kind kind;
    size_t max;
} rules[] = {
#define META(structure, name, kind, max) { structure##_, #name, sizeof #name - 1, kind, max },
#include "wire/meta.def"
#undef META
};

static const struct rule *find_rule (enum structure structure, const char *name, size_t length)
{
    for (size_t i = 0; i < N_ELEMENTS (rules); i++)
        if (rules[i].structure == structure && rules[i].name_length == length &&
            memcmp (rules[i].name, name, length) == 0)
            return &rules[i];
    return NULL;
}

/* One reply that is being read. */
struct reading {
    struct json_reader json;
    struct error *e;
};

static enum err no_json (struct reading *r, const char *why)
{
    return FAIL (r->e, WORKER_PROTOCOL, "the reply is no JSON object: %s", why);
}

static enum err other_type (struct reading *r, const struct rule *rule)
{
    if (json_reader_peek (&r->json) == '\0')
        return no_json (r, "it ends too early");
    return FAIL (r->e, WORKER_PROTOCOL, "the reply has another type for %s", rule->name);
}

static enum err too_much (struct reading *r, const struct rule *rule, size_t max, const char *of)
{
    return FAIL (r->e, WORKER_PROTOCOL, "the reply has more than %zu %s of %s", max, of,
                 rule->name);
}

static size_t digits (int64_t number)
{
    size_t n = 0;
    for (; number; number /= 10)
        n++;
    return n;
}

static enum err read_string (struct reading *r, const struct rule *rule, size_t max, json_t **ret)
{
    const char *text;
    size_t length;
    if (json_reader_peek (&r->json) != '"')
        return other_type (r, rule);
    if (!json_reader_string (&r->json, &text, &length))
        return no_json (r, r->json.why);
    if (length > max)
        return too_much (r, rule, max, "bytes");
    *ret = json_stringn_nocheck (text, length);
    return ERR_OK;
}

static enum err read_number (struct reading *r, const struct rule *rule, json_t **ret)
{
    struct json_number number;
    if (!json_reader_number (&r->json, &number))
        return no_json (r, r->json.why);
    if (rule->kind == INTEGER && (number.is_real || number.integer < 0))
        return other_type (r, rule);
    if (rule->kind == INTEGER && digits (number.integer) > rule->max)
        return too_much (r, rule, rule->max, "digits");
    *ret = number.is_real ? json_real (number.real) : json_integer (number.integer);
    return ERR_OK;
}

static enum err read_object (struct reading *r, enum structure structure, json_t **ret);

/* Goes as deep as the table does: the structures of lists hold no lists. */
static enum err read_entry (struct reading *r, const struct rule *rule, json_t **ret)
{
    if (rule->kind == STRINGS)
        return read_string (r, rule, LIMIT_META_STRING, ret);
    return read_object (r, (enum structure) (rule->kind - LISTS), ret);
}

static enum err read_list (struct reading *r, const struct rule *rule, json_t **ret)
{
    json_auto_t *list = json_array ();
    if (!json_reader_take (&r->json, '['))
        return other_type (r, rule);
    bool more = json_reader_peek (&r->json) != ']';
    for (; more; more = json_reader_take (&r->json, ',')) {
        json_t *entry;
        if (json_array_size (list) == rule->max)
            return too_much (r, rule, rule->max, "entries");
        enum err err = read_entry (r, rule, &entry);
        if (err != ERR_OK)
            return err;
        json_array_append_new (list, entry);
    }
    if (!json_reader_take (&r->json, ']'))
        return no_json (r, "a list does not end");
    *ret = g_steal_pointer (&list);
    return ERR_OK;
}

static enum err read_value (struct reading *r, const struct rule *rule, json_t **ret)
{
    switch (rule->kind) {
    case STRING:
        return read_string (r, rule, rule->max, ret);
    case INTEGER:
    case REAL:
        return read_number (r, rule, ret);
    default:
        return read_list (r, rule, ret);
    }
}

static enum err read_member (struct reading *r, enum structure structure, json_t *object)
{
    const char *name;
    size_t length, members = json_object_size (object);
    json_t *value;
    if (!json_reader_string (&r->json, &name, &length))
        return no_json (r, r->json.why);
    const struct rule *rule = find_rule (structure, name, length);
    if (!rule)
        return FAIL (r->e, WORKER_PROTOCOL, "the reply has the unknown field '%.*s'",
                     (int) MIN (length, NAME_SHOWN), name);
    if (!json_reader_take (&r->json, ':'))
        return no_json (r, "a name without a value");
    enum err err = read_value (r, rule, &value);
    if (err != ERR_OK)
        return err;
    json_object_set_new_nocheck (object, rule->name, value);
    if (json_object_size (object) == members)
        return FAIL (r->e, WORKER_PROTOCOL, "the reply has %s twice", rule->name);
    return ERR_OK;
}

static enum err read_object (struct reading *r, enum structure structure, json_t **ret)
{
    json_auto_t *object = json_object ();
    if (!json_reader_take (&r->json, '{'))
        return FAIL (r->e, WORKER_PROTOCOL, "the reply has another type than an object");
    bool more = json_reader_peek (&r->json) != '}';
    for (; more; more = json_reader_take (&r->json, ',')) {
        enum err err = read_member (r, structure, object);
        if (err != ERR_OK)
            return err;
    }
    if (!json_reader_take (&r->json, '}'))
        return no_json (r, "an object does not end");
    *ret = g_steal_pointer (&object);
    return ERR_OK;
}

enum err meta_parse (const char *text, size_t length, json_t **ret, struct error *e)
{
    if (length > LIMIT_RESULT)
        return FAIL (e, WORKER_PROTOCOL, "the reply has %zu bytes", length);
    json_auto_t *root = NULL;
    struct reading r = { .e = e };
    json_reader_init (&r.json, text, length);
    enum err err = read_object (&r, FILE_, &root);
    if (err == ERR_OK && !json_reader_is_done (&r.json))
        err = no_json (&r, r.json.why);
    json_reader_clear (&r.json);
    if (err == ERR_OK)
        *ret = g_steal_pointer (&root);
    return err;
}
