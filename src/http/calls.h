/* Inside of http only: the bounded queue between network threads and API threads. */
#pragma once

#include "base/error.h"

struct calls;
struct exchange;

/* Starts `n_threads` threads behind a queue of `max`. */
struct calls *calls_start (size_t n_threads, size_t max);

/* Closes the queue, waits for the threads and frees. */
void calls_stop (struct calls *c);

/* Hands an exchange to the API threads; BUSY if the queue is full, CLOSED when stopping. */
NODISCARD enum err calls_push (struct calls *c, struct exchange *x, struct error *e);
