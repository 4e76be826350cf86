/* The registry of keys: root, read from a file of two lines or configured, and a table of the
 * others, which is replaced as a whole. */
#include "auth/keys.h"

#include <pthread.h>
#include <string.h>

#include "auth/keyfile.h"
#include "base/macros.h"

#define MADE_ID_PREFIX "LTAI"
#define MADE_ID_LEN    24
#define MADE_SECRET    30

struct keys {
    struct principal *root;
    char *path;
    pthread_mutex_t lock; /* of what follows; held for a look-up, or a walk over the table */
    GHashTable *table;    /* id -> struct principal; both the table's */
    GHashTable *unsaved;  /* ids (owned) of keys whose last use nobody took yet */
    _Atomic int64_t next_take_ns;
    atomic_bool has_unsaved; /* so that most calls need no lock */
};

/* ---- The root key ---- */

static enum err save (const struct principal *root, const char *path, struct error *e)
{
    char text[PRINCIPAL_ID_MAX + PRINCIPAL_SECRET_MAX + 64];
    g_snprintf (text, sizeof text, "AccessKeyId=%s\nAccessKeySecret=%s\n", root->id, root->secret);
    enum err r = keyfile_write (path, text, e);
    explicit_bzero (text, sizeof text);
    return r;
}

static enum err make (struct keys *k, struct error *e)
{
    char id[MADE_ID_LEN + 1] = MADE_ID_PREFIX, secret[MADE_SECRET + 1];
    size_t prefix = strlen (MADE_ID_PREFIX);
    enum err r = keyfile_random_word (id + prefix, MADE_ID_LEN - prefix, e);
    if (r == ERR_OK)
        r = keyfile_random_word (secret, MADE_SECRET, e);
    if (r == ERR_OK)
        r = principal_set_key (k->root, id, secret, k->path, e);
    explicit_bzero (secret, sizeof secret);
    return r == ERR_OK ? save (k->root, k->path, e) : r;
}

/* The value of `name=` when it is one of the lines. */
static const char *find_line (char **lines, const char *name)
{
    for (char **line = lines; *line; line++) {
        size_t len = strlen (name);
        if (strncmp (*line, name, len) == 0 && (*line)[len] == '=')
            return g_strstrip (*line + len + 1);
    }
    return NULL;
}

static enum err parse (struct keys *k, char *text, struct error *e)
{
    g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
    const char *id = find_line (lines, "AccessKeyId");
    const char *secret = find_line (lines, "AccessKeySecret");
    enum err r;
    if (!id || !secret)
        r = FAIL (e, INVALID_ARGUMENT,
                  "'%s' needs the lines AccessKeyId= and AccessKeySecret=", k->path);
    else
        r = principal_set_key (k->root, id, secret, k->path, e);
    for (char **line = lines; *line; line++)
        explicit_bzero (*line, strlen (*line));
    return r;
}

static enum err load_or_make (struct keys *k, const char *data, struct error *e)
{
    char text[KEYFILE_MAX + 1];
    k->path = g_build_filename (data, "root-key", NULL);
    enum err r = keyfile_read (k->path, text, e);
    if (r == ERR_NOT_FOUND)
        return make (k, e);
    if (r != ERR_OK)
        return r;
    r = parse (k, text, e);
    explicit_bzero (text, sizeof text);
    return r;
}

/* ---- The registry ---- */

static GHashTable *new_table (void)
{
    return g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify) principal_unref);
}

enum err keys_open (const char *data, const char *id, const char *secret, struct keys **ret,
                    struct error *e)
{
    bool has_id = id && *id, has_secret = secret && *secret;
    if (has_id != has_secret)
        return FAIL (e, INVALID_ARGUMENT, "%s is set without %s",
                     has_id ? "access-key-id" : "access-key-secret",
                     has_id ? "access-key-secret" : "access-key-id");
    struct keys *k = g_new0 (struct keys, 1);
    pthread_mutex_init (&k->lock, NULL);
    k->root = principal_new ();
    k->root->is_root = true;
    enum err r = has_id ? principal_set_key (k->root, id, secret, "access-key-id", e)
                        : load_or_make (k, data, e);
    if (r != ERR_OK) {
        keys_close (k);
        return r;
    }
    k->unsaved = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
    keys_replace (k, NULL);
    *ret = k;
    return ERR_OK;
}

void keys_close (struct keys *k)
{
    if (!k)
        return;
    g_clear_pointer (&k->table, g_hash_table_unref);
    g_clear_pointer (&k->unsaved, g_hash_table_unref);
    principal_unref (k->root);
    pthread_mutex_destroy (&k->lock);
    g_free (k->path);
    g_free (k);
}

