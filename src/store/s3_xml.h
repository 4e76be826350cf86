/* XML as stores answer it: read value by value, with limits on size, depth and number. What is no
 * well-formed document with the expected root is STORE_DOWN, and the message says what was wrong.
 * Private to the remote stores. */
#pragma once

#include <stddef.h>

#include "base/error.h"

/* Takes an element that has ended: `path` is where it stands, below the root ("Contents/Key"), and
 * `text` what stood in it; white space between elements is no text. Any error ends the reading. */
typedef enum err s3_xml_fn (void *arg, const char *path, const char *text, struct error *e);

/* Any error of `take`, or STORE_DOWN. */
NODISCARD enum err s3_xml_read (const void *text, size_t len, const char *root, s3_xml_fn *take,
                                void *arg, struct error *e);
