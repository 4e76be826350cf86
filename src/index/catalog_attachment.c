/* Attachments of buckets to projects. */
#include "index/catalog.h"

#include "base/clock.h"
#include "index/catalog_internal.h"

#define SELECT                                                                                     \
    "SELECT a.bucket, p.name, a.description, a.create_ns, a.update_ns FROM attachment a"           \
    " JOIN project p ON p.id = a.project_id "

void attachment_free (void *ptr)
{
    struct attachment *a = ptr;
    if (!a)
        return;
    g_free (a->bucket);
    g_free (a->project);
    g_free (a->description);
    g_free (a);
}

static void *read_attachment (struct sql_stmt *st)
{
    struct attachment *a = g_new0 (struct attachment, 1);
    a->bucket = catalog_text (st, 0);
    a->project = catalog_text (st, 1);
    a->description = catalog_text (st, 2);
    a->create_ns = sql_get_int (st, 3);
    a->update_ns = sql_get_int (st, 4);
    return a;
}

static enum err insert (struct catalog *c, struct attachment *a, struct error *e)
{
    struct sql_stmt *st = NULL;
    int64_t project = 0, n = 0;
    enum err r =
        catalog_count_text (c, "SELECT id FROM project WHERE name = ?", a->project, &project, e);
    if (r == ERR_OK)
        r = catalog_count_text (c, "SELECT count(*) FROM attachment WHERE bucket = ?", a->bucket,
                                &n, e);
    if (r != ERR_OK)
        return r;
    if (!project)
        return FAIL (e, NOT_FOUND, "The specified resource project is not found.");
    if (n)
        return FAIL (e, EXISTS, "The specified resource attachment already exists.");
    r = sql_prepare (c->sql, "INSERT INTO attachment VALUES (?, ?, ?, ?, ?)", &st, e);
    if (r != ERR_OK)
        return r;
    a->create_ns = a->update_ns = clock_now_ns ();
    sql_bind_text (st, 1, a->bucket);
    sql_bind_int (st, 2, project);
    sql_bind_text (st, 3, a->description ? a->description : "");
    sql_bind_int (st, 4, a->create_ns);
    sql_bind_int (st, 5, a->update_ns);
    return sql_run (st, e);
}

enum err catalog_create_attachment (struct catalog *c, struct attachment *a, struct error *e)
{
    CATALOG_LOCK (c);
    enum err r = sql_begin (c->sql, SQL_DURABLE, e);
    return r == ERR_OK ? catalog_end (c, insert (c, a, e), e) : r;
}

enum err catalog_get_attachment (struct catalog *c, const char *bucket, struct attachment **ret,
                                 struct error *e)
{
    void *found = NULL;
    enum err r = catalog_row (c, SELECT "WHERE a.bucket = ?", bucket, "attachment", read_attachment,
                              &found, e);
    if (r == ERR_OK)
        *ret = found;
    return r;
}

enum err catalog_list_attachments (struct catalog *c, const char *project, const char *from,
                                   unsigned max, GPtrArray **ret, struct error *e)
{
    CATALOG_LOCK (c);
    _cleanup_stmt_ struct sql_stmt *st = NULL;
    enum err r = sql_prepare (
        c->sql, SELECT "WHERE p.name = ? AND a.bucket >= ? ORDER BY a.bucket LIMIT ?", &st, e);
    if (r != ERR_OK)
        return r;
    sql_bind_text (st, 1, project);
    sql_bind_text (st, 2, from ? from : "");
    sql_bind_int (st, 3, (int64_t) max + 1);
    return catalog_rows (st, read_attachment, attachment_free, ret, e);
}

static enum err delete_attachment (struct catalog *c, const char *bucket, struct error *e)
{
    struct sql_stmt *st = NULL;
    enum err r = sql_prepare (c->sql, "DELETE FROM attachment WHERE bucket = ?", &st, e);
    if (r != ERR_OK)
        return r;
    sql_bind_text (st, 1, bucket);
    return catalog_run_one (c, st, "attachment", e);
}

enum err catalog_delete_attachment (struct catalog *c, const char *bucket, struct error *e)
{
    CATALOG_LOCK (c);
    enum err r = sql_begin (c->sql, SQL_DURABLE, e);
    return r == ERR_OK ? catalog_end (c, delete_attachment (c, bucket, e), e) : r;
}
