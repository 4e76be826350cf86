/* The HTTP listeners: the IMM API, and the administration port (/livez, /readyz and the same API
 * with the administration actions). Network threads read requests and park them; API threads run
 * call_run() on a bounded queue. A full queue answers Throttling.User at once. Every answer, also
 * those that the HTTP library makes by itself, is JSON (or XML when asked for) with a RequestId. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/call.h"

struct http;

/* What /readyz asks beyond the listeners; may be called by any network thread, must not block. */
struct http_hooks {
    /* False, with a reason for people, while the index or the workers are not up. NULL: always. */
    bool (*is_ready) (void *arg, char *ret_reason, size_t size);
    void *arg;
};

/* Binds and starts the listeners as api->config says (imm_listen, admin_listen, oss_..., tls_...,
 * admin_tls, trusted_proxies, api_threads, api_queue). INVALID_ARGUMENT for an address that cannot
 * be understood or bound, or a certificate that cannot be used, naming it. `api` and what it points
 * at outlive the handle; `hooks` is copied and may be NULL. */
NODISCARD enum err http_start (const struct api *api, const struct http_hooks *hooks,
                               struct http **ret, struct error *e);

/* Where it really listens: the port ("port 0" resolved), and "HOST:PORT" for endpoints.json. */
uint16_t http_port_imm (const struct http *h);
uint16_t http_port_admin (const struct http *h);
const char *http_address_imm (const struct http *h);
const char *http_address_admin (const struct http *h);

/* The same of the OSS endpoint, which speaks HTTPS if that of IMM does; 0 and NULL: there is none.
 */
uint16_t http_port_oss (const struct http *h);
const char *http_address_oss (const struct http *h);

/* Whether they speak HTTPS. */
bool http_is_tls_imm (const struct http *h);
bool http_is_tls_admin (const struct http *h);

/* The certificate: the hash of its public key, "sha256//BASE64" (NULL if there is none; the caller
 * frees), and the second since 1970 at which it expires. */
char *http_key_pin (const struct http *h);
int64_t http_expires_s (const struct http *h);

/* Reads the certificate again, for connections that begin from then on; open ones go on with that
 * which they have. INVALID_ARGUMENT if it cannot be used: then the one before stays. */
NODISCARD enum err http_reload (struct http *h, struct error *e);

/* Opens the file of the audit log anew, after it was moved away. On failure the old one stays in
 * use. */
NODISCARD enum err http_reopen_audit (struct http *h, struct error *e);

/* Takes no more calls: /readyz and new calls get 503, what is running goes on. Returns at once. */
void http_drain (struct http *h);

/* Drains, waits until the running calls have been answered, closes everything and frees the
 * handle. False if a call still ran after `timeout_ms`: then its thread lives, the handle stays,
 * and the process must end by _exit(). NULL is fine. */
NODISCARD bool http_stop (struct http *h, int timeout_ms);
