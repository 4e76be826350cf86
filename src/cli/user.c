/* bindery user: users, and all that is known of one. */
#include "cli/commands.h"

#include <stdio.h>

#include "base/macros.h"
#include "cli/group.h"
#include "cli/table.h"

struct user_options {
    struct command_server server;
    const char *name, *display, *comments;
    bool force;
};

#define TEXT_OPTIONS                                                                               \
    { "display-name",                                                                              \
      0,                                                                                           \
      COMMAND_STRING,                                                                              \
      offsetof (struct user_options, display),                                                     \
      "TEXT",                                                                                      \
      NULL,                                                                                        \
      "how people call the user" },                                                                \
    {                                                                                              \
        "comments", 0, COMMAND_STRING, offsetof (struct user_options, comments), "TEXT", NULL,     \
            "anything to remember"                                                                 \
    }

static const struct command_option create_options[] = {
    TEXT_OPTIONS,
    COMMAND_SERVER_OPTIONS,
    { NULL },
};

static const struct command_option update_options[] = {
    { "name", 0, COMMAND_STRING, offsetof (struct user_options, name), "NAME", NULL,
      "another name; keys and policies stay with the user" },
    TEXT_OPTIONS,
    COMMAND_SERVER_OPTIONS,
    { NULL },
};

static const struct command_option delete_options[] = {
    { "force", 0, COMMAND_FLAG, offsetof (struct user_options, force), NULL, NULL,
      "delete the keys and detach the policies first" },
    COMMAND_SERVER_OPTIONS,
    { NULL },
};

static json_t *named (const char *name)
{
    return json_pack ("{s:s}", "UserName", name);
}

static int create (struct client *client, const void *options, char **words)
{
    const struct user_options *o = options;
    json_t *params = json_pack ("{s:s, s:s*, s:s*}", "UserName", words[0], "DisplayName",
                                o->display, "Comments", o->comments);
    int status = group_do (client, &o->server, "CreateUser", params, "Created the user", words[0]);
    if (status == EXIT_DONE && !o->server.json)
        printf (
            "The user may sign in with a key (bindery key create %s) and do what policies allow\n"
            "(bindery policy attach BinderyReadOnlyAccess %s).\n",
            words[0], words[0]);
    return status;
}

static int list (struct client *client, const void *options, UNUSED char **words)
{
    const struct user_options *o = options;
    struct error e;
    json_auto_t *params = json_object ();
    json_auto_t *all = NULL;
    if (client_list (client, "ListUsers", params, "Users", &all, &e) != ERR_OK)
        return client_complain (client, &e);
    if (o->server.json) {
        client_print_json (all);
        return EXIT_DONE;
    }
    _cleanup_table_ struct table *t =
        table_new ((const char *[]){ "USER", "DISPLAY NAME", "CREATED", "COMMENTS", NULL });
    size_t i;
    json_t *user;
    json_array_foreach (all, i, user)
    {
        g_autofree char *created = client_time (user, "CreateDate");
        table_add (t, (const char *[]){ client_text (user, "UserName"),
                                        client_text (user, "DisplayName"), created,
                                        client_text (user, "Comments"), NULL });
    }
    table_print (t);
    return EXIT_DONE;
}

/* Everything about one user as one object. */
static int fetch (struct client *client, const char *name, json_t **ret)
{
    static const struct {
        const char *action, *member;
    } parts[] = { { "GetUser", "User" },
                  { "ListAccessKeys", "AccessKeys" },
                  { "ListPoliciesForUser", "Policies" } };
    static const struct command_server quiet = { .json = false };
    json_auto_t *all = json_object ();
    for (size_t i = 0; i < N_ELEMENTS (parts); i++) {
        json_auto_t *answer = NULL;
        int status = group_call (client, &quiet, parts[i].action, named (name), &answer);
        if (status != EXIT_DONE)
            return status;
        json_object_set (all, parts[i].member, json_object_get (answer, parts[i].member));
    }
    *ret = g_steal_pointer (&all);
    return EXIT_DONE;
}

