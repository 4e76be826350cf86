/* What all extractors of texts do: take the object's first bytes, and answer strings. */
#pragma once

#include <stdbool.h>
#include <jansson.h>

#include "worker/body_text.h"
#include "worker/charset.h"
#include "worker/input.h"

/* The first `limit` bytes of the object, or all of it; a NUL follows them. The caller owns it. */
uint8_t *text_fields_load (struct input *in, size_t limit, size_t *ret_length);

/* Where the text is not asked for, the object's head has to do: how much of `limit` bytes to load,
 * and as much of the text as tells its language. */
size_t text_fields_size (const struct input *in, size_t limit);
void text_fields_leave (const struct input *in, struct body_text *body);

/* Sets a field of at most `limit` bytes of UTF-8, white space collapsed; unless there is nothing,
 * or it is set. */
void text_fields_set (json_t *meta, const char *name, const char *text, size_t length,
                      size_t limit);

/* Adds the words between commas and semicolons to Labels, each once. */
void text_fields_add_labels (json_t *meta, const char *text, size_t length);

/* Sets a time as civil_append() reads it. */
void text_fields_set_time (json_t *meta, const char *name, const char *text);

/* Language of what was collected, unless it is set; Charset; DocumentText. `charset` may be NULL.
 */
void text_fields_report (json_t *meta, const struct body_text *body, const struct charset *charset,
                         bool has_language);
