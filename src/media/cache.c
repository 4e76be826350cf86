/* Which renditions there are: a table, and the order in which they were used. */
#include "media/cache.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/clock.h"
#include "base/queue.h"
#include "media/cache_priv.h"

/* ---- The table; all with the lock ---- */

static guint hash_key (gconstpointer key)
{
    guint r;
    memcpy (&r, key, sizeof r); /* of a hash: as good as any part of it */
    return r;
}

static gboolean equal_keys (gconstpointer a, gconstpointer b)
{
    return memcmp (a, b, CACHE_KEY) == 0;
}

static void take_out (struct cache *c, struct entry *x)
{
    *(x->newer ? &x->newer->older : &c->newest) = x->older;
    *(x->older ? &x->older->newer : &c->oldest) = x->newer;
}

static void put_in (struct cache *c, struct entry *x, bool as_newest)
{
    x->newer = as_newest ? NULL : c->oldest;
    x->older = as_newest ? c->newest : NULL;
    *(x->newer ? &x->newer->older : &c->newest) = x;
    *(x->older ? &x->older->newer : &c->oldest) = x;
}

static struct open_file *open_slot (struct cache *c, const uint8_t key[CACHE_KEY])
{
    unsigned n;
    memcpy (&n, key + sizeof (guint), sizeof n);
    return &c->open[n % LIMIT_CACHE_OPEN];
}

static uint64_t bytes_of (const struct entry *x)
{
    return x->facts.size + cache_file_offset ();
}

static void drop (struct cache *c, struct entry *x)
{
    struct open_file *o = open_slot (c, x->key);
    if (o->fd >= 0 && equal_keys (o->key, x->key))
        close (steal_fd (&o->fd));
    take_out (c, x);
    c->stats.files--;
    c->stats.bytes -= bytes_of (x);
    g_hash_table_remove (c->entries, x);
}

bool cache_add (struct cache *c, const struct entry *entry, bool as_newest)
{
    if (g_hash_table_contains (c->entries, entry))
        return false;
    struct entry *x = g_memdup2 (entry, sizeof *entry);
    g_hash_table_add (c->entries, x);
    put_in (c, x, as_newest);
    c->stats.files++;
    c->stats.bytes += bytes_of (x);
    return true;
}

void cache_shrink (struct cache *c, GPtrArray *paths)
{
    while (c->stats.bytes > c->max_bytes && c->oldest) {
        char path[CACHE_PATH_SIZE];
        cache_path (c->oldest->key, path);
        g_ptr_array_add (paths, g_strdup (path));
        drop (c, c->oldest);
        c->stats.evicted++;
    }
}

/* ---- Opening ---- */

