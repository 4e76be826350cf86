/* A hash table in a mapped file: 64 slots a bucket, no chains, no growth, nothing to repair. */
#include "auth/nonces.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "auth/signature.h"
#include "base/limits.h"
#include "base/macros.h"

#define MAGIC     "BndNonc1"
#define PAGE      4096
#define SLOTS     64 /* of a bucket */
#define NS        1000000000ll
#define BOOT_SIZE 64

/* First page of the file. */
struct header {
    char magic[8];
    uint8_t key[32];   /* of the hash: nobody outside can aim at a bucket */
    uint8_t check[32]; /* SHA-256 of key and size */
    uint64_t n_buckets;
    char boot[BOOT_SIZE]; /* boot of the machine that wrote last */
    int64_t floor_ns;     /* requests dated before are refused: they may be forgotten ones */
    uint64_t is_clean;    /* closed in order, everything flushed */
};

struct nonces {
    pthread_mutex_t lock;
    struct header *header;
    uint64_t *slots; /* tag << 32 | second of expiry; 0: never used */
    size_t size_bytes;
};

static size_t file_size (size_t n_buckets)
{
    return PAGE + n_buckets * SLOTS * sizeof (uint64_t);
}

static void checksum (const struct header *h, uint8_t out[32])
{
    g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);
    gsize len = 32;
    g_checksum_update (sum, (const guchar *) h->magic, sizeof h->magic);
    g_checksum_update (sum, h->key, sizeof h->key);
    g_checksum_update (sum, (const guchar *) &h->n_buckets, sizeof h->n_buckets);
    g_checksum_get_digest (sum, out, &len);
}

