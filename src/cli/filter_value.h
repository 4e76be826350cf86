/* Inside of the filter language: what a comparison means in SimpleQuery. */
#pragma once

#include <jansson.h>
#include <stdint.h>

#include "base/error.h"

/* The node for `field operator value`. Numbers and times are read by the field's kind: the message
 * of INVALID_ARGUMENT says what was expected. */
NODISCARD enum err filter_leaf (const char *field, const char *operator, const char * value,
                                json_t **ret, struct error *e);

/* The node for `not inner`. */
json_t *filter_not (json_t *inner);

/* "10MB", "1.5GiB", "640": false if it is none. */
bool filter_parse_number (const char *text, char **ret);

/* "2024", "2024-05", ... RFC 3339: the span [*ret_from, *ret_to) in ns that it means; of a whole
 * time the two are equal. */
bool filter_parse_time (const char *text, int64_t *ret_from, int64_t *ret_to);
