/* Reading one folder of a listing; see the header. */
#include "store/dir_frame.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/macros.h"
#include "store/dir_private.h"

#define BATCH (64 * KIB) /* names at a time that are read back */

/* As the kernel writes it. */
struct entry {
    uint64_t inode;
    int64_t offset;
    uint16_t size;
    uint8_t type;
    char name[];
};

static bool is_wanted (const struct dir_bounds *b, const char *text, bool is_folder)
{
    if (b->before && strcmp (text, b->before) >= 0)
        return false;
    if (!b->after || strcmp (text, b->after) > 0)
        return true;
    return is_folder && g_str_has_prefix (b->after, text);
}

/* For file systems that do not tell types with names. */
static uint8_t find_type (int fd, const char *name)
{
    struct stat st;
    if (fstatat (fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return DT_UNKNOWN; /* gone, or found out when it is its turn */
    return (uint8_t) IFTODT (st.st_mode);
}

/* Puts the window aside. */
static enum err put_aside (struct dir_frame *f, struct dir_reader *reader, struct error *e)
{
    names_sort (&f->names);
    if (!f->runs)
        f->runs = dir_runs_new (&reader->spill, f->names.limit, reader->hooks);
    enum err r = dir_runs_add (f->runs, &f->names, e);
    names_empty (&f->names);
    return r;
}

static enum err add_name (struct dir_frame *f, struct dir_reader *reader, const char *name,
                          size_t len, uint8_t type, struct error *e)
{
    if (names_add (&f->names, name, len, type))
        return ERR_OK;
    enum err r = put_aside (f, reader, e);
    bool fits = names_add (&f->names, name, len, type);
    assert (fits);
    return r;
}

static enum err add_entry (struct dir_frame *f, struct dir_reader *reader,
                           const struct dir_bounds *b, const struct entry *entry, int *ret_errno,
                           struct error *e)
{
    const char *name = entry->name;
    if (name[0] == '.' && (name[1] == '\0' || (name[1] == '.' && name[2] == '\0')))
        return ERR_OK;
    size_t len = strnlen (name, NAMES_TEXT_MAX);
    if (len == 0 || len >= NAMES_TEXT_MAX) {
        *ret_errno = ENAMETOOLONG;
        return ERR_OK;
    }
    uint8_t type = entry->type == DT_UNKNOWN ? find_type (f->fd, name) : entry->type;
    char folder[NAMES_TEXT_MAX + 1];
    if (type == DT_DIR) {
        memcpy (folder, name, len);
        folder[len++] = '/';
        folder[len] = '\0';
        name = folder;
    }
    return is_wanted (b, name, type == DT_DIR) ? add_name (f, reader, name, len, type, e) : ERR_OK;
}

static enum err read_names (struct dir_frame *f, struct dir_reader *reader,
                            const struct dir_bounds *bounds, int *ret_errno, struct error *e)
{
    for (*ret_errno = 0;;) {
        if (dir_is_stopped (reader->hooks))
            return FAIL (e, CLOSED, "the listing was stopped");
        long n = syscall (SYS_getdents64, f->fd, reader->buffer, DIR_BUFFER_SIZE);
        if (n < 0)
            *ret_errno = errno;
        if (n <= 0)
            return ERR_OK;
        for (long at = 0; at < n;) {
            const struct entry *entry = (const void *) (reader->buffer + at);
            enum err r = add_entry (f, reader, bounds, entry, ret_errno, e);
            if (r != ERR_OK || *ret_errno)
                return r;
            at += entry->size;
        }
    }
}

/* Turns from putting names aside to reading them back. */
static enum err turn (struct dir_frame *f, struct dir_reader *reader, size_t limit, struct error *e)
{
    enum err r = put_aside (f, reader, e);
    names_begin (&f->names, CLAMP (limit / 2, NAMES_MIN_LIMIT, BATCH));
    if (r == ERR_OK)
        r = dir_runs_start (f->runs, e);
    return r == ERR_OK ? dir_frame_more (f, e) : r;
}

static void forget_runs (struct dir_frame *f)
{
    dir_runs_free (f->runs);
    f->runs = NULL;
}

enum err dir_frame_load (struct dir_frame *f, struct dir_reader *reader,
                         const struct dir_bounds *bounds, size_t limit, int *ret_errno,
                         struct error *e)
{
    names_begin (&f->names, limit);
    f->at = 0;
    enum err r = read_names (f, reader, bounds, ret_errno, e);
    if (r != ERR_OK)
        return r;
    if (*ret_errno) {
        names_begin (&f->names, limit);
        forget_runs (f);
    } else if (f->runs) {
        return turn (f, reader, limit, e);
    } else {
        names_sort (&f->names);
    }
    return ERR_OK;
}

enum err dir_frame_more (struct dir_frame *f, struct error *e)
{
    names_empty (&f->names);
    f->at = 0;
    enum err r = dir_runs_read (f->runs, &f->names, e);
    if (r == ERR_OK && dir_runs_is_done (f->runs))
        forget_runs (f);
    return r;
}

size_t dir_frame_held (const struct dir_frame *f)
{
    return names_held (&f->names) + (f->runs ? dir_runs_held (f->runs) : 0);
}

void dir_frame_leave (struct dir_frame *f)
{
    macros_closep (&f->fd);
    f->fd = -1;
    forget_runs (f);
    names_begin (&f->names, NAMES_MIN_LIMIT);
}
