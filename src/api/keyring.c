/* The registry's contents: what the catalogue has, unsealed and parsed. */
#include "api/keyring.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/keyring_load.h"
#include "auth/keyfile.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/macros.h"

#define SEALED_MAX 1025              /* bytes of a text that is sealed, with its NUL */
#define SETTING    "secret-key-name" /* which key the secrets of the catalogue are sealed under */
#define KEY_LEN    24                /* characters of an AccessKeyId that is made */
#define RETRY_NS   (1 * NS)
#define NS         1000000000ll

struct keyring {
    pthread_mutex_t lock;
    struct catalog *catalog;
    struct keys *keys;
    struct secrets *secrets;
    struct keyring_load load; /* what was read last */
    _Atomic int64_t retry_ns; /* when to read again what could not be read; 0: it was */
    int64_t sweep_ns;         /* when expired keys are looked for again */
};

void keyring_lock (struct keyring *k)
{
    pthread_mutex_lock (&k->lock);
}

void keyring_unlock (struct keyring *k)
{
    pthread_mutex_unlock (&k->lock);
}

void keyring_findings_clear (struct keyring_findings *f)
{
    g_clear_pointer (&f->unreadable, g_ptr_array_unref);
    g_clear_pointer (&f->broken, g_ptr_array_unref);
}

/* ---- The registry ---- */

static enum err reload (struct keyring *k, struct error *e)
{
    struct keyring_load fresh = { 0 };
    enum err r = keyring_load (k->catalog, k->secrets, &fresh, e);
    if (r != ERR_OK) {
        keys_replace (k->keys, NULL);
        atomic_store (&k->retry_ns, clock_now_ns () + RETRY_NS);
        return r;
    }
    keys_replace (k->keys, fresh.principals);
    keyring_load_clear (&k->load);
    k->load = fresh;
    atomic_store (&k->retry_ns, 0);
    return ERR_OK;
}

enum err keyring_changed (struct keyring *k, enum err r, struct error *e)
{
    return r == ERR_OK ? reload (k, e) : r;
}

struct policy_list *keyring_policies (struct keyring *k, int64_t user_id)
{
    return keyring_load_policies (&k->load, user_id);
}

int64_t keyring_last_use (struct keyring *k, const struct access_key *key)
{
    return MAX (key->used_ns, keys_last_use (k->keys, key->id));
}

/* ---- New keys ---- */

/* Expired ones go when they have been told apart for long enough, or at once for want of room. */
static void sweep (struct keyring *k, int64_t now_ns, int64_t keep_ns)
{
    k->sweep_ns = now_ns + LIMIT_USE_SAVE_S * NS;
    if (catalog_delete_expired_keys (k->catalog, now_ns - keep_ns, NULL) == ERR_OK)
        keys_remove_expired (k->keys, now_ns - keep_ns);
}

static enum err create (struct keyring *k, struct access_key *key, struct error *e)
{
    unsigned max = key->expires_ns ? LIMIT_TEMPORARY_KEYS : LIMIT_USER_KEYS;
    enum err r = catalog_create_key (k->catalog, key, max, e);
    if (r != ERR_LIMIT || !key->expires_ns)
        return r;
    sweep (k, clock_now_ns (), 0);
    return catalog_create_key (k->catalog, key, max, e);
}

static enum err make_words (const char *prefix, char id[KEY_LEN + 1], char *secret, struct error *e)
{
    size_t len = g_strlcpy (id, prefix, KEY_LEN + 1);
    enum err r = keyfile_random_word (id + len, KEY_LEN - len, e);
    return r == ERR_OK ? keyfile_random_word (secret, KEYRING_SECRET_LEN, e) : r;
}

static enum err add (struct keyring *k, const struct user *u, struct access_key *key,
                     const char *secret, struct error *e)
{
    enum err r = secrets_seal (k->secrets, key->id, secret, &key->secret, e);
    if (r == ERR_OK)
        r = create (k, key, e);
    if (r != ERR_OK)
        return r;
    _cleanup_principal_ struct principal *p = NULL;
    r = keyring_load_principal (&k->load, u, key, secret, &p, e);
    if (r == ERR_OK)
        keys_add (k->keys, p);
    return r;
}

enum err keyring_add (struct keyring *k, const struct user *u, const char *prefix,
                      struct access_key *key, char ret_secret[KEYRING_SECRET_LEN + 1],
                      struct error *e)
{
    char id[KEY_LEN + 1], secret[KEYRING_SECRET_LEN + 1];
    int64_t now_ns = clock_now_ns ();
    if (now_ns >= k->sweep_ns)
        sweep (k, now_ns, LIMIT_EXPIRED_KEEP_S * NS);
    enum err r = make_words (prefix, id, secret, e);
    if (r == ERR_OK) {
        key->id = g_strdup (id);
        key->user_id = u->id;
        key->is_active = true;
        r = add (k, u, key, secret, e);
    }
    if (r == ERR_OK)
        memcpy (ret_secret, secret, sizeof secret);
    explicit_bzero (secret, sizeof secret);
    return r;
}

