/* Verifies a request: which scheme, date, key, signature, token, nonce, in that order. */
#include "auth/signature.h"

#include <string.h>

#include "auth/scheme.h"
#include "base/clock.h"
#include "base/text.h"

#define NONCE_MAX   256
#define TOKEN_PARAM "SecurityToken"
#define NS          1000000000ll

const char *scheme_find (const struct auth_pair *pairs, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp (pairs[i].name, name) == 0)
            return pairs[i].value;
    return NULL;
}

static int compare_pairs (const void *a, const void *b)
{
    const struct auth_pair *x = a, *y = b;
    int by_name = strcmp (x->name, y->name);
    return by_name ? by_name : strcmp (x->value, y->value);
}

void scheme_append_query (GString *out, struct auth_pair *pairs, size_t n)
{
    if (n)
        qsort (pairs, n, sizeof *pairs, compare_pairs);
    for (size_t i = 0; i < n; i++) {
        if (i)
            g_string_append_c (out, '&');
        text_percent_encode (out, pairs[i].name, strlen (pairs[i].name), "");
        g_string_append_c (out, '=');
        text_percent_encode (out, pairs[i].value, strlen (pairs[i].value), "");
    }
}

void scheme_hide_tokens (struct auth_pair *pairs, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp (pairs[i].name, TOKEN_PARAM) == 0)
            pairs[i].value = SCHEME_HIDDEN;
}

void scheme_append_shown (GString *out, const char *text)
{
    size_t len = strlen (text);
    if (len <= SCHEME_SHOWN_MAX)
        g_string_append (out, text);
    else
        g_string_append_printf (out, "%.*s... (%zu bytes)", SCHEME_SHOWN_MAX, text, len);
}

static void claim_clear (struct claim *c)
{
    g_free (c->key_id);
    g_free (c->signature);
    if (c->to_sign)
        g_string_free (c->to_sign, TRUE);
}

bool auth_is_by_header (const struct auth_request *r)
{
    return g_hash_table_contains (r->headers, "authorization");
}

void auth_token_sum (const char *token, uint8_t ret[PRINCIPAL_TOKEN_SUM])
{
    gsize len = PRINCIPAL_TOKEN_SUM;
    g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);
    g_checksum_update (sum, (const guchar *) token, -1);
    g_checksum_get_digest (sum, ret, &len);
}

/* As signed: in the header when that is where the signature is, or among the parameters. */
static const char *find_token (const struct auth_request *r)
{
    const char *token = NULL;
    if (auth_is_by_header (r))
        token = g_hash_table_lookup (r->headers, AUTH_TOKEN_HEADER);
    if (!token || !*token)
        token = scheme_find (r->query, r->n_query, TOKEN_PARAM);
    if (!token || !*token)
        token = scheme_find (r->form, r->n_form, TOKEN_PARAM);
    return token && *token ? token : NULL;
}

static enum err check_token (const char *token, const struct principal *p, int64_t now_ns,
                             struct error *e)
{
    uint8_t sum[PRINCIPAL_TOKEN_SUM];
    if (!token && !p->is_temporary)
        return ERR_OK;
    if (!token)
        return FAIL (e, TOKEN_MISSING,
                     "SecurityToken is mandatory for this action: the key is a temporary one.");
    if (strlen (token) != AUTH_TOKEN_LEN || !g_str_has_prefix (token, AUTH_TOKEN_PREFIX))
        return FAIL (e, TOKEN_MALFORMED,
                     "Specified SecurityToken is malformed: this server's begin with "
                     "'" AUTH_TOKEN_PREFIX "' and have %d characters.",
                     AUTH_TOKEN_LEN);
    auth_token_sum (token, sum);
    if (!p->is_temporary || !text_equal_constant_time ((const char *) sum, sizeof sum,
                                                       (const char *) p->token_sum, sizeof sum))
        return FAIL (e, TOKEN_MISMATCH,
                     "Specified SecurityToken is not the one that was issued with this key.");
    if (now_ns >= p->expires_ns) {
        char expired[CLOCK_TEXT_SIZE];
        clock_format_ms (p->expires_ns, expired);
        return FAIL (e, TOKEN_EXPIRED, "Specified SecurityToken expired at %s.", expired);
    }
    return ERR_OK;
}

