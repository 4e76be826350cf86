/* JSON from strangers; see the header. The text is measured before a parser sees it, so that
 * neither its recursion nor its memory depends on a stranger. */
#include "api/json.h"

#include <string.h>

#include "api/rules.h"
#include "base/limits.h"

#define PATH_MAX_LEN 128 /* bytes of a place in a message */

static const char *wanted_name (const struct model_value *v)
{
    static const char *const names[] = {
        [MODEL_ANY] = "Value",     [MODEL_STRING] = "String", [MODEL_INT32] = "Integer",
        [MODEL_INT64] = "Integer", [MODEL_NUMBER] = "Number", [MODEL_BOOLEAN] = "Boolean",
        [MODEL_OBJECT] = "Object",
    };
    return v->is_array ? "Array" : v->is_map ? "Map" : names[v->kind];
}

/* Offset of the byte at which the text gets too deep or holds too many values; -1: it does not. */
static ssize_t find_excess (const char *text, const char **ret_what)
{
    size_t depth = 0, values = 0;
    bool in_string = false;
    for (const char *c = text; *c; c++) {
        if (in_string) {
            if (*c == '\\' && c[1])
                c++;
            else if (*c == '"')
                in_string = false;
            continue;
        }
        if (*c == '"')
            in_string = true;
        else if (*c == '[' || *c == '{')
            depth++;
        else if ((*c == ']' || *c == '}') && depth)
            depth--;
        if (strchr ("[{,", *c))
            values++;
        *ret_what = depth > LIMIT_JSON_DEPTH ? "nested too deeply" : "too many values";
        if (depth > LIMIT_JSON_DEPTH || values > LIMIT_JSON_VALUES)
            return c - text;
    }
    return -1;
}

enum err json_text_parse (const char *text, size_t len, json_t **ret, struct error *e)
{
    const char *what = "a NUL byte";
    ssize_t offset = strlen (text) == len ? find_excess (text, &what) : (ssize_t) strlen (text);
    json_error_t problem = { 0 };
    json_t *json = offset < 0 ? json_loadb (text, len, 0, &problem) : NULL;
    if (!json)
        return FAIL (e, INVALID_JSON, "The text is not JSON that is understood: %s at offset %zd.",
                     offset < 0 ? problem.text : what, offset < 0 ? problem.position : offset);
    *ret = json;
    return ERR_OK;
}

static enum err parse (const struct action_param *param, const char *text, json_t **ret,
                       struct error *e)
{
    const char *what;
    ssize_t offset = find_excess (text, &what);
    json_error_t problem = { 0 };
    json_t *json = NULL;
    if (offset < 0) {
        json = json_loadb (text, strlen (text), JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &problem);
        offset = problem.position;
        what = problem.text;
    }
    if (!json)
        return FAIL_ON (e, INVALID_JSON, param->name,
                        "InvalidJSON %s parsing error,%s: %s at offset %zd.",
                        wanted_name (&param->value), param->name, what, offset);
    *ret = json;
    return ERR_OK;
}

/* Where in the parameter a check is: "Files[3].URI". */
struct place {
    const struct action_param *param;
    char path[PATH_MAX_LEN];
    size_t len;
};

static enum err check_value (const struct model_value *v, const json_t *json, struct place *at,
                             struct error *e);

static enum err mismatch (const struct place *at, const char *expected, struct error *e)
{
    return FAIL_ON (e, INVALID_PARAM, at->param->name,
                    "Specified parameter %s is not valid: %s%s must be %s.", at->param->name,
                    at->param->name, at->path, expected);
}

static void go_back (struct place *at, size_t len)
{
    at->len = len;
    at->path[len] = '\0';
}

static void enter (struct place *at, const char *format, const char *name, size_t index)
{
    g_autofree char *step =
        *format == '.' ? g_strdup_printf (".%s", name) : g_strdup_printf ("[%zu]", index);
    at->len += g_strlcpy (at->path + at->len, step, sizeof at->path - at->len);
    at->len = MIN (at->len, sizeof at->path - 1);
}

static enum err check_object (const struct model_type *type, const json_t *json, struct place *at,
                              struct error *e)
{
    enum err r = ERR_OK;
    if (!json_is_object (json))
        return mismatch (at, "an object", e);
    if (rules_is_free (type->name, "*"))
        return ERR_OK;
    for (size_t i = 0; i < type->n_members && r == ERR_OK; i++) {
        const struct model_member *m = &type->members[i];
        const json_t *value = json_object_get (json, m->name);
        size_t len = at->len;
        enter (at, ".", m->name, 0);
        if (value && !json_is_null (value))
            r = check_value (&m->value, value, at, e);
        else if (m->is_required && !rules_is_free (type->name, m->name))
            r = mismatch (at, "given", e);
        go_back (at, len);
    }
    return r;
}

static enum err check_array (const struct model_value *v, const json_t *json, struct place *at,
                             struct error *e)
{
    if (!json_is_array (json))
        return mismatch (at, "an array", e);
    struct model_value element = *v;
    element.is_array = false;
    size_t i, len = at->len;
    const json_t *value;
    json_array_foreach (json, i, value)
    {
        enter (at, "[", NULL, i);
        enum err r = check_value (&element, value, at, e);
        if (r != ERR_OK)
            return r;
        go_back (at, len);
    }
    return ERR_OK;
}

static enum err check_map (const struct model_value *v, const json_t *json, struct place *at,
                           struct error *e)
{
    if (!json_is_object (json))
        return mismatch (at, "an object", e);
    struct model_value element = *v;
    element.is_map = false;
    size_t len = at->len;
    const char *key;
    json_t *value;
    json_object_foreach ((json_t *) json, key, value)
    {
        enter (at, ".", key, 0);
        enum err r = check_value (&element, value, at, e);
        if (r != ERR_OK)
            return r;
        go_back (at, len);
    }
    return ERR_OK;
}

static enum err check_integer (const json_t *json, int64_t min, int64_t max, struct place *at,
                               struct error *e)
{
    bool fits = json_is_integer (json) && json_integer_value (json) >= min &&
                json_integer_value (json) <= max;
    return fits ? ERR_OK : mismatch (at, "an integer in range", e);
}

static enum err check_value (const struct model_value *v, const json_t *json, struct place *at,
                             struct error *e)
{
    if (v->is_array)
        return check_array (v, json, at, e);
    if (v->is_map)
        return check_map (v, json, at, e);
    switch (v->kind) {
    case MODEL_ANY:
        return ERR_OK;
    case MODEL_STRING:
        return json_is_string (json) ? ERR_OK : mismatch (at, "a string", e);
    case MODEL_INT32:
        return check_integer (json, INT32_MIN, INT32_MAX, at, e);
    case MODEL_INT64:
        return check_integer (json, INT64_MIN, INT64_MAX, at, e);
    case MODEL_NUMBER:
        return json_is_number (json) ? ERR_OK : mismatch (at, "a number", e);
    case MODEL_BOOLEAN:
        return json_is_boolean (json) ? ERR_OK : mismatch (at, "true or false", e);
    case MODEL_OBJECT:
        return check_object (v->type, json, at, e);
    }
    return ERR_OK;
}

enum err json_param_parse (const struct action_param *param, const char *text, json_t **ret,
                           struct error *e)
{
    json_t *json = NULL;
    struct place at = { .param = param };
    enum err r = parse (param, text, &json, e);
    if (r == ERR_OK)
        r = check_value (&param->value, json, &at, e);
    if (r != ERR_OK) {
        json_decref (json);
        return r;
    }
    *ret = json;
    return ERR_OK;
}
