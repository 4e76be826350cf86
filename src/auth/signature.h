/* Signatures of requests: ACS3-HMAC-SHA256 (spec 1.3) and RPC v1 HMAC-SHA1 (spec 1.4). The request
 * comes decoded; what was signed is encoded again from that, never taken from the raw query. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "auth/keys.h"
#include "auth/nonces.h"
#include "base/error.h"

#define AUTH_SKEW_S 900 /* a request may be this much older or newer than the server's clock */

/* Form of a security token: the prefix, then letters and digits. */
#define AUTH_TOKEN_PREFIX "BST"
#define AUTH_TOKEN_HEADER "x-acs-security-token"
#define AUTH_TOKEN_LEN    64

/* A decoded parameter: UTF-8, without NUL. */
struct auth_pair {
    const char *name, *value;
};

struct auth_request {
    const char *method;
    GHashTable *headers; /* lower-case name -> value; repeated ones joined by "\n" */
    const struct auth_pair *query, *form;
    size_t n_query, n_form;
    const uint8_t *body;
    size_t body_len;
};

/* True if the request is signed by the Authorization header: then action, version and the like are
 * in x-acs-* headers. Otherwise they are parameters, and such headers mean nothing. */
bool auth_is_by_header (const struct auth_request *r);

/* Verifies date, signature, that the key may be used now and that a security token is its own, then
 * uses up the nonce and notes that the key was used. Errors: MISSING_PARAM (nothing signed),
 * SIGNATURE_*, TIME_*, KEY_*, TOKEN_*, NONCE_USED, THROTTLED. A mismatch says what the server would
 * have signed; never a secret. The caller unrefs what is given. */
NODISCARD enum err auth_verify (const struct auth_request *r, struct keys *keys,
                                struct nonces *nonces, int64_t now_ns, struct principal **ret,
                                struct error *e);

/* The sum that is kept of a security token. */
void auth_token_sum (const char *token, uint8_t ret[PRINCIPAL_TOKEN_SUM]);
