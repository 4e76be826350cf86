/* Rows for tests and benchmarks of queries: written as the index writes them, without a scan. */
#pragma once

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <glib.h>
#include <jansson.h>

#include "base/clock.h"
#include "index/dataset.h"
#include "index/fields.h"
#include "index/files.h"

/* Facts are always there; the members of `meta` and `reason` may be missing. */
struct test_row {
    int64_t id;
    const char *bucket;
    char key[96], etag[24], object_id[68], reason[40];
    int64_t size, mtime_ns, created_ns, updated_ns;
    enum file_status status;
    json_t *meta;
    bool is_fresh; /* there is none of it */
    bool is_gone;
};

static inline void must (enum err r, const struct error *e)
{
    if (r == ERR_OK)
        return;
    fprintf (stderr, "%s: %s\n", error_name (r), e->message);
    abort ();
}

static inline char *test_row_uri (const struct test_row *row)
{
    return g_strconcat ("oss://", row->bucket, "/", row->key, NULL);
}

static inline void test_write_object (struct sql *s, const struct test_row *row, struct error *e)
{
    g_autofree char *uri = test_row_uri (row);
    struct sql_stmt *st;
    must (sql_prepare (s, "INSERT INTO object VALUES (?, ?, ?, ?, ?, 1, 1, ?, 1, '')", &st, e), e);
    sql_bind_text (st, 1, uri);
    sql_bind_int (st, 2, row->id);
    sql_bind_int (st, 3, row->size);
    sql_bind_int (st, 4, row->mtime_ns);
    sql_bind_text (st, 5, row->etag);
    sql_bind_int (st, 6, row->status);
    must (sql_run (st, e), e);
}

static inline void test_write_doc (struct sql *s, const struct test_row *row, struct error *e)
{
    g_autofree char *uri = test_row_uri (row);
    json_auto_t *doc = json_deep_copy (row->meta);
    json_object_set_new (doc, "URI", json_string (uri));
    json_object_set_new (doc, "Size", json_integer (row->size));
    g_autofree char *text = json_dumps (doc, JSON_COMPACT);
    struct sql_stmt *st;
    must (sql_prepare (s, "INSERT INTO doc VALUES (?, ?)", &st, e), e);
    sql_bind_int (st, 1, row->id);
    sql_bind_text (st, 2, text);
    must (sql_run (st, e), e);
}

static inline void test_write_fields (struct sql *s, const struct test_row *row, struct error *e)
{
    struct file_version version = { .size = (uint64_t) row->size, .mtime_ns = row->mtime_ns };
    g_strlcpy (version.etag, row->etag, sizeof version.etag);
    const struct field_facts facts = { .bucket = row->bucket,
                                       .key = row->key,
                                       .version = &version,
                                       .status = row->status,
                                       .reason = row->reason,
                                       .object_id = row->object_id,
                                       .create_ns = row->created_ns,
                                       .update_ns = row->updated_ns };
    must (fields_write_row (s, row->id, &facts, row->status == FILE_PENDING ? NULL : row->meta,
                            row->is_fresh ? FIELDS_NONE : FIELDS_ALL, e),
          e);
}

static inline void test_write_row (struct sql *s, const struct test_row *row)
{
    struct error e;
    test_write_object (s, row, &e);
    if (row->status != FILE_PENDING)
        test_write_doc (s, row, &e);
    test_write_fields (s, row, &e);
}

static inline void test_delete_row (struct sql *s, const struct test_row *row)
{
    static const char *const texts[] = { "DELETE FROM doc WHERE id = ?",
                                         "DELETE FROM object WHERE id = ?" };
    struct error e;
    must (fields_delete_row (s, row->id, &e), &e);
    for (size_t i = 0; i < G_N_ELEMENTS (texts); i++) {
        struct sql_stmt *st;
        must (sql_prepare (s, texts[i], &st, &e), &e);
        sql_bind_int (st, 1, row->id);
        must (sql_run (st, &e), &e);
    }
}
