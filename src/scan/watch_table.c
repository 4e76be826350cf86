/* The tables of the watcher; see the header. */
#include "scan/watch_table.h"

#include <string.h>
#include <sys/inotify.h>

#include "base/limits.h"

static void free_binding (void *p)
{
    struct watch_binding *b = p;
    g_tree_unref (b->spots);
    g_hash_table_unref (b->unwatched);
    g_free (b);
}

void watch_table_init (struct watch_table *t, int inotify)
{
    *t = (struct watch_table){
        .inotify = inotify,
        .bindings = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, free_binding),
        .spots = g_hash_table_new (NULL, NULL),
    };
}

void watch_table_clear (struct watch_table *t)
{
    GHashTableIter iter;
    gpointer spot;
    g_hash_table_iter_init (&iter, t->spots);
    while (g_hash_table_iter_next (&iter, NULL, &spot)) {
        for (struct watch_spot *s = spot, *next; s; s = next) {
            next = s->next;
            g_free (s);
        }
    }
    g_hash_table_unref (t->spots);
    g_hash_table_unref (t->bindings);
}

struct watch_binding *watch_table_binding (const struct watch_table *t, int64_t id)
{
    return g_hash_table_lookup (t->bindings, &id);
}

struct watch_spot *watch_table_spot (const struct watch_table *t, int wd)
{
    return g_hash_table_lookup (t->spots, GINT_TO_POINTER (wd));
}

static int compare_prefixes (const void *a, const void *b)
{
    return strcmp (a, b);
}

void watch_table_add_binding (struct watch_table *t, int64_t id)
{
    if (watch_table_binding (t, id))
        return;
    struct watch_binding *b = g_new (struct watch_binding, 1);
    *b = (struct watch_binding){
        .id = id,
        .spots = g_tree_new (compare_prefixes),
        .unwatched = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL),
    };
    g_hash_table_insert (t->bindings, &b->id, b);
}

/* Takes a spot off its watch, and the watch off the kernel if it was the last. */
static void unlink_spot (struct watch_table *t, struct watch_spot *spot)
{
    struct watch_spot *first = watch_table_spot (t, spot->wd);
    if (first != spot) {
        while (first->next != spot)
            first = first->next;
        first->next = spot->next;
    } else if (spot->next) {
        g_hash_table_insert (t->spots, GINT_TO_POINTER (spot->wd), spot->next);
    } else {
        g_hash_table_remove (t->spots, GINT_TO_POINTER (spot->wd));
        inotify_rm_watch (t->inotify, spot->wd);
    }
}

static void drop_spot (struct watch_table *t, struct watch_spot *spot)
{
    g_tree_remove (spot->binding->spots, spot->prefix);
    unlink_spot (t, spot);
    t->n--;
    g_free (spot);
}

static gboolean has_prefix (gpointer prefix, gpointer value, gpointer wanted)
{
    (void) value;
    return g_str_has_prefix (prefix, wanted);
}

void watch_table_drop (struct watch_table *t, struct watch_binding *b, const char *prefix)
{
    GTreeNode *node;
    while ((node = g_tree_lower_bound (b->spots, prefix)) != NULL &&
           g_str_has_prefix (g_tree_node_key (node), prefix))
        drop_spot (t, g_tree_node_value (node));
    g_hash_table_foreach_remove (b->unwatched, has_prefix, (gpointer) prefix);
}

void watch_table_remove_binding (struct watch_table *t, int64_t id)
{
    struct watch_binding *b = watch_table_binding (t, id);
    if (!b)
        return;
    watch_table_drop (t, b, "");
    g_hash_table_remove (t->bindings, &id);
}

void watch_table_drop_wd (struct watch_table *t, int wd)
{
    struct watch_spot *spot;
    while ((spot = watch_table_spot (t, wd)) != NULL)
        drop_spot (t, spot);
}

struct watch_spot *watch_table_put (struct watch_table *t, struct watch_binding *b,
                                    const char *prefix, int wd, bool is_remote)
{
    size_t size = strlen (prefix) + 1;
    struct watch_spot *spot = g_malloc (sizeof *spot + size);
    *spot = (struct watch_spot){
        .next = watch_table_spot (t, wd), .binding = b, .wd = wd, .is_remote = is_remote
    };
    memcpy (spot->prefix, prefix, size);
    g_hash_table_insert (t->spots, GINT_TO_POINTER (wd), spot);
    g_tree_insert (b->spots, spot->prefix, spot);
    t->n++;
    return spot;
}

static gboolean collect_stale (gpointer prefix, gpointer value, gpointer ret)
{
    (void) prefix;
    struct watch_spot *spot = value;
    if (spot->is_stale)
        g_ptr_array_add (ret, spot);
    spot->is_stale = true;
    return FALSE;
}

void watch_table_age (struct watch_table *t)
{
    GHashTableIter iter;
    gpointer b;
    g_autoptr (GPtrArray) stale = g_ptr_array_new ();
    g_hash_table_iter_init (&iter, t->bindings);
    while (g_hash_table_iter_next (&iter, NULL, &b))
        g_tree_foreach (((struct watch_binding *) b)->spots, collect_stale, stale);
    for (guint i = 0; i < stale->len; i++)
        drop_spot (t, stale->pdata[i]);
}

void watch_table_put_unwatched (struct watch_binding *b, const char *prefix)
{
    if (g_hash_table_size (b->unwatched) < LIMIT_UNWATCHED)
        g_hash_table_add (b->unwatched, g_strdup (prefix));
    else if (!g_hash_table_contains (b->unwatched, prefix))
        b->has_more = true;
}
