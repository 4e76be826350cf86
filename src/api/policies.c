/* Policies: CreatePolicy, GetPolicy, ListPolicies, UpdatePolicy, DeletePolicy, and who has them:
 * AttachPolicyToUser, DetachPolicyFromUser, ListPoliciesForUser. Built-in ones are always there and
 * cannot be changed. */
#include <string.h>

#include "api/handlers.h"
#include "api/users.h"
#include "base/limits.h"

static void row_freep (struct policy_row **p)
{
    policy_row_free (*p);
}
#define _cleanup_row_ __attribute__ ((cleanup (row_freep)))

enum err users_parse_policy (const char *document, const char *param, struct policy **ret,
                             struct error *e)
{
    struct error why;
    struct policy *p;
    enum err r = policy_parse (document, strlen (document), &p, &why);
    if (r == ERR_OK && ret)
        *ret = p;
    else if (r == ERR_OK)
        policy_unref (p);
    if (r == ERR_INVALID_ARGUMENT)
        return FAIL_ON (e, INVALID_PARAM, param, "Specified parameter %s is not valid. %s", param,
                        why.message);
    if (r != ERR_OK && e)
        *e = why;
    return r;
}

/* ---- Finding ---- */

static struct policy_row *builtin_row (const struct policy_builtin *b)
{
    struct policy_row *p = g_new0 (struct policy_row, 1);
    p->name = g_strdup (b->name);
    p->description = g_strdup (b->description);
    p->document = g_strdup (b->document);
    return p;
}

static enum err missing (const char *name, struct error *e)
{
    return FAIL (e, NOT_FOUND,
                 "The specified resource policy is not found. There is no policy '%s'; names are "
                 "case-sensitive, ListPolicies lists them.",
                 name);
}

static enum err find_row (const struct api *api, const char *name, struct policy_row **ret,
                          struct error *e)
{
    const struct policy_builtin *b = policy_builtin_find (name);
    if (b) {
        struct policy_row *row = builtin_row (b);
        enum err r = catalog_count_attached (api->catalog, name, &row->attachment_count, e);
        if (r == ERR_OK)
            *ret = row;
        else
            policy_row_free (row);
        return r;
    }
    enum err r = catalog_get_policy (api->catalog, name, ret, e);
    return r == ERR_NOT_FOUND ? missing (name, e) : r;
}

static enum err check_custom (const char *name, struct error *e)
{
    if (policy_builtin_find (name))
        return FAIL (e, CONFLICT, "The policy '%s' is built in: it cannot be changed.", name);
    return ERR_OK;
}

/* Without the document, for lists. */
static json_t *policy_json (const struct api *api, const struct policy_row *p)
{
    const char *type = policy_builtin_find (p->name) ? "System" : "Custom";
    return json_pack ("{s:s, s:s, s:s, s:I, s:o, s:o}", "PolicyName", p->name, "PolicyType", type,
                      "Description", p->description, "AttachmentCount",
                      (json_int_t) p->attachment_count, "CreateDate", json_time (api, p->create_ns),
                      "UpdateDate", json_time (api, p->update_ns));
}

static enum err reply_policy (const struct api *api, const struct policy_row *p,
                              struct reply *reply, struct error *e)
{
    json_t *json = policy_json (api, p);
    json_object_set_new (json, "PolicyDocument", json_text (p->document));
    return reply_take (reply, json_pack ("{s:o}", "Policy", json), e);
}

/* ---- Definitions ---- */

enum err api_create_policy (struct call *c, const void *params, struct reply *reply,
                            struct error *e)
{
    const struct create_policy_params *p = params;
    _cleanup_row_ struct policy_row *row = g_new0 (struct policy_row, 1);
    row->name = g_strdup (p->policy_name);
    row->description = g_strdup (p->description ? p->description : "");
    row->document = g_strdup (p->policy_document);
    KEYRING_LOCK (c->api->keyring);
    enum err r = users_parse_policy (row->document, "PolicyDocument", NULL, e);
    if (r != ERR_OK)
        return r;
    r = policy_builtin_find (row->name)
            ? ERR_EXISTS
            : catalog_create_policy (c->api->catalog, row, LIMIT_POLICIES, e);
    if (r == ERR_EXISTS)
        return FAIL (e, EXISTS,
                     "The specified resource policy already exists. Its name is '%s'; UpdatePolicy "
                     "changes it, unless it is built in.",
                     row->name);
    r = keyring_changed (c->api->keyring, r, e);
    return r == ERR_OK ? reply_policy (c->api, row, reply, e) : r;
}

