/* Rows of a dataset as merges, jobs and answers read them. */
#include "index/files.h"

#include <string.h>

#include "base/limits.h"
#include "index/document.h"
#include "index/rows.h"
#include "index/work_internal.h"

#define KEY_CHUNK      (64 * KIB)
#define SAMPLES_A_PART 32 /* of those that a bucket may be divided into */

void index_page_init (struct index_page *p)
{
    p->entries = g_array_new (FALSE, FALSE, sizeof (struct index_entry));
    p->keys = g_string_chunk_new (KEY_CHUNK);
    p->is_last = false;
}

void index_page_clear (struct index_page *p)
{
    g_clear_pointer (&p->entries, g_array_unref);
    g_clear_pointer (&p->keys, g_string_chunk_free);
}

/* The columns of COLUMNS. */
#define COLUMNS "size, mtime_ns, etag, extractor, operators, status, commit_no, storage_class"

static void read_entry (struct sql_stmt *st, struct index_entry *ret)
{
    rows_get_version (st, 0, &ret->version);
    ret->extractor = (uint32_t) sql_get_int (st, 3);
    ret->operators = (uint32_t) sql_get_int (st, 4);
    ret->status = (enum file_status) sql_get_int (st, 5);
    ret->commit_no = sql_get_int (st, 6);
    g_strlcpy (ret->storage_class, sql_get_text (st, 7), sizeof ret->storage_class);
}

static enum err read_page (struct sql *s, const char *bucket, const char *after, const char *before,
                           size_t max, struct index_page *page, struct error *e)
{
    _cleanup_stmt_ struct sql_stmt *st = NULL;
    g_autofree char *lo = NULL, *hi = NULL;
    const size_t prefix = strlen ("oss:///") + strlen (bucket);
    bool has_row = false;
    enum err r = sql_prepare (
        s, "SELECT " COLUMNS ", uri FROM object WHERE uri > ? AND uri < ? ORDER BY uri LIMIT ?",
        &st, e);
    if (r != ERR_OK)
        return r;
    rows_bounds (bucket, after, before, &lo, &hi);
    sql_bind_text (st, 1, lo);
    sql_bind_text (st, 2, hi);
    sql_bind_int (st, 3, (int64_t) max);
    while ((r = sql_step (st, &has_row, e)) == ERR_OK && has_row) {
        struct index_entry entry;
        size_t len = 0;
        read_entry (st, &entry);
        const char *uri = sql_get_text_len (st, 8, &len);
        entry.key = g_string_chunk_insert_len (page->keys, uri + prefix, (gssize) (len - prefix));
        g_array_append_val (page->entries, entry);
    }
    return r;
}

enum err files_page (struct dataset_db *db, const char *bucket, const char *after,
                     const char *before, size_t max, struct index_page *ret, struct error *e)
{
    struct sql *s = NULL;
    g_array_set_size (ret->entries, 0);
    g_string_chunk_clear (ret->keys);
    enum err r = dataset_read (db, &s, e);
    if (r != ERR_OK)
        return r;
    r = read_page (s, bucket, after, before, max, ret, e);
    dataset_read_done (db, s);
    if (r == ERR_OK)
        ret->is_last = ret->entries->len < max;
    return r;
}

static enum err count_page (struct sql *s, const char *bucket, const char *after,
                            const char *before, size_t max, size_t *ret, struct error *e)
{
    _cleanup_stmt_ struct sql_stmt *st = NULL;
    g_autofree char *lo = NULL, *hi = NULL;
    bool has_row = false;
    enum err r = sql_prepare (
        s, "SELECT COUNT(*) FROM (SELECT 1 FROM object WHERE uri > ? AND uri < ? LIMIT ?)", &st, e);
    if (r != ERR_OK)
        return r;
    rows_bounds (bucket, after, before, &lo, &hi);
    sql_bind_text (st, 1, lo);
    sql_bind_text (st, 2, hi);
    sql_bind_int (st, 3, (int64_t) max);
    r = sql_step (st, &has_row, e);
    if (r == ERR_OK)
        *ret = (size_t) sql_get_int (st, 0);
    return r;
}

enum err files_count_page (struct dataset_db *db, const char *bucket, const char *after,
                           const char *before, size_t max, size_t *ret, struct error *e)
{
    struct sql *s = NULL;
    enum err r = dataset_read (db, &s, e);
    if (r != ERR_OK)
        return r;
    r = count_page (s, bucket, after, before, max, ret, e);
    dataset_read_done (db, s);
    return r;
}

