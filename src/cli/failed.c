/* bindery failed. */
#include "cli/commands.h"

#include <stdio.h>

#include "cli/table.h"
#include "cli/target.h"

struct failed_options {
    struct target target;
    bool retry;
};

static const struct command_option options[] = {
    { "retry", 0, COMMAND_FLAG, offsetof (struct failed_options, retry), NULL, NULL,
      "try all of them again" },
    TARGET_OPTIONS,
    { NULL },
};

static const struct command command = {
    "failed",
    "list the objects that could not be read, or retry them",
    "BUCKET",
    1,
    1,
    options,
    "An object whose content is damaged is still in the index, with its name, size and times; an\n"
    "object whose name cannot be part of a URI is only listed here.\n\n"
    "  bindery failed photos -p demo -d photos\n"
    "  bindery failed photos -p demo -d photos --retry\n"
};

static int retry (struct client *client, const struct failed_options *o, const json_t *params)
{
    struct error e;
    json_auto_t *answer = NULL;
    if (client_action (client, "RetryFailures", params, &answer, &e) != ERR_OK)
        return client_complain (client, &e);
    if (o->target.server.json)
        client_print_json (answer);
    else
        printf ("%" JSON_INTEGER_FORMAT " will be tried again.\n",
                json_integer_value (json_object_get (answer, "Retried")));
    return EXIT_DONE;
}

static void print_failures (const json_t *all)
{
    _cleanup_table_ struct table *t =
        table_new ((const char *[]){ "KEY", "IN INDEX", "SINCE", "REASON", NULL });
    size_t i;
    json_t *row;
    json_array_foreach (all, i, row)
    {
        g_autofree char *since = client_time (row, "Time");
        table_add (
            t, (const char *[]){ client_text (row, "Key"),
                                 json_is_true (json_object_get (row, "IsIndexed")) ? "yes" : "no",
                                 since, client_text (row, "Reason"), NULL });
    }
    table_print (t);
}

int cli_failed (char **args)
{
    struct failed_options o = { 0 };
    g_autoptr (GPtrArray) words = g_ptr_array_new ();
    int status;
    if (!command_parse (&command, args, &o, words, &status))
        return status;
    _cleanup_client_ struct client *client = NULL;
    json_auto_t *params = NULL;
    if (!target_open (&command, &o.target, words->pdata[0], &client, &params, &status))
        return status;
    if (o.retry)
        return retry (client, &o, params);
    struct error e;
    json_auto_t *all = NULL;
    if (client_list (client, "ListFailures", params, "Failures", &all, &e) != ERR_OK)
        return client_complain (client, &e);
    if (o.target.server.json)
        client_print_json (all);
    else if (!json_array_size (all))
        puts ("None.");
    else
        print_failures (all);
    return EXIT_DONE;
}
