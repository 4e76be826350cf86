/* Inside of http only: the library's own refusals, as JSON. */
#pragma once

#include <stdbool.h>

struct peer;

/* Answers a request of plain HTTP on a listener with TLS, which it has not read. */
void refusal_send_plain (struct peer *peer);

/* False if the library would answer by itself after all: then the listeners must not start. */
bool refusal_is_active (void);
