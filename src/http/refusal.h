/* Inside of http only: the library's own refusals, as JSON. */
#pragma once

#include <stdbool.h>

#include "base/error.h"

struct peer;

/* Answers a request that the library has not read, at once; `peer` is a struct peer. */
void refusal_send (void *peer, const struct error *why);

/* The same for one of plain HTTP on a listener with TLS. */
void refusal_send_plain (struct peer *peer);

/* False if the library would answer by itself after all: then the listeners must not start. */
bool refusal_is_active (void);
