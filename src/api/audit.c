/* Fills in what the audit log is told; see the header. Knows no files. */
#include "api/audit.h"

#include <string.h>

/* Parameters that say what a call is about and that never hold a secret. */
static const char *const named[] = {
    "URI", "OSSBucket", "UserName", "NewUserName", "UserAccessKeyId", "PolicyName", "Status", "Id",
};
#define VALUE_MAX 1024 /* bytes of one */

static bool is_named (const char *name)
{
    for (size_t i = 0; i < N_ELEMENTS (named); i++)
        if (strcmp (named[i], name) == 0)
            return true;
    return false;
}

/* "URI=oss://photos Status=Active"; NULL if there is none. */
static char *target_of (const struct action *action, const struct params *params, const char *made)
{
    g_autoptr (GString) out = g_string_new (made);
    for (size_t i = 0; i < action->n_params; i++) {
        const char *name = action->params[i].name;
        const char *value = is_named (name) ? params_get (params, name) : NULL;
        if (value)
            g_string_append_printf (out, "%s%s=%.*s", out->len ? " " : "", name, VALUE_MAX, value);
    }
    return out->len ? g_strdup (out->str) : NULL;
}

/* Whose key the request says that it is signed with, whether or not there is such a key. */
static char *claimed_key (const struct params *params, const struct auth_request *r)
{
    static const char word[] = "Credential=";
    const char *text = g_hash_table_lookup (r->headers, "authorization");
    if (text && (text = strstr (text, word)))
        text += strlen (word);
    else
        text = params_get (params, "AccessKeyId");
    return text ? g_strndup (text, MIN (strcspn (text, ", "), PRINCIPAL_ID_MAX)) : NULL;
}

/* A request that says whose it is, and is not. One that says nothing is no attempt. */
static bool is_failed_sign_in (const struct access *access, enum err code)
{
    return !access->who && error_status (code) < 500 && code != ERR_MISSING_PARAM &&
           code != ERR_THROTTLED;
}

static enum audit_event event_of (const struct action *action, const struct access *access,
                                  enum err code)
{
    if (is_failed_sign_in (access, code))
        return AUDIT_SIGN_IN;
    bool is_noted = access->who && action_is_change (action) && code != ERR_THROTTLED;
    return is_noted ? AUDIT_CHANGE : AUDIT_NOTHING;
}

void audit_note (struct call_audit *ret, enum err code, const struct action *action,
                 const struct params *params, const struct auth_request *request,
                 const struct access *access, const char *made)
{
    ret->event = action ? event_of (action, access, code) : AUDIT_NOTHING;
    if (ret->event == AUDIT_NOTHING)
        return;
    ret->target = target_of (action, params, made);
    ret->resource = g_strdup (access->resource);
    if (access->who) {
        ret->user = principal_display_name (access->who);
        ret->key_id = g_strdup (access->who->id);
    } else {
        ret->key_id = claimed_key (params, request);
    }
}
