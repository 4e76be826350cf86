/* One row of a dataset across its tables (object, file, doc), and the numbers that count rows. For
 * files.c and work_*.c, inside their transactions. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "index/dataset.h"
#include "index/files.h"

/* "oss://bucket/key". Caller frees. */
char *rows_uri (const char *bucket, const char *key);

/* URIs of a bucket's keys in (after, before); NULL: no bound. Both bounds are exclusive; caller
 * frees them. */
void rows_bounds (const char *bucket, const char *after, const char *before, char **ret_lo,
                  char **ret_hi);

/* Reads size, mtime_ns and etag from column `i` on. */
void rows_get_version (struct sql_stmt *st, int i, struct file_version *ret);

struct row {
    bool is_there;
    int64_t id;
    struct file_version version;
    uint32_t extractor, operators;
    enum file_status status;
    int64_t commit_no;
    char storage_class[FILE_CLASS_SIZE];
    int64_t create_ns, update_ns; /* rows_find() leaves them 0 */
};

/* An open write transaction and what it adds to the counters of one binding. */
struct change {
    struct dataset_db *db;
    struct sql *s;
    int64_t commit_no, now_ns;
    int64_t binding;
    int64_t listed, indexed, unchanged, deleted; /* history of the scan */
    int64_t failed, rejected, pending;           /* how many more there are now */
};

/* What a row becomes. */
struct row_put {
    const char *bucket, *key;
    const struct file_version *version;
    enum file_status status;
    const char *reason;
    uint32_t extractor, operators;
    json_t *meta; /* as the extractor gave it; may be NULL; becomes what the document has of it */
    const json_t *attributes;       /* as the store told them; may be NULL */
    const char *storage_class;      /* while Pending; else it is among the attributes */
    const struct file_context *ctx; /* NULL while Pending: no document */
};

/* The row as it is; ret->is_there says whether there is one. */
NODISCARD enum err rows_find (struct sql *s, const char *uri, struct row *ret, struct error *e);

/* What merges and jobs look at; NOT_FOUND. */
NODISCARD enum err files_find_entry (struct sql *s, const char *uri, struct index_entry *ret,
                                     struct error *e);

/* Writes the row whole over `old`, as rows_find() gave it. */
NODISCARD enum err rows_put (struct change *c, const struct row *old, const struct row_put *put,
                             struct error *e);
/* Gives a row that is not Pending another storage class, and changes nothing else of it. */
NODISCARD enum err rows_set_class (struct change *c, const char *uri, const struct row *old,
                                   const char *storage_class, int timezone_min, struct error *e);
NODISCARD enum err rows_delete (struct change *c, const char *uri, const struct row *old,
                                struct error *e);

/* True if a new row of `size` bytes fits; limits of 0 are none. */
bool rows_fit_quota (struct change *c, uint64_t size, int64_t max_file_count,
                     int64_t max_total_size);
