/* What a store answers, as it comes in: nothing of it is believed before it fits what was asked,
 * and no byte goes further than it was asked to. */
#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/text.h"
#include "store/client_private.h"

#define UNKNOWN UINT64_MAX

void answer_set_lie (struct fetch *f, const char *format, ...)
{
    f->is_lie = true;
    f->answer.code = ERR_STORE_DOWN;
    va_list args;
    va_start (args, format);
    g_vsnprintf (f->answer.message, sizeof f->answer.message, format, args);
    va_end (args);
}

void answer_begin (struct fetch *f)
{
    client_response_clear (&f->answer);
    f->answer.size = UNKNOWN;
    f->is_judged = f->is_success = f->is_whole = f->is_lie = false;
    f->expected = UNKNOWN;
    if (!f->head) {
        f->head = g_string_sized_new (1024);
        f->head_at = g_array_new (FALSE, FALSE, sizeof (gsize));
    }
    g_string_truncate (f->head, 0);
    g_array_set_size (f->head_at, 0);
    if (f->refusal)
        g_byte_array_set_size (f->refusal, 0);
}

/* ---- Headers ---- */

static const char *find_header (const struct fetch *f, const char *name)
{
    for (guint i = 0; i < f->head_at->len; i++) {
        const char *at = f->head->str + g_array_index (f->head_at, gsize, i);
        if (g_str_equal (at, name))
            return at + strlen (at) + 1;
    }
    return NULL;
}

static void add_header (struct fetch *f, const char *line, size_t len, size_t colon)
{
    gsize at = f->head->len;
    for (size_t i = 0; i < colon; i++)
        g_string_append_c (f->head, g_ascii_tolower (line[i]));
    g_string_append_c (f->head, '\0');
    size_t from = colon + 1;
    while (from < len && g_ascii_isspace (line[from]))
        from++;
    while (len > from && g_ascii_isspace (line[len - 1]))
        len--;
    g_string_append_len (f->head, line + from, (gssize) (len - from));
    g_string_append_c (f->head, '\0');
    g_array_append_val (f->head_at, at);
}

/* "HTTP/1.1 206 Partial Content"; there are several where a 100 comes first. */
static void begin_head (struct fetch *f, const char *line, size_t len)
{
    g_string_truncate (f->head, 0);
    g_array_set_size (f->head_at, 0);
    const char *space = memchr (line, ' ', len);
    size_t left = space ? len - (size_t) (space + 1 - line) : 0;
    g_autofree char *digits = g_strndup (left > 0 ? space + 1 : "", MIN (left, 3u));
    uint64_t status = 0;
    f->answer.status = text_parse_u64 (digits, &status) ? (int) status : 0;
}

size_t answer_on_header (char *line, size_t size, size_t n, void *fetch)
{
    struct fetch *f = fetch;
    size_t len = size * n;
    if (len >= 5 && memcmp (line, "HTTP/", 5) == 0 && !f->is_judged) {
        begin_head (f, line, len);
        return len;
    }
    if (f->head->len + len > LIMIT_STORE_HEAD || f->head_at->len >= LIMIT_STORE_HEADERS) {
        answer_set_lie (f, "the store sends more than %llu bytes or %d lines of headers",
                        LIMIT_STORE_HEAD, LIMIT_STORE_HEADERS);
        return 0;
    }
    const char *colon = memchr (line, ':', len);
    if (colon && !memchr (line, '\0', len))
        add_header (f, line, len, (size_t) (colon - line));
    return len;
}

/* ---- What a success must say of itself ---- */

/* "bytes 0-99/1234". False if it is anything else, the unknown size '*' included. */
static bool parse_content_range (const char *text, uint64_t *ret_first, uint64_t *ret_last,
                                 uint64_t *ret_size)
{
    if (!text || g_ascii_strncasecmp (text, "bytes ", 6) != 0)
        return false;
    g_auto (GStrv) parts = g_strsplit_set (text + 6, "-/", 4);
    return g_strv_length (parts) == 3 && text_parse_u64 (parts[0], ret_first) &&
           text_parse_u64 (parts[1], ret_last) && text_parse_u64 (parts[2], ret_size) &&
           *ret_first <= *ret_last && *ret_last < *ret_size;
}

/* The bytes that a range of an object of that size has: false if none. */
static bool cut_range (const struct client_range *r, uint64_t size, uint64_t *ret_at,
                       uint64_t *ret_length)
{
    uint64_t length = MIN (r->length, size);
    uint64_t at = r->is_suffix ? size - length : r->at;
    if (at >= size)
        return false;
    *ret_at = at;
    *ret_length = MIN (length, size - at);
    return true;
}

