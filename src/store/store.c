/* What all stores have in common: the calls of their operations, handles and pages. Knows no
 * back-end. */
#include "store/store.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "base/macros.h"

void store_free (struct store *s)
{
    if (s)
        s->ops->free (s);
}

enum err store_buckets (struct store *s, GPtrArray *names, struct error *e)
{
    return s->ops->buckets (s, names, e);
}

enum err store_check (struct store *s, const char *bucket, struct error *e)
{
    return s->ops->check (s, bucket, LIMIT_STORE_WAIT_MS, e);
}

enum err store_mounts (struct store *s, const char *bucket, GPtrArray *ret, struct error *e)
{
    return s->ops->mounts (s, bucket, ret, e);
}

enum err store_list_open (struct store *s, const char *bucket, const char *after,
                          const char *before, const struct store_list_hooks *hooks,
                          struct store_listing **ret, struct error *e)
{
    return s->ops->list_open (s, bucket, after, before, hooks, ret, e);
}

enum err store_list_next (struct store_listing *l, size_t max, struct store_page *page,
                          struct error *e)
{
    assert (max > 0);
    store_page_reset (page);
    return l->ops->list_next (l, max, page, e);
}

void store_list_close (struct store_listing *l)
{
    if (l)
        l->ops->list_close (l);
}

enum err store_head (struct store *s, const char *bucket, const char *key, struct store_facts *ret,
                     struct error *e)
{
    return s->ops->head (s, bucket, key, ret, e);
}

enum err store_head_near (struct store *s, const char *bucket, const char *key,
                          struct store_near *near, struct store_facts *ret, struct error *e)
{
    return s->ops->head_near ? s->ops->head_near (s, bucket, key, near, ret, e)
                             : s->ops->head (s, bucket, key, ret, e);
}

enum err store_open (struct store *s, const char *bucket, const char *key, struct store_near *near,
                     struct store_handle *ret, struct error *e)
{
    return s->ops->open (s, bucket, key, near, ret, e);
}

enum err store_verify (struct store_handle *h, struct store_near *near, struct error *e)
{
    return h->store->ops->verify (h, near, e);
}

bool store_is_remote (const struct store *s)
{
    return s->ops->fetch != NULL;
}

enum err store_fetch (struct store_handle *h, uint64_t head, uint64_t tail,
                      const struct store_range *more, size_t n, store_fetched_fn *done, void *arg,
                      struct error *e)
{
    assert (store_is_remote (h->store) && n <= STORE_RANGES);
    return h->store->ops->fetch (h, head, tail, more, n, done, arg, e);
}

void store_cancel (struct store *s)
{
    if (s->ops->cancel)
        s->ops->cancel (s);
}

enum err store_put (struct store *s, const char *bucket, const char *key, const void *bytes,
                    size_t len, const char *content_type, struct error *e)
{
    if (!s->ops->put)
        return FAIL (e, STORE_DENIED, "the store '%s' cannot be written", s->name);
    return s->ops->put (s, bucket, key, bytes, len, content_type, e);
}

enum err store_notify (struct store *s, const char *bucket, const struct store_notify *n,
                       char **ret_target, struct error *e)
{
    if (!s->ops->notify)
        return FAIL (e, NOT_IMPLEMENTED, "the store '%s' (%s) reports no changes", s->name,
                     s->ops->kind);
    return s->ops->notify (s, bucket, n, ret_target, e);
}

const char *store_own_name (struct store *s, const char *bucket)
{
    return s->ops->own_name ? s->ops->own_name (s, bucket) : bucket;
}

void store_near_init (struct store_near *n)
{
    *n = (struct store_near){ .root = -1, .folder = -1 };
}

void store_near_clear (struct store_near *n)
{
    macros_closep (&n->root);
    macros_closep (&n->folder);
    g_free (n->bucket);
    g_free (n->prefix);
    store_near_init (n);
}

void store_handle_init (struct store_handle *h, struct store *s, const char *bucket,
                        const char *key)
{
    *h = (struct store_handle){
        .fd = -1,
        .store = s,
        .bucket = g_strdup (bucket),
        .key = g_strdup (key),
        .is_remote = store_is_remote (s),
    };
}

void store_handle_clear (struct store_handle *h)
{
    macros_closep (&h->fd);
    g_free (h->bucket);
    g_free (h->key);
    json_decref (h->attributes);
    *h = (struct store_handle){ .fd = -1 };
}

bool store_handle_is_whole (const struct store_handle *h)
{
    if (!h->is_remote || h->facts.size == 0)
        return h->fd >= 0;
    return h->n_known == 1 && h->known[0].at == 0 && h->known[0].length == h->facts.size;
}

