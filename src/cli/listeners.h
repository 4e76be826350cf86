/* What the listeners are told about: DATA/endpoints.json for clients on this machine, warnings for
 * whoever runs the server. */
#pragma once

#include "base/config.h"
#include "http/server.h"

/* After they have started. */
NODISCARD enum err listeners_announce (const struct config *c, const struct http *h,
                                       struct error *e);

/* Has them read their certificate and open the audit log again. What cannot be used is said in the
 * log. */
void listeners_reload (const struct config *c, struct http *h);
