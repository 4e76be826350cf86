/* A client of our own for tests: signs calls as RPC v1 does, written from the specification and
 * sharing nothing with the server but percent-encoding. */
#pragma once

#include <glib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"

#define SIGN_KEY_ID "LTAItestAccessKeyId00001"
#define SIGN_SECRET "testSecretOfThirtyLetters00001"

static inline void sign_append (GString *out, const char *name, const char *value)
{
    g_string_append_printf (out, "%s%s=", out->len ? "&" : "", name);
    text_percent_encode (out, value, strlen (value), "");
}

static inline int sign_compare (gconstpointer a, gconstpointer b)
{
    return strcmp (*(char *const *) a, *(char *const *) b);
}

/* The query of a signed call. `extra` holds further name=value pairs, encoded and joined by '&'. */
static inline char *sign_query (const char *method, const char *action, const char *extra)
{
    char now[CLOCK_TEXT_SIZE];
    g_autofree char *nonce = g_uuid_string_random ();
    g_autoptr (GString) all = g_string_new (extra);
    clock_format_ms (clock_now_ns (), now);
    now[strlen ("1970-01-01T00:00:00")] = 'Z';
    now[strlen ("1970-01-01T00:00:00Z")] = '\0';
    sign_append (all, "AccessKeyId", SIGN_KEY_ID);
    sign_append (all, "Action", action);
    sign_append (all, "SignatureMethod", "HMAC-SHA1");
    sign_append (all, "SignatureNonce", nonce);
    sign_append (all, "SignatureVersion", "1.0");
    sign_append (all, "Timestamp", now);
    sign_append (all, "Version", "2020-09-30");

    g_auto (GStrv) pairs = g_strsplit (all->str, "&", -1);
    qsort (pairs, g_strv_length (pairs), sizeof *pairs, sign_compare);
    g_autofree char *sorted = g_strjoinv ("&", pairs);
    g_autoptr (GString) to_sign = g_string_new (method);
    g_string_append (to_sign, "&%2F&");
    text_percent_encode (to_sign, sorted, strlen (sorted), "");
    uint8_t digest[20];
    gsize len = sizeof digest;
    g_autoptr (GHmac) mac =
        g_hmac_new (G_CHECKSUM_SHA1, (const guchar *) SIGN_SECRET "&", strlen (SIGN_SECRET "&"));
    g_hmac_update (mac, (const guchar *) to_sign->str, (gssize) to_sign->len);
    g_hmac_get_digest (mac, digest, &len);
    g_autofree char *signature = g_base64_encode (digest, len);
    sign_append (all, "Signature", signature);
    return g_strdup (all->str);
}