enum err api_get_policy (struct call *c, const void *params, struct reply *reply, struct error *e)
{
    const struct get_policy_params *p = params;
    _cleanup_row_ struct policy_row *row = NULL;
    enum err r = find_row (c->api, p->policy_name, &row, e);
    return r == ERR_OK ? reply_policy (c->api, row, reply, e) : r;
}

static int compare_rows (const void *a, const void *b)
{
    return strcmp ((*(const struct policy_row *const *) a)->name,
                   (*(const struct policy_row *const *) b)->name);
}

static enum err add_builtins (const struct api *api, const char *from, GPtrArray *rows,
                              struct error *e)
{
    for (size_t i = 0; i < policy_n_builtins; i++) {
        struct policy_row *row;
        if (from && strcmp (policy_builtins[i].name, from) < 0)
            continue;
        enum err r = find_row (api, policy_builtins[i].name, &row, e);
        if (r != ERR_OK)
            return r;
        g_ptr_array_add (rows, row);
    }
    g_ptr_array_sort (rows, compare_rows);
    return ERR_OK;
}

/* In order of their names, built in or not: at most max + 1, or some more. */
static enum err list_rows (const struct api *api, const char *type, const char *from, unsigned max,
                           GPtrArray **ret, struct error *e)
{
    g_autoptr (GPtrArray) rows = NULL;
    enum err r = ERR_OK;
    if (g_strcmp0 (type, "System") != 0)
        r = catalog_list_policies (api->catalog, from, max, &rows, e);
    else
        rows = g_ptr_array_new_with_free_func (policy_row_free);
    if (r == ERR_OK && g_strcmp0 (type, "Custom") != 0)
        r = add_builtins (api, from, rows, e);
    if (r == ERR_OK)
        *ret = g_steal_pointer (&rows);
    return r;
}

enum err api_list_policies (struct call *c, const void *params, struct reply *reply,
                            struct error *e)
{
    const struct list_policies_params *p = params;
    unsigned max = page_size (p->max_results, LIMIT_PAGE_DEFAULT);
    g_autoptr (GPtrArray) page = NULL;
    const char *from;
    enum err r = users_page_from (p->next_token, &from, e);
    if (r == ERR_OK)
        r = list_rows (c->api, p->policy_type, from, max, &page, e);
    if (r != ERR_OK)
        return r;
    json_auto_t *list = json_array ();
    for (guint i = 0; i < page->len && i < max; i++)
        json_array_append_new (list, policy_json (c->api, page->pdata[i]));
    const char *next =
        page->len > max ? ((const struct policy_row *) page->pdata[max])->name : NULL;
    return reply_page (reply, "Policies", list, next, e);
}

enum err api_update_policy (struct call *c, const void *params, struct reply *reply,
                            struct error *e)
{
    const struct update_policy_params *p = params;
    _cleanup_row_ struct policy_row *row = NULL;
    KEYRING_LOCK (c->api->keyring);
    enum err r = check_custom (p->policy_name, e);
    if (r == ERR_OK)
        r = users_parse_policy (p->policy_document, "PolicyDocument", NULL, e);
    if (r == ERR_OK)
        r = find_row (c->api, p->policy_name, &row, e);
    if (r != ERR_OK)
        return r;
    set_text (&row->document, p->policy_document);
    set_text (&row->description, p->description);
    r = keyring_changed (c->api->keyring, catalog_update_policy (c->api->catalog, row, e), e);
    return r == ERR_OK ? reply_policy (c->api, row, reply, e) : r;
}

