/* The objects of a rendition: opened where they are files, fetched whole where they are remote,
 * always in the version that was asked for. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "media/media_priv.h"

/* ---- Sizes ---- */

static bool is_film (const struct process *p)
{
    return p->kind == PROCESS_KIND_VIDEO_SNAPSHOT || p->kind == PROCESS_KIND_VIDEO_INFO ||
           p->kind == PROCESS_KIND_AUDIO_INFO;
}

/* Most bytes of an object: of a film that is a file only what is needed is read. */
static uint64_t most_bytes (const struct flight *f, unsigned i, bool is_remote)
{
    if (i > 0 || !is_film (f->process))
        return LIMIT_RENDER_SOURCE;
    return is_remote ? LIMIT_MEDIA_FETCHED : UINT64_MAX;
}

static enum err check_size (const struct flight *f, unsigned i, bool is_remote, struct error *e)
{
    uint64_t size = f->wanted.objects[i].facts.size, most = most_bytes (f, i, is_remote);
    if (size > most && i > 0)
        return FAIL (e, WATERMARK, "The object of a watermark has %llu bytes, more than %llu.",
                     (unsigned long long) size, (unsigned long long) most);
    if (size > most)
        return FAIL (e, IMAGE_TOO_LARGE, "The object has %llu bytes, more than %llu.",
                     (unsigned long long) size, (unsigned long long) most);
    if (size == 0)
        return FAIL (e, PROCESS_REQUEST, "The object is empty.");
    return ERR_OK;
}

/* ---- Remote objects ---- */

static void give_memory (struct flight *f)
{
    struct media *m = f->media;
    pthread_mutex_lock (&m->lock);
    m->held -= f->held;
    f->held = 0;
    if (m->parked.length)
        pthread_cond_broadcast (&m->work);
    pthread_mutex_unlock (&m->lock);
}

/* One fetch, waited for. */
struct fetch {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool is_done;
    enum err code;
    char message[256];
};

static void on_fetched (void *arg, enum err code, const char *message)
{
    struct fetch *t = arg;
    pthread_mutex_lock (&t->lock);
    t->is_done = true;
    t->code = code;
    g_strlcpy (t->message, message, sizeof t->message);
    pthread_cond_signal (&t->changed);
    pthread_mutex_unlock (&t->lock);
}

static enum err fetch_once (struct store_handle *h, uint64_t head, const struct store_range *more,
                            size_t n, struct error *e)
{
    struct fetch t = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };
    enum err r = store_fetch (h, head, 0, more, n, on_fetched, &t, e);
    if (r != ERR_OK)
        return r;
    pthread_mutex_lock (&t.lock);
    while (!t.is_done)
        pthread_cond_wait (&t.changed, &t.lock);
    pthread_mutex_unlock (&t.lock);
    return t.code == ERR_OK ? ERR_OK
                            : error_set (e, t.code, NULL, __FILE__, __LINE__, "%s", t.message);
}

static enum err fetch_whole (struct flight *f, struct store *store, const struct wanted_object *o,
                             struct store_handle *ret, struct error *e)
{
    store_handle_init (ret, store, f->wanted.bucket, o->key);
    ret->facts = o->facts;
    ret->is_urgent = true;
    enum err r = fetch_once (ret, o->facts.size, NULL, 0, e);
    const struct store_range all = { 0, ret->facts.size };
    if (r == ERR_OK && store_facts_equal (&ret->facts, &o->facts) && !store_handle_is_whole (ret))
        r = fetch_once (ret, 0, &all, 1, e);
    if (r == ERR_OK && store_facts_equal (&ret->facts, &o->facts) && !store_handle_is_whole (ret))
        r = FAIL (e, STORE_DOWN, "'%s' could not be fetched whole", o->key);
    return r;
}

/* ---- All of them ---- */

static enum err open_one (struct flight *f, struct store *store, unsigned i, struct error *e)
{
    const struct wanted_object *o = &f->wanted.objects[i];
    struct store_handle *h = &f->handles[i];
    *h = (struct store_handle){ .fd = -1 };
    f->n_handles = i + 1;
    enum err r = store_is_remote (store) ? fetch_whole (f, store, o, h, e)
                                         : store_open (store, f->wanted.bucket, o->key, NULL, h, e);
    if (r == ERR_OK && !store_facts_equal (&h->facts, &o->facts))
        return FAIL (e, VERSION_CHANGED, "'%s' has changed", o->key);
    return r;
}

/* All at once: a flight that held some of it while it waits for more could wait for another one
 * that does the same. */
static enum err reserve (struct flight *f, struct store *store, bool *ret_is_parked,
                         struct error *e)
{
    bool is_remote = store_is_remote (store);
    uint64_t bytes = 0;
    for (unsigned i = 0; i < f->wanted.n_objects; i++) {
        enum err r = check_size (f, i, is_remote, e);
        if (r != ERR_OK)
            return r;
        bytes += f->wanted.objects[i].facts.size;
    }
    *ret_is_parked = false;
    return is_remote && !f->held ? flight_reserve (f, bytes, ret_is_parked, e) : ERR_OK;
}

enum err source_open (struct flight *f, bool *ret_is_parked, struct error *e)
{
    struct store *store;
    bool is_parked = false;
    enum err r = stores_find (f->media->o.stores, f->wanted.bucket, &store, e);
    if (r == ERR_OK)
        r = reserve (f, store, &is_parked, e);
    if (r == ERR_OK)
        *ret_is_parked = is_parked;
    for (unsigned i = 0; r == ERR_OK && !is_parked && i < f->wanted.n_objects; i++)
        r = open_one (f, store, i, e);
    return r;
}

/* What was fetched whole is of one version, whatever the object is now. */
enum err source_verify (struct flight *f, struct error *e)
{
    enum err r = ERR_OK;
    for (unsigned i = 0; i < f->n_handles && r == ERR_OK; i++)
        if (!f->handles[i].is_remote)
            r = store_verify (&f->handles[i], NULL, e);
    return r;
}

void source_close (struct flight *f)
{
    for (unsigned i = 0; i < f->n_handles; i++)
        store_handle_clear (&f->handles[i]);
    f->n_handles = 0;
    if (f->held)
        give_memory (f);
}
