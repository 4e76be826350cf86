/* The listeners: sockets, the library's daemons, start and stop. */
#include "http/server.h"

#include <assert.h>
#include <errno.h>
#include <netdb.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/macros.h"
#include "base/text.h"
#include "http/auditlog.h"
#include "http/calls.h"
#include "http/exchange.h"
#include "http/imm.h"
#include "http/oss.h"
#include "http/refusal.h"

#define BACKLOG         1024
#define MEMORY          (32 * KIB) /* of each connection: cleared after every request */
#define STOP_POLL_MS    5
#define NETWORK_THREADS 2 /* of each listener */

/* ---- Sockets ---- */

/* "HOST:PORT", "[HOST]:PORT" or ":PORT" (all addresses). */
static enum err split_address (const char *text, char **ret_host, char **ret_port, struct error *e)
{
    const char *colon = strrchr (text, ':');
    uint64_t port;
    if (!colon || !text_parse_u64 (colon + 1, &port) || port > 65535)
        return FAIL (e, INVALID_ARGUMENT,
                     "cannot listen on '%s': expected HOST:PORT, with a port of 0 to 65535", text);
    size_t len = (size_t) (colon - text);
    bool is_bracketed = len >= 2 && text[0] == '[' && colon[-1] == ']';
    *ret_host = is_bracketed ? g_strndup (text + 1, len - 2) : g_strndup (text, len);
    *ret_port = g_strdup (colon + 1);
    return ERR_OK;
}

static int open_socket (const struct addrinfo *a)
{
    _cleanup_close_ int fd = socket (a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int on = 1;
    if (fd < 0 || setsockopt (fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
        bind (fd, a->ai_addr, a->ai_addrlen) < 0 || listen (fd, BACKLOG) < 0)
        return -1;
    return steal_fd (&fd);
}

static enum err listen_on (const char *text, int *ret_fd, struct error *e)
{
    g_autofree char *host = NULL, *port = NULL;
    enum err r = split_address (text, &host, &port, e);
    if (r != ERR_OK)
        return r;
    const struct addrinfo hints = { .ai_flags = AI_PASSIVE | AI_NUMERICSERV,
                                    .ai_socktype = SOCK_STREAM };
    struct addrinfo *list = NULL;
    int failed = getaddrinfo (*host ? host : NULL, port, &hints, &list);
    if (failed)
        return FAIL (e, INVALID_ARGUMENT, "cannot listen on '%s': %s", text, gai_strerror (failed));
    _cleanup_close_ int fd = -1;
    for (const struct addrinfo *a = list; a && fd < 0; a = a->ai_next)
        fd = open_socket (a);
    int saved = errno;
    freeaddrinfo (list);
    if (fd < 0)
        return FAIL (e, INVALID_ARGUMENT, "cannot listen on '%s': %s", text, g_strerror (saved));
    *ret_fd = steal_fd (&fd);
    return ERR_OK;
}

static void read_address (struct listener *l, int fd)
{
    struct sockaddr_storage address;
    socklen_t len = sizeof address;
    char host[64] = "?", port[8] = "0";
    uint64_t number = 0;
    if (getsockname (fd, (struct sockaddr *) &address, &len) == 0)
        getnameinfo ((struct sockaddr *) &address, len, host, sizeof host, port, sizeof port,
                     NI_NUMERICHOST | NI_NUMERICSERV);
    bool is_parsed = text_parse_u64 (port, &number);
    assert (is_parsed);
    l->port = (uint16_t) number;
    g_snprintf (l->address, sizeof l->address, strchr (host, ':') ? "[%s]:%s" : "%s:%s", host,
                port);
}

/* ---- Daemons ---- */

/* With TLS the library's loop on epoll spins on every handshake that waits for its client, in
 * version 0.9.75; that on poll does not. */
static unsigned daemon_flags (const struct listener *l)
{
    return MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC |
           (l->tls ? MHD_USE_TLS | MHD_USE_POLL_INTERNAL_THREAD : MHD_USE_EPOLL_INTERNAL_THREAD);
}

/* Of each listener. */
static unsigned connection_limit (void)
{
    struct rlimit files = { .rlim_cur = 0 };
    getrlimit (RLIMIT_NOFILE, &files);
    return (unsigned) CLAMP (files.rlim_cur / 8, LIMIT_CONNECTIONS_LEAST, LIMIT_CONNECTIONS);
}

static enum err start (struct listener *l, struct http *h, const char *text, struct error *e)
{
    _cleanup_close_ int fd = -1;
    enum err r = listen_on (text, &fd, e);
    if (r != ERR_OK)
        return r;
    l->http = h;
    l->crowd = crowd_new ((size_t) h->api->config->connections_per_address);
    read_address (l, fd);
    struct MHD_OptionItem secure[TLS_OPTIONS];
    tls_set_options (l->tls, secure);
    l->daemon = MHD_start_daemon (
        daemon_flags (l), 0, exchange_on_accept, l, exchange_on_data, l, MHD_OPTION_LISTEN_SOCKET,
        fd, MHD_OPTION_THREAD_POOL_SIZE, (unsigned) NETWORK_THREADS, MHD_OPTION_CONNECTION_LIMIT,
        connection_limit (), MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t) MEMORY,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned) LIMIT_IDLE_S, MHD_OPTION_NOTIFY_CONNECTION,
        exchange_on_connection, l, MHD_OPTION_URI_LOG_CALLBACK, exchange_on_uri, l,
        MHD_OPTION_NOTIFY_COMPLETED, exchange_on_end, l, MHD_OPTION_ARRAY, secure, MHD_OPTION_END);
    if (!l->daemon)
        return FAIL (e, INTERNAL, "the HTTP server cannot start on '%s': %s", text,
                     g_strerror (errno));
    steal_fd (&fd);
    return ERR_OK;
}

