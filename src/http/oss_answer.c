/* What goes out: conditions, ranges, and the headers of every answer. */
#include "http/oss_call.h"

#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/text.h"
#include "http/auditlog.h"

#define NS          1000000000ll
#define PREFLIGHT_S "600"
#define SHORT_BODY  (64 * KIB)
#define METHODS     "GET, HEAD, POST"
#define EXPOSED                                                                                    \
    "ETag, Content-Length, Content-Range, Content-Disposition, Accept-Ranges, Last-Modified, "     \
    "x-oss-request-id, x-oss-server-time"

/* What a browser runs if it opens it. */
static const char *const active_types[] = {
    "text/html",
    "application/xhtml+xml",
    "image/svg+xml",
    "text/xml",
    "application/xml",
    "text/xsl",
    "text/javascript",
    "application/javascript",
    "application/x-javascript",
    "application/wasm",
    "text/css",
    "message/rfc822",
    "multipart/related",
    "application/x-shockwave-flash",
};

/* Whatever the types say: nothing of an object acts in the name of the endpoint's origin. */
static const struct {
    const char *name, *value;
} guards[] = {
    { "X-Content-Type-Options", "nosniff" },
    { "Content-Security-Policy", "sandbox; default-src 'none'; img-src 'self' data:; "
                                 "media-src 'self'; style-src 'unsafe-inline'" },
};

/* What a signed request may have in place of what the object has. */
static const struct {
    const char *param, *header;
} overrides[] = {
    { "response-content-type", MHD_HTTP_HEADER_CONTENT_TYPE },
    { "response-content-disposition", MHD_HTTP_HEADER_CONTENT_DISPOSITION },
    { "response-content-language", MHD_HTTP_HEADER_CONTENT_LANGUAGE },
    { "response-content-encoding", MHD_HTTP_HEADER_CONTENT_ENCODING },
    { "response-cache-control", MHD_HTTP_HEADER_CACHE_CONTROL },
    { "response-expires", MHD_HTTP_HEADER_EXPIRES },
};

/* ---- Conditions (RFC 9110, 13) ---- */

/* Whether one of a list of ETags, `"a", W/"b"` or a bare one, is it; "*" is any. */
static bool list_has_etag (const char *list, const char *etag)
{
    size_t len = strlen (etag);
    for (const char *p = list; *p; p += strcspn (p, ","), p += *p == ',') {
        p += strspn (p, " \t\n");
        if (*p == '*')
            return true;
        if (g_str_has_prefix (p, "W/"))
            p += 2;
        bool is_quoted = *p == '"';
        p += is_quoted;
        size_t n = strcspn (p, is_quoted ? "\"" : " ,\t\n");
        if (n == len && strncmp (p, etag, n) == 0)
            return true;
        p += n;
    }
    return false;
}

bool oss_has_etag (const struct oss_call *c, const char *etag)
{
    const char *list = oss_header (c, "if-none-match");
    return list && !oss_header (c, "if-match") && list_has_etag (list, etag);
}

/* A header with a time; false if there is none that can be read. */
static bool header_time (const struct oss_call *c, const char *name, int64_t *ret_s)
{
    const char *text = oss_header (c, name);
    int64_t ns;
    if (!text || !clock_parse_http (text, &ns))
        return false;
    *ret_s = ns / NS;
    return true;
}

enum verdict { SEND, UNCHANGED, FAILED };

static enum verdict judge (const struct oss_call *c, const struct oss_body *b)
{
    const char *match = oss_header (c, "if-match"), *none = oss_header (c, "if-none-match");
    int64_t mtime_s = b->mtime_ns / NS, than_s;
    if (match ? !list_has_etag (match, b->etag)
              : header_time (c, "if-unmodified-since", &than_s) && mtime_s > than_s)
        return FAILED;
    if (none ? list_has_etag (none, b->etag)
             : header_time (c, "if-modified-since", &than_s) && mtime_s <= than_s)
        return UNCHANGED;
    return SEND;
}

/* ---- Ranges (RFC 9110, 14) ---- */

/* "bytes=a-b", "bytes=a-", "bytes=-n". False for what is none of these, several among them: then
 * the whole is sent. */
