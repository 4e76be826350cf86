/* API threads: take an exchange, run its call, wake its connection. Users share them. */
#include "http/calls.h"

#include <glib.h>
#include <inttypes.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "auth/claimed.h"
#include "base/fair.h"
#include "base/net.h"
#include "base/queue.h"
#include "http/exchange.h"

struct calls {
    struct fair *queue;
    pthread_t *threads;
    size_t n_threads;
};

/* Network threads first: who is short of processors has requests wait where users take turns, not
 * in sockets, where those come first who send most. */
#define NICE 3

static void *run (void *arg)
{
    struct calls *c = arg;
    struct fair_turn *turn;
    setpriority (PRIO_PROCESS, (id_t) gettid (), NICE);
    for (struct exchange *x; (x = fair_pop (c->queue, &turn));) {
        x->listener->manner->run (x);
        fair_end (c->queue, turn);
    }
    return NULL;
}

struct calls *calls_start (size_t n_threads, size_t max)
{
    struct calls *c = g_new0 (struct calls, 1);
    c->queue = fair_new (n_threads, max);
    c->threads = g_new0 (pthread_t, n_threads);
    for (; c->n_threads < n_threads; c->n_threads++)
        c->threads[c->n_threads] = thread_start ("api", run, c);
    return c;
}

void calls_stop (struct calls *c)
{
    if (!c)
        return;
    fair_close (c->queue);
    for (size_t i = 0; i < c->n_threads; i++)
        pthread_join (c->threads[i], NULL);
    fair_free (c->queue);
    g_free (c->threads);
    g_free (c);
}

#define PLACE_SIZE 64

/* Where a request comes from. */
static void place_of (const struct exchange *x, char ret[PLACE_SIZE])
{
    struct net_address a;
    uint64_t halves[2];
    g_strlcpy (ret, x->client, PLACE_SIZE);
    if (!net_parse_address (ret, &a))
        return;
    net_to_subscriber (&a);
    memcpy (halves, a.bytes, sizeof halves);
    g_snprintf (ret, PLACE_SIZE, "%" PRIx64 ":%" PRIx64, halves[0], halves[1]);
}

enum err calls_push (struct calls *c, struct exchange *x, struct exchange **ret_dropped,
                     struct error *e)
{
    char place[PLACE_SIZE], user[AUTH_CLAIMED_SIZE];
    const struct auth_claim claim = {
        .authorization = MHD_lookup_connection_value (x->connection, MHD_HEADER_KIND,
                                                      MHD_HTTP_HEADER_AUTHORIZATION),
        .uri = x->uri,
        .body = x->body ? x->body->str : NULL,
        .body_len = x->body ? x->body->len : 0,
    };
    void *dropped = NULL;
    place_of (x, place);
    if (x->user)
        g_strlcpy (user, x->user, sizeof user);
    else
        auth_claimed_user (x->listener->http->api->keys, &claim, user);
    enum err r = fair_push (c->queue, place, user, x, &dropped, e);
    if (r == ERR_OK)
        *ret_dropped = dropped;
    return r;
}
