/* Messages about objects, of all dialects. Knows neither bindings nor HTTP; trusts nothing. */
#include "api/notification.h"

#include <jansson.h>
#include <string.h>

#include "api/json.h"
#include "base/limits.h"
#include "base/macros.h"
#include "base/text.h"

#define ENVELOPES_MOST 3 /* around a message, within each other */

#define EXPECTED                                                                                   \
    "Expected event records of S3 (Records), of OSS (events), or an event of EventBridge (detail " \
    "or data), bare or in the Message of an SNS or SMQ notification"

/* One way to name objects. `list`: the member that has the records, one or an array of them; NULL:
 * the message is one. */
static const struct dialect {
    const char *list, *bucket, *key;
} dialects[] = {
    { "Records", "s3.bucket.name", "s3.object.key" },
    { "events", "oss.bucket.name", "oss.object.key" },
    { "detail", "bucket.name", "object.key" },
    { "data", "oss.bucket.name", "oss.object.key" },
    { NULL, "bucket", "object.key" },
};

struct reading {
    struct notification *n;
    const char *bucket;
    unsigned depth;
};

void notification_clear (struct notification *n)
{
    g_clear_pointer (&n->seen, g_hash_table_unref);
    g_clear_pointer (&n->keys, g_ptr_array_unref);
    g_clear_pointer (&n->topic, g_free);
    g_clear_pointer (&n->confirmation, g_free);
}

/* A string by the path "a.b.c"; NULL if there is none. */
static const char *text_at (const json_t *from, const char *path)
{
    for (;;) {
        const char *dot = strchrnul (path, '.');
        from = json_object_getn (from, path, (size_t) (dot - path));
        if (!*dot)
            return json_string_value (from);
        path = dot + 1;
    }
}

/* ---- Keys ---- */

/* Takes the key. */
static bool add_key (struct notification *n, char *key, size_t len)
{
    bool is_key = len > 0 && len <= LIMIT_KEY_MAX && text_is_utf8 (key, len);
    if (!is_key || g_hash_table_contains (n->seen, key)) {
        g_free (key);
        return is_key;
    }
    g_ptr_array_add (n->keys, key);
    g_hash_table_add (n->seen, key);
    return true;
}

static bool add_decoded (struct notification *n, const char *text, bool plus)
{
    char *key;
    size_t len;
    return text_percent_decode (text, strlen (text), plus, &key, &len) && add_key (n, key, len);
}

/* As it is, percent-encoded, and as forms are: whichever of them can be a key. */
static bool add_readings (struct notification *n, const char *text)
{
    bool is_any = add_key (n, g_strdup (text), strlen (text));
    if (strchr (text, '%'))
        is_any |= add_decoded (n, text, false);
    if (strchr (text, '+'))
        is_any |= add_decoded (n, text, true);
    return is_any;
}

/* ---- Records ---- */

static void read_record (struct reading *r, const struct dialect *d, const json_t *record)
{
    struct notification *n = r->n;
    const char *bucket = text_at (record, d->bucket), *key = text_at (record, d->key);
    n->records++;
    if (!bucket || !key)
        n->unusable++;
    else if (strcmp (bucket, r->bucket) != 0)
        n->foreign++;
    else if (!add_readings (n, key))
        n->unusable++;
}

static enum err read_records (struct reading *r, const struct dialect *d, const json_t *list,
                              struct error *e)
{
    size_t n = json_is_array (list) ? json_array_size (list) : 1;
    if (r->n->records + n > LIMIT_EVENT_RECORDS)
        return FAIL (e, BODY_TOO_LARGE, "The message has more than %d records.",
                     LIMIT_EVENT_RECORDS);
    for (size_t i = 0; i < n; i++)
        read_record (r, d, json_is_array (list) ? json_array_get (list, i) : list);
    return ERR_OK;
}

static const struct dialect *find_dialect (const json_t *message, const json_t **ret_list)
{
    for (size_t i = 0; i < N_ELEMENTS (dialects); i++) {
        const struct dialect *d = &dialects[i];
        *ret_list = d->list ? json_object_get (message, d->list) : message;
        if (d->list ? json_is_array (*ret_list) || json_is_object (*ret_list)
                    : text_at (message, d->key) != NULL)
            return d;
    }
    return NULL;
}

/* ---- Messages ---- */

static enum err read_text (struct reading *r, const char *text, size_t len, struct error *e);

static bool is_text (const json_t *message, const char *member, const char *value)
{
    const char *text = text_at (message, member);
    return text && strcmp (text, value) == 0;
}

/* What senders post to see whether somebody is there. */
static bool is_test (const json_t *message)
{
    return is_text (message, "Event", "s3:TestEvent") ||
           is_text (message, "Type", "UnsubscribeConfirmation");
}

static bool take_confirmation (struct notification *n, const json_t *message)
{
    const char *topic = text_at (message, "TopicArn"), *token = text_at (message, "Token");
    if (!is_text (message, "Type", "SubscriptionConfirmation") || !topic || !token)
        return false;
    g_free (n->topic);
    g_free (n->confirmation);
    n->topic = g_strdup (topic);
    n->confirmation = g_strdup (token);
    return true;
}

/* The message within: JSON, or in SMQ's envelopes often Base64 of it. */
static enum err read_inner (struct reading *r, const json_t *envelope, struct error *e)
{
    const json_t *inner = json_object_get (envelope, "Message");
    const char *text = json_string_value (inner);
    size_t len = json_string_length (inner);
    r->n->is_sns |= text_at (envelope, "TopicArn") != NULL;
    if (len &&
        strspn (text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=") == len) {
        g_autofree char *plain = (char *) g_base64_decode (text, &len);
        g_autofree char *ended = g_strndup (plain, len);
        return read_text (r, ended, len, e);
    }
    return read_text (r, text, len, e);
}

static enum err read_message (struct reading *r, const json_t *message, struct error *e)
{
    const json_t *list;
    const struct dialect *d = find_dialect (message, &list);
    if (d)
        return read_records (r, d, list, e);
    if (is_test (message) || take_confirmation (r->n, message))
        return ERR_OK;
    if (json_is_string (json_object_get (message, "Message")))
        return read_inner (r, message, e);
    return FAIL (e, BAD_REQUEST, "This is no notification about objects. " EXPECTED ".");
}

static enum err read_text (struct reading *r, const char *text, size_t len, struct error *e)
{
    json_auto_t *json = NULL;
    if (++r->depth > ENVELOPES_MOST)
        return FAIL (e, BAD_REQUEST, "There are too many envelopes around the message.");
    enum err code = json_text_parse (text, len, &json, e);
    if (code != ERR_OK)
        return code;
    size_t n = json_is_array (json) ? json_array_size (json) : 1;
    for (size_t i = 0; i < n && code == ERR_OK; i++)
        code = read_message (r, json_is_array (json) ? json_array_get (json, i) : json, e);
    r->depth--;
    return code;
}

enum err notification_read (const char *text, size_t len, const char *bucket,
                            struct notification *ret, struct error *e)
{
    *ret = (struct notification){ .keys = g_ptr_array_new_with_free_func (g_free),
                                  .seen = g_hash_table_new (g_str_hash, g_str_equal) };
    struct reading r = { .n = ret, .bucket = bucket };
    enum err code = read_text (&r, text, len, e);
    if (code == ERR_OK && ret->records && ret->unusable == ret->records)
        return FAIL (e, BAD_REQUEST,
                     "No record names a bucket and a key that an object can have. " EXPECTED ".");
    return code;
}
