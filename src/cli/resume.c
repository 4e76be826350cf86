/* bindery resume. */
#include "cli/commands.h"

#include <stdio.h>

#include "cli/target.h"

static const struct command_option options[] = { TARGET_OPTIONS, { NULL } };

static const struct command command = { "resume",
                                        "go on after a pause",
                                        "BUCKET",
                                        1,
                                        1,
                                        options,
                                        "What changed during the pause is found by a scan.\n\n"
                                        "  bindery resume photos -p demo -d photos\n" };

int cli_resume (char **args)
{
    struct target o = { 0 };
    g_autoptr (GPtrArray) words = g_ptr_array_new ();
    int status;
    if (!command_parse (&command, args, &o, words, &status))
        return status;
    json_auto_t *answer = NULL;
    if (target_call (&command, &o, words->pdata[0], "ResumeBinding", NULL, &answer, &status) &&
        !o.server.json)
        puts ("Resumed.");
    return status;
}
