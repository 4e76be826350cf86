/* bindery unbind. */
#include "cli/commands.h"

#include <stdio.h>

#include "cli/table.h"
#include "cli/target.h"

struct unbind_options {
    struct target target;
    bool purge;
};

static const struct command_option options[] = {
    { "purge", 0, COMMAND_FLAG, offsetof (struct unbind_options, purge), NULL, NULL,
      "also remove the rows of the bucket's objects from the index" },
    TARGET_OPTIONS,
    { NULL },
};

static const struct command command = {
    "unbind",
    "end a binding",
    "BUCKET",
    1,
    1,
    options,
    "The index is no longer kept in step; what it holds of the bucket stays, unless --purge\n"
    "removes it (also of a binding that ended before). The bucket's files are never touched.\n"
    "A notification that `bindery notify` set in the store stays there: take it away first, with\n"
    "`bindery notify BUCKET --remove`.\n\n"
    "  bindery unbind photos -p demo -d photos\n"
    "  bindery unbind photos -p demo -d photos --purge\n"
};

/* The name that a notification of the bucket has if this binding set one up; NULL if the bucket is
 * watched, and wherever it is not told. While it is bound. */
static char *find_notification (struct client *client, const json_t *where)
{
    struct error e;
    json_auto_t *params = json_copy ((json_t *) where), *answer = NULL;
    json_object_set_new (params, "Endpoint", json_string (client_endpoint (client)));
    if (client_action (client, "GetNotification", params, &answer, &e) != ERR_OK)
        return NULL;
    const json_t *n = json_object_get (answer, "Notification");
    bool is_watched = json_is_true (json_object_get (n, "IsWatched"));
    return is_watched || !*client_text (n, "Id") ? NULL : table_escape (client_text (n, "Id"));
}

/* The store is not asked: it may be gone, and that is no reason to stay bound. */
static void hint (const char *notification)
{
    if (notification)
        printf ("A store that was told to report changes here goes on: take the notification %s "
                "out of it\n(next time `bindery notify --remove` does, before unbinding).\n",
                notification);
}

/* With --purge, a binding that is gone already is no obstacle. */
static int unbind (struct client *client, const struct unbind_options *o, const json_t *params,
                   json_t **ret)
{
    struct error e;
    enum err r = client_action (client, "DeleteBinding", params, ret, &e);
    if (r == ERR_OK || (o->purge && g_str_equal (client_refusal (client), "ResourceNotFound")))
        return EXIT_DONE;
    return client_complain (client, &e);
}

static int purge (struct client *client, const struct unbind_options *o, const json_t *params)
{
    struct error e;
    json_auto_t *answer = NULL;
    if (client_action (client, "PurgeBucket", params, &answer, &e) != ERR_OK)
        return client_complain (client, &e);
    if (o->target.server.json) {
        client_print_json (answer);
        return EXIT_DONE;
    }
    g_autofree char *removed =
        table_number (json_integer_value (json_object_get (answer, "Removed")));
    printf ("Not bound any more; %s rows removed from the index.\n", removed);
    return EXIT_DONE;
}

int cli_unbind (char **args)
{
    struct unbind_options o = { 0 };
    g_autoptr (GPtrArray) words = g_ptr_array_new ();
    int status;
    if (!command_parse (&command, args, &o, words, &status))
        return status;
    _cleanup_client_ struct client *client = NULL;
    json_auto_t *params = NULL;
    if (!target_open (&command, &o.target, words->pdata[0], &client, &params, &status))
        return status;
    json_auto_t *answer = NULL;
    g_autofree char *notification =
        o.target.server.json ? NULL : find_notification (client, params);
    status = unbind (client, &o, params, &answer);
    if (status == EXIT_DONE && o.purge)
        status = purge (client, &o, params);
    else if (status == EXIT_DONE && o.target.server.json)
        client_print_json (answer);
    else if (status == EXIT_DONE)
        puts ("Not bound any more. The rows stay; `bindery unbind --purge` removes them.");
    if (status == EXIT_DONE)
        hint (notification);
    return status;
}
