/* The events endpoint: who may post, what it names, and that it is kept before it is answered. */
#include "api/events.h"

#include <string.h>

#include "api/notification.h"
#include "api/params.h"
#include "api/render.h"
#include "base/limits.h"
#include "base/text.h"
#include "scan/scan.h"

#define RETRY_MS 1000 /* until what failed may be sent again */

/* One request, and the binding that it is about. */
struct post {
    const struct api *api;
    const struct call_request *request;
    struct binding *binding;
    struct binding_hook hook;
    struct notification notification;
    size_t n_keys;
};

static void post_clear (struct post *p)
{
    binding_free (p->binding);
    binding_hook_clear (&p->hook);
    notification_clear (&p->notification);
}

static enum err check_method (const struct post *p, struct error *e)
{
    static const char *const methods[] = { "POST", "GET", "HEAD", NULL };
    if (g_strv_contains (methods, p->request->method))
        return ERR_OK;
    return FAIL (e, BAD_METHOD, "The method %.16s is not supported; POST a notification.",
                 p->request->method);
}

static enum err find_binding (struct post *p, struct error *e)
{
    uint64_t id;
    const char *text = p->request->path + strlen (EVENTS_PATH);
    enum err r = ERR_NOT_FOUND;
    if (text_parse_u64 (text, &id) && id <= INT64_MAX)
        r = catalog_get_binding_by_id (p->api->catalog, (int64_t) id, &p->binding, e);
    if (r == ERR_OK)
        r = catalog_get_binding_hook (p->api->catalog, (int64_t) id, &p->hook, e);
    if (r == ERR_NOT_FOUND)
        return FAIL (e, NOT_FOUND,
                     "There is no binding of this number; 'bindery notify' shows the address.");
    return r;
}

/* ---- The secret ---- */

static bool is_secret (const struct post *p, const char *text, size_t len)
{
    return text_equal_constant_time (text, len, p->hook.secret, strlen (p->hook.secret));
}

static bool has_basic (const struct post *p, const char *code)
{
    gsize len;
    g_autofree char *plain = (char *) g_base64_decode (code, &len);
    const char *colon = memchr (plain, ':', len);
    return colon && is_secret (p, colon + 1, len - (gsize) (colon + 1 - plain));
}

static bool has_header (const struct post *p)
{
    const char *text = g_hash_table_lookup (p->request->headers, "authorization");
    if (!text)
        return false;
    if (g_ascii_strncasecmp (text, "Basic ", 6) == 0)
        return has_basic (p, text + 6);
    if (g_ascii_strncasecmp (text, "Bearer ", 7) == 0)
        text += 7;
    return is_secret (p, text, strlen (text));
}

static bool has_parameter (const struct post *p)
{
    struct params params = { 0 };
    enum err r = params_decode (p->request->raw_uri, NULL, NULL, 0, &params, NULL);
    const char *text = r == ERR_OK ? params_get (&params, "secret") : NULL;
    bool is_right = text && is_secret (p, text, strlen (text));
    params_clear (&params);
    return is_right;
}

static enum err check_secret (const struct post *p, struct error *e)
{
    if (has_header (p) || has_parameter (p))
        return ERR_OK;
    return FAIL (e, NO_PERMISSION,
                 "The secret of the binding is missing or wrong; 'bindery notify' shows it.");
}

/* ---- Notifications ---- */

/* What the store calls the bucket, which may be bound by an alias. */
static const char *own_name (const struct post *p)
{
    struct store *store;
    const char *bucket = p->binding->bucket;
    enum err r = stores_find (p->api->stores, bucket, &store, NULL);
    return r == ERR_OK ? store_own_name (store, bucket) : bucket;
}

