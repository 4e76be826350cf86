/* Listing a bucket of the directory store: a walk in the order of keys, with a stack of folders. It
 * goes straight to where it is to start, says what it could not see, and never holds more names
 * than its window. Reading one folder is dir_frame.c. */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/limits.h"
#include "base/macros.h"
#include "base/text.h"
#include "store/dir_frame.h"
#include "store/dir_private.h"

#define MIN_WINDOW (32 * KIB) /* for one folder, however deep */
#define STOP_EVERY 64         /* entries between two looks at is_stopped */

struct dir_listing {
    struct store_listing base;
    struct store_dir *store;
    const struct dir_bucket *bucket;
    const struct store_list_hooks *hooks;
    struct dir_reader reader;
    int root;
    char *after, *before;
    GPtrArray *frames; /* struct dir_frame; the first `depth` are in use */
    guint depth;
    size_t held;       /* bytes of names in all frames */
    GString *key;      /* begins with the prefix of the top frame */
    GString *mark;     /* everything up to this key was seen */
    GPtrArray *gaps;   /* struct store_gap that reach beyond the mark */
    GPtrArray *mounts; /* struct store_mount for the next page */
    struct store_page *page;
    guint extras; /* folders entered and gaps made for this page: they bound it, too */
    unsigned steps;
    bool is_started;
};

static struct dir_frame *top (struct dir_listing *l)
{
    return l->frames->pdata[l->depth - 1];
}

static const char *prefix_of (struct dir_listing *l, const struct dir_frame *f)
{
    g_string_truncate (l->key, f->prefix_len);
    return l->key->str;
}

/* ---- What could not be seen ---- */

static void add_gap (struct dir_listing *l, const char *lo, char *take_hi, enum err code,
                     const char *message)
{
    g_ptr_array_add (l->gaps, store_gap_new (lo, take_hi, code, message));
    l->extras++;
}

/* The folder that l->key names cannot be seen. */
static void add_folder_gap (struct dir_listing *l, enum err code, const char *message)
{
    add_gap (l, l->key->str, store_prefix_end (l->key->str), code, message);
}

/* The file that l->key names cannot be seen; if it may be a folder, nor what is in it. */
static void add_file_gap (struct dir_listing *l, int error, bool may_be_folder)
{
    char *hi = g_strconcat (l->key->str, may_be_folder ? "0" : "\x01", NULL);
    add_gap (l, l->key->str, hi, dir_error_code (error), g_strerror (error));
}

/* Everything up to l->key was seen. A listing that starts within a folder is beyond its prefix. */
static void advance (struct dir_listing *l)
{
    if (strcmp (l->key->str, l->mark->str) > 0)
        g_string_assign (l->mark, l->key->str);
}

static void add_reject (struct dir_listing *l, const char *reason)
{
    store_page_add_reject (l->page, l->key->str, l->key->len, reason);
    if (text_is_utf8 (l->key->str, l->key->len))
        advance (l);
}

static void leave (struct dir_listing *l)
{
    struct dir_frame *f = top (l);
    l->held -= names_held (&f->names);
    dir_frame_leave (f);
    l->depth--;
}

/* The rest of the top folder, from `lo` on, cannot be seen: leaves it. The bucket's own folder
 * fails the listing. */
static enum err give_up_folder (struct dir_listing *l, const char *lo, enum err code,
                                const char *message, struct error *e)
{
    const struct dir_frame *f = top (l);
    if (l->depth == 1)
        return error_set (e, code, NULL, __FILE__, __LINE__, "the bucket's folder: %s", message);
    g_autofree char *from = g_strdup (lo);
    add_gap (l, from, store_prefix_end (prefix_of (l, f)), code, message);
    leave (l);
    return ERR_OK;
}

/* ---- Folders ---- */

