/* Reads policy documents; what is wrong with one is told with its place. */
#include <string.h>
#include <glib.h>

#include "auth/policy_parts.h"
#include "base/limits.h"
#include "base/text.h"

static const char *const document_elements[] = { "Version", "Statement", NULL };
static const char *const statement_elements[] = { "Effect",   "Action",      "NotAction",
                                                  "Resource", "NotResource", "Condition",
                                                  NULL };

static enum err check_elements (const char *path, const json_t *object, const char *const *known,
                                struct error *e)
{
    const char *name;
    json_t *value;
    json_object_foreach ((json_t *) object, name, value)
    {
        if (g_strv_contains (known, name))
            continue;
        const char *nearest = text_nearest (name, known);
        return FAIL (e, INVALID_ARGUMENT, "%s%s%.64s: there is no such element%s%s%s", path,
                     *path ? "." : "", name, nearest ? "; did you mean " : "",
                     nearest ? nearest : "", nearest ? "?" : ".");
    }
    return ERR_OK;
}

static bool is_visible (const char *text)
{
    for (; *text; text++)
        if ((unsigned char) *text <= ' ' || *text == 0x7f)
            return false;
    return true;
}

/* "*", or a service and a name. */
static bool is_action (const char *text)
{
    const char *colon = strchr (text, ':');
    return is_visible (text) && (strcmp (text, "*") == 0 ||
                                 (colon && colon > text && colon[1] && !strchr (colon + 1, ':')));
}

static bool is_resource (const char *text)
{
    return strcmp (text, "*") == 0 || g_str_has_prefix (text, "acs:");
}

struct pattern_rule {
    const char *name, *except; /* "Action", "NotAction" */
    bool (*is_good) (const char *text);
    const char *wanted;
};

static const struct pattern_rule action_rule = { "Action", "NotAction", is_action,
                                                 "'*' or like imm:GetBinding" };
static const struct pattern_rule resource_rule = { "Resource", "NotResource", is_resource,
                                                   "'*' or like acs:imm:*:*:project/demo" };

static enum err parse_patterns (const char *path, const json_t *statement,
                                const struct pattern_rule *rule, struct patterns *ret,
                                struct error *e)
{
    const json_t *listed = json_object_get (statement, rule->name);
    const json_t *excepted = json_object_get (statement, rule->except);
    if (!listed == !excepted)
        return FAIL (e, INVALID_ARGUMENT, "%s: %s of %s and %s must be given.", path,
                     listed ? "only one" : "one", rule->name, rule->except);
    const json_t *values = listed ? listed : excepted;
    g_autofree char *place = g_strdup_printf ("%s.%s", path, listed ? rule->name : rule->except);
    size_t n;
    enum err r = condition_count (place, values, &n, e);
    if (r != ERR_OK)
        return r;
    g_auto (GStrv) list = g_new0 (char *, n + 1);
    for (size_t i = 0; i < n; i++) {
        const char *text = json_string_value (condition_at (values, i));
        if (!text || !rule->is_good (text))
            return condition_mismatch (place, i, text, rule->wanted, e);
        list[i] = g_strdup (text);
    }
    *ret = (struct patterns){ g_steal_pointer (&list), excepted != NULL };
    return ERR_OK;
}

static void lower (char **list)
{
    for (; *list; list++)
        for (char *c = *list; *c; c++)
            *c = g_ascii_tolower (*c);
}

static enum err parse_effect (const char *path, const json_t *statement, bool *ret_is_deny,
                              struct error *e)
{
    const char *effect = json_string_value (json_object_get (statement, "Effect"));
    bool is_deny = effect && strcmp (effect, "Deny") == 0;
    if (!is_deny && !(effect && strcmp (effect, "Allow") == 0))
        return FAIL (e, INVALID_ARGUMENT, "%s.Effect: '%.64s' is not Allow or Deny.", path,
                     effect ? effect : "nothing");
    *ret_is_deny = is_deny;
    return ERR_OK;
}

/* Those of one operator, {key: values}. */
static enum err parse_conditions_of (const char *path, const char *operator, const json_t * keys,
                                     struct statement *s, struct error *e)
{
    if (!json_is_object (keys) || json_object_size (keys) == 0)
        return FAIL (e, INVALID_ARGUMENT, "%s.%.64s: keys with values are expected.",
                     path, operator);
    const char *key;
    json_t *values;
    s->conditions =
        g_renew (struct condition, s->conditions, s->n_conditions + json_object_size (keys));
    json_object_foreach ((json_t *) keys, key, values)
    {
        enum err r =
            condition_parse (path, operator, key, values, &s->conditions[s->n_conditions], e);
        if (r != ERR_OK)
            return r;
        s->n_conditions++;
    }
    return ERR_OK;
}

