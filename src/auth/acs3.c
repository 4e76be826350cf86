/* ACS3-HMAC-SHA256: the signature is in the Authorization header (spec 1.3). */
#include "auth/scheme.h"

#include <string.h>

#include "auth/signing.h"
#include "base/macros.h"
#include "base/text.h"

#define ALGORITHM "ACS3-HMAC-SHA256"

static const char *header (const struct auth_request *r, const char *name)
{
    return g_hash_table_lookup (r->headers, name);
}

/* "Credential=a,SignedHeaders=b;c,Signature=d", in any order, spaces allowed after the commas. */
static enum err parse_authorization (const char *text, char **ret_credential, char **ret_headers,
                                     char **ret_signature, struct error *e)
{
    static const char *const names[] = { "Credential=", "SignedHeaders=", "Signature=" };
    char **values[] = { ret_credential, ret_headers, ret_signature };
    g_auto (GStrv) parts = g_strsplit (text, ",", N_ELEMENTS (names) + 1);
    for (size_t i = 0; i < N_ELEMENTS (names); i++) {
        for (char **part = parts; *part; part++) {
            const char *p = g_strstrip (*part);
            if (g_str_has_prefix (p, names[i]) && !*values[i])
                *values[i] = g_strdup (p + strlen (names[i]));
        }
        if (!*values[i] || !**values[i])
            return FAIL (e, SIGNATURE_INCOMPLETE,
                         "The Authorization header has no %s; expected '" ALGORITHM
                         " Credential=...,SignedHeaders=...,Signature=...'.",
                         names[i]);
    }
    if (g_strv_length (parts) != N_ELEMENTS (names))
        return FAIL (e, SIGNATURE_INCOMPLETE,
                     "The Authorization header has parts that are unknown or given twice.");
    return ERR_OK;
}

static int compare_names (const void *a, const void *b)
{
    return strcmp (*(char *const *) a, *(char *const *) b);
}

/* What carries meaning must be signed: else it could be changed on the way. */
static enum err check_coverage (const struct auth_request *r, char **names, struct error *e)
{
    static const char *const needed[] = { "host", "x-acs-content-sha256", "x-acs-date",
                                          "x-acs-signature-nonce" };
    for (size_t i = 0; i < N_ELEMENTS (needed); i++)
        if (!g_strv_contains ((const char *const *) names, needed[i]))
            return FAIL (e, SIGNATURE_INCOMPLETE, "The header %s must be given and be signed.",
                         needed[i]);
    GHashTableIter iter;
    gpointer name;
    g_hash_table_iter_init (&iter, r->headers);
    while (g_hash_table_iter_next (&iter, &name, NULL))
        if (g_str_has_prefix (name, "x-acs-") &&
            !g_strv_contains ((const char *const *) names, name))
            return FAIL (e, SIGNATURE_INCOMPLETE, "The header %.64s is given but not signed.",
                         (const char *) name);
    return ERR_OK;
}

static enum err check_body (const struct auth_request *r, struct error *e)
{
    const char *claimed = header (r, "x-acs-content-sha256");
    g_autofree char *real = g_compute_checksum_for_data (
        G_CHECKSUM_SHA256, r->body ? r->body : (const uint8_t *) "", r->body_len);
    if (g_ascii_strcasecmp (claimed, real) != 0)
        return FAIL (e, SIGNATURE_MISMATCH,
                     "The header x-acs-content-sha256 does not match the body: its SHA-256 is %s.",
                     real);
    return ERR_OK;
}

/* "name:value\n", values trimmed, repeated ones sorted and joined. */
static void append_header (GString *out, const char *name, const char *value)
{
    g_auto (GStrv) values = g_strsplit (value, "\n", -1);
    for (char **v = values; *v; v++)
        g_strstrip (*v);
    qsort (values, g_strv_length (values), sizeof *values, compare_names);
    g_autofree char *joined = g_strjoinv (",", values);
    g_string_append_printf (out, "%s:%s\n", name, joined);
}

