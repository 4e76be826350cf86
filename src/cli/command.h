/* Sub-commands of the program: what each declares, and how its words are read.
 *
 * A command is a `const struct command` (name, help, options) and a function that gets the words
 * after its name and returns the exit code: 0 done, 1 it failed, 2 wrong usage, 3 what was waited
 * for did not get well, or what was asked about is not allowed, 130 interrupted. One row in main.c
 * adds a command. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <glib.h>

#include "base/error.h"

enum exit_code {
    EXIT_DONE = 0,
    EXIT_ERROR = 1,
    EXIT_USAGE = 2,
    EXIT_UNWELL = 3,
    EXIT_INTERRUPTED = 130
};

/* FLAG: bool. STRING: const char *, borrowed from the words. LIST: GPtrArray * of such (made when
 * the first comes, the caller frees). INT: int64_t, 0 or more. */
enum command_kind { COMMAND_FLAG, COMMAND_STRING, COMMAND_LIST, COMMAND_INT };

struct command_option {
    const char *name; /* without the dashes; NULL ends a table */
    char letter;      /* short form, or 0 */
    enum command_kind kind;
    size_t offset;        /* in the command's own struct */
    const char *value;    /* how the help calls the value */
    const char *variable; /* default from the environment, or NULL */
    const char *help;
};

struct command {
    const char *name;
    const char *summary; /* one line */
    const char *words;   /* "BUCKET" in the usage line, "" if it takes none */
    unsigned words_min, words_max;
    const struct command_option *options;
    const char *text; /* what it does, and examples */
};

/* What every command that talks to a server takes; the first member of its struct. */
struct command_server {
    const char *endpoint, *admin_endpoint, *ca_file, *data;
    bool json;
};

#define COMMAND_SERVER_OPTIONS                                                                     \
    { "endpoint",                                                                                  \
      0,                                                                                           \
      COMMAND_STRING,                                                                              \
      offsetof (struct command_server, endpoint),                                                  \
      "HOST:PORT",                                                                                 \
      "BINDERY_ENDPOINT",                                                                          \
      "the API, https://HOST:PORT with TLS; default: what DATA/endpoints.json says" },             \
        { "admin-endpoint",                                                                        \
          0,                                                                                       \
          COMMAND_STRING,                                                                          \
          offsetof (struct command_server, admin_endpoint),                                        \
          "HOST:PORT",                                                                             \
          "BINDERY_ADMIN_ENDPOINT",                                                                \
          "the administration API; likewise" },                                                    \
        { "ca-file",                                                                               \
          0,                                                                                       \
          COMMAND_STRING,                                                                          \
          offsetof (struct command_server, ca_file),                                               \
          "FILE",                                                                                  \
          "BINDERY_CA_FILE",                                                                       \
          "authorities that https:// endpoints may be of; default: the system's" },                \
        { "data",                                                                                  \
          0,                                                                                       \
          COMMAND_STRING,                                                                          \
          offsetof (struct command_server, data),                                                  \
          "DIR",                                                                                   \
          "BINDERY_DATA",                                                                          \
          "data folder of a server on this machine" },                                             \
    {                                                                                              \
        "json", 0, COMMAND_FLAG, offsetof (struct command_server, json), NULL, NULL, "print JSON"  \
    }

/* The dataset that a command is about: rows for a struct with members `project` and `dataset`. */
#define COMMAND_DATASET_OPTIONS(type)                                                              \
    { "project",         'p',          COMMAND_STRING, offsetof (type, project), "NAME",           \
      "BINDERY_PROJECT", "the project" },                                                          \
    {                                                                                              \
        "dataset", 'd', COMMAND_STRING, offsetof (type, dataset), "NAME", "BINDERY_DATASET",       \
            "the dataset"                                                                          \
    }

/* Reads the words of a command into `options` (zeroed by the caller) and the rest into `words`
 * (borrowed strings, NULL at the end). False if the command is over: --help was printed or a
 * complaint about the usage; then *ret_exit is the exit code. "--" ends the options. */
bool command_parse (const struct command *c, char **args, void *options, GPtrArray *words,
                    int *ret_exit);

/* Complains about wrong usage on standard error; returns EXIT_USAGE. */
int command_usage (const struct command *c, const char *format, ...) PRINTF (2, 3);

/* Frees the lists of a command's struct. */
void command_clear (const struct command *c, void *options);

/* The manual of a command. Caller frees. */
char *command_help (const struct command *c);
