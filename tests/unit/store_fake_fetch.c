/* The part of the fake that is remote: a thread that fetches, in order, what waits. */
#include "store_fake_private.h"

#include <string.h>
#include <sys/mman.h>

#include "known_test.h"

struct job {
    struct store_handle *handle;
    uint64_t head, tail;
    struct store_range more[STORE_RANGES];
    size_t n;
    store_fetched_fn *done;
    void *arg;
    bool is_cancelled;
};

static enum err fetch_bytes (struct fake *f, struct job *j, const struct object *o, struct error *e)
{
    struct store_handle *h = j->handle;
    const uint8_t *bytes = g_bytes_get_data (o->bytes, NULL);
    uint64_t before = h->bytes_fetched;
    if (h->fd >= 0 && strcmp (h->facts.etag, o->facts.etag) != 0)
        return FAIL (e, VERSION_CHANGED, "it was replaced");
    if (h->fd < 0) {
        h->fd = memfd_create ("object", MFD_CLOEXEC);
        h->facts = o->facts;
        assert_int_equal (ftruncate (h->fd, (off_t) o->facts.size), 0);
        known_add (h, bytes, 0, j->head);
        if (j->tail)
            known_add (h, bytes, o->facts.size - MIN (j->tail, o->facts.size), j->tail);
    } else {
        for (size_t i = 0; i < j->n; i++)
            known_add (h, bytes, j->more[i].at, j->more[i].length);
    }
    h->rounds++;
    f->fetched += h->bytes_fetched - before;
    return ERR_OK;
}

static void do_fetch (struct fake *f, struct job *j)
{
    struct error e = { .code = ERR_OK };
    enum err r = j->is_cancelled
                     ? FAIL (&e, CLOSED, "cancelled")
                     : fake_call_hook (f, FAKE_FETCH, j->handle->key, (int) j->handle->rounds, &e);
    pthread_mutex_lock (&f->lock);
    const struct object *o = g_tree_lookup (f->objects, j->handle->key);
    if (r == ERR_OK)
        r = f->is_missing ? FAIL (&e, NO_BUCKET, "no bucket")
            : !o          ? FAIL (&e, NO_OBJECT, "no object")
            : store_class_is_archived (o->facts.storage_class)
                ? FAIL (&e, STORE_ARCHIVED, "archived")
                : fetch_bytes (f, j, o, &e);
    f->fetches++;
    pthread_mutex_unlock (&f->lock);
    j->done (j->arg, r, r == ERR_OK ? "" : e.message);
    g_free (j);
}

void *fake_run_fetches (void *arg)
{
    struct fake *f = arg;
    pthread_mutex_lock (&f->lock);
    while (!f->is_ending) {
        struct job *j = g_queue_peek_head (&f->waiting);
        if (!j || (f->is_held && !j->is_cancelled)) {
            pthread_cond_wait (&f->wake, &f->lock);
            continue;
        }
        g_queue_pop_head (&f->waiting);
        pthread_mutex_unlock (&f->lock);
        do_fetch (f, j);
        pthread_mutex_lock (&f->lock);
    }
    pthread_mutex_unlock (&f->lock);
    return NULL;
}

enum err fake_fetch (struct store_handle *h, uint64_t head, uint64_t tail,
                     const struct store_range *more, size_t n, store_fetched_fn *done, void *arg,
                     struct error *e)
{
    (void) e;
    struct fake *f = (struct fake *) h->store;
    struct job *j = g_new0 (struct job, 1);
    *j = (struct job){ .handle = h, .head = head, .tail = tail, .n = n, .done = done, .arg = arg };
    if (n)
        memcpy (j->more, more, n * sizeof *more);
    pthread_mutex_lock (&f->lock);
    g_queue_push_tail (&f->waiting, j);
    pthread_cond_signal (&f->wake);
    pthread_mutex_unlock (&f->lock);
    return ERR_OK;
}

void fake_cancel (struct store *s)
{
    struct fake *f = (struct fake *) s;
    pthread_mutex_lock (&f->lock);
    for (GList *i = f->waiting.head; i; i = i->next)
        ((struct job *) i->data)->is_cancelled = true;
    pthread_cond_signal (&f->wake);
    pthread_mutex_unlock (&f->lock);
}

void fake_hold (struct fake *f, bool is_held)
{
    pthread_mutex_lock (&f->lock);
    f->is_held = is_held;
    pthread_cond_signal (&f->wake);
    pthread_mutex_unlock (&f->lock);
}

unsigned fake_waiting (struct fake *f)
{
    return fake_count (f, &f->waiting.length);
}

unsigned fake_fetches (struct fake *f)
{
    return fake_count (f, &f->fetches);
}

uint64_t fake_fetched (struct fake *f)
{
    pthread_mutex_lock (&f->lock);
    uint64_t n = f->fetched;
    pthread_mutex_unlock (&f->lock);
    return n;
}
