/* The directory store: its buckets, filters and checks. Objects are in dir_object.c, listings in
 * dir_list.c. */
#include "store/dir.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/limits.h"
#include "base/macros.h"
#include "base/text.h"
#include "store/dir_private.h"

static void dir_free (struct store *store)
{
    struct store_dir *s = (struct store_dir *) store;
    g_hash_table_unref (s->buckets);
    g_free (s->root);
    g_free (s->spill);
    g_free (s->base.name);
    g_free (s);
}

static void free_bucket (void *p)
{
    struct dir_bucket *b = p;
    g_free (b->path);
    store_filter_clear (&b->filter);
    g_free (b);
}

static int open_folder (const char *path)
{
    return open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static enum err fail_open (struct error *e, const char *what, int error)
{
    switch (error) {
    case ENOENT:
    case ENOTDIR:
    case ELOOP:
    case ENAMETOOLONG:
        return FAIL (e, NO_BUCKET, "%s is no folder: %s", what, g_strerror (error));
    case EACCES:
    case EPERM:
        return FAIL (e, STORE_DENIED, "%s cannot be read: %s", what, g_strerror (error));
    default:
        return FAIL (e, STORE_DOWN, "%s cannot be opened: %s", what, g_strerror (error));
    }
}

const struct dir_bucket *dir_bucket_of (struct store_dir *s, const char *bucket)
{
    return g_hash_table_lookup (s->buckets, bucket);
}

enum err dir_open_bucket (struct store_dir *s, const char *bucket, int *ret_fd, struct error *e)
{
    const struct dir_bucket *b = dir_bucket_of (s, bucket);
    if (b && b->path) {
        int fd = open_folder (b->path);
        if (fd < 0)
            return fail_open (e, b->path, errno);
        *ret_fd = fd;
        return ERR_OK;
    }
    if (!s->root || !store_bucket_name_is_legal (bucket))
        return FAIL (e, NO_BUCKET, "the store '%s' has no bucket '%s'", s->base.name, bucket);
    _cleanup_close_ int root = open_folder (s->root);
    if (root < 0)
        return FAIL (e, STORE_DOWN, "%s cannot be opened: %s", s->root, g_strerror (errno));
    int fd = dir_open_beneath (root, bucket, O_RDONLY | O_DIRECTORY);
    if (fd < 0) {
        int error = errno;
        g_autofree char *path = g_build_filename (s->root, bucket, NULL);
        return fail_open (e, path, error);
    }
    *ret_fd = fd;
    return ERR_OK;
}

static int compare_names (const void *a, const void *b)
{
    return strcmp (*(char *const *) a, *(char *const *) b);
}

static void add_named (struct store_dir *s, GPtrArray *names)
{
    GHashTableIter iter;
    gpointer name, bucket;
    g_hash_table_iter_init (&iter, s->buckets);
    while (g_hash_table_iter_next (&iter, &name, &bucket)) {
        const struct dir_bucket *b = bucket;
        if (b->path)
            g_ptr_array_add (names, g_strdup (name));
    }
}

/* Calls `see` for each entry of the root: `why_not` is NULL if it is a bucket. */
static enum err walk_root (struct store_dir *s,
                           void (*see) (GPtrArray *ret, const char *name, const char *why_not),
                           GPtrArray *ret, struct error *e)
{
    DIR *dir = s->root ? opendir (s->root) : NULL;
    if (!s->root)
        return ERR_OK;
    if (!dir)
        return FAIL (e, STORE_DOWN, "%s cannot be read: %s", s->root, g_strerror (errno));
    struct dirent *entry;
    while (errno = 0, (entry = readdir (dir)) != NULL) {
        const char *name = entry->d_name;
        struct stat st;
        if (strcmp (name, ".") == 0 || strcmp (name, "..") == 0 ||
            fstatat (dirfd (dir), name, &st, AT_SYMLINK_NOFOLLOW) < 0)
            continue;
        see (ret, name,
             S_ISLNK (st.st_mode)                 ? "is a link"
             : !S_ISDIR (st.st_mode)              ? "is no folder"
             : !store_bucket_name_is_legal (name) ? "is no legal bucket name"
                                                  : NULL);
    }
    int error = errno;
    closedir (dir);
    if (error)
        return FAIL (e, STORE_DOWN, "%s cannot be read: %s", s->root, g_strerror (error));
    return ERR_OK;
}

static void see_bucket (GPtrArray *ret, const char *name, const char *why_not)
{
    if (!why_not)
        g_ptr_array_add (ret, g_strdup (name));
}

static void see_stray (GPtrArray *ret, const char *name, const char *why_not)
{
    g_autofree char *printable = g_utf8_make_valid (name, -1);
    if (why_not)
        g_ptr_array_add (
            ret, g_strdup_printf ("'%s' %s, so it is not served as a bucket", printable, why_not));
}

static enum err dir_buckets (struct store *store, GPtrArray *names, struct error *e)
{
    struct store_dir *s = (struct store_dir *) store;
    add_named (s, names);
    enum err r = walk_root (s, see_bucket, names, e);
    g_ptr_array_sort (names, compare_names);
    return r;
}

void store_dir_strays (struct store *s, GPtrArray *ret)
{
    enum err r = walk_root ((struct store_dir *) s, see_stray, ret, NULL);
    (void) r; /* an unreadable root is told by store_buckets() */
    g_ptr_array_sort (ret, compare_names);
}

static enum err dir_check (struct store *store, const char *bucket, uint32_t wait_ms UNUSED,
                           struct error *e)
{
    _cleanup_close_ int fd = -1;
    enum err r = dir_open_bucket ((struct store_dir *) store, bucket, &fd, e);
    if (r != ERR_OK)
        return r;
    if (faccessat (fd, ".", R_OK | X_OK, AT_EACCESS) < 0)
        return fail_open (e, bucket, errno);
    return ERR_OK;
}

static enum err dir_mounts (struct store *store, const char *bucket, GPtrArray *ret,
                            struct error *e)
{
    _cleanup_close_ int fd = -1;
    enum err r = dir_open_bucket ((struct store_dir *) store, bucket, &fd, e);
    if (r != ERR_OK)
        return r;
    struct store_mount m;
    bool is_mount;
    if (dir_identify (fd, DIR_NO_DEVICE, &m, &is_mount) < 0)
        return FAIL (e, STORE_DOWN, "%s: %s", bucket, g_strerror (errno));
    m.prefix = g_strdup ("");
    g_ptr_array_add (ret, g_memdup2 (&m, sizeof m));
    return ERR_OK;
}

static const struct store_ops dir_ops = {
    .kind = "dir",
    .free = dir_free,
    .buckets = dir_buckets,
    .check = dir_check,
    .mounts = dir_mounts,
    .list_open = dir_list_open,
    .list_next = dir_list_next,
    .list_close = dir_list_close,
    .head = dir_head,
    .head_near = dir_head_near,
    .open = dir_open,
    .verify = dir_verify,
    .put = dir_put,
};

enum err store_dir_new (const char *name, const char *root, struct store **ret, struct error *e)
{
    _cleanup_close_ int fd = root ? open_folder (root) : -1;
    if (root && fd < 0)
        return FAIL (e, INVALID_ARGUMENT, "%s is no readable folder: %s", root, g_strerror (errno));
    struct store_dir *s = g_new0 (struct store_dir, 1);
    s->base = (struct store){ .ops = &dir_ops, .name = g_strdup (name) };
    s->root = g_strdup (root);
    s->buckets = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, free_bucket);
    s->window = LIMIT_DIR_WINDOW;
    *ret = &s->base;
    return ERR_OK;
}

