/* Has a bucket report its changes, or end it: topics as Ceph has them, and the configuration of the
 * bucket. What others configured stays. */
#include "store/s3_private.h"

#include <string.h>

#include "base/text.h"
#include "store/notify.h"
#include "store/s3_xml.h"

#define FORM "application/x-www-form-urlencoded"
#define XML  "application/xml"

/* ---- The configuration of the bucket ---- */

static enum err get (const struct store_s3 *s, const char *bucket, struct client_response *ret,
                     struct error *e)
{
    const struct sign_pair query = { "notification", "" };
    const struct client_request request = {
        .method = "GET",
        .deadline_ms = LIMIT_NOTIFY_MS,
        .bucket = bucket,
        .query = &query,
        .n_query = 1,
        .expect = CLIENT_XML,
    };
    return s3_call (s, &request, ret, e);
}

static enum err put (const struct store_s3 *s, const char *bucket, const char *xml, struct error *e)
{
    _cleanup_response_ struct client_response answer = { 0 };
    const struct sign_pair query = { "notification", "" }, type = { "content-type", XML };
    const struct client_request request = {
        .method = "PUT",
        .deadline_ms = LIMIT_NOTIFY_MS,
        .bucket = bucket,
        .query = &query,
        .n_query = 1,
        .headers = &type,
        .n_headers = 1,
        .body = xml,
        .body_len = strlen (xml),
    };
    return s3_call (s, &request, &answer, e);
}

static enum err change (const struct store_s3 *s, const char *bucket, const char *id,
                        const char *entry, struct error *e)
{
    _cleanup_response_ struct client_response old = { 0 };
    g_autofree char *xml = NULL;
    enum err r = get (s, bucket, &old, e);
    if (r == ERR_OK)
        r = notify_merge (old.body ? old.body->data : NULL, old.body ? old.body->len : 0, id, entry,
                          &xml, e);
    return r == ERR_OK ? put (s, bucket, xml, e) : r;
}

/* Where the configuration `id` sends events to, while the elements of all are read. */
struct search {
    const struct notify_style *style;
    const char *id;
    bool is_it;
    char *last, *found;
};

static bool is_below (const char *path, const char *element, const char *member)
{
    size_t len = strlen (element);
    return strncmp (path, element, len) == 0 && path[len] == '/' &&
           strcmp (path + len + 1, member) == 0;
}

static enum err search_one (void *arg, const char *path, const char *text, struct error *e)
{
    (void) e;
    struct search *x = arg;
    const char *element = x->style->element;
    if (is_below (path, element, "Id")) {
        x->is_it = strcmp (text, x->id) == 0;
    } else if (is_below (path, element, x->style->target)) {
        g_free (x->last);
        x->last = g_strdup (text);
    } else if (strcmp (path, element) == 0) {
        if (x->is_it && !x->found)
            x->found = g_steal_pointer (&x->last);
        x->is_it = false;
    }
    return ERR_OK;
}

/* *ret: NULL if the bucket has no configuration `id` of that style. */
static enum err get_target (const struct store_s3 *s, const char *bucket,
                            const struct notify_style *style, const char *id, char **ret,
                            struct error *e)
{
    _cleanup_response_ struct client_response answer = { 0 };
    struct search x = { .style = style, .id = id };
    enum err r = get (s, bucket, &answer, e);
    if (r == ERR_OK && answer.body)
        r = s3_xml_read (answer.body->data, answer.body->len, "NotificationConfiguration",
                         search_one, &x, e);
    g_free (x.last);
    if (r == ERR_OK)
        *ret = x.found;
    else
        g_free (x.found);
    return r;
}

/* Some stores take what they do not understand, and forget it. */
static enum err confirm (const struct store_s3 *s, const char *bucket, const struct store_notify *n,
                         char **ret_target, struct error *e)
{
    char *target = NULL;
    enum err r = get_target (s, bucket, n->style, n->id, &target, e);
    if (r == ERR_OK && !target)
        return FAIL (e, STORE_DENIED,
                     "store '%s': it took the configuration but does not keep it; is it of "
                     "style %s?",
                     s->base.name, n->style->name);
    if (r == ERR_OK)
        *ret_target = target;
    return r;
}

/* ---- Topics, and what Ceph does its own way ---- */

static enum err call_sns (const struct store_s3 *s, const char *form, struct client_response *ret,
                          struct error *e)
{
    const struct sign_pair type = { "content-type", FORM };
    const struct client_request request = {
        .method = "POST",
        .deadline_ms = LIMIT_NOTIFY_MS,
        .headers = &type,
        .n_headers = 1,
        .body = form,
        .body_len = strlen (form),
    };
    return s3_call (s, &request, ret, e);
}

