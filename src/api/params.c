/* Decodes parameters and binds them to an action; JSON is the business of json.c. */
#include "api/params.h"

#include <string.h>

#include "api/json.h"
#include "api/rules.h"
#include "base/limits.h"
#include "base/macros.h"
#include "base/text.h"

#define FORM_TYPE "application/x-www-form-urlencoded"

/* A name that may stand in an error code: Invalid<Name>. */
static bool is_plain_name (const char *name)
{
    size_t len = strlen (name);
    for (size_t i = 0; i < len; i++)
        if (!g_ascii_isalnum (name[i]) && !strchr ("._-", name[i]))
            return false;
    return len > 0 && len < 48;
}

#define FAIL_PARAM(e, name, ...)                                                                   \
    (is_plain_name (name) ? FAIL_ON (e, INVALID_PARAM, name, __VA_ARGS__)                          \
                          : FAIL (e, BAD_REQUEST, __VA_ARGS__))

/* Offset of the first '%' that begins no escape. */
static size_t find_broken_escape (const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (text[i] == '%' &&
            (len - i < 3 || !g_ascii_isxdigit (text[i + 1]) || !g_ascii_isxdigit (text[i + 2])))
            return i;
    return len;
}

/* Decodes one name or value; `of` names the parameter in errors, "" while it is not known. */
static enum err decode_text (struct params *p, const char *text, size_t len, const char *of,
                             const char **ret, struct error *e)
{
    g_autofree char *decoded = NULL;
    size_t decoded_len;
    const char *what = *of ? of : "a parameter's name";
    if (!text_percent_decode (text, len, true, &decoded, &decoded_len))
        return FAIL_PARAM (e, of, "Malformed percent-encoding in %s at offset %zu.", what,
                           find_broken_escape (text, len));
    const char *nul = memchr (decoded, '\0', decoded_len);
    if (nul)
        return FAIL_PARAM (e, of, "A NUL byte in %s at offset %zu of the decoded text.", what,
                           (size_t) (nul - decoded));
    const char *end;
    if (!g_utf8_validate_len (decoded, decoded_len, &end))
        return FAIL_PARAM (e, of, "Text that is not UTF-8 in %s at offset %zu of the decoded text.",
                           what, (size_t) (end - decoded));
    *ret = decoded;
    g_ptr_array_add (p->texts, g_steal_pointer (&decoded));
    return ERR_OK;
}

/* "name=value" */
static enum err decode_pair (struct params *p, const char *text, size_t len, struct error *e)
{
    const char *equals = memchr (text, '=', len);
    size_t name_len = equals ? (size_t) (equals - text) : len;
    struct auth_pair pair = { .value = "" };
    if (p->pairs->len == LIMIT_PARAMS)
        return FAIL (e, BAD_REQUEST, "The request has more than %d parameters.", LIMIT_PARAMS);
    if (!name_len)
        return FAIL (e, BAD_REQUEST, "The request has a parameter without a name.");
    if (name_len > 3 * LIMIT_PARAM_NAME)
        return FAIL (e, BAD_REQUEST, "A parameter's name is longer than %d bytes.",
                     LIMIT_PARAM_NAME);
    enum err r = decode_text (p, text, name_len, "", &pair.name, e);
    if (r == ERR_OK && strlen (pair.name) > LIMIT_PARAM_NAME)
        return FAIL (e, BAD_REQUEST, "A parameter's name is longer than %d bytes.",
                     LIMIT_PARAM_NAME);
    if (r == ERR_OK && equals)
        r = decode_text (p, equals + 1, len - name_len - 1, pair.name, &pair.value, e);
    if (r != ERR_OK)
        return r;
    if (!g_hash_table_insert (p->by_name, (gpointer) pair.name, (gpointer) pair.value))
        return FAIL_PARAM (e, pair.name, "Specified parameter %s is given twice.", pair.name);
    g_array_append_val (p->pairs, pair);
    return ERR_OK;
}

/* Pairs joined by '&'; empty ones are passed over. */
static enum err decode_pairs (struct params *p, const char *text, size_t len, struct error *e)
{
    const char *end = text + len;
    while (text < end) {
        const char *amp = memchr (text, '&', (size_t) (end - text));
        size_t pair_len = (size_t) ((amp ? amp : end) - text);
        enum err r = pair_len ? decode_pair (p, text, pair_len, e) : ERR_OK;
        if (r != ERR_OK)
            return r;
        text += pair_len + 1;
    }
    return ERR_OK;
}

static bool is_form (const char *content_type)
{
    size_t len = strlen (FORM_TYPE);
    return content_type && g_ascii_strncasecmp (content_type, FORM_TYPE, len) == 0 &&
           (content_type[len] == '\0' || strchr ("; \t", content_type[len]));
}

enum err params_decode (const char *raw_uri, const char *content_type, const uint8_t *body,
                        size_t body_len, struct params *ret, struct error *e)
{
    ret->pairs = g_array_new (FALSE, FALSE, sizeof (struct auth_pair));
    ret->texts = g_ptr_array_new_with_free_func (g_free);
    ret->by_name = g_hash_table_new (g_str_hash, g_str_equal);
    const char *query = strchr (raw_uri, '?');
    enum err r = query ? decode_pairs (ret, query + 1, strlen (query + 1), e) : ERR_OK;
    ret->n_query = ret->pairs->len;
    if (r != ERR_OK || !body_len)
        return r;
    ret->is_body_foreign = !is_form (content_type);
    return ret->is_body_foreign ? ERR_OK : decode_pairs (ret, (const char *) body, body_len, e);
}

