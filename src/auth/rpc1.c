/* RPC v1, HMAC-SHA1: the signature is a parameter (spec 1.4). */
#include "auth/scheme.h"

#include <string.h>

#include "base/macros.h"
#include "base/text.h"

static const char *param (const struct auth_request *r, const char *name)
{
    const char *value = scheme_find (r->query, r->n_query, name);
    return value ? value : scheme_find (r->form, r->n_form, name);
}

static enum err check_method (const struct auth_request *r, struct error *e)
{
    static const struct {
        const char *name, *value;
    } fixed[] = { { "SignatureMethod", "HMAC-SHA1" }, { "SignatureVersion", "1.0" } };
    for (size_t i = 0; i < N_ELEMENTS (fixed); i++) {
        const char *value = param (r, fixed[i].name);
        if (!value || !*value)
            return FAIL_ON (e, MISSING_PARAM, fixed[i].name, "%s is mandatory for this action.",
                            fixed[i].name);
        if (strcmp (value, fixed[i].value) != 0)
            return FAIL (e, SIGNATURE_METHOD, "%s is '%.64s', expected %s.", fixed[i].name, value,
                         fixed[i].value);
    }
    const char *type = param (r, "SignatureType");
    if (type && *type)
        return FAIL (e, SIGNATURE_METHOD, "SignatureType is '%.64s', which is not supported.",
                     type);
    return ERR_OK;
}

static enum err check_present (const struct auth_request *r, struct error *e)
{
    static const char *const needed[] = { "AccessKeyId", "Signature", "Timestamp",
                                          "SignatureNonce" };
    for (size_t i = 0; i < N_ELEMENTS (needed); i++) {
        const char *value = param (r, needed[i]);
        if (!value || !*value)
            return FAIL_ON (e, MISSING_PARAM, needed[i], "%s is mandatory for this action.",
                            needed[i]);
    }
    return ERR_OK;
}

/* All parameters but the signature itself. */
static struct auth_pair *signed_pairs (const struct auth_request *r, size_t *ret_n)
{
    struct auth_pair *pairs = g_new (struct auth_pair, r->n_query + r->n_form + 1);
    size_t n = 0;
    for (size_t i = 0; i < r->n_query + r->n_form; i++) {
        const struct auth_pair *p = i < r->n_query ? &r->query[i] : &r->form[i - r->n_query];
        if (strcmp (p->name, "Signature") != 0)
            pairs[n++] = *p;
    }
    *ret_n = n;
    return pairs;
}

static GString *string_to_sign (const struct auth_request *r, struct auth_pair *pairs, size_t n)
{
    g_autoptr (GString) query = g_string_new (NULL);
    scheme_append_query (query, pairs, n);
    GString *out = g_string_new (r->method);
    g_string_append (out, "&%2F&");
    text_percent_encode (out, query->str, query->len, "");
    return out;
}

static enum err read_claim (const struct auth_request *r, struct claim *claim, struct error *e)
{
    enum err code = check_present (r, e);
    if (code == ERR_OK)
        code = check_method (r, e);
    if (code != ERR_OK)
        return code;
    claim->key_id = g_strdup (param (r, "AccessKeyId"));
    claim->signature = g_strdup (param (r, "Signature"));
    claim->date = param (r, "Timestamp");
    claim->nonce = param (r, "SignatureNonce");

    size_t n;
    g_autofree struct auth_pair *pairs = signed_pairs (r, &n);
    claim->to_sign = string_to_sign (r, pairs, n);
    return ERR_OK;
}

static GString *show (const struct auth_request *r, const struct claim *claim UNUSED)
{
    size_t n;
    g_autofree struct auth_pair *pairs = signed_pairs (r, &n);
    scheme_hide_tokens (pairs, n);
    g_autoptr (GString) text = string_to_sign (r, pairs, n);
    GString *shown = g_string_new ("server string to sign is: ");
    scheme_append_shown (shown, text->str);
    return shown;
}

static char *sign (const char *secret, const GString *to_sign)
{
    g_autofree char *key = g_strconcat (secret, "&", NULL);
    size_t key_len = strlen (key);
    uint8_t digest[20];
    gsize len = sizeof digest;
    g_autoptr (GHmac) mac = g_hmac_new (G_CHECKSUM_SHA1, (const guchar *) key, key_len);
    g_hmac_update (mac, (const guchar *) to_sign->str, (gssize) to_sign->len);
    g_hmac_get_digest (mac, digest, &len);
    explicit_bzero (key, key_len);
    return g_base64_encode (digest, len);
}

const struct scheme scheme_rpc1 = { read_claim, sign, show };
