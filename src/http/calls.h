/* Inside of http only: the bounded queue between network threads and API
 * threads. */
#pragma once

#include "base/error.h"

struct calls;
struct exchange;

/* Starts `n_threads` threads behind a queue of `max`. */
struct calls *calls_start (size_t n_threads, size_t max);

/* Closes the queue, waits for the threads and frees. */
void calls_stop (struct calls *c);

/* Hands an exchange to the API threads, which users and addresses share. BUSY if there is no room
 * for it, CLOSED when stopping. `ret_dropped`: one that had to make room, or NULL; the caller
 * refuses it. */
NODISCARD enum err calls_push (struct calls *c, struct exchange *x, struct exchange **ret_dropped,
                               struct error *e);
