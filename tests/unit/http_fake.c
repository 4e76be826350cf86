/* An HTTP server for tests: blocking sockets and threads. */
#include "http_fake.h"

#include <arpa/inet.h>
#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <glib.h>

#include "base/queue.h"
#include "base/text.h"

#define HEAD_MOST 65536

struct fake {
    int listener;
    unsigned port;
    char *url;
    fake_answer_fn *answer;
    void *arg;
    pthread_t acceptor;
    pthread_mutex_t lock;
    GPtrArray *conns; /* struct fake_conn */
    atomic_uint n_requests;
    bool is_closing;
};

struct fake_conn {
    struct fake *fake;
    int fd;
    pthread_t thread;
    GString *in;
};

void fake_send_bytes (struct fake_conn *c, const void *bytes, size_t len)
{
    const char *at = bytes;
    while (len > 0) {
        ssize_t n = send (c->fd, at, len, MSG_NOSIGNAL);
        if (n <= 0)
            return; /* whoever asked went away */
        at += n;
        len -= (size_t) n;
    }
}

void fake_send (struct fake_conn *c, const char *text)
{
    fake_send_bytes (c, text, strlen (text));
}

void fake_reply (struct fake_conn *c, int status, const char *headers, const char *body)
{
    g_autofree char *text = g_strdup_printf ("HTTP/1.1 %d Said\r\n%sContent-Length: %zu\r\n\r\n%s",
                                             status, headers, strlen (body), body);
    fake_send (c, text);
}

char *fake_header (const struct fake_request *r, const char *name)
{
    g_auto (GStrv) lines = g_strsplit (r->head, "\r\n", -1);
    size_t len = strlen (name);
    for (char **line = lines; *line; line++)
        if (g_ascii_strncasecmp (*line, name, len) == 0 && (*line)[len] == ':')
            return g_strdup (g_strchug (*line + len + 1));
    return NULL;
}

static bool receive (struct fake_conn *c)
{
    char buf[8192];
    ssize_t n = recv (c->fd, buf, sizeof buf, 0);
    if (n > 0)
        g_string_append_len (c->in, buf, n);
    return n > 0;
}

static bool read_request (struct fake_conn *c, struct fake_request *r)
{
    const char *end;
    while (!(end = strstr (c->in->str, "\r\n\r\n")))
        if (c->in->len > HEAD_MOST || !receive (c))
            return false;
    size_t head_len = (size_t) (end - c->in->str);
    g_autofree char *head = g_strndup (c->in->str, head_len);
    g_string_erase (c->in, 0, (gssize) head_len + 4);
    char *line_end = strstr (head, "\r\n");
    g_autofree char *line = g_strndup (head, line_end ? (gsize) (line_end - head) : head_len);
    g_auto (GStrv) words = g_strsplit (line, " ", 3);
    if (g_strv_length (words) != 3)
        return false;
    r->number = atomic_fetch_add (&c->fake->n_requests, 1) + 1;
    r->method = g_strdup (words[0]);
    r->target = g_strdup (words[1]);
    r->head = g_strdup (line_end ? line_end + 2 : "");
    g_autofree char *length = fake_header (r, "content-length");
    uint64_t wanted = 0;
    if (length && !text_parse_u64 (length, &wanted))
        return false;
    while (c->in->len < wanted)
        if (!receive (c))
            return false;
    r->body = g_strndup (c->in->str, wanted);
    r->body_len = wanted;
    g_string_erase (c->in, 0, (gssize) wanted);
    return true;
}

static void request_clear (struct fake_request *r)
{
    g_free (r->method);
    g_free (r->target);
    g_free (r->head);
    g_free (r->body);
}

static void *serve (void *arg)
{
    struct fake_conn *c = arg;
    bool is_open = true;
    while (is_open) {
        struct fake_request r = { 0 };
        is_open = read_request (c, &r) && c->fake->answer (c->fake->arg, &r, c);
        request_clear (&r);
    }
    shutdown (c->fd, SHUT_RDWR);
    return NULL;
}

static void *accept_all (void *arg)
{
    struct fake *f = arg;
    for (;;) {
        int fd = accept4 (f->listener, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0)
            return NULL;
        pthread_mutex_lock (&f->lock);
        if (f->is_closing) {
            close (fd);
        } else {
            struct fake_conn *c = g_new0 (struct fake_conn, 1);
            *c = (struct fake_conn){ .fake = f, .fd = fd, .in = g_string_new (NULL) };
            g_ptr_array_add (f->conns, c);
            c->thread = thread_start ("fake", serve, c);
        }
        pthread_mutex_unlock (&f->lock);
    }
}

struct fake *fake_new (fake_answer_fn *answer, void *arg)
{
    struct fake *f = g_new0 (struct fake, 1);
    f->answer = answer;
    f->arg = arg;
    f->conns = g_ptr_array_new ();
    pthread_mutex_init (&f->lock, NULL);
    f->listener = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
    socklen_t len = sizeof a;
    bool is_up = bind (f->listener, (struct sockaddr *) &a, len) == 0 &&
                 listen (f->listener, 512) == 0 &&
                 getsockname (f->listener, (struct sockaddr *) &a, &len) == 0;
    assert (is_up);
    f->port = ntohs (a.sin_port);
    f->url = fake_url_of (f, "127.0.0.1");
    f->acceptor = thread_start ("fake-accept", accept_all, f);
    return f;
}

void fake_free (struct fake *f)
{
    pthread_mutex_lock (&f->lock);
    f->is_closing = true;
    pthread_mutex_unlock (&f->lock);
    shutdown (f->listener, SHUT_RDWR);
    pthread_join (f->acceptor, NULL);
    close (f->listener);
    for (guint i = 0; i < f->conns->len; i++) {
        struct fake_conn *c = f->conns->pdata[i];
        shutdown (c->fd, SHUT_RDWR);
        pthread_join (c->thread, NULL);
        close (c->fd);
        g_string_free (c->in, TRUE);
        g_free (c);
    }
    g_ptr_array_unref (f->conns);
    pthread_mutex_destroy (&f->lock);
    g_free (f->url);
    g_free (f);
}

const char *fake_url (const struct fake *f)
{
    return f->url;
}

char *fake_url_of (const struct fake *f, const char *host)
{
    return g_strdup_printf ("http://%s:%u", host, f->port);
}

unsigned fake_requests (struct fake *f)
{
    return atomic_load (&f->n_requests);
}

unsigned fake_connections (struct fake *f)
{
    pthread_mutex_lock (&f->lock);
    unsigned n = f->conns->len;
    pthread_mutex_unlock (&f->lock);
    return n;
}
