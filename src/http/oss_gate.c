/* Who asks, and whether he may. All from memory: network threads come here. */
#include "http/oss_call.h"

#include "api/keyring.h"
#include "api/rates.h"
#include "auth/oss_signature.h"
#include "base/clock.h"
#include "index/catalog.h"

static enum err sign_in (struct oss_call *c, char **ret_claimed, struct error *e)
{
    const struct exchange *x = c->x;
    const struct api *api = c->oss->api;
    int64_t now_ns = clock_now_ns ();
    size_t n_query;
    const struct auth_pair *query = oss_query_pairs (c->query, &n_query);
    const struct oss_request r = {
        .method = x->method,
        .bucket = c->bucket,
        .key = c->key,
        .is_virtual = c->is_virtual,
        .headers = c->headers,
        .query = query,
        .n_query = n_query,
        .body = x->body ? (const uint8_t *) x->body->str : NULL,
        .body_len = x->body ? x->body->len : 0,
        .region = api->region,
    };
    c->facts = (struct policy_facts){ .source_ip = x->client,
                                      .user_agent = oss_header (c, "user-agent"),
                                      .now_ns = now_ns,
                                      .is_secure = x->is_secure };
    return oss_verify (&r, api->keys, now_ns, &c->who, ret_claimed, e);
}

static enum err count (struct oss_call *c, struct error *e)
{
    struct rates *rates = c->oss->api->rates;
    int64_t retry_ms;
    return c->who ? rates_take_user (rates, c->who, c->facts.now_ns, &retry_ms, e)
                  : rates_take_address (rates, c->x->client, c->facts.now_ns, &retry_ms, e);
}

/* The first response-... parameter; NULL: there is none. */
static const char *find_override (const struct oss_call *c)
{
    size_t n;
    const struct auth_pair *pairs = oss_query_pairs (c->query, &n);
    for (size_t i = 0; i < n; i++)
        if (g_str_has_prefix (pairs[i].name, "response-"))
            return pairs[i].name;
    return NULL;
}

static enum err check_anonymous (const struct oss_call *c, struct error *e)
{
    const char *override = find_override (c);
    if (!c->op->is_public || !g_hash_table_contains (c->oss->is_public, c->bucket))
        return FAIL (e, NO_PERMISSION,
                     "You have no right to access this object: the request is not signed, and the "
                     "bucket is not public.");
    if (override)
        return FAIL (e, BAD_REQUEST, "%.64s is for signed requests only.", override);
    return ERR_OK;
}

static char *resource_of (const struct oss_call *c, const char *bucket, const char *key)
{
    const struct api *api = c->oss->api;
    return g_strconcat ("acs:oss:", api->region, ":", api->account_id, ":", bucket, key ? "/" : "",
                        key ? key : "", NULL);
}

enum err oss_check (const struct oss_call *c, const char *action, const char *bucket,
                    const char *key, struct error *e)
{
    if (!c->who || c->who->is_root)
        return c->who ? ERR_OK : check_anonymous (c, e);
    g_autofree char *resource = resource_of (c, bucket, key);
    const struct policy_request r = { action, resource, &c->facts };
    if (policy_decide (&c->who->policies, &r).effect == POLICY_ALLOW)
        return ERR_OK;
    return FAIL (e, NO_PERMISSION, "You have no right to access this object: %s on %s.", action,
                 resource);
}

enum err oss_check_attached (const struct oss_call *c, const char *bucket, struct error *e)
{
    if (catalog_is_attached (c->oss->api->catalog, bucket))
        return ERR_OK;
    return FAIL (e, NO_PERMISSION, "The bucket is not attached to a project: '%s'.", bucket);
}

/* What the audit log is told: changes, and who fails to sign. */
static void note (struct oss_call *c, char *take_key, enum err code)
{
    struct call_audit *audit = &c->x->answer.audit;
    bool is_failed = !c->who && take_key && error_status (code) < 500;
    bool is_change = c->who && c->op->is_change;
    g_autofree char *key = take_key;
    if (!is_failed && !is_change)
        return;
    audit->event = is_failed ? AUDIT_SIGN_IN : AUDIT_CHANGE;
    audit->key_id = g_steal_pointer (&key);
    audit->user = c->who ? principal_display_name (c->who) : NULL;
    audit->resource = resource_of (c, c->bucket, c->key);
}

/* Tasks are of the bucket, as OSS has it. */
static enum err check_operation (const struct oss_call *c, struct error *e)
{
    return oss_check (c, c->op->policy, c->bucket, c->op->is_public ? c->key : NULL, e);
}

enum err oss_admit (struct oss_call *c, struct error *e)
{
    char *claimed = NULL;
    enum err r = sign_in (c, &claimed, e);
    note (c, claimed, r);
    if (r == ERR_OK)
        r = count (c, e);
    if (r != ERR_OK)
        return r;
    if (c->who)
        c->x->user = c->who->user_id ? c->who->user_id : "root";
    r = oss_check_attached (c, c->bucket, e);
    return r == ERR_OK ? check_operation (c, e) : r;
}
