/* Picks the verb of a command and runs it. */
#include "cli/group.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cli/table.h"

const struct command_option group_no_options[] = { COMMAND_SERVER_OPTIONS, { NULL } };

/* "create" of "user create". */
static const char *verb_name (const struct verb *v)
{
    return strchr (v->command.name, ' ') + 1;
}

static void print_help (const struct group *g)
{
    printf ("bindery %s: %s\n\nUsage: bindery %s VERB ...\n\n", g->name, g->summary, g->name);
    for (size_t i = 0; i < g->n_verbs; i++) {
        const struct command *c = &g->verbs[i].command;
        g_autofree char *left = g_strconcat (verb_name (&g->verbs[i]), " ", c->words, NULL);
        printf ("  %-28s %s\n", left, c->summary);
    }
    printf ("\n%s\n'bindery %s VERB --help' tells more.\n", g->text, g->name);
}

static int unknown_verb (const struct group *g, const char *word)
{
    g_autoptr (GPtrArray) names = g_ptr_array_new ();
    for (size_t i = 0; i < g->n_verbs; i++)
        g_ptr_array_add (names, (char *) verb_name (&g->verbs[i]));
    g_ptr_array_add (names, NULL);
    const char *nearest = word ? text_nearest (word, (const char **) names->pdata) : NULL;
    if (!word)
        fprintf (stderr, "bindery %s: a verb is missing", g->name);
    else
        fprintf (stderr, "bindery %s: unknown verb '%s'%s%s%s", g->name, word,
                 nearest ? "; did you mean '" : "", nearest ? nearest : "", nearest ? "'?" : "");
    fprintf (stderr, "\nTry 'bindery %s --help'.\n", g->name);
    return EXIT_USAGE;
}

static int run_verb (const struct verb *v, char **args)
{
    g_autofree void *options = g_malloc0 (v->size);
    g_autoptr (GPtrArray) words = g_ptr_array_new ();
    _cleanup_client_ struct client *client = NULL;
    struct error e;
    int status;
    if (command_parse (&v->command, args, options, words, &status))
        status = client_open (options, &client, &e) == ERR_OK
                     ? v->run (client, options, (char **) words->pdata)
                     : client_complain (NULL, &e);
    command_clear (&v->command, options);
    return status;
}

int group_run (const struct group *g, char **args)
{
    const char *word = args[0];
    if (word && (strcmp (word, "--help") == 0 || strcmp (word, "-h") == 0)) {
        print_help (g);
        return EXIT_DONE;
    }
    for (size_t i = 0; word && i < g->n_verbs; i++)
        if (strcmp (verb_name (&g->verbs[i]), word) == 0)
            return run_verb (&g->verbs[i], args + 1);
    return unknown_verb (g, word);
}

int group_call (struct client *client, const struct command_server *o, const char *action,
                json_t *params, json_t **ret)
{
    struct error e;
    json_auto_t *taken = params;
    if (!taken) {
        fputs ("bindery: names and texts must be UTF-8\n", stderr);
        return EXIT_USAGE;
    }
    if (client_action (client, action, taken, ret, &e) != ERR_OK)
        return client_complain (client, &e);
    if (o->json)
        client_print_json (*ret);
    return EXIT_DONE;
}

int group_do (struct client *client, const struct command_server *o, const char *action,
              json_t *params, const char *done, const char *word)
{
    json_auto_t *answer = NULL;
    int status = group_call (client, o, action, params, &answer);
    if (status == EXIT_DONE && !o->json)
        printf ("%s %s.\n", done, word);
    return status;
}

void group_print_line (const char *label, const char *text)
{
    g_autofree char *shown = table_escape (text);
    printf ("%-13s %s\n", label, shown);
}
