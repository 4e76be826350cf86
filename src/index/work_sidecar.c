/* Images follow their sidecars: whatever changes which sidecar an image has, or what is in it,
 * makes the image stale and queues it, in the same transaction. */
#include <string.h>

#include "base/limits.h"
#include "index/sidecar.h"
#include "index/work_internal.h"

struct touch {
    struct change *c;
    const char *bucket, *base;
    const char *self; /* the key whose row changes: others than it */
    GPtrArray *keys;  /* images that may have a sidecar of that base */
};

static void take_keys (struct touch *t, const char *key)
{
    if (sidecar_may_concern (t->base, key) && strcmp (key, t->self) != 0)
        g_ptr_array_add (t->keys, g_strdup (key));
}

static enum err find_rows (struct touch *t, struct error *e)
{
    _cleanup_stmt_ struct sql_stmt *st = NULL;
    g_autofree char *lo = NULL, *hi = NULL, *first = rows_uri (t->bucket, t->base),
                    *after = g_strconcat (t->base, ".", NULL),
                    *before = g_strconcat (t->base, "/", NULL);
    bool has_row = false;
    enum err r = sql_prepare (t->c->s,
                              "SELECT uri FROM object WHERE uri = ?1 UNION ALL SELECT * FROM"
                              " (SELECT uri FROM object WHERE uri > ?2 AND uri < ?3 LIMIT ?4)",
                              &st, e);
    if (r != ERR_OK)
        return r;
    rows_bounds (t->bucket, after, before, &lo, &hi);
    sql_bind_text (st, 1, first);
    sql_bind_text (st, 2, lo);
    sql_bind_text (st, 3, hi);
    sql_bind_int (st, 4, LIMIT_SIDECAR_SIBLINGS);
    while ((r = sql_step (st, &has_row, e)) == ERR_OK && has_row)
        take_keys (t, sql_get_text (st, 0) + strlen (first) - strlen (t->base));
    return r;
}

/* Those that are on their way to be rows, maybe extracted already without knowing. */
static enum err find_work (struct touch *t, struct error *e)
{
    _cleanup_stmt_ struct sql_stmt *st = NULL;
    g_autofree char *after = g_strconcat (t->base, ".", NULL),
                    *before = g_strconcat (t->base, "/", NULL);
    bool has_row = false;
    enum err r = sql_prepare (t->c->s,
                              "SELECT key FROM work WHERE binding = ?1 AND key = ?2 UNION ALL"
                              " SELECT * FROM (SELECT key FROM work"
                              " WHERE binding = ?1 AND key > ?3 AND key < ?4 LIMIT ?5)",
                              &st, e);
    if (r != ERR_OK)
        return r;
    sql_bind_int (st, 1, t->c->binding);
    sql_bind_text (st, 2, t->base);
    sql_bind_text (st, 3, after);
    sql_bind_text (st, 4, before);
    sql_bind_int (st, 5, LIMIT_SIDECAR_SIBLINGS);
    while ((r = sql_step (st, &has_row, e)) == ERR_OK && has_row)
        take_keys (t, sql_get_text (st, 0));
    return r;
}

static enum err make_stale (struct touch *t, const char *key, struct error *e)
{
    struct sql_stmt *st = NULL;
    g_autofree char *uri = rows_uri (t->bucket, key);
    enum err r = sql_prepare (
        t->c->s, "UPDATE object SET extractor = 0 WHERE uri = ? AND extractor <> 0", &st, e);
    if (r != ERR_OK)
        return r;
    sql_bind_text (st, 1, uri);
    return sql_run (st, e);
}

static enum err touch_base (struct change *c, const char *bucket, const char *base,
                            const char *self, enum work_priority priority, bool *touched,
                            struct error *e)
{
    g_autoptr (GPtrArray) keys = g_ptr_array_new_with_free_func (g_free);
    struct touch t = { .c = c, .bucket = bucket, .base = base, .self = self, .keys = keys };
    enum err r = find_rows (&t, e);
    if (r == ERR_OK)
        r = find_work (&t, e);
    for (guint i = 0; i < keys->len && r == ERR_OK; i++) {
        const char *key = g_ptr_array_index (keys, i);
        r = make_stale (&t, key, e);
        if (r == ERR_OK && priority < WORK_PRIORITIES)
            r = work_queue (c, key, priority, c->now_ns, NULL, e);
    }
    *touched = *touched || keys->len;
    return r;
}

enum err work_touch_images (struct change *c, const char *bucket, const char *key,
                            enum work_priority priority, bool *touched, struct error *e)
{
    g_autofree char *base = sidecar_base (key);
    if (sidecar_is_one (key))
        return touch_base (c, bucket, base, key, priority, touched, e);
    if (!sidecar_is_image (key))
        return ERR_OK;
    const char *other = sidecar_is_raw (key) ? base : NULL;
    bool exists = false;
    enum err r = sidecar_exists (c->s, bucket, key, other, &exists, e);
    if (r == ERR_OK && exists)
        r = touch_base (c, bucket, key, key, priority, touched, e);
    return r == ERR_OK && exists && other ? touch_base (c, bucket, other, key, priority, touched, e)
                                          : r;
}
