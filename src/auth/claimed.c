/* Finds an AccessKeyId in a raw request, without decoding any of it. */
#include "auth/claimed.h"

#include <string.h>

#define LOOK_MAX 65536 /* bytes of a target or a body that are looked at */

/* The word behind the first `name` that stands at the beginning or after one of `before`. */
static bool word_after (const char *text, size_t len, const char *name, const char *before,
                        char ret[PRINCIPAL_ID_MAX + 1])
{
    size_t name_len = strlen (name);
    const char *end = text + MIN (len, LOOK_MAX), *at = text;
    while ((at = memmem (at, (size_t) (end - at), name, name_len)) && at > text &&
           !strchr (before, at[-1]))
        at += name_len;
    if (!at)
        return false;
    size_t n = 0;
    for (at += name_len;
         at < end && n < PRINCIPAL_ID_MAX && g_ascii_isgraph (*at) && !strchr (",&;", *at); at++)
        ret[n++] = *at;
    ret[n] = '\0';
    return n > 0;
}

static bool find_key_id (const struct auth_claim *c, char ret[PRINCIPAL_ID_MAX + 1])
{
    if (c->authorization)
        return word_after (c->authorization, strlen (c->authorization), "Credential=", " ,", ret);
    return word_after (c->uri, strlen (c->uri), "AccessKeyId=", "?&", ret) ||
           (c->body && word_after (c->body, c->body_len, "AccessKeyId=", "&", ret));
}

void auth_claimed_user (struct keys *k, const struct auth_claim *claim, char ret[AUTH_CLAIMED_SIZE])
{
    char id[PRINCIPAL_ID_MAX + 1];
    _cleanup_principal_ struct principal *p = NULL;
    *ret = '\0';
    if (!find_key_id (claim, id) || keys_find (k, id, &p, NULL) != ERR_OK)
        return;
    g_strlcpy (ret, p->user_id ? p->user_id : "root", AUTH_CLAIMED_SIZE);
}
