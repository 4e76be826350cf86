/* What the extractors of packages share: a document, the value of the property that is open, and
 * text that counts while elements with text are open and none that is passed over. A reader is a
 * struct that begins with a struct package_reader; the functions that take `reader` fit into struct
 * package_events. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <glib.h>

#include "base/error.h"
#include "worker/document.h"
#include "worker/input.h"
#include "worker/zip.h"

struct package_reader {
    struct document document;
    GString *value;   /* text of the property that is open */
    unsigned in_text; /* elements with text that are open */
    unsigned skipped; /* elements that are open and passed over */
};

/* Opens the package, calls `read`, and reports what it found, even if it failed. Sets up and clears
 * what is in struct package_reader. */
NODISCARD enum err package_extract (struct input *in, json_t *meta, struct package_reader *reader,
                                    enum err (*read) (struct zip *z, struct package_reader *reader,
                                                      struct error *e),
                                    struct error *e);

/* Adds to the value, up to LIMIT_PROPERTY. */
void package_take_value (void *reader, const char *text, size_t length);

/* Adds to the document's text. */
void package_take_text (void *reader, const char *text, size_t length);

/* Ends a run of elements with text: a line where one of `breaks` ends, else a space where one of
 * `spaces` does. Lists end with NULL. */
void package_end_text (struct package_reader *reader, const char *element,
                       const char *const *breaks, const char *const *spaces);

/* The document has all the text it may have. */
bool package_is_enough (void *reader);
