/* Two rings under one mutex: the places where items wait, and at each the users with items.
 *
 * To wake a thread for an item costs as much as many items do. So no more are woken than there are
 * processors: who runs takes the next item when it has ended. One of the idle threads minds that
 * something ends; when nothing does for a while, those that run are waiting for something, and as
 * many more are woken. */
#include "base/fair.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>
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
    pthread_cond_t wake;  /* of idle threads */
    pthread_cond_t alarm; /* of the one that minds */
    size_t n_threads, max, waiting, running;
    size_t n_idle;
    size_t n_lively; /* so many that run keep the processors busy */
    size_t n_stuck;  /* of those that run: too long to be waited for */
    uint64_t n_begun;
    bool is_minded; /* a thread looks whether those that run are stuck */
    bool is_closed;
    GHashTable *places; /* name -> struct place */
    GQueue ring;        /* those with items, next first */
};

#define PATIENCE_MS 2

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
    f->n_lively = MIN (n_threads, (size_t) g_get_num_processors ());
    f->places = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, place_free);
    pthread_mutex_init (&f->lock, NULL);
    pthread_condattr_t attr;
    pthread_condattr_init (&attr);
    pthread_condattr_setclock (&attr, CLOCK_MONOTONIC);
    pthread_cond_init (&f->wake, NULL);
    pthread_cond_init (&f->alarm, &attr);
    pthread_condattr_destroy (&attr);
    return f;
}

void fair_free (struct fair *f)
{
    if (!f)
        return;
    assert (!f->waiting && !f->running);
    g_hash_table_unref (f->places);
    pthread_cond_destroy (&f->alarm);
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

static bool are_too_few (const struct fair *f)
{
    return f->running - f->n_stuck < f->n_lively;
}

/* Unlocks, and wakes an idle thread if there is anything for it to do: in that order, or it would
 * wait for the lock at once. */
static void unlock_and_wake (struct fair *f)
{
    bool is_needed = f->waiting && (are_too_few (f) || !f->is_minded);
    bool is_closed = f->is_closed;
    pthread_cond_t *whom = f->n_idle ? &f->wake : &f->alarm;
    pthread_mutex_unlock (&f->lock);
    if (is_closed)
        pthread_cond_broadcast (&f->wake);
    else if (is_needed)
        pthread_cond_signal (whom);
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
    }
    unlock_and_wake (f);
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
    f->n_begun++;
    return item;
}

/* True if nothing began meanwhile. */
static bool mind (struct fair *f)
{
    struct timespec end;
    uint64_t before = f->n_begun;
    clock_gettime (CLOCK_MONOTONIC, &end);
    end.tv_nsec += PATIENCE_MS * 1000000;
    end.tv_sec += end.tv_nsec / 1000000000;
    end.tv_nsec %= 1000000000;
    f->is_minded = true;
    bool is_late = pthread_cond_timedwait (&f->alarm, &f->lock, &end) == ETIMEDOUT;
    f->is_minded = false;
    return is_late && f->n_begun == before;
}

/* Waits for the next who may run; NULL when closed and empty. */
static struct fair_turn *wait_for_user (struct fair *f)
{
    for (;;) {
        struct fair_turn *u = next_user (f);
        if ((u && are_too_few (f)) || (f->is_closed && !f->waiting))
            return u;
        if (u && !f->is_minded) {
            if (mind (f))
                f->n_stuck = f->running;
            continue;
        }
        f->n_idle++;
        pthread_cond_wait (&f->wake, &f->lock);
        f->n_idle--;
    }
}

void *fair_pop (struct fair *f, struct fair_turn **ret)
{
    void *item = NULL;
    pthread_mutex_lock (&f->lock);
    struct fair_turn *u = wait_for_user (f);
    if (u) {
        item = begin_turn (f, u);
        *ret = u;
    }
    unlock_and_wake (f);
    return item;
}

void fair_end (struct fair *f, struct fair_turn *turn)
{
    pthread_mutex_lock (&f->lock);
    turn->running--;
    turn->place->running--;
    f->running--;
    f->n_stuck = MIN (f->n_stuck, f->running);
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
