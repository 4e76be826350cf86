/* Remote stores: what differs between the protocols, names of buckets, checks, and the making of
 * stores. Listings are in s3_list.c, objects in s3_object.c and s3_fetch.c. */
#include "store/s3_private.h"

#include <string.h>

#include "store/filter.h"
#include "store/s3_xml.h"

static const struct s3_dialect dialects[] = {
    { .kind = "s3",
      .scheme = SIGN_S3,
      .prefix = "x-amz-",
      .default_class = "STANDARD",
      .page_size = "max-buckets",
      .page_from = "continuation-token",
      .page_next = "ContinuationToken",
      .has_head_bucket = true },
    { .kind = "oss",
      .scheme = SIGN_OSS4,
      .prefix = "x-oss-",
      .page_size = "max-keys",
      .page_from = "marker",
      .page_next = "NextMarker",
      .virtual_suffix = ".aliyuncs.com" },
};

static const struct s3_dialect *find_dialect (const char *kind)
{
    for (size_t i = 0; i < N_ELEMENTS (dialects); i++)
        if (strcmp (dialects[i].kind, kind) == 0)
            return &dialects[i];
    return NULL;
}

/* ---- What the files share ---- */

enum err s3_call (const struct store_s3 *s, const struct client_request *request,
                  struct client_response *ret, struct error *e)
{
    struct error why;
    enum err r = client_call (s->client, request, ret, &why);
    return r == ERR_OK ? r
                       : error_set (e, r, NULL, why.file, why.line, "store '%s': %s", s->base.name,
                                    why.message);
}

enum err s3_blame (const struct store_s3 *s, const char *bucket, const struct error *why,
                   struct error *e)
{
    return error_set (e, why->code, NULL, why->file, why->line, "store '%s': bucket '%s': %s",
                      s->base.name, bucket, why->message);
}

static bool is_served (const struct store_s3 *s, const char *bucket)
{
    if (g_hash_table_contains (s->aliased, bucket))
        return false;
    return !s->buckets || g_strv_contains ((const char *const *) s->buckets, bucket);
}

enum err s3_bucket (const struct store_s3 *s, const char *name, const char **ret, struct error *e)
{
    const char *bucket = g_hash_table_lookup (s->aliases, name);
    if (!bucket && is_served (s, name))
        bucket = name;
    if (!bucket)
        return FAIL (e, NO_BUCKET, "the store '%s' serves no bucket '%s'", s->base.name, name);
    *ret = bucket;
    return ERR_OK;
}

static const char *s3_own_name (struct store *store, const char *bucket)
{
    const char *name;
    return s3_bucket ((struct store_s3 *) store, bucket, &name, NULL) == ERR_OK ? name : bucket;
}

/* ---- Checking ---- */

/* Asks for the first key: whoever may do that may list. */
static enum err look_inside (struct store_s3 *s, const char *bucket, uint32_t wait_ms,
                             struct error *e)
{
    const struct sign_pair query[] = { { "list-type", "2" }, { "max-keys", "1" } };
    const struct client_request request = {
        .method = "GET",
        .bucket = bucket,
        .query = query,
        .n_query = N_ELEMENTS (query),
        .expect = CLIENT_XML,
        .is_urgent = true,
        .deadline_ms = wait_ms,
    };
    _cleanup_response_ struct client_response answer;
    return s3_call (s, &request, &answer, e);
}

static enum err look_at (struct store_s3 *s, const char *bucket, uint32_t wait_ms, struct error *e)
{
    const struct client_request request = {
        .method = "HEAD", .bucket = bucket, .is_urgent = true, .deadline_ms = wait_ms
    };
    if (!s->dialect->has_head_bucket)
        return look_inside (s, bucket, wait_ms, e);
    _cleanup_response_ struct client_response answer;
    return s3_call (s, &request, &answer, e);
}

static enum err s3_check (struct store *store, const char *bucket, uint32_t wait_ms,
                          struct error *e)
{
    struct store_s3 *s = (struct store_s3 *) store;
    const char *name;
    enum err r = s3_bucket (s, bucket, &name, e);
    if (r == ERR_OK)
        r = look_at (s, name, wait_ms, e);
    if (r != ERR_OK || !s->region)
        return r;
    g_autofree char *region = client_region (s->client, name);
    if (strcmp (region, s->region) == 0)
        return ERR_OK;
    return FAIL_ON (e, NO_BUCKET, "region",
                    "bucket '%s' is in region '%s', but the store '%s' serves region '%s'", bucket,
                    region, s->base.name, s->region);
}

/* ---- Buckets ---- */

