/* Commands with verbs, `bindery user create alice`: each verb is a command of its own. */
#pragma once

#include "cli/client.h"
#include "cli/command.h"

struct verb {
    struct command command; /* named as it is called: "user create" */
    size_t size;            /* of its options, a struct that begins with struct command_server */
    int (*run) (struct client *client, const void *options, char **words);
};

struct group {
    const char *name, *summary;
    const char *text; /* what all this is about, and examples */
    const struct verb *verbs;
    size_t n_verbs;
};

/* Finds the verb, reads its words, opens the client, runs it; returns the exit code. */
int group_run (const struct group *g, char **args);

/* For verbs that take no option but the server's. */
extern const struct command_option group_no_options[];

/* Calls an action, `params` being taken. What the answer says is printed as JSON if that is wanted.
 * On failure it has been said; returns the exit code. `ret` is the caller's. */
int group_call (struct client *client, const struct command_server *o, const char *action,
                json_t *params, json_t **ret);

/* The same; what was done to whom is said, unless JSON is wanted. */
int group_do (struct client *client, const struct command_server *o, const char *action,
              json_t *params, const char *done, const char *word);

/* "Label        text", escaped. */
void group_print_line (const char *label, const char *text);