/* ---- The key of the secrets ---- */

static enum err seal_again (const struct secrets *old, const struct secrets *next,
                            struct access_key *key, struct error *e)
{
    char secret[PRINCIPAL_SECRET_MAX + 1];
    GBytes *sealed = NULL;
    enum err r = secrets_unseal (old, key->id, key->secret, secret, sizeof secret, e);
    if (r == ERR_OK)
        r = secrets_seal (next, key->id, secret, &sealed, e);
    explicit_bzero (secret, sizeof secret);
    if (r != ERR_OK)
        return r;
    g_bytes_unref (key->secret);
    key->secret = sealed;
    return ERR_OK;
}

static enum err seal_all (struct keyring *k, const struct secrets *next, int64_t *ret_sealed,
                          struct error *e)
{
    g_autoptr (GPtrArray) keys = NULL;
    enum err r = catalog_list_all_keys (k->catalog, &keys, e);
    for (guint i = 0; r == ERR_OK && i < keys->len; i++)
        r = seal_again (k->secrets, next, keys->pdata[i], e);
    if (r == ERR_OK)
        r = catalog_replace_secrets (k->catalog, keys, SETTING, secrets_name (next), e);
    if (r == ERR_OK)
        *ret_sealed = keys->len;
    return r;
}

/* After a commit that failed, nobody knows which key the catalogue is of: the file has both. */
static enum err check_settled (struct keyring *k, struct error *e)
{
    g_autofree char *name = NULL;
    enum err r = catalog_get_setting (k->catalog, SETTING, &name, e);
    if (r == ERR_OK && strcmp (name, secrets_name (k->secrets)) != 0)
        return FAIL (e, CONFLICT,
                     "The secret key was changed, and then something failed: start the server "
                     "again before another change.");
    return r;
}

enum err keyring_renew (struct keyring *k, int64_t *ret_sealed, struct error *e)
{
    struct secrets *next = NULL;
    enum err r = check_settled (k, e);
    if (r == ERR_OK)
        r = secrets_renew (k->secrets, &next, e);
    if (r == ERR_OK)
        r = seal_all (k, next, ret_sealed, e);
    if (r != ERR_OK) {
        secrets_close (next);
        return r;
    }
    secrets_close (k->secrets);
    k->secrets = next;
    struct error why;
    if (secrets_settle (next, &why) != ERR_OK)
        return FAIL (e, IO, "it is changed, but the file still has the old key, too: %s",
                     why.message);
    return ERR_OK;
}

/* A link stays one: the file that it leads to is read and written. */
static char *find_file (const struct keyring_options *o)
{
    if (!o->secret_key_file || !*o->secret_key_file)
        return g_build_filename (o->data, "secret-key", NULL);
    char *real = realpath (o->secret_key_file, NULL);
    char *path = g_strdup (real ? real : o->secret_key_file);
    free (real);
    return path;
}

static enum err explain_loss (unsigned n_keys, const struct error *why, struct error *e)
{
    return FAIL (e, INVALID_ARGUMENT,
                 "the secrets of the users' access keys (%u) cannot be read: %s. Put the file back "
                 "from a copy. If it is lost for good, start once with --secret-key-lost: this "
                 "deletes these access keys, users and policies stay, and CreateAccessKey makes "
                 "new ones. The root key does not depend on it",
                 n_keys, why->message);
}

/* With the key that the file has, or a new one; a damaged file stays beside it. */
static enum err start_anew (const char *path, struct secrets **ret, struct error *e)
{
    enum err r = secrets_open (path, NULL, ret, e);
    if (r != ERR_INVALID_ARGUMENT)
        return r;
    g_autofree char *aside = g_strconcat (path, ".damaged", NULL);
    if (rename (path, aside) < 0)
        return FAIL (e, IO, "cannot rename '%s': %s", path, g_strerror (errno));
    return secrets_open (path, NULL, ret, e);
}

