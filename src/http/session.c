/* Stands between GnuTLS and the socket: who speaks plain HTTP where TLS is expected is told so,
 * instead of being hung up on. */
#include "http/session.h"

#include <errno.h>
#include <sys/socket.h>

#include "http/refusal.h"

/* A record of TLS begins with its type, none of which is a letter; a request of HTTP with one. */
static bool is_plain (int fd)
{
    char first = 0;
    return recv (fd, &first, 1, MSG_PEEK | MSG_DONTWAIT) == 1 && g_ascii_isalpha (first);
}

static ssize_t pull (gnutls_transport_ptr_t arg, void *buf, size_t size)
{
    struct peer *peer = arg;
    int fd = peer->waiter.fd;
    if (!peer->has_spoken && !peer->is_plain && is_plain (fd)) {
        peer->is_plain = true;
        refusal_send_plain (peer);
    }
    if (peer->is_plain) {
        errno = ECONNABORTED;
        return -1;
    }
    ssize_t n = recv (fd, buf, size, 0);
    if (n > 0)
        peer->has_spoken = true;
    return n;
}

void session_begin (struct peer *peer, struct MHD_Connection *c)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info (c, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    peer->session = info->tls_session;
    peer->certificate = tls_begin (peer->listener->tls, peer->session);
    gnutls_transport_set_ptr2 (peer->session, peer, GINT_TO_POINTER (peer->waiter.fd));
    gnutls_transport_set_pull_function (peer->session, pull);
}

void session_end (struct peer *peer)
{
    certificate_unref (peer->certificate);
}

bool session_is_secure (const struct peer *peer)
{
    return peer->session && !peer->is_plain;
}

void session_send (const struct peer *peer, int fd, const char *text, size_t len)
{
    ssize_t sent UNUSED = session_is_secure (peer)
                              ? gnutls_record_send (peer->session, text, len)
                              : send (fd, text, len, MSG_NOSIGNAL | MSG_DONTWAIT);
}
