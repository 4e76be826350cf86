/* Files of the cache: their names, writing, and checking one that an earlier run wrote. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <zlib.h>

#include "media/cache_priv.h"

#define MAGIC "BndRend\1"

/* Before the bytes. The file never leaves the machine: integers as they are. */
struct header {
    char magic[8];
    uint8_t key[CACHE_KEY];
    struct cache_facts facts;
    uint32_t body_sum, sum; /* of the bytes; of the header before it */
};

uint64_t cache_file_offset (void)
{
    return sizeof (struct header);
}

/* ---- Names ---- */

void cache_path (const uint8_t key[CACHE_KEY], char ret[CACHE_PATH_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    char *out = ret;
    for (size_t i = 0; i < CACHE_KEY; i++) {
        *out++ = digits[key[i] >> 4];
        *out++ = digits[key[i] & 15];
        if (i == 0)
            *out++ = '/';
    }
    *out = '\0';
}

static bool parse_hex (const char *text, size_t n, uint8_t *ret)
{
    bool is_hex = strlen (text) == 2 * n;
    for (size_t i = 0; is_hex && i < n; i++) {
        int hi = g_ascii_xdigit_value (text[2 * i]), lo = g_ascii_xdigit_value (text[2 * i + 1]);
        is_hex = hi >= 0 && lo >= 0;
        ret[i] = (uint8_t) (hi << 4 | lo);
    }
    return is_hex;
}

bool cache_parse_path (const char *folder, const char *name, uint8_t ret[CACHE_KEY])
{
    char path[CACHE_PATH_SIZE], given[CACHE_PATH_SIZE];
    if (!parse_hex (folder, 1, ret) || !parse_hex (name, CACHE_KEY - 1, ret + 1))
        return false;
    cache_path (ret, path);
    snprintf (given, sizeof given, "%s/%s", folder, name);
    return strcmp (path, given) == 0; /* not in upper case */
}

void cache_remove (struct cache *c, const GPtrArray *paths)
{
    for (guint i = 0; i < paths->len; i++)
        unlinkat (c->dir, paths->pdata[i], 0);
}

/* ---- Writing ---- */

static uint32_t sum_of (const void *bytes, size_t n)
{
    return (uint32_t) crc32_z (0, bytes, n);
}

static enum err write_all (int fd, struct iovec *v, int n, struct error *e)
{
    while (n) {
        ssize_t wrote = writev (fd, v, n);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote < 0)
            return FAIL (e, IO, "cannot write a rendition: %s", g_strerror (errno));
        for (; n && (size_t) wrote >= v->iov_len; v++, n--)
            wrote -= (ssize_t) v->iov_len;
        if (n) {
            v->iov_base = (char *) v->iov_base + wrote;
            v->iov_len -= (size_t) wrote;
        }
    }
    return ERR_OK;
}

static enum err fill (int to, const uint8_t key[CACHE_KEY], const struct cache_facts *facts,
                      int from, struct error *e)
{
    void *bytes = mmap (NULL, facts->size, PROT_READ, MAP_SHARED | MAP_POPULATE, from, 0);
    if (bytes == MAP_FAILED)
        return FAIL (e, IO, "cannot map a rendition: %s", g_strerror (errno));
    struct header h = { .magic = MAGIC, .facts = *facts };
    memcpy (h.key, key, CACHE_KEY);
    h.body_sum = sum_of (bytes, facts->size);
    h.sum = sum_of (&h, offsetof (struct header, sum));
    struct iovec v[] = { { &h, sizeof h }, { bytes, facts->size } };
    enum err r = write_all (to, v, N_ELEMENTS (v), e);
    munmap (bytes, facts->size);
    return r;
}

static bool put_in_place (struct cache *c, const char *temporary, const char *path)
{
    char folder[] = { path[0], path[1], '\0' };
    return renameat (c->dir, temporary, c->dir, path) == 0 ||
           (errno == ENOENT && (mkdirat (c->dir, folder, 0700) == 0 || errno == EEXIST) &&
            renameat (c->dir, temporary, c->dir, path) == 0);
}

enum err cache_file_write (struct cache *c, const uint8_t key[CACHE_KEY],
                           const struct cache_facts *facts, int from, struct error *e)
{
    char temporary[64], path[CACHE_PATH_SIZE];
    cache_path (key, path);
    snprintf (temporary, sizeof temporary, CACHE_TEMPORARY "/%llu",
              (unsigned long long) atomic_fetch_add (&c->n_temporary, 1));
    _cleanup_close_ int fd =
        openat (c->dir, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return FAIL (e, IO, "cannot write a rendition: %s", g_strerror (errno));
    enum err r = fill (fd, key, facts, from, e);
    if (r == ERR_OK && !put_in_place (c, temporary, path))
        r = FAIL (e, IO, "cannot name a rendition: %s", g_strerror (errno));
    if (r != ERR_OK)
        unlinkat (c->dir, temporary, 0);
    return r;
}

/* ---- Checking ---- */

static bool is_whole (int fd, const uint8_t key[CACHE_KEY], struct cache_facts *ret)
{
    struct header h;
    struct stat st;
    if (fstat (fd, &st) < 0 || pread (fd, &h, sizeof h, 0) != sizeof h ||
        memcmp (h.magic, MAGIC, sizeof h.magic) != 0 || memcmp (h.key, key, CACHE_KEY) != 0 ||
        h.sum != sum_of (&h, offsetof (struct header, sum)) || h.facts.size == 0 ||
        h.facts.size > LIMIT_RENDER_OUTPUT || (uint64_t) st.st_size != sizeof h + h.facts.size)
        return false;
    size_t n = sizeof h + h.facts.size;
    char *bytes = mmap (NULL, n, PROT_READ, MAP_SHARED | MAP_POPULATE, fd, 0);
    if (bytes == MAP_FAILED)
        return false;
    bool is = h.body_sum == sum_of (bytes + sizeof h, h.facts.size);
    munmap (bytes, n);
    *ret = h.facts;
    return is;
}

enum err cache_file_check (struct cache *c, const uint8_t key[CACHE_KEY], struct cache_facts *ret,
                           int *ret_fd, struct error *e)
{
    char path[CACHE_PATH_SIZE];
    struct cache_facts facts;
    cache_path (key, path);
    _cleanup_close_ int fd = openat (c->dir, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return FAIL (e, NOT_FOUND, "no such rendition");
    if (!is_whole (fd, key, &facts)) {
        unlinkat (c->dir, path, 0);
        return FAIL (e, IO, "a damaged rendition was removed");
    }
    *ret = facts;
    *ret_fd = steal_fd (&fd);
    return ERR_OK;
}
