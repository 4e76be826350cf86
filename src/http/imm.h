/* Inside of http only: what the two listeners do with a request that has been read. */
#pragma once

#include "http/exchange.h"

/* The IMM API ("/") and events of stores ("/events/..."). Either answers the exchange at once
 * (true), or parks it: then the connection is suspended until an API thread has answered. */
bool imm_dispatch (struct exchange *x);
extern const struct manner manner_imm;

/* /livez and /readyz; every other path as imm_dispatch(). */
extern const struct manner manner_admin;
