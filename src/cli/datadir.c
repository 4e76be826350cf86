/* The data folder: lock, account and the file of endpoints. */
#include "cli/datadir.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <glib.h>
#include <glib/gstdio.h>

#include "base/clock.h"
#include "base/text.h"

#define LOCK_WAIT_MS       2000
#define LOCK_RETRY_US      20000
#define ACCOUNT_DIGITS     16
#define ENDPOINTS_SIZE_MAX 4096

/* Who holds the lock, as the lock file says; "" if it does not. */
static void read_holder (int fd, char *buf, size_t size)
{
    ssize_t n = pread (fd, buf, size - 1, 0);
    buf[n > 0 ? n : 0] = '\0';
    g_strchomp (buf);
}

/* A server that was killed holds its lock until the last of it has gone: one that is started in its
 * place waits for that. */
static bool lock_soon (int fd)
{
    int64_t until = clock_mono_ms () + LOCK_WAIT_MS;
    while (flock (fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK || clock_mono_ms () >= until)
            return false;
        g_usleep (LOCK_RETRY_US);
    }
    return true;
}

enum err datadir_lock (const char *data, int *ret_fd, struct error *e)
{
    if (g_mkdir_with_parents (data, 0700) != 0)
        return FAIL (e, IO, "cannot make the data folder %s: %s", data, g_strerror (errno));
    g_autofree char *path = g_build_filename (data, "lock", NULL);
    _cleanup_close_ int fd = open (path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return FAIL (e, IO, "cannot open %s: %s", path, g_strerror (errno));
    if (!lock_soon (fd)) {
        char holder[24];
        read_holder (fd, holder, sizeof holder);
        return FAIL (e, CONFLICT, "another server (process %s) runs on the data folder %s", holder,
                     data);
    }
    g_autofree char *pid = g_strdup_printf ("%d\n", (int) getpid ());
    size_t len = strlen (pid);
    if (ftruncate (fd, 0) != 0 || pwrite (fd, pid, len, 0) != (ssize_t) len)
        return FAIL (e, IO, "cannot write %s: %s", path, g_strerror (errno));
    *ret_fd = steal_fd (&fd);
    return ERR_OK;
}

static bool is_account (const char *text)
{
    return strlen (text) == ACCOUNT_DIGITS && strspn (text, "0123456789") == ACCOUNT_DIGITS;
}

static enum err make_account (char **ret, struct error *e)
{
    uint64_t random;
    if (getrandom (&random, sizeof random, 0) != (ssize_t) sizeof random)
        return FAIL (e, IO, "the system gives no random numbers: %s", g_strerror (errno));
    const uint64_t least = 1000000000000000; /* 16 digits, the first not 0 */
    *ret = g_strdup_printf ("%" G_GUINT64_FORMAT, least + random % (9 * least));
    return ERR_OK;
}

enum err datadir_account (struct catalog *catalog, const char *wanted, char **ret, struct error *e)
{
    if (*wanted && !is_account (wanted))
        return FAIL (e, INVALID_ARGUMENT, "account-id is '%s', expected %d digits", wanted,
                     ACCOUNT_DIGITS);
    g_autofree char *account = NULL;
    struct error why;
    enum err r = catalog_get_setting (catalog, "account-id", &account, &why);
    if (r == ERR_OK && *wanted && strcmp (account, wanted) != 0)
        return FAIL (e, CONFLICT,
                     "account-id is %s, but this data folder was made for account %s; leave the "
                     "option out or use another data folder",
                     wanted, account);
    if (r != ERR_OK && r != ERR_NOT_FOUND)
        return FAIL (e, DATABASE, "%s", why.message);
    if (r == ERR_NOT_FOUND) {
        if (*wanted)
            account = g_strdup (wanted);
        else if ((r = make_account (&account, e)) != ERR_OK)
            return r;
        r = catalog_set_setting (catalog, "account-id", account, e);
        if (r != ERR_OK)
            return r;
    }
    *ret = g_steal_pointer (&account);
    return ERR_OK;
}

static char *endpoints_path (const char *data)
{
    return g_build_filename (data, "endpoints.json", NULL);
}

void datadir_clear_endpoints (struct datadir_endpoints *p)
{
    g_free (p->imm.address);
    g_free (p->admin.address);
    g_free (p->oss.address);
    g_free (p->key_pin);
    *p = (struct datadir_endpoints){ 0 };
}

static const char *protocol (const struct datadir_listener *l)
{
    return l->is_tls ? "https" : "http";
}

enum err datadir_write_endpoints (const char *data, const struct datadir_endpoints *p,
                                  struct error *e)
{
    json_auto_t *doc =
        json_pack ("{s:s, s:s, s:s, s:s, s:s*, s:s*, s:s*}", "imm", p->imm.address, "imm_protocol",
                   protocol (&p->imm), "admin", p->admin.address, "admin_protocol",
                   protocol (&p->admin), "oss", p->oss.address, "oss_protocol",
                   p->oss.address ? protocol (&p->oss) : NULL, "public_key", p->key_pin);
    g_autofree char *text = json_dumps (doc, JSON_COMPACT | JSON_PRESERVE_ORDER);
    g_autofree char *path = endpoints_path (data);
    g_autoptr (GError) error = NULL;
    if (!g_file_set_contents (path, text, -1, &error)) /* by renaming */
        return FAIL (e, IO, "%s", error->message);
    return ERR_OK;
}

void datadir_remove_endpoints (const char *data)
{
    g_autofree char *path = endpoints_path (data);
    g_unlink (path);
}

static void take_listener (struct datadir_listener *l, const char *address, const char *protocol)
{
    l->address = g_strdup (address);
    l->is_tls = protocol && strcmp (protocol, "https") == 0;
}

enum err datadir_read_endpoints (const char *data, struct datadir_endpoints *ret, struct error *e)
{
    g_autofree char *path = endpoints_path (data);
    g_autofree char *text = NULL;
    size_t len;
    g_autoptr (GError) error = NULL;
    if (!g_file_get_contents (path, &text, &len, &error))
        return FAIL (e, NOT_FOUND, "%s", error->message);
    json_auto_t *doc = len <= ENDPOINTS_SIZE_MAX ? json_loadb (text, len, 0, NULL) : NULL;
    const char *imm, *admin, *oss = NULL, *key_pin = NULL;
    const char *imm_protocol = NULL, *admin_protocol = NULL, *oss_protocol = NULL;
    if (json_unpack (doc, "{s:s, s:s, s?s, s?s, s?s, s?s, s?s}", "imm", &imm, "admin", &admin,
                     "oss", &oss, "imm_protocol", &imm_protocol, "admin_protocol", &admin_protocol,
                     "oss_protocol", &oss_protocol, "public_key", &key_pin) != 0)
        return FAIL (e, INVALID_ARGUMENT, "%s does not hold the endpoints of a server", path);
    take_listener (&ret->imm, imm, imm_protocol);
    take_listener (&ret->admin, admin, admin_protocol);
    take_listener (&ret->oss, oss, oss_protocol);
    ret->key_pin = g_strdup (key_pin);
    return ERR_OK;
}