static bool judge_partial (struct fetch *f, uint64_t length)
{
    uint64_t first, last, size, at = 0, wanted = 0;
    const char *text = find_header (f, "content-range");
    if (f->ask.range.length == 0 || !parse_content_range (text, &first, &last, &size) ||
        !cut_range (&f->ask.range, size, &at, &wanted) || at != first ||
        last - first + 1 != wanted) {
        answer_set_lie (f, "the store sends other bytes than it was asked for: Content-Range '%s'",
                        text ? text : "");
        return false;
    }
    if (length != UNKNOWN && length != wanted) {
        answer_set_lie (
            f, "the store contradicts itself: Content-Range '%s' of %" G_GUINT64_FORMAT " bytes",
            text, length);
        return false;
    }
    f->answer.at = at;
    f->answer.size = size;
    f->expected = wanted;
    return true;
}

/* A whole object where a range was asked for: of use if the range begins where the object does. */
static bool judge_ignored_range (struct fetch *f, uint64_t length)
{
    uint64_t at = 0, wanted = 0;
    if (length == UNKNOWN ||
        (length > 0 && (!cut_range (&f->ask.range, length, &at, &wanted) || at > 0))) {
        answer_set_lie (f, "the store does not send ranges of objects");
        return false;
    }
    f->answer.size = length;
    f->expected = wanted;
    return true;
}

/* Quotes and W/ do not count. */
static bool is_same_etag (const char *header, const char *etag)
{
    const char *at = g_str_has_prefix (header, "W/") ? header + 2 : header;
    size_t len = strlen (at);
    if (len >= 2 && at[0] == '"' && at[len - 1] == '"') {
        at++;
        len -= 2;
    }
    return len == strlen (etag) && memcmp (at, etag, len) == 0;
}

static bool judge_etag (struct fetch *f)
{
    const char *etag = find_header (f, "etag");
    if ((f->ask.expect == CLIENT_OBJECT || f->ask.if_match) && (!etag || strlen (etag) < 1)) {
        answer_set_lie (f, "the store sends an object without an ETag");
        return false;
    }
    if (f->ask.if_match && !is_same_etag (etag, f->ask.if_match)) {
        f->is_lie = true;
        f->answer.code = ERR_VERSION_CHANGED;
        g_snprintf (f->answer.message, sizeof f->answer.message, "it is another version now");
        return false;
    }
    return true;
}

static bool is_html (const struct fetch *f)
{
    const char *type = find_header (f, "content-type");
    return type && g_ascii_strncasecmp (type, "text/html", 9) == 0;
}

/* The head of a 2xx, before its first byte goes anywhere. */
static bool judge_success (struct fetch *f)
{
    uint64_t length = UNKNOWN;
    const char *text = find_header (f, "content-length");
    if (text && !text_parse_u64 (text, &length)) {
        answer_set_lie (f, "the store sends the Content-Length '%s'", text);
        return false;
    }
    bool is_head = fetch_is_head (f);
    if (f->ask.expect == CLIENT_OBJECT && length == UNKNOWN && !find_header (f, "content-range")) {
        answer_set_lie (f, "the store sends an object without its length");
        return false;
    }
    if (f->ask.expect == CLIENT_XML && is_html (f)) {
        answer_set_lie (f, "the store sends a page of HTML instead of XML");
        return false;
    }
    if (!judge_etag (f))
        return false;
    if (f->answer.status == 206)
        return judge_partial (f, length);
    if (f->ask.range.length > 0 && !is_head)
        return judge_ignored_range (f, length);
    f->answer.size = length;
    f->expected = is_head ? 0 : length;
    if (f->expected != UNKNOWN && f->expected > f->ask.limit) {
        answer_set_lie (f,
                        "the store sends %" G_GUINT64_FORMAT " bytes where %" G_GUINT64_FORMAT
                        " are the most",
                        f->expected, f->ask.limit);
        return false;
    }
    return true;
}

static bool judge (struct fetch *f)
{
    int status = f->answer.status;
    f->is_judged = true;
    f->is_success = status == 200 || status == 204 || status == 206;
    if (!f->is_success || !f->is_asking_why)
        return !f->is_success || judge_success (f);
    answer_set_lie (f, "the store refuses a HEAD where it grants a GET");
    return false;
}

/* ---- Bodies ---- */

static bool store_bytes (struct fetch *f, const char *bytes, size_t len)
{
    if (!f->ask.is_to_fd) {
        if (!f->answer.body)
            f->answer.body = g_byte_array_new ();
        g_byte_array_append (f->answer.body, (const guint8 *) bytes, (guint) len);
        f->answer.written += len;
        return true;
    }
    while (len > 0) {
        ssize_t n = pwrite (f->ask.fd, bytes, len, (off_t) (f->ask.fd_at + f->answer.written));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            f->is_lie = true;
            f->answer.code = ERR_IO;
            g_snprintf (f->answer.message, sizeof f->answer.message, "cannot write what came: %s",
                        g_strerror (errno));
            return false;
        }
        f->answer.written += (uint64_t) n;
        bytes += n;
        len -= (size_t) n;
    }
    return true;
}

