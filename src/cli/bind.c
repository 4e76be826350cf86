/* bindery bind. */
#include "cli/commands.h"

#include <stdio.h>
#include <string.h>

#include "cli/target.h"
#include "cli/wait.h"

struct bind_options {
    struct target target;
    bool create, wait;
};

static const struct command_option options[] = {
    { "create", 'c', COMMAND_FLAG, offsetof (struct bind_options, create), NULL, NULL,
      "make project and dataset if they are missing; a binding that is there is fine, too" },
    { "wait", 'w', COMMAND_FLAG, offsetof (struct bind_options, wait), NULL, NULL,
      "show the progress until the first scan is over" },
    TARGET_OPTIONS,
    { NULL },
};

static const struct command command = {
    "bind",
    "bind a bucket to a dataset: index it and keep the index in step",
    "BUCKET",
    1,
    1,
    options,
    "BUCKET is oss://NAME or NAME; `bindery buckets` lists what can be bound. Ctrl-C during "
    "--wait\n"
    "leaves the binding running. Exit code 0: done; 1: error; 3: the binding is not well "
    "(Retrying,\n"
    "Failed or Stopped); 130: interrupted.\n\n"
    "  bindery bind oss://photos --project demo --dataset photos --create --wait\n"
};

/* Calls an action whose result may be there already. */
static int make (struct client *client, const char *action, const json_t *params, bool may_exist,
                 json_t **ret)
{
    struct error e;
    if (client_action (client, action, params, ret, &e) == ERR_OK)
        return EXIT_DONE;
    if (may_exist && strcmp (client_refusal (client), "ResourceAlreadyExists") == 0)
        return EXIT_DONE;
    return client_complain (client, &e);
}

static int make_dataset (struct client *client, const struct target *t)
{
    json_auto_t *project = json_pack ("{s:s}", "ProjectName", t->project);
    json_auto_t *dataset =
        json_pack ("{s:s, s:s}", "ProjectName", t->project, "DatasetName", t->dataset);
    json_auto_t *project_answer = NULL;
    json_auto_t *dataset_answer = NULL;
    int status = make (client, "CreateProject", project, true, &project_answer);
    return status == EXIT_DONE ? make (client, "CreateDataset", dataset, true, &dataset_answer)
                               : status;
}

/* With --create a binding that is there is looked for first: its bucket may be away just now, and
 * then cannot be bound anew. */
static int make_binding (struct client *client, const struct bind_options *o, const json_t *params,
                         json_t **ret)
{
    json_auto_t *there = NULL;
    if (o->create) {
        int status = make_dataset (client, &o->target);
        if (status != EXIT_DONE)
            return status;
        struct error e;
        if (client_action (client, "GetBinding", params, &there, &e) == ERR_OK)
            return EXIT_DONE;
    }
    return make (client, "CreateBinding", params, o->create, ret);
}

static int report (const json_t *answer, bool json, const char *uri)
{
    const json_t *binding = json_object_get (answer, "Binding");
    const char *state = json_string_value (json_object_get (binding, "State"));
    const char *reason = json_string_value (json_object_get (binding, "Reason"));
    if (json)
        client_print_json (answer);
    else if (!answer)
        printf ("%s is bound already; `bindery status` shows its state.\n", uri);
    else
        printf ("%s is bound; the first scan is under way. `bindery status` shows it.\n", uri);
    if (!state || strcmp (state, "Retrying") != 0)
        return EXIT_DONE;
    fprintf (stderr, "bindery: the binding is Retrying: %s\n", reason ? reason : "");
    return EXIT_UNWELL;
}

int cli_bind (char **args)
{
    struct bind_options o = { 0 };
    g_autoptr (GPtrArray) words = g_ptr_array_new ();
    int status;
    if (!command_parse (&command, args, &o, words, &status))
        return status;
    _cleanup_client_ struct client *client = NULL;
    json_auto_t *params = NULL;
    if (!target_open (&command, &o.target, words->pdata[0], &client, &params, &status))
        return status;
    json_auto_t *answer = NULL;
    status = make_binding (client, &o, params, &answer);
    if (status != EXIT_DONE)
        return status;
    if (o.wait)
        return wait_for_scan (client, params, o.target.server.json);
    return report (answer, o.target.server.json,
                   json_string_value (json_object_get (params, "URI")));
}
