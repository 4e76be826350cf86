/* Threads, and bounded queues of pointers between them. Things are moved through a queue, never
 * shared: who pushes gives ownership away, who pops owns. Any thread may call any function. */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct queue;

/* A queue of at most `max` items. */
struct queue *queue_new (size_t max);

/* Frees an empty queue; the owner has drained it. NULL is fine. */
void queue_free (struct queue *q);

/* Adds an item, or BUSY at once when the queue is full, CLOSED after queue_close(). */
NODISCARD enum err queue_push (struct queue *q, void *item, struct error *e);

/* Adds an item; waits for room. CLOSED after queue_close(). */
NODISCARD enum err queue_push_wait (struct queue *q, void *item, struct error *e);

/* Takes the oldest item, or NULL after `timeout_ms` (-1: no limit) or when closed and empty. */
void *queue_pop (struct queue *q, int timeout_ms);

/* Adds an item like queue_push(), and a popper of many need not wait for more. */
NODISCARD enum err queue_push_urgent (struct queue *q, void *item, struct error *e);

/* Takes up to `max` items at once: waits for the first without limit, then at most `timeout_ms`
 * until there are `max` or an urgent one came. 0: closed and empty. One thread at a time may call
 * this, and none queue_pop() on the same queue: pushes wake it only when it has enough. */
size_t queue_pop_many (struct queue *q, void **items, size_t max, int timeout_ms, bool *ret_urgent);

size_t queue_length (struct queue *q);

/* No more pushes; waiting poppers get what is left, then NULL. */
void queue_close (struct queue *q);

/* Starts a named thread (15 characters at most) with all signals blocked. Aborts if the system has
 * none. */
pthread_t thread_start (const char *name, void *(*run) (void *), void *arg);
