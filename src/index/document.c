/* Answer documents: building, picking members, and finding the stored ones. */
#include "index/document.h"

#include <assert.h>
#include <string.h>

#include "base/clock.h"
#include "base/dump.h"
#include "index/operators.h"
#include "index/rows.h"

#define DOCUMENT_ROOM 2048 /* bytes that most documents fit in */

void document_object_id (int64_t dataset, const char *uri, char ret[DOCUMENT_ID_SIZE])
{
    char prefix[32];
    int n = g_snprintf (prefix, sizeof prefix, "%" G_GINT64_FORMAT ":", dataset);
    g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);
    g_checksum_update (sum, (const guchar *) prefix, n);
    g_checksum_update (sum, (const guchar *) uri, -1);
    g_strlcpy (ret, g_checksum_get_string (sum), DOCUMENT_ID_SIZE);
}

/* "2020-08-19T17:11:11", with or without fraction, lacks a zone; "...Z" and "...+08:00" have one.
 */
static bool has_zone (const char *time)
{
    const char *clock = strchr (time, 'T');
    return !clock || strpbrk (clock, "Z+-");
}

static json_t *with_zone (const char *time, int timezone_min)
{
    int east = ABS (timezone_min);
    g_autofree char *text =
        g_strdup_printf ("%s%c%02d:%02d", time, timezone_min < 0 ? '-' : '+', east / 60, east % 60);
    return json_string (text);
}

void document_filter_meta (json_t *meta, uint32_t operators, int timezone_min)
{
    const char *name;
    json_t *value;
    void *next;
    operators =
        operators_for_media (operators, json_string_value (json_object_get (meta, "MediaType")));
    json_object_foreach_safe (meta, next, name, value)
    {
        uint32_t needed = operators_of_member (name);
        if (needed && !(needed & operators)) {
            json_object_del (meta, name);
            continue;
        }
        const struct field *f = json_is_string (value) ? field_find (name) : NULL;
        if (f && f->kind == KIND_TIME && !has_zone (json_string_value (value)))
            json_object_set_new (meta, name, with_zone (json_string_value (value), timezone_min));
    }
}

static void add_text (json_t *o, const char *name, const char *value)
{
    json_object_set_new (o, name, json_string (value));
}

static void add_time (json_t *o, const char *name, int64_t ns, int timezone_min)
{
    char text[CLOCK_TEXT_SIZE];
    clock_format (ns, timezone_min, text);
    add_text (o, name, text);
}

static void add_class (json_t *o, const char *storage_class)
{
    add_text (o, "OSSStorageClass", *storage_class ? storage_class : "Standard");
}

void document_add_attributes (json_t *meta, const json_t *attributes, const char *storage_class)
{
    add_text (meta, "OSSObjectType", "Normal");
    add_text (meta, "ObjectACL", "default");
    if (attributes)
        json_object_update (meta, (json_t *) attributes);
    add_class (meta, storage_class);
}

static enum err parse (const char *text, size_t len, json_t **ret, struct error *e)
{
    json_error_t why;
    json_t *o = json_loadb (text, len, 0, &why);
    if (!o)
        return FAIL (e, DATABASE, "a document of the index is not JSON: %s", why.text);
    *ret = o;
    return ERR_OK;
}

enum err document_set_class (const char *text, const char *storage_class, int64_t update_ns,
                             int timezone_min, char **ret, struct error *e)
{
    json_auto_t *o = NULL;
    enum err r = parse (text, strlen (text), &o, e);
    if (r != ERR_OK)
        return r;
    if (json_object_get (o, "OSSStorageClass"))
        add_class (o, storage_class);
    add_time (o, "UpdateTime", update_ns, timezone_min);
    *ret = json_dumps (o, JSON_COMPACT);
    assert (*ret);
    return ERR_OK;
}

/* ---- Writing ---- */

static void write_text (GString *out, const char *name, const char *value)
{
    g_string_append_c (out, out->len ? ',' : '{');
    dump_string (out, name, strlen (name));
    g_string_append_c (out, ':');
    dump_string (out, value, strlen (value));
}

static void write_time (GString *out, const char *name, int64_t ns, int timezone_min)
{
    char text[CLOCK_TEXT_SIZE];
    clock_format (ns, timezone_min, text);
    write_text (out, name, text);
}

/* What a row says of every object comes first, in this order. */
static void write_facts (GString *out, const struct file_context *ctx, const struct field_facts *f,
                         uint32_t operators)
{
    g_autofree char *uri = rows_uri (f->bucket, f->key);
    write_text (out, "OwnerId", ctx->owner_id);
    write_text (out, "ProjectName", ctx->project);
    write_text (out, "DatasetName", ctx->dataset);
    write_text (out, "ObjectType", "file");
    write_text (out, "ObjectId", f->object_id);
    write_text (out, "URI", uri);
    write_time (out, "CreateTime", f->create_ns, ctx->timezone_min);
    write_time (out, "UpdateTime", f->update_ns, ctx->timezone_min);
    write_text (out, "ObjectStatus", file_status_name (f->status));
    if (f->status == FILE_FAILED)
        write_text (out, "Reason", f->reason ? f->reason : "");
    g_string_append_printf (out, ",\"Size\":%" G_GINT64_FORMAT, (int64_t) f->version->size);
    if (!(operators & OP_OSSMETA))
        return;
    write_text (out, "Filename", f->key);
    write_text (out, "ETag", f->version->etag);
    write_time (out, "FileModifiedTime", f->version->mtime_ns, ctx->timezone_min);
}

