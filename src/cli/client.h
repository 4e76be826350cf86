/* A client of the API for the sub-commands: finds the server, signs (ACS3-HMAC-SHA256), calls.
 *
 * The server is the one of --endpoint, whose certificate must be valid (--ca-file); else the one
 * that runs on the data folder (--data, else /var/lib/bindery, else ./bindery-data if a server made
 * that), whose public key must be what it says there. The key is $BINDERY_ACCESS_KEY_ID and
 * _SECRET (with $BINDERY_SECURITY_TOKEN if it is a temporary one), else the root key in the data
 * folder. */
#pragma once

#include <jansson.h>

#include "base/error.h"
#include "cli/command.h"

struct client;

NODISCARD enum err client_open (const struct command_server *o, struct client **ret,
                                struct error *e);
void client_close (struct client *c);
static inline void client_closep (struct client **c)
{
    client_close (*c); /* NULL is fine */
}
#define _cleanup_client_ __attribute__ ((cleanup (client_closep)))

/* Calls an action. `params` is an object; strings go as they are, numbers and booleans as text,
 * arrays and objects as JSON. `ret` is the answer, owned by the caller. UNAVAILABLE: the server
 * cannot be reached. CONFLICT: it refused, see client_refusal(). */
NODISCARD enum err client_action (struct client *c, const char *action, const json_t *params,
                                  json_t **ret, struct error *e);

/* Calls an action that lists by pages until there are no more: the rows that all answers have under
 * `name`, as one array. */
NODISCARD enum err client_list (struct client *c, const char *action, const json_t *params,
                                const char *name, json_t **ret, struct error *e);

/* Code of the last refusal ("ResourceNotFound"); "" if the last call was not refused. Borrowed. */
const char *client_refusal (const struct client *c);

/* Where the API is, "https://HOST:PORT"; NULL if that is not known. Borrowed. */
const char *client_endpoint (const struct client *c);

/* Prints what went wrong on standard error; returns EXIT_ERROR. */
int client_complain (const struct client *c, const struct error *e);

/* A text of an answer's object, "" if it is not there. Borrowed. */
const char *client_text (const json_t *object, const char *name);

/* "2026-01-31T12:00:00" of a time in an answer, for tables. Caller frees. */
char *client_time (const json_t *object, const char *name);

/* Prints a document on standard output, for --json. */
void client_print_json (const json_t *doc);
