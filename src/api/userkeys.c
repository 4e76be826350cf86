/* Access keys of users, and temporary ones: CreateAccessKey, ListAccessKeys, UpdateAccessKey,
 * DeleteAccessKey, AssumeUser, RotateSecretKey. Secrets leave with the call that makes them. */
#include <string.h>

#include "api/handlers.h"
#include "api/users.h"
#include "auth/keyfile.h"
#include "auth/signature.h"
#include "base/clock.h"
#include "base/limits.h"

#define PREFIX           "LTAI"
#define PREFIX_TEMPORARY "STS."
#define SESSION_NAME     "session" /* of temporary keys that were not named */
#define NS               1000000000ll

static void clear_key (struct access_key *k)
{
    g_free (k->id);
    g_clear_pointer (&k->secret, g_bytes_unref);
    g_clear_pointer (&k->token_sum, g_bytes_unref);
}
#define _cleanup_new_key_ __attribute__ ((cleanup (clear_key)))

static const char *status (const struct access_key *k)
{
    return k->is_active ? "Active" : "Inactive";
}

enum err api_create_access_key (struct call *c, const void *params, struct reply *reply,
                                struct error *e)
{
    const struct create_access_key_params *p = params;
    _cleanup_user_ struct user *u = NULL;
    _cleanup_new_key_ struct access_key key = { 0 };
    char secret[KEYRING_SECRET_LEN + 1];
    KEYRING_LOCK (c->api->keyring);
    enum err r = users_find (c->api, p->user_name, &u, e);
    if (r == ERR_OK)
        r = keyring_add (c->api->keyring, u, PREFIX, &key, secret, e);
    if (r == ERR_LIMIT)
        return FAIL (e, LIMIT,
                     "resource count exceeds the limit: user '%s' has %d access keys, and no more "
                     "than that are allowed; DeleteAccessKey makes room.",
                     p->user_name, LIMIT_USER_KEYS);
    if (r != ERR_OK)
        return r;
    reply->made = g_strconcat ("AccessKeyId=", key.id, NULL);
    json_t *json = json_pack ("{s:{s:s, s:s, s:s, s:o}}", "AccessKey", "AccessKeyId", key.id,
                              "AccessKeySecret", secret, "Status", status (&key), "CreateDate",
                              json_time (c->api, key.create_ns));
    explicit_bzero (secret, sizeof secret);
    return reply_take (reply, json, e);
}

enum err api_list_access_keys (struct call *c, const void *params, struct reply *reply,
                               struct error *e)
{
    const struct list_access_keys_params *p = params;
    _cleanup_user_ struct user *u = NULL;
    g_autoptr (GPtrArray) keys = NULL;
    enum err r = users_find (c->api, p->user_name, &u, e);
    if (r == ERR_OK)
        r = catalog_list_keys (c->api->catalog, u->id, &keys, e);
    if (r != ERR_OK)
        return r;
    json_t *list = json_array ();
    for (guint i = 0; i < keys->len; i++) {
        const struct access_key *k = keys->pdata[i];
        int64_t used_ns = keyring_last_use (c->api->keyring, k);
        json_array_append_new (list, json_pack ("{s:s, s:s, s:o, s:o}", "AccessKeyId", k->id,
                                                "Status", status (k), "CreateDate",
                                                json_time (c->api, k->create_ns), "LastUsedDate",
                                                json_time (c->api, used_ns)));
    }
    return reply_take (reply, json_pack ("{s:o}", "AccessKeys", list), e);
}

static enum err explain_missing (enum err r, const char *user, const char *id, struct error *e)
{
    if (r == ERR_NOT_FOUND)
        return FAIL (e, NOT_FOUND,
                     "The specified resource accesskey is not found. User '%s' has no access key "
                     "'%s'; ListAccessKeys lists them.",
                     user, id);
    return r;
}

enum err api_update_access_key (struct call *c, const void *params, struct reply *reply,
                                struct error *e)
{
    const struct update_access_key_params *p = params;
    _cleanup_user_ struct user *u = NULL;
    KEYRING_LOCK (c->api->keyring);
    enum err r = users_find (c->api, p->user_name, &u, e);
    if (r != ERR_OK)
        return r;
    r = catalog_set_key_active (c->api->catalog, u->id, p->user_access_key_id,
                                strcmp (p->status, "Active") == 0, e);
    r = keyring_changed (c->api->keyring,
                         explain_missing (r, p->user_name, p->user_access_key_id, e), e);
    return r == ERR_OK ? reply_take (reply, json_object (), e) : r;
}

