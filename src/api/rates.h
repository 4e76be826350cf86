/* Requests per second of each user, of each address that nobody signs at, and of each project:
 * token buckets. Who comes below the rate never notices; who was quiet may ask for RATES_BURST_S
 * seconds' worth at once. The root key, which sets the rates, is not held to them.
 *
 * Threads: any. A handle of NULL sets no rates. For users and projects only what has been verified
 * is counted, so nobody uses up what is another's. */
#pragma once

#include <stdint.h>

#include "auth/principal.h"
#include "base/config.h"
#include "base/error.h"

#define RATES_BURST_S 2

struct rates;

/* The rates of `config`; 0 is none. */
struct rates *rates_new (const struct config *config);
void rates_free (struct rates *r); /* NULL is fine */

/* Counts a request of the user whom a signature has proved. THROTTLED, and after how long the next
 * one will be taken. */
NODISCARD enum err rates_take_user (struct rates *r, const struct principal *who, int64_t now_ns,
                                    int64_t *ret_retry_ms, struct error *e);

/* The same for a request that nobody has signed: an address has the rate of a user. */
NODISCARD enum err rates_take_address (struct rates *r, const char *address, int64_t now_ns,
                                       int64_t *ret_retry_ms, struct error *e);

/* The same for a project that the user may ask for; NULL: the request names none. */
NODISCARD enum err rates_take_project (struct rates *r, const struct principal *who,
                                       const char *project, int64_t now_ns, int64_t *ret_retry_ms,
                                       struct error *e);
