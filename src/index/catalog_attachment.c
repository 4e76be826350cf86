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

static bool read_attached (struct catalog *c, struct sql_stmt *st, enum err *ret, struct error *e)
{
    bool has_row = false;
    *ret = sql_step (st, &has_row, e);
    if (*ret == ERR_OK && has_row)
        g_hash_table_add (c->attached, catalog_text (st, 0));
    return *ret == ERR_OK && has_row;
}

enum err catalog_load_attached (struct catalog *c, struct error *e)
{
    _cleanup_stmt_ struct sql_stmt *st = NULL;
    enum err r = sql_prepare (c->sql, "SELECT bucket FROM attachment", &st, e);
    while (r == ERR_OK && read_attached (c, st, &r, e))
        ;
    return r;
}

/* Before who attaches or detaches is told that it is done. */
static void note_attached (struct catalog *c, const char *bucket, bool is_attached)
{
    pthread_rwlock_wrlock (&c->attached_lock);
    if (is_attached)
        g_hash_table_add (c->attached, g_strdup (bucket));
    else
        g_hash_table_remove (c->attached, bucket);
    pthread_rwlock_unlock (&c->attached_lock);
}

bool catalog_is_attached (struct catalog *c, const char *bucket)
{
    pthread_rwlock_rdlock (&c->attached_lock);
    bool is_attached = g_hash_table_contains (c->attached, bucket);
    pthread_rwlock_unlock (&c->attached_lock);
    return is_attached;
}

bool catalog_has_attachments (struct catalog *c)
{
    pthread_rwlock_rdlock (&c->attached_lock);
    bool has = g_hash_table_size (c->attached) > 0;
    pthread_rwlock_unlock (&c->attached_lock);
    return has;
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
    if (r == ERR_OK)
        r = catalog_end (c, insert (c, a, e), e);
    if (r == ERR_OK)
        note_attached (c, a->bucket, true);
    return r;
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
    if (r == ERR_OK)
        r = catalog_end (c, delete_attachment (c, bucket, e), e);
    if (r == ERR_OK)
        note_attached (c, bucket, false);
    return r;
}
