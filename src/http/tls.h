/* Inside of http only: TLS of the listeners, by GnuTLS underneath the HTTP library. A certificate
 * can be replaced while connections are open: each keeps the one that it began with. */
#pragma once

#include <gnutls/gnutls.h>
#include <microhttpd.h>
#include <stdbool.h>

#include "base/config.h"
#include "base/error.h"

struct tls;
struct certificate;

/* What the listeners share, with the certificate that `c` names; NULL if it names none. Errors name
 * the file. `c` outlives it. */
NODISCARD enum err tls_new (const struct config *c, struct tls **ret, struct error *e);
void tls_free (struct tls *t); /* NULL is fine */

/* Reads the files again, for connections that begin from then on. What was before stays in use if
 * that fails. */
NODISCARD enum err tls_reload (struct tls *t, struct error *e);

/* What the HTTP library needs to know; nothing if `t` is NULL. */
#define TLS_OPTIONS 3
void tls_set_options (const struct tls *t, struct MHD_OptionItem ret[TLS_OPTIONS]);

/* Hash of the public key, "sha256//BASE64" as curl wants it. */
#define TLS_PIN_SIZE 56
void tls_pin (struct tls *t, char ret[TLS_PIN_SIZE]);

/* Seconds since 1970 at which the certificate is worth nothing any more. */
int64_t tls_expires_s (struct tls *t);

/* Gives a session that begins what it needs. The certificate is owned by the caller. */
struct certificate *tls_begin (struct tls *t, gnutls_session_t session);
void certificate_unref (struct certificate *c); /* NULL is fine */
