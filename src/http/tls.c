/* Certificates: read whole or not at all, counted, replaced by swapping a pointer. */
#include "http/tls.h"

#include <gnutls/abstract.h>
#include <gnutls/x509.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "base/limits.h"

/* Perfect forward secrecy and authenticated encryption only. */
#define SUITES                                                                                     \
    "NORMAL:%SERVER_PRECEDENCE:-KX-ALL:+ECDHE-ECDSA:+ECDHE-RSA:"                                   \
    "-CIPHER-ALL:+AES-256-GCM:+CHACHA20-POLY1305:+AES-128-GCM:-MAC-ALL:+AEAD:-VERS-ALL:"
#define PIN_PREFIX "sha256//"
#define HASH_BYTES 32

struct certificate {
    atomic_int n_refs;
    gnutls_certificate_credentials_t credentials;
    gnutls_datum_t ticket_key; /* a session goes on only under the certificate it began with */
    char pin[TLS_PIN_SIZE];
    int64_t expires_s;
};

struct tls {
    const char *certificate_path, *key_path;
    bool is_newest_only;
    pthread_mutex_t lock;
    struct certificate *current;
};

/* ---- One certificate ---- */

void certificate_unref (struct certificate *c)
{
    if (!c || atomic_fetch_sub (&c->n_refs, 1) != 1)
        return;
    if (c->credentials)
        gnutls_certificate_free_credentials (c->credentials);
    if (c->ticket_key.data) {
        gnutls_memset (c->ticket_key.data, 0, c->ticket_key.size);
        gnutls_free (c->ticket_key.data);
    }
    g_free (c);
}

static void certificate_unrefp (struct certificate **c)
{
    certificate_unref (*c);
}
#define _cleanup_certificate_ __attribute__ ((cleanup (certificate_unrefp)))

/* Text of a file, and how long it is: what is secret is to be wiped. */
struct pem {
    char *text;
    size_t len;
};

static void pem_clear (struct pem *p)
{
    if (p->text)
        explicit_bzero (p->text, p->len);
    g_free (p->text);
}
#define _cleanup_pem_ __attribute__ ((cleanup (pem_clear)))

static enum err read_pem (const char *path, struct pem *ret, struct error *e)
{
    g_autoptr (GError) error = NULL;
    if (g_file_test (path, G_FILE_TEST_EXISTS) && !g_file_test (path, G_FILE_TEST_IS_REGULAR))
        return FAIL (e, INVALID_ARGUMENT, "%s is no regular file", path); /* a pipe would block */
    if (!g_file_get_contents (path, &ret->text, &ret->len, &error))
        return FAIL (e, INVALID_ARGUMENT, "%s", error->message);
    if (ret->len > LIMIT_CERTIFICATE_FILE)
        return FAIL (e, INVALID_ARGUMENT, "%s has %zu bytes, at most %llu are read", path, ret->len,
                     LIMIT_CERTIFICATE_FILE);
    return ERR_OK;
}

static enum err read_facts (struct certificate *c, const char *path, struct error *e)
{
    gnutls_x509_crt_t *chain = NULL;
    unsigned n = 0;
    uint8_t hash[HASH_BYTES];
    size_t size = sizeof hash;
    int code = gnutls_certificate_get_x509_crt (c->credentials, 0, &chain, &n);
    if (code >= 0 && n > 0) {
        code = gnutls_x509_crt_get_key_id (chain[0], GNUTLS_KEYID_USE_SHA256, hash, &size);
        c->expires_s = gnutls_x509_crt_get_expiration_time (chain[0]);
    }
    for (unsigned i = 0; i < n; i++)
        gnutls_x509_crt_deinit (chain[i]);
    gnutls_free (chain);
    if (code < 0 || size != sizeof hash)
        return FAIL (e, INVALID_ARGUMENT, "%s holds no certificate of a known kind", path);
    g_autofree char *base64 = g_base64_encode (hash, sizeof hash);
    g_snprintf (c->pin, sizeof c->pin, PIN_PREFIX "%s", base64);
    return ERR_OK;
}

static const char *describe (int code)
{
    switch (code) {
    case GNUTLS_E_CERTIFICATE_KEY_MISMATCH:
        return "the key is not that of the certificate";
    case GNUTLS_E_DECRYPTION_FAILED:
        return "the key is encrypted; a key without passphrase is needed";
    case GNUTLS_E_BASE64_DECODING_ERROR:
    case GNUTLS_E_BASE64_UNEXPECTED_HEADER_ERROR:
    case GNUTLS_E_NO_CERTIFICATE_FOUND:
        return "expected PEM: BEGIN CERTIFICATE in the one, BEGIN PRIVATE KEY in the other";
    default:
        return gnutls_strerror (code);
    }
}

/* In steps: GnuTLS's function for all of them leaks when the chain is cut short. */
static int set_key (gnutls_certificate_credentials_t credentials, const struct pem *chain,
                    const struct pem *key)
{
    const gnutls_datum_t chain_text = { (uint8_t *) chain->text, (unsigned) chain->len };
    const gnutls_datum_t key_text = { (uint8_t *) key->text, (unsigned) key->len };
    gnutls_x509_crt_t *list = NULL;
    gnutls_x509_privkey_t private = NULL;
    unsigned n = 0;
    int code = gnutls_x509_crt_list_import2 (&list, &n, &chain_text, GNUTLS_X509_FMT_PEM, 0);
    if (code >= 0)
        code = gnutls_x509_privkey_init (&private);
    if (code >= 0)
        code = gnutls_x509_privkey_import2 (private, &key_text, GNUTLS_X509_FMT_PEM, NULL, 0);
    if (code >= 0)
        code = gnutls_certificate_set_x509_key (credentials, list, (int) n, private);
    for (unsigned i = 0; list && i < n; i++)
        gnutls_x509_crt_deinit (list[i]);
    gnutls_free (list);
    if (private)
        gnutls_x509_privkey_deinit (private);
    return code;
}