/* Texts of documents are not in them, and nobody else says what the row is sure of. */
static bool is_written_elsewhere (const char *name)
{
    const struct field *f = field_find (name);
    return f ? f->place == PLACE_BODY || f->place == PLACE_FACT || f->place == PLACE_URI ||
                   f->place == PLACE_CONST
             : strcmp (name, "ObjectType") == 0;
}

char *document_text (const struct file_context *ctx, const struct field_facts *f,
                     uint32_t operators, const json_t *meta)
{
    const char *name;
    json_t *value;
    GString *out = g_string_sized_new (DOCUMENT_ROOM);
    write_facts (out, ctx, f, operators);
    json_object_foreach ((json_t *) meta, name, value)
    {
        if (is_written_elsewhere (name))
            continue;
        g_string_append_c (out, ',');
        dump_string (out, name, strlen (name));
        g_string_append_c (out, ':');
        dump_json (out, value);
    }
    g_string_append_c (out, '}');
    return g_string_free (out, FALSE);
}

/* ---- Finding ---- */

static bool is_picked (const char *const *names, const char *name)
{
    for (; *names; names++)
        if (strcmp (*names, name) == 0)
            return true;
    return strcmp (name, "URI") == 0;
}

static enum err append (GString *out, const char *text, size_t len, const char *const *names,
                        struct error *e)
{
    if (out->len)
        g_string_append_c (out, ',');
    if (!names || !*names) {
        g_string_append_len (out, text, (gssize) len);
        return ERR_OK;
    }
    json_auto_t *o = NULL;
    enum err r = parse (text, len, &o, e);
    if (r != ERR_OK)
        return r;
    json_auto_t *picked = json_object ();
    const char *name;
    json_t *value;
    json_object_foreach (o, name, value)
    {
        if (is_picked (names, name))
            json_object_set (picked, name, value);
    }
    g_autofree char *dump = json_dumps (picked, JSON_COMPACT);
    g_string_append (out, dump);
    return ERR_OK;
}

/* Pending rows show the facts that a listing knows, whatever the template. */
static char *pending_text (const struct dataset_db *db, const struct file_context *ctx,
                           const char *uri, const struct row *row)
{
    char object_id[DOCUMENT_ID_SIZE];
    document_object_id (dataset_id (db), uri, object_id);
    const char *bucket = uri + strlen ("oss://"), *slash = strchr (bucket, '/');
    assert (slash);
    g_autofree char *name = g_strndup (bucket, (gsize) (slash - bucket));
    const struct field_facts facts = {
        .bucket = name,
        .key = slash + 1,
        .version = &row->version,
        .status = row->status,
        .object_id = object_id,
        .create_ns = row->create_ns,
        .update_ns = row->update_ns,
    };
    json_auto_t *meta = json_object ();
    document_add_attributes (meta, NULL, row->storage_class);
    return document_text (ctx, &facts, OP_OSSMETA, meta);
}

enum err document_append_uri (struct dataset_db *db, struct sql *s, const struct file_context *ctx,
                              const char *uri, const char *const *names, GString *out,
                              bool *ret_found, struct error *e)
{
    _cleanup_stmt_ struct sql_stmt *st = NULL;
    bool has_row = false;
    enum err r = sql_find (s,
                           "SELECT o.size, o.mtime_ns, o.etag, o.status, f.created, f.updated,"
                           " d.json, o.storage_class FROM object o JOIN file f ON f.id = o.id"
                           " LEFT JOIN doc d ON d.id = o.id WHERE o.uri = ?",
                           uri, &st, &has_row, e);
    if (r != ERR_OK)
        return r;
    *ret_found = has_row;
    if (!has_row)
        return ERR_OK;
    size_t len = 0;
    const char *stored = sql_get_text_len (st, 6, &len);
    if (stored)
        return append (out, stored, len, names, e);
    struct row row = { .is_there = true };
    rows_get_version (st, 0, &row.version);
    row.status = (enum file_status) sql_get_int (st, 3);
    row.create_ns = sql_get_int (st, 4);
    row.update_ns = sql_get_int (st, 5);
    g_strlcpy (row.storage_class, sql_get_text (st, 7), sizeof row.storage_class);
    g_autofree char *made = pending_text (db, ctx, uri, &row);
    return append (out, made, strlen (made), names, e);
}

enum err document_append_id (struct dataset_db *db, struct sql *s, const struct file_context *ctx,
                             int64_t id, const char *const *names, GString *out, bool *ret_found,
                             struct error *e)
{
    _cleanup_stmt_ struct sql_stmt *st = NULL;
    bool has_row = false;
    enum err r = sql_prepare (s,
                              "SELECT d.json, t.uri FROM file_text t"
                              " LEFT JOIN doc d ON d.id = t.id WHERE t.id = ?",
                              &st, e);
    if (r != ERR_OK)
        return r;
    sql_bind_int (st, 1, id);
    r = sql_step (st, &has_row, e);
    if (r != ERR_OK)
        return r;
    size_t len = 0;
    const char *stored = has_row ? sql_get_text_len (st, 0, &len) : NULL;
    const char *uri = has_row ? sql_get_text (st, 1) : NULL;
    *ret_found = stored != NULL;
    if (stored)
        return append (out, stored, len, names, e);
    return uri ? document_append_uri (db, s, ctx, uri, names, out, ret_found, e) : ERR_OK;
}
