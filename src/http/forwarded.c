/* Reads X-Forwarded-For from its end, where those wrote who are nearest to us. */
#include "http/forwarded.h"

#include <string.h>
#include <glib.h>

#include "base/limits.h"
#include "base/text.h"

#define ADDRESS_MAX 64 /* bytes of one address with its brackets and port */

struct proxies {
    size_t n;
    struct net_block trusted[];
};

enum err proxies_new (char *const *list, struct proxies **ret, struct error *e)
{
    size_t n = g_strv_length ((char **) list);
    if (n > LIMIT_TRUSTED_PROXIES)
        return FAIL (e, INVALID_ARGUMENT,
                     "trusted-proxies lists %zu addresses, at most %d are taken", n,
                     LIMIT_TRUSTED_PROXIES);
    g_autofree struct proxies *p = g_malloc0 (sizeof *p + n * sizeof *p->trusted);
    for (; p->n < n; p->n++)
        if (!net_parse_block (list[p->n], &p->trusted[p->n]))
            return FAIL (e, INVALID_ARGUMENT,
                         "trusted-proxies has '%s', expected an address or a block such as "
                         "10.0.0.0/8 or fd00::/8",
                         list[p->n]);
    *ret = g_steal_pointer (&p);
    return ERR_OK;
}

void proxies_free (struct proxies *p)
{
    g_free (p);
}

bool proxies_contain (const struct proxies *p, const struct net_address *a)
{
    for (size_t i = 0; i < p->n; i++)
        if (net_contains (&p->trusted[i], a))
            return true;
    return false;
}

/* ":80", or nothing. */
static bool is_port (const char *text)
{
    uint64_t port;
    return !*text || (*text == ':' && text_parse_u64 (text + 1, &port) && port <= UINT16_MAX);
}

/* "192.0.2.1", "2001:db8::1" or "[2001:db8::1]"; the first and the last may have a port. */
static bool parse (const char *text, size_t len, struct net_address *ret)
{
    char copy[ADDRESS_MAX];
    if (len >= sizeof copy || memchr (text, '%', len))
        return false;
    memcpy (copy, text, len);
    copy[len] = '\0';
    char *address = g_strstrip (copy);
    if (*address == '[') {
        char *end = strchr (address, ']');
        if (!end || !is_port (end + 1))
            return false;
        *end = '\0';
        return strchr (address, ':') && net_parse_address (address + 1, ret);
    }
    char *colon = strchr (address, ':');
    if (colon && !strchr (colon + 1, ':')) {
        if (!is_port (colon))
            return false;
        *colon = '\0';
    }
    return net_parse_address (address, ret);
}

static bool is_separator (char c)
{
    return c == ',' || c == '\n';
}

void forwarded_client (const struct proxies *p, const struct net_address *peer, const char *header,
                       struct net_address *ret)
{
    *ret = *peer;
    const char *end = header ? header + strlen (header) : NULL;
    for (int i = 0; end && i < LIMIT_FORWARDED && proxies_contain (p, ret); i++) {
        const char *start = end;
        struct net_address before;
        while (start > header && !is_separator (start[-1]))
            start--;
        if (!parse (start, (size_t) (end - start), &before))
            return;
        *ret = before;
        end = start > header ? start - 1 : NULL;
    }
}

bool forwarded_is_secure (const char *header, bool is_secure)
{
    if (!header)
        return is_secure;
    g_auto (GStrv) words = g_strsplit_set (header, ",\n", LIMIT_FORWARDED);
    for (char **word = words; *word; word++)
        if (g_ascii_strcasecmp (g_strstrip (*word), "https") != 0)
            return false;
    return *words != NULL;
}
