/* bindery manual: the generated pages of docs/reference. */
#include "cli/commands.h"

#include <stdio.h>
#include <string.h>
#include <glib.h>

#include "api/reference.h"
#include "base/config.h"
#include "base/macros.h"
#include "cli/command.h"
#include "cli/limits.h"
#include "index/query.h"

static const struct {
    const char *name, *title, *intro;
    char *(*make) (void);
} pages[] = {
    { "actions", "Actions of the API",
      "What is called by name over the protocol of Intelligent Media Management 2020-09-30, and "
      "what\n"
      "the administration port knows beside it. `bindery call ACTION --Param VALUE` calls any.\n",
      actions_markdown },
    { "fields", "Fields of a query",
      "What `SimpleQuery` and `bindery query` can compare, sort by and count.\n",
      query_fields_markdown },
    { "limits", "Limits",
      "What the server takes and holds, and what happens beyond it. Those with an option can be "
      "changed;\nthe others are part of the program. Sizes are powers of two.\n",
      limits_markdown },
    { "options", "Options of the server",
      "A flag beats a variable, a variable the configuration file (`--config FILE`, else\n"
      "`$BINDERY_CONFIG`, else `/etc/bindery/bindery.conf`). Lists are comma-separated in "
      "variables "
      "and\nin the file; as a flag they are given once for each item. A switch may stand alone as "
      "a flag.\n\n"
      "`--store URL` sets up one remote store, which goes by its kind as name. Each section\n"
      "`[store NAME]` of the file sets up one more: `url = ...` is its `store`, `kind = ...` its\n"
      "`store-kind`, and so on; `alias NAME = BUCKET` serves its BUCKET as NAME.\n",
      config_markdown },
};

int cli_manual (char **args)
{
    for (size_t i = 0; args[0] && i < N_ELEMENTS (pages); i++) {
        if (strcmp (pages[i].name, args[0]) != 0)
            continue;
        g_autofree char *text = pages[i].make ();
        printf ("<!-- Made by `bindery manual %s`; do not edit. -->\n# %s\n\n%s\n%s", pages[i].name,
                pages[i].title, pages[i].intro, text);
        return EXIT_DONE;
    }
    fputs ("bindery manual: expected the name of a page: actions, fields, limits or options\n",
           stderr);
    return EXIT_USAGE;
}
