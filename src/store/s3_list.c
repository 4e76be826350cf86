/* Listings of remote stores, page after page: the next one is under way while the caller works on
 * the last. */
#include <assert.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/text.h"
#include "store/filter.h"
#include "store/s3_private.h"

#define STOP_LOOK_MS 100 /* how often a listing that waits asks whether it shall stop */

/* ---- A page under way: who waits for it may leave before it comes ---- */

struct pending {
    pthread_mutex_t lock;
    pthread_cond_t came;
    unsigned refs; /* the listing's, and the fetch thread's until it came */
    bool is_done;
    size_t max;
    struct client_response response; /* no headers */
};

static struct pending *pending_new (size_t max)
{
    struct pending *p = g_new0 (struct pending, 1);
    pthread_condattr_t attributes;
    pthread_condattr_init (&attributes);
    pthread_condattr_setclock (&attributes, CLOCK_MONOTONIC);
    pthread_cond_init (&p->came, &attributes);
    pthread_condattr_destroy (&attributes);
    pthread_mutex_init (&p->lock, NULL);
    p->refs = 2;
    p->max = max;
    return p;
}

static void pending_unref (struct pending *p)
{
    if (!p)
        return;
    pthread_mutex_lock (&p->lock);
    bool is_last = --p->refs == 0;
    pthread_mutex_unlock (&p->lock);
    if (!is_last)
        return;
    g_clear_pointer (&p->response.body, g_byte_array_unref);
    pthread_cond_destroy (&p->came);
    pthread_mutex_destroy (&p->lock);
    g_free (p);
}

static void page_came (void *arg, struct client_response *r)
{
    struct pending *p = arg;
    pthread_mutex_lock (&p->lock);
    p->response = *r;
    p->response.headers = NULL;
    p->response.n_headers = 0;
    p->response.memory = NULL;
    r->body = NULL;
    p->is_done = true;
    pthread_cond_signal (&p->came);
    pthread_mutex_unlock (&p->lock);
    pending_unref (p);
}

static void wait_a_little (struct pending *p)
{
    struct timespec until;
    clock_gettime (CLOCK_MONOTONIC, &until);
    until.tv_nsec += STOP_LOOK_MS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    pthread_cond_timedwait (&p->came, &p->lock, &until);
}

/* ---- Listing ---- */

struct s3_listing {
    struct store_listing base;
    struct store_s3 *store;
    const struct store_filter *filter; /* NULL: all keys */
    char *bucket;                      /* as the store names it */
    char *name;                        /* as it is served */
    char *before, *mark;               /* everything up to `mark` was seen; NULL: nothing */
    char *token;                       /* goes on where no key says where; NULL: after `mark` */
    const struct store_list_hooks *hooks;
    unsigned empty_pages;
    bool has_begun, has_more; /* has_more: than the caller knows of */
    struct pending *pending;
};

static const struct store_ops listing_ops = { .list_next = s3_list_next,
                                              .list_close = s3_list_close };

static bool is_stopped (const struct s3_listing *l)
{
    return l->hooks && l->hooks->is_stopped && l->hooks->is_stopped (l->hooks->arg);
}

/* Asks for the next page. */
static enum err ask (struct s3_listing *l, size_t max, struct error *e)
{
    char count[24];
    g_snprintf (count, sizeof count, "%zu", max);
    struct sign_pair query[5] = { { "list-type", "2" },
                                  { "encoding-type", "url" },
                                  { "max-keys", count } };
    size_t n = 3;
    if (l->mark && *l->mark)
        query[n++] = (struct sign_pair){ "start-after", l->mark };
    if (l->token)
        query[n++] = (struct sign_pair){ "continuation-token", l->token };
    struct pending *p = pending_new (max);
    const struct client_request request = {
        .method = "GET",
        .bucket = l->bucket,
        .query = query,
        .n_query = n,
        .expect = CLIENT_XML,
        .done = page_came,
        .arg = p,
    };
    enum err r = client_submit (l->store->client, &request, e);
    if (r == ERR_OK) {
        l->pending = p;
    } else {
        pending_unref (p);
        pending_unref (p);
    }
    return r;
}

static void drop_pending (struct s3_listing *l)
{
    pending_unref (l->pending);
    l->pending = NULL;
}

