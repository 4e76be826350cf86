/* bindery policy: documents, and which user has which. */
#include "cli/commands.h"

#include <stdio.h>

#include "base/macros.h"
#include "cli/document.h"
#include "cli/group.h"
#include "cli/simulate.h"
#include "cli/table.h"

struct policy_options {
    struct command_server server;
    const char *description, *user;
    bool document;
};

static const struct command_option write_options[] = {
    { "description", 0, COMMAND_STRING, offsetof (struct policy_options, description), "TEXT", NULL,
      "what it is for" },
    COMMAND_SERVER_OPTIONS,
    { NULL },
};

static const struct command_option list_options[] = {
    { "user", 'u', COMMAND_STRING, offsetof (struct policy_options, user), "NAME", NULL,
      "only those that this user has" },
    COMMAND_SERVER_OPTIONS,
    { NULL },
};

static const struct command_option show_options[] = {
    { "document", 0, COMMAND_FLAG, offsetof (struct policy_options, document), NULL, NULL,
      "print nothing but the document" },
    COMMAND_SERVER_OPTIONS,
    { NULL },
};

static int write_policy (struct client *client, const struct policy_options *o, char **words,
                         const char *action, const char *done)
{
    g_autofree char *document = NULL;
    struct error e;
    if (document_read (words[1], &document, &e) != ERR_OK)
        return client_complain (NULL, &e);
    json_t *params = json_pack ("{s:s, s:s, s:s*}", "PolicyName", words[0], "PolicyDocument",
                                document, "Description", o->description);
    int status = group_do (client, &o->server, action, params, done, words[0]);
    if (status == EXIT_DONE)
        document_warn (document);
    return status;
}

static int create (struct client *client, const void *options, char **words)
{
    return write_policy (client, options, words, "CreatePolicy", "Created the policy");
}

static int update (struct client *client, const void *options, char **words)
{
    return write_policy (client, options, words, "UpdatePolicy", "Updated the policy");
}

static int fetch_list (struct client *client, const struct policy_options *o, json_t **ret)
{
    struct error e;
    json_auto_t *params = json_pack ("{s:s*}", "UserName", o->user);
    enum err r = o->user ? client_list (client, "ListPoliciesForUser", params, "Policies", ret, &e)
                         : client_list (client, "ListPolicies", params, "Policies", ret, &e);
    return r == ERR_OK ? EXIT_DONE : client_complain (client, &e);
}

static int list (struct client *client, const void *options, UNUSED char **words)
{
    const struct policy_options *o = options;
    json_auto_t *all = NULL;
    int status = fetch_list (client, o, &all);
    if (status != EXIT_DONE)
        return status;
    if (o->server.json) {
        client_print_json (all);
        return EXIT_DONE;
    }
    _cleanup_table_ struct table *t =
        table_new ((const char *[]){ "POLICY", "TYPE", ">USERS", "UPDATED", "DESCRIPTION", NULL });
    size_t i;
    json_t *policy;
    json_array_foreach (all, i, policy)
    {
        g_autofree char *updated = client_time (policy, "UpdateDate");
        g_autofree char *users =
            table_number (json_integer_value (json_object_get (policy, "AttachmentCount")));
        table_add (t, (const char *[]){ client_text (policy, "PolicyName"),
                                        client_text (policy, "PolicyType"), users, updated,
                                        client_text (policy, "Description"), NULL });
    }
    table_print (t);
    return EXIT_DONE;
}

static void print_document (const json_t *policy)
{
    const char *text = client_text (policy, "PolicyDocument");
    json_auto_t *document = json_loads (text, 0, NULL);
    if (document)
        client_print_json (document);
    else
        puts (text);
}

