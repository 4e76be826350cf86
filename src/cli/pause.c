/* bindery pause. */
#include "cli/commands.h"

#include <stdio.h>

#include "cli/target.h"

struct pause_options {
    struct target target;
    const char *reason;
};

static const struct command_option options[] = {
    { "reason", 0, COMMAND_STRING, offsetof (struct pause_options, reason), "TEXT", NULL,
      "what the binding's Reason says meanwhile" },
    TARGET_OPTIONS,
    { NULL },
};

static const struct command command = {
    "pause",
    "stop keeping the index in step for a while",
    "BUCKET",
    1,
    1,
    options,
    "The binding is Stopped until `bindery resume`: nothing is listed or read, queries go on.\n\n"
    "  bindery pause photos -p demo -d photos --reason 'disk is being replaced'\n"
};

int cli_pause (char **args)
{
    struct pause_options o = { 0 };
    g_autoptr (GPtrArray) words = g_ptr_array_new ();
    int status;
    if (!command_parse (&command, args, &o, words, &status))
        return status;
    json_auto_t *more = o.reason ? json_pack ("{s:s}", "Reason", o.reason) : NULL;
    json_auto_t *answer = NULL;
    if (target_call (&command, &o.target, words->pdata[0], "PauseBinding", more, &answer,
                     &status) &&
        !o.target.server.json)
        puts ("Paused. `bindery resume` goes on.");
    return status;
}
