/* What a store refuses, and why: its codes are rows of one table. */
#include <string.h>

#include "base/limits.h"
#include "base/text.h"
#include "store/client_private.h"

/* What a code means, beside its error. */
enum hint {
    HINT_FINAL,
    HINT_LATER,
    HINT_SLOWER,
    HINT_REGION,    /* the bucket is somewhere else, perhaps */
    HINT_CLOCK,     /* our clock is wrong, perhaps */
    HINT_KEYS,      /* there may be new credentials */
    HINT_SIGNATURE, /* the same, unless it is about this key only */
};

static const struct refusal {
    const char *code;
    enum err err;
    enum hint hint;
} refusals[] = {
    { "NoSuchKey", ERR_NO_OBJECT, HINT_FINAL },
    { "NoSuchVersion", ERR_NO_OBJECT, HINT_FINAL },
    { "NoSuchTagSet", ERR_NO_OBJECT, HINT_FINAL },
    { "SymlinkTargetNotExist", ERR_NO_OBJECT, HINT_FINAL },
    { "KeyTooLongError", ERR_NO_OBJECT, HINT_FINAL },
    { "NoSuchBucket", ERR_NO_BUCKET, HINT_FINAL },
    { "InvalidBucketName", ERR_NO_BUCKET, HINT_FINAL },
    { "AccessDenied", ERR_STORE_DENIED, HINT_REGION },
    { "AccessForbidden", ERR_STORE_DENIED, HINT_FINAL },
    { "AllAccessDisabled", ERR_STORE_DENIED, HINT_FINAL },
    { "AccountProblem", ERR_STORE_DENIED, HINT_FINAL },
    { "UserDisable", ERR_STORE_DENIED, HINT_FINAL },
    { "InvalidObjectState", ERR_STORE_ARCHIVED, HINT_FINAL },
    { "PreconditionFailed", ERR_VERSION_CHANGED, HINT_FINAL },
    { "InvalidRange", ERR_OUT_OF_RANGE, HINT_FINAL },
    { "InvalidAccessKeyId", ERR_STORE_CREDENTIALS, HINT_KEYS },
    { "ExpiredToken", ERR_STORE_CREDENTIALS, HINT_KEYS },
    { "InvalidToken", ERR_STORE_CREDENTIALS, HINT_KEYS },
    { "InvalidSecurityToken", ERR_STORE_CREDENTIALS, HINT_KEYS },
    { "SecurityTokenExpired", ERR_STORE_CREDENTIALS, HINT_KEYS },
    { "TokenRefreshRequired", ERR_STORE_CREDENTIALS, HINT_KEYS },
    { "SecurityTokenNotSupported", ERR_STORE_CREDENTIALS, HINT_KEYS },
    { "Unauthorized", ERR_STORE_CREDENTIALS, HINT_KEYS },
    { "SignatureDoesNotMatch", ERR_STORE_CREDENTIALS, HINT_SIGNATURE },
    { "RequestTimeTooSkewed", ERR_STORE_CREDENTIALS, HINT_CLOCK },
    { "RequestExpired", ERR_STORE_CREDENTIALS, HINT_CLOCK },
    { "AuthorizationHeaderMalformed", ERR_STORE_CREDENTIALS, HINT_REGION },
    { "PermanentRedirect", ERR_STORE_DOWN, HINT_REGION },
    { "TemporaryRedirect", ERR_STORE_DOWN, HINT_REGION },
    { "Redirect", ERR_STORE_DOWN, HINT_REGION },
    { "IllegalLocationConstraintException", ERR_STORE_DOWN, HINT_REGION },
    { "SlowDown", ERR_STORE_DOWN, HINT_SLOWER },
    { "SlowDownRead", ERR_STORE_DOWN, HINT_SLOWER },
    { "RequestLimitExceeded", ERR_STORE_DOWN, HINT_SLOWER },
    { "ThrottlingException", ERR_STORE_DOWN, HINT_SLOWER },
    { "Throttling", ERR_STORE_DOWN, HINT_SLOWER },
    { "TooManyRequests", ERR_STORE_DOWN, HINT_SLOWER },
    { "QpsLimitExceeded", ERR_STORE_DOWN, HINT_SLOWER },
    { "DownloadTrafficRateLimitExceeded", ERR_STORE_DOWN, HINT_SLOWER },
    { "BandwidthLimitExceeded", ERR_STORE_DOWN, HINT_SLOWER },
    { "ServiceUnavailable", ERR_STORE_DOWN, HINT_SLOWER },
    { "Busy", ERR_STORE_DOWN, HINT_SLOWER },
    { "RequestTimeout", ERR_STORE_DOWN, HINT_LATER },
    { "InternalError", ERR_STORE_DOWN, HINT_LATER },
    { "OperationAborted", ERR_STORE_DOWN, HINT_LATER },
    { "IncompleteBody", ERR_STORE_DOWN, HINT_LATER },
};

