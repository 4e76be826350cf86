/* Rows: written to all their tables at once, counted in the same transaction. */
#include "index/rows.h"

#include <string.h>

#include "index/document.h"
#include "index/fields.h"
#include "index/operators.h"

char *rows_uri (const char *bucket, const char *key)
{
    return g_strconcat ("oss://", bucket, "/", key, NULL);
}

/* S3 calls it as OSS does, but in capitals. */
const char *file_storage_class (const char *name)
{
    return !name || g_ascii_strcasecmp (name, "Standard") == 0 ? "" : name;
}

/* '0' is the byte after '/': below it are all keys of the bucket, and nothing else. */
void rows_bounds (const char *bucket, const char *after, const char *before, char **ret_lo,
                  char **ret_hi)
{
    *ret_lo = rows_uri (bucket, after ? after : "");
    *ret_hi = before ? rows_uri (bucket, before) : g_strconcat ("oss://", bucket, "0", NULL);
}

void rows_get_version (struct sql_stmt *st, int i, struct file_version *ret)
{
    size_t len = 0;
    ret->size = (uint64_t) sql_get_int (st, i);
    ret->mtime_ns = sql_get_int (st, i + 1);
    const char *etag = sql_get_text_len (st, i + 2, &len);
    len = MIN (len, sizeof ret->etag - 1);
    memcpy (ret->etag, etag, len);
    ret->etag[len] = '\0';
}

enum err rows_find (struct sql *s, const char *uri, struct row *ret, struct error *e)
{
    _cleanup_stmt_ struct sql_stmt *st = NULL;
    bool has_row = false;
    enum err r = sql_find (s,
                           "SELECT size, mtime_ns, etag, id, extractor, operators, status,"
                           " commit_no, storage_class FROM object WHERE uri = ?",
                           uri, &st, &has_row, e);
    if (r != ERR_OK)
        return r;
    *ret = (struct row){ .is_there = has_row };
    if (!has_row)
        return ERR_OK;
    rows_get_version (st, 0, &ret->version);
    ret->id = sql_get_int (st, 3);
    ret->extractor = (uint32_t) sql_get_int (st, 4);
    ret->operators = (uint32_t) sql_get_int (st, 5);
    ret->status = (enum file_status) sql_get_int (st, 6);
    ret->commit_no = sql_get_int (st, 7);
    g_strlcpy (ret->storage_class, sql_get_text (st, 8), sizeof ret->storage_class);
    return ERR_OK;
}

static const char *class_of (const struct row_put *put)
{
    const char *told = json_string_value (json_object_get (put->attributes, "OSSStorageClass"));
    return file_storage_class (put->ctx ? told : put->storage_class);
}