static void print_user (const json_t *all)
{
    const json_t *user = json_object_get (all, "User");
    g_autofree char *created = client_time (user, "CreateDate");
    group_print_line ("User", client_text (user, "UserName"));
    group_print_line ("Id", client_text (user, "UserId"));
    group_print_line ("Display name", client_text (user, "DisplayName"));
    group_print_line ("Comments", client_text (user, "Comments"));
    group_print_line ("Created", created);
    size_t i;
    json_t *row;
    json_array_foreach (json_object_get (all, "AccessKeys"), i, row)
    {
        g_autofree char *used = client_time (row, "LastUsedDate");
        g_autofree char *text =
            g_strdup_printf ("%s, %s, last used %s", client_text (row, "AccessKeyId"),
                             client_text (row, "Status"), *used ? used : "never");
        group_print_line (i ? "" : "Keys", text);
    }
    json_array_foreach (json_object_get (all, "Policies"), i, row)
        group_print_line (i ? "" : "Policies", client_text (row, "PolicyName"));
}

static int show (struct client *client, const void *options, char **words)
{
    const struct user_options *o = options;
    json_auto_t *all = NULL;
    int status = fetch (client, words[0], &all);
    if (status != EXIT_DONE)
        return status;
    if (o->server.json)
        client_print_json (all);
    else
        print_user (all);
    return EXIT_DONE;
}

static int update (struct client *client, const void *options, char **words)
{
    const struct user_options *o = options;
    json_t *params = json_pack ("{s:s, s:s*, s:s*, s:s*}", "UserName", words[0], "NewUserName",
                                o->name, "NewDisplayName", o->display, "NewComments", o->comments);
    return group_do (client, &o->server, "UpdateUser", params, "Updated the user", words[0]);
}

/* Deletes or detaches what the user has: `action` with each row's `member` as `parameter`. */
static int strip (struct client *client, const char *name, const json_t *rows, const char *member,
                  const char *action, const char *parameter)
{
    static const struct command_server quiet = { .json = false };
    size_t i;
    json_t *row;
    json_array_foreach (rows, i, row)
    {
        json_auto_t *answer = NULL;
        json_t *params =
            json_pack ("{s:s, s:s}", "UserName", name, parameter, client_text (row, member));
        int status = group_call (client, &quiet, action, params, &answer);
        if (status != EXIT_DONE)
            return status;
    }
    return EXIT_DONE;
}

static int delete (struct client *client, const void *options, char **words)
{
    const struct user_options *o = options;
    json_auto_t *all = NULL;
    int status = o->force ? fetch (client, words[0], &all) : EXIT_DONE;
    if (status == EXIT_DONE)
        status = strip (client, words[0], json_object_get (all, "AccessKeys"), "AccessKeyId",
                        "DeleteAccessKey", "UserAccessKeyId");
    if (status == EXIT_DONE)
        status = strip (client, words[0], json_object_get (all, "Policies"), "PolicyName",
                        "DetachPolicyFromUser", "PolicyName");
    if (status != EXIT_DONE)
        return status;
    return group_do (client, &o->server, "DeleteUser", named (words[0]), "Deleted the user",
                     words[0]);
}

static const struct verb verbs[] = {
    { { "user create", "make a user", "NAME", 1, 1, create_options,
        "A user has no keys and no rights until it gets some.\n\n"
        "  bindery user create alice --display-name 'Alice Doe'\n" },
      sizeof (struct user_options),
      create },
    { { "user list", "list the users", "", 0, 0, group_no_options, "  bindery user list\n" },
      sizeof (struct user_options),
      list },
    { { "user show", "show a user with its keys and policies", "NAME", 1, 1, group_no_options,
        "  bindery user show alice\n" },
      sizeof (struct user_options),
      show },
    { { "user update", "change what is known of a user", "NAME", 1, 1, update_options,
        "What is not given stays.\n\n"
        "  bindery user update alice --name alice.doe --comments 'moved to the archive'\n" },
      sizeof (struct user_options),
      update },
    { { "user delete", "delete a user", "NAME", 1, 1, delete_options,
        "A user that has keys or policies is only deleted with --force. Its temporary keys go\n"
        "along in any case.\n\n"
        "  bindery user delete alice --force\n" },
      sizeof (struct user_options),
      delete },
};

static const struct group group = {
    "user",
    "make, list, show, change and delete users",
    "Users sign requests with keys of their own and do what their policies allow. The root key,\n"
    "which may do everything, belongs to no user: keep it for administration.\n\n"
    "  bindery user create alice\n"
    "  bindery key create alice\n"
    "  bindery policy attach BinderyReadOnlyAccess alice\n"
    "  bindery user show alice\n",
    verbs,
    N_ELEMENTS (verbs),
};

int cli_user (char **args)
{
    return group_run (&group, args);
}
