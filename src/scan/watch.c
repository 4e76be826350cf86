/* Reading inotify and telling it as keys; see the header. The folders that watches stand for are
 * kept by watch_table.c. Knows nothing of what the receiver does. */
#include "scan/watch.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/macros.h"
#include "base/queue.h"
#include "base/text.h"
#include "scan/watch_table.h"

#define READ_SIZE (64 * 1024)
#define WATCH_MASK                                                                                 \
    (IN_CLOSE_WRITE | IN_MODIFY | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE |            \
     IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR | IN_EXCL_UNLINK)

#define WRITTEN_SLOTS 4096

/* A file that was told as written to a moment ago: a writer makes an event with each write, and one
 * look once it rests is enough. */
struct written {
    int wd;
    guint name; /* its hash */
    int64_t told_ms;
};

/* An event that was not handed over yet. */
struct pending {
    int64_t binding;
    enum watch_kind kind;
    size_t key; /* offset in text */
};

struct watch {
    watch_fn on_events;
    void *arg;
    int inotify, stop, mounts;
    pthread_t thread;
    pthread_mutex_t lock;    /* of the table */
    pthread_mutex_t handing; /* held during a callback; taken before `lock` */
    struct watch_table table;
    GArray *pending; /* struct pending; the reading thread's own, as all below */
    GString *text;
    GArray *batch; /* struct watch_event */
    char *buffer;
    struct written written[WRITTEN_SLOTS]; /* by hash; a collision only tells once more */
};

/* ---- Events become pending ---- */

static bool is_about (const struct watch *w, const struct pending *p, int64_t binding,
                      const char *prefix, const char *name)
{
    const char *key = w->text->str + p->key;
    size_t prefix_len = strlen (prefix);
    return p->binding == binding && strncmp (key, prefix, prefix_len) == 0 &&
           strcmp (key + prefix_len, name) == 0;
}

/* Of two things in a row about one file, one look is enough; what comes after it went is told. */
static bool merge (struct watch *w, int64_t binding, enum watch_kind kind, const char *prefix,
                   const char *name)
{
    if (w->pending->len == 0)
        return false;
    struct pending *last = &g_array_index (w->pending, struct pending, w->pending->len - 1);
    if (!is_about (w, last, binding, prefix, name))
        return false;
    if (last->kind == kind || (last->kind == WATCH_CLOSED && kind == WATCH_SETTLE))
        return true;
    if (last->kind >= WATCH_GONE || kind > WATCH_GONE)
        return false;
    last->kind = kind;
    return true;
}

static void tell (struct watch *w, int64_t binding, enum watch_kind kind, const char *prefix,
                  const char *name)
{
    if (merge (w, binding, kind, prefix, name))
        return;
    struct pending p = { binding, kind, w->text->len };
    g_string_append (w->text, prefix);
    g_string_append_len (w->text, name, (gssize) strlen (name) + 1);
    g_array_append_val (w->pending, p);
}

static void tell_all (struct watch *w, enum watch_kind kind)
{
    GHashTableIter iter;
    gpointer b;
    g_hash_table_iter_init (&iter, w->table.bindings);
    while (g_hash_table_iter_next (&iter, NULL, &b))
        tell (w, ((struct watch_binding *) b)->id, kind, "", "");
}

/* What happened to the folder itself that a watch stands for. */
static void see_self (struct watch *w, const struct watch_spot *spot, uint32_t mask)
{
    const uint32_t gone = IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT;
    if (*spot->prefix == '\0' && (mask & gone))
        tell (w, spot->binding->id, WATCH_ROOT_GONE, "", "");
    else if (mask & IN_UNMOUNT)
        tell (w, spot->binding->id, WATCH_UNMOUNT, spot->prefix, "");
}

static void see_file (struct watch *w, const struct watch_spot *spot, uint32_t mask,
                      const char *name)
{
    enum watch_kind kind = mask & (IN_CLOSE_WRITE | IN_MOVED_TO) ? WATCH_CLOSED
                           : mask & (IN_DELETE | IN_MOVED_FROM)  ? WATCH_GONE
                                                                 : WATCH_SETTLE;
    tell (w, spot->binding->id, kind, spot->prefix, name);
}

/* A folder that went takes the watches below along: with another prefix they would tell wrong
 * keys. A touched folder matters only if it could not be entered before. */