/* Where there is no code, or none of those. 404 is not here: it may be bucket or object. */
static const struct {
    int status;
    enum err err;
    enum hint hint;
} statuses[] = {
    { 301, ERR_STORE_DOWN, HINT_REGION },      { 302, ERR_STORE_DOWN, HINT_REGION },
    { 304, ERR_VERSION_CHANGED, HINT_FINAL },  { 307, ERR_STORE_DOWN, HINT_REGION },
    { 308, ERR_STORE_DOWN, HINT_REGION },      { 400, ERR_BAD_REQUEST, HINT_REGION },
    { 401, ERR_STORE_CREDENTIALS, HINT_KEYS }, { 403, ERR_STORE_DENIED, HINT_REGION },
    { 408, ERR_STORE_DOWN, HINT_LATER },       { 409, ERR_STORE_DOWN, HINT_LATER },
    { 412, ERR_VERSION_CHANGED, HINT_FINAL },  { 416, ERR_OUT_OF_RANGE, HINT_FINAL },
    { 429, ERR_STORE_DOWN, HINT_SLOWER },      { 501, ERR_BAD_REQUEST, HINT_FINAL },
    { 503, ERR_STORE_DOWN, HINT_SLOWER },
};

/* The elements of an error document that count. */
struct document {
    GString *path; /* of the element that is open, "/Error/Code" */
    char code[64], message[160], region[80], endpoint[160];
};

static void on_start (GMarkupParseContext *x UNUSED, const char *name, const char **names UNUSED,
                      const char **values UNUSED, void *arg, GError **error)
{
    struct document *d = arg;
    if (d->path->len + strlen (name) > 256)
        g_set_error_literal (error, G_MARKUP_ERROR, G_MARKUP_ERROR_INVALID_CONTENT, "too deep");
    else
        g_string_append_printf (d->path, "/%s", name);
}

static void on_end (GMarkupParseContext *x UNUSED, const char *name UNUSED, void *arg,
                    GError **error UNUSED)
{
    struct document *d = arg;
    const char *last = strrchr (d->path->str, '/');
    g_string_truncate (d->path, last ? (gsize) (last - d->path->str) : 0);
}

static void on_text (GMarkupParseContext *x UNUSED, const char *text, gsize len, void *arg,
                     GError **error UNUSED)
{
    struct document *d = arg;
    const struct {
        const char *path;
        char *to;
        size_t size;
    } fields[] = {
        { "/Error/Code", d->code, sizeof d->code },
        { "/Error/Message", d->message, sizeof d->message },
        { "/Error/Region", d->region, sizeof d->region },
        { "/Error/Endpoint", d->endpoint, sizeof d->endpoint },
    };
    for (size_t i = 0; i < N_ELEMENTS (fields); i++) {
        if (!g_str_equal (d->path->str, fields[i].path))
            continue;
        size_t n = MIN (fields[i].size - 1, len);
        memcpy (fields[i].to, text, n);
        fields[i].to[n] = '\0';
    }
}