struct bucket_list {
    const struct store_s3 *store;
    GPtrArray *names;
    char *next; /* where the next page begins; NULL: there is none */
    bool is_last;
};

static enum err take_bucket (void *arg, const char *path, const char *text, struct error *e)
{
    struct bucket_list *l = arg;
    if (strcmp (path, "Buckets/Bucket/Name") == 0) {
        if (l->names->len >= LIMIT_STORE_LISTED)
            return FAIL (e, STORE_DOWN, "there are more than %d buckets", LIMIT_STORE_LISTED);
        if (is_served (l->store, text))
            g_ptr_array_add (l->names, g_strdup (text));
    } else if (strcmp (path, l->store->dialect->page_next) == 0) {
        g_free (l->next);
        l->next = *text ? g_strdup (text) : NULL;
    } else if (strcmp (path, "IsTruncated") == 0) {
        l->is_last = strcmp (text, "false") == 0;
    }
    return ERR_OK;
}

/* Reads the page that begins at l->next and sets l->next to where the one after it does. */
static enum err list_page (struct store_s3 *s, struct bucket_list *l, struct error *e)
{
    const struct sign_pair query[] = { { s->dialect->page_size, "1000" },
                                       { s->dialect->page_from, l->next } };
    const struct client_request request = {
        .method = "GET",
        .query = query,
        .n_query = l->next ? 2 : 1,
        .expect = CLIENT_XML,
        .is_urgent = true,
        .deadline_ms = LIMIT_STORE_WAIT_MS,
    };
    _cleanup_response_ struct client_response answer;
    enum err r = s3_call (s, &request, &answer, e);
    if (r != ERR_OK)
        return r;
    g_autofree char *from = g_steal_pointer (&l->next);
    struct error why;
    const GByteArray *body = answer.body;
    r = s3_xml_read (body ? body->data : NULL, body ? body->len : 0, "ListAllMyBucketsResult",
                     take_bucket, l, &why);
    if (r == ERR_OK && !l->is_last && l->next && g_strcmp0 (from, l->next) == 0)
        r = FAIL (&why, STORE_DOWN, "the list of buckets does not go on");
    if (r != ERR_OK)
        return error_set (e, r, NULL, why.file, why.line, "store '%s': %s", s->base.name,
                          why.message);
    return ERR_OK;
}

static int compare_names (const void *a, const void *b)
{
    return strcmp (*(char *const *) a, *(char *const *) b);
}

static void add_aliases (const struct store_s3 *s, GPtrArray *names)
{
    GHashTableIter iter;
    gpointer name;
    g_hash_table_iter_init (&iter, s->aliases);
    while (g_hash_table_iter_next (&iter, &name, NULL))
        g_ptr_array_add (names, g_strdup (name));
}

static enum err s3_buckets (struct store *store, GPtrArray *names, struct error *e)
{
    struct store_s3 *s = (struct store_s3 *) store;
    struct bucket_list l = { .store = s, .names = names };
    enum err r = ERR_OK;
    for (char **b = s->buckets; b && *b; b++)
        if (is_served (s, *b))
            g_ptr_array_add (names, g_strdup (*b));
    while (!s->buckets && r == ERR_OK && !l.is_last) {
        r = list_page (s, &l, e);
        l.is_last = l.is_last || !l.next;
    }
    g_free (l.next);
    add_aliases (s, names);
    g_ptr_array_sort (names, compare_names);
    return r;
}

/* ---- The store ---- */

static void s3_free (struct store *store)
{
    struct store_s3 *s = (struct store_s3 *) store;
    client_free (s->client);
    g_clear_pointer (&s->aliased, g_hash_table_unref);
    g_clear_pointer (&s->aliases, g_hash_table_unref);
    g_clear_pointer (&s->filters, g_hash_table_unref);
    g_strfreev (s->buckets);
    g_free (s->region);
    g_free (s->host);
    g_free (s->base.name);
    g_free (s);
}

static void s3_cancel (struct store *store)
{
    client_cancel (((struct store_s3 *) store)->client);
}

static enum err s3_open (struct store *s, const char *bucket UNUSED, const char *key,
                         struct store_near *near UNUSED, struct store_handle *ret UNUSED,
                         struct error *e)
{
    return FAIL (e, NOT_IMPLEMENTED, "'%s' is in the store '%s', whose objects are fetched", key,
                 s->name);
}

/* What was fetched is of one version, or the fetch failed. */
static enum err s3_verify (struct store_handle *h UNUSED, struct store_near *near UNUSED,
                           struct error *e UNUSED)
{
    return ERR_OK;
}

