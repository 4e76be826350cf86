/* Writes docs/reference/actions.md from the action table and the rules of parameters. */
#include "api/reference.h"

#include <string.h>

#include "api/authorize.h"
#include "api/rules.h"
#include "base/macros.h"

#define MEMBERS_SHOWN 12

static void add_members (GString *out, const struct model_type *type)
{
    g_string_append (out, "{");
    for (size_t i = 0; i < type->n_members && i < MEMBERS_SHOWN; i++)
        g_string_append_printf (out, "%s%s", i ? ", " : "", type->members[i].name);
    g_string_append (out, type->n_members > MEMBERS_SHOWN ? ", ...}" : "}");
}

static void add_type (GString *out, const struct action_param *p)
{
    static const char *const kinds[] = {
        [MODEL_ANY] = "anything",  [MODEL_STRING] = "string", [MODEL_INT32] = "32-bit integer",
        [MODEL_INT64] = "integer", [MODEL_NUMBER] = "number", [MODEL_BOOLEAN] = "boolean",
        [MODEL_OBJECT] = "object",
    };
    const struct model_value *v = &p->value;
    if (p->kind == 'j')
        g_string_append (out, "JSON: ");
    if (v->is_array)
        g_string_append (out, "array of ");
    if (v->is_map)
        g_string_append (out, "map to ");
    if (v->kind == MODEL_OBJECT)
        add_members (out, v->type);
    else
        g_string_append (out, kinds[v->kind]);
}

/* What its caller must be allowed on the bucket that the action makes the server read. */
static void add_bucket_rights (GString *out, const struct action *a)
{
    const char *param = access_bucket_param (a->name);
    for (size_t i = 0; param && i < access_n_bucket_rights; i++) {
        const struct access_right *right = &access_bucket_rights[i];
        g_string_append_printf (out, "%s `%s` on `acs:oss:REGION:ACCOUNT:%s`%s",
                                i ? " and" : "Also needed:", right->action, right->resource,
                                i + 1 < access_n_bucket_rights ? ""
                                                               : ", the bucket being that of ");
    }
    if (param)
        g_string_append_printf (out, "%s.\n", param);
}

static void add_action (GString *out, const struct action *a)
{
    static const char *const levels[] = {
        [ACCESS_NONE] = "none",     [ACCESS_GET] = "get",       [ACCESS_LIST] = "list",
        [ACCESS_CREATE] = "create", [ACCESS_UPDATE] = "update", [ACCESS_DELETE] = "delete",
    };
    g_auto (GStrv) resources = g_strsplit (a->policy_resource, " ", -1);
    g_autofree char *all = g_strjoinv ("` and on `", resources);
    g_string_append_printf (out, "### %s\n\n%sPolicy: `%s` on `%s`, access level %s.\n", a->name,
                            a->run ? "" : "Not built: answered `NotImplemented`. ",
                            a->policy_action, all, levels[a->access]);
    add_bucket_rights (out, a);
    g_string_append (out, "\n");
    if (a->n_params == 0)
        return;
    g_string_append (out, "| parameter | type | required | rule |\n|---|---|---|---|\n");
    for (size_t i = 0; i < a->n_params; i++) {
        const struct action_param *p = &a->params[i];
        g_autofree char *rule = rules_describe (a, p);
        g_string_append_printf (out, "| %s | ", p->name);
        add_type (out, p);
        g_string_append_printf (out, " | %s | %s |\n", p->is_required ? "yes" : "", rule);
    }
    g_string_append (out, "\n");
}

char *actions_markdown (void)
{
    static const struct {
        enum call_face face;
        const char *title;
    } parts[] = {
        { CALL_IMM, "Intelligent Media Management 2020-09-30" },
        { CALL_ADMIN, "Administration (on the admin listener only)" },
    };
    size_t n;
    const struct action *table = action_table (&n);
    GString *out = g_string_new (NULL);
    for (size_t part = 0; part < N_ELEMENTS (parts); part++) {
        g_string_append_printf (out, "## %s\n\n", parts[part].title);
        for (size_t i = 0; i < n; i++)
            if (table[i].face == parts[part].face)
                add_action (out, &table[i]);
    }
    return g_string_free (out, FALSE);
}
