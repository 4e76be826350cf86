/* Two rings under one mutex: the places where items wait, and at each the users with items. */
#include "base/fair.h"

#include <assert.h>
#include <pthread.h>
#include <stdbool.h>
#include <glib.h>

struct place {
    char *name;
    GHashTable *users; /* name -> struct fair_turn */
    GQueue ring;       /* those with items, next first */
    size_t waiting, running;
    GList link;
};

/* A user at a place; it is there as long as it has items or turns. */
struct fair_turn {
    char *name;
    struct place *place;
    GQueue items;
    size_t running;
    GList link;
};

struct fair {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    size_t n_threads, max, waiting, running;
    bool is_closed;
    GHashTable *places; /* name -> struct place */
    GQueue ring;        /* those with items, next first */
};

static void place_free (void *arg)
{
    struct place *p = arg;
    g_hash_table_unref (p->users);
    g_free (p->name);
    g_free (p);
}

static void user_free (void *arg)
{
    struct fair_turn *u = arg;
    g_free (u->name);
    g_free (u);
}

struct fair *fair_new (size_t n_threads, size_t max)
{
    assert (n_threads > 0 && max > 0);
    struct fair *f = g_new0 (struct fair, 1);
    f->n_threads = n_threads;
    f->max = max;
    f->places = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, place_free);
    pthread_mutex_init (&f->lock, NULL);
    pthread_cond_init (&f->wake, NULL);
    return f;
}

void fair_free (struct fair *f)
{
    if (!f)
        return;
    assert (!f->waiting && !f->running);
    g_hash_table_unref (f->places);
    pthread_cond_destroy (&f->wake);
    pthread_mutex_destroy (&f->lock);
    g_free (f);
}

static struct place *find_place (struct fair *f, const char *name)
{
    struct place *p = g_hash_table_lookup (f->places, name);
    if (p)
        return p;
    p = g_new0 (struct place, 1);
    p->name = g_strdup (name);
    p->users = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, user_free);
    p->link.data = p;
    g_hash_table_insert (f->places, p->name, p);
    return p;
}

static struct fair_turn *find_user (struct place *p, const char *name)
{
    struct fair_turn *u = g_hash_table_lookup (p->users, name);
    if (u)
        return u;
    u = g_new0 (struct fair_turn, 1);
    u->name = g_strdup (name);
    u->place = p;
    u->link.data = u;
    g_hash_table_insert (p->users, u->name, u);
    return u;
}

/* Forgets a user who has nothing any more, and the place with the last of them. */
static void forget_if_idle (struct fair *f, struct fair_turn *u)
{
    struct place *p = u->place;
    if (u->running || u->items.length)
        return;
    g_hash_table_remove (p->users, u->name);
    if (g_hash_table_size (p->users) == 0)
        g_hash_table_remove (f->places, p->name);
}

/* ---- Waiting ---- */

static void add_item (struct fair *f, struct fair_turn *u, void *item)
{
    struct place *p = u->place;
    if (!u->items.length)
        g_queue_push_tail_link (&p->ring, &u->link);
    if (!p->waiting++)
        g_queue_push_tail_link (&f->ring, &p->link);
    f->waiting++;
    g_queue_push_tail (&u->items, item);
}

static void *remove_item (struct fair *f, struct fair_turn *u, bool is_newest)
{
    struct place *p = u->place;
    void *item = is_newest ? g_queue_pop_tail (&u->items) : g_queue_pop_head (&u->items);
    if (!u->items.length)
        g_queue_unlink (&p->ring, &u->link);
    if (!--p->waiting)
        g_queue_unlink (&f->ring, &p->link);
    f->waiting--;
    return item;
}

/* Who waits most, at the place that waits most. Items that wait: so there is one. */
static struct fair_turn *greediest (struct fair *f)
{
    struct place *place = f->ring.head->data;
    for (GList *l = f->ring.head; l; l = l->next)
        if (((struct place *) l->data)->waiting > place->waiting)
            place = l->data;
    struct fair_turn *user = place->ring.head->data;
    for (GList *l = place->ring.head; l; l = l->next)
        if (((struct fair_turn *) l->data)->items.length > user->items.length)
            user = l->data;
    return user;
}

enum err fair_push (struct fair *f, const char *where, const char *who, void *item,
                    void **ret_dropped, struct error *e)
{
    assert (item);
    void *dropped = NULL;
    pthread_mutex_lock (&f->lock);
    bool is_closed = f->is_closed;
    if (!is_closed) {
        add_item (f, find_user (find_place (f, where), who), item);
        if (f->waiting > f->max) {
            struct fair_turn *u = greediest (f);
            dropped = remove_item (f, u, true);
            forget_if_idle (f, u);
        }
        pthread_cond_signal (&f->wake);
    }
    pthread_mutex_unlock (&f->lock);
    if (is_closed)
        return FAIL (e, CLOSED, "the queue is closed");
    if (dropped == item)
        return FAIL (e, BUSY, "the queue is full (%zu items)", f->max);
    *ret_dropped = dropped;
    return ERR_OK;
}

/* ---- Running ---- */

static bool may_run (const struct fair *f, const struct fair_turn *u)
{
    return u->running + u->place->running < 2 * (f->n_threads - f->running);
}

/* The first in turn who may run; NULL if there is none. */
static struct fair_turn *next_user (struct fair *f)
{
    for (GList *l = f->ring.head; l; l = l->next)
        for (GList *m = ((struct place *) l->data)->ring.head; m; m = m->next)
            if (may_run (f, m->data))
                return m->data;
    return NULL;
}

static void to_the_end (GQueue *ring, GList *link)
{
    g_queue_unlink (ring, link);
    g_queue_push_tail_link (ring, link);
}

static void *begin_turn (struct fair *f, struct fair_turn *u)
{
    struct place *p = u->place;
    to_the_end (&f->ring, &p->link);
    to_the_end (&p->ring, &u->link);
    void *item = remove_item (f, u, false);
    u->running++;
    p->running++;
    f->running++;
    return item;
}

void *fair_pop (struct fair *f, struct fair_turn **ret)
{
    void *item = NULL;
    pthread_mutex_lock (&f->lock);
    struct fair_turn *u;
    while (!(u = next_user (f)) && !(f->is_closed && !f->waiting))
        pthread_cond_wait (&f->wake, &f->lock);
    if (u) {
        item = begin_turn (f, u);
        *ret = u;
    }
    if ((f->waiting && f->running < f->n_threads) || f->is_closed)
        pthread_cond_signal (&f->wake);
    pthread_mutex_unlock (&f->lock);
    return item;
}

void fair_end (struct fair *f, struct fair_turn *turn)
{
    pthread_mutex_lock (&f->lock);
    turn->running--;
    turn->place->running--;
    f->running--;
    forget_if_idle (f, turn);
    pthread_mutex_unlock (&f->lock);
}

void fair_close (struct fair *f)
{
    pthread_mutex_lock (&f->lock);
    f->is_closed = true;
    pthread_cond_broadcast (&f->wake);
    pthread_mutex_unlock (&f->lock);
}
