/* bindery key: access keys of users, and temporary ones. */
#include "cli/commands.h"

#include <stdio.h>
#include <string.h>

#include "auth/keyfile.h"
#include "base/macros.h"
#include "cli/document.h"
#include "cli/group.h"
#include "cli/table.h"

struct key_options {
    struct command_server server;
    int64_t duration_s;
    const char *session, *policy, *file;
};

#define FILE_OPTION                                                                                \
    {                                                                                              \
        "file", 'f', COMMAND_STRING, offsetof (struct key_options, file), "FILE", NULL,            \
            "write the key to this new file, for the owner alone, and print nothing of it"         \
    }

static const struct command_option create_options[] = {
    FILE_OPTION,
    COMMAND_SERVER_OPTIONS,
    { NULL },
};

static const struct command_option temporary_options[] = {
    { "duration", 0, COMMAND_INT, offsetof (struct key_options, duration_s), "SECONDS", NULL,
      "how long it works: 900 to 43200; default 3600" },
    { "session", 0, COMMAND_STRING, offsetof (struct key_options, session), "NAME", NULL,
      "who uses it; the audit log tells" },
    { "policy", 0, COMMAND_STRING, offsetof (struct key_options, policy), "FILE", NULL,
      "narrows what the user may do; - for standard input" },
    FILE_OPTION,
    COMMAND_SERVER_OPTIONS,
    { NULL },
};

static json_t *named (const char *user, const char *key)
{
    return json_pack ("{s:s, s:s*}", "UserName", user, "UserAccessKeyId", key);
}

/* As a root-key file has them: programs can read it from a file. */
static GString *format_secrets (const json_t *key)
{
    static const char *const members[] = { "AccessKeyId", "AccessKeySecret", "SecurityToken",
                                           "Expiration" };
    GString *out = g_string_new (NULL);
    for (size_t i = 0; i < N_ELEMENTS (members); i++)
        if (json_object_get (key, members[i]))
            g_string_append_printf (out, "%s=%s\n", members[i], client_text (key, members[i]));
    return out;
}

/* Nobody can get the secret again, so a file that cannot be written must not lose it. */
static int give_secrets (const struct key_options *o, const json_t *key)
{
    g_autoptr (GString) text = format_secrets (key);
    struct error e;
    enum err r = o->file ? keyfile_write (o->file, text->str, &e) : ERR_OK;
    int status = r == ERR_OK ? EXIT_DONE : client_complain (NULL, &e);
    if (o->file && r == ERR_OK) {
        printf ("The key %s is in %s.\n", client_text (key, "AccessKeyId"), o->file);
    } else {
        fputs (text->str, stdout);
        fflush (stdout);
        fputs ("The secret is not shown again.\n", stderr);
    }
    explicit_bzero (text->str, text->len);
    return status;
}

/* Calls what makes a key; `params` is taken. */
static int make_key (struct client *client, const struct key_options *o, const char *action,
                     json_t *params, const char *member)
{
    struct command_server server = o->server;
    json_auto_t *taken = params;
    json_auto_t *answer = NULL;
    server.json = o->server.json && !o->file;
    if (o->file && g_file_test (o->file, G_FILE_TEST_EXISTS)) {
        fprintf (stderr, "bindery: %s exists already\n", o->file);
        return EXIT_ERROR;
    }
    int status = group_call (client, &server, action, json_incref (taken), &answer);
    if (status != EXIT_DONE || server.json)
        return status;
    return give_secrets (o, json_object_get (answer, member));
}

static int create (struct client *client, const void *options, char **words)
{
    return make_key (client, options, "CreateAccessKey", named (words[0], NULL), "AccessKey");
}

static int list (struct client *client, const void *options, char **words)
{
    const struct key_options *o = options;
    json_auto_t *answer = NULL;
    int status = group_call (client, &o->server, "ListAccessKeys", named (words[0], NULL), &answer);
    if (status != EXIT_DONE || o->server.json)
        return status;
    _cleanup_table_ struct table *t =
        table_new ((const char *[]){ "KEY", "STATUS", "CREATED", "LAST USED", NULL });
    size_t i;
    json_t *key;
    json_array_foreach (json_object_get (answer, "AccessKeys"), i, key)
    {
        g_autofree char *created = client_time (key, "CreateDate");
        g_autofree char *used = client_time (key, "LastUsedDate");
        table_add (t,
                   (const char *[]){ client_text (key, "AccessKeyId"), client_text (key, "Status"),
                                     created, *used ? used : "never", NULL });
    }
    table_print (t);
    return EXIT_DONE;
}

