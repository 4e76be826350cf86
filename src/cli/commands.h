/* The functions of the sub-commands; each gets the words after its name, NULL at the end, and
 * returns the exit code (command.h). */
#pragma once

int cli_serve (char **args);
int cli_call (char **args);
int cli_buckets (char **args);
int cli_bind (char **args);
int cli_unbind (char **args);
int cli_pause (char **args);
int cli_resume (char **args);
int cli_rescan (char **args);
int cli_failed (char **args);
int cli_notify (char **args);
int cli_query (char **args);
int cli_status (char **args);
int cli_user (char **args);
int cli_key (char **args);
int cli_policy (char **args);
int cli_style (char **args);
int cli_manual (char **args);
