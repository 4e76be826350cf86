/* Rows of a dataset: one for every object of the bound buckets, extracted or not.
 *
 * Tables (the schema is in schema.c):
 *   object  (uri PRIMARY KEY, id, size, mtime_ns, etag, extractor, operators, status, commit_no,
 *            storage_class) WITHOUT ROWID: in key order, all that a merge compares
 *   file    (id INTEGER PRIMARY KEY, columns of fields.def): narrow, all that queries filter, sort
 *            and count
 *   doc     (id INTEGER PRIMARY KEY, json): the answer document, as it goes out; absent while
 *            Pending
 * ids grow and are never used again. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <glib.h>

#include "base/error.h"
#include "index/dataset.h"

enum file_status { FILE_PENDING, FILE_INDEXED, FILE_FAILED };

/* The version of an object as the index knows it; mirrors the store's facts. */
struct file_version {
    uint64_t size;
    int64_t mtime_ns;
    char etag[64];
};

#define FILE_CLASS_SIZE 32

/* The storage class as rows keep it: "" for the standard one, by whatever name, and for NULL. */
const char *file_storage_class (const char *name);

/* Among the operators of a row: it was written without its text, which is to follow. */
#define FILE_LACKS_TEXT (UINT32_C (1) << 31)

/* What a merge needs of a row. */
struct index_entry {
    const char *key; /* owned by the page */
    struct file_version version;
    uint32_t extractor; /* version of the extractors that made the row; 0 while Pending */
    uint32_t operators; /* operators of the template that it was made with */
    enum file_status status;
    int64_t commit_no;
    char storage_class[FILE_CLASS_SIZE];
};

struct index_page {
    GArray *entries; /* struct index_entry, ascending */
    GStringChunk *keys;
    bool is_last;
};

void index_page_init (struct index_page *p);
void index_page_clear (struct index_page *p);

/* At most `max` rows of the bucket with keys in (after, before), in byte order; NULL: no bound.
 * Resets the page. */
NODISCARD enum err files_page (struct dataset_db *db, const char *bucket, const char *after,
                               const char *before, size_t max, struct index_page *ret,
                               struct error *e);

/* How many rows there are, at most `max`. */
NODISCARD enum err files_count_page (struct dataset_db *db, const char *bucket, const char *after,
                                     const char *before, size_t max, size_t *ret, struct error *e);

/* The row of one key. NOT_FOUND. ret->key is NULL. */
NODISCARD enum err files_get_entry (struct dataset_db *db, const char *bucket, const char *key,
                                    struct index_entry *ret, struct error *e);

/* Width and height of a picture as stored, frames if there are several; 0: not known. NOT_FOUND. */
struct file_dimensions {
    struct file_version version;
    uint32_t width, height, frames;
};
NODISCARD enum err files_get_dimensions (struct dataset_db *db, const char *bucket, const char *key,
                                         struct file_dimensions *ret, struct error *e);

/* Adds keys of the bucket to `keys` (char *, ascending) that divide its rows into parts of about
 * the same size: at most `max_parts`, of at least about `min_rows` rows each. Looks at
 * LIMIT_SPLIT_SAMPLES rows at most, however many there are. */
NODISCARD enum err files_divide (struct dataset_db *db, const char *bucket, size_t max_parts,
                                 size_t min_rows, GPtrArray *keys, struct error *e);

/* What all answer documents of a dataset have in common. */
struct file_context {
    const char *owner_id, *project, *dataset; /* names */
    int timezone_min;
};

/* The answer documents of the URIs that are indexed, in the order of `uris` (missing ones left
 * out), appended to `out` as JSON objects joined by ','. `fields` (NULL-terminated; NULL: all):
 * only these members, plus URI. */
NODISCARD enum err files_get_documents (struct dataset_db *db, const struct file_context *ctx,
                                        const char *const *uris, size_t n,
                                        const char *const *fields, GString *out, struct error *e);

/* Removes all rows, work, failures and ranges of a bucket, in batches; *ret_removed counts rows.
 * For `unbind --purge`; no binding of the bucket may be active. */
NODISCARD enum err files_purge (struct dataset_db *db, const char *bucket, int64_t *ret_removed,
                                struct error *e);