static enum err read_body (struct post *p, struct error *e)
{
    const struct call_request *r = p->request;
    if (r->body_len > LIMIT_EVENT_BODY)
        return FAIL (e, BODY_TOO_LARGE, "The body is larger than %llu bytes.", LIMIT_EVENT_BODY);
    const char *text = r->body ? (const char *) r->body : "", *bucket = p->binding->bucket;
    enum err code = notification_read (text, r->body_len, bucket, &p->notification, e);
    const char *own = code == ERR_OK && p->notification.foreign ? own_name (p) : bucket;
    if (strcmp (own, bucket) == 0)
        return code;
    notification_clear (&p->notification);
    return notification_read (text, r->body_len, own, &p->notification, e);
}

static bool is_plain (const char *text)
{
    for (; *text; text++)
        if (!g_ascii_isalnum (*text) && !strchr (":-_./", *text))
            return false;
    return true;
}

/* Nobody fetches an address that a stranger names: people confirm, and are told what. */
static enum err note_subscription (struct post *p, struct error *e)
{
    const struct notification *n = &p->notification;
    g_autofree char *text = NULL;
    if (n->confirmation && is_plain (n->topic) && is_plain (n->confirmation) &&
        strlen (n->topic) + strlen (n->confirmation) <= LIMIT_SUBSCRIPTION)
        text = g_strdup_printf ("%s %s", n->topic, n->confirmation);
    else if (n->is_sns && *p->hook.subscription)
        text = g_strdup ("");
    if (!text || strcmp (text, p->hook.subscription) == 0)
        return ERR_OK;
    return catalog_set_binding_subscription (p->api->catalog, p->binding->id, text, e);
}

static enum err take_notification (struct post *p, struct error *e)
{
    enum err r = read_body (p, e);
    if (r == ERR_OK)
        r = note_subscription (p, e);
    const GPtrArray *keys = p->notification.keys;
    if (r == ERR_OK && keys->len)
        r = scan_hint (p->api->scan, p->binding->id, (const char *const *) keys->pdata, keys->len,
                       e);
    if (r == ERR_OK)
        p->n_keys = keys->len;
    return r;
}

static enum err run (struct post *p, struct error *e)
{
    enum err r = check_method (p, e);
    if (r == ERR_OK)
        r = find_binding (p, e);
    if (r == ERR_OK)
        r = check_secret (p, e);
    if (r == ERR_OK && strcmp (p->request->method, "POST") == 0)
        r = take_notification (p, e);
    return r;
}

/* ---- Answers ---- */

static void accept_post (const struct post *p, struct call_answer *ret)
{
    const struct notification *n = &p->notification;
    struct reply reply = { .body = json_pack ("{s:I}", "Keys", (json_int_t) p->n_keys) };
    render_begin (ret);
    render_reply (ret, RENDER_JSON, NULL, &reply);
    json_decref (reply.body);
    g_snprintf (ret->detail, sizeof ret->detail,
                "binding %" G_GINT64_FORMAT ": %zu keys of %zu records, %zu of other buckets, "
                "%zu unusable%s",
                p->binding->id, p->n_keys, n->records, n->foreign, n->unusable,
                n->confirmation ? "; a subscription is to be confirmed" : "");
}

/* Whatever fails here passes: the sender is to try again. Only what is wrong with the request is
 * told as such, for then senders give up. */
static void refuse_post (const struct post *p, const struct error *why, struct call_answer *ret)
{
    struct error told = *why;
    bool is_ours = error_status (why->code) >= 500;
    if (is_ours)
        FAIL (&told, UNAVAILABLE, "The events cannot be stored now; send them again.");
    call_refuse (p->api, p->request, &told, ret);
    if (is_ours) {
        ret->retry_after_ms = RETRY_MS;
        ret->code = why->code;
        g_strlcpy (ret->detail, why->message, sizeof ret->detail);
    }
}

void events_run (const struct api *api, const struct call_request *r, struct call_answer *ret)
{
    struct post p = { .api = api, .request = r };
    struct error e = { 0 };
    if (run (&p, &e) == ERR_OK)
        accept_post (&p, ret);
    else
        refuse_post (&p, &e, ret);
    g_strlcpy (ret->action, "events", sizeof ret->action);
    post_clear (&p);
}
