/* Writing an object of a directory: a file without a name is filled, made safe against a power cut,
 * and takes the key's place in one step. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/macros.h"
#include "store/dir_private.h"

#define NAME_SIZE 64 /* of a file on its way */

static enum err fail_put (struct error *e, const char *key, int error)
{
    switch (error) {
    case ENOTDIR:
    case ELOOP:
    case EXDEV:
        return FAIL (e, STORE_DENIED, "'%s' cannot be written: a part of its path is no folder",
                     key);
    case EISDIR:
    case EEXIST:
    case ENOTEMPTY:
        return FAIL (e, STORE_DENIED, "'%s' cannot be written: it is a folder", key);
    case ENAMETOOLONG:
        return FAIL (e, STORE_DENIED, "'%s' cannot be written: a name in it is too long", key);
    case EACCES:
    case EPERM:
    case EROFS:
        return FAIL (e, STORE_DENIED, "'%s' cannot be written: %s", key, g_strerror (error));
    default:
        return FAIL (e, STORE_DOWN, "'%s' cannot be written: %s", key, g_strerror (error));
    }
}

/* ---- Folders ---- */

/* Opens one folder within another; makes it if need be, for the same people as that one, except
 * that not all the world may write it. */
static int enter (int parent, const char *name)
{
    int fd = dir_open_beneath (parent, name, O_RDONLY | O_DIRECTORY);
    struct stat st;
    if (fd >= 0 || errno != ENOENT || fstat (parent, &st) < 0)
        return fd;
    if (mkdirat (parent, name, 0700) < 0)
        return errno == EEXIST ? dir_open_beneath (parent, name, O_RDONLY | O_DIRECTORY) : -1;
    fd = dir_open_beneath (parent, name, O_RDONLY | O_DIRECTORY);
    if (fd >= 0)
        (void) !fchmod (fd, st.st_mode & 02775);
    fsync (parent);
    return fd;
}

/* The folder that the key is in, from that of the bucket on, which is taken. */
static int enter_all (int root, const char *key)
{
    int folder = root;
    for (const char *slash; folder >= 0 && (slash = strchr (key, '/')); key = slash + 1) {
        g_autofree char *name = g_strndup (key, (size_t) (slash - key));
        int next = enter (folder, name), error = errno;
        close (folder);
        errno = error;
        folder = next;
    }
    return folder;
}

/* ---- The file ---- */

static void make_name (char ret[NAME_SIZE])
{
    uint64_t random = 0;
    if (getrandom (&random, sizeof random, 0) != sizeof random)
        random = (uint64_t) getpid ();
    snprintf (ret, NAME_SIZE, ".bindery-%016llx", (unsigned long long) random);
}

/* A file that nobody sees yet; where there is no such thing, one with a name of its own. */
static int open_unseen (int folder, char ret_name[NAME_SIZE])
{
    ret_name[0] = '\0';
    int fd = openat (folder, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
    if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != ENOENT))
        return fd;
    make_name (ret_name);
    return openat (folder, ret_name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
}

static int write_all (int fd, const char *bytes, size_t len)
{
    while (len) {
        ssize_t n = write (fd, bytes, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        bytes += n;
        len -= (size_t) n;
    }
    return 0;
}

static int fill (int fd, int folder, const void *bytes, size_t len)
{
    struct stat st;
    if (fstat (folder, &st) < 0 || fchmod (fd, st.st_mode & 0664) < 0)
        return -1;
    return write_all (fd, bytes, len) < 0 || fsync (fd) < 0 ? -1 : 0;
}

/* Gives an unseen file a name. */
static int name_it (int fd, int folder, const char *name)
{
    char path[64];
    snprintf (path, sizeof path, "/proc/self/fd/%d", fd);
    return linkat (AT_FDCWD, path, folder, name, AT_SYMLINK_FOLLOW);
}

/* In place of what has the name. `temporary` is its name until then, "" if it has none. */
static int put_in_place (int fd, int folder, char temporary[NAME_SIZE], const char *name)
{
    if (!temporary[0]) {
        if (name_it (fd, folder, name) == 0)
            return 0;
        if (errno != EEXIST)
            return -1;
        make_name (temporary);
        if (name_it (fd, folder, temporary) < 0)
            return -1;
    }
    if (renameat (folder, temporary, folder, name) == 0)
        return 0;
    int error = errno;
    unlinkat (folder, temporary, 0);
    errno = error;
    return -1;
}

static int write_file (int folder, const char *name, const void *bytes, size_t len)
{
    char temporary[NAME_SIZE];
    _cleanup_close_ int fd = open_unseen (folder, temporary);
    if (fd < 0)
        return -1;
    if (fill (fd, folder, bytes, len) < 0) {
        int error = errno;
        if (temporary[0])
            unlinkat (folder, temporary, 0);
        errno = error;
        return -1;
    }
    if (put_in_place (fd, folder, temporary, name) < 0)
        return -1;
    return fsync (folder);
}

enum err dir_put (struct store *store, const char *bucket, const char *key, const void *bytes,
                  size_t len, const char *content_type UNUSED, struct error *e)
{
    struct store_dir *s = (struct store_dir *) store;
    if (!s->is_writable)
        return FAIL (e, STORE_DENIED,
                     "the folders are only read: nothing is written unless they are set writable");
    if (len > LIMIT_STORE_BODY)
        return FAIL (e, LIMIT, "%zu bytes are more than %llu", len, LIMIT_STORE_BODY);
    int root;
    enum err r = dir_check_key (s, bucket, key, e);
    if (r == ERR_OK)
        r = dir_open_bucket (s, bucket, &root, e);
    if (r != ERR_OK)
        return r;
    const char *slash = strrchr (key, '/');
    _cleanup_close_ int folder = enter_all (root, key);
    if (folder < 0 || write_file (folder, slash ? slash + 1 : key, bytes, len) < 0)
        return fail_put (e, key, errno);
    return ERR_OK;
}