static void parse_document (const char *text, size_t len, struct document *ret)
{
    static const GMarkupParser parser = { on_start, on_end, on_text, NULL, NULL };
    *ret = (struct document){ .path = g_string_new (NULL) };
    GMarkupParseContext *x =
        g_markup_parse_context_new (&parser, G_MARKUP_TREAT_CDATA_AS_TEXT, ret, NULL);
    /* what was read before a fault counts */
    g_markup_parse_context_parse (x, text, (gssize) len, NULL);
    g_markup_parse_context_free (x);
    g_string_free (ret->path, TRUE);
    ret->path = NULL;
    g_strstrip (ret->code);
}

bool refusal_read_code (struct fetch *f, const char *text, size_t len)
{
    if (!g_strstr_len (text, (gssize) MIN (len, 512), "<Error>"))
        return false;
    struct document d;
    parse_document (text, MIN (len, LIMIT_STORE_ERROR), &d);
    g_strlcpy (f->answer.s3_code, d.code, sizeof f->answer.s3_code);
    return d.code[0] != '\0';
}

/* Answers without a body say it in headers, if at all. */
static void read_headers (const struct fetch *f, struct document *d)
{
    const char *error = client_header (&f->answer, "x-oss-err");
    if (error && !d->code[0]) {
        gsize len = 0;
        g_autofree guchar *text = g_base64_decode (error, &len);
        parse_document ((const char *) text, len, d);
    }
    const char *code = client_header (&f->answer, "x-minio-error-code");
    if (code && !d->code[0])
        g_strlcpy (d->code, code, sizeof d->code);
    static const char *const regions[] = { "x-amz-bucket-region", "x-oss-bucket-region" };
    for (size_t i = 0; i < N_ELEMENTS (regions); i++) {
        const char *region = client_header (&f->answer, regions[i]);
        if (region)
            g_strlcpy (d->region, region, sizeof d->region);
    }
}

static bool is_about_a_key (const struct fetch *f)
{
    return f->ask.key != NULL;
}

static struct refusal find_refusal (const struct fetch *f, const char *code)
{
    int status = f->answer.status;
    for (size_t i = 0; i < N_ELEMENTS (refusals); i++)
        if (g_str_equal (refusals[i].code, code))
            return refusals[i];
    const char *marker = client_header (&f->answer, "x-amz-delete-marker");
    if (status == 404 || (status == 405 && g_strcmp0 (marker, "true") == 0))
        return (struct refusal){ code, is_about_a_key (f) ? ERR_NO_OBJECT : ERR_NO_BUCKET,
                                 HINT_FINAL };
    for (size_t i = 0; i < N_ELEMENTS (statuses); i++)
        if (statuses[i].status == status)
            return (struct refusal){ code, statuses[i].err, statuses[i].hint };
    bool is_passing = status >= 500 || status < 400;
    return (struct refusal){ code, is_passing ? ERR_STORE_DOWN : ERR_BAD_REQUEST,
                             is_passing ? HINT_LATER : HINT_FINAL };
}

/* True if the store's clock is away from what was signed, and that is known only now. */
static bool learn_clock (struct fetch *f)
{
    const char *date = client_header (&f->answer, "date");
    time_t theirs = date ? curl_getdate (date, NULL) : -1;
    int64_t off_s = (int64_t) theirs - fetch_now_s (f->client);
    int64_t skew_s = f->client->skew_s + off_s;
    if (theirs < 0 || f->did_clock || ABS (off_s) < LIMIT_STORE_SKEW_LEAST_S ||
        ABS (skew_s) > LIMIT_STORE_SKEW_S)
        return false;
    f->did_clock = true;
    f->client->skew_s = skew_s;
    return true;
}

static bool learn_region (struct fetch *f, const struct document *d)
{
    const char *told = d->region[0] ? d->region : d->endpoint;
    return f->hops < LIMIT_STORE_HOPS && *told &&
           place_learn (&f->client->place, f->ask.bucket, told, f->region) && ++f->hops;
}

