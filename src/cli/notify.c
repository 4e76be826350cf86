/* bindery notify. */
#include "cli/commands.h"

#include <stdio.h>
#include <string.h>

#include "cli/target.h"

struct notify_options {
    struct target target;
    const char *url, *style, *arn;
    bool apply, remove, new_secret;
};

static const struct command_option options[] = {
    { "url", 0, COMMAND_STRING, offsetof (struct notify_options, url), "URL", NULL,
      "address under which the store reaches the API of this server" },
    { "style", 0, COMMAND_STRING, offsetof (struct notify_options, style), "STYLE", NULL,
      "aws, minio, ceph or oss: shows what is to be done there" },
    { "apply", 0, COMMAND_FLAG, offsetof (struct notify_options, apply), NULL, NULL,
      "have the server do it; what others set up for the bucket stays" },
    { "remove", 0, COMMAND_FLAG, offsetof (struct notify_options, remove), NULL, NULL,
      "have the server undo it" },
    { "target", 0, COMMAND_STRING, offsetof (struct notify_options, arn), "ARN", NULL,
      "of the topic (aws) or webhook (minio) that events go to, for --apply" },
    { "new-secret", 0, COMMAND_FLAG, offsetof (struct notify_options, new_secret), NULL, NULL,
      "make another secret first: the old one opens nothing any more" },
    TARGET_OPTIONS,
    { NULL },
};

static const struct command command = {
    "notify",
    "have a bucket report its changes, or show how that is set up",
    "BUCKET",
    1,
    1,
    options,
    "A store that reports changes saves the wait for the next rescan: an object is found by\n"
    "queries moments after it was written. Events are hints: what they say is looked up in the\n"
    "store, and what they miss the next rescan finds. The secret that is shown lets in whoever\n"
    "posts events of this bucket, and nothing else. Folders are watched without any of this.\n\n"
    "  bindery notify photos -p demo -d photos --style ceph --url http://10.0.0.5:8080 --apply\n"
    "  bindery notify photos -p demo -d photos --style minio\n"
    "  bindery notify photos -p demo -d photos --style aws --apply --target arn:aws:sns:...\n"
    "  bindery notify photos -p demo -d photos --style ceph --remove\n"
};

/* What of the options cannot be; 0 if they can. */
static int check_options (const struct notify_options *o)
{
    if (o->apply && o->remove)
        return command_usage (&command, "--apply and --remove exclude each other");
    if ((o->apply || o->remove) && !o->style)
        return command_usage (&command, "--style is missing: aws, minio or ceph");
    if (o->arn && !o->apply)
        return command_usage (&command, "--target goes with --apply only");
    return EXIT_DONE;
}

static void set_text (json_t *params, const char *name, const char *value)
{
    if (value)
        json_object_set_new (params, name, json_string (value));
}

/* ---- Showing ---- */

static void print_subscription (const char *text)
{
    g_auto (GStrv) parts = g_strsplit (text, " ", 2);
    if (g_strv_length (parts) == 2)
        printf ("\nA subscription waits to be confirmed:\n"
                "  aws sns confirm-subscription --topic-arn %s --token %s\n",
                parts[0], parts[1]);
}

static bool is_loopback (const char *address)
{
    const char *host = strstr (address, "://");
    return host &&
           (g_str_has_prefix (host + 3, "127.") || g_str_has_prefix (host + 3, "localhost") ||
            g_str_has_prefix (host + 3, "[::1]"));
}

static void print_notification (const json_t *n)
{
    const json_t *steps = json_object_get (n, "Steps");
    const char *address = client_text (n, "Address");
    printf ("Events are posted to  %s\nwith the secret       %s\nas ?secret=..., as Bearer token, "
            "or as password.\n",
            address, client_text (n, "Secret"));
    if (json_is_true (json_object_get (n, "IsWatched")))
        puts ("\nThis bucket is a folder: it is watched, and needs none of this. Where watching is "
              "blind,\nas on network file systems, events help there too.");
    if (is_loopback (address))
        puts ("\nOnly this machine reaches that address; --url names one that the store reaches.");
    print_subscription (client_text (n, "Subscription"));
    if (json_array_size (steps))
        puts ("");
    for (size_t i = 0; i < json_array_size (steps); i++)
        printf ("  %s\n", json_string_value (json_array_get (steps, i)));
}

static int show (struct client *client, const struct notify_options *o, const json_t *params)
{
    struct error e;
    json_auto_t *answer = NULL;
    if (client_action (client, "GetNotification", params, &answer, &e) != ERR_OK)
        return client_complain (client, &e);
    if (o->target.server.json)
        client_print_json (answer);
    else
        print_notification (json_object_get (answer, "Notification"));
    return EXIT_DONE;
}

/* ---- Doing ---- */

static int renew (struct client *client, const json_t *where)
{
    struct error e;
    json_auto_t *answer = NULL;
    return client_action (client, "RenewSecret", where, &answer, &e) == ERR_OK
               ? EXIT_DONE
               : client_complain (client, &e);
}

static int set (struct client *client, const struct notify_options *o, json_t *params)
{
    struct error e;
    json_auto_t *answer = NULL;
    set_text (params, "Target", o->arn);
    if (o->remove)
        json_object_set_new (params, "Remove", json_true ());
    if (client_action (client, "SetNotification", params, &answer, &e) != ERR_OK)
        return client_complain (client, &e);
    if (o->target.server.json)
        client_print_json (answer);
    else if (o->remove)
        puts ("The bucket reports no more changes to this server.");
    else
        printf ("The bucket reports its changes by %s.\n", client_text (answer, "Target"));
    return EXIT_DONE;
}

static int run (struct client *client, const struct notify_options *o, json_t *where)
{
    int status = o->new_secret ? renew (client, where) : EXIT_DONE;
    if (status != EXIT_DONE)
        return status;
    json_auto_t *params = json_copy (where);
    set_text (params, "Endpoint", o->url ? o->url : client_endpoint (client));
    set_text (params, "Style", o->style);
    return o->apply || o->remove ? set (client, o, params) : show (client, o, params);
}

int cli_notify (char **args)
{
    struct notify_options o = { 0 };
    g_autoptr (GPtrArray) words = g_ptr_array_new ();
    int status;
    if (!command_parse (&command, args, &o, words, &status))
        return status;
    status = check_options (&o);
    if (status != EXIT_DONE)
        return status;
    _cleanup_client_ struct client *client = NULL;
    json_auto_t *where = NULL;
    if (!target_open (&command, &o.target, words->pdata[0], &client, &where, &status))
        return status;
    return run (client, &o, where);
}
