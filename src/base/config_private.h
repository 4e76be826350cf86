/* What the files of the configuration share, and nobody else includes: the table of options, and
 * how text becomes a value. */
#pragma once

#include <stddef.h>

#include "base/config.h"
#include "base/macros.h"

enum config_kind { STRING, LIST, INT, SIZE, BOOL, CHOICE, SECRET };

struct config_option {
    const char *name;
    enum config_kind kind;
    size_t offset; /* in struct config */
    const char *def;
    int64_t min, max;
    unsigned flags;
    const char *help;
};

extern const struct config_option config_options[];
extern const size_t config_options_count;
extern const char *const config_option_names[]; /* NULL-terminated */

/* NULL if there is none. */
const struct config_option *config_find_option (const char *name);

/* "BINDERY_LOG_LEVEL". Caller frees. */
char *config_variable_name (const struct config_option *o);

/* "; did you mean 'x'?", or nothing. Caller frees. */
char *config_did_you_mean (const char *word, const char *const *words);

/* Defaults for all options, and an empty file. */
void config_set_defaults (struct config *c);

/* Sets an option from text; `where` is what a person would look for: "--workers". A LIST gets one
 * more item. */
NODISCARD enum err config_set_value (struct config *c, const struct config_option *o,
                                     const char *where, const char *value, struct error *e);

/* The same of a variable or a line of the file: a LIST comes comma-separated and replaces what was
 * there. */
NODISCARD enum err config_set_whole (struct config *c, const struct config_option *o,
                                     const char *where, const char *value, struct error *e);

/* ---- config_store.c: sections of remote stores ---- */

#define CONFIG_STORE_GROUP "store "

/* Reads a section of the file into c->stores. */
NODISCARD enum err config_read_store (struct config *c, const char *path, const char *group,
                                      struct error *e);

/* When all is read: the store of the options store, store-kind ... comes first, if it is a remote
 * one; two stores must not have one name. */
NODISCARD enum err config_finish_stores (struct config *c, struct error *e);
