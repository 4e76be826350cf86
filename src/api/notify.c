/* Setting up notifications: GetNotification tells where a store is to post and how that is done,
 * SetNotification has the store do it, RenewSecret locks out whoever knows the old one. */
#include <string.h>

#include "api/common.h"
#include "api/events.h"
#include "api/handlers.h"
#include "base/limits.h"
#include "store/notify.h"

/* What one call is about. */
struct plan {
    struct target target;
    struct binding_hook hook;
    struct store *store; /* NULL: `problem` says why */
    struct error problem;
    const char *bucket; /* as the store names it */
    char *id;           /* of the configuration; not that of another server */
    char *address;      /* "https://HOST/events/17" */
    char *full;         /* with the secret in it */
};

static void plan_clear (struct plan *p)
{
    target_clear (&p->target);
    binding_hook_clear (&p->hook);
    g_free (p->id);
    g_free (p->address);
    g_free (p->full);
}
#define _cleanup_plan_ __attribute__ ((cleanup (plan_clear)))

/* Nothing in it may mean something to a shell, or to a URL beyond host and path. */
static enum err check_endpoint (const char *url, struct error *e)
{
    const char *host = strstr (url, "://");
    bool is_http = g_str_has_prefix (url, "http://") || g_str_has_prefix (url, "https://");
    if (is_http && host[3] && host[3] != '/' &&
        strspn (host + 3, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS ".:/_~%[]-") == strlen (host + 3))
        return ERR_OK;
    return FAIL_ON (e, INVALID_PARAM, "Endpoint",
                    "Specified parameter Endpoint is not valid. Expected the address under which "
                    "the store reaches this server, http(s)://HOST[:PORT][/PATH], got '%.200s'.",
                    url);
}

static enum err find_plan (const struct api *api, const char *project, const char *dataset,
                           const char *uri, const char *endpoint, struct plan *ret, struct error *e)
{
    enum err r = check_endpoint (endpoint, e);
    if (r == ERR_OK)
        r = target_binding (api, project, dataset, uri, &ret->target, e);
    if (r != ERR_OK)
        return r;
    const struct binding *b = ret->target.binding;
    r = catalog_get_binding_hook (api->catalog, b->id, &ret->hook, e);
    if (r != ERR_OK)
        return r;
    ret->bucket = b->bucket;
    if (stores_find (api->stores, b->bucket, &ret->store, &ret->problem) == ERR_OK)
        ret->bucket = store_own_name (ret->store, b->bucket);
    size_t len = strlen (endpoint);
    while (len && endpoint[len - 1] == '/')
        len--;
    ret->id = g_strdup_printf ("bindery-%s-%" G_GINT64_FORMAT, api->account_id, b->id);
    ret->address =
        g_strdup_printf ("%.*s" EVENTS_PATH "%" G_GINT64_FORMAT, (int) len, endpoint, b->id);
    ret->full = g_strdup_printf ("%s?secret=%s", ret->address, ret->hook.secret);
    return ERR_OK;
}

/* ---- Steps, as a shell takes them ---- */

static void PRINTF (2, 3) add_step (json_t *steps, const char *format, ...)
{
    va_list args;
    va_start (args, format);
    g_autofree char *text = g_strdup_vprintf (format, args);
    va_end (args);
    json_array_append_new (steps, json_string (text));
}

/* The configuration as the AWS command line takes it. */
static char *configuration_json (const struct notify_style *style, const char *id,
                                 const char *target)
{
    g_autofree char *arn = g_strconcat (style->target, "Arn", NULL);
    json_auto_t *events = json_array ();
    for (const char *const *event = style->events; *event; event++)
        json_array_append_new (events, json_string (*event));
    json_auto_t *json =
        json_pack ("{s:[{s:s, s:s, s:O}]}", style->member, "Id", id, arn, target, "Events", events);
    return json_dumps (json, JSON_COMPACT);
}

static void add_aws (const struct plan *p, const struct notify_style *style, json_t *steps)
{
    g_autofree char *json = configuration_json (style, p->id, "TOPIC-ARN");
    add_step (steps, "aws sns create-topic --name %s", p->id);
    add_step (steps,
              "aws sns set-topic-attributes --topic-arn TOPIC-ARN --attribute-name Policy"
              " --attribute-value '{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":"
              "\"Allow\",\"Principal\":{\"Service\":\"s3.amazonaws.com\"},\"Action\":"
              "\"SNS:Publish\",\"Resource\":\"TOPIC-ARN\",\"Condition\":{\"ArnLike\":"
              "{\"aws:SourceArn\":\"arn:aws:s3:::%s\"}}}]}'",
              p->bucket);
    add_step (steps,
              "aws sns subscribe --topic-arn TOPIC-ARN --protocol %s --notification-endpoint '%s'",
              g_str_has_prefix (p->full, "https:") ? "https" : "http", p->full);
    add_step (steps, "# run `bindery notify` again: it shows the command that confirms this");
    add_step (steps,
              "# `bindery notify --apply --target TOPIC-ARN` does the next step and keeps what the"
              " bucket has; by hand, it replaces that:");
    add_step (steps,
              "aws s3api put-bucket-notification-configuration --bucket %s"
              " --notification-configuration '%s'",
              p->bucket, json);
}

static void add_minio (const struct plan *p, const struct notify_style *style, json_t *steps)
{
    (void) style;
    add_step (steps,
              "mc admin config set ALIAS notify_webhook:%s endpoint='%s' auth_token='%s'"
              " queue_dir=/var/lib/minio/bindery queue_limit=1000000",
              p->id, p->address, p->hook.secret);
    add_step (steps, "mc admin service restart ALIAS");
    add_step (steps,
              "# `bindery notify --apply` does the next step too, when the first two are done:");
    add_step (steps, "mc event add ALIAS/%s arn:minio:sqs::%s:webhook --event put,delete",
              p->bucket, p->id);
}