static enum err load (const struct tls *t, struct certificate **ret, struct error *e)
{
    _cleanup_pem_ struct pem chain = { 0 };
    _cleanup_pem_ struct pem key = { 0 };
    enum err r = read_pem (t->certificate_path, &chain, e);
    if (r == ERR_OK)
        r = read_pem (t->key_path, &key, e);
    if (r != ERR_OK)
        return r;
    _cleanup_certificate_ struct certificate *c = g_new0 (struct certificate, 1);
    atomic_init (&c->n_refs, 1);
    int code = gnutls_certificate_allocate_credentials (&c->credentials);
    if (code >= 0)
        code = set_key (c->credentials, &chain, &key);
    if (code >= 0)
        code = gnutls_session_ticket_key_generate (&c->ticket_key);
    if (code < 0)
        return FAIL (e, INVALID_ARGUMENT, "cannot use certificate %s with key %s: %s",
                     t->certificate_path, t->key_path, describe (code));
    r = read_facts (c, t->certificate_path, e);
    if (r == ERR_OK)
        *ret = g_steal_pointer (&c);
    return r;
}

/* ---- The one in use ---- */

static struct certificate *current (struct tls *t)
{
    pthread_mutex_lock (&t->lock);
    struct certificate *c = t->current;
    atomic_fetch_add (&c->n_refs, 1);
    pthread_mutex_unlock (&t->lock);
    return c;
}

enum err tls_reload (struct tls *t, struct error *e)
{
    struct certificate *c = NULL;
    enum err r = load (t, &c, e);
    if (r != ERR_OK)
        return r;
    pthread_mutex_lock (&t->lock);
    struct certificate *before = t->current;
    t->current = c;
    pthread_mutex_unlock (&t->lock);
    certificate_unref (before);
    return ERR_OK;
}

enum err tls_new (const struct config *c, struct tls **ret, struct error *e)
{
    if (!*c->tls_certificate && *c->tls_key)
        return FAIL (e, INVALID_ARGUMENT, "tls-key is set, but tls-certificate is not");
    if (!*c->tls_certificate) {
        *ret = NULL;
        return ERR_OK;
    }
    struct tls *t = g_new0 (struct tls, 1);
    t->certificate_path = c->tls_certificate;
    t->key_path = *c->tls_key ? c->tls_key : c->tls_certificate;
    t->is_newest_only = strcmp (c->tls_min_version, "1.3") == 0;
    pthread_mutex_init (&t->lock, NULL);
    enum err r = tls_reload (t, e);
    if (r == ERR_OK)
        *ret = t;
    else
        tls_free (t);
    return r;
}

void tls_free (struct tls *t)
{
    if (!t)
        return;
    certificate_unref (t->current);
    pthread_mutex_destroy (&t->lock);
    g_free (t);
}

/* The library must have a source of certificates, though tls_begin() gives each session its own. */
static int no_certificate (gnutls_session_t session, const gnutls_datum_t *names, int n_names,
                           const gnutls_pk_algorithm_t *kinds, int n_kinds,
                           gnutls_pcert_st **ret_chain, unsigned *ret_n, gnutls_privkey_t *ret_key)
{
    (void) session, (void) names, (void) n_names, (void) kinds, (void) n_kinds;
    (void) ret_chain, (void) ret_n, (void) ret_key;
    return -1;
}

void tls_set_options (const struct tls *t, struct MHD_OptionItem ret[TLS_OPTIONS])
{
    static char newest[] = SUITES "+VERS-TLS1.3";
    static char both[] = SUITES "+VERS-TLS1.3:+VERS-TLS1.2";
    size_t n = 0;
    if (t) {
        ret[n++] =
            (struct MHD_OptionItem){ MHD_OPTION_HTTPS_CERT_CALLBACK, 0, (void *) no_certificate };
        ret[n++] = (struct MHD_OptionItem){ MHD_OPTION_HTTPS_PRIORITIES, 0,
                                            t->is_newest_only ? newest : both };
    }
    ret[n] = (struct MHD_OptionItem){ MHD_OPTION_END };
}

void tls_pin (struct tls *t, char ret[TLS_PIN_SIZE])
{
    _cleanup_certificate_ struct certificate *c = current (t);
    g_strlcpy (ret, c->pin, TLS_PIN_SIZE);
}

int64_t tls_expires_s (struct tls *t)
{
    _cleanup_certificate_ struct certificate *c = current (t);
    return c->expires_s;
}

struct certificate *tls_begin (struct tls *t, gnutls_session_t session)
{
    struct certificate *c = current (t);
    gnutls_credentials_set (session, GNUTLS_CRD_CERTIFICATE, c->credentials);
    gnutls_session_ticket_enable_server (session, &c->ticket_key);
    return c;
}
