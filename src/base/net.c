/* Parses and compares addresses; see the header. */
#include "base/net.h"

#include <string.h>
#include <arpa/inet.h>
#include <glib.h>

#include "base/text.h"

#define ALL_BITS    128
#define MAPPED_BITS 96 /* before the four bytes of a mapped IPv4 address */

static bool parse (const char *text, struct net_address *ret, bool *ret_is_v4)
{
    static const uint8_t mapped[] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };
    struct net_address out;
    bool is_v4 = inet_pton (AF_INET, text, out.bytes + sizeof mapped) == 1;
    if (is_v4)
        memcpy (out.bytes, mapped, sizeof mapped);
    else if (inet_pton (AF_INET6, text, out.bytes) != 1)
        return false;
    *ret = out;
    *ret_is_v4 = is_v4;
    return true;
}

bool net_parse_address (const char *text, struct net_address *ret)
{
    char bare[INET6_ADDRSTRLEN];
    size_t len = strcspn (text, "%");
    bool ignored;
    if (len >= sizeof bare)
        return false;
    memcpy (bare, text, len);
    bare[len] = '\0';
    return parse (bare, ret, &ignored);
}

bool net_parse_block (const char *text, struct net_block *ret)
{
    char bare[INET6_ADDRSTRLEN];
    const char *slash = strchr (text, '/');
    size_t len = slash ? (size_t) (slash - text) : strlen (text);
    struct net_block out = { .bits = ALL_BITS };
    bool is_v4;
    uint64_t bits;
    if (len >= sizeof bare)
        return false;
    memcpy (bare, text, len);
    bare[len] = '\0';
    if (!parse (bare, &out.address, &is_v4))
        return false;
    if (slash) {
        unsigned before = is_v4 ? MAPPED_BITS : 0;
        if (!text_parse_u64 (slash + 1, &bits) || bits > ALL_BITS - before)
            return false;
        out.bits = (unsigned) bits + before;
    }
    *ret = out;
    return true;
}

static bool is_mapped (const struct net_address *a)
{
    return IN6_IS_ADDR_V4MAPPED ((const struct in6_addr *) a->bytes);
}

bool net_contains (const struct net_block *block, const struct net_address *address)
{
    bool is_v4 = is_mapped (&block->address) && block->bits >= MAPPED_BITS;
    if (is_v4 != is_mapped (address))
        return false;
    size_t whole = block->bits / 8;
    unsigned rest = block->bits % 8;
    if (memcmp (block->address.bytes, address->bytes, whole) != 0)
        return false;
    unsigned differing = rest ? block->address.bytes[whole] ^ address->bytes[whole] : 0;
    return (differing >> (8 - rest)) == 0;
}

const char *net_format_address (const struct net_address *a, char out[NET_TEXT_SIZE])
{
    bool is_v4 = is_mapped (a);
    return inet_ntop (is_v4 ? AF_INET : AF_INET6, a->bytes + (is_v4 ? MAPPED_BITS / 8 : 0), out,
                      NET_TEXT_SIZE);
}

void net_to_subscriber (struct net_address *a)
{
    if (!is_mapped (a))
        memset (a->bytes + 8, 0, sizeof a->bytes - 8);
}