static size_t window_for_next (const struct dir_listing *l)
{
    size_t free_bytes = l->store->window > l->held ? l->store->window - l->held : 0;
    size_t least = MAX (MIN (MIN_WINDOW, l->store->window), NAMES_MIN_LIMIT);
    return MAX (free_bytes - free_bytes / 8, least);
}

/* The part of a bound that lies in the folder; NULL if the bound does not lead into it. */
static const char *within (const char *bound, const char *prefix, size_t len)
{
    return bound && strncmp (bound, prefix, len) == 0 ? bound + len : NULL;
}

/* The smallest key of the top folder that was not given out; the caller frees. */
static char *position (struct dir_listing *l)
{
    const struct dir_frame *f = top (l);
    const struct names *names = &f->names;
    if (f->at < names->n)
        return g_strconcat (prefix_of (l, f), names_text (names, f->at), NULL);
    if (names->n > 0)
        return g_strconcat (prefix_of (l, f), names_text (names, names->n - 1), "\x01", NULL);
    return g_strdup (prefix_of (l, f));
}

/* Reads the next window of the top folder. */
static enum err load (struct dir_listing *l, struct error *e)
{
    struct dir_frame *f = top (l);
    bool is_first = !f->is_later;
    g_autofree char *from = position (l);
    char last[NAMES_TEXT_MAX + 1] = "";
    if (!is_first)
        g_strlcpy (last, names_text (&f->names, f->names.n - 1), sizeof last);
    const char *prefix = prefix_of (l, f);
    struct dir_bounds bounds = {
        .after = is_first ? within (l->after, prefix, f->prefix_len) : last,
        .before = within (l->before, prefix, f->prefix_len),
        .is_seek = is_first,
    };
    l->held -= names_held (&f->names);
    int error = dir_frame_load (f, &l->reader, &bounds, window_for_next (l));
    l->held += names_held (&f->names);
    if (error == 0)
        return ERR_OK;
    if (error == ECANCELED)
        return FAIL (e, CLOSED, "the listing was stopped");
    return give_up_folder (l, from, dir_error_code (error), g_strerror (error), e);
}

/* Puts a folder with the prefix l->key on top and reads it. Takes the descriptor. */
static enum err push (struct dir_listing *l, int take_fd, const struct store_mount *identity,
                      struct error *e)
{
    if (l->depth == l->frames->len)
        g_ptr_array_add (l->frames, g_new0 (struct dir_frame, 1));
    struct dir_frame *f = l->frames->pdata[l->depth++];
    f->fd = take_fd;
    f->prefix_len = l->key->len;
    f->device = identity->device;
    f->inode = identity->inode;
    f->is_later = false;
    if (l->depth > LIMIT_DIR_OPEN) {
        struct dir_frame *upper = l->frames->pdata[l->depth - 1 - LIMIT_DIR_OPEN];
        macros_closep (&upper->fd);
        upper->fd = -1;
    }
    advance (l);
    l->extras++;
    if (l->hooks && l->hooks->on_folder)
        l->hooks->on_folder (l->hooks->arg, f->fd, l->key->str);
    return load (l, e);
}

/* Opens the top folder again if it was closed to save descriptors. */
static enum err reopen (struct dir_listing *l, struct error *e)
{
    struct dir_frame *f = top (l);
    if (f->fd >= 0)
        return ERR_OK;
    f->fd = dir_open_prefix (l->root, prefix_of (l, f), f->prefix_len, O_RDONLY);
    struct store_mount now;
    bool is_mount;
    bool is_same = f->fd >= 0 && dir_identify (f->fd, f->device, &now, &is_mount) == 0 &&
                   now.device == f->device && now.inode == f->inode;
    if (is_same)
        return ERR_OK;
    g_autofree char *from = position (l);
    return give_up_folder (l, from, ERR_STORE_DOWN, "the folder was moved while it was listed", e);
}

/* ---- Mounts ---- */

