/* Inside of http only: TLS of one connection. */
#pragma once

#include "http/exchange.h"

/* For a connection that begins, on a listener with TLS. */
void session_begin (struct peer *peer, struct MHD_Connection *c);

/* When it has ended. */
void session_end (struct peer *peer);

/* Whether what goes over the connection is TLS. */
bool session_is_secure (const struct peer *peer);

/* Sends a short last answer at once, as far as that goes without waiting. */
void session_send (const struct peer *peer, int fd, const char *text, size_t len);
