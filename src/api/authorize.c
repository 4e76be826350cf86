/* Decisions about calls, rows of lists and buckets; see the header. Knows names and policies, and
 * nothing of what actions do. */
#include "api/authorize.h"

#include <string.h>

#include "api/common.h"

const struct access_right access_bucket_rights[] = {
    { "oss:ListObjects", "${Bucket}" },
    { "oss:GetObject", "${Bucket}/*" },
};
const size_t access_n_bucket_rights = N_ELEMENTS (access_bucket_rights);

/* Of these everything in the bucket becomes readable, as metadata or as renditions. */
static const struct {
    const char *action, *param;
} bucket_readers[] = {
    { "CreateBinding", "URI" },
    { "AttachOSSBucket", "OSSBucket" },
};

const char *access_bucket_param (const char *action)
{
    for (size_t i = 0; i < N_ELEMENTS (bucket_readers); i++)
        if (strcmp (bucket_readers[i].action, action) == 0)
            return bucket_readers[i].param;
    return NULL;
}

void access_clear (struct access *a)
{
    g_clear_pointer (&a->resource, g_free);
    g_clear_pointer (&a->denied.resource, g_free);
    g_clear_pointer (&a->denied.shown, g_free);
    a->denied.action = NULL;
}

/* ---- Names ---- */

/* Where the names in a template come from. */
struct names {
    const struct params *params; /* of a call; NULL: of a row */
    const char *project, *dataset, *attached, *bucket;
};

static const char *find_name (const struct names *n, const char *name)
{
    const struct {
        const char *name, *value;
    } own[] = {
        { ATTACHED_PROJECT, n->attached },
        { "Bucket", n->bucket },
        { "ProjectName", n->project },
        { "DatasetName", n->dataset },
    };
    for (size_t i = 0; i < N_ELEMENTS (own); i++)
        if (own[i].value && strcmp (own[i].name, name) == 0)
            return own[i].value;
    return n->params && strcmp (name, ATTACHED_PROJECT) != 0 ? params_get (n->params, name) : NULL;
}

/* The ARN of a template for an action like "imm:GetDataset"; "*" for names that are absent. */
static char *expand (const struct access *a, const char *action, const char *template,
                     const struct names *names)
{
    GString *out = g_string_sized_new (128);
    g_string_append_printf (out, "acs:%.*s:%s:%s:", (int) strcspn (action, ":"), action,
                            a->api->region, a->api->account_id);
    for (const char *c = template; *c; c++) {
        const char *end = c[0] == '$' && c[1] == '{' ? strchr (c, '}') : NULL;
        if (!end) {
            g_string_append_c (out, *c);
            continue;
        }
        g_autofree char *name = g_strndup (c + 2, (gsize) (end - c - 2));
        const char *value = find_name (names, name);
        g_string_append (out, value ? value : "*");
        c = end;
    }
    return g_string_free (out, FALSE);
}

/* ---- Decisions ---- */

static struct policy_decision decide (const struct access *a, const char *action,
                                      const char *resource)
{
    if (a->who->is_root)
        return (struct policy_decision){ .effect = POLICY_ALLOW, .statement = -1 };
    const struct policy_request r = { action, resource, &a->facts };
    return policy_decide (&a->who->policies, &r);
}

/* Takes `resource` and `shown`, which is how the caller is told of it. */
static enum err check_take (struct access *a, const char *action, char *resource, char *shown,
                            struct error *e)
{
    struct policy_decision decision = decide (a, action, resource);
    if (decision.effect == POLICY_ALLOW) {
        g_free (resource);
        g_free (shown);
        return ERR_OK;
    }
    g_free (a->denied.resource);
    g_free (a->denied.shown);
    a->denied.action = action;
    a->denied.resource = resource;
    a->denied.shown = shown;
    a->denied.decision = decision;
    return FAIL (e, NO_PERMISSION,
                 "User not authorized to operate on the specified resource: %s on %s.", action,
                 shown);
}

/* The project that the bucket of a call is attached to; *ret NULL: it is not attached, or the
 * resource of the action does not ask. */
static enum err find_attached (const struct access *a, const struct action *action,
                               const struct params *params, char **ret, struct error *e)
{
    const char *bucket = params_get (params, "OSSBucket");
    struct attachment *found = NULL;
    *ret = NULL;
    if (!bucket || !strstr (action->policy_resource, "${" ATTACHED_PROJECT "}"))
        return ERR_OK;
    enum err r = catalog_get_attachment (a->api->catalog, bucket, &found, e);
    if (r == ERR_OK)
        *ret = g_strdup (found->project);
    attachment_free (found);
    return r == ERR_NOT_FOUND ? ERR_OK : r;
}

static enum err check_bucket (struct access *a, const char *bucket, struct error *e)
{
    const struct names names = { .bucket = bucket };
    enum err r = ERR_OK;
    for (size_t i = 0; i < access_n_bucket_rights && r == ERR_OK; i++) {
        const struct access_right *right = &access_bucket_rights[i];
        char *resource = expand (a, right->action, right->resource, &names);
        r = check_take (a, right->action, resource, g_strdup (resource), e);
    }
    return r;
}

