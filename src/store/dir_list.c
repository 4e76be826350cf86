/* Listings of the directory store: opening them, and the pages that they yield. The walk itself is
 * dir_walk.c. */
#include <errno.h>
#include <string.h>

#include "base/limits.h"
#include "base/macros.h"
#include "store/dir_walk.h"

/* ---- Pages ---- */

static bool is_full (const struct dir_listing *l, size_t max)
{
    const struct store_page *p = l->page;
    return p->objects->len >= max || p->rejects->len >= LIMIT_PAGE_KEYS ||
           l->extras >= LIMIT_PAGE_KEYS;
}

/* Gives the page its end, and the gaps that it touches. */
static void finish (struct dir_listing *l, bool is_last)
{
    struct store_page *p = l->page;
    const char *last =
        p->objects->len ? g_array_index (p->objects, struct store_object, p->objects->len - 1).key
                        : "";
    if (strcmp (last, l->mark->str) > 0)
        g_string_assign (l->mark, last);
    p->upto = is_last ? NULL : g_strdup (l->mark->str);
    p->is_last = is_last;
    for (guint i = 0; i < l->gaps->len;) {
        const struct store_gap *gap = l->gaps->pdata[i];
        if (is_last || strcmp (gap->lo, l->mark->str) <= 0)
            g_ptr_array_add (p->gaps,
                             store_gap_new (gap->lo, g_strdup (gap->hi), gap->code, gap->message));
        if (gap->hi && strcmp (gap->hi, l->mark->str) <= 0)
            g_ptr_array_remove_index (l->gaps, i);
        else
            i++;
    }
    g_ptr_array_extend_and_steal (p->mounts, g_steal_pointer (&l->mounts));
    l->mounts = g_ptr_array_new_with_free_func (store_mount_free);
}

enum err dir_list_next (struct store_listing *listing, size_t max, struct store_page *page,
                        struct error *e)
{
    struct dir_listing *l = (struct dir_listing *) listing;
    l->page = page;
    l->extras = 0;
    enum err r = ERR_OK;
    if (!l->is_started)
        r = dir_walk_start (l, e);
    l->is_started = true;
    bool has_more = true;
    while (r == ERR_OK && (has_more = dir_walk_has_more (l)) && !is_full (l, max))
        r = dir_walk_step (l, e);
    if (r == ERR_OK)
        finish (l, !has_more);
    return r;
}

/* ---- Opening and closing ---- */

void dir_list_close (struct store_listing *listing)
{
    struct dir_listing *l = (struct dir_listing *) listing;
    for (guint i = l->frames->len; i-- > 0;) {
        struct dir_frame *f = l->frames->pdata[i];
        if (i < l->depth)
            dir_frame_leave (f);
        names_clear (&f->names);
        g_free (f);
    }
    spill_close (&l->reader.spill);
    g_ptr_array_unref (l->frames);
    g_ptr_array_unref (l->gaps);
    g_ptr_array_unref (l->mounts);
    g_string_free (l->key, TRUE);
    g_string_free (l->mark, TRUE);
    macros_closep (&l->root);
    g_free (l->reader.buffer);
    g_free (l->after);
    g_free (l->before);
    g_free (l);
}

/* Opens the bucket's folder, and sees that it is the one that was bound. */
static enum err open_root (struct dir_listing *l, const char *bucket, struct error *e)
{
    const struct store_mount *known = dir_walk_known_mount (l, "");
    enum err r = dir_open_bucket (l->store, bucket, &l->root, e);
    if (r == ERR_NO_BUCKET && known)
        return FAIL (e, STORE_CHANGED, "the folder of bucket '%s' is gone", bucket);
    if (r != ERR_OK)
        return r;
    struct store_mount now;
    bool is_mount;
    if (dir_identify (l->root, DIR_NO_DEVICE, &now, &is_mount) < 0)
        return error_set (e, dir_error_code (errno), NULL, __FILE__, __LINE__, "%s: %s", bucket,
                          g_strerror (errno));
    if (known && store_mount_is_changed (known, &now))
        return FAIL (e, STORE_CHANGED, "the folder of bucket '%s' is another one than before",
                     bucket);
    dir_walk_report_mount (l, &now, "");
    return ERR_OK;
}

/* A mount that is gone would not be met by the walk: so all that are known are looked at first. */
static void check_known_mounts (struct dir_listing *l)
{
    const GPtrArray *known = l->hooks ? l->hooks->known_mounts : NULL;
    for (guint i = 0; known && i < known->len; i++) {
        const struct store_mount *m = known->pdata[i];
        g_autofree char *end = store_prefix_end (m->prefix);
        bool is_below = l->after && end && strcmp (end, l->after) <= 0;
        bool is_above = l->before && strcmp (m->prefix, l->before) >= 0;
        if (*m->prefix == '\0' || is_below || is_above)
            continue;
        const char *fault;
        enum err code = dir_mount_check (l->root, m, &fault);
        if (code != ERR_OK)
            dir_walk_add_gap (l, m->prefix, store_prefix_end (m->prefix), code, fault);
    }
}

enum err dir_list_open (struct store *s, const char *bucket, const char *after, const char *before,
                        const struct store_list_hooks *hooks, struct store_listing **ret,
                        struct error *e)
{
    struct store_dir *store = (struct store_dir *) s;
    struct dir_listing *l = g_new0 (struct dir_listing, 1);
    *l = (struct dir_listing){
        .base.ops = s->ops,
        .store = store,
        .bucket = dir_bucket_of (store, bucket),
        .hooks = hooks,
        .reader = { g_malloc (DIR_BUFFER_SIZE),
                    hooks,
                    { .folder = store->spill ? store->spill : g_get_tmp_dir (), .fd = -1 } },
        .root = -1,
        .after = g_strdup (after),
        .before = g_strdup (before),
        .frames = g_ptr_array_new (),
        .key = g_string_new (""),
        .mark = g_string_new (after),
        .gaps = g_ptr_array_new_with_free_func (store_gap_free),
        .mounts = g_ptr_array_new_with_free_func (store_mount_free),
    };
    enum err r = open_root (l, bucket, e);
    if (r != ERR_OK) {
        dir_list_close (&l->base);
        return r;
    }
    check_known_mounts (l);
    *ret = &l->base;
    return ERR_OK;
}