enum err files_find_entry (struct sql *s, const char *uri, struct index_entry *ret, struct error *e)
{
    _cleanup_stmt_ struct sql_stmt *st = NULL;
    bool has_row = false;
    enum err r =
        sql_find (s, "SELECT " COLUMNS " FROM object WHERE uri = ?", uri, &st, &has_row, e);
    if (r != ERR_OK)
        return r;
    if (!has_row)
        return FAIL (e, NOT_FOUND, "'%s' is not indexed", uri);
    ret->key = NULL;
    read_entry (st, ret);
    return ERR_OK;
}

enum err files_get_entry (struct dataset_db *db, const char *bucket, const char *key,
                          struct index_entry *ret, struct error *e)
{
    struct sql *s = NULL;
    g_autofree char *uri = rows_uri (bucket, key);
    enum err r = dataset_read (db, &s, e);
    if (r != ERR_OK)
        return r;
    r = files_find_entry (s, uri, ret, e);
    dataset_read_done (db, s);
    return r;
}

static uint32_t get_side (struct sql_stmt *st, int i)
{
    return (uint32_t) CLAMP (sql_get_int (st, i), 0, UINT32_MAX);
}

static enum err find_dimensions (struct sql *s, const char *uri, struct file_dimensions *ret,
                                 struct error *e)
{
    _cleanup_stmt_ struct sql_stmt *st = NULL;
    bool has_row = false;
    enum err r =
        sql_find (s,
                  "SELECT o.size, o.mtime_ns, o.etag, f.image_width, f.image_height,"
                  " f.frame_count FROM object o JOIN file f ON f.id = o.id WHERE o.uri = ?",
                  uri, &st, &has_row, e);
    if (r != ERR_OK)
        return r;
    if (!has_row)
        return FAIL (e, NOT_FOUND, "'%s' is not indexed", uri);
    rows_get_version (st, 0, &ret->version);
    ret->width = get_side (st, 3);
    ret->height = get_side (st, 4);
    ret->frames = get_side (st, 5);
    return ERR_OK;
}

enum err files_get_dimensions (struct dataset_db *db, const char *bucket, const char *key,
                               struct file_dimensions *ret, struct error *e)
{
    struct sql *s = NULL;
    g_autofree char *uri = rows_uri (bucket, key);
    enum err r = dataset_read (db, &s, e);
    if (r != ERR_OK)
        return r;
    r = find_dimensions (s, uri, ret, e);
    dataset_read_done (db, s);
    return r;
}

/* ---- Dividing a bucket's rows ---- */

/* The URI of the first row with an id of at least `id`. Rows that wait have it beside their texts,
 * all others in the document. */
static enum err uri_from_id (struct sql *s, int64_t id, char **ret, struct error *e)
{
    _cleanup_stmt_ struct sql_stmt *st = NULL;
    bool has_row = false;
    enum err r = sql_prepare (s,
                              "SELECT coalesce (t.uri, json_extract (d.json, '$.URI'))"
                              " FROM file_text t LEFT JOIN doc d ON d.id = t.id"
                              " WHERE t.id >= ? ORDER BY t.id LIMIT 1",
                              &st, e);
    if (r != ERR_OK)
        return r;
    sql_bind_int (st, 1, id);
    r = sql_step (st, &has_row, e);
    if (r == ERR_OK)
        *ret = has_row ? g_strdup (sql_get_text (st, 0)) : NULL;
    return r;
}

static enum err get_totals (struct sql *s, struct dataset_totals *ret, struct error *e)
{
    _cleanup_stmt_ struct sql_stmt *st = NULL;
    bool has_row = false;
    enum err r = sql_prepare (s, "SELECT next_id, file_count FROM dataset", &st, e);
    if (r == ERR_OK)
        r = sql_step (st, &has_row, e);
    if (r == ERR_OK)
        *ret = (struct dataset_totals){ .next_id = sql_get_int (st, 0),
                                        .file_count = sql_get_int (st, 1) };
    return r;
}

static gint compare_texts (gconstpointer a, gconstpointer b)
{
    return strcmp (*(char *const *) a, *(char *const *) b);
}

/* Keys of the bucket at even distances of ids; *ret_seen: of all samples, of any bucket. */
static enum err sample (struct sql *s, const char *bucket, int64_t next_id, int64_t n,
                        GPtrArray *keys, guint *ret_seen, struct error *e)
{
    g_autofree char *root = rows_uri (bucket, "");
    guint seen = 0;
    for (int64_t i = 0; i < n; i++) {
        g_autofree char *uri = NULL;
        int64_t id = next_id / n * i + next_id % n * i / n;
        enum err r = uri_from_id (s, id, &uri, e);
        if (r != ERR_OK)
            return r;
        seen += uri != NULL;
        if (uri && g_str_has_prefix (uri, root))
            g_ptr_array_add (keys, g_strdup (uri + strlen (root)));
    }
    g_ptr_array_sort (keys, compare_texts);
    *ret_seen = seen;
    return ERR_OK;
}

