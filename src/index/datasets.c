/* The dataset files of a data folder: opened when asked for, kept open a while, removed. One thread
 * moves their logs into them, so that nobody who writes waits for the disk. */
#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>

#include "base/limits.h"
#include "base/queue.h"
#include "base/text.h"
#include "index/dataset_internal.h"

struct datasets {
    pthread_mutex_t lock;
    char *folder;
    GHashTable *files; /* id -> struct dataset_db */
    datasets_notice_fn *notice;
    uint64_t clock;
    pthread_t tidier;
    pthread_cond_t untidy; /* a file is, or they are being closed */
    bool is_closing;
};

static const char *const suffixes[] = { "", "-wal", "-shm" };

/* The id in "ID.db", "ID.db-wal" or "ID.db-shm"; 0 if the name is none of these. */
static int64_t id_of_name (const char *name)
{
    const char *dot = strchr (name, '.');
    if (!dot || strncmp (dot, ".db", 3) != 0)
        return 0;
    g_autofree char *digits = g_strndup (name, (gsize) (dot - name));
    int64_t id = 0;
    for (size_t i = 0; i < N_ELEMENTS (suffixes); i++)
        if (strcmp (dot + 3, suffixes[i]) == 0 && text_parse_i64 (digits, &id))
            return id;
    return 0;
}

static bool is_in (const GArray *ids, int64_t id)
{
    for (guint i = 0; ids && i < ids->len; i++)
        if (g_array_index (ids, int64_t, i) == id)
            return true;
    return false;
}

static enum err sweep (const char *folder, const GArray *keep, struct error *e)
{
    g_autoptr (GError) why = NULL;
    g_autoptr (GDir) dir = g_dir_open (folder, 0, &why);
    if (!dir)
        return FAIL (e, IO, "%s", why->message);
    const char *name;
    while ((name = g_dir_read_name (dir))) {
        int64_t id = id_of_name (name);
        if (id <= 0 || is_in (keep, id))
            continue;
        g_autofree char *path = g_build_filename (folder, name, NULL);
        if (unlink (path) < 0 && errno != ENOENT)
            return FAIL (e, IO, "%s: %s", path, g_strerror (errno));
    }
    return ERR_OK;
}

/* ---- Tidying ---- */

/* A file whose log is long, as a reference, or NULL; with all->lock. */
static struct dataset_db *take_untidy (struct datasets *all)
{
    GHashTableIter iter;
    struct dataset_db *db;
    g_hash_table_iter_init (&iter, all->files);
    while (g_hash_table_iter_next (&iter, NULL, (void **) &db))
        if (db->is_untidy) {
            db->is_untidy = false;
            db->refs++;
            return db;
        }
    return NULL;
}

static void *tidy_all (void *arg)
{
    struct datasets *all = arg;
    pthread_mutex_lock (&all->lock);
    while (!all->is_closing) {
        struct dataset_db *db = take_untidy (all);
        if (!db) {
            pthread_cond_wait (&all->untidy, &all->lock);
            continue;
        }
        pthread_mutex_unlock (&all->lock);
        dataset_db_tidy (db);
        dataset_db_unref (db);
        pthread_mutex_lock (&all->lock);
    }
    pthread_mutex_unlock (&all->lock);
    return NULL;
}

void datasets_tidy_soon (struct dataset_db *db)
{
    struct datasets *all = db->all;
    pthread_mutex_lock (&all->lock);
    db->is_untidy = true;
    pthread_cond_signal (&all->untidy);
    pthread_mutex_unlock (&all->lock);
}

/* ---- All of them ---- */

enum err datasets_open (const char *data_dir, const GArray *keep, struct datasets **ret,
                        struct error *e)
{
    g_autofree char *folder = g_build_filename (data_dir, "datasets", NULL);
    if (mkdir (folder, 0700) < 0 && errno != EEXIST)
        return FAIL (e, IO, "%s: %s", folder, g_strerror (errno));
    enum err r = sweep (folder, keep, e);
    if (r != ERR_OK)
        return r;
    struct datasets *all = g_new0 (struct datasets, 1);
    pthread_mutex_init (&all->lock, NULL);
    all->folder = g_steal_pointer (&folder);
    all->files = g_hash_table_new (g_int64_hash, g_int64_equal);
    pthread_cond_init (&all->untidy, NULL);
    all->tidier = thread_start ("tidy", tidy_all, all);
    *ret = all;
    return ERR_OK;
}

void datasets_set_notice (struct datasets *all, datasets_notice_fn *notice)
{
    all->notice = notice;
}