static bool parse_range (const char *text, uint64_t size, uint64_t *ret_at, uint64_t *ret_end)
{
    const char *dash = g_str_has_prefix (text, "bytes=") ? strchr (text, '-') : NULL;
    if (!dash)
        return false;
    g_autofree char *first = g_strstrip (g_strndup (text + 6, (gsize) (dash - text - 6)));
    g_autofree char *last = g_strstrip (g_strdup (dash + 1));
    uint64_t from, to = UINT64_MAX;
    if ((*last || !*first) && !text_parse_u64 (last, &to))
        return false;
    if (*first) {
        if (!text_parse_u64 (first, &from) || from > to)
            return false;
        *ret_at = from;
        *ret_end = to >= size ? size : to + 1;
    } else {
        *ret_at = to < size ? size - to : 0;
        *ret_end = to ? size : 0;
    }
    return true;
}

/* A range of another version is none. */
static bool is_range_valid (const struct oss_call *c, const struct oss_body *b)
{
    const char *version = oss_header (c, "if-range");
    int64_t than_s;
    if (!version)
        return true;
    if (header_time (c, "if-range", &than_s))
        return b->mtime_ns / NS == than_s;
    return !g_str_has_prefix (version, "W/") && list_has_etag (version, b->etag);
}

/* ---- Answers ---- */

static void add (struct MHD_Response *r, const char *name, const char *value)
{
    MHD_add_response_header (r, name, value);
}

static bool is_text (const char *value)
{
    for (const char *p = value; *p; p++)
        if ((unsigned char) *p < ' ' || *p == 0x7f)
            return false;
    return true;
}

static enum err check_overrides (const struct oss_call *c, struct error *e)
{
    for (size_t i = 0; i < N_ELEMENTS (overrides); i++) {
        const char *value = oss_query_get (c->query, overrides[i].param);
        if (value && !is_text (value))
            return FAIL (e, INVALID_ARGUMENT, "%s has a control character.", overrides[i].param);
    }
    return ERR_OK;
}

static bool is_active (const char *type)
{
    size_t len = strcspn (type, "; \t");
    for (size_t i = 0; i < N_ELEMENTS (active_types); i++)
        if (strlen (active_types[i]) == len && !g_ascii_strncasecmp (active_types[i], type, len))
            return true;
    return len > 4 && !g_ascii_strncasecmp (type + len - 4, "+xml", 4);
}

