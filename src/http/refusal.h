/* Inside of http only: the library's own refusals, as JSON. */
#pragma once

#include <microhttpd.h>

#include "base/error.h"

struct peer;

/* Answers a request that the library has not read, at once; `peer` is a struct peer. */
void refusal_send (void *peer, const struct error *why);

/* The same for one of plain HTTP on a listener with TLS. */
void refusal_send_plain (struct peer *peer);

typedef enum MHD_Result queue_fn (struct MHD_Connection *c, unsigned status,
                                  struct MHD_Response *r);

/* The library's own MHD_queue_response(). NULL if the library would call it by itself, past ours:
 * then the listeners must not start. */
queue_fn *refusal_library (void);
