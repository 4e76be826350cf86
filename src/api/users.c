/* Users: CreateUser, GetUser, ListUsers, UpdateUser, DeleteUser. */
#include "api/users.h"

#include <string.h>

#include "api/handlers.h"
#include "base/limits.h"

enum err users_find (const struct api *api, const char *name, struct user **ret, struct error *e)
{
    enum err r = catalog_get_user (api->catalog, name, ret, e);
    if (r == ERR_NOT_FOUND)
        return FAIL (e, NOT_FOUND,
                     "The specified resource user is not found. There is no user '%s'; names are "
                     "case-sensitive, ListUsers lists them.",
                     name);
    return r;
}

enum err users_page_from (const char *token, const char **ret, struct error *e)
{
    *ret = NULL;
    if (!is_given (token))
        return ERR_OK;
    if (strspn (token, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS ".-_") != strlen (token) ||
        strlen (token) > LIMIT_NAME_MAX)
        return FAIL_ON (e, INVALID_PARAM, "NextToken",
                        "Specified parameter NextToken is not valid. Expected the NextToken of the "
                        "last answer to the same list, got '%.200s'.",
                        token);
    *ret = token;
    return ERR_OK;
}

static json_t *user_json (const struct api *api, const struct user *u)
{
    g_autofree char *id = keyring_user_id (u->id);
    return json_pack ("{s:s, s:s, s:s, s:s, s:o, s:o}", "UserName", u->name, "UserId", id,
                      "DisplayName", u->display_name, "Comments", u->comments, "CreateDate",
                      json_time (api, u->create_ns), "UpdateDate", json_time (api, u->update_ns));
}

static enum err reply_user (const struct api *api, const struct user *u, struct reply *reply,
                            struct error *e)
{
    return reply_take (reply, json_pack ("{s:o}", "User", user_json (api, u)), e);
}

/* In logs and messages that is somebody else. */
static enum err check_name (const char *name, const char *param, struct error *e)
{
    if (strcmp (name, "root") == 0)
        return FAIL_ON (e, INVALID_PARAM, param,
                        "Specified parameter %s is not valid: 'root' is the name of the account's "
                        "own key.",
                        param);
    return ERR_OK;
}

static enum err name_taken (const char *name, struct error *e)
{
    return FAIL (e, EXISTS,
                 "The specified resource user already exists. Its name is '%s'; UpdateUser "
                 "changes it.",
                 name);
}

enum err api_create_user (struct call *c, const void *params, struct reply *reply, struct error *e)
{
    const struct create_user_params *p = params;
    _cleanup_user_ struct user *u = g_new0 (struct user, 1);
    u->name = g_strdup (p->user_name);
    u->display_name = g_strdup (p->display_name ? p->display_name : "");
    u->comments = g_strdup (p->comments ? p->comments : "");
    enum err r = check_name (u->name, "UserName", e);
    if (r == ERR_OK)
        r = catalog_create_user (c->api->catalog, u, LIMIT_USERS, e);
    if (r == ERR_EXISTS)
        return name_taken (u->name, e);
    return r == ERR_OK ? reply_user (c->api, u, reply, e) : r;
}

enum err api_get_user (struct call *c, const void *params, struct reply *reply, struct error *e)
{
    const struct get_user_params *p = params;
    _cleanup_user_ struct user *u = NULL;
    enum err r = users_find (c->api, p->user_name, &u, e);
    return r == ERR_OK ? reply_user (c->api, u, reply, e) : r;
}

enum err api_list_users (struct call *c, const void *params, struct reply *reply, struct error *e)
{
    const struct list_users_params *p = params;
    unsigned max = page_size (p->max_results, LIMIT_PAGE_DEFAULT);
    g_autoptr (GPtrArray) page = NULL;
    const char *from;
    enum err r = users_page_from (p->next_token, &from, e);
    if (r == ERR_OK)
        r = catalog_list_users (c->api->catalog, from, max, &page, e);
    if (r != ERR_OK)
        return r;
    json_auto_t *list = json_array ();
    for (guint i = 0; i < page->len && i < max; i++)
        json_array_append_new (list, user_json (c->api, page->pdata[i]));
    const char *next = page->len > max ? ((const struct user *) page->pdata[max])->name : NULL;
    return reply_page (reply, "Users", list, next, e);
}

enum err api_update_user (struct call *c, const void *params, struct reply *reply, struct error *e)
{
    const struct update_user_params *p = params;
    _cleanup_user_ struct user *u = NULL;
    KEYRING_LOCK (c->api->keyring);
    enum err r = users_find (c->api, p->user_name, &u, e);
    if (r == ERR_OK && p->new_user_name)
        r = check_name (p->new_user_name, "NewUserName", e);
    if (r != ERR_OK)
        return r;
    set_text (&u->name, p->new_user_name);
    set_text (&u->display_name, p->new_display_name);
    set_text (&u->comments, p->new_comments);
    r = catalog_update_user (c->api->catalog, u, e);
    if (r == ERR_EXISTS)
        return name_taken (u->name, e);
    r = keyring_changed (c->api->keyring, r, e);
    return r == ERR_OK ? reply_user (c->api, u, reply, e) : r;
}

enum err api_delete_user (struct call *c, const void *params, struct reply *reply, struct error *e)
{
    const struct delete_user_params *p = params;
    _cleanup_user_ struct user *u = NULL;
    KEYRING_LOCK (c->api->keyring);
    enum err r = users_find (c->api, p->user_name, &u, e);
    if (r == ERR_OK)
        r = catalog_delete_user (c->api->catalog, u->id, e);
    r = keyring_changed (c->api->keyring, r, e);
    return r == ERR_OK ? reply_take (reply, json_object (), e) : r;
}
