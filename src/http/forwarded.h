/* Inside of http only: whose request it is that came through proxies. Everybody can send headers,
 * so they are asked only as far as those who wrote them are trusted. */
#pragma once

#include "base/error.h"
#include "base/net.h"

struct proxies;

/* Addresses and blocks, NULL-terminated. INVALID_ARGUMENT names the one that is neither. */
NODISCARD enum err proxies_new (char *const *list, struct proxies **ret, struct error *e);
void proxies_free (struct proxies *p); /* NULL is fine */

bool proxies_contain (const struct proxies *p, const struct net_address *a);

/* The client of what `peer` sent with X-Forwarded-For: `header`, repeated ones joined by ',' or
 * '\n'; NULL: none. That is the last address in it that is no trusted proxy, if `peer` is one. What
 * stands before that, or before something that is no address, anybody can have written. */
void forwarded_client (const struct proxies *p, const struct net_address *peer, const char *header,
                       struct net_address *ret);

/* Whether the client spoke TLS with the first proxy, by X-Forwarded-Proto of a trusted one: of
 * several all must say "https". Without one, whether the connection to us does. */
bool forwarded_is_secure (const char *header, bool is_secure);
