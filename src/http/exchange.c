/* The life of a request: read within limits, dispatched, answered, logged once. */
#include "http/exchange.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/text.h"
#include "http/auditlog.h"
#include "http/refusal.h"
#include "http/session.h"

/* ---- Connections ---- */

static bool parse_sockaddr (const struct sockaddr *from, struct net_address *ret)
{
    const void *address = NULL;
    char text[NET_TEXT_SIZE];
    if (from && from->sa_family == AF_INET)
        address = &((const struct sockaddr_in *) (const void *) from)->sin_addr;
    else if (from && from->sa_family == AF_INET6)
        address = &((const struct sockaddr_in6 *) (const void *) from)->sin6_addr;
    return address && inet_ntop (from->sa_family, address, text, sizeof text) &&
           net_parse_address (text, ret);
}

static void read_address (struct peer *peer, struct MHD_Connection *c)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info (c, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    if (!parse_sockaddr (info ? info->client_addr : NULL, &peer->from)) {
        g_strlcpy (peer->address, "?", sizeof peer->address);
        return;
    }
    net_format_address (&peer->from, peer->address);
    peer->is_proxy = proxies_contain (peer->listener->http->proxies, &peer->from);
}

/* A proxy that is believed speaks for many. */
enum MHD_Result exchange_on_accept (void *cls, const struct sockaddr *from, socklen_t len)
{
    (void) len;
    struct listener *l = cls;
    struct net_address address;
    return !parse_sockaddr (from, &address) || crowd_has_room (l->crowd, &address) ||
                   proxies_contain (l->http->proxies, &address)
               ? MHD_YES
               : MHD_NO;
}

static void begin_intake (struct peer *peer)
{
    peer->intake = (struct intake){
        .fd = peer->waiter.fd,
        .session = peer->session,
        .waiter = &peer->waiter,
        .refuse = refusal_send,
        .arg = peer,
    };
    intake_begin (&peer->intake);
}

void exchange_on_connection (void *cls, struct MHD_Connection *c, void **socket_context,
                             enum MHD_ConnectionNotificationCode what)
{
    struct listener *l = cls;
    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        struct peer *peer = g_new0 (struct peer, 1);
        peer->listener = l;
        read_address (peer, c);
        crowd_enter (l->crowd, &peer->from);
        peer->waiter.fd =
            MHD_get_connection_info (c, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
        if (l->tls)
            session_begin (peer, c);
        begin_intake (peer);
        waiting_add (&l->waiting, &peer->waiter);
        *socket_context = peer;
    } else {
        struct peer *peer = *socket_context;
        waiting_remove (&l->waiting, &peer->waiter);
        intake_end (&peer->intake);
        session_end (peer);
        crowd_leave (l->crowd, &peer->from);
        g_free (peer);
        *socket_context = NULL;
    }
}