enum err api_delete_policy (struct call *c, const void *params, struct reply *reply,
                            struct error *e)
{
    const struct delete_policy_params *p = params;
    KEYRING_LOCK (c->api->keyring);
    enum err r = check_custom (p->policy_name, e);
    if (r == ERR_OK)
        r = catalog_delete_policy (c->api->catalog, p->policy_name, e);
    if (r == ERR_NOT_FOUND)
        return missing (p->policy_name, e);
    r = keyring_changed (c->api->keyring, r, e);
    return r == ERR_OK ? reply_take (reply, json_object (), e) : r;
}

/* ---- Of users ---- */

static enum err explain_attach (enum err r, const struct attach_policy_to_user_params *p,
                                struct error *e)
{
    if (r == ERR_NOT_FOUND)
        return missing (p->policy_name, e);
    if (r == ERR_EXISTS)
        return FAIL (e, EXISTS,
                     "The specified resource attachment already exists. User '%s' has the policy "
                     "'%s'.",
                     p->user_name, p->policy_name);
    if (r == ERR_LIMIT)
        return FAIL (e, LIMIT,
                     "resource count exceeds the limit: user '%s' has %d policies, and no more "
                     "than that are allowed; DetachPolicyFromUser makes room.",
                     p->user_name, LIMIT_USER_POLICIES);
    return r;
}

enum err api_attach_policy_to_user (struct call *c, const void *params, struct reply *reply,
                                    struct error *e)
{
    const struct attach_policy_to_user_params *p = params;
    _cleanup_user_ struct user *u = NULL;
    bool is_builtin = policy_builtin_find (p->policy_name) != NULL;
    KEYRING_LOCK (c->api->keyring);
    enum err r = users_find (c->api, p->user_name, &u, e);
    if (r != ERR_OK)
        return r;
    r = catalog_attach_policy (c->api->catalog, u->id, p->policy_name, is_builtin,
                               LIMIT_USER_POLICIES, e);
    r = keyring_changed (c->api->keyring, explain_attach (r, p, e), e);
    return r == ERR_OK ? reply_take (reply, json_object (), e) : r;
}

enum err api_detach_policy_from_user (struct call *c, const void *params, struct reply *reply,
                                      struct error *e)
{
    const struct detach_policy_from_user_params *p = params;
    _cleanup_user_ struct user *u = NULL;
    KEYRING_LOCK (c->api->keyring);
    enum err r = users_find (c->api, p->user_name, &u, e);
    if (r != ERR_OK)
        return r;
    r = catalog_detach_policy (c->api->catalog, u->id, p->policy_name, e);
    if (r == ERR_NOT_FOUND)
        return FAIL (e, NOT_FOUND,
                     "The specified resource attachment is not found. User '%s' does not have the "
                     "policy '%s'; ListPoliciesForUser lists them.",
                     p->user_name, p->policy_name);
    r = keyring_changed (c->api->keyring, r, e);
    return r == ERR_OK ? reply_take (reply, json_object (), e) : r;
}

enum err api_list_policies_for_user (struct call *c, const void *params, struct reply *reply,
                                     struct error *e)
{
    const struct list_policies_for_user_params *p = params;
    _cleanup_user_ struct user *u = NULL;
    g_autoptr (GPtrArray) attached = NULL;
    enum err r = users_find (c->api, p->user_name, &u, e);
    if (r == ERR_OK)
        r = catalog_list_attached (c->api->catalog, u->id, &attached, e);
    json_auto_t *list = json_array ();
    for (guint i = 0; r == ERR_OK && i < attached->len; i++) {
        const struct attached_policy *a = attached->pdata[i];
        _cleanup_row_ struct policy_row *row = NULL;
        r = find_row (c->api, a->name, &row, e);
        if (r != ERR_OK)
            return r;
        json_t *json = policy_json (c->api, row);
        json_object_set_new (json, "AttachDate", json_time (c->api, a->attach_ns));
        json_array_append_new (list, json);
    }
    return r == ERR_OK ? reply_take (reply, json_pack ("{s:O}", "Policies", list), e) : r;
}
