/* Who waits, and how much is held for them. */
#include "http/waiting.h"

#include <sys/socket.h>

#include "base/limits.h"
#include "base/queue.h"

#define LOOK_MS  20 /* how much can come meanwhile adds to the bound */
#define HARMLESS (LIMIT_HEADS / LIMIT_REQUEST_HEAD) /* so many waiters cannot exceed it */

static void unlink_waiter (struct waiting *w, struct waiter *waiter)
{
    g_queue_unlink (&w->list, &waiter->link);
    waiter->is_waiting = false;
}

static void shut (struct waiting *w, struct waiter *waiter)
{
    unlink_waiter (w, waiter);
    shutdown (waiter->fd, SHUT_RDWR);
}

/* Shuts the greediest until the others fit; those who ask for little do not notice. */
static void shut_greedy (struct waiting *w)
{
    for (;;) {
        struct waiter *greediest = NULL;
        size_t sum = 0, most = 0;
        for (GList *l = w->list.head; l; l = l->next) {
            struct waiter *waiter = l->data;
            size_t bytes = atomic_load (&waiter->bytes);
            sum += bytes;
            if (bytes > most) {
                most = bytes;
                greediest = waiter;
            }
        }
        if (sum <= LIMIT_HEADS || !greediest)
            return;
        shut (w, greediest);
    }
}

static void *run (void *arg)
{
    struct waiting *w = arg;
    pthread_mutex_lock (&w->lock);
    while (!w->is_stopping) {
        if (w->list.length <= HARMLESS) {
            pthread_cond_wait (&w->wake, &w->lock);
            continue;
        }
        shut_greedy (w);
        pthread_mutex_unlock (&w->lock);
        g_usleep (LOOK_MS * 1000);
        pthread_mutex_lock (&w->lock);
    }
    pthread_mutex_unlock (&w->lock);
    return NULL;
}

void waiting_start (struct waiting *w, size_t max)
{
    w->max = max;
    pthread_mutex_init (&w->lock, NULL);
    pthread_cond_init (&w->wake, NULL);
    w->thread = thread_start ("waiting", run, w);
}

void waiting_stop (struct waiting *w)
{
    pthread_mutex_lock (&w->lock);
    w->is_stopping = true;
    pthread_cond_signal (&w->wake);
    pthread_mutex_unlock (&w->lock);
    pthread_join (w->thread, NULL);
    pthread_cond_destroy (&w->wake);
    pthread_mutex_destroy (&w->lock);
}

void waiting_add (struct waiting *w, struct waiter *waiter)
{
    waiter->link.data = waiter;
    pthread_mutex_lock (&w->lock);
    g_queue_push_tail_link (&w->list, &waiter->link);
    waiter->is_waiting = true;
    if (w->list.length > w->max)
        shut (w, w->list.head->data);
    if (w->list.length > HARMLESS)
        pthread_cond_signal (&w->wake);
    pthread_mutex_unlock (&w->lock);
}

void waiting_remove (struct waiting *w, struct waiter *waiter)
{
    pthread_mutex_lock (&w->lock);
    if (waiter->is_waiting)
        unlink_waiter (w, waiter);
    pthread_mutex_unlock (&w->lock);
}

void waiter_count (struct waiter *waiter, size_t bytes)
{
    if (atomic_load_explicit (&waiter->bytes, memory_order_relaxed) != bytes)
        atomic_store (&waiter->bytes, bytes);
}
