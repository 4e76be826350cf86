/* The queryable fields (fields.def): their columns in table `file`, and how a row is written. */
#pragma once

#include <jansson.h>
#include <stdint.h>

#include "base/error.h"
#include "index/files.h"
#include "index/sql.h"

/* Facts of an object that are known without reading it. */
struct field_facts {
    const char *bucket, *key;
    const struct file_version *version;
    enum file_status status;
    const char *reason; /* "" or NULL if none */
    const char *object_id;
    int64_t create_ns, update_ns;
};

/* SQL that makes table `file`, its indexes (partial ones for sparse fields) and the dictionary of
 * CODE fields (table `code`: id, text). A script for sql_exec(). */
const char *fields_schema (void);

/* Writes the row `id` of table `file` whole, inserted or replaced, inside the caller's transaction.
 * `meta` may be NULL. */
NODISCARD enum err fields_write_row (struct sql *s, int64_t id, const struct field_facts *facts,
                                     const json_t *meta, struct error *e);