static int set_status (struct client *client, const struct key_options *o, char **words,
                       const char *key_status, const char *done)
{
    json_t *params = named (words[0], words[1]);
    json_object_set_new (params, "Status", json_string (key_status));
    return group_do (client, &o->server, "UpdateAccessKey", params, done, words[1]);
}

static int activate (struct client *client, const void *options, char **words)
{
    return set_status (client, options, words, "Active", "Activated the key");
}

static int deactivate (struct client *client, const void *options, char **words)
{
    return set_status (client, options, words, "Inactive", "Deactivated the key");
}

static int delete (struct client *client, const void *options, char **words)
{
    const struct key_options *o = options;
    return group_do (client, &o->server, "DeleteAccessKey", named (words[0], words[1]),
                     "Deleted the key", words[1]);
}

static int temporary (struct client *client, const void *options, char **words)
{
    const struct key_options *o = options;
    g_autofree char *policy = NULL;
    struct error e;
    if (o->policy && document_read (o->policy, &policy, &e) != ERR_OK)
        return client_complain (NULL, &e);
    json_t *params = json_pack ("{s:s, s:s*, s:s*}", "UserName", words[0], "RoleSessionName",
                                o->session, "Policy", policy);
    if (o->duration_s)
        json_object_set_new (params, "DurationSeconds", json_integer (o->duration_s));
    return make_key (client, o, "AssumeUser", params, "Credentials");
}

static int reseal (struct client *client, const void *options, UNUSED char **words)
{
    const struct key_options *o = options;
    json_auto_t *answer = NULL;
    int status = group_call (client, &o->server, "RotateSecretKey", json_object (), &answer);
    if (status == EXIT_DONE && !o->server.json)
        printf ("Sealed %" JSON_INTEGER_FORMAT " secrets with a new encryption key.\n",
                json_integer_value (json_object_get (answer, "Sealed")));
    return status;
}

static const struct verb verbs[] = {
    { { "key create", "make a key for a user", "USER", 1, 1, create_options,
        "Prints the key in the form of the file root-key. The secret is shown this once, and kept\n"
        "encrypted from then on.\n\n"
        "  bindery key create alice --file alice.key\n" },
      sizeof (struct key_options),
      create },
    { { "key list", "list the keys of a user", "USER", 1, 1, group_no_options,
        "  bindery key list alice\n" },
      sizeof (struct key_options),
      list },
    { { "key activate", "let a key work again", "USER KEY", 2, 2, group_no_options,
        "  bindery key activate alice LTAI5tExample\n" },
      sizeof (struct key_options),
      activate },
    { { "key deactivate", "have a key refused, for now", "USER KEY", 2, 2, group_no_options,
        "A key that may have leaked, or that nobody seems to use, is deactivated first: if\n"
        "something breaks, it is activated again.\n\n"
        "  bindery key deactivate alice LTAI5tExample\n" },
      sizeof (struct key_options),
      deactivate },
    { { "key delete", "delete a key, also a temporary one", "USER KEY", 2, 2, group_no_options,
        "  bindery key delete alice LTAI5tExample\n" },
      sizeof (struct key_options),
      delete },
    { { "key temporary", "make a key with a security token that expires", "USER", 1, 1,
        temporary_options,
        "For a job or a machine that should not have a key for good. It may do what the user may,\n"
        "at the time of each request, and with --policy nothing beyond that. Clients send the\n"
        "security token along; the command line takes it from BINDERY_SECURITY_TOKEN.\n\n"
        "  bindery key temporary alice --duration 900 --policy only-photos.json\n" },
      sizeof (struct key_options),
      temporary },
    { { "key reseal", "encrypt all secrets with a new key", "", 0, 0, group_no_options,
        "The secrets of users' keys are kept encrypted. This makes a new encryption key and seals\n"
        "them all with it; the users' keys stay as they are.\n\n"
        "  bindery key reseal\n" },
      sizeof (struct key_options),
      reseal },
};

static const struct group group = {
    "key",
    "make, list, deactivate and delete the keys of users",
    "A user may have several keys, so that one can be replaced without a pause: make the new one,\n"
    "deploy it, deactivate the old one, and delete it once nothing misses it.\n\n"
    "  bindery key create alice --file alice.key\n"
    "  bindery key list alice\n"
    "  bindery key temporary alice --duration 900\n",
    verbs,
    N_ELEMENTS (verbs),
};

int cli_key (char **args)
{
    return group_run (&group, args);
}
