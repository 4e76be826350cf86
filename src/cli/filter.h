/* The filter language of `bindery query`, compiled to the Query of SimpleQuery:
 *
 *   Size > 10MB and (MediaType = image or MediaType = video)
 *   ProduceTime = 2024-05 and not Filename ^= "trash/"
 *   Reason ~ "no such chunk" or ProduceTime?
 *
 *   = != > >= < <=   compare          ^=  begins with
 *   ~  contains the phrase            ?   is there
 *   and, or, not, ( )                 and binds tighter than or; any case
 *
 * Values are bare words or quoted with " or ' (a backslash escapes). Fields of sizes and counts
 * take units: 10k, 64MiB (powers of 1024), 10kB, 1.5GB (powers of 1000). Fields of times take
 * RFC 3339 or a part of it, in UTC: 2024, 2024-05, 2024-05-01, 2024-05-01T12:30; a part means the
 * whole of that year, month ... Names of fields are those of index/fields.def in any case; names
 * with a dot (Labels.LabelName) go to the server as they are. */
#pragma once

#include <jansson.h>
#include <stddef.h>

#include "base/error.h"

/* INVALID_ARGUMENT with the byte of `text` where it went wrong in *ret_offset. NULL in *ret for a
 * filter of nothing but spaces: all rows. */
NODISCARD enum err filter_parse (const char *text, json_t **ret, size_t *ret_offset,
                                 struct error *e);

/* Two lines: the filter, and a caret below the byte `offset`. Caller frees. */
char *filter_point_at (const char *text, size_t offset);

/* The name of a field as the protocol spells it, or NULL if it is none. Static. */
const char *filter_field_name (const char *name);

/* The field that was most likely meant, or NULL. Static. */
const char *filter_field_nearest (const char *name);

/* True for a field that holds bytes or counts, or a time. */
enum filter_kind { FILTER_TEXT, FILTER_NUMBER, FILTER_TIME };
enum filter_kind filter_field_kind (const char *name);
