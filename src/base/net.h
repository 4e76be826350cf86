/* Addresses of the Internet and blocks of them. An IPv4 address mapped into IPv6 (::ffff:a.b.c.d)
 * is the IPv4 address; otherwise the families are apart: no block of one holds an address of the
 * other. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct net_address {
    uint8_t bytes[16]; /* IPv4 as mapped */
};

/* An address and how many of its first bits count. */
struct net_block {
    struct net_address address;
    unsigned bits; /* of the 128 */
};

/* "192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1"; a zone ("%eth0") is left out. No port, no
 * brackets. */
bool net_parse_address (const char *text, struct net_address *ret);

/* An address, which stands for itself alone, or "192.0.2.0/24"; bits behind the prefix are ignored.
 */
bool net_parse_block (const char *text, struct net_block *ret);

/* As net_parse_address() reads it, IPv4 as such; `out` is returned. */
#define NET_TEXT_SIZE 46
const char *net_format_address (const struct net_address *a, char out[NET_TEXT_SIZE]);

bool net_contains (const struct net_block *block, const struct net_address *address);

/* Leaves of an address what tells strangers apart: of IPv4 all of it, of IPv6 the first 64 bits,
 * which is the least that a subscriber gets. */
void net_to_subscriber (struct net_address *a);