/* The bucket's record, made if there is none. */
static struct dir_bucket *own_bucket (struct store_dir *s, const char *bucket)
{
    struct dir_bucket *b = g_hash_table_lookup (s->buckets, bucket);
    if (!b) {
        b = g_new0 (struct dir_bucket, 1);
        g_hash_table_insert (s->buckets, g_strdup (bucket), b);
    }
    return b;
}

enum err store_dir_add_bucket (struct store *store, const char *bucket, const char *path,
                               struct error *e)
{
    struct store_dir *s = (struct store_dir *) store;
    if (!store_bucket_name_is_legal (bucket))
        return FAIL (e, INVALID_ARGUMENT,
                     "'%s' is no bucket name: 3 to 63 of a-z, 0-9 and '-', not '-' at an end",
                     bucket);
    _cleanup_close_ int used = -1, fd = open_folder (path);
    if (dir_open_bucket (s, bucket, &used, NULL) == ERR_OK ||
        (dir_bucket_of (s, bucket) && dir_bucket_of (s, bucket)->path))
        return FAIL (e, INVALID_ARGUMENT, "there is a bucket '%s' already", bucket);
    if (fd < 0)
        return FAIL (e, INVALID_ARGUMENT, "%s is no readable folder: %s", path, g_strerror (errno));
    own_bucket (s, bucket)->path = g_strdup (path);
    return ERR_OK;
}

void store_dir_set_filter (struct store *store, const char *bucket, char **include, char **exclude)
{
    struct dir_bucket *b = own_bucket ((struct store_dir *) store, bucket);
    store_filter_set (&b->filter, include, exclude);
}

void store_dir_set_window (struct store *s, size_t bytes)
{
    ((struct store_dir *) s)->window = bytes;
}

void store_dir_set_writable (struct store *s)
{
    ((struct store_dir *) s)->is_writable = true;
}

void store_dir_set_spill (struct store *store, const char *folder)
{
    struct store_dir *s = (struct store_dir *) store;
    g_free (s->spill);
    s->spill = g_strdup (folder);
}

bool dir_filter_takes (const struct dir_bucket *b, const char *key)
{
    return store_filter_takes (b ? &b->filter : NULL, key);
}

bool dir_filter_skips (const struct dir_bucket *b, const char *prefix)
{
    for (char **p = b ? b->filter.exclude : NULL; p && *p; p++)
        if (g_str_has_suffix (*p, "*") && text_glob_match (*p, prefix))
            return true;
    return false;
}
