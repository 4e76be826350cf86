/* The XML in ZIP packages: office documents and e-books. GMarkup does the XML: it knows no document
 * types, no entities but the five of XML, and opens nothing; bombs of entities are errors. UTF-8,
 * or UTF-16 with a mark. Elements go by their names without a prefix. What is deeper than
 * LIMIT_PACKAGE_DEPTH is refused. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "worker/zip.h"

/* What the reader of a part does; all may be NULL. `data` is the reader's own. */
struct package_events {
    void (*start) (void *data, const char *element, const char **names, const char **values);
    void (*end) (void *data, const char *element);
    void (*text) (void *data, const char *text, size_t length);
    bool (*is_enough) (void *data); /* the rest of the part need not be read */
};

/* Reads one part. EXTRACT_FAILED if it is damaged, NOT_FOUND if the package has none of that name,
 * LIMIT if the package is too large. */
NODISCARD enum err package_read (struct zip *z, const char *name,
                                 const struct package_events *events, void *data, struct error *e);

/* The value of an attribute by its name without a prefix, or NULL. */
const char *package_attribute (const char **names, const char **values, const char *name);

/* "meta:keyword": "keyword". */
const char *package_local_name (const char *qualified);