/* Waits for the page, unless the listing shall stop. */
static enum err await (struct s3_listing *l, struct error *e)
{
    struct pending *p = l->pending;
    pthread_mutex_lock (&p->lock);
    bool stopped = false;
    while (!p->is_done && !stopped) {
        wait_a_little (p);
        stopped = !p->is_done && is_stopped (l);
    }
    pthread_mutex_unlock (&p->lock);
    if (stopped)
        return FAIL (e, CLOSED, "the listing was stopped");
    return p->response.code == ERR_OK
               ? ERR_OK
               : error_set (e, p->response.code, NULL, __FILE__, __LINE__, "store '%s': %s",
                            l->store->base.name, p->response.message);
}

static void set_text (char **to, const char *text)
{
    char *copy = g_strdup (text);
    g_free (*to);
    *to = copy;
}

/* What is wrong with a key, or NULL. */
static const char *key_fault (const struct s3_entry *entry)
{
    if (entry->len > LIMIT_KEY_MAX)
        return "its key is too long";
    return text_is_utf8 (entry->key, entry->len) ? NULL : "its key is not UTF-8, or has a NUL";
}

/* Moves one entry into the page. False: it lies behind the end of the listing. */
static bool add (struct s3_listing *l, const struct s3_entry *entry, struct store_page *page)
{
    const char *fault = key_fault (entry);
    if (fault) {
        store_page_add_reject (page, entry->key, entry->len, fault);
        return true;
    }
    if (l->before && strcmp (entry->key, l->before) >= 0)
        return false;
    set_text (&l->mark, entry->key);
    if (s3_is_marker (entry->key, entry->facts.size) || !store_filter_takes (l->filter, entry->key))
        return true;
    struct store_object o = { .key = g_string_chunk_insert (page->keys, entry->key),
                              .facts = entry->facts };
    g_array_append_val (page->objects, o);
    return true;
}

/* The next page begins after the last key, if that can be sent; else where the store says. */
static enum err find_next (struct s3_listing *l, const struct s3_page *p, struct error *e)
{
    guint n = p->entries->len;
    const struct s3_entry *last = n ? &g_array_index (p->entries, struct s3_entry, n - 1) : NULL;
    l->empty_pages = n ? 0 : l->empty_pages + 1;
    if (last && !key_fault (last)) {
        g_clear_pointer (&l->token, g_free);
        return ERR_OK;
    }
    if (!p->token || g_strcmp0 (p->token, l->token) == 0)
        return FAIL (e, STORE_DOWN, "the page is not the last, but nothing leads on from it");
    if (l->empty_pages > LIMIT_STORE_EMPTY_PAGES)
        return FAIL (e, STORE_DOWN, "more than %d pages without a key came",
                     LIMIT_STORE_EMPTY_PAGES);
    set_text (&l->token, p->token);
    return ERR_OK;
}

static enum err take_page (struct s3_listing *l, const GByteArray *body, struct store_page *page,
                           struct error *e)
{
    struct s3_page p;
    enum err r = s3_page_read (body ? body->data : NULL, body ? body->len : 0, &p, e);
    const struct s3_asked asked = { l->bucket, l->mark, l->pending->max };
    if (r == ERR_OK)
        r = s3_page_check (&p, &asked, e);
    bool is_inside = true;
    for (guint i = 0; r == ERR_OK && i < p.entries->len && is_inside; i++)
        is_inside = add (l, &g_array_index (p.entries, struct s3_entry, i), page);
    page->is_last = r == ERR_OK && (!is_inside || !p.is_truncated);
    if (r == ERR_OK && !page->is_last)
        r = find_next (l, &p, e);
    if (r == ERR_OK && !page->is_last)
        page->upto = g_strdup (l->mark ? l->mark : "");
    s3_page_clear (&p);
    return r;
}

/* How many keys are asked for at once. If the caller knows where the listing ends, those until then
 * and the one behind them, which says so; once there were others, whole pages. */
static size_t page_size (const struct s3_listing *l)
{
    const struct store_list_hooks *h = l->hooks;
    size_t known = 0;
    if (l->before && h && h->count_known && !l->has_more)
        known = h->count_known (h->arg, l->mark, LIMIT_STORE_PAGE);
    return known ? MIN (known + 1, LIMIT_STORE_PAGE) : LIMIT_STORE_PAGE;
}