static void add_type (const struct oss_call *c, struct MHD_Response *r, const char *type)
{
    const char *wanted = oss_query_get (c->query, "response-content-type");
    type = wanted ? wanted : type;
    add (r, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    if (is_active (type) && !oss_query_get (c->query, "response-content-disposition"))
        add (r, MHD_HTTP_HEADER_CONTENT_DISPOSITION, "attachment");
    for (size_t i = 1; i < N_ELEMENTS (overrides); i++) {
        const char *value = oss_query_get (c->query, overrides[i].param);
        if (value)
            add (r, overrides[i].header, value);
    }
}

static void add_version (struct MHD_Response *r, const struct oss_body *b)
{
    char text[CLOCK_TEXT_SIZE], etag[128];
    g_snprintf (etag, sizeof etag, "\"%s\"", b->etag);
    clock_format_http (b->mtime_ns, text);
    add (r, MHD_HTTP_HEADER_ETAG, etag);
    add (r, MHD_HTTP_HEADER_LAST_MODIFIED, text);
}

static struct MHD_Response *empty (void)
{
    return MHD_create_response_from_buffer (0, "", MHD_RESPMEM_PERSISTENT);
}

static ssize_t read_nothing (void *cls, uint64_t pos, char *buf, size_t max)
{
    (void) cls, (void) pos, (void) buf, (void) max;
    return MHD_CONTENT_READER_END_WITH_ERROR;
}

/* A short body goes out with the headers, in one piece. NULL: it cannot be read, or is longer. */
static struct MHD_Response *read_short (const struct oss_body *b, uint64_t at, uint64_t length)
{
    if (length > SHORT_BODY)
        return NULL;
    g_autofree char *bytes = g_malloc (length);
    if (pread (b->fd, bytes, length, (off_t) (b->offset + at)) != (ssize_t) length)
        return NULL;
    struct MHD_Response *r =
        MHD_create_response_from_buffer_with_free_callback (length, bytes, g_free);
    if (r)
        g_steal_pointer (&bytes);
    return r;
}

/* Of bytes [at, at + length). */
static struct MHD_Response *open_part (const struct oss_call *c, struct oss_body *b, uint64_t at,
                                       uint64_t length)
{
    if (length == 0)
        return empty ();
    if (strcmp (c->x->method, "HEAD") == 0) /* of which only the length is sent */
        return MHD_create_response_from_callback (length, 1, read_nothing, NULL, NULL);
    if (b->open)
        return b->open (b->arg, at, length);
    struct MHD_Response *whole = read_short (b, at, length);
    if (whole)
        return whole;
    return MHD_create_response_from_fd_at_offset64 (length, steal_fd (&b->fd), b->offset + at);
}

static void begin_answer (struct oss_call *c, unsigned status, struct MHD_Response *take_response)
{
    c->response = take_response;
    c->x->answer.status = status;
    c->x->answer.code = ERR_OK;
    g_strlcpy (c->x->answer.audit.code, "OK", sizeof c->x->answer.audit.code);
}

static enum err answer_part (struct oss_call *c, struct oss_body *b, struct error *e)
{
    const char *range = *b->etag ? oss_header (c, "range") : NULL;
    uint64_t at = 0, end = b->size;
    char text[96];
    bool is_part = range && is_range_valid (c, b) && parse_range (range, b->size, &at, &end);
    if (is_part && at >= end) {
        c->unsatisfied = b->size + 1;
        return FAIL (e, OUT_OF_RANGE,
                     "The requested range is not satisfiable: the object has %" G_GUINT64_FORMAT
                     " bytes.",
                     b->size);
    }
    begin_answer (c, is_part ? MHD_HTTP_PARTIAL_CONTENT : MHD_HTTP_OK,
                  open_part (c, b, at, end - at));
    if (is_part) {
        g_snprintf (text, sizeof text,
                    "bytes %" G_GUINT64_FORMAT "-%" G_GUINT64_FORMAT "/%" G_GUINT64_FORMAT, at,
                    end - 1, b->size);
        add (c->response, MHD_HTTP_HEADER_CONTENT_RANGE, text);
    }
    add_type (c, c->response, b->content_type);
    if (*b->etag) {
        add (c->response, MHD_HTTP_HEADER_ACCEPT_RANGES, "bytes");
        add_version (c->response, b);
    }
    return ERR_OK;
}

enum err oss_answer_body (struct oss_call *c, struct oss_body *b, struct error *e)
{
    _cleanup_close_ int fd UNUSED = -1;
    bool is_read = strcmp (c->x->method, "POST") != 0;
    enum verdict verdict = is_read ? judge (c, b) : SEND;
    enum err r = check_overrides (c, e);
    if (r == ERR_OK && verdict == FAILED)
        r = FAIL (e, PRECONDITION, "At least one of the preconditions you specified did not hold.");
    if (r == ERR_OK && verdict == SEND)
        r = answer_part (c, b, e);
    if (r == ERR_OK && verdict == UNCHANGED) {
        begin_answer (c, MHD_HTTP_NOT_MODIFIED, empty ());
        add_version (c->response, b);
    }
    fd = steal_fd (&b->fd);
    return r;
}

void oss_answer_text (struct oss_call *c, unsigned status, const char *content_type,
                      const char *text)
{
    begin_answer (
        c, status,
        MHD_create_response_from_buffer (strlen (text), (void *) text, MHD_RESPMEM_MUST_COPY));
    add (c->response, MHD_HTTP_HEADER_CONTENT_TYPE, content_type);
}

/* ---- Pages of other origins ---- */

static bool is_open_to_all (const struct oss *o)
{
    return o->origins && g_strv_contains ((const char *const *) o->origins, "*");
}

static bool is_welcome (const struct oss *o, const char *origin)
{
    for (char *const *one = o->origins; one && *one; one++)
        if (text_glob_match (*one, origin))
            return true;
    return false;
}

static void add_cors (const struct oss_call *c, struct MHD_Response *r)
{
    const char *origin = c->headers ? oss_header (c, "origin") : NULL;
    bool is_any = is_open_to_all (c->oss);
    if (!c->oss->origins || !*c->oss->origins)
        return;
    if (!is_any)
        add (r, MHD_HTTP_HEADER_VARY, "Origin");
    if (!origin || !is_welcome (c->oss, origin))
        return;
    add (r, MHD_HTTP_HEADER_ACCESS_CONTROL_ALLOW_ORIGIN, is_any ? "*" : origin);
    add (r, "Access-Control-Expose-Headers", EXPOSED);
}

enum err oss_answer_preflight (struct oss_call *c, struct error *e)
{
    const char *origin = oss_header (c, "origin");
    const char *wanted = oss_header (c, "access-control-request-headers");
    if (!origin || !oss_header (c, "access-control-request-method"))
        return FAIL (e, BAD_REQUEST,
                     "A preflight request needs Origin and Access-Control-Request-Method.");
    if (!is_welcome (c->oss, origin))
        return FAIL (e, NO_PERMISSION,
                     "CORSResponse: This CORS request is not allowed. This is usually because the "
                     "origin is not one of oss-cors-origins.");
    oss_answer_text (c, MHD_HTTP_OK, "text/plain", "");
    add (c->response, "Access-Control-Allow-Methods", METHODS);
    add (c->response, "Access-Control-Max-Age", PREFLIGHT_S);
    if (wanted)
        add (c->response, "Access-Control-Allow-Headers", wanted);
    return ERR_OK;
}

/* ---- The end ---- */

/* A refusal; with HEAD it has no body, but a header with it. */
static struct MHD_Response *refusal (struct oss_call *c, struct exchange *x)
{
    struct call_answer *a = &x->answer;
    char text[64];
    g_autofree char *copy = NULL;
    if (strcmp (x->method, "HEAD") == 0)
        copy = g_base64_encode ((const guchar *) a->body->str, a->body->len);
    size_t len = a->body->len;
    struct MHD_Response *r = MHD_create_response_from_buffer (
        len, g_string_free (g_steal_pointer (&a->body), FALSE), MHD_RESPMEM_MUST_FREE);
    add (r, MHD_HTTP_HEADER_CONTENT_TYPE, a->content_type);
    if (copy)
        add (r, "x-oss-err", copy);
    if (a->retry_after_ms >= 0) {
        g_snprintf (text, sizeof text, "%" G_GINT64_FORMAT, (a->retry_after_ms + 999) / 1000);
        add (r, MHD_HTTP_HEADER_RETRY_AFTER, text);
    }
    if (a->status == MHD_HTTP_METHOD_NOT_ALLOWED)
        add (r, MHD_HTTP_HEADER_ALLOW, METHODS ", OPTIONS");
    if (c && c->unsatisfied) {
        g_snprintf (text, sizeof text, "bytes */%" G_GUINT64_FORMAT, c->unsatisfied - 1);
        add (r, MHD_HTTP_HEADER_CONTENT_RANGE, text);
    }
    return r;
}

enum MHD_Result oss_answer (struct exchange *x)
{
    struct oss_call *c = x->own;
    struct MHD_Response *r = c ? g_steal_pointer (&c->response) : NULL;
    char took[32];
    exchange_leave (x);
    auditlog_write (x->listener->http->audit, &x->answer, x->client);
    if (!r)
        r = refusal (c, x);
    g_snprintf (took, sizeof took, "%" G_GINT64_FORMAT, clock_mono_ms () - x->start_ms);
    add (r, x->listener->manner->id_header, x->answer.request_id);
    add (r, "x-oss-server-time", took);
    for (size_t i = 0; i < N_ELEMENTS (guards); i++)
        add (r, guards[i].name, guards[i].value);
    if (c)
        add_cors (c, r);
    exchange_set_persistence (x, r);
    enum MHD_Result queued = MHD_queue_response (x->connection, x->answer.status, r);
    MHD_destroy_response (r);
    return queued;
}