enum err api_delete_access_key (struct call *c, const void *params, struct reply *reply,
                                struct error *e)
{
    const struct delete_access_key_params *p = params;
    _cleanup_user_ struct user *u = NULL;
    KEYRING_LOCK (c->api->keyring);
    enum err r = users_find (c->api, p->user_name, &u, e);
    if (r != ERR_OK)
        return r;
    r = catalog_delete_key (c->api->catalog, u->id, p->user_access_key_id, e);
    r = keyring_changed (c->api->keyring,
                         explain_missing (r, p->user_name, p->user_access_key_id, e), e);
    return r == ERR_OK ? reply_take (reply, json_object (), e) : r;
}

/* ---- Temporary keys ---- */

static enum err make_token (char token[AUTH_TOKEN_LEN + 1], GBytes **ret_sum, struct error *e)
{
    uint8_t sum[PRINCIPAL_TOKEN_SUM];
    size_t len = g_strlcpy (token, AUTH_TOKEN_PREFIX, AUTH_TOKEN_LEN + 1);
    enum err r = keyfile_random_word (token + len, AUTH_TOKEN_LEN - len, e);
    if (r != ERR_OK)
        return r;
    auth_token_sum (token, sum);
    *ret_sum = g_bytes_new (sum, sizeof sum);
    return ERR_OK;
}

static json_t *credentials_json (const struct api *api, const struct user *u,
                                 const struct access_key *key, const char *secret,
                                 const char *token)
{
    g_autofree char *id = keyring_user_id (u->id);
    return json_pack ("{s:{s:s, s:s, s:s, s:o}, s:{s:o, s:o}}", "Credentials", "AccessKeyId",
                      key->id, "AccessKeySecret", secret, "SecurityToken", token, "Expiration",
                      json_time (api, key->expires_ns), "AssumedUser", "Arn",
                      json_sprintf ("acs:bindery:%s:%s:assumed-user/%s/%s", api->region,
                                    api->account_id, u->name, key->session_name),
                      "AssumedUserId", json_sprintf ("%s:%s", id, key->session_name));
}

static enum err assume (const struct api *api, const struct user *u, struct access_key *key,
                        struct reply *reply, struct error *e)
{
    char secret[KEYRING_SECRET_LEN + 1], token[AUTH_TOKEN_LEN + 1];
    enum err r = make_token (token, &key->token_sum, e);
    if (r == ERR_OK)
        r = keyring_add (api->keyring, u, PREFIX_TEMPORARY, key, secret, e);
    if (r != ERR_OK)
        return r;
    reply->made = g_strdup_printf ("AccessKeyId=%s RoleSessionName=%s", key->id, key->session_name);
    json_t *json = credentials_json (api, u, key, secret, token);
    explicit_bzero (secret, sizeof secret);
    explicit_bzero (token, sizeof token);
    return reply_take (reply, json, e);
}

enum err api_assume_user (struct call *c, const void *params, struct reply *reply, struct error *e)
{
    const struct assume_user_params *p = params;
    _cleanup_user_ struct user *u = NULL;
    _cleanup_new_key_ struct access_key key = { 0 };
    int64_t seconds = p->duration_seconds.is_set ? p->duration_seconds.value : LIMIT_SESSION_S;
    const char *name = is_given (p->role_session_name) ? p->role_session_name : SESSION_NAME;
    key.session_name = (char *) name;
    key.session_policy = (char *) p->policy;
    key.expires_ns = clock_now_ns () + seconds * NS;
    KEYRING_LOCK (c->api->keyring);
    enum err r = users_find (c->api, p->user_name, &u, e);
    if (r == ERR_OK && is_given (p->policy))
        r = users_parse_policy (p->policy, "Policy", NULL, e);
    if (r != ERR_OK)
        return r;
    r = assume (c->api, u, &key, reply, e);
    if (r == ERR_LIMIT)
        return FAIL (e, LIMIT,
                     "resource count exceeds the limit: there are %d temporary keys that have not "
                     "expired, and no more than that are allowed.",
                     LIMIT_TEMPORARY_KEYS);
    return r;
}

enum err api_rotate_secret_key (struct call *c, const void *params UNUSED, struct reply *reply,
                                struct error *e)
{
    int64_t sealed = 0;
    struct error why;
    KEYRING_LOCK (c->api->keyring);
    enum err r = keyring_renew (c->api->keyring, &sealed, &why);
    if (r == ERR_IO || r == ERR_INVALID_ARGUMENT) /* who asks is an administrator */
        return FAIL (e, CONFLICT, "The secret key: %s.", why.message);
    if (r != ERR_OK && e)
        *e = why;
    return r == ERR_OK ? reply_take (reply, json_pack ("{s:I}", "Sealed", sealed), e) : r;
}
