/* bindery policy simulate: asks the server what it would decide, and shows the statement. */
#include "cli/simulate.h"

#include <stdio.h>
#include <string.h>

#include "base/macros.h"
#include "base/text.h"
#include "cli/document.h"

#define GIVEN "PolicyDocuments[" /* how the server calls documents that were given */

const struct command_option simulate_options[] = {
    { "user", 'u', COMMAND_STRING, offsetof (struct simulate_options, user), "NAME", NULL,
      "by this user's policies" },
    { "document", 0, COMMAND_LIST, offsetof (struct simulate_options, documents), "FILE", NULL,
      "by this document, too; may be given again" },
    { "session", 0, COMMAND_STRING, offsetof (struct simulate_options, session), "FILE", NULL,
      "with this policy of a temporary key" },
    { "source-ip", 0, COMMAND_STRING, offsetof (struct simulate_options, source_ip), "ADDRESS",
      NULL, "where the request comes from; else from nowhere" },
    { "user-agent", 0, COMMAND_STRING, offsetof (struct simulate_options, user_agent), "TEXT", NULL,
      "what the client calls itself" },
    { "time", 0, COMMAND_STRING, offsetof (struct simulate_options, time), "TIME", NULL,
      "when, as in 2026-01-31T12:00:00Z; else now" },
    { "secure", 0, COMMAND_FLAG, offsetof (struct simulate_options, secure), NULL, NULL,
      "over TLS" },
    COMMAND_SERVER_OPTIONS,
    { NULL },
};

/* The documents that were given, as they were read. */
struct trial {
    json_t *documents; /* texts */
    char *session;     /* NULL: none */
};

static void trial_clear (struct trial *t)
{
    json_decref (t->documents);
    g_free (t->session);
}

static enum err read_documents (const struct simulate_options *o, struct trial *t, struct error *e)
{
    t->documents = json_array ();
    for (guint i = 0; o->documents && i < o->documents->len; i++) {
        g_autofree char *text = NULL;
        enum err r = document_read (o->documents->pdata[i], &text, e);
        if (r != ERR_OK)
            return r;
        json_array_append_new (t->documents, json_string (text));
    }
    return o->session ? document_read (o->session, &t->session, e) : ERR_OK;
}

/* "imm:GetProject" and "project/demo" become "acs:imm:REGION:ACCOUNT:project/demo". Caller frees.
 */
static enum err complete_resource (struct client *client, const char *action, const char *resource,
                                   char **ret, struct error *e)
{
    if (g_str_has_prefix (resource, "acs:")) {
        *ret = g_strdup (resource);
        return ERR_OK;
    }
    json_auto_t *none = json_object ();
    json_auto_t *answer = NULL;
    enum err r = client_action (client, "GetStatus", none, &answer, e);
    if (r != ERR_OK)
        return r;
    const json_t *status = json_object_get (answer, "Status");
    *ret = g_strdup_printf ("acs:%.*s:%s:%s:%s", (int) strcspn (action, ":"), action,
                            client_text (status, "Region"), client_text (status, "AccountId"),
                            resource);
    return ERR_OK;
}

static json_t *make_params (const struct simulate_options *o, const struct trial *t,
                            const char *action, const char *resource)
{
    json_t *params =
        json_pack ("{s:s, s:s, s:s*, s:s*, s:s*, s:s*, s:s*}", "ActionName", action, "ResourceArn",
                   resource, "UserName", o->user, "SessionPolicy", t->session, "SourceIp",
                   o->source_ip, "UserAgent", o->user_agent, "CurrentTime", o->time);
    if (params && json_array_size (t->documents))
        json_object_set (params, "PolicyDocuments", t->documents);
    if (params && o->secure)
        json_object_set_new (params, "SecureTransport", json_true ());
    return params;
}

/* The text of the document that decided, and how a person calls it; both are the caller's. False if
 * it cannot be had: then the decision has to do. */
