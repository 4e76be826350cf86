/* Stores over TLS: who is believed to be the store. The server's certificate is made here. */
#include "test.h"

#include <arpa/inet.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <glib.h>
#include <glib/gstdio.h>

#include "base/macros.h"
#include "base/queue.h"
#include "store/client.h"

#define ANSWER                                                                                     \
    "HTTP/1.1 200 OK\r\nETag: \"abc\"\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello"

struct server {
    SSL_CTX *ctx;
    X509 *certificate;
    EVP_PKEY *key;
    char *ca_path;
    int listener;
    unsigned port;
    pthread_t thread;
};

static void make_certificate (struct server *s)
{
    s->key = EVP_EC_gen ("P-256");
    X509 *x = s->certificate = X509_new ();
    X509_set_version (x, 2);
    ASN1_INTEGER_set (X509_get_serialNumber (x), 1);
    X509_gmtime_adj (X509_getm_notBefore (x), -3600);
    X509_gmtime_adj (X509_getm_notAfter (x), 3600);
    X509_set_pubkey (x, s->key);
    X509_NAME *name = X509_get_subject_name (x);
    X509_NAME_add_entry_by_txt (name, "CN", MBSTRING_ASC, (const unsigned char *) "store", -1, -1,
                                0);
    X509_set_issuer_name (x, name);
    X509_EXTENSION *names = X509V3_EXT_conf_nid (NULL, NULL, NID_subject_alt_name,
                                                 "DNS:localhost,DNS:bucket.localhost");
    X509_add_ext (x, names, -1);
    X509_EXTENSION_free (names);
    assert_true (X509_sign (x, s->key, EVP_sha256 ()) > 0);
    s->ca_path = g_strdup ("ca-XXXXXX");
    int fd = g_mkstemp (s->ca_path);
    FILE *f = fdopen (fd, "w");
    assert_int_equal (1, PEM_write_X509 (f, x));
    fclose (f);
}

static void serve (SSL *ssl)
{
    char buf[8192];
    if (SSL_accept (ssl) == 1 && SSL_read (ssl, buf, sizeof buf) > 0)
        SSL_write (ssl, ANSWER, (int) strlen (ANSWER));
    SSL_shutdown (ssl);
}

static void *accept_all (void *arg)
{
    struct server *s = arg;
    for (;;) {
        _cleanup_close_ int fd = accept4 (s->listener, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0)
            return NULL;
        SSL *ssl = SSL_new (s->ctx);
        SSL_set_fd (ssl, fd);
        serve (ssl);
        SSL_free (ssl);
    }
}

static void server_init (struct server *s)
{
    make_certificate (s);
    s->ctx = SSL_CTX_new (TLS_server_method ());
    assert_int_equal (1, SSL_CTX_use_certificate (s->ctx, s->certificate));
    assert_int_equal (1, SSL_CTX_use_PrivateKey (s->ctx, s->key));
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
    socklen_t len = sizeof a;
    s->listener = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal (0, bind (s->listener, (struct sockaddr *) &a, len));
    assert_int_equal (0, listen (s->listener, 16));
    assert_int_equal (0, getsockname (s->listener, (struct sockaddr *) &a, &len));
    s->port = ntohs (a.sin_port);
    s->thread = thread_start ("tls", accept_all, s);
}

static void server_clear (struct server *s)
{
    shutdown (s->listener, SHUT_RDWR);
    pthread_join (s->thread, NULL);
    close (s->listener);
    g_unlink (s->ca_path);
    g_free (s->ca_path);
    SSL_CTX_free (s->ctx);
    X509_free (s->certificate);
    EVP_PKEY_free (s->key);
}

static void only_the_right_certificate_is_believed (void **state UNUSED)
{
    static const struct {
        const char *host;
        bool has_ca, is_virtual;
        enum err expected;
    } rows[] = {
        { "localhost", true, false, ERR_OK },
        { "localhost", true, true, ERR_OK },           /* bucket.localhost */
        { "localhost", false, false, ERR_STORE_DOWN }, /* signed by nobody */
        { "127.0.0.1", true, false, ERR_STORE_DOWN },  /* another's name */
    };
    struct server s;
    struct client_thread *t = NULL;
    struct error e = { 0 };
    server_init (&s);
    assert_ok (client_thread_new (&t, &e), &e);
    for (size_t i = 0; i < N_ELEMENTS (rows); i++) {
        g_autofree char *url = g_strdup_printf ("https://%s:%u", rows[i].host, s.port);
        struct client_options o = { .endpoint = url,
                                    .is_virtual = rows[i].is_virtual,
                                    .ca_file = rows[i].has_ca ? s.ca_path : NULL };
        struct client *c = NULL;
        assert_ok (client_new (t, &o, &c, &e), &e);
        _cleanup_response_ struct client_response r;
        struct client_request ask = {
            .method = "GET", .bucket = "bucket", .key = "k", .expect = CLIENT_OBJECT
        };
        if (client_call (c, &ask, &r, &e) != rows[i].expected)
            fail_msg ("row %zu: %s %s", i, error_name (r.code), r.message);
        assert_int_equal (1, r.tries); /* nobody becomes another by waiting */
        client_free (c);
    }
    client_thread_free (t);
    server_clear (&s);
}

int main (void)
{
    signal (SIGPIPE, SIG_IGN); /* OpenSSL writes to clients that hung up */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (only_the_right_certificate_is_believed),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
