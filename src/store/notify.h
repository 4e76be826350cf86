/* What a bucket is to be told to report its changes: the services' ways, and their configurations
 * in the XML of S3. Pure functions; who sends them is another matter. */
#pragma once

#include <stddef.h>

#include "base/error.h"

/* A way in which services report changes. */
struct notify_style {
    const char *name;             /* "aws" */
    const char *element, *target; /* of the configuration: "TopicConfiguration", "Topic"; NULL: it
                                     has none in the bucket */
    const char *member;           /* as element in the command line's JSON: "TopicConfigurations" */
    const char *const *events;    /* that are asked for; NULL at the end */
};

/* The style of that name, or NULL. notify_style_names: all, as "aws, minio ...", static. */
const struct notify_style *notify_style_find (const char *name);
const char *notify_style_names (void);

/* One configuration, by which events of the bucket go to `target`. Caller frees. */
char *notify_entry (const struct notify_style *style, const char *id, const char *target);

/* A whole configuration: what `xml` has but for the configuration `id`, and `entry` (NULL: none).
 * So what others set up stays. STORE_DOWN if `xml` is no notification configuration. Caller frees.
 */
NODISCARD enum err notify_merge (const void *xml, size_t len, const char *id, const char *entry,
                                 char **ret, struct error *e);
