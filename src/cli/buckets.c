/* bindery buckets. */
#include "cli/commands.h"

#include <stdio.h>

#include "cli/client.h"
#include "cli/table.h"

static const struct command_option options[] = { COMMAND_SERVER_OPTIONS, { NULL } };

static const struct command command = { "buckets",
                                        "list what can be bound, and to what it is bound",
                                        "",
                                        0,
                                        0,
                                        options,
                                        "  bindery buckets\n" };

static const char *text_of (const json_t *row, const char *name)
{
    const char *text = json_string_value (json_object_get (row, name));
    return text ? text : "";
}

/* "demo/photos, demo/all" */
static char *join_datasets (const json_t *datasets)
{
    GString *out = g_string_new (NULL);
    size_t i;
    json_t *name;
    json_array_foreach (datasets, i, name)
        g_string_append_printf (out, "%s%s", out->len ? ", " : "", json_string_value (name));
    return g_string_free (out, FALSE);
}

static void print_buckets (const json_t *buckets)
{
    _cleanup_table_ struct table *t =
        table_new ((const char *[]){ "BUCKET", "STORE", "STATE", "BOUND TO", "REASON", NULL });
    size_t i;
    json_t *row;
    json_array_foreach (buckets, i, row)
    {
        g_autofree char *datasets = join_datasets (json_object_get (row, "Datasets"));
        table_add (t, (const char *[]){ text_of (row, "Bucket"), text_of (row, "Store"),
                                        text_of (row, "State"), *datasets ? datasets : "-",
                                        text_of (row, "Reason"), NULL });
    }
    table_print (t);
}

/* Why the list may not be whole. */
static void print_warnings (const json_t *warnings)
{
    size_t i;
    json_t *warning;
    json_array_foreach (warnings, i, warning)
    {
        g_autofree char *text = table_escape (json_string_value (warning));
        fprintf (stderr, "Note: %s\n", text);
    }
}

int cli_buckets (char **args)
{
    struct command_server o = { 0 };
    g_autoptr (GPtrArray) words = g_ptr_array_new ();
    int status;
    if (!command_parse (&command, args, &o, words, &status))
        return status;
    _cleanup_client_ struct client *client = NULL;
    json_auto_t *params = json_object ();
    json_auto_t *answer = NULL;
    struct error e;
    if (client_open (&o, &client, &e) != ERR_OK ||
        client_action (client, "ListBuckets", params, &answer, &e) != ERR_OK)
        return client_complain (client, &e);
    const json_t *buckets = json_object_get (answer, "Buckets");
    if (o.json)
        client_print_json (answer);
    else if (!json_array_size (buckets))
        puts ("There is no bucket. Start the server with --store DIR, --store URL or --bucket "
              "NAME=PATH.");
    else
        print_buckets (buckets);
    if (!o.json)
        print_warnings (json_object_get (answer, "Warnings"));
    return EXIT_DONE;
}
