/* The root key: configured, or made once and kept in a file of two lines. */
#include "auth/keys.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "base/macros.h"

#define FILE_MAX       1024 /* bytes of DATA/root-key */
#define MADE_ID_PREFIX "LTAI"
#define MADE_ID_LEN    24
#define MADE_SECRET    30

struct keys {
    struct key root;
    char *path;
};

/* Both are sent and kept as words, so neither may hold a space, a control character or a comma. */
static bool is_word (const char *text, size_t max)
{
    size_t len = strlen (text);
    for (size_t i = 0; i < len; i++)
        if (!g_ascii_isgraph (text[i]) || text[i] == ',')
            return false;
    return len > 0 && len <= max;
}

static enum err set_key (struct key *key, const char *id, const char *secret, const char *where,
                         struct error *e)
{
    if (!is_word (id, KEYS_ID_MAX))
        return FAIL (e, INVALID_ARGUMENT, "%s: the AccessKeyId must be 1 to %d visible characters",
                     where, KEYS_ID_MAX);
    if (!is_word (secret, KEYS_SECRET_MAX))
        return FAIL (e, INVALID_ARGUMENT,
                     "%s: the AccessKeySecret must be 1 to %d visible characters", where,
                     KEYS_SECRET_MAX);
    g_strlcpy (key->id, id, sizeof key->id);
    g_strlcpy (key->secret, secret, sizeof key->secret);
    key->is_root = true;
    return ERR_OK;
}

/* Letters and digits, each equally likely: bytes beyond a multiple of 62 are thrown away. */
static enum err random_word (char *out, size_t len, struct error *e)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    const size_t letters = sizeof alphabet - 1;
    size_t n = 0;
    while (n < len) {
        unsigned char bytes[64];
        if (getrandom (bytes, sizeof bytes, 0) != (ssize_t) sizeof bytes)
            return FAIL (e, IO, "no random numbers: %s", g_strerror (errno));
        for (size_t i = 0; i < sizeof bytes && n < len; i++)
            if (bytes[i] < 256 / letters * letters)
                out[n++] = alphabet[bytes[i] % letters];
        explicit_bzero (bytes, sizeof bytes);
    }
    out[len] = '\0';
    return ERR_OK;
}

