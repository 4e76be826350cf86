/* The stores of a server, as its configuration names them. */
#pragma once

#include "base/config.h"
#include "store/client.h"
#include "store/store.h"

/* Asks no remote store anything: it need not be reachable. `ret_fetching` is the thread of the
 * remote stores, NULL if there are none; it must be freed after the stores. Both are set, and the
 * caller's, also after a failure. */
NODISCARD enum err openstores (const struct config *c, struct client_thread **ret_fetching,
                               struct stores **ret, struct error *e);