enum err scheme_check_usable (const char *token, const struct principal *p, int64_t now_ns,
                              struct error *e)
{
    if (!p->is_active)
        return FAIL (e, KEY_INACTIVE, "Specified access key is disabled.");
    return check_token (token, p, now_ns, e);
}

/* "YYYY-MM-DDThh:mm:ssZ" and nothing else. */
static enum err check_date (const char *date, int64_t now_ns, int64_t *ret_ns, struct error *e)
{
    int64_t ns;
    if (strlen (date) != strlen ("1970-01-01T00:00:00Z") || date[10] != 'T' || date[19] != 'Z' ||
        !clock_parse (date, &ns, NULL))
        return FAIL (e, TIME_FORMAT,
                     "The date '%.64s' is not of the form YYYY-MM-DDThh:mm:ssZ in UTC.", date);
    int64_t skew_ns = ns > now_ns ? ns - now_ns : now_ns - ns;
    if (skew_ns > AUTH_SKEW_S * NS) {
        char now[CLOCK_TEXT_SIZE];
        clock_format_ms (now_ns, now);
        return FAIL (e, TIME_EXPIRED,
                     "The request is dated %s, the server's clock says %s; they may differ by %d "
                     "minutes.",
                     date, now, AUTH_SKEW_S / 60);
    }
    *ret_ns = ns;
    return ERR_OK;
}

static enum err check_signature (const struct auth_request *r, const struct scheme *scheme,
                                 const struct claim *claim, const struct principal *p,
                                 struct error *e)
{
    g_autofree char *expected = scheme->sign (p->secret, claim->to_sign);
    if (text_equal_constant_time (claim->signature, strlen (claim->signature), expected,
                                  strlen (expected)))
        return ERR_OK;
    g_autoptr (GString) shown = scheme->show (r, claim);
    return FAIL (e, SIGNATURE_MISMATCH,
                 "Specified signature is not matched with our calculation. %s", shown->str);
}

static enum err check_claim (const struct auth_request *r, const struct scheme *scheme,
                             const struct claim *claim, struct keys *keys, struct nonces *nonces,
                             int64_t now_ns, struct principal **ret, struct error *e)
{
    int64_t date_ns = 0;
    _cleanup_principal_ struct principal *p = NULL;
    size_t nonce_len = strlen (claim->nonce);
    if (!nonce_len || nonce_len > NONCE_MAX)
        return FAIL (e, SIGNATURE_INCOMPLETE,
                     "The nonce must have 1 to %d bytes, this one has %zu.", NONCE_MAX, nonce_len);
    enum err code = check_date (claim->date, now_ns, &date_ns, e);
    if (code == ERR_OK)
        code = keys_find (keys, claim->key_id, &p, e);
    if (code == ERR_OK)
        code = check_signature (r, scheme, claim, p, e);
    if (code == ERR_OK)
        code = scheme_check_usable (find_token (r), p, now_ns, e);
    if (code == ERR_OK)
        code = nonces_use (nonces, p->id, claim->nonce, date_ns, now_ns, e);
    if (code != ERR_OK)
        return code;
    keys_note_use (keys, p, now_ns);
    *ret = g_steal_pointer (&p);
    return ERR_OK;
}

enum err auth_verify (const struct auth_request *r, struct keys *keys, struct nonces *nonces,
                      int64_t now_ns, struct principal **ret, struct error *e)
{
    const struct scheme *scheme = auth_is_by_header (r) ? &scheme_acs3 : &scheme_rpc1;
    struct claim claim = { 0 };
    enum err code = scheme->read (r, &claim, e);
    if (code == ERR_OK)
        code = check_claim (r, scheme, &claim, keys, nonces, now_ns, ret, e);
    claim_clear (&claim);
    return code;
}
