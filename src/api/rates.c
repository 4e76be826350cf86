/* A bucket is the time when it will be full again, and nothing more. */
#include "api/rates.h"

#include <pthread.h>
#include <glib.h>

#include "base/limits.h"

#define NS INT64_C (1000000000)
#define MS INT64_C (1000000)

/* Of users, of addresses or of projects. */
struct buckets {
    int64_t per_s;       /* 0: no limit */
    GHashTable *full_ns; /* name -> when it is full again */
};

struct rates {
    pthread_mutex_t lock;
    struct buckets users, addresses, projects;
};

static struct buckets buckets_new (int64_t per_s)
{
    return (struct buckets){ per_s,
                             g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free) };
}

struct rates *rates_new (const struct config *config)
{
    struct rates *r = g_new0 (struct rates, 1);
    pthread_mutex_init (&r->lock, NULL);
    r->users = buckets_new (config->user_requests_per_second);
    r->addresses = buckets_new (config->user_requests_per_second);
    r->projects = buckets_new (config->project_queries_per_second);
    return r;
}

void rates_free (struct rates *r)
{
    if (!r)
        return;
    g_hash_table_unref (r->users.full_ns);
    g_hash_table_unref (r->addresses.full_ns);
    g_hash_table_unref (r->projects.full_ns);
    pthread_mutex_destroy (&r->lock);
    g_free (r);
}

static gboolean is_full (void *name, void *value, void *now_ns)
{
    (void) name;
    return *(const int64_t *) value <= *(const int64_t *) now_ns;
}

/* Those for whom there is no room share one. */
static int64_t *find (struct buckets *b, const char *name, int64_t now_ns)
{
    int64_t *full_ns = g_hash_table_lookup (b->full_ns, name);
    if (full_ns)
        return full_ns;
    if (g_hash_table_size (b->full_ns) >= LIMIT_RATE_BUCKETS)
        g_hash_table_foreach_remove (b->full_ns, is_full, &now_ns);
    if (g_hash_table_size (b->full_ns) >= LIMIT_RATE_BUCKETS && *name)
        return find (b, "", now_ns);
    full_ns = g_new0 (int64_t, 1);
    g_hash_table_insert (b->full_ns, g_strdup (name), full_ns);
    return full_ns;
}

/* Takes one token; else how long until there is one. A clock that was set back fills the bucket. */
static bool take (struct buckets *b, const char *name, int64_t now_ns, int64_t *ret_wait_ns)
{
    int64_t burst_ns = RATES_BURST_S * NS, token_ns = NS / b->per_s;
    int64_t *full_ns = find (b, name, now_ns);
    if (*full_ns < now_ns || *full_ns > now_ns + burst_ns)
        *full_ns = now_ns;
    *ret_wait_ns = *full_ns + token_ns - (now_ns + burst_ns);
    if (*ret_wait_ns > 0)
        return false;
    *full_ns += token_ns;
    return true;
}

static enum err count (struct rates *r, struct buckets *b, const char *what, const char *name,
                       int64_t now_ns, int64_t *ret_retry_ms, struct error *e)
{
    int64_t wait_ns;
    if (!b->per_s)
        return ERR_OK;
    pthread_mutex_lock (&r->lock);
    bool is_taken = take (b, name, now_ns, &wait_ns);
    pthread_mutex_unlock (&r->lock);
    if (is_taken)
        return ERR_OK;
    *ret_retry_ms = MAX (1, (wait_ns + MS - 1) / MS);
    return FAIL (e, THROTTLED,
                 "Request was denied due to user flow control: %s asks more than "
                 "%" G_GINT64_FORMAT " times a second.",
                 what, b->per_s);
}

enum err rates_take_user (struct rates *r, const struct principal *who, int64_t now_ns,
                          int64_t *ret_retry_ms, struct error *e)
{
    if (!r || !who->user_id)
        return ERR_OK;
    return count (r, &r->users, "the user", who->user_id, now_ns, ret_retry_ms, e);
}

enum err rates_take_address (struct rates *r, const char *address, int64_t now_ns,
                             int64_t *ret_retry_ms, struct error *e)
{
    if (!r)
        return ERR_OK;
    return count (r, &r->addresses, "who does not sign, at this address,", address, now_ns,
                  ret_retry_ms, e);
}

enum err rates_take_project (struct rates *r, const struct principal *who, const char *project,
                             int64_t now_ns, int64_t *ret_retry_ms, struct error *e)
{
    if (!r || !who->user_id || !project)
        return ERR_OK;
    return count (r, &r->projects, "this project's users", project, now_ns, ret_retry_ms, e);
}