enum err files_divide (struct dataset_db *db, const char *bucket, size_t max_parts, size_t min_rows,
                       GPtrArray *keys, struct error *e)
{
    g_autoptr (GPtrArray) samples = g_ptr_array_new_with_free_func (g_free);
    struct dataset_totals totals = { 0 };
    struct sql *s = NULL;
    guint seen = 0;
    enum err r = dataset_read (db, &s, e);
    if (r != ERR_OK)
        return r;
    r = get_totals (s, &totals, e);
    int64_t most = MIN (totals.file_count / (int64_t) min_rows, (int64_t) max_parts);
    int64_t wanted = MIN (most * SAMPLES_A_PART, LIMIT_SPLIT_SAMPLES);
    if (r == ERR_OK && most > 1)
        r = sample (s, bucket, totals.next_id, wanted, samples, &seen, e);
    dataset_read_done (db, s);
    if (r != ERR_OK)
        return r;
    double rows = seen ? (double) totals.file_count * samples->len / seen : 0;
    size_t n = (size_t) MIN (rows / (double) min_rows, (double) max_parts);
    const char *last = NULL;
    for (size_t i = 1; i < n; i++) {
        const char *key = g_ptr_array_index (samples, samples->len * i / n);
        if (last && strcmp (key, last) == 0)
            continue;
        last = key;
        g_ptr_array_add (keys, g_strdup (key));
    }
    return ERR_OK;
}

enum err files_get_documents (struct dataset_db *db, const struct file_context *ctx,
                              const char *const *uris, size_t n, const char *const *names,
                              GString *out, struct error *e)
{
    struct sql *s = NULL;
    enum err r = dataset_read (db, &s, e);
    if (r != ERR_OK)
        return r;
    bool found = false;
    for (size_t i = 0; i < n && r == ERR_OK; i++)
        r = document_append_uri (db, s, ctx, uris[i], names, out, &found, e);
    dataset_read_done (db, s);
    return r;
}

/* ---- Removing a bucket's rows ---- */

static enum err delete_rows (struct change *c, const GPtrArray *uris, struct error *e)
{
    for (guint i = 0; i < uris->len; i++) {
        const char *uri = g_ptr_array_index (uris, i);
        struct row row;
        enum err r = rows_find (c->s, uri, &row, e);
        if (r == ERR_OK && row.is_there)
            r = rows_delete (c, uri, &row, e);
        if (r != ERR_OK)
            return r;
    }
    return ERR_OK;
}

static enum err first_uris (struct sql *s, const char *bucket, GPtrArray *uris, struct error *e)
{
    _cleanup_stmt_ struct sql_stmt *st = NULL;
    g_autofree char *lo = NULL, *hi = NULL;
    bool has_row = false;
    enum err r =
        sql_prepare (s, "SELECT uri FROM object WHERE uri > ? AND uri < ? LIMIT ?", &st, e);
    if (r != ERR_OK)
        return r;
    rows_bounds (bucket, NULL, NULL, &lo, &hi);
    sql_bind_text (st, 1, lo);
    sql_bind_text (st, 2, hi);
    sql_bind_int (st, 3, LIMIT_BATCH_ROWS);
    while ((r = sql_step (st, &has_row, e)) == ERR_OK && has_row)
        g_ptr_array_add (uris, g_strdup (sql_get_text (st, 0)));
    return r;
}

static enum err purge_batch (struct dataset_db *db, const char *bucket, guint *ret_removed,
                             struct error *e)
{
    g_autoptr (GPtrArray) uris = g_ptr_array_new_with_free_func (g_free);
    struct change c;
    enum err r = work_begin_change (db, false, 0, &c, e);
    if (r != ERR_OK)
        return r;
    r = first_uris (c.s, bucket, uris, e);
    if (r == ERR_OK)
        r = delete_rows (&c, uris, e);
    r = dataset_end (db, r, e);
    if (r == ERR_OK)
        *ret_removed = uris->len;
    return r;
}

enum err files_purge (struct dataset_db *db, const char *bucket, int64_t *ret_removed,
                      struct error *e)
{
    int64_t removed = 0;
    guint batch = 0;
    enum err r = work_end_bindings_of (db, bucket, 0, &removed, e);
    do {
        batch = 0;
        if (r == ERR_OK)
            r = purge_batch (db, bucket, &batch, e);
        removed += batch;
    } while (batch);
    if (r == ERR_OK)
        *ret_removed = removed;
    return r;
}
