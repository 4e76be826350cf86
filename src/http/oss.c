/* The endpoint: its configuration, and the way of a request through it. */
#include "http/oss.h"

#include <string.h>

#include "api/keyring.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "http/oss_call.h"
#include "store/store.h"

#define PROCESS "x-oss-process"
#define ASYNC   "x-oss-async-process"
#define READ    "oss:GetObject"
#define POST    "oss:PostProcessTask"

/* ---- Operations ---- */

static enum err refuse_async (struct oss_call *c, struct error *e)
{
    (void) c;
    return FAIL (e, NOT_IMPLEMENTED, ASYNC " is not implemented; " PROCESS " is.");
}

/* The first that fits. */
static const struct oss_operation operations[] = {
    { "PreflightObject", "OPTIONS", .run = oss_answer_preflight },
    { "GetRendition", "GET", PROCESS, READ, .is_public = true, .run = oss_get_rendition },
    { "HeadRendition", "HEAD", PROCESS, READ, .is_public = true, .run = oss_get_rendition },
    { "GetObject", "GET", NULL, READ, .is_public = true, .is_blocking = true,
      .run = oss_get_object },
    { "HeadObject", "HEAD", NULL, READ, .is_public = true, .is_blocking = true,
      .run = oss_get_object },
    { "PostProcessTask", "POST", PROCESS, POST, .is_change = true, .run = oss_save_rendition },
    { "PostAsyncProcessTask", "POST", ASYNC, POST, .run = refuse_async },
};

/* Parameters that make of reading an object something else, which is not here. */
static bool is_foreign (const char *name)
{
    static const char *const names[] = { "acl",        "append",     "callback",   "delete",
                                         "link",       "objectInfo", "partNumber", "restore",
                                         "select",     "symlink",    "tagging",    "torrent",
                                         "uploadId",   "uploads",    "versionId",  "versions",
                                         "attributes", "legal-hold", "retention",  NULL };
    return g_strv_contains (names, name);
}

static const char *find_foreign (const struct oss_call *c)
{
    size_t n;
    const struct auth_pair *pairs = oss_query_pairs (c->query, &n);
    for (size_t i = 0; i < n; i++)
        if (is_foreign (pairs[i].name))
            return pairs[i].name;
    return NULL;
}

static enum err find_operation (struct oss_call *c, struct error *e)
{
    const char *method = c->x->method, *foreign = find_foreign (c);
    bool is_preflight = strcmp (method, "OPTIONS") == 0;
    if (!is_preflight && !c->key)
        return FAIL (e, NOT_IMPLEMENTED,
                     "%.16s of a %s is not implemented: this endpoint serves objects, "
                     "/BUCKET/KEY.",
                     method, c->bucket ? "bucket" : "service");
    if (!is_preflight && foreign)
        return FAIL (e, NOT_IMPLEMENTED, "%.16s with the parameter %s is not implemented.", method,
                     foreign);
    for (size_t i = 0; i < N_ELEMENTS (operations) && !c->op; i++) {
        const struct oss_operation *op = &operations[i];
        if (strcmp (op->method, method) == 0 && (!op->param || oss_query_has (c->query, op->param)))
            c->op = op;
    }
    if (!c->op)
        return FAIL (e, NOT_IMPLEMENTED, "%.16s is not implemented, but with " PROCESS ".", method);
    g_strlcpy (c->x->answer.action, c->op->name, sizeof c->x->answer.action);
    return ERR_OK;
}

/* ---- The way ---- */

static void call_free (struct exchange *x)
{
    struct oss_call *c = x->own;
    if (!c)
        return;
    x->own = NULL;
    if (c->response)
        MHD_destroy_response (c->response);
    oss_rendition_free (c);
    oss_query_free (c->query);
    g_clear_pointer (&c->headers, g_hash_table_unref);
    principal_unref (c->who);
    g_free (c->bucket);
    g_free (c->key);
    g_free (c);
}

/* Methods that only other parts of the protocol have: nobody waits for their body. */
static void check (struct exchange *x)
{
    static const char *const known[] = { "GET", "HEAD", "POST", "OPTIONS", NULL };
    static const char *const foreign[] = { "PUT", "DELETE", "PATCH", NULL };
    if (g_strv_contains (foreign, x->method))
        FAIL (&x->refused, NOT_IMPLEMENTED, "%.16s is not implemented: objects are read here.",
              x->method);
    else if (!g_strv_contains (known, x->method))
        FAIL (&x->refused, BAD_METHOD, "The specified method %.16s is not allowed.", x->method);
}

