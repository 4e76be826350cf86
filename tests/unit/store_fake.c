#include "store_fake_private.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/queue.h"

struct listing {
    struct store_listing base;
    struct fake *fake;
    char *opened_after, *after, *before;
    int page;
};

static void object_free (void *p)
{
    struct object *o = p;
    g_bytes_unref (o->bytes);
    g_free (o);
}

enum err fake_call_hook (struct fake *f, enum fake_point point, const char *key, int page,
                         struct error *e)
{
    pthread_mutex_lock (&f->lock);
    fake_hook *hook = f->hook;
    void *arg = f->hook_arg;
    pthread_mutex_unlock (&f->lock);
    enum err r = hook ? hook (arg, f, point, key, page) : ERR_OK;
    return r == ERR_OK ? r : error_set (e, r, NULL, __FILE__, __LINE__, "the test says so");
}

static void fake_free (struct store *s)
{
    struct fake *f = (struct fake *) s;
    if (s->ops->fetch) {
        pthread_mutex_lock (&f->lock);
        f->is_ending = true;
        pthread_cond_signal (&f->wake);
        pthread_mutex_unlock (&f->lock);
        pthread_join (f->thread, NULL);
    }
    pthread_cond_destroy (&f->wake);
    g_tree_unref (f->objects);
    g_free (f->gap_lo);
    g_free (f->gap_hi);
    g_free (s->name);
    pthread_mutex_destroy (&f->lock);
    g_free (f);
}

static enum err fake_buckets (struct store *s, GPtrArray *names, struct error *e)
{
    (void) s;
    (void) e;
    g_ptr_array_add (names, g_strdup ("fake"));
    return ERR_OK;
}

static bool is_missing (struct fake *f)
{
    pthread_mutex_lock (&f->lock);
    bool is = f->is_missing;
    pthread_mutex_unlock (&f->lock);
    return is;
}

static enum err fake_check (struct store *s, const char *bucket, uint32_t wait_ms UNUSED,
                            struct error *e)
{
    bool is_there = strcmp (bucket, "fake") == 0 && !is_missing ((struct fake *) s);
    return is_there ? ERR_OK : FAIL (e, NO_BUCKET, "no bucket '%s'", bucket);
}

static enum err fake_mounts (struct store *s, const char *bucket, GPtrArray *ret, struct error *e)
{
    (void) bucket;
    (void) e;
    struct fake *f = (struct fake *) s;
    struct store_mount *m = g_new0 (struct store_mount, 1);
    pthread_mutex_lock (&f->lock);
    *m = (struct store_mount){ .prefix = g_strdup (""), .device = 1, .inode = f->root, .fsid = 7 };
    pthread_mutex_unlock (&f->lock);
    g_ptr_array_add (ret, m);
    return ERR_OK;
}

static enum err fake_list_open (struct store *s, const char *bucket, const char *after,
                                const char *before, const struct store_list_hooks *hooks,
                                struct store_listing **ret, struct error *e)
{
    struct fake *f = (struct fake *) s;
    enum err r = fake_call_hook (f, FAKE_LIST_OPEN, after, 0, e);
    if (r == ERR_OK && is_missing (f))
        r = FAIL (e, NO_BUCKET, "no bucket '%s'", bucket);
    if (r != ERR_OK)
        return r;
    pthread_mutex_lock (&f->lock);
    uint64_t root = f->root;
    pthread_mutex_unlock (&f->lock);
    for (guint i = 0; hooks && hooks->known_mounts && i < hooks->known_mounts->len; i++) {
        const struct store_mount *m = g_ptr_array_index (hooks->known_mounts, i);
        if (!*m->prefix && m->inode != root)
            return FAIL (e, STORE_CHANGED, "the root is another one");
    }
    struct listing *l = g_new0 (struct listing, 1);
    *l = (struct listing){ .base = { s->ops },
                           .fake = f,
                           .opened_after = g_strdup (after),
                           .after = g_strdup (after ? after : ""),
                           .before = g_strdup (before) };
    *ret = &l->base;
    return ERR_OK;
}

struct paging {
    struct listing *l;
    struct store_page *page;
    size_t max;
};

static gboolean list_one (void *key, void *value, void *data)
{
    struct paging *p = data;
    struct object *o = value;
    struct fake *f = p->l->fake;
    if (strcmp (key, p->l->after) <= 0)
        return FALSE;
    if (p->l->before && strcmp (key, p->l->before) >= 0)
        return TRUE;
    if (p->page->objects->len == p->max) {
        p->page->is_last = false;
        return TRUE;
    }
    if (!f->gap_lo || strcmp (key, f->gap_lo) < 0 || strcmp (key, f->gap_hi) >= 0) {
        struct store_object listed = { g_string_chunk_insert (p->page->keys, key), o->facts };
        g_array_append_val (p->page->objects, listed);
    }
    return FALSE;
}

