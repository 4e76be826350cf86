/* Configuration of the server: one table (config.def) makes flags, variables, file and manual. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>

#include "base/error.h"

#define CONFIG_NO_FLAG 1 /* variable and file only */

/* C types of the kinds. */
#define CONFIG_TYPE_STRING char *
#define CONFIG_TYPE_LIST   char **
#define CONFIG_TYPE_INT    int64_t
#define CONFIG_TYPE_SIZE   uint64_t
#define CONFIG_TYPE_BOOL   bool
#define CONFIG_TYPE_CHOICE char *
#define CONFIG_TYPE_SECRET char *

struct config {
#define OPTION(field, kind, name, def, min, max, flags, help) CONFIG_TYPE_##kind field;
#include "base/config.def"
#undef OPTION
    GKeyFile
        *file; /* the whole configuration file, for sections such as [bucket NAME]; never NULL */
    GPtrArray *stores; /* struct config_store: the remote stores */
};

/* A remote store: that of --store URL, which goes by its kind, or a section [store NAME]. */
struct config_store {
    char *name;
    struct config options; /* its options store (the URL), store_kind, store_region ... */
};
void config_store_free (void *store);

/* Reads defaults, the file, the environment and the flags, each beating the ones before. `args` are
 * the words after `serve`, NULL at the end. The file is --config FILE, else $BINDERY_CONFIG, else
 * /etc/bindery/bindery.conf if it is there. It has the section [server]; for each bucket that
 * needs one [bucket NAME] with `path`, `include` and `exclude` (the last two ';'-separated); for
 * each further remote store [store NAME] with `url`, the options store-X as X, and lines
 * `alias NAME = BUCKET`. An empty variable counts as not set.
 * Errors (INVALID_ARGUMENT) name the option, where it was set, the value and what was expected. The
 * caller clears `ret`, also after an error. */
NODISCARD enum err config_load (char **args, struct config *ret, struct error *e);

void config_clear (struct config *c);

/* What the file says of a bucket: NULL-terminated patterns, never NULL; the caller frees them with
 * g_strfreev(). `which` is "include" or "exclude". */
char **config_bucket_patterns (const struct config *c, const char *bucket, const char *which);

/* The manual of all options, as `serve --help` prints it. Caller frees. */
char *config_help (void);

/* The same as a Markdown table, for docs/reference/options.md. Caller frees. */
char *config_markdown (void);