/* An update leaves the index of sidecars alone, which would have to be computed. */
static enum err put_object (struct change *c, const char *uri, int64_t id, bool is_there,
                            const struct row_put *put, struct error *e)
{
    struct sql_stmt *st = NULL;
    enum err r = sql_prepare (
        c->s,
        is_there ? "UPDATE object SET size = ?, mtime_ns = ?, etag = ?, extractor = ?,"
                   " operators = ?, status = ?, commit_no = ?, storage_class = ?, id = ?"
                   " WHERE uri = ?"
                 : "INSERT INTO object (size, mtime_ns, etag, extractor, operators, status,"
                   " commit_no, storage_class, id, uri) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        &st, e);
    if (r != ERR_OK)
        return r;
    sql_bind_int (st, 1, (int64_t) put->version->size);
    sql_bind_int (st, 2, put->version->mtime_ns);
    sql_lend_text (st, 3, put->version->etag);
    sql_bind_int (st, 4, put->extractor);
    sql_bind_int (st, 5, put->operators);
    sql_bind_int (st, 6, put->status);
    sql_bind_int (st, 7, c->commit_no);
    sql_lend_text (st, 8, class_of (put));
    sql_bind_int (st, 9, id);
    sql_lend_text (st, 10, uri);
    return sql_run (st, e);
}

static enum err put_document (struct change *c, int64_t id, const char *text, struct error *e)
{
    struct sql_stmt *st = NULL;
    enum err r = sql_prepare (c->s, "INSERT OR REPLACE INTO doc VALUES (?, ?)", &st, e);
    if (r != ERR_OK)
        return r;
    sql_bind_int (st, 1, id);
    sql_lend_text (st, 2, text);
    return sql_run (st, e);
}

/* When the row was made, and the id of its object: of a row that is there both are kept. */
static enum err find_birth (struct change *c, const char *uri, const struct row *old,
                            int64_t *ret_ns, char ret_id[DOCUMENT_ID_SIZE], struct error *e)
{
    _cleanup_stmt_ struct sql_stmt *st = NULL;
    bool has_row = false;
    enum err r = ERR_OK;
    if (old->is_there)
        r = sql_prepare (c->s,
                         "SELECT f.created, t.object_id FROM file f JOIN file_text t ON t.id = f.id"
                         " WHERE f.id = ?",
                         &st, e);
    if (r == ERR_OK && st) {
        sql_bind_int (st, 1, old->id);
        r = sql_step (st, &has_row, e);
    }
    if (r != ERR_OK)
        return r;
    *ret_ns = has_row ? sql_get_int (st, 0) : c->now_ns;
    if (has_row && !sql_is_null (st, 1))
        g_strlcpy (ret_id, sql_get_text (st, 1), DOCUMENT_ID_SIZE);
    else
        document_object_id (dataset_id (c->db), uri, ret_id);
    return ERR_OK;
}

/* A few sparse files have more bytes than the total can count. It wraps around, both ways. */
static int64_t add_wrapping (int64_t total, uint64_t size)
{
    return (int64_t) ((uint64_t) total + size);
}

static void count_put (struct change *c, const struct row *old, const struct row_put *put)
{
    struct dataset_totals *t = dataset_totals (c->db);
    t->file_count += !old->is_there;
    t->total_file_size = add_wrapping (t->total_file_size, put->version->size - old->version.size);
    c->failed += (put->status == FILE_FAILED) - (old->is_there && old->status == FILE_FAILED);
}

static enum err put_file (struct change *c, int64_t id, const struct row *old,
                          const struct field_facts *facts, const struct row_put *put,
                          struct error *e)
{
    enum fields_old there = !old->is_there                ? FIELDS_NONE
                            : old->status == FILE_PENDING ? FIELDS_FACTS
                                                          : FIELDS_ALL;
    if (!put->ctx)
        return fields_write_row (c->s, id, facts, NULL, there, e);
    json_auto_t *meta = put->meta ? json_incref (put->meta) : json_object ();
    document_filter_meta (meta, put->operators, put->ctx->timezone_min);
    if (put->operators & OP_OSSMETA)
        document_add_attributes (meta, put->attributes, class_of (put));
    enum err r = fields_write_row (c->s, id, facts, meta, there, e);
    if (r != ERR_OK)
        return r;
    g_autofree char *text = document_text (put->ctx, facts, put->operators, meta);
    return put_document (c, id, text, e);
}

enum err rows_put (struct change *c, const struct row *old, const struct row_put *put,
                   struct error *e)
{
    g_autofree char *uri = rows_uri (put->bucket, put->key);
    char object_id[DOCUMENT_ID_SIZE];
    struct field_facts facts = {
        .bucket = put->bucket,
        .key = put->key,
        .version = put->version,
        .status = put->status,
        .reason = put->reason,
        .object_id = object_id,
        .update_ns = c->now_ns,
    };
    enum err r = find_birth (c, uri, old, &facts.create_ns, object_id, e);
    if (r != ERR_OK)
        return r;
    int64_t id = old->is_there ? old->id : dataset_totals (c->db)->next_id++;
    r = put_object (c, uri, id, old->is_there, put, e);
    if (r == ERR_OK)
        r = put_file (c, id, old, &facts, put, e);
    if (r == ERR_OK)
        count_put (c, old, put);
    return r;
}

static enum err get_document (struct sql *s, int64_t id, char **ret, struct error *e)
{
    _cleanup_stmt_ struct sql_stmt *st = NULL;
    bool has_row = false;
    enum err r = sql_prepare (s, "SELECT json FROM doc WHERE id = ?", &st, e);
    if (r != ERR_OK)
        return r;
    sql_bind_int (st, 1, id);
    r = sql_step (st, &has_row, e);
    if (r == ERR_OK)
        *ret = has_row ? g_strdup (sql_get_text (st, 0)) : NULL;
    return r;
}

enum err rows_set_class (struct change *c, const char *uri, const struct row *old,
                         const char *storage_class, int timezone_min, struct error *e)
{
    struct sql_stmt *st = NULL;
    g_autofree char *text = NULL, *changed = NULL;
    storage_class = file_storage_class (storage_class);
    enum err r = sql_prepare (
        c->s, "UPDATE object SET storage_class = ?, commit_no = ? WHERE uri = ?", &st, e);
    if (r != ERR_OK)
        return r;
    sql_lend_text (st, 1, storage_class);
    sql_bind_int (st, 2, c->commit_no);
    sql_lend_text (st, 3, uri);
    r = sql_run (st, e);
    if (r == ERR_OK)
        r = fields_set_class (c->s, old->id, storage_class, c->now_ns, e);
    if (r == ERR_OK)
        r = get_document (c->s, old->id, &text, e);
    if (r == ERR_OK && text)
        r = document_set_class (text, storage_class, c->now_ns, timezone_min, &changed, e);
    return r == ERR_OK && text ? put_document (c, old->id, changed, e) : r;
}

static enum err delete_by_id (struct sql *s, const char *statement, int64_t id, struct error *e)
{
    struct sql_stmt *st = NULL;
    enum err r = sql_prepare (s, statement, &st, e);
    if (r != ERR_OK)
        return r;
    sql_bind_int (st, 1, id);
    return sql_run (st, e);
}

enum err rows_delete (struct change *c, const char *uri, const struct row *old, struct error *e)
{
    struct sql_stmt *st = NULL;
    enum err r = sql_prepare (c->s, "DELETE FROM object WHERE uri = ?", &st, e);
    if (r != ERR_OK)
        return r;
    sql_lend_text (st, 1, uri);
    r = sql_run (st, e);
    if (r == ERR_OK)
        r = fields_delete_row (c->s, old->id, e);
    if (r == ERR_OK)
        r = delete_by_id (c->s, "DELETE FROM doc WHERE id = ?", old->id, e);
    if (r != ERR_OK)
        return r;
    struct dataset_totals *t = dataset_totals (c->db);
    t->file_count--;
    t->total_file_size = add_wrapping (t->total_file_size, -old->version.size);
    c->failed -= old->status == FILE_FAILED;
    return ERR_OK;
}

bool rows_fit_quota (struct change *c, uint64_t size, int64_t max_file_count,
                     int64_t max_total_size)
{
    const struct dataset_totals *t = dataset_totals (c->db);
    if (max_file_count && t->file_count >= max_file_count)
        return false;
    return !max_total_size || (t->total_file_size >= 0 && t->total_file_size <= max_total_size &&
                               size <= (uint64_t) (max_total_size - t->total_file_size));
}
