/* System calls of the directory store: opening without leaving the bucket, facts from statx,
 * targets of links. Knows nothing of listings. */
#include "store/dir_private.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/macros.h"

#define RETRIES 16 /* the kernel says EAGAIN when a rename races with "..": try again */

static int open_beneath (int dir, const char *path, int flags, uint64_t resolve)
{
    struct open_how how = { .flags = (uint64_t) flags | O_CLOEXEC,
                            .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | resolve };
    int fd = -1;
    for (int i = 0; i < RETRIES; i++) {
        fd = (int) syscall (SYS_openat2, dir, path, &how, sizeof how);
        if (fd >= 0 || (errno != EAGAIN && errno != EINTR))
            break;
    }
    return fd;
}

int dir_open_beneath (int dir, const char *path, int flags)
{
    return open_beneath (dir, path, flags, RESOLVE_NO_SYMLINKS);
}

int dir_follow_beneath (int dir, const char *path, int flags)
{
    return open_beneath (dir, path, flags, 0);
}

int dir_open_prefix (int root, const char *prefix, size_t len, int flags)
{
    _cleanup_close_ int from = -1;
    char part[PATH_MAX];
    while (len >= sizeof part) {
        const char *slash = memrchr (prefix, '/', sizeof part - 1);
        size_t n = slash ? (size_t) (slash - prefix) + 1 : 0;
        if (n == 0) {
            errno = ENAMETOOLONG;
            return -1;
        }
        memcpy (part, prefix, n);
        part[n] = '\0';
        int fd = dir_open_beneath (from < 0 ? root : from, part, O_PATH | O_DIRECTORY);
        if (fd < 0)
            return -1;
        macros_closep (&from);
        from = fd;
        prefix += n;
        len -= n;
    }
    memcpy (part, prefix, len);
    part[len] = '\0';
    return dir_open_beneath (from < 0 ? root : from, len ? part : ".", flags | O_DIRECTORY);
}

static inline uint64_t mix (uint64_t x)
{
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

static inline char *put_hex (char *out, uint64_t v)
{
    static const char digits[] = "0123456789ABCDEF";
    for (int shift = 60; shift >= 0; shift -= 4)
        *out++ = digits[(v >> shift) & 15];
    return out;
}

void dir_facts (const struct statx *sx, struct store_facts *ret)
{
    int64_t ns;
    uint64_t seconds = (uint64_t) sx->stx_mtime.tv_sec;
    if (__builtin_mul_overflow (sx->stx_mtime.tv_sec, 1000000000, &ns) ||
        __builtin_add_overflow (ns, sx->stx_mtime.tv_nsec, &ns))
        ns = sx->stx_mtime.tv_sec < 0 ? INT64_MIN : INT64_MAX;
    ret->size = sx->stx_size;
    ret->mtime_ns = ns;
    ret->storage_class[0] = '\0';
    uint64_t a = mix (sx->stx_ino + 0x9e3779b97f4a7c15u);
    a = mix (a ^ sx->stx_size);
    a = mix (a ^ seconds);
    a = mix (a ^ sx->stx_mtime.tv_nsec);
    *put_hex (put_hex (ret->etag, a), mix (a ^ sx->stx_ino)) = '\0';
}

const char *dir_type_fault (unsigned mode)
{
    static const struct {
        unsigned type;
        const char *fault;
    } faults[] = {
        { S_IFDIR, "is a folder" },       { S_IFIFO, "is a FIFO" },
        { S_IFSOCK, "is a socket" },      { S_IFCHR, "is a character device" },
        { S_IFBLK, "is a block device" }, { S_IFLNK, "is a link" },
    };
    for (size_t i = 0; i < N_ELEMENTS (faults); i++)
        if ((mode & S_IFMT) == faults[i].type)
            return faults[i].fault;
    return "is of an unknown type";
}

/* Why a link cannot be followed, or NULL if that is not the link's fault. */
static const char *link_fault (int error)
{
    static const struct {
        int error;
        const char *reason;
    } faults[] = {
        { ENOENT, "is a dangling link" },
        { ENOTDIR, "is a dangling link" },
        { ELOOP, "is a loop of links" },
        { EXDEV, "is a link out of the bucket" },
        { ENAMETOOLONG, "is a link with a path that is too long" },
    };
    for (size_t i = 0; i < N_ELEMENTS (faults); i++)
        if (error == faults[i].error)
            return faults[i].reason;
    return NULL;
}

static const char *target_fault (unsigned mode)
{
    static const struct {
        unsigned type;
        const char *reason;
    } faults[] = {
        { S_IFREG, NULL },
        { S_IFDIR, "is a link to a folder, which is not followed" },
        { S_IFIFO, "is a link to a FIFO" },
        { S_IFSOCK, "is a link to a socket" },
    };
    for (size_t i = 0; i < N_ELEMENTS (faults); i++)
        if ((mode & S_IFMT) == faults[i].type)
            return faults[i].reason;
    return "is a link to a device";
}

int dir_link_target (int root, int parent, const char *key, const char *name,
                     struct store_facts *ret, const char **ret_reason)
{
    bool is_short = strlen (key) < PATH_MAX;
    _cleanup_close_ int fd =
        dir_follow_beneath (is_short ? root : parent, is_short ? key : name, O_PATH);
    *ret_reason = NULL;
    if (fd < 0) {
        *ret_reason = link_fault (errno);
        return -1;
    }
    struct statx sx;
    if (statx (fd, "", AT_EMPTY_PATH, DIR_STAT_MASK, &sx) < 0)
        return -1;
    *ret_reason = target_fault (sx.stx_mode);
    if (*ret_reason)
        return -1;
    dir_facts (&sx, ret);
    return 0;
}