/* Names the running kernel: what was not flushed when it ended is lost. */
static void read_boot_id (char out[BOOT_SIZE])
{
    memset (out, 0, BOOT_SIZE);
    _cleanup_close_ int fd = open ("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    ssize_t n UNUSED = fd < 0 ? 0 : read (fd, out, BOOT_SIZE - 1);
}

static bool is_usable (const struct header *h, size_t n_buckets)
{
    uint8_t check[32];
    char boot[BOOT_SIZE];
    checksum (h, check);
    read_boot_id (boot);
    return memcmp (h->magic, MAGIC, sizeof h->magic) == 0 && h->n_buckets == n_buckets &&
           memcmp (check, h->check, sizeof check) == 0 &&
           (h->is_clean || memcmp (h->boot, boot, sizeof boot) == 0);
}

static enum err map (struct nonces *n, int fd, const char *path, struct error *e)
{
    void *p = mmap (NULL, n->size_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (p == MAP_FAILED)
        return FAIL (e, IO, "cannot map '%s': %s", path, g_strerror (errno));
    (void) madvise (p, n->size_bytes, MADV_RANDOM); /* a bucket tells nothing of its neighbours */
    n->header = p;
    n->slots = (uint64_t *) ((char *) p + PAGE);
    return ERR_OK;
}

static void unmap (struct nonces *n)
{
    if (n->header)
        munmap (n->header, n->size_bytes);
    n->header = NULL;
}

/* A fresh file, complete before it takes the old one's place. Blocks are allocated at once, since
 * a full disk would otherwise be a SIGBUS later. */
static enum err make (struct nonces *n, const char *path, size_t n_buckets, int64_t floor_ns,
                      struct error *e)
{
    g_autofree char *temporary = g_strconcat (path, ".new", NULL);
    unlink (temporary);
    _cleanup_close_ int fd = open (temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return FAIL (e, IO, "cannot make '%s': %s", temporary, g_strerror (errno));
    int failed = posix_fallocate (fd, 0, (off_t) n->size_bytes);
    if (failed)
        return FAIL (e, IO, "no room for '%s': %s", temporary, g_strerror (failed));
    enum err r = map (n, fd, temporary, e);
    if (r != ERR_OK)
        return r;
    struct header *h = n->header;
    memcpy (h->magic, MAGIC, sizeof h->magic);
    if (getrandom (h->key, sizeof h->key, 0) != (ssize_t) sizeof h->key)
        return FAIL (e, IO, "no random numbers: %s", g_strerror (errno));
    h->n_buckets = n_buckets;
    h->floor_ns = floor_ns;
    checksum (h, h->check);
    read_boot_id (h->boot);
    if (fsync (fd) < 0 || rename (temporary, path) < 0)
        return FAIL (e, IO, "cannot keep '%s': %s", path, g_strerror (errno));
    return ERR_OK;
}

/* Maps a file that can be trusted; `ret_usable` is false if it has to be made anew. */
static enum err reuse (struct nonces *n, int fd, const char *path, size_t n_buckets,
                       bool *ret_usable, struct error *e)
{
    struct stat st;
    if (fstat (fd, &st) < 0)
        return FAIL (e, IO, "cannot examine '%s': %s", path, g_strerror (errno));
    *ret_usable = false;
    if (!S_ISREG (st.st_mode) || (uint64_t) st.st_size != n->size_bytes)
        return ERR_OK;
    enum err r = map (n, fd, path, e);
    if (r != ERR_OK)
        return r;
    *ret_usable = is_usable (n->header, n_buckets);
    if (!*ret_usable) {
        unmap (n);
        return ERR_OK;
    }
    read_boot_id (n->header->boot);
    n->header->is_clean = 0;
    if (msync (n->header, PAGE, MS_SYNC) < 0)
        return FAIL (e, IO, "cannot flush '%s': %s", path, g_strerror (errno));
    return ERR_OK;
}

static enum err open_or_make (struct nonces *n, const char *path, size_t n_buckets, int64_t now_ns,
                              struct error *e)
{
    _cleanup_close_ int fd = open (path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    bool is_usable_file = false;
    int64_t floor_ns = now_ns - now_ns % NS;
    if (fd < 0 && errno == ENOENT) {
        floor_ns = 0; /* a new server has accepted nothing that could be replayed */
    } else if (fd < 0) {
        return FAIL (e, IO, "cannot open '%s': %s", path, g_strerror (errno));
    } else {
        enum err r = reuse (n, fd, path, n_buckets, &is_usable_file, e);
        if (r != ERR_OK)
            return r;
    }
    return is_usable_file ? ERR_OK : make (n, path, n_buckets, floor_ns, e);
}

enum err nonces_open_sized (const char *path, size_t n_buckets, int64_t now_ns, struct nonces **ret,
                            struct error *e)
{
    assert (n_buckets && (n_buckets & (n_buckets - 1)) == 0);
    struct nonces *n = g_new0 (struct nonces, 1);
    pthread_mutex_init (&n->lock, NULL);
    n->size_bytes = file_size (n_buckets);
    enum err r = open_or_make (n, path, n_buckets, now_ns, e);
    if (r != ERR_OK) {
        unmap (n);
        nonces_close (n);
        return r;
    }
    *ret = n;
    return ERR_OK;
}

enum err nonces_open (const char *path, int64_t now_ns, struct nonces **ret, struct error *e)
{
    return nonces_open_sized (path, LIMIT_NONCE_BUCKETS, now_ns, ret, e);
}

void nonces_close (struct nonces *n)
{
    if (!n)
        return;
    if (n->header && msync (n->header, n->size_bytes, MS_SYNC) == 0) {
        n->header->is_clean = 1;
        msync (n->header, PAGE, MS_SYNC);
    }
    unmap (n);
    pthread_mutex_destroy (&n->lock);
    g_free (n);
}

/* Remembers `tag` in a bucket. */
static enum err take_slot (uint64_t *bucket, uint32_t tag, uint32_t expiry_s, uint32_t now_s,
                           struct error *e)
{
    uint64_t *free_slot = NULL;
    for (size_t i = 0; i < SLOTS; i++) {
        bool is_live = (uint32_t) bucket[i] >= now_s;
        if (!is_live)
            free_slot = free_slot ? free_slot : &bucket[i];
        else if (bucket[i] >> 32 == tag)
            return FAIL (
                e, NONCE_USED,
                "The nonce of this request has been used already; sign each request anew.");
    }
    if (!free_slot)
        return FAIL (e, THROTTLED, "too many requests within the last %d minutes",
                     (int) (AUTH_SKEW_S / 60));
    *free_slot = (uint64_t) tag << 32 | expiry_s;
    return ERR_OK;
}

enum err nonces_use (struct nonces *n, const char *key_id, const char *nonce, int64_t date_ns,
                     int64_t now_ns, struct error *e)
{
    if (date_ns < n->header->floor_ns)
        return FAIL (e, TIME_EXPIRED,
                     "The request is dated before this server lost its memory of used nonces; sign "
                     "it anew.");
    g_autoptr (GHmac) mac = g_hmac_new (G_CHECKSUM_SHA256, n->header->key, sizeof n->header->key);
    g_hmac_update (mac, (const guchar *) key_id, (gssize) strlen (key_id) + 1);
    g_hmac_update (mac, (const guchar *) nonce, -1);
    uint64_t hash[4];
    gsize len = sizeof hash;
    g_hmac_get_digest (mac, (guint8 *) hash, &len);

    uint64_t *bucket = n->slots + (hash[0] & (n->header->n_buckets - 1)) * SLOTS;
    uint32_t expiry_s = (uint32_t) (date_ns / NS + AUTH_SKEW_S + 1);
    pthread_mutex_lock (&n->lock);
    enum err r = take_slot (bucket, (uint32_t) hash[1], expiry_s, (uint32_t) (now_ns / NS), e);
    pthread_mutex_unlock (&n->lock);
    return r;
}
