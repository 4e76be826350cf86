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
#include "process/process.h"

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
    { "processing", "Processing of images, videos and documents",
      "What `x-oss-process` of the OSS endpoint can say:\n"
      "`TYPE/OPERATION,KEY_VALUE,...[/OPERATION,...][|sys/saveas,o_KEY[,b_BUCKET]]`, or "
      "`style/NAME`.\n\n"
      "Operations are done from left to right, each on what the one before made. Keys may stand "
      "in\nany order; of one that is repeated the last counts, and one that the operation does not "
      "have\nis ignored, as OSS does. What a value may be is checked. *Encoded* values are "
      "base64 with `-`\nand `_`, with or without padding.\n\n"
      "Sizes are rounded to the nearest, and no side becomes 0. Without `auto-orient,1` "
      "before them,\noperations count the pixels as they are stored. Gravity of `crop` says where "
      "the part is laid\nbefore `x` and `y` move it to the right and down; that of a watermark, "
      "which edges they are\ncounted from.\n\n"
      "EC is what `EC` of the answer to a bad value says: the number of the vendor's page about "
      "it.\n",
      process_markdown },
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
    fputs ("bindery manual: expected the name of a page: actions, fields, limits, options or "
           "processing\n",
           stderr);
    return EXIT_USAGE;
}
