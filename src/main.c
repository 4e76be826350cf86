/* The program `bindery`: picks the sub-command and runs it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <glib.h>

#include "base/text.h"
#include "cli/command.h"
#include "cli/commands.h"

static const struct {
    const char *name;
    int (*run) (char **args);
    const char *help; /* NULL: not for people */
} commands[] = {
    { "serve", cli_serve, "run the server" },
    { "buckets", cli_buckets, "list what can be bound, and to what it is bound" },
    { "bind", cli_bind, "bind a bucket to a dataset: index it and keep the index in step" },
    { "unbind", cli_unbind, "end a binding" },
    { "pause", cli_pause, "stop keeping the index in step for a while" },
    { "resume", cli_resume, "go on after a pause" },
    { "rescan", cli_rescan, "compare a bucket with the index now" },
    { "notify", cli_notify, "have a bucket report its changes, or show how that is set up" },
    { "failed", cli_failed, "list the objects that could not be read, or retry them" },
    { "query", cli_query, "search a dataset" },
    { "user", cli_user, "make, list, show, change and delete users" },
    { "key", cli_key, "make, list, deactivate and delete the keys of users" },
    { "policy", cli_policy, "write policies, give them to users, and try them" },
    { "style", cli_style, "name what images of a bucket are processed by" },
    { "status", cli_status, "show the server, its workers and all bindings" },
    { "call", cli_call, "call any action of the API" },
    { "manual", cli_manual, NULL },
};

static void print_help (FILE *out)
{
    fputs ("Bindery binds buckets to datasets and answers queries over the objects' metadata.\n\n"
           "Usage: bindery COMMAND ...\n\n",
           out);
    for (size_t i = 0; i < N_ELEMENTS (commands); i++)
        if (commands[i].help)
            fprintf (out, "  %-9s %s\n", commands[i].name, commands[i].help);
    fputs ("\n'bindery COMMAND --help' tells more, with examples. 'bindery --version' prints the "
           "version.\n",
           out);
}

static int unknown_command (const char *name)
{
    const char *names[N_ELEMENTS (commands) + 1] = { NULL };
    for (size_t i = 0; i < N_ELEMENTS (commands); i++)
        names[i] = commands[i].name;
    const char *nearest = text_nearest (name, names);
    fprintf (stderr, "bindery: unknown command '%s'%s%s%s\nTry 'bindery help'.\n", name,
             nearest ? "; did you mean '" : "", nearest ? nearest : "", nearest ? "'?" : "");
    return EXIT_USAGE;
}

static int run_command (const char *name, char **args)
{
    for (size_t i = 0; i < N_ELEMENTS (commands); i++)
        if (strcmp (commands[i].name, name) == 0)
            return commands[i].run (args);
    return unknown_command (name);
}

static int run (int argc, char **argv)
{
    if (argc < 2) {
        print_help (stderr);
        return EXIT_USAGE;
    }
    const char *word = argv[1];
    if (strcmp (word, "--version") == 0 || strcmp (word, "version") == 0) {
        puts ("bindery " BINDERY_VERSION);
        return EXIT_DONE;
    }
    if (strcmp (word, "help") == 0 && argc > 2)
        return run_command (argv[2], (char *[]){ "--help", NULL });
    if (strcmp (word, "help") == 0 || strcmp (word, "--help") == 0 || strcmp (word, "-h") == 0) {
        print_help (stdout);
        return EXIT_DONE;
    }
    return run_command (word, argv + 2);
}

/* A full disk at the other end of standard output must not look like success. */
int main (int argc, char **argv)
{
    int status = run (argc, argv);
    bool is_written = !ferror (stdout);
    if (fflush (stdout) == 0 && is_written)
        return status;
    fprintf (stderr, "bindery: cannot write the output: %s\n", g_strerror (errno));
    return status == EXIT_DONE ? EXIT_ERROR : status;
}
