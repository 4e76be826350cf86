/* bindery status. */
#include "cli/commands.h"

#include <stdio.h>

#include "base/text.h"
#include "cli/client.h"
#include "cli/progress.h"
#include "cli/table.h"

static const struct command_option options[] = { COMMAND_SERVER_OPTIONS, { NULL } };

static const struct command command = {
    "status",
    "show the server, its workers and all bindings",
    "",
    0,
    0,
    options,
    "FILES: found by the current or last scan. LEFT: still to be read. CHANGED: read since the\n"
    "scan began. FAILED: `bindery failed` tells why.\n\n"
    "  bindery status\n"
    "  bindery status --json | jq '.Bindings[] | select (.State != \"Running\")'\n"
};

static const char *text_of (const json_t *row, const char *name)
{
    const char *text = json_string_value (json_object_get (row, name));
    return text ? text : "";
}

static json_int_t count_of (const json_t *row, const char *name)
{
    return json_integer_value (json_object_get (row, name));
}

static void print_server (const json_t *s)
{
    g_autofree char *jobs = table_number (count_of (s, "JobsDone"));
    printf ("Bindery %s, region %s, account %s, up since %.19s\n", text_of (s, "Version"),
            text_of (s, "Region"), text_of (s, "AccountId"), text_of (s, "StartTime"));
    printf ("Workers: %" JSON_INTEGER_FORMAT " (%" JSON_INTEGER_FORMAT
            " busy), %s objects read, %" JSON_INTEGER_FORMAT " waiting, %" JSON_INTEGER_FORMAT
            " crashes, %" JSON_INTEGER_FORMAT " timeouts\n",
            count_of (s, "Workers"), count_of (s, "WorkersBusy"), jobs,
            count_of (s, "WorkersWaiting"), count_of (s, "WorkerCrashes"),
            count_of (s, "WorkerTimeouts"));
    g_autofree char *why = table_escape (text_of (s, "WorkerError"));
    if (count_of (s, "WorkersFailing"))
        printf ("WARNING: %" JSON_INTEGER_FORMAT " workers do not start: %s\n",
                count_of (s, "WorkersFailing"), why);
    if (*text_of (s, "JailMissing"))
        printf (
            "WARNING: the jail of the workers lacks %s; do not let strangers write to a bucket\n",
            text_of (s, "JailMissing"));
}

static void print_renditions (const json_t *r)
{
    if (!count_of (r, "Renderers") && !count_of (r, "Hits"))
        return;
    g_autofree char *made = table_number (count_of (r, "Rendered"));
    g_autofree char *hits = table_number (count_of (r, "Hits"));
    g_autofree char *files = table_number (count_of (r, "CachedFiles"));
    char bytes[32];
    printf ("Renderers: %" JSON_INTEGER_FORMAT " (%" JSON_INTEGER_FORMAT
            " busy), %s renditions made, %s cached ones served, %" JSON_INTEGER_FORMAT
            " waiting, %" JSON_INTEGER_FORMAT " turned away; cache: %s files, %s\n",
            count_of (r, "Renderers"), count_of (r, "Busy"), made, hits, count_of (r, "Waiting"),
            count_of (r, "Rejected"), files,
            text_format_size ((uint64_t) count_of (r, "CachedBytes"), bytes));
    g_autofree char *why = table_escape (text_of (r, "RendererError"));
    if (*why)
        printf ("WARNING: renderers do not start: %s\n", why);
}

static void add_binding (struct table *t, const json_t *b)
{
    struct progress p;
    progress_read (b, &p);
    g_autofree char *dataset =
        g_strdup_printf ("%s/%s", text_of (b, "ProjectName"), text_of (b, "DatasetName"));
    g_autofree char *listed = table_number (p.listed);
    g_autofree char *left = table_number (p.pending);
    g_autofree char *indexed = table_number (p.indexed);
    g_autofree char *failed = table_number (p.failed);
    table_add (t, (const char *[]){ dataset, text_of (b, "URI"), p.state,
                                    p.is_scanning ? "full scan" : "in step", listed, indexed, left,
                                    failed, p.reason, NULL });
}

static void print_bindings (const json_t *bindings, json_int_t count)
{
    _cleanup_table_ struct table *t =
        table_new ((const char *[]){ "DATASET", "BUCKET", "STATE", "PHASE", ">FILES", ">CHANGED",
                                     ">LEFT", ">FAILED", "REASON", NULL });
    size_t i;
    json_t *b;
    json_array_foreach (bindings, i, b) add_binding (t, b);
    putchar ('\n');
    table_print (t);
    if ((size_t) count > json_array_size (bindings))
        printf ("... and more: %" JSON_INTEGER_FORMAT " in all.\n", count);
}

int cli_status (char **args)
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
        client_action (client, "GetStatus", params, &answer, &e) != ERR_OK)
        return client_complain (client, &e);
    const json_t *s = json_object_get (answer, "Status");
    if (o.json) {
        client_print_json (s);
        return EXIT_DONE;
    }
    print_server (s);
    print_renditions (json_object_get (s, "Renditions"));
    const json_t *bindings = json_object_get (s, "Bindings");
    if (json_array_size (bindings))
        print_bindings (bindings, count_of (s, "BindingCount"));
    else
        puts ("\nNothing is bound. `bindery buckets` lists what can be.");
    return EXIT_DONE;
}