static size_t take_refusal (struct fetch *f, const char *bytes, size_t len)
{
    if (!f->refusal)
        f->refusal = g_byte_array_new ();
    if (f->refusal->len + len > LIMIT_STORE_ERROR)
        return 0; /* enough: what is there is looked at */
    g_byte_array_append (f->refusal, (const guint8 *) bytes, (guint) len);
    return len;
}

size_t answer_on_body (char *bytes, size_t size, size_t n, void *fetch)
{
    struct fetch *f = fetch;
    size_t len = size * n;
    atomic_fetch_add_explicit (&f->client->n_bytes, len, memory_order_relaxed);
    if (!f->is_judged && !judge (f))
        return 0;
    if (!f->is_success)
        return take_refusal (f, bytes, len);
    uint64_t most = f->expected != UNKNOWN ? f->expected : f->ask.limit;
    size_t wanted = (size_t) MIN (len, most - f->answer.written);
    if (!store_bytes (f, bytes, wanted))
        return 0;
    if (wanted == len)
        return len;
    if (f->expected == UNKNOWN)
        answer_set_lie (f, "the store sends more than %" G_GUINT64_FORMAT " bytes", f->ask.limit);
    else
        f->is_whole = true; /* more than the range that was asked for: the rest is not read */
    return 0;
}

/* ---- The end ---- */

static bool starts_with_tag (const char *text, size_t len, const char *tag)
{
    size_t n = strlen (tag);
    return len >= n && g_ascii_strncasecmp (text, tag, n) == 0;
}

/* XML it is, and not the page of a proxy or portal. */
static bool looks_like_xml (const GByteArray *body)
{
    const char *at = body ? (const char *) body->data : "";
    size_t len = body ? body->len : 0;
    if (len >= 3 && memcmp (at, "\xef\xbb\xbf", 3) == 0) {
        at += 3;
        len -= 3;
    }
    while (len > 0 && g_ascii_isspace (*at)) {
        at++;
        len--;
    }
    return len > 1 && *at == '<' && !starts_with_tag (at, len, "<!doctype") &&
           !starts_with_tag (at, len, "<html");
}

static enum next judge_whole (struct fetch *f)
{
    if (f->expected != UNKNOWN && f->answer.written != f->expected) {
        answer_set_lie (f, "the store sends %" G_GUINT64_FORMAT " bytes of %" G_GUINT64_FORMAT,
                        f->answer.written, f->expected);
        return NEXT_LATER;
    }
    const GByteArray *body = f->answer.body;
    if (f->ask.expect == CLIENT_XML && !f->ask.is_to_fd && !looks_like_xml (body)) {
        answer_set_lie (f, "the store sends something else instead of XML");
        return NEXT_LATER;
    }
    if (f->ask.expect == CLIENT_XML && body &&
        refusal_read_code (f, (const char *) body->data, body->len)) {
        answer_set_lie (f, "the store sends the error %s as a success", f->answer.s3_code);
        return NEXT_LATER;
    }
    f->answer.code = ERR_OK;
    f->answer.message[0] = '\0';
    return NEXT_DONE;
}

/* A transfer that curl gave up. */
static enum next judge_failure (struct fetch *f, CURLcode result)
{
    const char *why = f->why[0] ? f->why : curl_easy_strerror (result);
    const char *host = f->client->place.host;
    f->answer.code = ERR_STORE_DOWN;
    g_snprintf (f->answer.message, sizeof f->answer.message, "no answer from %s: %s", host, why);
    /* a try that the deadline cuts short says less than the one before */
    if (result == CURLE_OPERATION_TIMEDOUT && f->earlier && f->deadline_ms <= clock_mono_ms ())
        g_strlcpy (f->answer.message, f->earlier, sizeof f->answer.message);
    switch ((int) result) {
    case CURLE_OPERATION_TIMEDOUT:
        return NEXT_SLOWER;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
        return NEXT_DONE;
    }
    return NEXT_LATER;
}

/* Hands the headers over to the answer. */
static void move_headers (struct fetch *f)
{
    f->answer.n_headers = f->head_at->len;
    f->answer.headers = g_new (struct client_header, f->head_at->len + 1);
    f->answer.memory = g_memdup2 (f->head->str, f->head->len + 1);
    for (guint i = 0; i < f->head_at->len; i++) {
        const char *name = f->answer.memory + g_array_index (f->head_at, gsize, i);
        f->answer.headers[i] = (struct client_header){ name, name + strlen (name) + 1 };
    }
}

enum next answer_finish (struct fetch *f, CURLcode result)
{
    bool was_cut = result == CURLE_WRITE_ERROR && f->is_judged && !f->is_lie;
    bool has_head = result == CURLE_OK || was_cut;
    if (has_head && !f->is_judged)
        has_head = judge (f);
    move_headers (f);
    if (f->is_lie)
        return f->answer.code == ERR_STORE_DOWN ? NEXT_LATER : NEXT_DONE;
    if (!has_head)
        return judge_failure (f, result);
    return f->is_success ? judge_whole (f) : refusal_judge (f);
}