static void append_pair (GString *form, const char *name, const char *value)
{
    g_string_append_printf (form, "%s%s=", form->len ? "&" : "", name);
    text_percent_encode (form, value, strlen (value), "");
}

static enum err take_arn (void *arg, const char *path, const char *text, struct error *e)
{
    (void) e;
    char **arn = arg;
    if (strcmp (path, "CreateTopicResult/TopicArn") == 0 && !*arn)
        *arn = g_strdup (text);
    return ERR_OK;
}

/* Of that name, or changes the one that there is. */
static enum err create_topic (const struct store_s3 *s, const char *name, const char *address,
                              char **ret_arn, struct error *e)
{
    _cleanup_response_ struct client_response answer = { 0 };
    g_autoptr (GString) form = g_string_new (NULL);
    g_autofree char *arn = NULL;
    append_pair (form, "Action", "CreateTopic");
    append_pair (form, "Name", name);
    append_pair (form, "Attributes.entry.1.key", "push-endpoint");
    append_pair (form, "Attributes.entry.1.value", address);
    append_pair (form, "Attributes.entry.2.key", "persistent");
    append_pair (form, "Attributes.entry.2.value", "true");
    enum err r = call_sns (s, form->str, &answer, e);
    if (r == ERR_OK && answer.body)
        r = s3_xml_read (answer.body->data, answer.body->len, "CreateTopicResponse", take_arn, &arn,
                         e);
    if (r == ERR_OK && !arn)
        return FAIL (e, STORE_DOWN, "the store made no topic '%s'", name);
    if (r == ERR_OK)
        *ret_arn = g_steal_pointer (&arn);
    return r;
}

static enum err delete_topic (const struct store_s3 *s, const char *arn, struct error *e)
{
    _cleanup_response_ struct client_response answer = { 0 };
    g_autoptr (GString) form = g_string_new (NULL);
    append_pair (form, "Action", "DeleteTopic");
    append_pair (form, "TopicArn", arn);
    return call_sns (s, form->str, &answer, e);
}

/* Ceph adds to what a bucket has, in place of what has the same name, and takes away by name. */
static enum err delete_from_bucket (const struct store_s3 *s, const char *bucket, const char *id,
                                    struct error *e)
{
    _cleanup_response_ struct client_response answer = { 0 };
    const struct sign_pair query = { "notification", id };
    const struct client_request request = {
        .method = "DELETE",
        .deadline_ms = LIMIT_NOTIFY_MS,
        .bucket = bucket,
        .query = &query,
        .n_query = 1,
    };
    return s3_call (s, &request, &answer, e);
}

static enum err set_ceph (const struct store_s3 *s, const char *bucket,
                          const struct store_notify *n, struct error *e)
{
    static const char nothing[] = "<NotificationConfiguration/>";
    g_autofree char *arn = NULL, *xml = NULL;
    enum err r = create_topic (s, n->id, n->address, &arn, e);
    if (r != ERR_OK)
        return r;
    g_autofree char *entry = notify_entry (n->style, n->id, arn);
    r = notify_merge (nothing, strlen (nothing), n->id, entry, &xml, e);
    return r == ERR_OK ? put (s, bucket, xml, e) : r;
}

/* The topic goes after what refers to it. */
static enum err remove_ceph (const struct store_s3 *s, const char *bucket,
                             const struct store_notify *n, struct error *e)
{
    g_autofree char *arn = NULL;
    enum err r = get_target (s, bucket, n->style, n->id, &arn, e);
    if (r != ERR_OK || !arn)
        return r;
    r = delete_from_bucket (s, bucket, n->id, e);
    return r == ERR_OK ? delete_topic (s, arn, e) : r;
}

/* ---- Both ways ---- */

static enum err add (const struct store_s3 *s, const char *bucket, const struct store_notify *n,
                     bool is_ceph, char **ret_target, struct error *e)
{
    g_autofree char *entry = is_ceph ? NULL : notify_entry (n->style, n->id, n->target);
    enum err r = is_ceph ? set_ceph (s, bucket, n, e) : change (s, bucket, n->id, entry, e);
    return r == ERR_OK ? confirm (s, bucket, n, ret_target, e) : r;
}

enum err s3_notify (struct store *store, const char *name, const struct store_notify *n,
                    char **ret_target, struct error *e)
{
    const struct store_s3 *s = (const struct store_s3 *) store;
    const char *bucket;
    bool is_ceph = strcmp (n->style->name, "ceph") == 0;
    enum err r = s3_bucket (s, name, &bucket, e);
    if (r != ERR_OK)
        return r;
    if (!n->is_removal)
        return add (s, bucket, n, is_ceph, ret_target, e);
    r = is_ceph ? remove_ceph (s, bucket, n, e) : change (s, bucket, n->id, NULL, e);
    if (r == ERR_OK)
        *ret_target = g_strdup ("");
    return r;
}
