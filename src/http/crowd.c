/* A table of counters; addresses without connections are not in it. */
#include "http/crowd.h"

#include <assert.h>
#include <pthread.h>
#include <string.h>
#include <glib.h>

struct counter {
    struct net_address from; /* first: the key */
    size_t n;
};

struct crowd {
    pthread_mutex_t lock;
    size_t max;
    GHashTable *counters; /* a set of struct counter */
};

static guint hash (gconstpointer arg)
{
    uint64_t halves[2];
    memcpy (halves, arg, sizeof halves);
    return (guint) ((halves[0] * 31 + halves[1]) % 4294967291u);
}

static gboolean is_same (gconstpointer a, gconstpointer b)
{
    return memcmp (a, b, sizeof (struct net_address)) == 0;
}

struct crowd *crowd_new (size_t max)
{
    struct crowd *c = g_new0 (struct crowd, 1);
    c->max = max;
    c->counters = g_hash_table_new_full (hash, is_same, g_free, NULL);
    pthread_mutex_init (&c->lock, NULL);
    return c;
}

void crowd_free (struct crowd *c)
{
    if (!c)
        return;
    g_hash_table_unref (c->counters);
    pthread_mutex_destroy (&c->lock);
    g_free (c);
}

static struct counter *find (struct crowd *c, struct net_address from)
{
    net_to_subscriber (&from);
    return g_hash_table_lookup (c->counters, &from);
}

bool crowd_has_room (struct crowd *c, const struct net_address *from)
{
    pthread_mutex_lock (&c->lock);
    const struct counter *counter = find (c, *from);
    bool has_room = !c->max || !counter || counter->n < c->max;
    pthread_mutex_unlock (&c->lock);
    return has_room;
}

void crowd_enter (struct crowd *c, const struct net_address *from)
{
    pthread_mutex_lock (&c->lock);
    struct counter *counter = find (c, *from);
    if (!counter) {
        counter = g_new0 (struct counter, 1);
        counter->from = *from;
        net_to_subscriber (&counter->from);
        g_hash_table_add (c->counters, counter);
    }
    counter->n++;
    pthread_mutex_unlock (&c->lock);
}

void crowd_leave (struct crowd *c, const struct net_address *from)
{
    pthread_mutex_lock (&c->lock);
    struct counter *counter = find (c, *from);
    assert (counter);
    if (!--counter->n)
        g_hash_table_remove (c->counters, counter);
    pthread_mutex_unlock (&c->lock);
}
