/* For tests of the pool: jobs that are waited for. The worker comes from $WORKER. */
#pragma once

#include <fcntl.h>
#include <pthread.h>
#include <glib.h>

#include "test.h"
#include "wire/pool.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED true
#else
#define SANITIZED false
#endif

struct call {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool is_done;
    unsigned order; /* of this call's end among those that share `counter` */
    unsigned *counter;
    struct pool_result result;
};

static void call_done (void *arg, struct pool_result *result)
{
    struct call *c = arg;
    pthread_mutex_lock (&c->lock);
    c->result = *result;
    c->is_done = true;
    if (c->counter)
        c->order = ++*c->counter;
    pthread_cond_signal (&c->changed);
    pthread_mutex_unlock (&c->lock);
}

static void call_init (struct call *c)
{
    *c = (struct call){ .counter = NULL };
    pthread_mutex_init (&c->lock, NULL);
    pthread_cond_init (&c->changed, NULL);
}

static enum err call_start (struct call *c, struct pool *p, const char *mode,
                            enum pool_priority priority, struct error *e)
{
    static const struct frame_range known[] = { { 0, 100 }, { 500, 100 } };
    struct pool_job job = { .size = 1000,
                            .known = known,
                            .n_known = N_ELEMENTS (known),
                            .fd = open ("/dev/null", O_RDONLY | O_CLOEXEC),
                            .extension = mode,
                            .priority = priority,
                            .done = call_done,
                            .arg = c };
    return pool_submit (p, &job, e);
}

static enum err call_wait (struct call *c)
{
    pthread_mutex_lock (&c->lock);
    while (!c->is_done)
        pthread_cond_wait (&c->changed, &c->lock);
    pthread_mutex_unlock (&c->lock);
    json_decref (c->result.meta);
    return c->result.code;
}

/* One job from start to end. `ret_message` may be NULL. */
static UNUSED enum err run_job (struct pool *p, const char *mode, char ret_message[256])
{
    struct call c;
    struct error e;
    call_init (&c);
    assert_ok (call_start (&c, p, mode, POOL_BACKGROUND, &e), &e);
    enum err err = call_wait (&c);
    if (ret_message)
        g_strlcpy (ret_message, c.result.message, 256);
    return err;
}

static struct pool *start_pool (struct pool_options o)
{
    struct pool *p;
    struct error e;
    o.worker_path = getenv ("WORKER");
    o.sandbox_required = !SANITIZED;
    assert_ok (pool_new (&o, &p, &e), &e);
    return p;
}