static enum err next_page (struct s3_listing *l, size_t max, struct store_page *page,
                           struct error *e)
{
    if (l->pending && l->pending->max > max)
        drop_pending (l);
    enum err r = l->pending ? ERR_OK : ask (l, MIN (max, page_size (l)), e);
    if (r == ERR_OK)
        r = await (l, e);
    if (r != ERR_OK)
        return r;
    struct error why;
    r = take_page (l, l->pending->response.body, page, &why);
    if (r != ERR_OK)
        return s3_blame (l->store, l->name, &why, e);
    l->has_more = l->has_more || l->pending->max < MIN (max, LIMIT_STORE_PAGE);
    drop_pending (l);
    /* Whoever takes whole pages will want the next. */
    return page->is_last || max < LIMIT_STORE_PAGE ? ERR_OK : ask (l, page_size (l), e);
}

enum err s3_list_next (struct store_listing *listing, size_t max, struct store_page *page,
                       struct error *e)
{
    struct s3_listing *l = (struct s3_listing *) listing;
    enum err r =
        is_stopped (l) ? FAIL (e, CLOSED, "the listing was stopped") : next_page (l, max, page, e);
    if (r == ERR_OK && !l->has_begun)
        r = s3_mounts (&l->store->base, l->name, page->mounts, e);
    l->has_begun = true;
    return r;
}

void s3_list_close (struct store_listing *listing)
{
    struct s3_listing *l = (struct s3_listing *) listing;
    drop_pending (l);
    g_free (l->bucket);
    g_free (l->name);
    g_free (l->before);
    g_free (l->mark);
    g_free (l->token);
    g_free (l);
}

/* ---- Identity ---- */

/* Endpoint and bucket are what a bound bucket is known by. */
enum err s3_mounts (struct store *store, const char *bucket, GPtrArray *ret, struct error *e)
{
    const struct store_s3 *s = (const struct store_s3 *) store;
    const char *name;
    enum err r = s3_bucket (s, bucket, &name, e);
    if (r != ERR_OK)
        return r;
    g_autofree char *text = g_strdup_printf ("%s/%s", s->host, name);
    char hex[SIGN_HEX_SIZE];
    sign_sha256 (text, strlen (text), hex);
    struct store_mount *m = g_new0 (struct store_mount, 1);
    m->prefix = g_strdup ("");
    for (int i = 0; i < 15; i++) /* 60 bits: never negative where numbers are signed */
        m->fsid = m->fsid * 16 + (uint64_t) g_ascii_xdigit_value (hex[i]);
    g_ptr_array_add (ret, m);
    return ERR_OK;
}

static enum err check_identity (struct store *s, const char *bucket, const GPtrArray *known,
                                struct error *e)
{
    g_autoptr (GPtrArray) now = g_ptr_array_new_with_free_func (store_mount_free);
    enum err r = s3_mounts (s, bucket, now, e);
    if (r != ERR_OK)
        return r;
    for (guint i = 0; known && i < known->len; i++) {
        const struct store_mount *m = known->pdata[i];
        if (!*m->prefix && store_mount_is_changed (m, now->pdata[0]))
            return FAIL (e, STORE_CHANGED,
                         "bucket '%s' is not in the store in which it was bound, but in store '%s'",
                         bucket, s->name);
    }
    return ERR_OK;
}

enum err s3_list_open (struct store *store, const char *bucket, const char *after,
                       const char *before, const struct store_list_hooks *hooks,
                       struct store_listing **ret, struct error *e)
{
    struct store_s3 *s = (struct store_s3 *) store;
    const char *name;
    enum err r = s3_bucket (s, bucket, &name, e);
    if (r == ERR_OK)
        r = check_identity (store, bucket, hooks ? hooks->known_mounts : NULL, e);
    if (r != ERR_OK)
        return r;
    struct s3_listing *l = g_new0 (struct s3_listing, 1);
    *l = (struct s3_listing){
        .base.ops = &listing_ops,
        .store = s,
        .filter = g_hash_table_lookup (s->filters, bucket),
        .bucket = g_strdup (name),
        .name = g_strdup (bucket),
        .before = g_strdup (before),
        .mark = g_strdup (after),
        .hooks = hooks,
    };
    *ret = &l->base;
    return ERR_OK;
}
