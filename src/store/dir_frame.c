/* Reading one folder of a listing; see the header. */
#include "store/dir_frame.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/macros.h"

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
    return is_folder && b->is_seek && g_str_has_prefix (b->after, text);
}

/* For file systems that do not tell types with names. */
static uint8_t find_type (int fd, const char *name)
{
    struct stat st;
    if (fstatat (fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return DT_UNKNOWN; /* gone, or found out when it is its turn */
    return (uint8_t) IFTODT (st.st_mode);
}

/* 0, or an errno. */
static int add_entry (struct dir_frame *f, const struct dir_bounds *b, const struct entry *entry)
{
    const char *name = entry->name;
    if (name[0] == '.' && (name[1] == '\0' || (name[1] == '.' && name[2] == '\0')))
        return 0;
    size_t len = strnlen (name, NAMES_TEXT_MAX);
    if (len == 0 || len >= NAMES_TEXT_MAX)
        return ENAMETOOLONG;
    uint8_t type = entry->type == DT_UNKNOWN ? find_type (f->fd, name) : entry->type;
    char folder[NAMES_TEXT_MAX + 1];
    if (type == DT_DIR) {
        memcpy (folder, name, len);
        folder[len++] = '/';
        folder[len] = '\0';
        name = folder;
    }
    if (is_wanted (b, name, type == DT_DIR))
        names_add (&f->names, name, len, type);
    return 0;
}

static int read_names (struct dir_frame *f, const struct dir_reader *reader,
                       const struct dir_bounds *bounds)
{
    for (;;) {
        if (dir_is_stopped (reader->hooks))
            return ECANCELED;
        long n = syscall (SYS_getdents64, f->fd, reader->buffer, DIR_BUFFER_SIZE);
        if (n < 0)
            return errno;
        if (n == 0)
            return 0;
        for (long at = 0; at < n;) {
            const struct entry *entry = (const void *) (reader->buffer + at);
            int error = add_entry (f, bounds, entry);
            if (error)
                return error;
            at += entry->size;
        }
    }
}

int dir_frame_load (struct dir_frame *f, const struct dir_reader *reader,
                    const struct dir_bounds *bounds, size_t limit)
{
    names_begin (&f->names, limit);
    f->at = 0;
    int error = f->is_later && lseek (f->fd, 0, SEEK_SET) < 0 ? errno : 0;
    f->is_later = true;
    if (error == 0)
        error = read_names (f, reader, bounds);
    if (error)
        names_begin (&f->names, limit);
    else
        names_sort (&f->names);
    return error;
}

void dir_frame_leave (struct dir_frame *f)
{
    macros_closep (&f->fd);
    f->fd = -1;
    names_begin (&f->names, NAMES_MIN_LIMIT);
}
