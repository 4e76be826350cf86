/* What the commands about one binding share: server, project, dataset and bucket. */
#pragma once

#include <jansson.h>

#include "cli/client.h"
#include "cli/command.h"

/* First member of the struct of such a command. */
struct target {
    struct command_server server;
    const char *project, *dataset;
};

#define TARGET_OPTIONS COMMAND_DATASET_OPTIONS (struct target), COMMAND_SERVER_OPTIONS

/* Opens the client and makes the parameters ProjectName, DatasetName and URI. `bucket` is
 * "oss://NAME" or "NAME". False if that failed: it has been said, *ret_exit is the exit code. Both
 * are owned by the caller. */
bool target_open (const struct command *c, const struct target *t, const char *bucket,
                  struct client **ret_client, json_t **ret_params, int *ret_exit);

/* "oss://NAME" of either form. Caller frees. */
char *target_uri (const char *bucket);

/* A whole command: parse, open, one call. On success the answer is printed as JSON if wanted, else
 * nothing; the caller owns it. False as above. */
bool target_call (const struct command *c, const struct target *t, const char *bucket,
                  const char *action, json_t *more_params, json_t **ret, int *ret_exit);
