/* One object of a directory: its facts, opening it, and whether it is still the same. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/macros.h"
#include "base/text.h"
#include "store/dir_private.h"

/* Where a key leads: the bucket, the folder that it is in, and the name there. */
struct place {
    int root, parent; /* borrowed */
    const char *name; /* of the key */
    struct statx sx;
};

/* True if the listing could yield such a key. */
static bool key_is_sane (const char *key)
{
    size_t len = strlen (key);
    if (len == 0 || len > LIMIT_KEY_MAX || !text_is_utf8 (key, len))
        return false;
    for (const char *part = key;;) {
        const char *end = strchrnul (part, '/');
        size_t n = (size_t) (end - part);
        if (n == 0 || (n == 1 && part[0] == '.') || (n == 2 && part[0] == '.' && part[1] == '.'))
            return false;
        if (!*end)
            return true;
        part = end + 1;
    }
}

static enum err fail_object (struct error *e, const char *key, int error)
{
    switch (error) {
    case ENOENT:
    case ENOTDIR:
    case ELOOP:
    case ENAMETOOLONG:
        return FAIL (e, NO_OBJECT, "there is no object '%s'", key);
    case EACCES:
    case EPERM:
        return FAIL (e, STORE_DENIED, "'%s': %s", key, g_strerror (error));
    default:
        return FAIL (e, STORE_DOWN, "'%s': %s", key, g_strerror (error));
    }
}

static bool is_near (const struct store_near *n, const struct store_dir *s, const char *bucket,
                     const char *key, size_t prefix_len)
{
    return n->store == &s->base && strcmp (n->bucket, bucket) == 0 &&
           strncmp (n->prefix, key, prefix_len) == 0 && n->prefix[prefix_len] == '\0' &&
           clock_mono_ms () < n->until_ms;
}

/* Opens the folder that the key is in. */
static enum err go_near (struct store_near *n, struct store_dir *s, const char *bucket,
                         const char *key, size_t prefix_len, struct error *e)
{
    int64_t until_ms = clock_mono_ms () + LIMIT_NEAR_MS;
    store_near_clear (n);
    enum err r = dir_open_bucket (s, bucket, &n->root, e);
    if (r != ERR_OK)
        return r;
    n->folder = dir_open_prefix (n->root, key, prefix_len, O_PATH);
    if (n->folder < 0)
        return fail_object (e, key, errno);
    n->store = &s->base;
    n->bucket = g_strdup (bucket);
    n->prefix = g_strndup (key, prefix_len);
    n->until_ms = until_ms;
    return ERR_OK;
}

enum err dir_check_key (struct store_dir *s, const char *bucket, const char *key, struct error *e)
{
    bool is_sane = key_is_sane (key);
    if (is_sane && dir_filter_takes (dir_bucket_of (s, bucket), key))
        return ERR_OK;
    _cleanup_close_ int fd = -1;
    enum err r = dir_open_bucket (s, bucket, &fd, e);
    if (r != ERR_OK)
        return r;
    return is_sane ? FAIL (e, NO_OBJECT, "a filter leaves out '%s'", key)
                   : FAIL (e, NO_OBJECT, "no object of a folder can have such a key");
}

static enum err find_place (struct store_dir *s, const char *bucket, const char *key,
                            struct store_near *near, struct place *p, struct error *e)
{
    const char *slash = strrchr (key, '/');
    size_t prefix_len = slash ? (size_t) (slash - key) + 1 : 0;
    enum err r = dir_check_key (s, bucket, key, e);
    if (r == ERR_OK && !is_near (near, s, bucket, key, prefix_len))
        r = go_near (near, s, bucket, key, prefix_len, e);
    if (r != ERR_OK)
        return r;
    p->root = near->root;
    p->parent = near->folder;
    p->name = key + prefix_len;
    if (statx (p->parent, p->name, AT_SYMLINK_NOFOLLOW, DIR_STAT_MASK, &p->sx) < 0)
        return fail_object (e, key, errno);
    return ERR_OK;
}

/* The facts of what is there, if it is a regular file or a link to one. */
static enum err place_facts (const struct place *p, const char *key, struct store_facts *ret,
                             struct error *e)
{
    if (S_ISREG (p->sx.stx_mode)) {
        dir_facts (&p->sx, ret);
        return ERR_OK;
    }
    if (!S_ISLNK (p->sx.stx_mode))
        return FAIL (e, NOT_A_FILE, "'%s' %s", key, dir_type_fault (p->sx.stx_mode));
    const char *reason;
    if (dir_link_target (p->root, p->parent, key, p->name, ret, &reason) == 0)
        return ERR_OK;
    if (reason)
        return FAIL (e, NOT_A_FILE, "'%s' %s", key, reason);
    return fail_object (e, key, errno);
}

enum err dir_head_near (struct store *s, const char *bucket, const char *key,
                        struct store_near *near, struct store_facts *ret, struct error *e)
{
    struct place p;
    enum err r = find_place ((struct store_dir *) s, bucket, key, near, &p, e);
    return r == ERR_OK ? place_facts (&p, key, ret, e) : r;
}

enum err dir_head (struct store *s, const char *bucket, const char *key, struct store_facts *ret,
                   struct error *e)
{
    _cleanup_near_ struct store_near here;
    store_near_init (&here);
    return dir_head_near (s, bucket, key, &here, ret, e);
}

/* The type was looked at before, so that no FIFO or device is opened; O_NONBLOCK is for one that
 * took the place of the file just now. */
static int open_place (const struct place *p, const char *key)
{
    const int flags = O_RDONLY | O_NONBLOCK | O_NOCTTY;
    if (!S_ISLNK (p->sx.stx_mode))
        return dir_open_beneath (p->parent, p->name, flags);
    if (strlen (key) < PATH_MAX)
        return dir_follow_beneath (p->root, key, flags);
    return dir_follow_beneath (p->parent, p->name, flags);
}

enum err dir_open (struct store *s, const char *bucket, const char *key, struct store_near *near,
                   struct store_handle *ret, struct error *e)
{
    struct place p;
    struct store_facts facts;
    _cleanup_near_ struct store_near here;
    store_near_init (&here);
    enum err r = find_place ((struct store_dir *) s, bucket, key, near ? near : &here, &p, e);
    if (r == ERR_OK)
        r = place_facts (&p, key, &facts, e);
    if (r != ERR_OK)
        return r;
    _cleanup_close_ int fd = open_place (&p, key);
    struct statx sx;
    if (fd < 0 || statx (fd, "", AT_EMPTY_PATH, DIR_STAT_MASK, &sx) < 0)
        return fail_object (e, key, errno);
    if (!S_ISREG (sx.stx_mode))
        return FAIL (e, NOT_A_FILE, "'%s' %s", key, dir_type_fault (sx.stx_mode));
    dir_facts (&sx, &facts);
    *ret = (struct store_handle){ .fd = steal_fd (&fd),
                                  .facts = facts,
                                  .store = s,
                                  .bucket = g_strdup (bucket),
                                  .key = g_strdup (key) };
    return ERR_OK;
}

enum err dir_verify (struct store_handle *h, struct store_near *near, struct error *e)
{
    struct store_facts now;
    _cleanup_near_ struct store_near here;
    store_near_init (&here);
    enum err r = dir_head_near (h->store, h->bucket, h->key, near ? near : &here, &now, e);
    if (r != ERR_OK)
        return r;
    if (!store_facts_equal (&now, &h->facts))
        return FAIL (e, VERSION_CHANGED, "'%s' was replaced or changed", h->key);
    return ERR_OK;
}
