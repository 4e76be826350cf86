/* Watches a binding until its full scan is over. */
#pragma once

#include <jansson.h>

#include "cli/client.h"

/* `params` names the binding. Draws a bar on standard error if that is a terminal, else a line
 * every few seconds; then says the result on standard output (the Binding, with `json`). Ctrl-C
 * ends the watching only. Returns the exit code: DONE once it is in step; UNWELL if it is Retrying,
 * Failed or Stopped; INTERRUPTED; ERROR if the server cannot be asked. */
int wait_for_scan (struct client *c, const json_t *params, bool json);