static enum err write_all (int fd, const char *text, const char *path, struct error *e)
{
    size_t len = strlen (text);
    while (len) {
        ssize_t n = write (fd, text, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return FAIL (e, IO, "cannot write '%s': %s", path, g_strerror (errno));
        text += n;
        len -= (size_t) n;
    }
    return ERR_OK;
}

/* Complete or not there: a temporary file, flushed, then renamed. */
static enum err save (const struct key *key, const char *data, const char *path, struct error *e)
{
    g_autofree char *temporary = g_strconcat (path, ".new", NULL);
    unlink (temporary);
    _cleanup_close_ int fd = open (temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return FAIL (e, IO, "cannot make '%s': %s", temporary, g_strerror (errno));
    char text[KEYS_ID_MAX + KEYS_SECRET_MAX + 64];
    g_snprintf (text, sizeof text, "AccessKeyId=%s\nAccessKeySecret=%s\n", key->id, key->secret);
    enum err r = write_all (fd, text, temporary, e);
    explicit_bzero (text, sizeof text);
    if (r != ERR_OK)
        return r;
    _cleanup_close_ int folder = open (data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fsync (fd) < 0 || rename (temporary, path) < 0 || folder < 0 || fsync (folder) < 0)
        return FAIL (e, IO, "cannot keep '%s': %s", path, g_strerror (errno));
    return ERR_OK;
}

static enum err make (struct keys *k, const char *data, struct error *e)
{
    char id[MADE_ID_LEN + 1] = MADE_ID_PREFIX, secret[MADE_SECRET + 1];
    size_t prefix = strlen (MADE_ID_PREFIX);
    enum err r = random_word (id + prefix, MADE_ID_LEN - prefix, e);
    if (r == ERR_OK)
        r = random_word (secret, MADE_SECRET, e);
    if (r == ERR_OK)
        r = set_key (&k->root, id, secret, k->path, e);
    explicit_bzero (secret, sizeof secret);
    return r == ERR_OK ? save (&k->root, data, k->path, e) : r;
}

/* The value of `name=` when it is one of the lines. */
static const char *find_line (char **lines, const char *name)
{
    for (char **line = lines; *line; line++) {
        size_t len = strlen (name);
        if (strncmp (*line, name, len) == 0 && (*line)[len] == '=')
            return g_strstrip (*line + len + 1);
    }
    return NULL;
}

static enum err parse (struct keys *k, char *text, struct error *e)
{
    g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
    const char *id = find_line (lines, "AccessKeyId");
    const char *secret = find_line (lines, "AccessKeySecret");
    enum err r;
    if (!id || !secret)
        r = FAIL (e, INVALID_ARGUMENT,
                  "'%s' needs the lines AccessKeyId= and AccessKeySecret=", k->path);
    else
        r = set_key (&k->root, id, secret, k->path, e);
    for (char **line = lines; *line; line++)
        explicit_bzero (*line, strlen (*line));
    return r;
}

static enum err load (struct keys *k, int fd, struct error *e)
{
    struct stat st;
    if (fstat (fd, &st) < 0 || !S_ISREG (st.st_mode))
        return FAIL (e, INVALID_ARGUMENT, "'%s' is not a regular file", k->path);
    if ((st.st_mode & 077) && fchmod (fd, 0600) < 0)
        return FAIL (e, IO, "'%s' can be read by others, and chmod failed: %s", k->path,
                     g_strerror (errno));
    char text[FILE_MAX + 1];
    ssize_t n = read (fd, text, sizeof text);
    if (n < 0)
        return FAIL (e, IO, "cannot read '%s': %s", k->path, g_strerror (errno));
    if ((size_t) n > FILE_MAX)
        return FAIL (e, INVALID_ARGUMENT, "'%s' is longer than %d bytes", k->path, FILE_MAX);
    text[n] = '\0';
    enum err r = parse (k, text, e);
    explicit_bzero (text, sizeof text);
    return r;
}

static enum err load_or_make (struct keys *k, const char *data, struct error *e)
{
    k->path = g_build_filename (data, "root-key", NULL);
    _cleanup_close_ int fd = open (k->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd >= 0)
        return load (k, fd, e);
    if (errno != ENOENT)
        return FAIL (e, IO, "cannot open '%s': %s", k->path, g_strerror (errno));
    return make (k, data, e);
}

enum err keys_open (const char *data, const char *id, const char *secret, struct keys **ret,
                    struct error *e)
{
    bool has_id = id && *id, has_secret = secret && *secret;
    if (has_id != has_secret)
        return FAIL (e, INVALID_ARGUMENT, "%s is set without %s",
                     has_id ? "access-key-id" : "access-key-secret",
                     has_id ? "access-key-secret" : "access-key-id");
    struct keys *k = g_new0 (struct keys, 1);
    enum err r =
        has_id ? set_key (&k->root, id, secret, "access-key-id", e) : load_or_make (k, data, e);
    if (r != ERR_OK) {
        keys_close (k);
        return r;
    }
    *ret = k;
    return ERR_OK;
}

void keys_close (struct keys *k)
{
    if (!k)
        return;
    g_free (k->path);
    explicit_bzero (k, sizeof *k);
    g_free (k);
}

enum err keys_find (const struct keys *k, const char *id, const struct key **ret, struct error *e)
{
    if (strcmp (k->root.id, id) != 0)
        return FAIL (e, KEY_NOT_FOUND, "Specified access key is not found.");
    *ret = &k->root;
    return ERR_OK;
}

const struct key *keys_root (const struct keys *k)
{
    return &k->root;
}

const char *keys_root_path (const struct keys *k)
{
    return k->path;
}