static enum err open_secrets (struct keyring *k, const struct keyring_options *o, unsigned n_keys,
                              int64_t *ret_deleted, struct error *e)
{
    g_autofree char *path = find_file (o), *name = NULL;
    struct error why;
    enum err r = catalog_get_setting (k->catalog, SETTING, &name, &why);
    if (r == ERR_OK || r == ERR_NOT_FOUND)
        r = secrets_open (path, n_keys ? name : NULL, &k->secrets, &why);
    bool is_lost = n_keys && (r == ERR_NOT_FOUND || r == ERR_INVALID_ARGUMENT);
    if (is_lost && !o->is_secret_key_lost)
        return explain_loss (n_keys, &why, e);
    if (is_lost)
        r = catalog_delete_all_keys (k->catalog, ret_deleted, &why);
    if (is_lost && r == ERR_OK)
        r = start_anew (path, &k->secrets, &why);
    if (r == ERR_OK && g_strcmp0 (name, secrets_name (k->secrets)) != 0)
        r = catalog_set_setting (k->catalog, SETTING, secrets_name (k->secrets), &why);
    if (r != ERR_OK && e)
        *e = why;
    return r;
}

/* ---- Start and end ---- */

static enum err start (struct keyring *k, const struct keyring_options *o, int64_t *ret_deleted,
                       struct error *e)
{
    g_autoptr (GPtrArray) keys = NULL;
    enum err r = catalog_list_all_keys (k->catalog, &keys, e);
    if (r == ERR_OK)
        r = open_secrets (k, o, keys->len, ret_deleted, e);
    return r == ERR_OK ? reload (k, e) : r;
}

enum err keyring_open (const struct keyring_options *o, struct keyring **ret,
                       struct keyring_findings *ret_findings, struct error *e)
{
    struct keyring *k = g_new0 (struct keyring, 1);
    int64_t deleted = 0;
    pthread_mutex_init (&k->lock, NULL);
    k->catalog = o->catalog;
    k->keys = o->keys;
    enum err r = start (k, o, &deleted, e);
    if (r != ERR_OK) {
        keyring_close (k);
        return r;
    }
    *ret_findings = (struct keyring_findings){ g_ptr_array_ref (k->load.unreadable),
                                               g_ptr_array_ref (k->load.broken), deleted };
    *ret = k;
    return ERR_OK;
}

static void save_uses (struct keyring *k, int64_t now_ns, int64_t interval_ns)
{
    g_autoptr (GArray) uses = keys_take_uses (k->keys, now_ns, interval_ns);
    if (!uses || !uses->len)
        return;
    g_autoptr (GPtrArray) rows = g_ptr_array_new_with_free_func (access_key_free);
    for (guint i = 0; i < uses->len; i++) {
        const struct keys_use *use = &g_array_index (uses, struct keys_use, i);
        struct access_key *row = g_new0 (struct access_key, 1);
        row->id = g_strdup (use->id);
        row->used_ns = use->used_ns;
        g_ptr_array_add (rows, row);
    }
    enum err ignored = catalog_set_key_uses (k->catalog, rows, NULL);
    (void) ignored; /* the registry still has them, and a later use writes its own time */
}

void keyring_tick (struct keyring *k, int64_t now_ns)
{
    if (!k)
        return;
    save_uses (k, now_ns, LIMIT_USE_SAVE_S * NS);
    int64_t retry_ns = atomic_load (&k->retry_ns);
    if (!retry_ns || now_ns < retry_ns)
        return;
    KEYRING_LOCK (k);
    if (atomic_load (&k->retry_ns) != retry_ns)
        return;
    enum err ignored = reload (k, NULL);
    (void) ignored; /* it is tried again then */
}

enum err keyring_seal (struct keyring *k, const char *what, const char *text, char **ret,
                       struct error *e)
{
    g_autoptr (GBytes) sealed = NULL;
    KEYRING_LOCK (k);
    enum err r = secrets_seal (k->secrets, what, text, &sealed, e);
    if (r != ERR_OK)
        return r;
    gsize len;
    const void *bytes = g_bytes_get_data (sealed, &len);
    char *code = g_base64_encode (bytes, len);
    *ret = g_strdelimit (g_strdelimit (g_strdelimit (code, "+", '-'), "/", '_'), "=", '.');
    return ERR_OK;
}

enum err keyring_unseal (struct keyring *k, const char *what, const char *sealed, char **ret,
                         struct error *e)
{
    char text[SEALED_MAX];
    gsize len;
    g_autofree char *code = g_strdup (sealed);
    g_strdelimit (g_strdelimit (g_strdelimit (code, "-", '+'), "_", '/'), ".", '=');
    guchar *raw = g_base64_decode (code, &len);
    g_autoptr (GBytes) bytes = g_bytes_new_take (raw, len);
    KEYRING_LOCK (k);
    enum err r = secrets_unseal (k->secrets, what, bytes, text, sizeof text, e);
    if (r == ERR_OK)
        *ret = g_strdup (text);
    return r;
}

void keyring_close (struct keyring *k)
{
    if (!k)
        return;
    save_uses (k, INT64_MAX, 0);
    keyring_load_clear (&k->load);
    secrets_close (k->secrets);
    pthread_mutex_destroy (&k->lock);
    g_free (k);
}
