/* API threads: take an exchange, run its call, wake its connection. */
#include "http/calls.h"

#include <glib.h>

#include "base/queue.h"
#include "http/exchange.h"

struct calls {
    struct queue *queue;
    pthread_t *threads;
    size_t n_threads;
};

static void *run (void *arg)
{
    struct calls *c = arg;
    for (struct exchange *x; (x = queue_pop (c->queue, -1));)
        exchange_run (x);
    return NULL;
}

struct calls *calls_start (size_t n_threads, size_t max)
{
    struct calls *c = g_new0 (struct calls, 1);
    c->queue = queue_new (max);
    c->threads = g_new0 (pthread_t, n_threads);
    for (; c->n_threads < n_threads; c->n_threads++)
        c->threads[c->n_threads] = thread_start ("api", run, c);
    return c;
}

void calls_stop (struct calls *c)
{
    if (!c)
        return;
    queue_close (c->queue);
    for (size_t i = 0; i < c->n_threads; i++)
        pthread_join (c->threads[i], NULL);
    queue_free (c->queue);
    g_free (c->threads);
    g_free (c);
}

enum err calls_push (struct calls *c, struct exchange *x, struct error *e)
{
    return queue_push (c->queue, x, e);
}
