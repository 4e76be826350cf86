/* What was fetched of documents whose text is to follow: rows come first, and yet nothing is
 * fetched twice. As many are kept as there is room for; the text of another one is taken with its
 * row. They count among the bytes that remote objects hold. */
#include "scan/internal.h"

#include <inttypes.h>
#include <sys/resource.h>

#include "base/macros.h"

struct kept {
    int64_t binding;
    struct store_handle handle;
};

static void kept_free (void *kept)
{
    struct kept *k = kept;
    store_handle_clear (&k->handle);
    g_free (k);
}

void kept_init (struct scan *s)
{
    struct rlimit files;
    s->kept = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, kept_free);
    if (getrlimit (RLIMIT_NOFILE, &files) == 0 && files.rlim_cur > LIMIT_REMOTE_FILES)
        s->kept_max = (unsigned) MIN (files.rlim_cur - LIMIT_REMOTE_FILES, LIMIT_FETCH_KEPT_FILES);
}

static char *name_of (const struct extraction *x)
{
    return g_strdup_printf ("%" PRId64 "/%s", x->bound->id, x->item->key);
}

bool kept_reserve (struct extraction *x)
{
    struct scan *s = x->bound->scan;
    uint64_t size = x->handle.facts.size;
    if (x->remote.kept)
        return true;
    if (!x->remote.prefetch->has_text || size == 0 || !store_handle_is_whole (&x->handle))
        return false;
    pthread_mutex_lock (&s->lock);
    bool has_room = size <= LIMIT_FETCH_KEPT - s->kept_bytes && s->n_kept < s->kept_max;
    if (has_room) {
        s->kept_bytes += size;
        s->n_kept++;
        x->remote.kept = size;
    }
    pthread_mutex_unlock (&s->lock);
    return has_room;
}

/* With scan->lock. */
static void give_back (struct scan *s, uint64_t bytes)
{
    s->kept_bytes -= bytes;
    s->n_kept--;
}

/* The writer takes the attributes of the row away, so there are others. */
static struct kept *keep (struct extraction *x)
{
    struct store_handle *from = &x->handle;
    struct kept *k = g_new0 (struct kept, 1);
    k->binding = x->bound->id;
    store_handle_init (&k->handle, from->store, from->bucket, from->key);
    k->handle.fd = steal_fd (&from->fd);
    k->handle.facts = from->facts;
    k->handle.known[0] = from->known[0];
    k->handle.n_known = from->n_known;
    k->handle.rounds = from->rounds;
    k->handle.bytes_fetched = from->bytes_fetched;
    k->handle.attributes = json_deep_copy (from->attributes);
    return k;
}

void kept_settle (struct extraction *x)
{
    struct scan *s = x->bound->scan;
    if (!x->remote.kept)
        return;
    bool is_over = s->is_stopping || atomic_load (&x->bound->is_ending);
    if (x->code == ERR_OK && x->left_text && !is_over) {
        g_hash_table_replace (s->kept, name_of (x), keep (x));
        x->remote.reserved -= x->remote.kept;
    } else {
        give_back (s, x->remote.kept);
    }
    x->remote.kept = 0;
}

static bool is_of_row (const struct store_handle *h, const struct index_entry *row)
{
    return h->facts.size == row->version.size && strcmp (h->facts.etag, row->version.etag) == 0;
}

/* Takes it out of what is kept. With scan->lock. */
static struct kept *steal (struct scan *s, const char *name)
{
    char *own;
    struct kept *k = NULL;
    if (!g_hash_table_steal_extended (s->kept, name, (void **) &own, (void **) &k))
        return NULL;
    g_free (own);
    give_back (s, k->handle.facts.size);
    return k;
}

bool kept_take (struct extraction *x)
{
    struct scan *s = x->bound->scan;
    struct remote *r = &x->remote;
    g_autofree char *name = name_of (x);
    pthread_mutex_lock (&s->lock);
    struct kept *k = steal (s, name);
    bool is_right = k && x->item->priority == WORK_TEXT && x->item->has_row &&
                    is_of_row (&k->handle, &x->item->row);
    if (is_right) {
        s->fetching_objects++;
        r->reserved = k->handle.facts.size;
        store_handle_clear (&x->handle);
        x->handle = k->handle;
        g_free (k);
    } else if (k) {
        s->fetched_bytes -= k->handle.facts.size;
        kept_free (k);
    }
    pthread_mutex_unlock (&s->lock);
    return is_right;
}

void kept_forget (struct scan *s, const struct bound *b)
{
    GHashTableIter iter;
    struct kept *k;
    g_hash_table_iter_init (&iter, s->kept);
    while (g_hash_table_iter_next (&iter, NULL, (void **) &k)) {
        if (k->binding != b->id)
            continue;
        give_back (s, k->handle.facts.size);
        s->fetched_bytes -= k->handle.facts.size;
        g_hash_table_iter_remove (&iter);
    }
}
