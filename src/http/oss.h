/* Inside of http only: the OSS endpoint. Objects of attached buckets, as they are and as renditions
 * (x-oss-process), by the protocol of OSS as far as it reads objects.
 *
 * A request is decided about on a network thread, from memory: signature, rate, attachment, policy.
 * What must wait for a store does so on threads of the endpoint's own; renditions that are not
 * cached wait in src/media, and take no thread. */
#pragma once

#include "http/exchange.h"

struct oss;

/* As api->config says (oss_domain, public_buckets, oss_cors_origins, oss_threads, oss_queue);
 * INVALID_ARGUMENT names the option that cannot be used. */
NODISCARD enum err oss_new (const struct api *api, struct oss **ret, struct error *e);

/* After its listener's daemon has ended. NULL is fine. */
void oss_free (struct oss *o);

extern const struct manner manner_oss;
