/* What libmicrohttpd refuses by itself (a malformed request line, headers over the limit, a broken
 * Content-Length ...) it answers with pages of HTML, on which the clients of this protocol fail,
 * and version 0.9.75 has no hook for it. But it queues those pages with its own exported function,
 * MHD_queue_response(), called through the dynamic linker; so defining that function in the program
 * puts this one in between. An answer of ours carries its request id in a header and goes through;
 * one without is the library's, and is replaced.
 *
 * The replacement is written to the socket at once and in full, and the library told that its own
 * could not be queued, on which it closes the connection. Queueing a replacement is not enough:
 * after a bad Content-Length that version sends the head of the answer twice.
 *
 * refusal_library() checks at every start that the linker did as described, and the tests send
 * each kind of broken request. */
#include "http/refusal.h"

#include <dlfcn.h>
#include <sys/socket.h>

#include "base/log.h"
#include "base/macros.h"
#include "http/session.h"

#define DRAIN_READS 64

static const struct refusal {
    unsigned status; /* 0: any other */
    enum err code;
    const char *message;
} refusals[] = {
    { 413, ERR_BODY_TOO_LARGE, "The body is larger than the server takes." },
    { 414, ERR_URI_TOO_LONG, "Request line and headers are larger than the server takes." },
    { 431, ERR_URI_TOO_LONG, "Request line and headers are larger than the server takes." },
    { 500, ERR_INTERNAL, "The request could not be read." },
    { 503, ERR_UNAVAILABLE, "The request could not be read now." },
    { 505, ERR_BAD_REQUEST, "This version of HTTP is not supported." },
    { 0, ERR_BAD_REQUEST, "The request is not well-formed HTTP." },
};

static void explain (unsigned status, struct error *ret)
{
    const struct refusal *row = refusals;
    while (row->status && row->status != status)
        row++;
    error_set (ret, row->code, NULL, __FILE__, __LINE__, "%s", row->message);
}

static void make_answer (struct peer *peer, const struct error *why, struct call_answer *ret)
{
    const struct call_request request = {
        .face = peer->listener->face,
        .method = "",
        .raw_uri = peer->exchange ? peer->exchange->uri : "",
        .peer = peer->address,
        .is_secure = session_is_secure (peer),
    };
    peer->listener->manner->refuse (peer->listener->http->api, &request, why, ret);
}

/* A closed socket with unread bytes makes the system reset the connection, and the answer may be
 * lost: so what has arrived is read. TLS is ended by the library, which says so on the wire. */
static void write_answer (const struct peer *peer, int fd, const struct call_answer *a)
{
    const char *id_header = peer->listener->manner->id_header;
    g_autoptr (GString) text = g_string_new (NULL);
    g_string_append_printf (text,
                            "HTTP/1.1 %u %s\r\nConnection: close\r\nContent-Type: %s\r\n"
                            "%s: %s\r\nContent-Length: %zu\r\n\r\n%s",
                            a->status, MHD_get_reason_phrase_for (a->status), a->content_type,
                            id_header, a->request_id, a->body->len, a->body->str);
    session_send (peer, fd, text->str, text->len);
    if (!session_is_secure (peer))
        shutdown (fd, SHUT_WR);
    g_autofree char *rest = g_malloc (65536);
    for (int i = 0; i < DRAIN_READS && recv (fd, rest, 65536, MSG_DONTWAIT) > 0; i++)
        ;
}

static void refuse (struct peer *peer, unsigned status, const struct error *why)
{
    struct call_answer a = { 0 };
    make_answer (peer, why, &a);
    a.status = status;
    write_answer (peer, peer->waiter.fd, &a);
    LOG (LOG_INFO, "http", "request refused unread", LOG_STR ("peer", peer->address),
         LOG_NUM ("status", status), LOG_STR ("code", error_name (a.code)),
         LOG_STR ("request", a.request_id), LOG_STR ("detail", why->message));
    call_answer_clear (&a);
}

void refusal_send (void *peer, const struct error *why)
{
    refuse (peer, error_status (why->code), why);
}

void refusal_send_plain (struct peer *peer)
{
    struct error e;
    FAIL (&e, BAD_REQUEST,
          "This port speaks HTTPS, the request is plain HTTP: use https://, or the protocol "
          "'https' in the client's configuration.");
    refusal_send (peer, &e);
}

enum MHD_Result MHD_queue_response (struct MHD_Connection *c, unsigned status,
                                    struct MHD_Response *r)
{
    struct peer *peer = exchange_peer (c);
    if (!MHD_get_response_header (r, peer->listener->manner->id_header)) {
        struct error e;
        explain (status, &e);
        refuse (peer, status, &e);
        return MHD_NO;
    }
    return exchange_peer (c)->listener->http->queue (c, status, r);
}

queue_fn *refusal_library (void)
{
    bool is_active = (queue_fn *) dlsym (RTLD_DEFAULT, "MHD_queue_response") == MHD_queue_response;
    return is_active ? (queue_fn *) dlsym (RTLD_NEXT, "MHD_queue_response") : NULL;
}