static bool find_document (struct client *client, const struct simulate_options *o,
                           const struct trial *t, const json_t *decision, char **ret_text,
                           char **ret_name)
{
    const char *name = client_text (decision, "PolicyName");
    uint64_t i;
    if (strcmp (client_text (decision, "PolicyType"), "Session") == 0) {
        *ret_text = g_strdup (t->session);
        *ret_name = g_strdup ("the session policy");
        return t->session != NULL;
    }
    if (g_str_has_prefix (name, GIVEN)) {
        g_autofree char *index =
            g_strndup (name + strlen (GIVEN), strcspn (name + strlen (GIVEN), "]"));
        if (!text_parse_u64 (index, &i) || i >= json_array_size (t->documents))
            return false;
        const char *file = o->documents->pdata[i];
        *ret_text = g_strdup (json_string_value (json_array_get (t->documents, i)));
        *ret_name = g_strdup (*file == '{' ? "the document" : file);
        return true;
    }
    json_auto_t *params = json_pack ("{s:s}", "PolicyName", name);
    json_auto_t *answer = NULL;
    if (client_action (client, "GetPolicy", params, &answer, NULL) != ERR_OK)
        return false;
    *ret_text = g_strdup (client_text (json_object_get (answer, "Policy"), "PolicyDocument"));
    *ret_name = g_strdup_printf ("the policy %s", name);
    return true;
}

static void print_statement (const char *document, int i)
{
    json_auto_t *doc = json_loads (document, 0, NULL);
    const json_t *statements = json_object_get (doc, "Statement");
    const json_t *one =
        json_is_array (statements) ? json_array_get (statements, (size_t) i) : statements;
    if (one)
        client_print_json (one);
}

static void print_decision (struct client *client, const struct simulate_options *o,
                            const struct trial *t, const json_t *decision)
{
    const char *word = client_text (decision, "Decision");
    bool is_session = strcmp (client_text (decision, "PolicyType"), "Session") == 0;
    int i = (int) json_integer_value (json_object_get (decision, "Statement"));
    g_autofree char *text = NULL;
    g_autofree char *name = NULL;
    if (i < 0)
        printf ("%s: no statement%s allows it.\n", word,
                is_session ? " of the session policy" : "");
    else if (find_document (client, o, t, decision, &text, &name)) {
        printf ("%s by Statement[%d] of %s:\n", word, i, name);
        print_statement (text, i);
    } else {
        printf ("%s by Statement[%d] of %s.\n", word, i, client_text (decision, "PolicyName"));
    }
}

static int simulate (struct client *client, const struct simulate_options *o, char **words,
                     struct trial *t)
{
    struct error e;
    const char *word = words[0];
    g_autofree char *action =
        strchr (word, ':') ? g_strdup (word) : g_strconcat ("imm:", word, NULL);
    g_autofree char *resource = NULL;
    json_auto_t *answer = NULL;
    if (read_documents (o, t, &e) != ERR_OK)
        return client_complain (NULL, &e);
    if (complete_resource (client, action, words[1], &resource, &e) != ERR_OK)
        return client_complain (client, &e);
    json_t *params = make_params (o, t, action, resource);
    int status = group_call (client, &o->server, "SimulatePolicy", params, &answer);
    if (status != EXIT_DONE)
        return status;
    if (!o->server.json)
        print_decision (client, o, t, answer);
    return strcmp (client_text (answer, "Decision"), "Allow") == 0 ? EXIT_DONE : EXIT_UNWELL;
}

int simulate_run (struct client *client, const void *options, char **words)
{
    const struct simulate_options *o = options;
    struct trial t = { 0 };
    if (!o->user && !o->documents) {
        fputs ("bindery policy simulate: --user or --document is missing\n"
               "Try 'bindery policy simulate --help'.\n",
               stderr);
        return EXIT_USAGE;
    }
    int status = simulate (client, o, words, &t);
    trial_clear (&t);
    return status;
}
