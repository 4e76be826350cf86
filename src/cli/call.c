/* bindery call: any action of the API. */
#include "cli/commands.h"

#include <stdio.h>
#include <string.h>

#include "api/call.h"
#include "base/limits.h"
#include "base/text.h"
#include "cli/client.h"
#include "cli/command.h"

static const struct command_option options[] = { COMMAND_SERVER_OPTIONS, { NULL } };

static const struct command command = {
    "call",
    "call any action of the API",
    "ACTION [--Param VALUE]...",
    1,
    1,
    options,
    "Parameters are those of the API, with a capital letter; lists and objects are JSON. @FILE "
    "reads\n"
    "the value from a file. Prints the answer as JSON.\n\n"
    "  bindery call ListProjects --MaxResults 10\n"
    "  bindery call GetFileMeta --ProjectName demo --DatasetName photos --URI oss://photos/a.jpg\n"
    "  bindery call SimpleQuery --ProjectName demo --DatasetName photos --Query @query.json\n"
};

/* Parameters of the API begin with a capital letter, our own options never do. */
static bool is_param (const char *word)
{
    return g_str_has_prefix (word, "--") && g_ascii_isupper (word[2]);
}

static int read_value (const char *name, const char *value, char **ret)
{
    if (value[0] != '@') {
        *ret = g_strdup (value);
        return EXIT_DONE;
    }
    g_autoptr (GError) error = NULL;
    g_autofree char *text = NULL;
    size_t len;
    if (!g_file_get_contents (value + 1, &text, &len, &error))
        return command_usage (&command, "--%s: %s", name, error->message);
    if (len > LIMIT_REQUEST_BODY)
        return command_usage (&command, "--%s: %s is larger than a request may be", name,
                              value + 1);
    *ret = g_steal_pointer (&text);
    return EXIT_DONE;
}

static int add_param (json_t *params, const char *name, const char *value)
{
    if (json_object_get (params, name))
        return command_usage (&command, "--%s is given twice", name);
    g_autofree char *text = NULL;
    int status = read_value (name, value, &text);
    if (status == EXIT_DONE && json_object_set_new (params, name, json_string (text)) != 0)
        return command_usage (&command, "--%s is not UTF-8", name);
    return status;
}

/* Moves the API's parameters out of `args` into `params`; what is left goes to `rest`. */
static int split_args (char **args, json_t *params, GPtrArray *rest)
{
    int status = EXIT_DONE;
    for (; *args && status == EXIT_DONE; args++) {
        const char *equals = strchr (*args, '=');
        if (!is_param (*args)) {
            g_ptr_array_add (rest, *args);
        } else if (equals) {
            g_autofree char *name = g_strndup (*args + 2, (size_t) (equals - *args - 2));
            status = add_param (params, name, equals + 1);
        } else if (!args[1]) {
            status = command_usage (&command, "%s needs a value", *args);
        } else {
            status = add_param (params, args[0] + 2, args[1]);
            args++;
        }
    }
    g_ptr_array_add (rest, NULL);
    return status;
}

/* The server has the last word on what it knows; this only helps with typing errors. */
static void hint_at_action (const char *name)
{
    size_t n;
    const struct action *all = action_table (&n);
    g_autofree const char **names = g_new0 (const char *, n + 1);
    for (size_t i = 0; i < n; i++)
        names[i] = all[i].name;
    const char *nearest = action_find (name) ? NULL : text_nearest (name, names);
    if (nearest)
        fprintf (stderr, "Did you mean %s?\n", nearest);
}

static int call (const struct command_server *server, const char *action, const json_t *params)
{
    _cleanup_client_ struct client *client = NULL;
    struct error e;
    if (client_open (server, &client, &e) != ERR_OK)
        return client_complain (NULL, &e);
    json_auto_t *answer = NULL;
    if (client_action (client, action, params, &answer, &e) != ERR_OK) {
        client_complain (client, &e);
        hint_at_action (action);
        return EXIT_ERROR;
    }
    client_print_json (answer);
    return EXIT_DONE;
}

int cli_call (char **args)
{
    json_auto_t *params = json_object ();
    g_autoptr (GPtrArray) rest = g_ptr_array_new ();
    g_autoptr (GPtrArray) words = g_ptr_array_new ();
    struct command_server server = { 0 };
    int status = split_args (args, params, rest);
    if (status != EXIT_DONE ||
        !command_parse (&command, (char **) rest->pdata, &server, words, &status))
        return status;
    return call (&server, words->pdata[0], params);
}
