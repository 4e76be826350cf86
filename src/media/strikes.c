/* Strikes against renditions. */
#include "media/strikes.h"

#include <pthread.h>

#include "base/clock.h"
#include "base/limits.h"

struct strike {
    unsigned n;
    int64_t until_ms;
};

struct strikes {
    pthread_mutex_t lock;
    GHashTable *of; /* digest -> struct strike; under the lock */
};

struct strikes *strikes_new (void)
{
    struct strikes *s = g_new0 (struct strikes, 1);
    s->of = g_hash_table_new_full (wanted_hash, wanted_equal, g_free, g_free);
    pthread_mutex_init (&s->lock, NULL);
    return s;
}

void strikes_free (struct strikes *s)
{
    if (!s)
        return;
    g_hash_table_unref (s->of);
    pthread_mutex_destroy (&s->lock);
    g_free (s);
}

void strikes_add (struct strikes *s, const struct wanted *w)
{
    pthread_mutex_lock (&s->lock);
    struct strike *had = g_hash_table_lookup (s->of, w->digest);
    if (!had && g_hash_table_size (s->of) >= LIMIT_MEDIA_STRUCK)
        g_hash_table_remove_all (s->of);
    if (!had) {
        had = g_new0 (struct strike, 1);
        g_hash_table_insert (s->of, g_memdup2 (w->digest, CACHE_KEY), had);
    }
    had->n++;
    had->until_ms = clock_mono_ms () + LIMIT_MEDIA_STRUCK_MS;
    pthread_mutex_unlock (&s->lock);
}

enum err strikes_check (struct strikes *s, const struct wanted *w, struct error *e)
{
    pthread_mutex_lock (&s->lock);
    const struct strike *had = g_hash_table_lookup (s->of, w->digest);
    bool is_over = had && clock_mono_ms () >= had->until_ms;
    bool is_out = had && !is_over && had->n >= LIMIT_MEDIA_STRIKES;
    if (is_over)
        g_hash_table_remove (s->of, w->digest);
    pthread_mutex_unlock (&s->lock);
    if (is_out)
        return FAIL (e, PROCESS_REQUEST,
                     "The object cannot be processed like that: it was tried before.");
    return ERR_OK;
}
