/* bindery failed. */
#include "cli/commands.h"

#include <stdio.h>

#include "cli/table.h"
#include "cli/target.h"

#define PAGE       200
#define PAGES_MOST 100000 /* ends a server that never does */

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

/* All pages as one array. */
static int fetch_all (struct client *client, json_t *params, json_t *all)
{
    struct error e;
    json_object_set_new (params, "MaxResults", json_integer (PAGE));
    for (unsigned i = 0; i < PAGES_MOST; i++) {
        json_auto_t *answer = NULL;
        if (client_action (client, "ListFailures", params, &answer, &e) != ERR_OK)
            return client_complain (client, &e);
        json_array_extend (all, json_object_get (answer, "Failures"));
        json_t *token = json_object_get (answer, "NextToken");
        if (!json_string_length (token))
            break;
        json_object_set (params, "NextToken", token);
    }
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
        const char *key = json_string_value (json_object_get (row, "Key"));
        const char *reason = json_string_value (json_object_get (row, "Reason"));
        const char *time = json_string_value (json_object_get (row, "Time"));
        g_autofree char *since = g_strndup (time ? time : "", 19);
        table_add (
            t, (const char *[]){ key ? key : "",
                                 json_is_true (json_object_get (row, "IsIndexed")) ? "yes" : "no",
                                 since, reason ? reason : "", NULL });
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
    json_auto_t *all = json_array ();
    status = fetch_all (client, params, all);
    if (status != EXIT_DONE)
        return status;
    if (o.target.server.json)
        client_print_json (all);
    else if (!json_array_size (all))
        puts ("None.");
    else
        print_failures (all);
    return EXIT_DONE;
}