static const struct store_ops s3_ops = {
    .kind = "s3",
    .free = s3_free,
    .buckets = s3_buckets,
    .check = s3_check,
    .mounts = s3_mounts,
    .list_open = s3_list_open,
    .list_next = s3_list_next,
    .list_close = s3_list_close,
    .head = s3_head,
    .open = s3_open,
    .verify = s3_verify,
    .notify = s3_notify,
    .own_name = s3_own_name,
    .fetch = s3_fetch,
    .cancel = s3_cancel,
    .put = store_s3_put,
};

static void free_filter (void *filter)
{
    store_filter_clear (filter);
    g_free (filter);
}

static enum err add_alias (struct store_s3 *s, const char *text, struct error *e)
{
    const char *equals = strchr (text, '=');
    g_autofree char *name = equals ? g_strndup (text, (size_t) (equals - text)) : NULL;
    if (!equals || !equals[1] || !store_bucket_name_is_legal (name))
        return FAIL (e, INVALID_ARGUMENT,
                     "store '%s': alias is '%s', expected NAME=BUCKET with a NAME of 3 to 63 of "
                     "a-z, 0-9 and '-'",
                     s->base.name, text);
    char *bucket = g_strdup (equals + 1);
    if (g_hash_table_contains (s->aliases, name) || g_hash_table_contains (s->aliased, bucket)) {
        g_free (bucket);
        return FAIL (e, INVALID_ARGUMENT,
                     "store '%s': name or bucket of the alias '%s' has another", s->base.name,
                     text);
    }
    g_hash_table_insert (s->aliases, g_steal_pointer (&name), bucket);
    g_hash_table_add (s->aliased, bucket);
    return ERR_OK;
}

static enum err make_client (struct store_s3 *s, struct client_thread *t,
                             const struct s3_options *o, struct error *e)
{
    const char *suffix = s->dialect->virtual_suffix;
    g_autofree char *name = g_strndup (s->host, strcspn (s->host, ":"));
    const struct client_options options = {
        .endpoint = o->endpoint,
        .scheme = s->dialect->scheme,
        .region = o->region,
        .is_virtual = o->is_virtual || (suffix && g_str_has_suffix (name, suffix)),
        .ca_file = o->ca_file,
        .proxy = o->proxy,
        .credentials = o->credentials,
    };
    struct error why;
    enum err r = client_new (t, &options, &s->client, &why);
    return r == ERR_OK
               ? r
               : error_set (e, r, NULL, why.file, why.line, "store '%s': %s", o->name, why.message);
}

/* "https://Minio:9000/" is "minio:9000". */
static char *host_of (const char *endpoint)
{
    const char *host = strstr (endpoint, "://");
    host = host ? host + 3 : endpoint;
    g_autofree char *own = g_strndup (host, strcspn (host, "/"));
    return g_ascii_strdown (own, -1);
}

enum err store_s3_new (struct client_thread *t, const struct s3_options *o, struct store **ret,
                       struct error *e)
{
    const struct s3_dialect *d = find_dialect (o->kind);
    if (!d) {
        credentials_free (o->credentials);
        return FAIL (e, INVALID_ARGUMENT, "store '%s': kind is '%s', expected s3 or oss", o->name,
                     o->kind);
    }
    struct store_s3 *s = g_new0 (struct store_s3, 1);
    s->base = (struct store){ .ops = &s3_ops, .name = g_strdup (o->name) };
    s->dialect = d;
    s->region = o->region && *o->region ? g_strdup (o->region) : NULL;
    s->host = host_of (o->endpoint);
    s->buckets = o->buckets && *o->buckets ? g_strdupv ((char **) o->buckets) : NULL;
    s->aliases = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
    s->aliased = g_hash_table_new (g_str_hash, g_str_equal);
    s->filters = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, free_filter);
    s->is_writable = o->is_writable;
    enum err r = make_client (s, t, o, e);
    for (char *const *a = o->aliases; a && *a && r == ERR_OK; a++)
        r = add_alias (s, *a, e);
    if (r == ERR_OK)
        *ret = &s->base;
    else
        s3_free (&s->base);
    return r;
}

void store_s3_set_filter (struct store *store, const char *bucket, char **include, char **exclude)
{
    struct store_filter *filter = g_new0 (struct store_filter, 1);
    store_filter_set (filter, include, exclude);
    g_hash_table_replace (((struct store_s3 *) store)->filters, g_strdup (bucket), filter);
}

void store_s3_stats (struct store *s, struct client_stats *ret)
{
    client_stats (((struct store_s3 *) s)->client, ret);
}
