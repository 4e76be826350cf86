/* Sealing and unsealing, and the file of the key. Sealed: version, nonce, ciphertext with tag. */
#include "auth/secrets.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <sys/random.h>

#include "auth/keyfile.h"
#include "base/macros.h"

#define KEY_BYTES   32
#define NONCE_BYTES 12
#define TAG_BYTES   16
#define NAME_BYTES  8
#define VERSION     1
#define OVERHEAD    (1 + NONCE_BYTES + TAG_BYTES)
#define SECRET_MAX  1024 /* bytes of a secret */
#define LINE        "Key="
#define KEYS_MAX    2 /* of a file: the old one and the new one, while they change */
#define FILE_INTRO                                                                                 \
    "# The secrets of users' access keys are sealed under this key. Keep a copy apart from\n"      \
    "# copies of the index: without it, users need new access keys.\n"

struct secrets {
    uint8_t key[KEY_BYTES];
    char name[2 * NAME_BYTES + 1];
    char *path;
};

static struct secrets *secrets_new (const char *path)
{
    struct secrets *s = g_new0 (struct secrets, 1);
    s->path = g_strdup (path);
    return s;
}

void secrets_close (struct secrets *s)
{
    if (!s)
        return;
    g_free (s->path);
    explicit_bzero (s, sizeof *s);
    g_free (s);
}

static void secrets_closep (struct secrets **s)
{
    secrets_close (*s);
}
#define _cleanup_secrets_ __attribute__ ((cleanup (secrets_closep)))

const char *secrets_name (const struct secrets *s)
{
    return s->name;
}

static void write_hex (const uint8_t *bytes, size_t n, char *ret)
{
    for (size_t i = 0; i < n; i++)
        g_snprintf (ret + 2 * i, 3, "%02x", bytes[i]);
}

/* The beginning of a keyed hash of a fixed text. */
static void set_name (struct secrets *s)
{
    uint8_t sum[32];
    gsize len = sizeof sum;
    g_autoptr (GHmac) mac = g_hmac_new (G_CHECKSUM_SHA256, s->key, sizeof s->key);
    g_hmac_update (mac, (const guchar *) "name of a secret key", -1);
    g_hmac_get_digest (mac, sum, &len);
    write_hex (sum, NAME_BYTES, s->name);
}

/* ---- The file ---- */

static enum err write_file (const struct secrets *s, const struct secrets *other, struct error *e)
{
    const struct secrets *both[KEYS_MAX] = { s, other };
    char text[KEYFILE_MAX] = FILE_INTRO;
    for (size_t i = 0; i < KEYS_MAX && both[i]; i++) {
        g_strlcat (text, LINE, sizeof text);
        write_hex (both[i]->key, KEY_BYTES, text + strlen (text));
        g_strlcat (text, "\n", sizeof text);
    }
    enum err r = keyfile_write (s->path, text, e);
    explicit_bzero (text, sizeof text);
    return r;
}

static bool parse_key (const char *hex, struct secrets *ret)
{
    if (strspn (hex, "0123456789abcdefABCDEF") != 2 * KEY_BYTES || hex[2 * KEY_BYTES])
        return false;
    for (size_t i = 0; i < KEY_BYTES; i++)
        ret->key[i] = (uint8_t) (g_ascii_xdigit_value (hex[2 * i]) * 16 +
                                 g_ascii_xdigit_value (hex[2 * i + 1]));
    set_name (ret);
    return true;
}

/* Takes the key of that name, or the first; counts them. False if a line is no key, or too many. */
static bool parse_lines (char **lines, const char *name, struct secrets *ret, size_t *ret_n,
                         bool *ret_found)
{
    _cleanup_secrets_ struct secrets *key = secrets_new (NULL);
    for (char **line = lines; *line; line++) {
        g_strstrip (*line);
        if (!**line || **line == '#')
            continue;
        if (!g_str_has_prefix (*line, LINE) || !parse_key (*line + strlen (LINE), key) ||
            ++*ret_n > KEYS_MAX)
            return false;
        if (*ret_found || (name && strcmp (name, key->name) != 0))
            continue;
        memcpy (ret->key, key->key, sizeof ret->key);
        memcpy (ret->name, key->name, sizeof ret->name);
        *ret_found = true;
    }
    return *ret_n > 0;
}

static enum err parse_file (struct secrets *s, const char *text, const char *name, size_t *ret_n,
                            struct error *e)
{
    g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
    bool is_found = false;
    bool is_whole = parse_lines (lines, name, s, ret_n, &is_found);
    for (char **line = lines; *line; line++)
        explicit_bzero (*line, strlen (*line));
    if (!is_whole)
        return FAIL (e, INVALID_ARGUMENT,
                     "'%s' is damaged: it must have one line " LINE " with %d hexadecimal digits",
                     s->path, 2 * KEY_BYTES);
    if (!is_found)
        return FAIL (e, INVALID_ARGUMENT,
                     "'%s' has another key than the one that was used (%s): it is a file of "
                     "another server, or older or newer than the index",
                     s->path, name);
    return ERR_OK;
}

static enum err make_key (struct secrets *s, struct error *e)
{
    if (getrandom (s->key, sizeof s->key, 0) != (ssize_t) sizeof s->key)
        return FAIL (e, IO, "no random numbers: %s", g_strerror (errno));
    set_name (s);
    return ERR_OK;
}