enum err keys_find (struct keys *k, const char *id, struct principal **ret, struct error *e)
{
    pthread_mutex_lock (&k->lock);
    struct principal *p = g_hash_table_lookup (k->table, id);
    if (p)
        principal_ref (p);
    pthread_mutex_unlock (&k->lock);
    if (!p)
        return FAIL (e, KEY_NOT_FOUND, "Specified access key is not found.");
    *ret = p;
    return ERR_OK;
}

static void insert (GHashTable *table, struct principal *p)
{
    g_hash_table_replace (table, p->id, principal_ref (p));
}

static void carry_over (GHashTable *old, GHashTable *new_one)
{
    GHashTableIter iter;
    gpointer id, before;
    g_hash_table_iter_init (&iter, old);
    while (g_hash_table_iter_next (&iter, &id, &before)) {
        struct principal *after = g_hash_table_lookup (new_one, id);
        int64_t used_ns = atomic_load (&((struct principal *) before)->used_ns);
        if (after && after != before && used_ns > atomic_load (&after->used_ns))
            atomic_store (&after->used_ns, used_ns);
    }
}

void keys_replace (struct keys *k, const GPtrArray *principals)
{
    GHashTable *table = new_table ();
    for (guint i = 0; principals && i < principals->len; i++)
        insert (table, principals->pdata[i]);
    insert (table, k->root);
    pthread_mutex_lock (&k->lock);
    GHashTable *old = k->table;
    if (old)
        carry_over (old, table);
    k->table = table;
    pthread_mutex_unlock (&k->lock);
    if (old)
        g_hash_table_unref (old);
}

void keys_add (struct keys *k, struct principal *p)
{
    pthread_mutex_lock (&k->lock);
    if (strcmp (p->id, k->root->id) != 0)
        insert (k->table, p);
    pthread_mutex_unlock (&k->lock);
}

static gboolean has_expired (gpointer id UNUSED, gpointer principal, gpointer before_ns)
{
    const struct principal *p = principal;
    return p->is_temporary && p->expires_ns < *(const int64_t *) before_ns;
}

void keys_remove_expired (struct keys *k, int64_t before_ns)
{
    pthread_mutex_lock (&k->lock);
    g_hash_table_foreach_remove (k->table, has_expired, &before_ns);
    pthread_mutex_unlock (&k->lock);
}

/* ---- Last uses ---- */

/* By id: `p` may have been replaced since it was found. */
void keys_note_use (struct keys *k, struct principal *p, int64_t now_ns)
{
    if (p->is_root)
        return;
    pthread_mutex_lock (&k->lock);
    struct principal *current = g_hash_table_lookup (k->table, p->id);
    if (current && now_ns > atomic_load (&current->used_ns)) {
        atomic_store (&current->used_ns, now_ns);
        if (!g_hash_table_contains (k->unsaved, p->id))
            g_hash_table_add (k->unsaved, g_strdup (p->id));
        atomic_store (&k->has_unsaved, true);
    }
    pthread_mutex_unlock (&k->lock);
}

int64_t keys_last_use (struct keys *k, const char *id)
{
    pthread_mutex_lock (&k->lock);
    struct principal *p = g_hash_table_lookup (k->table, id);
    int64_t used_ns = p ? atomic_load (&p->used_ns) : 0;
    pthread_mutex_unlock (&k->lock);
    return used_ns;
}

GArray *keys_take_uses (struct keys *k, int64_t now_ns, int64_t interval_ns)
{
    int64_t due_ns = atomic_load (&k->next_take_ns);
    bool is_due = now_ns >= due_ns || due_ns - now_ns > interval_ns; /* the clock was set back */
    if (!atomic_load (&k->has_unsaved) || !is_due ||
        !atomic_compare_exchange_strong (&k->next_take_ns, &due_ns, now_ns + interval_ns))
        return NULL;
    GArray *uses = g_array_new (FALSE, TRUE, sizeof (struct keys_use));
    GHashTableIter iter;
    gpointer id;
    pthread_mutex_lock (&k->lock);
    g_hash_table_iter_init (&iter, k->unsaved);
    while (g_hash_table_iter_next (&iter, &id, NULL)) {
        struct principal *p = g_hash_table_lookup (k->table, id);
        struct keys_use use = { .used_ns = p ? atomic_load (&p->used_ns) : 0 };
        g_strlcpy (use.id, id, sizeof use.id);
        if (use.used_ns)
            g_array_append_val (uses, use);
    }
    g_hash_table_remove_all (k->unsaved);
    atomic_store (&k->has_unsaved, false);
    pthread_mutex_unlock (&k->lock);
    return uses;
}

const struct principal *keys_root (const struct keys *k)
{
    return k->root;
}

const char *keys_root_path (const struct keys *k)
{
    return k->path;
}