static enum err fake_list_next (struct store_listing *listing, size_t max, struct store_page *page,
                                struct error *e)
{
    struct listing *l = (struct listing *) listing;
    struct fake *f = l->fake;
    enum err r = fake_call_hook (f, FAKE_LIST_PAGE, l->opened_after, l->page, e);
    if (r != ERR_OK)
        return r;
    pthread_mutex_lock (&f->lock);
    page->is_last = true;
    struct paging p = { l, page, MIN (max, f->page_size) };
    g_tree_foreach (f->objects, list_one, &p);
    if (f->gap_lo) {
        struct store_gap *g = g_new0 (struct store_gap, 1);
        *g = (struct store_gap){ g_strdup (f->gap_lo), g_strdup (f->gap_hi), ERR_STORE_DOWN,
                                 g_strdup ("a gap of the test") };
        g_ptr_array_add (page->gaps, g);
    }
    if (!page->is_last) {
        g_free (l->after);
        l->after = g_strdup (
            g_array_index (page->objects, struct store_object, page->objects->len - 1).key);
        page->upto = g_strdup (l->after);
    }
    f->listings += page->is_last;
    f->pages++;
    l->page++;
    pthread_mutex_unlock (&f->lock);
    return ERR_OK;
}

static void fake_list_close (struct store_listing *listing)
{
    struct listing *l = (struct listing *) listing;
    g_free (l->opened_after);
    g_free (l->after);
    g_free (l->before);
    g_free (l);
}

static enum err fake_head (struct store *s, const char *bucket, const char *key,
                           struct store_facts *ret, struct error *e)
{
    (void) bucket;
    struct fake *f = (struct fake *) s;
    enum err r = fake_call_hook (f, FAKE_HEAD, key, 0, e);
    if (r != ERR_OK)
        return r;
    pthread_mutex_lock (&f->lock);
    struct object *o = g_tree_lookup (f->objects, key);
    if (o)
        *ret = o->facts;
    pthread_mutex_unlock (&f->lock);
    return o ? ERR_OK : FAIL (e, NO_OBJECT, "no object '%s'", key);
}

static int memory_file (GBytes *bytes)
{
    int fd = memfd_create ("object", MFD_CLOEXEC);
    if (fd < 0 || write (fd, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes)) < 0)
        g_error ("memfd");
    return fd;
}

static enum err fake_open (struct store *s, const char *bucket, const char *key,
                           struct store_near *near UNUSED, struct store_handle *ret,
                           struct error *e)
{
    struct fake *f = (struct fake *) s;
    enum err r = fake_call_hook (f, FAKE_OPEN, key, 0, e);
    if (r != ERR_OK)
        return r;
    pthread_mutex_lock (&f->lock);
    struct object *o = g_tree_lookup (f->objects, key);
    f->opens++;
    if (o)
        *ret = (struct store_handle){ .fd = memory_file (o->bytes),
                                      .facts = o->facts,
                                      .store = s,
                                      .bucket = g_strdup (bucket),
                                      .key = g_strdup (key) };
    pthread_mutex_unlock (&f->lock);
    if (!o)
        return FAIL (e, NO_OBJECT, "no object '%s'", key);
    return fake_call_hook (f, FAKE_OPENED, key, 0, e);
}

static enum err fake_verify (struct store_handle *h, struct store_near *near UNUSED,
                             struct error *e)
{
    struct fake *f = (struct fake *) h->store;
    struct store_facts now;
    enum err r = fake_call_hook (f, FAKE_VERIFY, h->key, 0, e);
    if (r == ERR_OK)
        r = fake_head (h->store, h->bucket, h->key, &now, e);
    if (r == ERR_OK && !store_facts_equal (&now, &h->facts))
        r = FAIL (e, VERSION_CHANGED, "changed");
    return r;
}

static enum err fake_verify_nothing (struct store_handle *h, struct store_near *near UNUSED,
                                     struct error *e UNUSED)
{
    (void) h;
    return ERR_OK;
}

static enum err fake_put_object (struct store *s, const char *bucket UNUSED, const char *key,
                                 const void *bytes, size_t len, const char *content_type UNUSED,
                                 struct error *e)
{
    struct fake *f = (struct fake *) s;
    enum err r = fake_call_hook (f, FAKE_PUT, key, 0, e);
    if (r == ERR_OK)
        fake_put (f, key, bytes, len);
    return r;
}

static const struct store_ops fake_remote_ops = { .kind = "fake",
                                                  .free = fake_free,
                                                  .buckets = fake_buckets,
                                                  .check = fake_check,
                                                  .mounts = fake_mounts,
                                                  .list_open = fake_list_open,
                                                  .list_next = fake_list_next,
                                                  .list_close = fake_list_close,
                                                  .head = fake_head,
                                                  .verify = fake_verify_nothing,
                                                  .fetch = fake_fetch,
                                                  .cancel = fake_cancel,
                                                  .put = fake_put_object };