enum err store_handle_reader (const struct store_handle *h, int *ret_fd, struct error *e)
{
    char path[64];
    int seals = fcntl (h->fd, F_GET_SEALS), fd;
    snprintf (path, sizeof path, "/proc/self/fd/%d", h->fd);
    if (seals >= 0 && seals & F_SEAL_WRITE) /* nobody can write it: a copy is cheaper */
        fd = fcntl (h->fd, F_DUPFD_CLOEXEC, 0);
    else
        fd = open (path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return FAIL (e, IO, "'%s' cannot be handed to be read: %s", h->key, g_strerror (errno));
    *ret_fd = fd;
    return ERR_OK;
}

bool store_facts_equal (const struct store_facts *a, const struct store_facts *b)
{
    return a->size == b->size && a->mtime_ns == b->mtime_ns && strcmp (a->etag, b->etag) == 0;
}

/* GLACIER_IR, for one, reads at once. */
bool store_class_is_archived (const char *storage_class)
{
    static const char *const archived[] = { "Archive", "ColdArchive", "DeepColdArchive", "GLACIER",
                                            "DEEP_ARCHIVE" };
    for (size_t i = 0; i < N_ELEMENTS (archived); i++)
        if (strcmp (storage_class, archived[i]) == 0)
            return true;
    return false;
}

char *store_prefix_end (const char *prefix)
{
    size_t len = strlen (prefix);
    while (len > 0 && (unsigned char) prefix[len - 1] == 0xff)
        len--;
    if (len == 0)
        return NULL;
    char *end = g_strndup (prefix, len);
    end[len - 1]++;
    return end;
}

/* ---- Pages ---- */

#define KEY_BLOCK (64 * KIB)

struct store_gap *store_gap_new (const char *lo, char *take_hi, enum err code, const char *message)
{
    struct store_gap *gap = g_new (struct store_gap, 1);
    *gap = (struct store_gap){
        .lo = g_strdup (lo), .hi = take_hi, .code = code, .message = g_strdup (message)
    };
    return gap;
}

void store_gap_free (void *p)
{
    struct store_gap *gap = p;
    if (gap) {
        g_free (gap->lo);
        g_free (gap->hi);
        g_free (gap->message);
    }
    g_free (gap);
}

static void free_reject (void *p)
{
    struct store_reject *reject = p;
    g_free (reject->key);
    g_free (reject->reason);
    g_free (reject);
}

void store_page_init (struct store_page *p)
{
    *p = (struct store_page){
        .objects = g_array_new (FALSE, FALSE, sizeof (struct store_object)),
        .gaps = g_ptr_array_new_with_free_func (store_gap_free),
        .rejects = g_ptr_array_new_with_free_func (free_reject),
        .mounts = g_ptr_array_new_with_free_func (store_mount_free),
        .keys = g_string_chunk_new (KEY_BLOCK),
    };
}

void store_page_reset (struct store_page *p)
{
    g_array_set_size (p->objects, 0);
    g_ptr_array_set_size (p->gaps, 0);
    g_ptr_array_set_size (p->rejects, 0);
    g_ptr_array_set_size (p->mounts, 0);
    g_string_chunk_clear (p->keys);
    g_clear_pointer (&p->upto, g_free);
    p->is_last = false;
}

void store_page_clear (struct store_page *p)
{
    g_clear_pointer (&p->objects, g_array_unref);
    g_clear_pointer (&p->gaps, g_ptr_array_unref);
    g_clear_pointer (&p->rejects, g_ptr_array_unref);
    g_clear_pointer (&p->mounts, g_ptr_array_unref);
    g_clear_pointer (&p->keys, g_string_chunk_free);
    g_clear_pointer (&p->upto, g_free);
}

/* Characters that print stay; other bytes and '\\' become \xHH. */
static char *make_printable (const char *raw, size_t len)
{
    GString *text = g_string_sized_new (len + 16);
    for (size_t i = 0; i < len;) {
        gunichar c = g_utf8_get_char_validated (raw + i, (gssize) (len - i));
        bool is_plain = c < (gunichar) -2 && g_unichar_isprint (c) && c != '\\';
        size_t n = is_plain ? (size_t) g_unichar_to_utf8 (c, NULL) : 1;
        if (is_plain)
            g_string_append_len (text, raw + i, (gssize) n);
        else
            g_string_append_printf (text, "\\x%02X", (unsigned char) raw[i]);
        i += n;
    }
    return g_string_free (text, FALSE);
}

void store_page_add_reject (struct store_page *p, const char *raw, size_t len, const char *reason)
{
    struct store_reject *reject = g_new (struct store_reject, 1);
    reject->key = make_printable (raw, len);
    reject->reason = g_strdup (reason);
    g_ptr_array_add (p->rejects, reject);
}

void store_mount_free (void *mount)
{
    struct store_mount *m = mount;
    if (m)
        g_free (m->prefix);
    g_free (m);
}

bool store_mount_is_changed (const struct store_mount *a, const struct store_mount *b)
{
    if (a->inode != b->inode || a->fsid != b->fsid)
        return true;
    return a->fsid == 0 && a->device != b->device;
}

/* ---- Names ---- */

bool store_bucket_name_is_legal (const char *name)
{
    size_t len = strlen (name);
    if (len < LIMIT_BUCKET_NAME_MIN || len > LIMIT_BUCKET_NAME_MAX)
        return false;
    for (size_t i = 0; i < len; i++)
        if (!g_ascii_islower (name[i]) && !g_ascii_isdigit (name[i]) && name[i] != '-')
            return false;
    return name[0] != '-' && name[len - 1] != '-';
}