/* The answer is there, unless the call is parked. */
static void settle (struct oss_call *c, enum err code, const struct error *e)
{
    if (code != ERR_OK)
        exchange_refuse (c->x, e);
    if (!c->is_parked)
        c->x->is_answered = true;
}

static void run (struct exchange *x)
{
    struct oss_call *c = x->own;
    struct error e;
    settle (c, c->op->run (c, &e), &e);
    MHD_resume_connection (x->connection);
}

static void refuse_unqueued (struct exchange *x, enum err code)
{
    struct error e;
    if (code == ERR_CLOSED)
        FAIL (&e, UNAVAILABLE, "The server is stopping.");
    else
        FAIL (&e, THROTTLED, "The server is busy: too many requests are waiting.");
    exchange_refuse (x, &e);
}

/* Has a thread of the endpoint run it. */
static void enqueue (struct oss_call *c)
{
    struct exchange *dropped = NULL;
    MHD_suspend_connection (c->x->connection);
    enum err code = calls_push (c->oss->calls, c->x, &dropped, NULL);
    if (code != ERR_OK)
        dropped = c->x;
    if (!dropped)
        return;
    refuse_unqueued (dropped, code == ERR_OK ? ERR_BUSY : code);
    MHD_resume_connection (dropped->connection);
}

static enum err admit (struct oss_call *c, struct error *e)
{
    enum err r = oss_decode (c, e);
    if (r == ERR_OK)
        r = find_operation (c, e);
    if (r == ERR_OK && c->op->policy)
        r = oss_admit (c, e);
    keyring_tick (c->oss->api->keyring, clock_now_ns ());
    return r;
}

static bool dispatch (struct exchange *x)
{
    struct oss_call *c = x->own = g_new0 (struct oss_call, 1);
    struct error e;
    c->x = x;
    c->oss = x->listener->http->oss;
    oss_begin (&x->answer);
    if (!exchange_enter (x)) {
        refuse_unqueued (x, ERR_CLOSED);
        return true;
    }
    enum err code = admit (c, &e);
    if (code == ERR_OK && c->op->is_blocking) {
        enqueue (c);
        return false;
    }
    if (code == ERR_OK)
        code = c->op->run (c, &e);
    if (c->is_parked) /* it may be answered by now */
        return false;
    settle (c, code, &e);
    exchange_leave (x);
    return true;
}

const struct manner manner_oss = {
    .id_header = "x-oss-request-id",
    .body_max = LIMIT_OSS_BODY,
    .check = check,
    .dispatch = dispatch,
    .run = run,
    .refuse = oss_refuse,
    .answer = oss_answer,
    .end = call_free,
};

/* ---- Configuration ---- */

static enum err read_domains (struct oss *o, const struct config *c, struct error *e)
{
    for (char **d = c->oss_domain; d && *d; d++) {
        struct oss_domain *domain;
        enum err r = oss_domain_new (*d, &domain, e);
        if (r != ERR_OK)
            return r;
        g_ptr_array_add (o->domains, domain);
    }
    return ERR_OK;
}

static enum err read_public (struct oss *o, const struct config *c, struct error *e)
{
    for (char **b = c->public_buckets; b && *b; b++) {
        if (!store_bucket_name_is_legal (*b))
            return FAIL (e, INVALID_ARGUMENT, "public-buckets: '%s' is no legal bucket name", *b);
        g_hash_table_add (o->is_public, *b);
    }
    return ERR_OK;
}

enum err oss_new (const struct api *api, struct oss **ret, struct error *e)
{
    struct oss *o = g_new0 (struct oss, 1);
    const struct config *c = api->config;
    o->api = api;
    o->domains = g_ptr_array_new_with_free_func (oss_domain_free);
    o->is_public = g_hash_table_new (g_str_hash, g_str_equal);
    o->origins = c->oss_cors_origins;
    o->calls = calls_start ((size_t) c->oss_threads, (size_t) c->oss_queue);
    enum err r = read_domains (o, c, e);
    if (r == ERR_OK)
        r = read_public (o, c, e);
    if (r == ERR_OK)
        *ret = o;
    else
        oss_free (o);
    return r;
}

void oss_free (struct oss *o)
{
    if (!o)
        return;
    calls_stop (o->calls);
    g_hash_table_unref (o->is_public);
    g_ptr_array_unref (o->domains);
    g_free (o);
}
