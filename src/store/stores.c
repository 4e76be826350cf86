/* All stores of a server: which of them has a bucket, remembered so that the question costs nothing
 * when it is asked for each object. */
#include "store/store.h"

#include <pthread.h>
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"

/* What was found out about a bucket. */
struct known {
    struct store *store; /* NULL: none has it, as far as is known */
    int64_t until_ms;    /* this is believed so long */
    struct error error;  /* code OK: the store has it */
};

struct stores {
    GPtrArray *all;
    pthread_mutex_t lock;
    GHashTable *known; /* bucket -> struct known; under the lock */
};

static void free_store (void *s)
{
    store_free (s);
}

struct stores *stores_new (void)
{
    struct stores *all = g_new0 (struct stores, 1);
    all->all = g_ptr_array_new_with_free_func (free_store);
    all->known = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
    pthread_mutex_init (&all->lock, NULL);
    return all;
}

void stores_free (struct stores *all)
{
    if (!all)
        return;
    g_ptr_array_unref (all->all);
    g_hash_table_unref (all->known);
    pthread_mutex_destroy (&all->lock);
    g_free (all);
}

void stores_add_take (struct stores *all, struct store *s)
{
    g_ptr_array_add (all->all, s);
}

bool stores_have_remote (const struct stores *all)
{
    for (guint i = 0; i < all->all->len; i++)
        if (store_is_remote (all->all->pdata[i]))
            return true;
    return false;
}

void stores_cancel (struct stores *all)
{
    for (guint i = 0; i < all->all->len; i++)
        store_cancel (all->all->pdata[i]);
}

/* ---- Finding ---- */

/* Each store gets its share of the time that is left. */
static enum err check_in_turn (struct stores *all, guint i, const char *bucket, int64_t end_ms,
                               struct error *e)
{
    struct store *s = all->all->pdata[i];
    int64_t left = MAX (end_ms - clock_mono_ms (), 1), stores = all->all->len - i;
    return s->ops->check (s, bucket, (uint32_t) MAX (left / stores, 1), e);
}

static enum err seek (struct stores *all, const char *bucket, struct store **ret, struct error *e)
{
    struct store *found = NULL;
    struct error worst;
    enum err r = FAIL (&worst, NO_BUCKET, "no store has a bucket '%s'", bucket);
    int64_t end_ms = clock_mono_ms () + LIMIT_STORE_WAIT_MS;
    for (guint i = 0; i < all->all->len; i++) {
        struct store *s = all->all->pdata[i];
        struct error one;
        enum err said = check_in_turn (all, i, bucket, end_ms, &one);
        if (said == ERR_OK && found)
            return FAIL (e, CONFLICT,
                         "the stores '%s' and '%s' both have a bucket '%s': one needs an alias",
                         found->name, s->name, bucket);
        if (said == ERR_OK)
            found = s;
        /* The first that says more than "not here" is told, be it why it is not. */
        else if (r == ERR_NO_BUCKET && (said != r || one.subject[0])) {
            r = said;
            worst = one;
        }
    }
    if (!found && e)
        *e = worst;
    if (found)
        *ret = found;
    return found ? ERR_OK : r;
}

/* Asks the store that had it, then all. */
static enum err ask (struct stores *all, const char *bucket, struct store *had, struct store **ret,
                     struct error *e)
{
    enum err r = had ? store_check (had, bucket, e) : ERR_NO_BUCKET;
    if (r == ERR_NO_BUCKET)
        return seek (all, bucket, ret, e);
    if (r == ERR_OK)
        *ret = had;
    return r;
}

/* What costs no request is not believed for a moment, only where the bucket was. */
static void remember (struct stores *all, const char *bucket, const struct known *had,
                      struct store *store, const struct error *error)
{
    bool is_cheap = store ? !store_is_remote (store) : !stores_have_remote (all);
    if (is_cheap && had->store == store && had->until_ms == 0)
        return;
    int64_t for_ms = error->code == ERR_OK ? LIMIT_STORE_CHECK_MS : LIMIT_STORE_RECHECK_MS;
    struct known *k = g_new (struct known, 1);
    *k = (struct known){ store, is_cheap ? 0 : clock_mono_ms () + for_ms, *error };
    pthread_mutex_lock (&all->lock);
    if (g_hash_table_size (all->known) >= LIMIT_STORE_BUCKETS)
        g_hash_table_remove_all (all->known);
    g_hash_table_replace (all->known, g_strdup (bucket), k);
    pthread_mutex_unlock (&all->lock);
}