static void see_folder (struct watch *w, struct watch_binding *b, const char *prefix, uint32_t mask)
{
    if (mask & (IN_DELETE | IN_MOVED_FROM))
        watch_table_drop (&w->table, b, prefix);
    if (!(mask & IN_ATTRIB) || !g_tree_lookup (b->spots, prefix))
        tell (w, b->id, WATCH_FOLDER, prefix, "");
}

/* Dropping watches changes the list of spots, so that folders are collected first. */
static void see_folders (struct watch *w, const struct watch_spot *spots, uint32_t mask,
                         const char *name)
{
    g_autoptr (GPtrArray) prefixes = g_ptr_array_new_with_free_func (g_free);
    g_autoptr (GPtrArray) bindings = g_ptr_array_new ();
    for (const struct watch_spot *spot = spots; spot; spot = spot->next) {
        g_ptr_array_add (prefixes, g_strconcat (spot->prefix, name, "/", NULL));
        g_ptr_array_add (bindings, spot->binding);
    }
    for (guint i = 0; i < prefixes->len; i++)
        if (strlen (prefixes->pdata[i]) < LIMIT_KEY_MAX)
            see_folder (w, bindings->pdata[i], prefixes->pdata[i], mask);
}

/* True for a write to a file that was told a moment ago, and whose look is still to come. When it
 * was looked at or went, the next write is told again. */
static bool is_told (struct watch *w, const struct inotify_event *event, const char *name)
{
    const uint32_t looked_at = IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE;
    guint hash = g_str_hash (name) ^ (guint) event->wd * 2654435761u;
    struct written *slot = &w->written[hash % WRITTEN_SLOTS];
    bool is_same = slot->wd == event->wd && slot->name == hash;
    int64_t now = clock_mono_ms ();
    if ((event->mask & IN_MODIFY) && is_same && now - slot->told_ms < LIMIT_SETTLE_MS)
        return true;
    if (event->mask & (IN_MODIFY | IN_CREATE))
        *slot = (struct written){ event->wd, hash, now };
    else if (is_same && (event->mask & looked_at))
        slot->wd = 0;
    return false;
}

static void see_event (struct watch *w, const struct inotify_event *event)
{
    const char *name = event->len ? event->name : "";
    const struct watch_spot *spots = watch_table_spot (&w->table, event->wd);
    if (event->mask & IN_Q_OVERFLOW) {
        watch_table_age (&w->table);
        tell_all (w, WATCH_OVERFLOW);
    } else if (event->mask & IN_IGNORED) {
        watch_table_drop_wd (&w->table, event->wd);
    } else if (*name == '\0') {
        for (; spots; spots = spots->next)
            see_self (w, spots, event->mask);
    } else if (!text_is_utf8 (name, strlen (name))) {
        return; /* cannot be a key, nor lead to one */
    } else if (event->mask & IN_ISDIR) {
        see_folders (w, spots, event->mask, name);
    } else if (!is_told (w, event, name)) {
        for (; spots; spots = spots->next)
            if (strlen (spots->prefix) + strlen (name) <= LIMIT_KEY_MAX)
                see_file (w, spots, event->mask, name);
    }
}

/* ---- Handing over ---- */

static bool is_bound (struct watch *w, int64_t binding)
{
    pthread_mutex_lock (&w->lock);
    bool is_there = watch_table_binding (&w->table, binding) != NULL;
    pthread_mutex_unlock (&w->lock);
    return is_there;
}

static int compare_bindings (const void *a, const void *b)
{
    const struct pending *x = a, *y = b;
    return (x->binding > y->binding) - (x->binding < y->binding);
}

/* Hands over what is pending, by binding (the sort keeps the order of equals), at most
 * LIMIT_WATCH_BATCH events at a time. */
static void hand_over (struct watch *w)
{
    g_array_sort (w->pending, compare_bindings);
    for (guint i = 0; i < w->pending->len;) {
        int64_t binding = g_array_index (w->pending, struct pending, i).binding;
        g_array_set_size (w->batch, 0);
        for (; i < w->pending->len && w->batch->len < LIMIT_WATCH_BATCH; i++) {
            const struct pending *p = &g_array_index (w->pending, struct pending, i);
            if (p->binding != binding)
                break;
            struct watch_event event = { p->kind, w->text->str + p->key };
            g_array_append_val (w->batch, event);
        }
        pthread_mutex_lock (&w->handing);
        if (is_bound (w, binding))
            w->on_events (w->arg, binding, (const struct watch_event *) w->batch->data,
                          w->batch->len);
        pthread_mutex_unlock (&w->handing);
    }
    g_array_set_size (w->pending, 0);
    g_string_truncate (w->text, 0);
}