static enum err start_oss (struct http *h, struct error *e)
{
    enum err r = oss_new (h->api, &h->oss, e);
    return r == ERR_OK ? start (&h->oss_listener, h, h->api->config->oss_listen, e) : r;
}

static void stop (struct listener *l)
{
    if (l->daemon)
        MHD_stop_daemon (l->daemon);
    l->daemon = NULL;
    crowd_free (l->crowd);
}

static void http_free (struct http *h)
{
    stop (&h->imm);
    stop (&h->admin);
    stop (&h->oss_listener);
    oss_free (h->oss);
    calls_stop (h->calls);
    waiting_stop (&h->imm.waiting);
    waiting_stop (&h->admin.waiting);
    waiting_stop (&h->oss_listener.waiting);
    tls_free (h->tls);
    proxies_free (h->proxies);
    auditlog_close (h->audit);
    g_free (h);
}

enum err http_start (const struct api *api, const struct http_hooks *hooks, struct http **ret,
                     struct error *e)
{
    if (!refusal_library () || !intake_is_active ())
        return FAIL (e, INTERNAL,
                     "this build cannot answer malformed or large requests: the HTTP library does "
                     "not call MHD_queue_response() and recv() through the linker");
    struct http *h = g_new0 (struct http, 1);
    const struct config *config = api->config;
    h->api = api;
    h->queue = refusal_library ();
    h->imm = (struct listener){ .manner = &manner_imm, .face = CALL_IMM };
    h->admin = (struct listener){ .manner = &manner_admin, .face = CALL_ADMIN };
    h->oss_listener = (struct listener){ .manner = &manner_oss };
    waiting_start (&h->imm.waiting, connection_limit () / 4 * 3);
    waiting_start (&h->admin.waiting, connection_limit () / 4 * 3);
    waiting_start (&h->oss_listener.waiting, connection_limit () / 4 * 3);
    if (hooks)
        h->hooks = *hooks;
    h->calls = calls_start ((size_t) config->api_threads, (size_t) config->api_queue);
    enum err r = tls_new (config, &h->tls, e);
    if (r == ERR_OK)
        r = proxies_new (config->trusted_proxies, &h->proxies, e);
    h->imm.tls = h->tls;
    h->admin.tls = config->admin_tls ? h->tls : NULL;
    h->oss_listener.tls = h->tls;
    if (r == ERR_OK)
        r = auditlog_open (config->audit_log, &h->audit, e);
    if (r == ERR_OK)
        r = start (&h->imm, h, config->imm_listen, e);
    if (r == ERR_OK)
        r = start (&h->admin, h, config->admin_listen, e);
    if (r == ERR_OK && config->oss_listen && *config->oss_listen)
        r = start_oss (h, e);
    if (r != ERR_OK) {
        http_free (h);
        return r;
    }
    *ret = h;
    return ERR_OK;
}

uint16_t http_port_imm (const struct http *h)
{
    return h->imm.port;
}

uint16_t http_port_admin (const struct http *h)
{
    return h->admin.port;
}

const char *http_address_imm (const struct http *h)
{
    return h->imm.address;
}

const char *http_address_admin (const struct http *h)
{
    return h->admin.address;
}

uint16_t http_port_oss (const struct http *h)
{
    return h->oss_listener.port;
}

const char *http_address_oss (const struct http *h)
{
    return h->oss ? h->oss_listener.address : NULL;
}

bool http_is_tls_imm (const struct http *h)
{
    return h->imm.tls != NULL;
}

bool http_is_tls_admin (const struct http *h)
{
    return h->admin.tls != NULL;
}

char *http_key_pin (const struct http *h)
{
    if (!h->tls)
        return NULL;
    char pin[TLS_PIN_SIZE];
    tls_pin (h->tls, pin);
    return g_strdup (pin);
}

int64_t http_expires_s (const struct http *h)
{
    return h->tls ? tls_expires_s (h->tls) : INT64_MAX;
}

enum err http_reload (struct http *h, struct error *e)
{
    return h->tls ? tls_reload (h->tls, e) : ERR_OK;
}

enum err http_reopen_audit (struct http *h, struct error *e)
{
    return auditlog_reopen (h->audit, e);
}

void http_drain (struct http *h)
{
    atomic_store (&h->is_draining, true);
}

bool http_stop (struct http *h, int timeout_ms)
{
    if (!h)
        return true;
    int64_t deadline_ms = clock_mono_ms () + timeout_ms;
    http_drain (h);
    while (atomic_load (&h->n_running)) {
        if (clock_mono_ms () >= deadline_ms)
            return false;
        g_usleep (STOP_POLL_MS * 1000);
    }
    http_free (h);
    return true;
}