static enum err parse_conditions (const char *path, const json_t *statement, struct statement *s,
                                  struct error *e)
{
    const json_t *block = json_object_get (statement, "Condition");
    g_autofree char *place = g_strdup_printf ("%s.Condition", path);
    if (!block)
        return ERR_OK;
    if (!json_is_object (block))
        return FAIL (e, INVALID_ARGUMENT, "%s: operators with keys are expected.", place);
    const char *operator;
    json_t *keys;
    json_object_foreach ((json_t *) block, operator, keys)
    {
        enum err r = parse_conditions_of (place, operator, keys, s, e);
        if (r != ERR_OK)
            return r;
    }
    return ERR_OK;
}

/* What was read before an error is in `s`, too. */
static enum err parse_statement (const char *path, const json_t *json, struct statement *s,
                                 struct error *e)
{
    if (!json_is_object (json))
        return FAIL (e, INVALID_ARGUMENT, "%s: an object is expected.", path);
    enum err r = check_elements (path, json, statement_elements, e);
    if (r == ERR_OK)
        r = parse_effect (path, json, &s->is_deny, e);
    if (r == ERR_OK)
        r = parse_patterns (path, json, &action_rule, &s->actions, e);
    if (r == ERR_OK)
        r = parse_patterns (path, json, &resource_rule, &s->resources, e);
    if (r == ERR_OK)
        r = parse_conditions (path, json, s, e);
    if (r == ERR_OK)
        lower (s->actions.list);
    return r;
}

static enum err parse_document (const json_t *document, struct policy *p, struct error *e)
{
    if (!json_is_object (document))
        return FAIL (e, INVALID_ARGUMENT, "A policy document is an object.");
    const char *version = json_string_value (json_object_get (document, "Version"));
    const json_t *statements = json_object_get (document, "Statement");
    enum err r = check_elements ("", document, document_elements, e);
    if (r != ERR_OK)
        return r;
    if (!version || strcmp (version, "1") != 0)
        return FAIL (e, INVALID_ARGUMENT, "Version: '%.64s' is not \"1\".",
                     version ? version : "nothing");
    size_t n = json_is_array (statements) ? json_array_size (statements) : statements != NULL;
    if (n == 0)
        return FAIL (e, INVALID_ARGUMENT, "Statement: at least one is expected.");
    if (n > LIMIT_POLICY_STATEMENTS)
        return FAIL (e, LIMIT, "Statement: more than %d.", LIMIT_POLICY_STATEMENTS);
    p->statements = g_new0 (struct statement, n);
    while (r == ERR_OK && p->n_statements < n) {
        size_t i = p->n_statements++;
        g_autofree char *path = g_strdup_printf ("Statement[%zu]", i);
        r = parse_statement (path, condition_at (statements, i), &p->statements[i], e);
    }
    return r;
}

enum err policy_parse (const char *text, size_t len, struct policy **ret, struct error *e)
{
    if (len > LIMIT_POLICY_DOCUMENT)
        return FAIL (e, LIMIT, "A policy document has at most %d bytes.",
                     (int) LIMIT_POLICY_DOCUMENT);
    json_error_t problem;
    json_auto_t *document = json_loadb (text, len, JSON_REJECT_DUPLICATES, &problem);
    if (!document)
        return FAIL (e, INVALID_ARGUMENT,
                     "The policy document is not JSON: %s (line %d, column %d).", problem.text,
                     problem.line, problem.column);
    struct policy *p = g_new0 (struct policy, 1);
    atomic_init (&p->refs, 1);
    enum err r = parse_document (document, p, e);
    if (r == ERR_OK)
        *ret = p;
    else
        policy_unref (p);
    return r;
}

struct policy *policy_ref (struct policy *p)
{
    atomic_fetch_add_explicit (&p->refs, 1, memory_order_relaxed);
    return p;
}

static void statement_clear (struct statement *s)
{
    g_strfreev (s->actions.list);
    g_strfreev (s->resources.list);
    for (size_t i = 0; i < s->n_conditions; i++)
        condition_clear (&s->conditions[i]);
    g_free (s->conditions);
}

void policy_unref (struct policy *p)
{
    if (!p || atomic_fetch_sub_explicit (&p->refs, 1, memory_order_acq_rel) != 1)
        return;
    for (size_t i = 0; i < p->n_statements; i++)
        statement_clear (&p->statements[i]);
    g_free (p->statements);
    g_free (p);
}
