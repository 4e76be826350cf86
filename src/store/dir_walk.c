/* The walk behind a listing; see the header. It goes in the order of keys straight to where it is
 * to start, and holds no more names than its window. Reading one folder is dir_frame.c. */
#include "store/dir_walk.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/limits.h"
#include "base/macros.h"
#include "base/text.h"

#define MIN_WINDOW (32 * KIB) /* for one folder, however deep */
#define STOP_EVERY 64         /* entries between two looks at is_stopped */

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

void dir_walk_add_gap (struct dir_listing *l, const char *lo, char *take_hi, enum err code,
                       const char *message)
{
    g_ptr_array_add (l->gaps, store_gap_new (lo, take_hi, code, message));
    l->extras++;
}

/* The folder that l->key names cannot be seen. */
static void add_folder_gap (struct dir_listing *l, enum err code, const char *message)
{
    dir_walk_add_gap (l, l->key->str, store_prefix_end (l->key->str), code, message);
}

/* The file that l->key names cannot be seen; if it may be a folder, nor what is in it. */
static void add_file_gap (struct dir_listing *l, int error, bool may_be_folder)
{
    char *hi = g_strconcat (l->key->str, may_be_folder ? "0" : "\x01", NULL);
    dir_walk_add_gap (l, l->key->str, hi, dir_error_code (error), g_strerror (error));
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
    l->held -= dir_frame_held (f);
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
    dir_walk_add_gap (l, from, store_prefix_end (prefix_of (l, f)), code, message);
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

/* Reads the names of the top folder. */
static enum err load (struct dir_listing *l, struct error *e)
{
    struct dir_frame *f = top (l);
    const char *prefix = prefix_of (l, f);
    const struct dir_bounds bounds = {
        .after = within (l->after, prefix, f->prefix_len),
        .before = within (l->before, prefix, f->prefix_len),
    };
    int error;
    enum err r = dir_frame_load (f, &l->reader, &bounds, window_for_next (l), &error, e);
    l->held += dir_frame_held (f);
    if (r != ERR_OK || error == 0)
        return r;
    return give_up_folder (l, prefix, dir_error_code (error), g_strerror (error), e);
}

static enum err load_more (struct dir_listing *l, struct error *e)
{
    struct dir_frame *f = top (l);
    l->held -= dir_frame_held (f);
    enum err r = dir_frame_more (f, e);
    l->held += dir_frame_held (f);
    return r;
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

const struct store_mount *dir_walk_known_mount (const struct dir_listing *l, const char *prefix)
{
    const GPtrArray *known = l->hooks ? l->hooks->known_mounts : NULL;
    for (guint i = 0; known && i < known->len; i++) {
        const struct store_mount *m = known->pdata[i];
        if (strcmp (m->prefix, prefix) == 0)
            return m;
    }
    return NULL;
}

void dir_walk_report_mount (struct dir_listing *l, const struct store_mount *m, const char *prefix)
{
    struct store_mount *copy = g_memdup2 (m, sizeof *m);
    copy->prefix = g_strdup (prefix);
    g_ptr_array_add (l->mounts, copy);
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
    if ((fault = dir_mount_fault (dir_walk_known_mount (l, l->key->str), &now, is_mount)) != NULL) {
        add_folder_gap (l, ERR_STORE_CHANGED, fault);
        return ERR_OK;
    }
    if (is_mount)
        dir_walk_report_mount (l, &now, l->key->str);
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

/* ---- The walk ---- */

enum err dir_walk_start (struct dir_listing *l, struct error *e)
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
    return push (l, fd, &now, e);
}

bool dir_walk_has_more (struct dir_listing *l)
{
    while (l->depth > 0) {
        const struct dir_frame *f = top (l);
        if (f->at < f->names.n || f->runs)
            return true;
        leave (l);
    }
    return false;
}

static enum err see_next (struct dir_listing *l, struct error *e)
{
    struct dir_frame *f = top (l);
    const struct name *name = &f->names.v[f->at];
    const char *text = names_text (&f->names, f->at++);
    g_string_truncate (l->key, f->prefix_len);
    g_string_append_len (l->key, text, name->len);
    return name->type == DT_DIR ? enter (l, text, e) : see (l, name, text, e);
}

enum err dir_walk_step (struct dir_listing *l, struct error *e)
{
    if (l->steps++ % STOP_EVERY == 0 && dir_is_stopped (l->hooks))
        return FAIL (e, CLOSED, "the listing was stopped");
    const struct dir_frame *f = top (l);
    enum err r = reopen (l, e);
    if (r != ERR_OK || l->depth == 0 || f != top (l))
        return r;
    return f->at < f->names.n ? see_next (l, e) : load_more (l, e);
}