static const struct store_mount *known_mount (const struct dir_listing *l, const char *prefix)
{
    const GPtrArray *known = l->hooks ? l->hooks->known_mounts : NULL;
    for (guint i = 0; known && i < known->len; i++) {
        const struct store_mount *m = known->pdata[i];
        if (strcmp (m->prefix, prefix) == 0)
            return m;
    }
    return NULL;
}

static void report_mount (struct dir_listing *l, const struct store_mount *m, const char *prefix)
{
    struct store_mount *copy = g_memdup2 (m, sizeof *m);
    copy->prefix = g_strdup (prefix);
    g_ptr_array_add (l->mounts, copy);
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
            add_gap (l, m->prefix, store_prefix_end (m->prefix), code, fault);
    }
}

static bool is_lost (const struct dir_listing *l, const char *prefix)
{
    for (guint i = 0; i < l->gaps->len; i++) {
        const struct store_gap *gap = l->gaps->pdata[i];
        if (strcmp (gap->lo, prefix) == 0)
            return true;
    }
    return false;
}

/* ---- Entries ---- */

static const char *folder_fault (const struct dir_listing *l)
{
    if (!text_is_utf8 (l->key->str, l->key->len))
        return "is a folder whose name is not UTF-8";
    if (l->key->len >= LIMIT_KEY_MAX)
        return "is a folder in which keys would be too long";
    return l->depth >= LIMIT_DIR_DEPTH ? "is a folder that is nested too deep" : NULL;
}

/* Enters the folder that l->key names. */
static enum err enter (struct dir_listing *l, const char *text, struct error *e)
{
    const struct dir_frame *f = top (l);
    const char *fault = NULL;
    if (dir_filter_skips (l->bucket, l->key->str) || is_lost (l, l->key->str))
        return ERR_OK;
    if ((fault = folder_fault (l)) != NULL) {
        add_reject (l, fault);
        return ERR_OK;
    }
    _cleanup_close_ int fd = dir_open_beneath (f->fd, text, O_RDONLY | O_DIRECTORY);
    struct store_mount now;
    bool is_mount;
    if (fd < 0 || dir_identify (fd, f->device, &now, &is_mount) < 0) {
        if (errno != ENOENT && errno != ENOTDIR && errno != ELOOP)
            add_folder_gap (l, dir_error_code (errno), g_strerror (errno));
        return ERR_OK;
    }
    if ((fault = dir_mount_fault (known_mount (l, l->key->str), &now, is_mount)) != NULL) {
        add_folder_gap (l, ERR_STORE_CHANGED, fault);
        return ERR_OK;
    }
    if (is_mount)
        report_mount (l, &now, l->key->str);
    return push (l, steal_fd (&fd), &now, e);
}

static void add_object (struct dir_listing *l, const struct store_facts *facts,
                        const struct statx *sx)
{
    GArray *objects = l->page->objects;
    g_array_set_size (objects, objects->len + 1);
    struct store_object *o = &g_array_index (objects, struct store_object, objects->len - 1);
    o->key = g_string_chunk_insert_len (l->page->keys, l->key->str, (gssize) l->key->len);
    if (sx)
        dir_facts (sx, &o->facts);
    else
        o->facts = *facts;
}

static void see_link (struct dir_listing *l, const char *text)
{
    struct store_facts facts;
    const char *reason;
    if (dir_link_target (l->root, top (l)->fd, l->key->str, text, &facts, &reason) == 0)
        add_object (l, &facts, NULL);
    else if (reason)
        add_reject (l, reason);
    else
        add_file_gap (l, errno, false);
}

static enum err see_unreadable (struct dir_listing *l, int error, uint8_t type, struct error *e)
{
    if (error == ENOENT)
        return ERR_OK; /* gone since the names were read */
    if (error == EACCES || error == EPERM)
        return give_up_folder (l, l->key->str, ERR_STORE_DENIED, g_strerror (error), e);
    add_file_gap (l, error, type == DT_UNKNOWN);
    return ERR_OK;
}

