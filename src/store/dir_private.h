/* What the files of the directory store share, and nobody else includes: the store itself, opening
 * beneath a bucket, objects, identities of mounts. */
#pragma once

#include <sys/stat.h>
#include <glib.h>

#include "store/filter.h"
#include "store/store.h"

/* A bucket with a path or a filter of its own; the others are just folders of the root. */
struct dir_bucket {
    char *path; /* NULL: the folder of that name in the root */
    struct store_filter filter;
};

struct store_dir {
    struct store base;
    char *root;          /* NULL: none */
    GHashTable *buckets; /* name -> struct dir_bucket */
    size_t window;
    char *spill; /* folder of temporary files; NULL: the system's */
    bool is_writable;
};

/* ---- dir.c ---- */

/* Opens a bucket's folder: NO_BUCKET, STORE_DENIED, STORE_DOWN. */
NODISCARD enum err dir_open_bucket (struct store_dir *s, const char *bucket, int *ret_fd,
                                    struct error *e);

/* The bucket's record, or NULL. */
const struct dir_bucket *dir_bucket_of (struct store_dir *s, const char *bucket);

/* True if a filter lets the key be an object. `b` may be NULL. */
bool dir_filter_takes (const struct dir_bucket *b, const char *key);

/* True if nothing that begins with the prefix can be an object. `b` may be NULL. */
bool dir_filter_skips (const struct dir_bucket *b, const char *prefix);

static inline bool dir_is_stopped (const struct store_list_hooks *hooks)
{
    return hooks && hooks->is_stopped && hooks->is_stopped (hooks->arg);
}

/* ---- dir_beneath.c: system calls that do not leave a folder. -1 and errno on failure. ---- */

#define DIR_STAT_MASK (STATX_TYPE | STATX_SIZE | STATX_MTIME | STATX_INO)

/* Opens `path` beneath `dir`; no part of it may be a link. */
int dir_open_beneath (int dir, const char *path, int flags);

/* The same, but links are followed as long as they stay beneath. */
int dir_follow_beneath (int dir, const char *path, int flags);

/* Opens the folder with a prefix ("" or "a/b/") beneath `root`, which may be longer than PATH_MAX.
 */
int dir_open_prefix (int root, const char *prefix, size_t len, int flags);

void dir_facts (const struct statx *sx, struct store_facts *ret);

/* Why a file that is no regular one is no object: "is a FIFO". */
const char *dir_type_fault (unsigned mode);

/* Finds what a link leads to, from the bucket's root: 0 and its facts if it is a regular file;
 * else a reason that the link is no object; NULL with errno if that is not known. */
int dir_link_target (int root, int parent, const char *key, const char *name,
                     struct store_facts *ret, const char **ret_reason);

/* ---- dir_mount.c ---- */

/* Fills identity and `ret_is_mount`, whether a file system is mounted on `fd` as seen from a parent
 * on the device `parent_device` (DIR_NO_DEVICE: a root, which counts as one). Neither sets the
 * prefix, nor the fsid of what is no mount. -1 and errno on failure. */
#define DIR_NO_DEVICE UINT64_MAX
int dir_identify (int fd, uint64_t parent_device, struct store_mount *ret, bool *ret_is_mount);

/* What is wrong with a folder in which `known` was mounted (NULL: nothing was), or NULL. */
const char *dir_mount_fault (const struct store_mount *known, const struct store_mount *now,
                             bool is_mount);

/* Looks at the place where `known` was mounted: OK if it is there still, else a code and why. */
enum err dir_mount_check (int root, const struct store_mount *known, const char **ret_fault);

/* STORE_DENIED or STORE_DOWN. */
enum err dir_error_code (int error);

/* ---- dir_list.c and dir_object.c: operations ---- */

enum err dir_list_open (struct store *s, const char *bucket, const char *after, const char *before,
                        const struct store_list_hooks *hooks, struct store_listing **ret,
                        struct error *e);
enum err dir_list_next (struct store_listing *l, size_t max, struct store_page *page,
                        struct error *e);
void dir_list_close (struct store_listing *l);
enum err dir_head (struct store *s, const char *bucket, const char *key, struct store_facts *ret,
                   struct error *e);
enum err dir_head_near (struct store *s, const char *bucket, const char *key,
                        struct store_near *near, struct store_facts *ret, struct error *e);
enum err dir_open (struct store *s, const char *bucket, const char *key, struct store_near *near,
                   struct store_handle *ret, struct error *e);
enum err dir_verify (struct store_handle *h, struct store_near *near, struct error *e);

/* NO_OBJECT for a key that no object can have, if there is such a bucket at all. */
NODISCARD enum err dir_check_key (struct store_dir *s, const char *bucket, const char *key,
                                  struct error *e);

/* ---- dir_put.c ---- */

enum err dir_put (struct store *s, const char *bucket, const char *key, const void *bytes,
                  size_t len, const char *content_type, struct error *e);