static bool recall (struct stores *all, const char *bucket, struct known *ret)
{
    int64_t now = clock_mono_ms ();
    pthread_mutex_lock (&all->lock);
    struct known *k = g_hash_table_lookup (all->known, bucket);
    *ret = k ? *k : (struct known){ NULL };
    if (k && k->until_ms && k->until_ms <= now)
        k->until_ms = now + LIMIT_STORE_WAIT_MS; /* one asks, the others go on */
    pthread_mutex_unlock (&all->lock);
    return ret->until_ms > now;
}

enum err stores_ask (struct stores *all, const char *bucket, struct store **ret, struct error *e)
{
    struct known k;
    bool is_fresh = recall (all, bucket, &k);
    (void) is_fresh; /* the store that had it is asked, whatever it said */
    struct error why = { .code = ERR_OK };
    struct store *found = k.store;
    enum err r = ask (all, bucket, k.store, &found, &why);
    why.code = r;
    remember (all, bucket, &k, r == ERR_NO_BUCKET ? NULL : found, &why);
    if (r == ERR_OK)
        *ret = found;
    else if (e)
        *e = why;
    return r;
}

enum err stores_find (struct stores *all, const char *bucket, struct store **ret, struct error *e)
{
    struct known k;
    if (!recall (all, bucket, &k))
        return stores_ask (all, bucket, ret, e);
    if (k.error.code == ERR_OK)
        *ret = k.store;
    else if (e)
        *e = k.error;
    return k.error.code;
}

bool stores_find_is_cheap (struct stores *all, const char *bucket)
{
    pthread_mutex_lock (&all->lock);
    const struct known *k = g_hash_table_lookup (all->known, bucket);
    bool is_folder = k && k->store && !store_is_remote (k->store);
    pthread_mutex_unlock (&all->lock);
    return is_folder || !stores_have_remote (all);
}

enum err stores_find_near (struct stores *all, const char *bucket, const struct store_near *near,
                           struct store **ret, struct error *e)
{
    if (!near->store || strcmp (near->bucket, bucket) != 0 || clock_mono_ms () >= near->until_ms)
        return stores_find (all, bucket, ret, e);
    *ret = near->store;
    return ERR_OK;
}

/* ---- Listing ---- */

void store_bucket_free (void *bucket)
{
    struct store_bucket *b = bucket;
    if (b)
        g_free (b->name);
    g_free (b);
}

static int compare_buckets (const void *a, const void *b)
{
    const struct store_bucket *x = *(const struct store_bucket *const *) a;
    const struct store_bucket *y = *(const struct store_bucket *const *) b;
    int order = strcmp (x->name, y->name);
    return order ? order : strcmp (x->store->name, y->store->name);
}

static void tell_strange (const struct store *s, const char *name, GPtrArray *faults)
{
    g_ptr_array_add (faults, g_strdup_printf ("store '%s': bucket '%s' can only be bound by an "
                                              "alias: its name is not 3 to 63 of a-z, 0-9 and '-'",
                                              s->name, name));
}

void stores_list (struct stores *all, GPtrArray *ret, GPtrArray *faults)
{
    for (guint i = 0; i < all->all->len; i++) {
        struct store *s = all->all->pdata[i];
        g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
        struct error e;
        if (store_buckets (s, names, &e) != ERR_OK)
            g_ptr_array_add (faults, g_strdup (e.message));
        for (guint n = 0; n < names->len; n++) {
            const char *name = names->pdata[n];
            if (!store_bucket_name_is_legal (name)) {
                tell_strange (s, name, faults);
                continue;
            }
            struct store_bucket *b = g_new (struct store_bucket, 1);
            *b = (struct store_bucket){ g_strdup (name), s };
            g_ptr_array_add (ret, b);
        }
    }
    g_ptr_array_sort (ret, compare_buckets);
}
