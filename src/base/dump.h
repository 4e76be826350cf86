/* JSON as text, compact: byte for byte what jansson writes with JSON_COMPACT, in a fraction of the
 * time. For what is written once an object. */
#pragma once

#include <jansson.h>
#include <stddef.h>
#include <glib.h>

/* Appends a value. Goes as deep as the value does: the caller knows that this is bounded. */
void dump_json (GString *out, const json_t *value);

/* Appends UTF-8 in quotes. */
void dump_string (GString *out, const char *text, size_t len);
