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

/* Verifies signature and date, then uses up the nonce. Errors: MISSING_PARAM (nothing signed),
 * SIGNATURE_*, TIME_*, KEY_*, NONCE_USED, INVALID_PARAM (security token), THROTTLED. A mismatch
 * says what the server would have signed; never a secret. `ret` is borrowed from `keys`. */
NODISCARD enum err auth_verify (const struct auth_request *r, const struct keys *keys,
                                struct nonces *nonces, int64_t now_ns, const struct key **ret,
                                struct error *e);
