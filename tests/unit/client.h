/* A plain HTTP client for tests: sends any bytes, reads one well-formed response. */
#pragma once

#include <arpa/inet.h>
#include <glib.h>
#include <jansson.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sign.h"
#include "base/macros.h"
#include "base/text.h"

#define WAIT_MS 20000 /* no test waits longer; none waits at all when things work */

static int dial (uint16_t port)
{
    int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const struct sockaddr_in to = { .sin_family = AF_INET,
                                    .sin_port = htons (port),
                                    .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
    const struct timeval wait = { .tv_sec = WAIT_MS / 1000 };
    setsockopt (fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    setsockopt (fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
    assert_int_equal (connect (fd, (const struct sockaddr *) &to, sizeof to), 0);
    return fd;
}

/* A server may answer and close before it has read all. */
static void push (int fd, const char *text, size_t len)
{
    while (len) {
        ssize_t n = send (fd, text, len, MSG_NOSIGNAL);
        if (n <= 0)
            return;
        text += n;
        len -= (size_t) n;
    }
}

static void push_text (int fd, const char *text)
{
    push (fd, text, strlen (text));
}

struct response {
    int status;
    char *head, *body;
    size_t body_len;
    json_t *json; /* NULL if the body is not JSON */
};

static void response_clear (struct response *r)
{
    g_free (r->head);
    g_free (r->body);
    json_decref (r->json);
    *r = (struct response){ 0 };
}

static bool read_more (int fd, GString *in)
{
    char buf[65536];
    ssize_t n = recv (fd, buf, sizeof buf, 0);
    if (n > 0)
        g_string_append_len (in, buf, n);
    return n > 0;
}

static size_t content_length (const char *head)
{
    const char *at = strstr (head, "\r\nContent-Length: ");
    uint64_t n = 0;
    if (at) {
        at += strlen ("\r\nContent-Length: ");
        g_autofree char *digits = g_strndup (at, strcspn (at, "\r"));
        assert_true (text_parse_u64 (digits, &n));
    }
    return (size_t) n;
}

/* Reads one response; status 0 if the connection ended without one. */
static struct response pull (int fd, bool has_body)
{
    struct response r = { 0 };
    g_autoptr (GString) in = g_string_new (NULL);
    const char *end;
    while (!(end = strstr (in->str, "\r\n\r\n")))
        if (!read_more (fd, in))
            return r;
    size_t head_len = (size_t) (end - in->str) + 4;
    r.head = g_strndup (in->str, head_len);
    size_t len = has_body ? content_length (r.head) : 0;
    while (in->len < head_len + len)
        assert_true (read_more (fd, in));
    assert_int_equal (in->len, head_len + len);
    uint64_t status = 0;
    g_autofree char *digits = g_strndup (r.head + strlen ("HTTP/1.1 "), 3);
    assert_true (text_parse_u64 (digits, &status));
    r.status = (int) status;
    r.body = g_strndup (in->str + head_len, len);
    r.body_len = len;
    r.json = json_loads (r.body, 0, NULL);
    return r;
}

static struct response ask (uint16_t port, const char *text, size_t len)
{
    _cleanup_close_ int fd = dial (port);
    push (fd, text, len);
    return pull (fd, true);
}

static struct response ask_text (uint16_t port, const char *text)
{
    return ask (port, text, strlen (text));
}

/* A signed call as text of a request. */
static inline char *call_text (const char *method, const char *action, const char *extra)
{
    g_autofree char *query = sign_query (method, action, extra);
    if (strcmp (method, "POST") != 0)
        return g_strdup_printf ("%s /?%s HTTP/1.1\r\nHost: x\r\nConnection: keep-alive\r\n\r\n",
                                method, query);
    return g_strdup_printf ("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n"
                            "Connection: keep-alive\r\n"
                            "Content-Type: application/x-www-form-urlencoded\r\n\r\n%s",
                            strlen (query), query);
}
