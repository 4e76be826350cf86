/* Inside of http only: the connections of a listener whose next request has not come whole. They
 * are bounded in number and in bytes, so that idlers and endless heads keep nobody out and fill no
 * memory: the library shows a head only when all of it is there. */
#pragma once

#include <glib.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

/* One connection. Set `fd`, leave the rest. */
struct waiter {
    int fd;
    bool is_waiting;
    atomic_size_t bytes; /* that are held of requests whose line has not been seen */
    GList link;
};

struct waiting {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    size_t max;
    GQueue list; /* struct waiter, longest first */
    pthread_t thread;
    bool is_stopping;
};

/* For at most `max` that wait: fewer than may be open, or they could keep others out. */
void waiting_start (struct waiting *w, size_t max);
void waiting_stop (struct waiting *w);

/* When there are too many, the one that waits longest is shut. */
void waiting_add (struct waiting *w, struct waiter *waiter);
void waiting_remove (struct waiting *w, struct waiter *waiter);

/* So many bytes are held of its next request. The network thread that has the connection. */
void waiter_count (struct waiter *waiter, size_t bytes);