static void add_ceph (const struct plan *p, const struct notify_style *style, json_t *steps)
{
    g_autofree char *json = configuration_json (style, p->id, "TOPIC-ARN");
    add_step (steps, "# `bindery notify --apply` does both steps:");
    add_step (steps,
              "aws --endpoint-url STORE sns create-topic --name %s --attributes"
              " '{\"push-endpoint\":\"%s\",\"persistent\":\"true\"}'",
              p->id, p->full);
    add_step (steps,
              "aws --endpoint-url STORE s3api put-bucket-notification-configuration --bucket %s"
              " --notification-configuration '%s'",
              p->bucket, json);
}

static void add_oss (const struct plan *p, const struct notify_style *style, json_t *steps)
{
    (void) style;
    add_step (steps,
              "# EventBridge: a rule with source acs.oss for the bucket %s, and an HTTP target:",
              p->bucket);
    add_step (steps, "%s", p->full);
    add_step (steps, "# or SMQ: an event notification rule of the bucket for ObjectCreated and"
                     " ObjectRemoved, whose topic has an HTTP subscription to the same address,"
                     " format JSON or SIMPLIFIED");
}

static const struct {
    const char *style;
    void (*add) (const struct plan *p, const struct notify_style *style, json_t *steps);
} guides[] = {
    { "aws", add_aws }, { "minio", add_minio }, { "ceph", add_ceph }, { "oss", add_oss }
};

static json_t *make_steps (const struct plan *p, const char *style)
{
    json_t *steps = json_array ();
    for (size_t i = 0; is_given (style) && i < N_ELEMENTS (guides); i++)
        if (strcmp (guides[i].style, style) == 0)
            guides[i].add (p, notify_style_find (style), steps);
    return steps;
}

enum err api_get_notification (struct call *c, const void *params, struct reply *reply,
                               struct error *e)
{
    const struct get_notification_params *p = params;
    _cleanup_plan_ struct plan plan = { 0 };
    enum err r =
        find_plan (c->api, p->project_name, p->dataset_name, p->uri, p->endpoint, &plan, e);
    if (r != ERR_OK)
        return r;
    bool is_watched = plan.store && !store_is_remote (plan.store);
    return reply_take (reply,
                       json_pack ("{s:{s:s, s:s, s:s, s:b, s:s, s:o}}", "Notification", "Address",
                                  plan.address, "Secret", plan.hook.secret, "Id", plan.id,
                                  "IsWatched", is_watched, "Subscription", plan.hook.subscription,
                                  "Steps", make_steps (&plan, p->style)),
                       e);
}

/* ---- Setting ---- */

/* The ARN that events go to; "" where the store makes it. */
static enum err choose_target (const struct plan *plan, const char *style, const char *given,
                               char **ret, struct error *e)
{
    if (strcmp (style, "minio") == 0 && !is_given (given))
        *ret = g_strdup_printf ("arn:minio:sqs::%s:webhook", plan->id);
    else if (strcmp (style, "aws") == 0 && !is_given (given))
        return FAIL_ON (e, MISSING_PARAM, "Target",
                        "Target is mandatory for style aws: the ARN of the topic that the server "
                        "is subscribed to.");
    else
        *ret = g_strdup (given ? given : "");
    return ERR_OK;
}

/* The store's own words: who asks is an administrator, and needs them. */
static enum err explain (const struct plan *plan, const struct error *why, struct error *e)
{
    return FAIL (e, CONFLICT, "The notifications of bucket '%s' cannot be changed: %s",
                 plan->bucket, why->message);
}

static enum err apply (const struct plan *plan, const struct set_notification_params *p,
                       char **ret_target, struct error *e)
{
    g_autofree char *target = NULL;
    const struct notify_style *style = notify_style_find (p->style);
    struct error why;
    if (!plan->store)
        return explain (plan, &plan->problem, e);
    if (!store_is_remote (plan->store))
        return FAIL (e, CONFLICT, "oss://%s is a folder: it is watched, there is nothing to set.",
                     plan->target.bucket);
    if (!style->element)
        return FAIL (e, NOT_IMPLEMENTED,
                     "Notifications of OSS are set in EventBridge or SMQ; GetNotification tells "
                     "how.");
    enum err r = p->remove.value ? ERR_OK : choose_target (plan, p->style, p->target, &target, e);
    if (r != ERR_OK)
        return r;
    const struct store_notify notify = { style, plan->id, plan->full, target, p->remove.value };
    r = store_notify (plan->store, plan->target.bucket, &notify, ret_target, &why);
    return r == ERR_OK ? r : explain (plan, &why, e);
}

enum err api_set_notification (struct call *c, const void *params, struct reply *reply,
                               struct error *e)
{
    const struct set_notification_params *p = params;
    _cleanup_plan_ struct plan plan = { 0 };
    g_autofree char *target = NULL;
    enum err r =
        find_plan (c->api, p->project_name, p->dataset_name, p->uri, p->endpoint, &plan, e);
    if (r == ERR_OK)
        r = apply (&plan, p, &target, e);
    return r == ERR_OK ? reply_take (reply, json_pack ("{s:s}", "Target", target), e) : r;
}

enum err api_renew_secret (struct call *c, const void *params, struct reply *reply, struct error *e)
{
    const struct renew_secret_params *p = params;
    _cleanup_target_ struct target t = { 0 };
    enum err r = target_binding (c->api, p->project_name, p->dataset_name, p->uri, &t, e);
    if (r == ERR_OK)
        r = catalog_renew_binding_secret (c->api->catalog, t.binding->id, e);
    return r == ERR_OK ? reply_take (reply, json_object (), e) : r;
}
