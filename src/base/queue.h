/* Threads, and bounded queues of pointers between them. Things are moved through a queue, never
 * shared: who pushes gives ownership away, who pops owns. Any thread may call any function. */
#pragma once

#include <pthread.h>
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

size_t queue_length (struct queue *q);

/* No more pushes; waiting poppers get what is left, then NULL. */
void queue_close (struct queue *q);

/* Starts a named thread (15 characters at most) with all signals blocked. Aborts if the system has
 * none. */
pthread_t thread_start (const char *name, void *(*run) (void *), void *arg);
