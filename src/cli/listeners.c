/* Says where the listeners are, and what is wrong with how they are reached. */
#include "cli/listeners.h"

#include <string.h>
#include <sys/stat.h>
#include <glib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/net.h"
#include "cli/datadir.h"

#define NS             1000000000ll
#define EXPIRES_SOON_S (14 * 24 * 60 * 60)

/* "127.0.0.1:80", "[::1]:80" */
static bool is_loopback (const char *address)
{
    static const char *const blocks[] = { "127.0.0.0/8", "::1" };
    g_autofree char *host = g_strndup (address, (gsize) (strrchr (address, ':') - address));
    size_t len = strlen (host);
    if (len && host[0] == '[' && host[len - 1] == ']') {
        host[len - 1] = '\0';
        memmove (host, host + 1, len - 1);
    }
    struct net_address a;
    bool is_known = net_parse_address (host, &a);
    for (size_t i = 0; is_known && i < N_ELEMENTS (blocks); i++) {
        struct net_block block;
        if (net_parse_block (blocks[i], &block) && net_contains (&block, &a))
            return true;
    }
    return false;
}

/* Behind a proxy it is the proxy's to speak TLS. */
static void warn_of_plain (const struct config *c, const char *name,
                           const struct datadir_listener *l)
{
    if (l->is_tls || is_loopback (l->address) || *c->trusted_proxies)
        return;
    LOG (LOG_WARN, "serve",
         "plain HTTP on an address that other machines reach: whoever is on the way reads all "
         "requests and answers; set tls-certificate and tls-key, or listen on 127.0.0.1 behind a "
         "proxy that speaks TLS, and name it in trusted-proxies",
         LOG_STR ("listener", name), LOG_STR ("address", l->address));
}

static void warn_of_certificate (const struct config *c, const struct http *h)
{
    int64_t now_s = clock_now_ns () / NS, expires_s = http_expires_s (h);
    const char *key = *c->tls_key ? c->tls_key : c->tls_certificate;
    struct stat st;
    if (expires_s < now_s + EXPIRES_SOON_S) {
        char text[CLOCK_TEXT_SIZE];
        const char *expires = text;
        clock_format (expires_s * NS, 0, text);
        LOG (LOG_WARN, "serve",
             expires_s < now_s ? "the certificate has expired: clients refuse it"
                               : "the certificate expires soon",
             LOG_STR ("file", c->tls_certificate), LOG_STR ("expires", expires));
    }
    if (*key && stat (key, &st) == 0 && st.st_mode & (S_IROTH | S_IWOTH))
        LOG (LOG_WARN, "serve", "everybody on this machine can read or change the private key",
             LOG_STR ("file", key));
}

/* The addresses are borrowed, the pin is not. */
static struct datadir_endpoints describe (const struct http *h)
{
    return (struct datadir_endpoints){
        .imm = { (char *) http_address_imm (h), http_is_tls_imm (h) },
        .admin = { (char *) http_address_admin (h), http_is_tls_admin (h) },
        .oss = { (char *) http_address_oss (h), http_is_tls_imm (h) },
        .key_pin = http_key_pin (h),
    };
}

enum err listeners_announce (const struct config *c, const struct http *h, struct error *e)
{
    struct datadir_endpoints p = describe (h);
    g_autofree char *pin = p.key_pin;
    warn_of_certificate (c, h);
    warn_of_plain (c, "imm", &p.imm);
    warn_of_plain (c, "admin", &p.admin);
    if (p.oss.address)
        warn_of_plain (c, "oss", &p.oss);
    return datadir_write_endpoints (c->data, &p, e);
}

void listeners_reload (const struct config *c, struct http *h)
{
    struct error e;
    if (http_reopen_audit (h, &e) != ERR_OK)
        LOG (LOG_ERROR, "serve", "the audit log goes on in the old file",
             LOG_STR ("error", e.message));
    if (!*c->tls_certificate)
        return;
    if (http_reload (h, &e) != ERR_OK) {
        LOG (LOG_ERROR, "serve", "the certificate stays what it was: the files cannot be used",
             LOG_STR ("error", e.message));
        return;
    }
    struct datadir_endpoints p = describe (h);
    g_autofree char *pin = p.key_pin;
    warn_of_certificate (c, h);
    if (datadir_write_endpoints (c->data, &p, &e) != ERR_OK)
        LOG (LOG_ERROR, "serve", "commands on this machine do not know the new certificate",
             LOG_STR ("error", e.message));
    LOG (LOG_INFO, "serve", "the certificate was read again", LOG_STR ("key", pin));
}