static enum err check_reading (struct access *a, const struct action *action,
                               const struct params *params, struct error *e)
{
    const char *param = access_bucket_param (action->name);
    const char *value = param ? params_get (params, param) : NULL;
    if (!value || a->who->is_root)
        return ERR_OK;
    if (strcmp (param, "URI") != 0)
        return check_bucket (a, value, e);
    g_autofree char *bucket = NULL;
    enum err r = uri_bucket (value, &bucket, e);
    return r == ERR_OK ? check_bucket (a, bucket, e) : r;
}

/* Which project a bucket is attached to is told to those only who may know of that project. */
static char *expand_shown (const struct access *a, const struct action *action,
                           const char *template, const struct names *names)
{
    struct names shown = *names;
    if (names->attached && !access_sees (a, "GetProject", names->attached, NULL))
        shown.attached = NULL;
    return expand (a, action->policy_action, template, &shown);
}

static enum err check_resources (struct access *a, const struct action *action,
                                 const struct names *names, struct error *e)
{
    g_auto (GStrv) templates = g_strsplit (action->policy_resource, " ", -1);
    g_autoptr (GPtrArray) resources = g_ptr_array_new_with_free_func (g_free);
    enum err r = ERR_OK;
    for (char **one = templates; *one; one++)
        g_ptr_array_add (resources, expand (a, action->policy_action, *one, names));
    g_ptr_array_add (resources, NULL);
    a->resource = g_strjoinv (" ", (char **) resources->pdata);
    for (guint i = 0; templates[i] && r == ERR_OK; i++)
        r = check_take (a, action->policy_action, g_strdup (resources->pdata[i]),
                        expand_shown (a, action, templates[i], names), e);
    return r;
}

enum err access_check_call (struct access *a, const struct action *action,
                            const struct params *params, struct error *e)
{
    g_autofree char *attached = NULL;
    enum err r = find_attached (a, action, params, &attached, e);
    if (r != ERR_OK)
        return r;
    const struct names names = { .params = params, .attached = attached };
    r = check_resources (a, action, &names, e);
    return r == ERR_OK ? check_reading (a, action, params, e) : r;
}

static enum policy_effect decide_row (const struct access *a, const char *name, const char *project,
                                      const char *dataset)
{
    if (a->who->is_root)
        return POLICY_ALLOW;
    const struct action *action = action_find (name);
    const struct names names = { .project = project, .attached = project, .dataset = dataset };
    g_autofree char *resource = expand (a, action->policy_action, action->policy_resource, &names);
    return decide (a, action->policy_action, resource).effect;
}

bool access_sees (const struct access *a, const char *action, const char *project,
                  const char *dataset)
{
    return decide_row (a, action, project, dataset) == POLICY_ALLOW;
}

bool access_is_denied (const struct access *a, const char *action, const char *project,
                       const char *dataset)
{
    return decide_row (a, action, project, dataset) == POLICY_EXPLICIT_DENY;
}

/* ---- Refusals ---- */

static const char *principal_type (const struct principal *p)
{
    return p->is_root ? "Account" : p->is_temporary ? "AssumedRoleUser" : "SubUser";
}

/* By the request's id whoever may read the log finds there what was decided by what. */
static char *diagnostic (const struct access *a, const char *request_id)
{
    g_autofree char *text =
        g_strdup_printf ("%s %s %s", request_id, a->denied.action, a->denied.shown);
    return g_base64_encode ((const guchar *) text, strlen (text));
}

json_t *access_denied_json (const struct access *a, const char *request_id)
{
    if (!a->denied.action)
        return NULL;
    const struct policy_decision *d = &a->denied.decision;
    g_autofree char *name = principal_display_name (a->who);
    g_autofree char *message = diagnostic (a, request_id);
    return json_pack (
        "{s:s, s:s, s:s, s:s, s:s, s:s, s:s}",        //
        "AuthAction", a->denied.action,               //
        "AuthPrincipalDisplayName", name,             //
        "AuthPrincipalOwnerId", a->api->account_id,   //
        "AuthPrincipalType", principal_type (a->who), //
        "EncodedDiagnosticMessage", message,          //
        "NoPermissionType", d->effect == POLICY_EXPLICIT_DENY ? "ExplicitDeny" : "ImplicitDeny",
        "PolicyType", d->is_session ? "SessionPolicy" : "AccountLevelIdentityBasedPolicy");
}

char *access_denied_text (const struct access *a)
{
    const struct policy_decision *d = &a->denied.decision;
    const char *whose = d->is_session ? "the session" : d->policy;
    if (d->effect != POLICY_EXPLICIT_DENY)
        return g_strdup_printf ("%s allows %s on %s",
                                d->is_session ? "no statement of the session" : "no policy",
                                a->denied.action, a->denied.resource);
    return g_strdup_printf ("Statement[%d] of %s denies %s on %s", d->statement, whose,
                            a->denied.action, a->denied.resource);
}
