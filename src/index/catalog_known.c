/* Rows of the catalogue that were read, kept until it changes. Every call asks for its project and
 * its dataset, and they hardly ever change: so most calls need neither the session nor its lock. */
#include "base/limits.h"
#include "index/catalog_internal.h"

struct known {
    void *row;
    GDestroyNotify free_row;
};

static void known_free (void *arg)
{
    struct known *k = arg;
    k->free_row (k->row);
    g_free (k);
}

void catalog_known_init (struct catalog *c)
{
    pthread_rwlock_init (&c->known_lock, NULL);
    c->known = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, known_free);
}

void catalog_known_clear (struct catalog *c)
{
    g_hash_table_unref (c->known);
    pthread_rwlock_destroy (&c->known_lock);
}

void *catalog_recall (struct catalog *c, const char *key, catalog_copy_fn *copy)
{
    pthread_rwlock_rdlock (&c->known_lock);
    const struct known *k = g_hash_table_lookup (c->known, key);
    void *row = k ? copy (k->row) : NULL;
    pthread_rwlock_unlock (&c->known_lock);
    return row;
}

void catalog_keep (struct catalog *c, const char *key, const void *row, catalog_copy_fn *copy,
                   GDestroyNotify free_row)
{
    struct known *k = g_new0 (struct known, 1);
    *k = (struct known){ copy (row), free_row };
    pthread_rwlock_wrlock (&c->known_lock);
    if (g_hash_table_size (c->known) >= LIMIT_CATALOG_KNOWN)
        g_hash_table_remove_all (c->known);
    g_hash_table_replace (c->known, g_strdup (key), k);
    pthread_rwlock_unlock (&c->known_lock);
}

void catalog_forget (struct catalog *c)
{
    pthread_rwlock_wrlock (&c->known_lock);
    g_hash_table_remove_all (c->known);
    pthread_rwlock_unlock (&c->known_lock);
}