static enum err read_file (struct secrets *s, const char *name, struct error *e)
{
    char text[KEYFILE_MAX + 1];
    size_t n = 0;
    enum err r = keyfile_read (s->path, text, e);
    if (r != ERR_OK)
        return r;
    r = parse_file (s, text, name, &n, e);
    explicit_bzero (text, sizeof text);
    /* A change of keys was cut short. That its other key stays in a file that cannot be written,
     * as one that an administrator provides, harms nothing. */
    if (r == ERR_OK && n > 1 && write_file (s, NULL, NULL) != ERR_OK)
        return ERR_OK;
    return r;
}

enum err secrets_open (const char *path, const char *name, struct secrets **ret, struct error *e)
{
    _cleanup_secrets_ struct secrets *s = secrets_new (path);
    enum err r = read_file (s, name, e);
    if (r == ERR_NOT_FOUND && !name) {
        r = make_key (s, e);
        if (r == ERR_OK)
            r = write_file (s, NULL, e);
    }
    if (r == ERR_OK)
        *ret = g_steal_pointer (&s);
    return r;
}

enum err secrets_renew (const struct secrets *s, struct secrets **ret, struct error *e)
{
    _cleanup_secrets_ struct secrets *next = secrets_new (s->path);
    enum err r = make_key (next, e);
    if (r == ERR_OK)
        r = write_file (s, next, e);
    if (r == ERR_OK)
        *ret = g_steal_pointer (&next);
    return r;
}

enum err secrets_settle (const struct secrets *s, struct error *e)
{
    return write_file (s, NULL, e);
}

/* ---- Sealing ---- */

static enum err start_cipher (const struct secrets *s, gnutls_aead_cipher_hd_t *ret,
                              struct error *e)
{
    gnutls_datum_t key = { (unsigned char *) s->key, sizeof s->key };
    int r = gnutls_aead_cipher_init (ret, GNUTLS_CIPHER_AES_256_GCM, &key);
    return r == 0 ? ERR_OK : FAIL (e, INTERNAL, "no cipher: %s", gnutls_strerror (r));
}

enum err secrets_seal (const struct secrets *s, const char *key_id, const char *secret,
                       GBytes **ret, struct error *e)
{
    uint8_t out[OVERHEAD + SECRET_MAX] = { VERSION };
    size_t len = strlen (secret), sealed_len = sizeof out - 1 - NONCE_BYTES;
    gnutls_aead_cipher_hd_t cipher;
    if (len > SECRET_MAX)
        return FAIL (e, INVALID_ARGUMENT, "a secret has more than %d bytes", SECRET_MAX);
    if (getrandom (out + 1, NONCE_BYTES, 0) != NONCE_BYTES)
        return FAIL (e, IO, "no random numbers: %s", g_strerror (errno));
    enum err r = start_cipher (s, &cipher, e);
    if (r != ERR_OK)
        return r;
    int code =
        gnutls_aead_cipher_encrypt (cipher, out + 1, NONCE_BYTES, key_id, strlen (key_id),
                                    TAG_BYTES, secret, len, out + 1 + NONCE_BYTES, &sealed_len);
    gnutls_aead_cipher_deinit (cipher);
    if (code != 0)
        return FAIL (e, INTERNAL, "a secret could not be sealed: %s", gnutls_strerror (code));
    *ret = g_bytes_new (out, 1 + NONCE_BYTES + sealed_len);
    return ERR_OK;
}

static enum err unseal (const struct secrets *s, const char *key_id, const uint8_t *in, size_t len,
                        char *ret, size_t *ret_len, struct error *e)
{
    gnutls_aead_cipher_hd_t cipher;
    enum err r = start_cipher (s, &cipher, e);
    if (r != ERR_OK)
        return r;
    int code =
        gnutls_aead_cipher_decrypt (cipher, in + 1, NONCE_BYTES, key_id, strlen (key_id), TAG_BYTES,
                                    in + 1 + NONCE_BYTES, len - 1 - NONCE_BYTES, ret, ret_len);
    gnutls_aead_cipher_deinit (cipher);
    return code == 0 ? ERR_OK
                     : FAIL (e, INVALID_ARGUMENT, "the secret of %s cannot be unsealed", key_id);
}

enum err secrets_unseal (const struct secrets *s, const char *key_id, GBytes *sealed, char *ret,
                         size_t size, struct error *e)
{
    size_t len = 0;
    char secret[SECRET_MAX + 1];
    size_t secret_len = sizeof secret - 1;
    const uint8_t *in = g_bytes_get_data (sealed, &len);
    if (len < OVERHEAD || len > OVERHEAD + SECRET_MAX || in[0] != VERSION)
        return FAIL (e, INVALID_ARGUMENT, "the secret of %s is damaged", key_id);
    enum err r = unseal (s, key_id, in, len, secret, &secret_len, e);
    if (r == ERR_OK && secret_len >= size)
        r = FAIL (e, INVALID_ARGUMENT, "the secret of %s is too long", key_id);
    if (r == ERR_OK) {
        memcpy (ret, secret, secret_len);
        ret[secret_len] = '\0';
    }
    explicit_bzero (secret, sizeof secret);
    return r;
}