static int show (struct client *client, const void *options, char **words)
{
    const struct policy_options *o = options;
    json_auto_t *answer = NULL;
    json_t *params = json_pack ("{s:s}", "PolicyName", words[0]);
    int status = group_call (client, &o->server, "GetPolicy", params, &answer);
    if (status != EXIT_DONE || o->server.json)
        return status;
    const json_t *policy = json_object_get (answer, "Policy");
    g_autofree char *users =
        table_number (json_integer_value (json_object_get (policy, "AttachmentCount")));
    if (!o->document) {
        group_print_line ("Policy", client_text (policy, "PolicyName"));
        group_print_line ("Type", client_text (policy, "PolicyType"));
        group_print_line ("Description", client_text (policy, "Description"));
        group_print_line ("Users", users);
        puts ("");
    }
    print_document (policy);
    return EXIT_DONE;
}

static int delete (struct client *client, const void *options, char **words)
{
    const struct policy_options *o = options;
    return group_do (client, &o->server, "DeletePolicy",
                     json_pack ("{s:s}", "PolicyName", words[0]), "Deleted the policy", words[0]);
}

static json_t *pair (char **words)
{
    return json_pack ("{s:s, s:s}", "PolicyName", words[0], "UserName", words[1]);
}

static int attach (struct client *client, const void *options, char **words)
{
    const struct policy_options *o = options;
    return group_do (client, &o->server, "AttachPolicyToUser", pair (words),
                     "Attached the policy to the user", words[1]);
}

static int detach (struct client *client, const void *options, char **words)
{
    const struct policy_options *o = options;
    return group_do (client, &o->server, "DetachPolicyFromUser", pair (words),
                     "Detached the policy from the user", words[1]);
}

#define DOCUMENT_HELP                                                                              \
    "FILE holds a document of RAM's policy language; - is standard input. What is wrong with it\n" \
    "is refused with its place.\n\n"

static const struct verb verbs[] = {
    { { "policy create", "make a policy of a document", "NAME FILE", 2, 2, write_options,
        DOCUMENT_HELP
        "  bindery policy create photos-team photos-team.json\n"
        "  bindery policy create no-deletes '{\"Version\": \"1\", \"Statement\": [{\"Effect\": "
        "\"Deny\",\n    \"Action\": \"imm:Delete*\", \"Resource\": \"*\"}]}'\n" },
      sizeof (struct policy_options),
      create },
    { { "policy update", "give a policy another document", "NAME FILE", 2, 2, write_options,
        DOCUMENT_HELP "  bindery policy show photos-team --document > photos-team.json\n"
                      "  bindery policy update photos-team photos-team.json\n" },
      sizeof (struct policy_options),
      update },
    { { "policy list", "list the policies", "", 0, 0, list_options,
        "Those of type System are built in.\n\n"
        "  bindery policy list\n"
        "  bindery policy list --user alice\n" },
      sizeof (struct policy_options),
      list },
    { { "policy show", "show a policy", "NAME", 1, 1, show_options,
        "  bindery policy show AliyunIMMReadOnlyAccess\n" },
      sizeof (struct policy_options),
      show },
    { { "policy delete", "delete a policy that no user has", "NAME", 1, 1, group_no_options,
        "  bindery policy delete photos-team\n" },
      sizeof (struct policy_options),
      delete },
    { { "policy attach", "give a policy to a user", "NAME USER", 2, 2, group_no_options,
        "It counts from the next request on.\n\n"
        "  bindery policy attach photos-team alice\n" },
      sizeof (struct policy_options),
      attach },
    { { "policy detach", "take a policy from a user", "NAME USER", 2, 2, group_no_options,
        "  bindery policy detach photos-team alice\n" },
      sizeof (struct policy_options),
      detach },
    SIMULATE_VERB,
};

static const struct group group = {
    "policy",
    "write policies, give them to users, and try them",
    "A policy is a list of statements; each allows or denies actions on resources, perhaps only\n"
    "under conditions. A user may do what one of its policies allows and none denies.\n\n"
    "  bindery policy create photos-team photos-team.json\n"
    "  bindery policy attach photos-team alice\n"
    "  bindery policy simulate DeleteDataset project/demo/dataset/photos --user alice\n",
    verbs,
    N_ELEMENTS (verbs),
};

int cli_policy (char **args)
{
    return group_run (&group, args);
}