struct peer *exchange_peer (struct MHD_Connection *c)
{
    return MHD_get_connection_info (c, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

static const char *header (const struct exchange *x, const char *name)
{
    return MHD_lookup_connection_value (x->connection, MHD_HEADER_KIND, name);
}

/* Seconds that a client may count on, well below LIMIT_KEPT_IDLE_S: so that none sends a request
 * into a connection that is just being closed. */
#define KEEP_ALIVE "timeout=15"

void exchange_set_persistence (const struct exchange *x, struct MHD_Response *r)
{
    if (!x->must_close && !intake_must_end (&x->peer->intake) &&
        !atomic_load (&x->listener->http->is_draining))
        MHD_add_response_header (r, "Keep-Alive", KEEP_ALIVE);
    else
        MHD_add_response_header (r, MHD_HTTP_HEADER_CONNECTION, "close");
}

/* Only clients that say so use a connection again. */
static bool is_kept (const struct exchange *x)
{
    const char *wish = header (x, MHD_HTTP_HEADER_CONNECTION);
    return wish && g_ascii_strcasecmp (wish, "keep-alive") == 0;
}

/* ---- Reading ---- */

void *exchange_on_uri (void *cls, const char *uri, struct MHD_Connection *c)
{
    struct exchange *x = g_new0 (struct exchange, 1);
    x->listener = cls;
    x->connection = c;
    x->peer = exchange_peer (c);
    x->peer->exchange = x;
    x->uri = intake_take_target (&x->peer->intake, uri);
    x->start_ms = clock_mono_ms ();
    x->is_secure = session_is_secure (x->peer);
    g_strlcpy (x->client, x->peer->address, sizeof x->client);
    return x;
}

char *exchange_path (const struct exchange *x)
{
    const char *start = x->uri;
    const char *scheme = strstr (start, "://");
    size_t len = strcspn (start, "?");
    if (*start != '/' && scheme && scheme < start + len) {
        start = scheme + 3;
        start += strcspn (start, "/?");
        len = strcspn (start, "?");
    }
    return len ? g_strndup (start, len) : g_strdup ("/");
}

/* Unauthenticated as they are, all requests together may hold so much and no more. */
static void hold (struct exchange *x, size_t size)
{
    atomic_size_t *held = &x->listener->http->held;
    if (atomic_fetch_add (held, size) + size > LIMIT_REQUESTS) {
        atomic_fetch_sub (held, size);
        FAIL (&x->refused, THROTTLED,
              "The server is busy: too many large requests are being read.");
        return;
    }
    x->held += size;
}

static void let_go (struct exchange *x, size_t size)
{
    atomic_fetch_sub (&x->listener->http->held, size);
    x->held -= size;
}

void exchange_release_body (struct exchange *x)
{
    if (!x->body)
        return;
    let_go (x, x->body->len);
    g_string_free (x->body, TRUE);
    x->body = NULL;
}

static enum MHD_Result count_lengths (void *cls, enum MHD_ValueKind kind, const char *name,
                                      const char *value)
{
    (void) kind, (void) value;
    if (g_ascii_strcasecmp (name, MHD_HTTP_HEADER_CONTENT_LENGTH) == 0 ||
        g_ascii_strcasecmp (name, MHD_HTTP_HEADER_TRANSFER_ENCODING) == 0)
        ++*(int *) cls;
    return MHD_YES;
}

/* Where the request ends, two readers could see differently: what a smuggler needs. */
static bool is_ambiguous (struct exchange *x)
{
    int n = 0;
    MHD_get_connection_values (x->connection, MHD_HEADER_KIND, count_lengths, &n);
    x->must_close = n > 1;
    return x->must_close;
}

static void refuse_head (struct exchange *x)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info (x->connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    if (is_ambiguous (x))
        FAIL (&x->refused, BAD_REQUEST, "The length of the body is given twice.");
    else if (MHD_get_connection_values (x->connection, MHD_HEADER_KIND, NULL, NULL) > LIMIT_HEADERS)
        FAIL (&x->refused, BAD_REQUEST, "The request has more than %d header lines.",
              LIMIT_HEADERS);
    else
        hold (x, strlen (x->uri) + (info ? info->header_size : 0));
}

static void refuse_length (struct exchange *x)
{
    FAIL (&x->refused, BODY_TOO_LARGE, "The body is larger than %zu bytes.",
          x->listener->manner->body_max);
}

static enum MHD_Result collect_header (void *cls, enum MHD_ValueKind kind, const char *name,
                                       const char *value)
{
    (void) kind;
    GHashTable *headers = cls;
    char *lower = g_ascii_strdown (name, -1);
    const char *before = g_hash_table_lookup (headers, lower);
    g_autofree char *bare = g_strchomp (g_strdup (value ? value : "")); /* the library does not */
    g_hash_table_replace (headers, lower,
                          before ? g_strconcat (before, "\n", bare, NULL) : g_strdup (bare));
    return MHD_YES;
}

GHashTable *exchange_headers (const struct exchange *x)
{
    GHashTable *headers = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
    MHD_get_connection_values (x->connection, MHD_HEADER_KIND, collect_header, headers);
    return headers;
}

/* Whose request it is: if the peer is a proxy that is believed, as it says. */
static void find_client (struct exchange *x)
{
    const struct peer *peer = x->peer;
    struct net_address client;
    if (!peer->is_proxy)
        return;
    g_autoptr (GHashTable) headers = exchange_headers (x);
    forwarded_client (x->listener->http->proxies, &peer->from,
                      g_hash_table_lookup (headers, "x-forwarded-for"), &client);
    net_format_address (&client, x->client);
    x->is_secure = forwarded_is_secure (g_hash_table_lookup (headers, "x-forwarded-proto"),
                                        session_is_secure (peer));
}

/* The head has been read. True if the answer need not wait for the body: it would be too much to
 * read, or the client waits for permission to send it. */
static bool begin (struct exchange *x, const char *method)
{
    uint64_t length = 0;
    const char *text = header (x, MHD_HTTP_HEADER_CONTENT_LENGTH);
    g_strlcpy (x->method, method, sizeof x->method);
    x->is_begun = true;
    find_client (x);
    waiting_remove (&x->listener->waiting, &x->peer->waiter);
    if (text || header (x, MHD_HTTP_HEADER_TRANSFER_ENCODING))
        MHD_set_connection_option (x->connection, MHD_CONNECTION_OPTION_TIMEOUT,
                                   (unsigned) LIMIT_BODY_IDLE_S);
    refuse_head (x);
    if (x->listener->manner->check && x->refused.code == ERR_OK)
        x->listener->manner->check (x);
    if (text && text_parse_u64 (text, &length) && length > x->listener->manner->body_max &&
        x->refused.code == ERR_OK)
        refuse_length (x);
    return x->refused.code != ERR_OK &&
           (length > LIMIT_BODY_DRAIN || x->must_close || header (x, MHD_HTTP_HEADER_EXPECT));
}

/* More of the body. A refused one is read and thrown away, so that the client gets to reading the
 * answer; false when even that takes too much or too long. */
static bool take (struct exchange *x, const char *data, size_t size)
{
    if (clock_mono_ms () - x->start_ms > LIMIT_REQUEST_MS)
        return false;
    if (x->refused.code == ERR_OK &&
        (x->body ? x->body->len : 0) + size > x->listener->manner->body_max)
        refuse_length (x);
    if (x->refused.code == ERR_OK)
        hold (x, size);
    if (x->refused.code != ERR_OK) {
        exchange_release_body (x);
        x->drained += size;
        return x->drained <= LIMIT_BODY_DRAIN;
    }
    if (!x->body)
        x->body = g_string_sized_new (size);
    g_string_append_len (x->body, data, (gssize) size);
    return true;
}

/* ---- Answering ---- */

/* The request as the gate wants it; the caller drops ret->headers. */
static void as_call_request (const struct exchange *x, struct call_request *ret)
{
    *ret = (struct call_request){
        .face = x->listener->face,
        .method = x->method,
        .raw_uri = x->uri,
        .path = x->path,
        .headers = exchange_headers (x),
        .body = x->body ? (const uint8_t *) x->body->str : NULL,
        .body_len = x->body ? x->body->len : 0,
        .peer = x->client,
        .is_secure = x->is_secure,
    };
}

void exchange_refuse (struct exchange *x, const struct error *why)
{
    struct call_request request;
    as_call_request (x, &request);
    x->listener->manner->refuse (x->listener->http->api, &request, why, &x->answer);
    g_hash_table_unref (request.headers);
    x->is_answered = true;
}

void exchange_run (struct exchange *x)
{
    struct call_request request;
    as_call_request (x, &request);
    x->run (x->listener->http->api, &request, &x->answer);
    auditlog_write (x->listener->http->audit, &x->answer, request.peer);
    g_hash_table_unref (request.headers);
    exchange_release_body (x);
    x->is_answered = true;
    MHD_resume_connection (x->connection);
}

/* Counted before the look at is_draining: http_stop() sees one of both. */
bool exchange_enter (struct exchange *x)
{
    x->is_running = true;
    atomic_fetch_add (&x->listener->http->n_running, 1);
    return !atomic_load (&x->listener->http->is_draining);
}

void exchange_leave (struct exchange *x)
{
    if (x->is_running)
        atomic_fetch_sub (&x->listener->http->n_running, 1);
    x->is_running = false;
}

/* The library takes the memory of the body. */
enum MHD_Result exchange_answer (struct exchange *x)
{
    struct call_answer *a = &x->answer;
    size_t len = a->body->len;
    char *text = g_string_free (g_steal_pointer (&a->body), FALSE);
    struct MHD_Response *r = MHD_create_response_from_buffer (len, text, MHD_RESPMEM_MUST_FREE);
    MHD_add_response_header (r, MHD_HTTP_HEADER_CONTENT_TYPE, a->content_type);
    MHD_add_response_header (r, x->listener->manner->id_header, a->request_id);
    if (a->retry_after_ms >= 0) {
        char ms[32];
        g_snprintf (ms, sizeof ms, "%" G_GINT64_FORMAT, a->retry_after_ms);
        MHD_add_response_header (r, "x-acs-retry-after", ms);
        g_snprintf (ms, sizeof ms, "%" G_GINT64_FORMAT, (a->retry_after_ms + 999) / 1000);
        MHD_add_response_header (r, MHD_HTTP_HEADER_RETRY_AFTER, ms);
    }
    if (a->status == MHD_HTTP_METHOD_NOT_ALLOWED)
        MHD_add_response_header (r, MHD_HTTP_HEADER_ALLOW, "GET, POST");
    x->must_close |= !is_kept (x);
    exchange_set_persistence (x, r);
    enum MHD_Result queued = MHD_queue_response (x->connection, a->status, r);
    MHD_destroy_response (r);
    return queued;
}

enum MHD_Result exchange_on_data (void *cls, struct MHD_Connection *c, const char *url,
                                  const char *method, const char *version, const char *data,
                                  size_t *data_size, void **request_context)
{
    (void) cls, (void) c, (void) url, (void) version;
    struct exchange *x = *request_context;
    if (!x->is_begun) {
        if (!begin (x, method))
            return MHD_YES;
    } else if (*data_size) {
        size_t size = *data_size;
        *data_size = 0;
        return take (x, data, size) ? MHD_YES : MHD_NO;
    }
    if (!x->is_answered && x->refused.code != ERR_OK)
        exchange_refuse (x, &x->refused);
    if (!x->is_answered && !x->listener->manner->dispatch (x))
        return MHD_YES;
    x->must_close |= !x->is_running && x->peer->intake.has_more;
    return x->listener->manner->answer (x);
}

/* ---- The end ---- */

void exchange_on_end (void *cls, struct MHD_Connection *c, void **request_context,
                      enum MHD_RequestTerminationCode why)
{
    (void) cls;
    struct exchange *x = *request_context;
    if (!x)
        return;
    *request_context = NULL;
    if (x->is_answered)
        accesslog_write (&x->listener->http->access, x, why);
    exchange_leave (x);
    if (x->listener->manner->end)
        x->listener->manner->end (x);
    x->peer->exchange = NULL;
    if (x->is_begun)
        waiting_add (&x->listener->waiting, &x->peer->waiter);
    if (why == MHD_REQUEST_TERMINATED_COMPLETED_OK)
        MHD_set_connection_option (c, MHD_CONNECTION_OPTION_TIMEOUT, (unsigned) LIMIT_KEPT_IDLE_S);
    exchange_release_body (x);
    let_go (x, x->held);
    call_answer_clear (&x->answer);
    g_free (x->path);
    g_free (x->uri);
    g_free (x);
}
