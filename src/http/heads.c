/* One state for each part of a request; each takes as many bytes as belong to it. */
#include "http/heads.h"

#include <assert.h>
#include <string.h>

#include "base/limits.h"
#include "base/text.h"

#define LENGTH   "content-length:"
#define ENCODING "transfer-encoding:"

static void free_query (void *query)
{
    if (query)
        g_string_free (query, TRUE);
}

void heads_clear (struct heads *h)
{
    free_query (h->query);
    g_queue_clear_full (&h->waiting, free_query);
    *h = (struct heads){ 0 };
}

/* How many bytes come before the first of `stops`. */
static size_t span (const char *bytes, size_t n, const char *stops)
{
    for (; *stops; stops++) {
        const char *found = memchr (bytes, *stops, n);
        if (found)
            n = (size_t) (found - bytes);
    }
    return n;
}

/* The request line is over: its query goes with it. */
static void end_request_line (struct heads *h)
{
    g_queue_push_tail (&h->waiting, g_steal_pointer (&h->query));
    h->state = HEADS_FIELD;
    h->n_line = 0;
}

static bool is_field (const struct heads *h, const char *name)
{
    return h->n_line >= strlen (name) && g_ascii_strncasecmp (h->line, name, strlen (name)) == 0;
}

/* As the library reads it: white space before it, none after. */
static bool read_length (struct heads *h, size_t len)
{
    if (h->has_length || len >= sizeof h->line)
        return false;
    h->has_length = true;
    h->line[len] = '\0';
    const char *value = h->line + strlen (LENGTH);
    value += strspn (value, " \t");
    return value + strlen (value) == h->line + len && text_parse_u64 (value, &h->body);
}

static void end_head (struct heads *h)
{
    h->n_passed = h->n_fields = 0;
    h->has_length = false;
    h->state = h->body ? HEADS_BODY : HEADS_BEGIN;
    h->n_ended += !h->body;
}

/* A line of the head is over, "\n" included. One that goes on in the next line, as nobody writes
 * them any more, may change what the line before means; one that begins with NUL is an empty one to
 * the library. */
static void end_field (struct heads *h)
{
    size_t len = h->n_line - 1;
    if (len && len < sizeof h->line && h->line[len - 1] == '\r')
        len--;
    h->n_fields++;
    bool is_opaque = is_field (h, ENCODING) || *h->line == ' ' || *h->line == '\t' || !*h->line ||
                     (is_field (h, LENGTH) && !read_length (h, len));
    if (!len)
        end_head (h);
    else if (is_opaque)
        h->state = HEADS_OPAQUE;
    h->n_line = 0;
}

static size_t pass_field (struct heads *h, const char *bytes, size_t n)
{
    const char *end = memchr (bytes, '\n', n);
    size_t used = end ? (size_t) (end - bytes) + 1 : n;
    if (h->n_line < sizeof h->line)
        memcpy (h->line + h->n_line, bytes, MIN (used, sizeof h->line - h->n_line));
    h->n_line += used;
    if (end)
        end_field (h);
    return used;
}

static size_t pass_begin (struct heads *h, const char *bytes)
{
    if (*bytes == '\r' || *bytes == '\n')
        return 1;
    h->state = *bytes ? HEADS_METHOD : HEADS_OPAQUE;
    return 0;
}

/* Up to the blank after it; or up to the end of a line that has none, which is no request. */
static size_t pass_word (struct heads *h, const char *bytes, size_t n, const char *stops,
                         enum heads_state next)
{
    size_t used = span (bytes, n, stops);
    if (used == n)
        return n;
    switch (bytes[used]) {
    case '\n':
        end_request_line (h);
        return used + 1;
    case '?':
        h->state = HEADS_QUERY;
        return used;
    default:
        h->state = next;
        return used + 1;
    }
}

static size_t pass_gap (struct heads *h, const char *bytes)
{
    if (*bytes == ' ')
        return 1;
    h->state = HEADS_PATH;
    return 0;
}

static size_t pass_body (struct heads *h, size_t n)
{
    size_t used = (size_t) MIN (h->body, (uint64_t) n);
    h->body -= used;
    if (!h->body)
        h->state = HEADS_BEGIN;
    h->n_ended += !h->body;
    return used;
}

static size_t take_query (struct heads *h, const char *bytes, size_t n)
{
    size_t used = span (bytes, n, " \r\n");
    if (!h->query)
        h->query = g_string_sized_new (used);
    g_string_append_len (h->query, bytes, (gssize) used);
    h->n_taken += used;
    if (used < n)
        h->state = HEADS_VERSION;
    return used;
}

static size_t pass (struct heads *h, const char *bytes, size_t n)
{
    switch (h->state) {
    case HEADS_BEGIN:
        return pass_begin (h, bytes);
    case HEADS_METHOD:
        return pass_word (h, bytes, n, " \n", HEADS_GAP);
    case HEADS_GAP:
        return pass_gap (h, bytes);
    case HEADS_PATH:
        return pass_word (h, bytes, n, " ?\n", HEADS_VERSION);
    case HEADS_VERSION:
        return pass_word (h, bytes, n, "\n", HEADS_FIELD);
    case HEADS_FIELD:
        return pass_field (h, bytes, n);
    case HEADS_BODY:
        return pass_body (h, n);
    case HEADS_QUERY:
    case HEADS_OPAQUE:
        break;
    }
    return n;
}

/* Who reads stops behind a request, so that few wait behind the one that is answered. */
static bool is_over (const struct heads *h)
{
    return h->n_passed > LIMIT_REQUEST_LINES || h->n_fields > LIMIT_HEADERS ||
           (h->query && h->query->len > LIMIT_REQUEST_HEAD) || h->n_taken > 2 * LIMIT_REQUEST_HEAD;
}

size_t heads_feed (struct heads *h, char *bytes, size_t n)
{
    size_t at = 0, out = 0;
    while (at < n && !h->is_over) {
        if (h->state == HEADS_QUERY) {
            at += take_query (h, bytes + at, n - at);
        } else {
            size_t used = pass (h, bytes + at, n - at);
            if (out != at)
                memmove (bytes + out, bytes + at, used);
            out += used;
            at += used;
            if (h->state != HEADS_BEGIN && h->state < HEADS_BODY)
                h->n_passed += used;
        }
        h->is_over = is_over (h);
    }
    return out;
}

char *heads_take_target (struct heads *h, const char *path)
{
    GString *query = g_queue_pop_head (&h->waiting);
    if (!query)
        return g_strdup (path);
    h->n_taken -= query->len;
    g_string_prepend (query, path);
    return g_string_free (query, FALSE);
}

enum err heads_explain (const struct heads *h, struct error *e)
{
    assert (h->is_over);
    if (h->n_fields > LIMIT_HEADERS)
        return FAIL (e, BAD_REQUEST, "The request has more than %d header lines.", LIMIT_HEADERS);
    if (h->n_passed > LIMIT_REQUEST_LINES)
        return FAIL (e, URI_TOO_LONG, "Request line and headers have more than %llu bytes.",
                     LIMIT_REQUEST_LINES);
    return FAIL (e, URI_TOO_LONG, "The query has more than %llu bytes.", LIMIT_REQUEST_HEAD);
}