static void read_events (struct watch *w)
{
    ssize_t n = read (w->inotify, w->buffer, READ_SIZE);
    pthread_mutex_lock (&w->lock);
    for (ssize_t at = 0; at < n;) {
        const struct inotify_event *event = (const void *) (w->buffer + at);
        see_event (w, event);
        at += (ssize_t) sizeof *event + event->len;
    }
    pthread_mutex_unlock (&w->lock);
}

static void *run (void *arg)
{
    struct watch *w = arg;
    struct pollfd polls[] = { { .fd = w->stop, .events = POLLIN },
                              { .fd = w->inotify, .events = POLLIN },
                              { .fd = w->mounts, .events = POLLPRI } };
    for (;;) {
        if (poll (polls, N_ELEMENTS (polls), -1) < 0)
            continue;
        if (polls[0].revents)
            return NULL;
        if (polls[1].revents)
            read_events (w);
        if (polls[2].revents) {
            pthread_mutex_lock (&w->lock);
            tell_all (w, WATCH_MOUNTS);
            pthread_mutex_unlock (&w->lock);
        }
        hand_over (w);
    }
}

/* ---- The calls ---- */

enum err watch_new (watch_fn on_events, void *arg, struct watch **ret, struct error *e)
{
    _cleanup_close_ int inotify = inotify_init1 (IN_CLOEXEC | IN_NONBLOCK);
    if (inotify < 0)
        return FAIL (e, IO, "no inotify instance: %s", g_strerror (errno));
    _cleanup_close_ int stop = eventfd (0, EFD_CLOEXEC);
    if (stop < 0)
        return FAIL (e, IO, "no eventfd: %s", g_strerror (errno));
    struct watch *w = g_new (struct watch, 1);
    *w = (struct watch){
        .on_events = on_events,
        .arg = arg,
        .inotify = steal_fd (&inotify),
        .stop = steal_fd (&stop),
        .mounts = open ("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC), /* -1: poll() skips it */
        .lock = PTHREAD_MUTEX_INITIALIZER,
        .handing = PTHREAD_MUTEX_INITIALIZER,
        .pending = g_array_new (FALSE, FALSE, sizeof (struct pending)),
        .text = g_string_new (""),
        .batch = g_array_new (FALSE, FALSE, sizeof (struct watch_event)),
        .buffer = g_malloc (READ_SIZE),
    };
    watch_table_init (&w->table, w->inotify);
    w->thread = thread_start ("watch", run, w);
    *ret = w;
    return ERR_OK;
}

void watch_free (struct watch *w)
{
    if (!w)
        return;
    uint64_t one = 1;
    ssize_t n = write (w->stop, &one, sizeof one);
    assert (n == sizeof one);
    pthread_join (w->thread, NULL);
    watch_table_clear (&w->table);
    macros_closep (&w->inotify);
    macros_closep (&w->stop);
    macros_closep (&w->mounts);
    pthread_mutex_destroy (&w->lock);
    pthread_mutex_destroy (&w->handing);
    g_array_unref (w->pending);
    g_array_unref (w->batch);
    g_string_free (w->text, TRUE);
    g_free (w->buffer);
    g_free (w);
}

void watch_add (struct watch *w, int64_t binding)
{
    pthread_mutex_lock (&w->lock);
    watch_table_add_binding (&w->table, binding);
    pthread_mutex_unlock (&w->lock);
}

void watch_remove (struct watch *w, int64_t binding)
{
    pthread_mutex_lock (&w->handing);
    pthread_mutex_lock (&w->lock);
    watch_table_remove_binding (&w->table, binding);
    pthread_mutex_unlock (&w->lock);
    pthread_mutex_unlock (&w->handing);
}

/* File systems on which others write without this machine's kernel knowing. */
static bool is_remote (int fd)
{
    static const uint32_t types[] = {
        0x6969 /* NFS */,        0x517b /* SMB */,
        0xff534d42 /* CIFS */,   0xfe534d42 /* SMB2 */,
        0x65735546 /* FUSE */,   0x00c36400 /* Ceph */,
        0x5346414f /* AFS */,    0x6b414653 /* AFS, in the kernel */,
        0x01021997 /* 9P */,     0x0bd00bd0 /* Lustre */,
        0x01161970 /* GFS2 */,   0x7461636f /* OCFS2 */,
        0x47504653 /* GPFS */,   0x786f4256 /* VirtualBox */,
        0x19830326 /* BeeGFS */, 0xaad7aaea /* PanFS */,
        0x73757245 /* Coda */,
    };
    struct statfs fs;
    if (fstatfs (fd, &fs) < 0)
        return true;
    for (size_t i = 0; i < N_ELEMENTS (types); i++)
        if ((uint32_t) fs.f_type == types[i])
            return true;
    return false;
}

/* With the lock held, so that no event of the watch is read before the table knows it. The kernel
 * is asked each time, because another folder may have the prefix now. */
static bool watch_locked (struct watch *w, struct watch_binding *b, int dir_fd, const char *prefix)
{
    struct watch_spot *spot = g_tree_lookup (b->spots, prefix);
    char path[32];
    g_snprintf (path, sizeof path, "/proc/self/fd/%d", dir_fd);
    int wd = -1;
    if (spot || w->table.n < LIMIT_WATCHES)
        wd = inotify_add_watch (w->inotify, path, WATCH_MASK);
    if (spot && spot->wd != wd) {
        watch_table_drop (&w->table, b, prefix);
        spot = NULL;
    }
    if (wd >= 0 && !spot)
        spot = watch_table_put (&w->table, b, prefix, wd, is_remote (dir_fd));
    if (spot)
        spot->is_stale = false;
    if (!spot || spot->is_remote) {
        watch_table_put_unwatched (b, prefix);
        return false;
    }
    g_hash_table_remove (b->unwatched, prefix);
    return true;
}

bool watch_folder (struct watch *w, int64_t binding, int dir_fd, const char *prefix)
{
    pthread_mutex_lock (&w->lock);
    struct watch_binding *b = watch_table_binding (&w->table, binding);
    bool is_watched = b && watch_locked (w, b, dir_fd, prefix);
    pthread_mutex_unlock (&w->lock);
    return is_watched;
}

static int compare_prefixes (const void *a, const void *b)
{
    return strcmp (*(char *const *) a, *(char *const *) b);
}

/* Adds the prefixes that do not lie below another one. */
static void list_topmost (const struct watch_binding *b, GPtrArray *ret)
{
    guint n;
    g_autofree gpointer *all = g_hash_table_get_keys_as_array (b->unwatched, &n);
    qsort (all, n, sizeof *all, compare_prefixes);
    const char *above = NULL;
    for (guint i = 0; i < n; i++) {
        if (above && g_str_has_prefix (all[i], above))
            continue;
        above = all[i];
        g_ptr_array_add (ret, g_strdup (above));
    }
}

size_t watch_unwatched (struct watch *w, int64_t binding, GPtrArray *ret)
{
    pthread_mutex_lock (&w->lock);
    const struct watch_binding *b = watch_table_binding (&w->table, binding);
    size_t n = b ? g_hash_table_size (b->unwatched) : 0;
    if (ret && b && b->has_more)
        g_ptr_array_add (ret, g_strdup (""));
    else if (ret && b)
        list_topmost (b, ret);
    pthread_mutex_unlock (&w->lock);
    return n;
}

void watch_forget_unwatched (struct watch *w, int64_t binding)
{
    pthread_mutex_lock (&w->lock);
    struct watch_binding *b = watch_table_binding (&w->table, binding);
    if (b) {
        g_hash_table_remove_all (b->unwatched);
        b->has_more = false;
    }
    pthread_mutex_unlock (&w->lock);
}

size_t watch_count (struct watch *w, int64_t binding)
{
    pthread_mutex_lock (&w->lock);
    const struct watch_binding *b = watch_table_binding (&w->table, binding);
    size_t n = b ? (size_t) g_tree_nnodes (b->spots) : 0;
    pthread_mutex_unlock (&w->lock);
    return n;
}
