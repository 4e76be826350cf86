/* Answer documents: the protocol's File object as JSON text (spec section 8), made once when a row
 * is written and copied from then on. Rows that were not extracted yet have none: theirs is made
 * from the facts when somebody asks.
 *
 * Threads: any; a session belongs to one. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <glib.h>

#include "base/error.h"
#include "index/dataset.h"
#include "index/fields.h"
#include "index/files.h"

/* ObjectId of a URI in a dataset: 64 hex digits and NUL. */
#define DOCUMENT_ID_SIZE 65
void document_object_id (int64_t dataset, const char *uri, char ret[DOCUMENT_ID_SIZE]);

/* Leaves of an extractor's answer what `operators` ask for; a time without zone gets that of
 * `timezone_min`. */
void document_filter_meta (json_t *meta, uint32_t operators, int timezone_min);

/* Adds what the store told of the object to a document's `meta`, over what is there. What it did
 * not tell is as in a folder: an object of the type Normal, with the bucket's ACL. */
void document_add_attributes (json_t *meta, const json_t *attributes, const char *storage_class);

/* A stored document with another storage class and time of change, if it tells the class at all.
 * Caller frees. */
NODISCARD enum err document_set_class (const char *text, const char *storage_class,
                                       int64_t update_ns, int timezone_min, char **ret,
                                       struct error *e);

/* The document of a row, compact. `meta` is filtered already and may be NULL. Caller frees. */
char *document_text (const struct file_context *ctx, const struct field_facts *facts,
                     uint32_t operators, const json_t *meta);

/* Appends the documents of rows to `out`, joined by ',' (also to what `out` holds already, if
 * that is not empty). By URI, or by row id (file.id). `fields` (NULL-terminated; NULL or empty:
 * all) picks members; URI is always there. *ret_found: false if there is no such row. */
NODISCARD enum err document_append_uri (struct dataset_db *db, struct sql *s,
                                        const struct file_context *ctx, const char *uri,
                                        const char *const *fields, GString *out, bool *ret_found,
                                        struct error *e);
NODISCARD enum err document_append_id (struct dataset_db *db, struct sql *s,
                                       const struct file_context *ctx, int64_t id,
                                       const char *const *fields, GString *out, bool *ret_found,
                                       struct error *e);
