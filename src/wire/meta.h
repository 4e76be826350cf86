/* What a worker answers about an object: parsed with limits and checked against meta.def. A reply
 * is as untrusted as the object that it is about.
 *
 * Threads: any. */
#pragma once

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* Version of the extractors; grows when one of them changes what it finds. */
#define META_EXTRACTOR_VERSION 3

/* Parses `length` bytes (at most LIMIT_RESULT) of JSON: one object whose members, and those
 * of the structures in it, are all rows of meta.def, of the row's type and length, in UTF-8.
 * WORKER_PROTOCOL if anything else. The caller owns `ret`. */
NODISCARD enum err meta_parse (const char *text, size_t length, json_t **ret, struct error *e);