/* A body that is no form would be ignored, and somebody's parameters with it. */
static enum err refuse_foreign_body (const struct params *p, struct error *e)
{
    if (!p->is_body_foreign)
        return ERR_OK;
    return FAIL (e, BAD_REQUEST,
                 "The body is of another type than " FORM_TYPE
                 "; parameters go into the query or into such a form.");
}

void params_clear (struct params *p)
{
    g_clear_pointer (&p->by_name, g_hash_table_unref);
    g_clear_pointer (&p->pairs, g_array_unref);
    g_clear_pointer (&p->texts, g_ptr_array_unref);
}

const char *params_get (const struct params *p, const char *name)
{
    const char *value = g_hash_table_lookup (p->by_name, name);
    return value && *value ? value : NULL;
}

static enum err mistyped (const struct action_param *param, const char *text, const char *expected,
                          struct error *e)
{
    g_autofree char *shown = rules_shorten (text);
    return FAIL_ON (e, INVALID_PARAM, param->name,
                    "Specified parameter %s is not valid: '%s', expected %s.", param->name, shown,
                    expected);
}

static enum err bind_integer (const struct action_param *param, const char *text,
                              struct opt_int *out, struct error *e)
{
    bool is_small = param->value.kind == MODEL_INT32;
    if (!text_parse_i64 (text, &out->value) ||
        (is_small && (out->value < INT32_MIN || out->value > INT32_MAX)))
        return mistyped (param, text, is_small ? "a 32-bit integer" : "a 64-bit integer", e);
    out->is_set = true;
    return ERR_OK;
}

static enum err bind_number (const struct action_param *param, const char *text,
                             struct opt_number *out, struct error *e)
{
    if (!text_parse_double (text, &out->value))
        return mistyped (param, text, "a number", e);
    out->is_set = true;
    return ERR_OK;
}

/* Some SDKs print booleans as their language does: True. */
static enum err bind_boolean (const struct action_param *param, const char *text,
                              struct opt_bool *out, struct error *e)
{
    out->value = g_ascii_strcasecmp (text, "true") == 0;
    if (!out->value && g_ascii_strcasecmp (text, "false") != 0)
        return mistyped (param, text, "true or false", e);
    out->is_set = true;
    return ERR_OK;
}

static enum err bind_one (const struct action *action, const struct action_param *param,
                          const char *text, void *values, struct error *e)
{
    void *out = (char *) values + param->offset;
    int64_t number = 0;
    const json_t *json = NULL;
    enum err r = ERR_OK;
    switch (param->kind) {
    case 's':
        *(const char **) out = text;
        break;
    case 'i':
        r = bind_integer (param, text, out, e);
        number = ((struct opt_int *) out)->value;
        break;
    case 'f':
        r = bind_number (param, text, out, e);
        break;
    case 'b':
        r = bind_boolean (param, text, out, e);
        break;
    case 'j':
        r = json_param_parse (param, text, (json_t **) out, e);
        json = *(json_t **) out;
        break;
    }
    return r == ERR_OK ? rules_check (action, param, text, number, json, e) : r;
}

static enum err check_required (const struct params *p, const struct action *action,
                                struct error *e)
{
    for (size_t i = 0; i < action->n_params; i++) {
        const char *name = action->params[i].name;
        if (action->params[i].is_required && !params_get (p, name))
            return FAIL_ON (e, MISSING_PARAM, name, "%s is mandatory for this action.", name);
    }
    return ERR_OK;
}

enum err params_bind (const struct params *p, const struct action *action, void **ret,
                      struct error *e)
{
    void *values = g_malloc0 (action->params_size ? action->params_size : 1);
    enum err r = refuse_foreign_body (p, e);
    if (r == ERR_OK)
        r = check_required (p, action, e);
    for (size_t i = 0; i < action->n_params && r == ERR_OK; i++) {
        const struct action_param *param = &action->params[i];
        const char *text = params_get (p, param->name);
        if (text)
            r = bind_one (action, param, text, values, e);
    }
    if (r != ERR_OK) {
        params_free (action, values);
        return r;
    }
    *ret = values;
    return ERR_OK;
}

void params_free (const struct action *action, void *values)
{
    for (size_t i = 0; values && i < action->n_params; i++)
        if (action->params[i].kind == 'j')
            json_decref (*(json_t **) ((char *) values + action->params[i].offset));
    g_free (values);
}

void params_list_unknown (const struct params *p, const struct action *action, char *out,
                          size_t size)
{
    static const char *const common[] = {
        "Action",        "Version",   "Format",           "AccessKeyId",
        "RegionId",      "Signature", "SignatureNonce",   "SignatureMethod",
        "SignatureType", "Timestamp", "SignatureVersion", NULL,
    };
    g_autoptr (GString) list = g_string_new (NULL);
    for (guint i = 0; i < p->pairs->len && list->len < size; i++) {
        const char *name = g_array_index (p->pairs, struct auth_pair, i).name;
        bool is_known = g_strv_contains (common, name);
        for (size_t k = 0; k < action->n_params && !is_known; k++)
            is_known = strcmp (action->params[k].name, name) == 0;
        if (!is_known)
            g_string_append_printf (list, "%s%s", list->len ? ", " : "ignored parameters: ", name);
    }
    g_strlcpy (out, list->str, size);
}
