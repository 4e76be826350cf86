/* Files of secrets: complete or not there, and nobody else's to read. */
#include "auth/keyfile.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <glib.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "base/macros.h"

/* Bytes beyond a multiple of 62 are thrown away. */
enum err keyfile_random_word (char *ret, size_t len, struct error *e)
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
                ret[n++] = alphabet[bytes[i] % letters];
        explicit_bzero (bytes, sizeof bytes);
    }
    ret[len] = '\0';
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

enum err keyfile_write (const char *path, const char *text, struct error *e)
{
    g_autofree char *temporary = g_strconcat (path, ".new", NULL);
    unlink (temporary);
    _cleanup_close_ int fd = open (temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return FAIL (e, IO, "cannot make '%s': %s", temporary, g_strerror (errno));
    enum err r = write_all (fd, text, temporary, e);
    if (r != ERR_OK) {
        unlink (temporary);
        return r;
    }
    g_autofree char *dir = g_path_get_dirname (path);
    _cleanup_close_ int folder = open (dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fsync (fd) < 0 || folder < 0 || rename (temporary, path) < 0 || fsync (folder) < 0)
        return FAIL (e, IO, "cannot keep '%s': %s", path, g_strerror (errno));
    return ERR_OK;
}

static enum err check_file (int fd, const char *path, struct error *e)
{
    struct stat st;
    if (fstat (fd, &st) < 0 || !S_ISREG (st.st_mode))
        return FAIL (e, INVALID_ARGUMENT, "'%s' is not a regular file", path);
    if ((st.st_mode & 077) && fchmod (fd, 0600) < 0)
        return FAIL (e, IO, "'%s' can be read by others, and chmod failed: %s", path,
                     g_strerror (errno));
    return ERR_OK;
}

enum err keyfile_read (const char *path, char ret[KEYFILE_MAX + 1], struct error *e)
{
    _cleanup_close_ int fd = open (path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0 && errno == ENOENT)
        return FAIL (e, NOT_FOUND, "there is no '%s'", path);
    if (fd < 0)
        return FAIL (e, IO, "cannot open '%s': %s", path, g_strerror (errno));
    enum err r = check_file (fd, path, e);
    if (r != ERR_OK)
        return r;
    char text[KEYFILE_MAX + 1];
    ssize_t n = read (fd, text, sizeof text);
    if (n < 0)
        return FAIL (e, IO, "cannot read '%s': %s", path, g_strerror (errno));
    if (n <= KEYFILE_MAX) {
        text[n] = '\0';
        memcpy (ret, text, (size_t) n + 1);
    }
    explicit_bzero (text, sizeof text);
    return n <= KEYFILE_MAX
               ? ERR_OK
               : FAIL (e, INVALID_ARGUMENT, "'%s' is longer than %d bytes", path, KEYFILE_MAX);
}
