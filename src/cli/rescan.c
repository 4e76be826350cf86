/* bindery rescan. */
#include "cli/commands.h"

#include <stdio.h>

#include "cli/target.h"

struct rescan_options {
    struct target target;
    const char *prefix;
    bool reindex, accept_mounts;
};

static const struct command_option options[] = {
    { "prefix", 0, COMMAND_STRING, offsetof (struct rescan_options, prefix), "KEY", NULL,
      "only keys that begin with this" },
    { "reindex", 0, COMMAND_FLAG, offsetof (struct rescan_options, reindex), NULL, NULL,
      "read again what was read under another workflow template" },
    { "accept-mounts", 0, COMMAND_FLAG, offsetof (struct rescan_options, accept_mounts), NULL, NULL,
      "what is mounted in the bucket now is right, even if it is another disk than before" },
    TARGET_OPTIONS,
    { NULL },
};

static const struct command command = {
    "rescan",
    "compare a bucket with the index now",
    "BUCKET",
    1,
    1,
    options,
    "Changes are followed all the time, and compared every rescan-interval; this does it at once.\n"
    "An unchanged file is not opened.\n\n"
    "  bindery rescan photos -p demo -d photos --prefix 2024/\n"
    "  bindery rescan photos -p demo -d photos --accept-mounts\n"
};

static json_t *make_params (const struct rescan_options *o)
{
    json_t *params = json_object ();
    if (o->prefix)
        json_object_set_new (params, "Prefix", json_string (o->prefix));
    if (o->reindex)
        json_object_set_new (params, "Reindex", json_true ());
    if (o->accept_mounts)
        json_object_set_new (params, "AcceptMounts", json_true ());
    return params;
}

int cli_rescan (char **args)
{
    struct rescan_options o = { 0 };
    g_autoptr (GPtrArray) words = g_ptr_array_new ();
    int status;
    if (!command_parse (&command, args, &o, words, &status))
        return status;
    if (o.prefix && !g_utf8_validate (o.prefix, -1, NULL))
        return command_usage (&command, "--prefix is not UTF-8");
    json_auto_t *more = make_params (&o);
    json_auto_t *answer = NULL;
    if (target_call (&command, &o.target, words->pdata[0], "RescanBinding", more, &answer,
                     &status) &&
        !o.target.server.json)
        puts ("The scan is queued; `bindery status` shows its progress.");
    return status;
}