static const char *key_fault (const struct dir_listing *l, const struct name *name)
{
    if (!text_is_utf8 (l->key->str + l->key->len - name->len, name->len))
        return "has a name that is not UTF-8";
    return l->key->len > LIMIT_KEY_MAX ? "has a key that is too long" : NULL;
}

/* Adds what is no folder, if it is an object; l->key names it. */
static enum err see (struct dir_listing *l, const struct name *name, const char *text,
                     struct error *e)
{
    if (l->bucket && !dir_filter_takes (l->bucket, l->key->str))
        return ERR_OK;
    const char *fault = key_fault (l, name);
    struct statx sx;
    if (fault)
        add_reject (l, fault);
    else if (statx (top (l)->fd, text, AT_SYMLINK_NOFOLLOW, DIR_STAT_MASK, &sx) < 0)
        return see_unreadable (l, errno, name->type, e);
    else if (S_ISREG (sx.stx_mode))
        add_object (l, NULL, &sx);
    else if (S_ISLNK (sx.stx_mode))
        see_link (l, text);
    else if (!S_ISDIR (sx.stx_mode))
        add_reject (l, dir_type_fault (sx.stx_mode));
    else if (name->type == DT_UNKNOWN)
        add_file_gap (l, EIO, true);
    return ERR_OK; /* a folder that was a file when the names were read is as good as new */
}

/* ---- Pages ---- */

static enum err step (struct dir_listing *l, struct error *e)
{
    struct dir_frame *f = top (l);
    const struct name *name = &f->names.v[f->at];
    const char *text = names_text (&f->names, f->at++);
    g_string_truncate (l->key, f->prefix_len);
    g_string_append_len (l->key, text, name->len);
    return name->type == DT_DIR ? enter (l, text, e) : see (l, name, text, e);
}

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

static enum err start (struct dir_listing *l, struct error *e)
{
    struct store_mount now;
    bool is_mount;
    int fd = openat (l->root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || dir_identify (fd, DIR_NO_DEVICE, &now, &is_mount) < 0) {
        int error = errno;
        macros_closep (&fd);
        return error_set (e, dir_error_code (error), NULL, __FILE__, __LINE__,
                          "the bucket's folder: %s", g_strerror (error));
    }
    l->is_started = true;
    return push (l, fd, &now, e);
}

enum err dir_list_next (struct store_listing *listing, size_t max, struct store_page *page,
                        struct error *e)
{
    struct dir_listing *l = (struct dir_listing *) listing;
    l->page = page;
    l->extras = 0;
    enum err r = l->is_started ? ERR_OK : start (l, e);
    while (l->depth > 0 && r == ERR_OK) {
        struct dir_frame *f = top (l);
        if (f->at == f->names.n && !f->names.is_cut) {
            leave (l);
            continue;
        }
        if (is_full (l, max)) {
            finish (l, false);
            return ERR_OK;
        }
        if (l->steps++ % STOP_EVERY == 0 && dir_is_stopped (l->hooks))
            return FAIL (e, CLOSED, "the listing was stopped");
        r = reopen (l, e);
        if (r == ERR_OK && f == top (l))
            r = f->at < f->names.n ? step (l, e) : load (l, e);
    }
    if (r == ERR_OK)
        finish (l, true);
    return r;
}

/* ---- Opening and closing ---- */

void dir_list_close (struct store_listing *listing)
{
    struct dir_listing *l = (struct dir_listing *) listing;
    for (guint i = 0; i < l->frames->len; i++) {
        struct dir_frame *f = l->frames->pdata[i];
        if (i < l->depth)
            macros_closep (&f->fd);
        names_clear (&f->names);
        g_free (f);
    }
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
    const struct store_mount *known = known_mount (l, "");
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
    report_mount (l, &now, "");
    return ERR_OK;
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
        .reader = { g_malloc (DIR_BUFFER_SIZE), hooks },
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