void datasets_close (struct datasets *all)
{
    if (!all)
        return;
    pthread_mutex_lock (&all->lock);
    all->is_closing = true;
    pthread_cond_signal (&all->untidy);
    pthread_mutex_unlock (&all->lock);
    pthread_join (all->tidier, NULL);
    GHashTableIter iter;
    gpointer value;
    g_hash_table_iter_init (&iter, all->files);
    while (g_hash_table_iter_next (&iter, NULL, &value)) {
        struct dataset_db *db = value;
        assert (!db->refs);
        dataset_db_free (db);
    }
    g_hash_table_unref (all->files);
    pthread_cond_destroy (&all->untidy);
    pthread_mutex_destroy (&all->lock);
    g_free (all->folder);
    g_free (all);
}

static char *path_of (const struct datasets *all, int64_t id)
{
    return g_strdup_printf ("%s/%" G_GINT64_FORMAT ".db", all->folder, id);
}

/* Takes the file that nobody uses and that was used least lately out of the table, if there are too
 * many. Those in use stay, however many: a server needs what it works on. */
static struct dataset_db *take_superfluous (struct datasets *all)
{
    if (g_hash_table_size (all->files) <= LIMIT_OPEN_DATASETS)
        return NULL;
    GHashTableIter iter;
    gpointer value;
    struct dataset_db *least = NULL;
    g_hash_table_iter_init (&iter, all->files);
    while (g_hash_table_iter_next (&iter, NULL, &value)) {
        struct dataset_db *db = value;
        if (!db->refs && (!least || db->last_use < least->last_use))
            least = db;
    }
    if (least)
        g_hash_table_remove (all->files, &least->id);
    return least;
}

/* The entry of the table, with a reference more; made if need be, but not opened. */
static struct dataset_db *find (struct datasets *all, int64_t id)
{
    pthread_mutex_lock (&all->lock);
    struct dataset_db *db = g_hash_table_lookup (all->files, &id);
    if (!db) {
        db = dataset_db_new (id, path_of (all, id));
        db->all = all;
        g_hash_table_insert (all->files, &db->id, db);
    }
    db->refs++;
    db->last_use = ++all->clock;
    struct dataset_db *superfluous = take_superfluous (all);
    pthread_mutex_unlock (&all->lock);
    if (superfluous)
        dataset_db_free (superfluous);
    return db;
}

enum err datasets_get (struct datasets *all, int64_t id, struct dataset_db **ret, struct error *e)
{
    struct dataset_db *db = find (all, id);
    enum err r = ERR_OK;
    pthread_mutex_lock (&db->open_lock);
    if (!db->is_open) {
        r = dataset_db_open (db, e);
        db->is_open = r == ERR_OK;
        if (db->is_open && db->is_made_anew && all->notice)
            all->notice (db->path);
    }
    pthread_mutex_unlock (&db->open_lock);
    if (r != ERR_OK) {
        dataset_db_unref (db);
        return r;
    }
    *ret = db;
    return ERR_OK;
}

void dataset_db_unref (struct dataset_db *db)
{
    if (!db)
        return;
    struct datasets *all = db->all;
    pthread_mutex_lock (&all->lock);
    assert (db->refs);
    bool is_last = --db->refs == 0 && db->is_dropped;
    pthread_mutex_unlock (&all->lock);
    if (is_last)
        dataset_db_free (db);
}

static enum err remove_files (const char *path, struct error *e)
{
    for (size_t i = 0; i < N_ELEMENTS (suffixes); i++) {
        g_autofree char *name = g_strconcat (path, suffixes[i], NULL);
        if (unlink (name) < 0 && errno != ENOENT)
            return FAIL (e, IO, "%s: %s", name, g_strerror (errno));
    }
    return ERR_OK;
}

bool datasets_has_file (const struct datasets *all, int64_t id)
{
    g_autofree char *path = path_of (all, id);
    return access (path, F_OK) == 0 || errno != ENOENT;
}

enum err datasets_drop (struct datasets *all, int64_t id, struct error *e)
{
    if (!datasets_has_file (all, id))
        return ERR_OK;
    g_autofree char *path = path_of (all, id);
    _cleanup_dataset_ struct dataset_db *db = NULL;
    struct dataset_stats stats = { 0 };
    enum err r = datasets_get (all, id, &db, e);
    if (r == ERR_OK)
        r = dataset_stats (db, &stats, e);
    if (r != ERR_OK)
        return r;
    if (stats.file_count)
        return FAIL (e, CONFLICT,
                     "cannot delete when sub resources exist: %" G_GINT64_FORMAT " files",
                     stats.file_count);
    pthread_mutex_lock (&all->lock);
    if (!db->is_dropped)
        g_hash_table_remove (all->files, &id);
    db->is_dropped = true;
    pthread_mutex_unlock (&all->lock);
    return remove_files (path, e);
}