/* The canonical request, or, with `shown`, the form of it that fits into a message. */
static GString *canonical_request (const struct auth_request *r, const char *signed_headers,
                                   char **names, bool shown)
{
    GString *out = g_string_new (r->method);
    g_autoptr (GString) query = g_string_new (NULL);
    g_autofree struct auth_pair *pairs = g_memdup2 (r->query, r->n_query * sizeof *r->query);
    if (shown)
        scheme_hide_tokens (pairs, r->n_query);
    scheme_append_query (query, pairs, r->n_query);
    g_string_append (out, "\n/\n");
    if (shown)
        scheme_append_shown (out, query->str);
    else
        g_string_append_len (out, query->str, (gssize) query->len);
    g_string_append_c (out, '\n');
    for (char **name = names; *name; name++) {
        bool is_hidden = shown && strcmp (*name, AUTH_TOKEN_HEADER) == 0;
        append_header (out, *name, is_hidden ? SCHEME_HIDDEN : header (r, *name));
    }
    g_string_append_printf (out, "\n%s\n%s", signed_headers, header (r, "x-acs-content-sha256"));
    return out;
}

static void fill_claim (const struct auth_request *r, const char *signed_headers, char **names,
                        struct claim *claim)
{
    g_autoptr (GString) canonical = canonical_request (r, signed_headers, names, false);
    g_autofree char *hash =
        g_compute_checksum_for_string (G_CHECKSUM_SHA256, canonical->str, (gssize) canonical->len);
    claim->to_sign = g_string_new (ALGORITHM "\n");
    g_string_append (claim->to_sign, hash);
    claim->date = header (r, "x-acs-date");
    claim->nonce = header (r, "x-acs-signature-nonce");
}

static GString *show (const struct auth_request *r, const struct claim *claim)
{
    GString *shown = g_string_new (NULL);
    g_autofree char *key_id = NULL, *signed_headers = NULL, *signature = NULL;
    g_auto (GStrv) names = NULL;
    const char *text = header (r, "authorization") + strlen (ALGORITHM " ");
    g_string_append_printf (shown, "server string to sign is: [%s]", claim->to_sign->str);
    if (parse_authorization (text, &key_id, &signed_headers, &signature, NULL) != ERR_OK ||
        signing_read_listed (r->headers, "SignedHeaders", signed_headers, &names, NULL) != ERR_OK)
        return shown;
    g_autoptr (GString) canonical = canonical_request (r, signed_headers, names, true);
    g_string_append_printf (shown, ", server canonical request is: [%s]", canonical->str);
    return shown;
}

static enum err read_claim (const struct auth_request *r, struct claim *claim, struct error *e)
{
    const char *text = header (r, "authorization");
    const size_t prefix = strlen (ALGORITHM " ");
    if (strncmp (text, ALGORITHM " ", prefix) != 0)
        return FAIL (e, SIGNATURE_METHOD,
                     "The Authorization header must begin with '" ALGORITHM " ', not '%.32s'.",
                     text);
    g_autofree char *signed_headers = NULL;
    g_auto (GStrv) names = NULL;
    enum err code =
        parse_authorization (text + prefix, &claim->key_id, &signed_headers, &claim->signature, e);
    if (code == ERR_OK)
        code = signing_read_listed (r->headers, "SignedHeaders", signed_headers, &names, e);
    if (code == ERR_OK)
        code = check_coverage (r, names, e);
    if (code == ERR_OK)
        code = check_body (r, e);
    if (code == ERR_OK)
        fill_claim (r, signed_headers, names, claim);
    return code;
}

static char *sign (const char *secret, const GString *to_sign)
{
    return g_compute_hmac_for_data (G_CHECKSUM_SHA256, (const guchar *) secret, strlen (secret),
                                    (const guchar *) to_sign->str, to_sign->len);
}

const struct scheme scheme_acs3 = { read_claim, sign, show };
