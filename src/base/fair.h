/* A bounded queue for several threads that lets nobody take it, or the threads, from the others.
 *
 * Each item belongs to somebody (`who`) at a place (`where`, an address). Poppers get items of the
 * places in turn, and of those at a place in turn. Nobody has so many running that together with
 * all of the place they are twice the idle threads or more: one alone gets half of the threads, and
 * some are always left for who comes next. When the queue is full, the place that waits most, and
 * at it who waits most, loses its newest item.
 *
 * Items are moved through the queue: who pushes gives ownership away, who pops owns. Any thread may
 * call any function. */
#pragma once

#include <stddef.h>

#include "base/error.h"

struct fair;
struct fair_turn; /* one item that is running */

/* At most `max` items wait for `n_threads` threads, each of which pops, runs, and ends its turn. */
struct fair *fair_new (size_t n_threads, size_t max);

/* Frees an empty queue without turns. NULL is fine. */
void fair_free (struct fair *f);

/* Adds an item. BUSY if it is this one that there is no room for; CLOSED after fair_close(). When
 * another has made room, that one is given, else NULL: the caller owns it. */
NODISCARD enum err fair_push (struct fair *f, const char *where, const char *who, void *item,
                              void **ret_dropped, struct error *e);

/* Takes the next item, waits for one; NULL when closed and empty. */
void *fair_pop (struct fair *f, struct fair_turn **ret);

/* The item that came with that turn has run. */
void fair_end (struct fair *f, struct fair_turn *turn);

/* No more pushes; poppers get what is left, then NULL. */
void fair_close (struct fair *f);
