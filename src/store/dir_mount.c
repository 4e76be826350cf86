/* Identities of the file systems that a bucket is made of, and whether they are still the ones that
 * were known. Knows nothing of listings. */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>

#include "base/macros.h"
#include "store/dir_private.h"

int dir_identify (int fd, uint64_t parent_device, struct store_mount *ret, bool *ret_is_mount)
{
    struct statx sx;
    if (statx (fd, "", AT_EMPTY_PATH, STATX_TYPE | STATX_INO, &sx) < 0)
        return -1;
    struct store_mount m = { .device = makedev (sx.stx_dev_major, sx.stx_dev_minor),
                             .inode = sx.stx_ino };
    /* The attribute also tells a folder of the same device that is mounted here. */
    bool is_mount = m.device != parent_device || (sx.stx_attributes & STATX_ATTR_MOUNT_ROOT);
    if (is_mount) {
        struct statfs fs;
        if (fstatfs (fd, &fs) < 0)
            return -1;
        m.fsid = (uint64_t) (uint32_t) fs.f_fsid.__val[0] << 32 | (uint32_t) fs.f_fsid.__val[1];
    }
    *ret = m;
    *ret_is_mount = is_mount;
    return 0;
}

const char *dir_mount_fault (const struct store_mount *known, const struct store_mount *now,
                             bool is_mount)
{
    if (!known)
        return NULL;
    if (!is_mount)
        return "nothing is mounted here any more";
    return store_mount_is_changed (known, now) ? "something else is mounted here now" : NULL;
}

enum err dir_error_code (int error)
{
    return error == EACCES || error == EPERM ? ERR_STORE_DENIED : ERR_STORE_DOWN;
}

/* Identity of the folder that the one with the prefix is in. */
static int identify_parent (int root, const char *prefix, struct store_mount *ret)
{
    size_t len = strlen (prefix) - 1;
    while (len > 0 && prefix[len - 1] != '/')
        len--;
    _cleanup_close_ int fd = dir_open_prefix (root, prefix, len, O_PATH);
    bool is_mount;
    return fd < 0 ? -1 : dir_identify (fd, DIR_NO_DEVICE, ret, &is_mount);
}

enum err dir_mount_check (int root, const struct store_mount *known, const char **ret_fault)
{
    struct store_mount parent, now;
    bool is_mount;
    /* Opened, not just looked up, so that an automounter gets its chance. */
    _cleanup_close_ int fd =
        dir_open_prefix (root, known->prefix, strlen (known->prefix), O_RDONLY);
    if (fd < 0 || identify_parent (root, known->prefix, &parent) < 0 ||
        dir_identify (fd, parent.device, &now, &is_mount) < 0) {
        int error = errno;
        *ret_fault = g_strerror (error);
        bool is_gone = error == ENOENT || error == ENOTDIR || error == ELOOP;
        return is_gone ? ERR_STORE_CHANGED : dir_error_code (error);
    }
    *ret_fault = dir_mount_fault (known, &now, is_mount);
    return *ret_fault ? ERR_STORE_CHANGED : ERR_OK;
}
