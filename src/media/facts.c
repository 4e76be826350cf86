/* Versions of objects: asked, or remembered of remote ones for a moment. */
#include "media/facts.h"

#include <pthread.h>
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"

struct said {
    struct store_facts facts;
    int64_t until_ms;
};

/* Where an object was found just now, for whoever gets the lock. */
struct place {
    pthread_mutex_t lock;
    struct store_near near;
};

struct facts {
    struct place places[LIMIT_MEDIA_PLACES];
    struct stores *stores;
    bool has_remote;
    pthread_mutex_t lock;
    GHashTable *said; /* "bucket/key" -> struct said; under the lock */
};

struct facts *facts_new (struct stores *stores)
{
    struct facts *f = g_new0 (struct facts, 1);
    f->stores = stores;
    f->has_remote = stores_have_remote (stores);
    f->said = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
    pthread_mutex_init (&f->lock, NULL);
    for (size_t i = 0; i < LIMIT_MEDIA_PLACES; i++) {
        pthread_mutex_init (&f->places[i].lock, NULL);
        store_near_init (&f->places[i].near);
    }
    return f;
}

void facts_free (struct facts *f)
{
    if (!f)
        return;
    for (size_t i = 0; i < LIMIT_MEDIA_PLACES; i++) {
        store_near_clear (&f->places[i].near);
        pthread_mutex_destroy (&f->places[i].lock);
    }
    g_hash_table_unref (f->said);
    pthread_mutex_destroy (&f->lock);
    g_free (f);
}

static bool recall (struct facts *f, const char *name, struct store_facts *ret)
{
    pthread_mutex_lock (&f->lock);
    const struct said *s = g_hash_table_lookup (f->said, name);
    bool is_known = s && clock_mono_ms () < s->until_ms;
    if (is_known)
        *ret = s->facts;
    pthread_mutex_unlock (&f->lock);
    return is_known;
}

static void remember (struct facts *f, const char *name, const struct store_facts *facts)
{
    struct said *s = g_new (struct said, 1);
    *s = (struct said){ *facts, clock_mono_ms () + LIMIT_MEDIA_FACTS_MS };
    pthread_mutex_lock (&f->lock);
    if (g_hash_table_size (f->said) >= LIMIT_MEDIA_FACTS)
        g_hash_table_remove_all (f->said);
    g_hash_table_replace (f->said, g_strdup (name), s);
    pthread_mutex_unlock (&f->lock);
}

static enum err get_remote (struct facts *f, struct store *store, const char *bucket,
                            const char *key, const char *name, struct store_facts *ret,
                            struct error *e)
{
    struct store_facts facts;
    enum err r = store_head (store, bucket, key, &facts, e);
    if (r != ERR_OK)
        return r;
    remember (f, name, &facts);
    *ret = facts;
    return ERR_OK;
}

/* Threads that come at once take different places; those of one folder, the same in turn. */
static struct place *take_place (struct facts *f, const char *bucket, const char *key)
{
    const char *slash = strrchr (key, '/');
    guint h = g_str_hash (bucket);
    for (const char *c = key; slash && c < slash; c++)
        h = h * 33 + (guchar) *c;
    for (unsigned i = 0; i < 2; i++)
        if (pthread_mutex_trylock (&f->places[(h + i) % LIMIT_MEDIA_PLACES].lock) == 0)
            return &f->places[(h + i) % LIMIT_MEDIA_PLACES];
    return NULL;
}

static enum err ask (struct facts *f, struct store_near *near, const char *bucket, const char *key,
                     const char *name, struct store_facts *ret, struct error *e)
{
    struct store *store;
    enum err r = stores_find_near (f->stores, bucket, near, &store, e);
    if (r != ERR_OK)
        return r;
    return store_is_remote (store) ? get_remote (f, store, bucket, key, name, ret, e)
                                   : store_head_near (store, bucket, key, near, ret, e);
}

enum err facts_get (struct facts *f, const char *bucket, const char *key, bool may_wait,
                    struct store_facts *ret, bool *ret_known, struct error *e)
{
    g_autofree char *name = f->has_remote ? g_strdup_printf ("%s/%s", bucket, key) : NULL;
    *ret_known = name && recall (f, name, ret);
    if (*ret_known || (!may_wait && !stores_find_is_cheap (f->stores, bucket)))
        return ERR_OK;
    _cleanup_near_ struct store_near here;
    store_near_init (&here);
    struct place *place = take_place (f, bucket, key);
    enum err r = ask (f, place ? &place->near : &here, bucket, key, name, ret, e);
    if (place)
        pthread_mutex_unlock (&place->lock);
    *ret_known = r == ERR_OK;
    return r;
}

void facts_forget (struct facts *f, const char *bucket, const char *key)
{
    g_autofree char *name = g_strdup_printf ("%s/%s", bucket, key);
    pthread_mutex_lock (&f->lock);
    g_hash_table_remove (f->said, name);
    pthread_mutex_unlock (&f->lock);
}
