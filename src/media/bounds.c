/* Dimensions from the index: which datasets have the bucket, and the object's row in them. */
#include "media/bounds.h"

#include <pthread.h>
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "index/files.h"

/* Which datasets have a bucket. */
struct homes {
    GArray *ids; /* int64_t */
    int64_t until_ms;
};

struct bounds {
    struct catalog *catalog;
    struct datasets *datasets;
    pthread_mutex_t lock;
    GHashTable *homes; /* bucket -> struct homes; under the lock */
};

static void free_homes (void *p)
{
    struct homes *h = p;
    g_array_unref (h->ids);
    g_free (h);
}

struct bounds *bounds_new (struct catalog *catalog, struct datasets *datasets)
{
    struct bounds *b = g_new0 (struct bounds, 1);
    b->catalog = catalog;
    b->datasets = datasets;
    b->homes = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, free_homes);
    pthread_mutex_init (&b->lock, NULL);
    return b;
}

void bounds_free (struct bounds *b)
{
    if (!b)
        return;
    g_hash_table_unref (b->homes);
    pthread_mutex_destroy (&b->lock);
    g_free (b);
}

/* NULL: not known, or too long ago. */
static GArray *recall (struct bounds *b, const char *bucket)
{
    pthread_mutex_lock (&b->lock);
    const struct homes *h = g_hash_table_lookup (b->homes, bucket);
    GArray *ids = h && clock_mono_ms () < h->until_ms ? g_array_ref (h->ids) : NULL;
    pthread_mutex_unlock (&b->lock);
    return ids;
}

static void remember (struct bounds *b, const char *bucket, GArray *ids)
{
    struct homes *h = g_new (struct homes, 1);
    *h = (struct homes){ g_array_ref (ids), clock_mono_ms () + LIMIT_MEDIA_BOUND_MS };
    pthread_mutex_lock (&b->lock);
    if (g_hash_table_size (b->homes) >= LIMIT_MEDIA_BOUND)
        g_hash_table_remove_all (b->homes);
    g_hash_table_replace (b->homes, g_strdup (bucket), h);
    pthread_mutex_unlock (&b->lock);
}

static GArray *find_homes (struct bounds *b, const char *bucket)
{
    GArray *ids = recall (b, bucket);
    if (ids)
        return ids;
    g_autoptr (GPtrArray) bindings = NULL;
    ids = g_array_new (FALSE, FALSE, sizeof (int64_t));
    if (catalog_list_all_bindings (b->catalog, &bindings, NULL) != ERR_OK)
        return ids;
    for (guint i = 0; i < bindings->len; i++) {
        const struct binding *one = bindings->pdata[i];
        if (strcmp (one->bucket, bucket) == 0)
            g_array_append_val (ids, one->dataset_id);
    }
    remember (b, bucket, ids);
    return ids;
}

static bool find_dimensions (struct bounds *b, int64_t id, const struct wanted *w,
                             struct file_dimensions *ret)
{
    _cleanup_dataset_ struct dataset_db *db = NULL;
    const struct wanted_object *source = &w->objects[0];
    if (!datasets_has_file (b->datasets, id) || datasets_get (b->datasets, id, &db, NULL) != ERR_OK)
        return false;
    return files_get_dimensions (db, w->bucket, source->key, ret, NULL) == ERR_OK &&
           ret->version.size == source->facts.size &&
           ret->version.mtime_ns == source->facts.mtime_ns &&
           strcmp (ret->version.etag, source->facts.etag) == 0;
}

enum err bounds_check (struct bounds *b, const struct wanted *w, const struct process *p,
                       struct error *e)
{
    g_autoptr (GArray) ids = find_homes (b, w->bucket);
    struct file_dimensions d;
    for (guint i = 0; i < ids->len; i++)
        if (find_dimensions (b, g_array_index (ids, int64_t, i), w, &d))
            return process_check_size (p, d.width, d.height, MAX (d.frames, 1), e);
    return ERR_OK;
}
