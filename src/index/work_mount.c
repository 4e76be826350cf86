/* Identities of the file systems that a binding's bucket was seen on. */
#include "index/work_internal.h"

void work_mount_free (void *ptr)
{
    struct work_mount *m = ptr;
    if (!m)
        return;
    g_free (m->prefix);
    g_free (m);
}

static enum err read_mounts (struct sql *s, int64_t binding, GPtrArray *mounts, struct error *e)
{
    _cleanup_stmt_ struct sql_stmt *st = NULL;
    bool has_row = false;
    enum err r = sql_prepare (
        s, "SELECT prefix, device, inode, fsid FROM mount WHERE binding = ? ORDER BY prefix", &st,
        e);
    if (r != ERR_OK)
        return r;
    sql_bind_int (st, 1, binding);
    while ((r = sql_step (st, &has_row, e)) == ERR_OK && has_row) {
        struct work_mount *m = g_new0 (struct work_mount, 1);
        m->prefix = g_strdup (sql_get_text (st, 0));
        m->device = (uint64_t) sql_get_int (st, 1);
        m->inode = (uint64_t) sql_get_int (st, 2);
        m->fsid = (uint64_t) sql_get_int (st, 3);
        g_ptr_array_add (mounts, m);
    }
    return r;
}

enum err work_get_mounts (struct dataset_db *db, int64_t binding, GPtrArray **ret, struct error *e)
{
    struct sql *s = NULL;
    enum err r = dataset_read (db, &s, e);
    if (r != ERR_OK)
        return r;
    g_autoptr (GPtrArray) mounts = g_ptr_array_new_with_free_func (work_mount_free);
    r = read_mounts (s, binding, mounts, e);
    dataset_read_done (db, s);
    if (r == ERR_OK)
        *ret = g_steal_pointer (&mounts);
    return r;
}

static enum err set_mounts (struct change *c, const GPtrArray *mounts, struct error *e)
{
    enum err r = work_check_binding (c->s, c->binding, e);
    if (r == ERR_OK)
        r = work_run_int (c->s, "DELETE FROM mount WHERE binding = ?", c->binding, e);
    for (guint i = 0; mounts && i < mounts->len && r == ERR_OK; i++) {
        const struct work_mount *m = g_ptr_array_index (mounts, i);
        struct sql_stmt *st = NULL;
        r = sql_prepare (c->s, "INSERT OR REPLACE INTO mount VALUES (?, ?, ?, ?, ?)", &st, e);
        if (r != ERR_OK)
            return r;
        sql_bind_int (st, 1, c->binding);
        sql_bind_text (st, 2, m->prefix);
        sql_bind_int (st, 3, (int64_t) m->device);
        sql_bind_int (st, 4, (int64_t) m->inode);
        sql_bind_int (st, 5, (int64_t) m->fsid);
        r = sql_run (st, e);
    }
    return r;
}

enum err work_set_mounts (struct dataset_db *db, int64_t binding, const GPtrArray *mounts,
                          struct error *e)
{
    struct change c;
    enum err r = work_begin_change (db, true, binding, &c, e);
    return r == ERR_OK ? work_end_change (&c, set_mounts (&c, mounts, e), e) : r;
}