static bool has_new_keys (struct fetch *f)
{
    struct client *c = f->client;
    if (f->did_keys || !c->credentials || !f->credential)
        return false;
    f->did_keys = true;
    return credentials_refused (c->credentials, f->credential->number, fetch_now_s (c));
}

/* A key that something between us and the store may write in another way. */
static bool is_odd_key (const char *key)
{
    for (const char *at = key; *at; at++)
        if (!g_ascii_isalnum (*at) && !strchr ("-_.~/", *at))
            return true;
    g_autofree char *path = g_strconcat ("/", key, "/", NULL);
    return strstr (path, "//") || strstr (path, "/./") || strstr (path, "/../");
}

/* The keys are right, for other requests pass: it is this one that the store reads otherwise. */
static bool is_signature_of_one (const struct fetch *f)
{
    const struct client *c = f->client;
    return f->ask.key && is_odd_key (f->ask.key) && f->credential &&
           f->credential->number == c->trusted && f->sent_ms < c->trusted_until_ms;
}

/* Refused without a reason, as to a HEAD. It may be the clock; if not, a GET tells. */
static enum next find_reason (struct fetch *f)
{
    int status = f->answer.status;
    if (status != 400 && status != 403)
        return NEXT_DONE;
    if (learn_clock (f))
        return NEXT_AGAIN;
    if (!fetch_is_head (f) || f->did_ask_why)
        return NEXT_DONE;
    f->is_asking_why = f->did_ask_why = true;
    return NEXT_AGAIN;
}

static enum next follow (struct fetch *f, const struct document *d, enum hint hint)
{
    switch (hint) {
    case HINT_FINAL:
        return NEXT_DONE;
    case HINT_LATER:
        return NEXT_LATER;
    case HINT_SLOWER:
        return NEXT_SLOWER;
    case HINT_REGION:
        if (learn_region (f, d))
            return NEXT_AGAIN;
        return d->code[0] ? NEXT_DONE : find_reason (f);
    case HINT_CLOCK:
        return learn_clock (f) ? NEXT_AGAIN : NEXT_DONE;
    case HINT_SIGNATURE:
        if (has_new_keys (f))
            return NEXT_AGAIN;
        if (is_signature_of_one (f))
            f->answer.code = ERR_STORE_DENIED;
        return NEXT_DONE;
    case HINT_KEYS:
        return has_new_keys (f) ? NEXT_AGAIN : NEXT_DONE;
    }
    return NEXT_DONE;
}

/* A page of a proxy says nothing about objects, whatever its status. */
static bool is_foreign (const struct fetch *f, const struct document *d)
{
    int status = f->answer.status;
    const char *type = client_header (&f->answer, "content-type");
    bool is_html = type && g_ascii_strncasecmp (type, "text/html", 9) == 0;
    bool has_body = f->refusal && f->refusal->len > 0;
    return status >= 400 && status < 500 && status != 429 && !d->code[0] && (is_html || has_body);
}

enum next refusal_judge (struct fetch *f)
{
    struct document d = { 0 };
    if (f->refusal && f->refusal->len > 0)
        parse_document ((const char *) f->refusal->data, f->refusal->len, &d);
    read_headers (f, &d);
    g_strlcpy (f->answer.s3_code, d.code, sizeof f->answer.s3_code);
    if (is_foreign (f, &d)) {
        answer_set_lie (f, "%s answers %d, but not as a store does", f->client->place.host,
                        f->answer.status);
        return NEXT_LATER;
    }
    struct refusal r = find_refusal (f, d.code);
    if (f->is_asking_why && r.err == ERR_OUT_OF_RANGE) {
        answer_set_lie (f, "the store refuses a HEAD where it grants a GET");
        return NEXT_LATER;
    }
    f->answer.code = r.err;
    g_snprintf (f->answer.message, sizeof f->answer.message, "the store answers %d%s%s%s%s",
                f->answer.status, d.code[0] ? " " : "", d.code, d.message[0] ? ": " : "",
                d.message);
    return follow (f, &d, r.hint);
}
