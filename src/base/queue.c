/* A ring of pointers under one mutex. */
#include "base/queue.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <time.h>
#include <glib.h>

struct queue {
    pthread_mutex_t lock;
    pthread_cond_t not_empty, not_full;
    size_t max, length, head;
    size_t wanted; /* items that whoever waits wants to see before it wakes */
    bool closed, urgent;
    void *items[];
};

struct queue *queue_new (size_t max)
{
    assert (max > 0);
    struct queue *q = g_malloc0 (sizeof *q + max * sizeof q->items[0]);
    q->max = max;
    q->wanted = 1;
    pthread_condattr_t attr;
    pthread_condattr_init (&attr);
    pthread_condattr_setclock (&attr, CLOCK_MONOTONIC);
    pthread_mutex_init (&q->lock, NULL);
    pthread_cond_init (&q->not_empty, &attr);
    pthread_cond_init (&q->not_full, &attr);
    pthread_condattr_destroy (&attr);
    return q;
}

void queue_free (struct queue *q)
{
    if (!q)
        return;
    assert (q->length == 0);
    pthread_cond_destroy (&q->not_empty);
    pthread_cond_destroy (&q->not_full);
    pthread_mutex_destroy (&q->lock);
    g_free (q);
}

static enum err push (struct queue *q, void *item, bool wait, bool urgent, struct error *e)
{
    assert (item);
    enum err r = ERR_OK;
    pthread_mutex_lock (&q->lock);
    while (wait && !q->closed && q->length == q->max)
        pthread_cond_wait (&q->not_full, &q->lock);
    if (q->closed) {
        r = FAIL (e, CLOSED, "the queue is closed");
    } else if (q->length == q->max) {
        r = FAIL (e, BUSY, "the queue is full (%zu items)", q->max);
    } else {
        q->items[(q->head + q->length++) % q->max] = item;
        q->urgent |= urgent;
        if (q->urgent || q->length >= q->wanted)
            pthread_cond_signal (&q->not_empty);
    }
    pthread_mutex_unlock (&q->lock);
    return r;
}

enum err queue_push (struct queue *q, void *item, struct error *e)
{
    return push (q, item, false, false, e);
}

enum err queue_push_wait (struct queue *q, void *item, struct error *e)
{
    return push (q, item, true, false, e);
}

enum err queue_push_urgent (struct queue *q, void *item, struct error *e)
{
    return push (q, item, false, true, e);
}

static struct timespec deadline_in (int timeout_ms)
{
    struct timespec t;
    clock_gettime (CLOCK_MONOTONIC, &t);
    t.tv_sec += timeout_ms / 1000;
    t.tv_nsec += (timeout_ms % 1000) * 1000000l;
    if (t.tv_nsec >= 1000000000l) {
        t.tv_nsec -= 1000000000l;
        t.tv_sec++;
    }
    return t;
}

void *queue_pop (struct queue *q, int timeout_ms)
{
    struct timespec deadline = timeout_ms < 0 ? (struct timespec){ 0 } : deadline_in (timeout_ms);
    void *item = NULL;
    pthread_mutex_lock (&q->lock);
    while (q->length == 0 && !q->closed) {
        if (timeout_ms < 0)
            pthread_cond_wait (&q->not_empty, &q->lock);
        else if (pthread_cond_timedwait (&q->not_empty, &q->lock, &deadline) == ETIMEDOUT)
            break;
    }
    if (q->length) {
        item = q->items[q->head];
        q->head = (q->head + 1) % q->max;
        q->length--;
        pthread_cond_signal (&q->not_full);
    }
    pthread_mutex_unlock (&q->lock);
    return item;
}

static void take_many (struct queue *q, void **items, size_t n)
{
    for (size_t i = 0; i < n; i++)
        items[i] = q->items[(q->head + i) % q->max];
    q->head = (q->head + n) % q->max;
    q->length -= n;
    pthread_cond_broadcast (&q->not_full);
}

size_t queue_pop_many (struct queue *q, void **items, size_t max, int timeout_ms, bool *ret_urgent)
{
    pthread_mutex_lock (&q->lock);
    while (q->length == 0 && !q->closed)
        pthread_cond_wait (&q->not_empty, &q->lock);
    struct timespec deadline = deadline_in (timeout_ms);
    q->wanted = MIN (max, q->max);
    while (q->length < q->wanted && !q->closed && !q->urgent)
        if (pthread_cond_timedwait (&q->not_empty, &q->lock, &deadline) == ETIMEDOUT)
            break;
    q->wanted = 1;
    size_t n = MIN (q->length, max);
    take_many (q, items, n);
    *ret_urgent = q->urgent;
    q->urgent &= q->length > 0; /* the urgent one may be among those that are left */
    pthread_mutex_unlock (&q->lock);
    return n;
}

size_t queue_length (struct queue *q)
{
    pthread_mutex_lock (&q->lock);
    size_t n = q->length;
    pthread_mutex_unlock (&q->lock);
    return n;
}

void queue_close (struct queue *q)
{
    pthread_mutex_lock (&q->lock);
    q->closed = true;
    pthread_cond_broadcast (&q->not_empty);
    pthread_cond_broadcast (&q->not_full);
    pthread_mutex_unlock (&q->lock);
}

pthread_t thread_start (const char *name, void *(*run) (void *), void *arg)
{
    sigset_t all, old;
    sigfillset (&all);
    pthread_sigmask (SIG_SETMASK, &all, &old);
    pthread_t thread;
    int failed = pthread_create (&thread, NULL, run, arg);
    pthread_sigmask (SIG_SETMASK, &old, NULL);
    if (failed)
        g_error ("cannot start thread %s: %s", name, g_strerror (failed));
    pthread_setname_np (thread, name);
    return thread;
}