void fake_set_remote (struct fake *f)
{
    f->base.ops = &fake_remote_ops;
    f->thread = thread_start ("fake", fake_run_fetches, f);
}

static const struct store_ops fake_ops = { .kind = "fake",
                                           .free = fake_free,
                                           .buckets = fake_buckets,
                                           .check = fake_check,
                                           .mounts = fake_mounts,
                                           .list_open = fake_list_open,
                                           .list_next = fake_list_next,
                                           .list_close = fake_list_close,
                                           .head = fake_head,
                                           .open = fake_open,
                                           .verify = fake_verify };

static int compare_keys (const void *a, const void *b, void *unused)
{
    (void) unused;
    return strcmp (a, b);
}

struct fake *fake_new (size_t page_size)
{
    struct fake *f = g_new0 (struct fake, 1);
    f->base.ops = &fake_ops;
    f->base.name = g_strdup ("fake");
    f->page_size = page_size;
    f->root = 1;
    pthread_mutex_init (&f->lock, NULL);
    pthread_cond_init (&f->wake, NULL);
    f->objects = g_tree_new_full (compare_keys, NULL, g_free, object_free);
    return f;
}

struct store *fake_store (struct fake *f)
{
    return &f->base;
}

void fake_put (struct fake *f, const char *key, const void *bytes, size_t len)
{
    g_autoptr (GBytes) copy = g_bytes_new (bytes, len);
    fake_put_bytes (f, key, copy);
}

void fake_put_bytes (struct fake *f, const char *key, GBytes *bytes)
{
    size_t len = g_bytes_get_size (bytes);
    pthread_mutex_lock (&f->lock);
    struct object *o = g_new0 (struct object, 1);
    o->bytes = g_bytes_ref (bytes);
    o->facts.size = len;
    o->facts.mtime_ns = 1600000000000000000 + (int64_t) ++f->versions;
    g_snprintf (o->facts.etag, sizeof o->facts.etag, "V%u", (unsigned) f->versions);
    g_tree_replace (f->objects, g_strdup (key), o);
    pthread_mutex_unlock (&f->lock);
}

void fake_touch (struct fake *f, const char *key, int64_t mtime_ns)
{
    pthread_mutex_lock (&f->lock);
    struct object *o = g_tree_lookup (f->objects, key);
    o->facts.mtime_ns = mtime_ns;
    pthread_mutex_unlock (&f->lock);
}

void fake_set_class (struct fake *f, const char *key, const char *storage_class)
{
    pthread_mutex_lock (&f->lock);
    struct object *o = g_tree_lookup (f->objects, key);
    g_strlcpy (o->facts.storage_class, storage_class, sizeof o->facts.storage_class);
    pthread_mutex_unlock (&f->lock);
}

void fake_set_page_size (struct fake *f, size_t n)
{
    pthread_mutex_lock (&f->lock);
    f->page_size = n;
    pthread_mutex_unlock (&f->lock);
}

void fake_set_missing (struct fake *f, bool missing)
{
    pthread_mutex_lock (&f->lock);
    f->is_missing = missing;
    pthread_mutex_unlock (&f->lock);
}

void fake_remove (struct fake *f, const char *key)
{
    pthread_mutex_lock (&f->lock);
    g_tree_remove (f->objects, key);
    pthread_mutex_unlock (&f->lock);
}

void fake_set_gap (struct fake *f, const char *lo, const char *hi)
{
    pthread_mutex_lock (&f->lock);
    g_free (f->gap_lo);
    g_free (f->gap_hi);
    f->gap_lo = g_strdup (lo);
    f->gap_hi = g_strdup (hi);
    pthread_mutex_unlock (&f->lock);
}

void fake_set_root (struct fake *f, uint64_t inode)
{
    pthread_mutex_lock (&f->lock);
    f->root = inode;
    pthread_mutex_unlock (&f->lock);
}

void fake_set_hook (struct fake *f, fake_hook *hook, void *arg)
{
    pthread_mutex_lock (&f->lock);
    f->hook = hook;
    f->hook_arg = arg;
    pthread_mutex_unlock (&f->lock);
}

unsigned fake_count (struct fake *f, const unsigned *count)
{
    pthread_mutex_lock (&f->lock);
    unsigned n = *count;
    pthread_mutex_unlock (&f->lock);
    return n;
}

unsigned fake_opens (struct fake *f)
{
    return fake_count (f, &f->opens);
}

unsigned fake_pages (struct fake *f)
{
    return fake_count (f, &f->pages);
}

unsigned fake_listings (struct fake *f)
{
    return fake_count (f, &f->listings);
}
