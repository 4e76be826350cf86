/* Verifies a request to the OSS endpoint: claim, time, key, signature, token, body, in that order.
 */
#include "auth/oss_signature.h"

#include <string.h>

#include "auth/oss_claim.h"
#include "auth/scheme.h"
#include "base/clock.h"
#include "base/text.h"

#define SHOWN_MAX 640 /* bytes of what the server would have signed */
#define MD5_SIZE  16
#define HASH_HEX  64

static enum err check_time (const struct oss_claim *c, int64_t now_ns, struct error *e)
{
    char limit[CLOCK_TEXT_SIZE], now[CLOCK_TEXT_SIZE];
    bool is_early = now_ns < c->from_ns;
    if (!is_early && now_ns <= c->until_ns)
        return ERR_OK;
    clock_format_ms (is_early ? c->from_ns : c->until_ns, limit);
    clock_format_ms (now_ns, now);
    if (c->is_url && !is_early)
        return FAIL (e, NO_PERMISSION,
                     "Request has expired: the URL was good until %s, the server's clock says %s.",
                     limit, now);
    return FAIL (e, TIME_EXPIRED,
                 "The difference between the request time and the current time is too large: it "
                 "may be sent %s %s, the server's clock says %s.",
                 is_early ? "from" : "until", limit, now);
}

/* What was signed, in one line and without the token. */
static char *show (const struct oss_claim *c)
{
    g_autoptr (GString) text = g_string_new (c->to_sign->str);
    if (c->token)
        g_string_replace (text, c->token, SCHEME_HIDDEN, 0);
    g_string_replace (text, "\n", "\\n", 0);
    if (text->len > SHOWN_MAX) {
        const char *end = g_utf8_find_prev_char (text->str, text->str + SHOWN_MAX);
        g_string_truncate (text, (gsize) (end - text->str));
        g_string_append (text, "...");
    }
    return g_strdup (text->str);
}

static char *sign (const struct oss_request *r, const struct oss_claim *c, const char *secret)
{
    const struct signing_family *f = c->family;
    if (!f)
        return signing_hmac_sha1 (secret, c->to_sign->str, c->to_sign->len);
    uint8_t key[SIGNING_KEY_SIZE], digest[SIGNING_KEY_SIZE];
    g_autofree char *hash = g_compute_checksum_for_string (G_CHECKSUM_SHA256, c->to_sign->str,
                                                           (gssize) c->to_sign->len);
    g_autofree char *text = g_strdup_printf ("%s\n%s\n%s/%s/%s/%s\n%s", f->algorithm, c->stamp,
                                             c->day, r->region, f->service, f->terminator, hash);
    signing_derive_key (f, c->day, r->region, secret, key);
    signing_hmac (key, sizeof key, text, digest);
    char *hex = g_malloc (2 * sizeof digest + 1);
    text_hex (digest, sizeof digest, hex);
    return hex;
}

static enum err check_signature (const struct oss_request *r, const struct oss_claim *c,
                                 const struct principal *p, struct error *e)
{
    g_autofree char *expected = sign (r, c, p->secret);
    if (text_equal_constant_time (c->signature, strlen (c->signature), expected, strlen (expected)))
        return ERR_OK;
    g_autofree char *shown = show (c);
    return FAIL (e, SIGNATURE_MISMATCH,
                 "The request signature we calculated does not match the signature you provided. "
                 "Check your key and signing method. The server signed '%s'.",
                 shown);
}

static enum err check_md5 (const struct oss_request *r, struct error *e)
{
    const char *claimed = g_hash_table_lookup (r->headers, "content-md5");
    uint8_t digest[MD5_SIZE];
    gsize len = sizeof digest;
    if (!claimed || !*claimed)
        return ERR_OK;
    g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_MD5);
    g_checksum_update (sum, r->body, (gssize) r->body_len);
    g_checksum_get_digest (sum, digest, &len);
    g_autofree char *real = g_base64_encode (digest, len);
    if (strcmp (real, claimed) == 0)
        return ERR_OK;
    return FAIL (e, BAD_DIGEST,
                 "The Content-MD5 you specified did not match what we received: '%s'.", real);
}

static enum err check_hash (const struct oss_request *r, const struct signing_family *f,
                            struct error *e)
{
    const char *claimed = f ? g_hash_table_lookup (r->headers, f->hash) : NULL;
    if (!claimed || strcmp (claimed, "UNSIGNED-PAYLOAD") == 0)
        return ERR_OK;
    if (g_str_has_prefix (claimed, "STREAMING-"))
        return FAIL (e, NOT_IMPLEMENTED, "Bodies in signed chunks are not implemented.");
    g_autofree char *real = g_compute_checksum_for_data (G_CHECKSUM_SHA256, r->body, r->body_len);
    if (strlen (claimed) == HASH_HEX && strcmp (real, claimed) == 0)
        return ERR_OK;
    return FAIL (e, BAD_DIGEST, "%s is neither UNSIGNED-PAYLOAD nor the SHA-256 of the body.",
                 f->hash);
}

static enum err check_claim (const struct oss_request *r, const struct oss_claim *c,
                             struct keys *keys, int64_t now_ns, struct principal **ret,
                             struct error *e)
{
    _cleanup_principal_ struct principal *p = NULL;
    enum err code = check_time (c, now_ns, e);
    if (code == ERR_OK)
        code = keys_find (keys, c->key_id, &p, e);
    if (code == ERR_OK)
        code = check_signature (r, c, p, e);
    if (code == ERR_OK)
        code = scheme_check_usable (c->token, p, now_ns, e);
    if (code == ERR_OK)
        code = check_hash (r, c->family, e);
    if (code == ERR_OK)
        code = check_md5 (r, e);
    if (code != ERR_OK)
        return code;
    keys_note_use (keys, p, now_ns);
    *ret = g_steal_pointer (&p);
    return ERR_OK;
}

enum err oss_verify (const struct oss_request *r, struct keys *keys, int64_t now_ns,
                     struct principal **ret, char **ret_claimed, struct error *e)
{
    struct oss_claim claim = { 0 };
    struct principal *p = NULL;
    bool is_signed = false;
    enum err code = oss_claim_read (r, &claim, &is_signed, e);
    if (code == ERR_OK && is_signed)
        code = check_claim (r, &claim, keys, now_ns, &p, e);
    *ret_claimed = g_steal_pointer (&claim.key_id);
    oss_claim_clear (&claim);
    if (code == ERR_OK)
        *ret = p;
    return code;
}
