/* What an earlier run left in the cache: its renditions are entered by name, size and time, nothing
 * of them is read; unfinished files are removed. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/macros.h"
#include "media/cache_priv.h"

/* A folder of the cache, or NULL. */
static DIR *open_folder (struct cache *c, const char *name)
{
    int fd = openat (c->dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    DIR *d = fd >= 0 ? fdopendir (fd) : NULL;
    if (!d && fd >= 0)
        close (fd);
    return d;
}

static bool is_dots (const char *name)
{
    return strcmp (name, ".") == 0 || strcmp (name, "..") == 0;
}

static void sweep_folder (struct cache *c, const char *folder, GArray *found)
{
    DIR *d = open_folder (c, folder);
    struct dirent *f;
    struct stat st;
    while (d && !atomic_load (&c->is_stopping) && (f = readdir (d))) {
        struct entry entry = { .is_verified = false };
        if (is_dots (f->d_name) || fstatat (dirfd (d), f->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
            continue;
        uint64_t size = (uint64_t) st.st_size;
        bool is_ours = S_ISREG (st.st_mode) && cache_parse_path (folder, f->d_name, entry.key) &&
                       size > cache_file_offset ();
        if (!is_ours && !S_ISDIR (st.st_mode))
            unlinkat (dirfd (d), f->d_name, 0);
        entry.facts.size = size - cache_file_offset ();
        entry.touched_s = st.st_mtim.tv_sec;
        if (is_ours)
            g_array_append_val (found, entry);
    }
    if (d)
        closedir (d);
}

static int compare_times (const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    return (x->touched_s < y->touched_s) - (x->touched_s > y->touched_s);
}

/* Latest first, behind what this run has made. */
static void enter (struct cache *c, GArray *found)
{
    g_autoptr (GPtrArray) paths = g_ptr_array_new_with_free_func (g_free);
    g_array_sort (found, compare_times);
    pthread_mutex_lock (&c->lock);
    for (guint i = 0; i < found->len; i++)
        cache_add (c, &g_array_index (found, struct entry, i), false);
    c->is_swept = true;
    cache_shrink (c, paths);
    pthread_mutex_unlock (&c->lock);
    cache_remove (c, paths);
}

void *cache_sweep (void *cache)
{
    struct cache *c = cache;
    g_autoptr (GArray) found = g_array_new (FALSE, FALSE, sizeof (struct entry));
    for (unsigned i = 0; i < 256 && !atomic_load (&c->is_stopping); i++) {
        char folder[3];
        snprintf (folder, sizeof folder, "%02x", i);
        sweep_folder (c, folder, found);
    }
    if (!atomic_load (&c->is_stopping))
        enter (c, found);
    return NULL;
}