/* Unfinished files of a run that was killed. */
static void empty_temporary (int dir)
{
    _cleanup_close_ int fd = openat (dir, CACHE_TEMPORARY, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    g_autofree char *path = g_strdup_printf ("/proc/self/fd/%d", fd);
    g_autoptr (GDir) d = fd >= 0 ? g_dir_open (path, 0, NULL) : NULL;
    const char *name;
    while (d && (name = g_dir_read_name (d)))
        unlinkat (fd, name, 0);
}

static enum err open_dir (const char *path, int *ret, struct error *e)
{
    _cleanup_close_ int dir = -1;
    if ((mkdir (path, 0700) < 0 && errno != EEXIST) ||
        (dir = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0 ||
        (mkdirat (dir, CACHE_TEMPORARY, 0700) < 0 && errno != EEXIST) ||
        faccessat (dir, CACHE_TEMPORARY, R_OK | W_OK | X_OK, AT_EACCESS) < 0)
        return FAIL (e, IO, "the folder of renditions %s: %s", path, g_strerror (errno));
    empty_temporary (dir);
    *ret = steal_fd (&dir);
    return ERR_OK;
}

enum err cache_open (const char *path, uint64_t max_bytes, struct cache **ret, struct error *e)
{
    int dir = -1;
    enum err r = open_dir (path, &dir, e);
    if (r != ERR_OK)
        return r;
    struct cache *c = g_new0 (struct cache, 1);
    c->dir = dir;
    c->max_bytes = max_bytes;
    c->entries = g_hash_table_new_full (hash_key, equal_keys, g_free, NULL);
    for (size_t i = 0; i < LIMIT_CACHE_OPEN; i++)
        c->open[i].fd = -1;
    pthread_mutex_init (&c->lock, NULL);
    c->sweeper = thread_start ("sweep", cache_sweep, c);
    *ret = c;
    return ERR_OK;
}

void cache_close (struct cache *c)
{
    if (!c)
        return;
    atomic_store (&c->is_stopping, true);
    pthread_join (c->sweeper, NULL);
    for (size_t i = 0; i < LIMIT_CACHE_OPEN; i++)
        macros_closep (&c->open[i].fd);
    g_hash_table_unref (c->entries);
    pthread_mutex_destroy (&c->lock);
    close (c->dir);
    g_free (c);
}

/* ---- Finding ---- */

/* A descriptor of the caller's own; -1 if the file is gone. */
static int give_open (struct cache *c, struct entry *x)
{
    struct open_file *o = open_slot (c, x->key);
    if (o->fd < 0 || !equal_keys (o->key, x->key)) {
        char path[CACHE_PATH_SIZE];
        cache_path (x->key, path);
        int fd = openat (c->dir, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        if (fd < 0)
            return -1;
        macros_closep (&o->fd);
        o->fd = fd;
        memcpy (o->key, x->key, CACHE_KEY);
    }
    return fcntl (o->fd, F_DUPFD_CLOEXEC, 0);
}

static void use (struct cache *c, struct entry *x, int fd)
{
    int64_t now_s = clock_now_ns () / 1000000000;
    if (x != c->newest) {
        take_out (c, x);
        put_in (c, x, true);
    }
    if (now_s - x->touched_s > LIMIT_CACHE_TOUCH_S || now_s < x->touched_s) {
        x->touched_s = now_s;
        (void) !futimens (fd, NULL);
    }
}

/* In memory, with the lock. */
static enum cache_answer look_up (struct cache *c, const uint8_t key[CACHE_KEY],
                                  struct cache_facts *ret, int *ret_fd)
{
    struct entry *x = g_hash_table_lookup (c->entries, key);
    if (!x)
        return c->is_swept ? CACHE_MISS : CACHE_UNSURE;
    if (!x->is_verified)
        return CACHE_UNSURE;
    int fd = give_open (c, x);
    if (fd < 0) {
        drop (c, x); /* somebody removed the file */
        return CACHE_MISS;
    }
    use (c, x, fd);
    *ret = x->facts;
    *ret_fd = fd;
    return CACHE_HIT;
}

/* On disk, without the lock. */
static enum cache_answer verify (struct cache *c, const uint8_t key[CACHE_KEY],
                                 struct cache_facts *ret, int *ret_fd)
{
    struct cache_facts facts = { 0 };
    int fd = -1;
    enum err r = cache_file_check (c, key, &facts, &fd, NULL);
    pthread_mutex_lock (&c->lock);
    struct entry *had = g_hash_table_lookup (c->entries, key);
    if (had && (r != ERR_OK || !had->is_verified))
        drop (c, had);
    if (r == ERR_OK) {
        struct entry entry = { .facts = facts, .is_verified = true };
        memcpy (entry.key, key, CACHE_KEY);
        cache_add (c, &entry, true);
    }
    c->stats.damaged += r == ERR_IO;
    pthread_mutex_unlock (&c->lock);
    if (r != ERR_OK)
        return CACHE_MISS;
    *ret = facts;
    *ret_fd = fd;
    return CACHE_HIT;
}

enum cache_answer cache_find (struct cache *c, const uint8_t key[CACHE_KEY], bool may_wait,
                              struct cache_facts *ret, int *ret_fd, uint64_t *ret_offset)
{
    pthread_mutex_lock (&c->lock);
    enum cache_answer r = look_up (c, key, ret, ret_fd);
    pthread_mutex_unlock (&c->lock);
    if (r == CACHE_UNSURE && may_wait)
        r = verify (c, key, ret, ret_fd);
    *ret_offset = cache_file_offset ();
    return r;
}

/* ---- Keeping ---- */

void cache_put (struct cache *c, const uint8_t key[CACHE_KEY], const struct cache_facts *facts,
                int fd)
{
    g_autoptr (GPtrArray) paths = g_ptr_array_new_with_free_func (g_free);
    struct entry entry = { .facts = *facts,
                           .is_verified = true,
                           .touched_s = clock_now_ns () / 1000000000 };
    memcpy (entry.key, key, CACHE_KEY);
    bool fits = bytes_of (&entry) <= c->max_bytes;
    enum err r = fits ? cache_file_write (c, key, facts, fd, NULL) : ERR_OK;
    pthread_mutex_lock (&c->lock);
    c->stats.unwritten += !fits || r != ERR_OK;
    if (fits && r == ERR_OK) {
        cache_add (c, &entry, true);
        cache_shrink (c, paths);
    }
    pthread_mutex_unlock (&c->lock);
    cache_remove (c, paths);
}

void cache_get_stats (struct cache *c, struct cache_stats *ret)
{
    pthread_mutex_lock (&c->lock);
    *ret = c->stats;
    pthread_mutex_unlock (&c->lock);
}
