/* Windows of a remote object, between the thread that fetches and the one that sends. */
#include "http/oss_stream.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>

#include "base/limits.h"
#include "base/log.h"

#define BLOCK (64 * KIB) /* that the library asks for at a time */
#define HEAD  (4 * KIB)  /* for the facts alone; not less, of which some stores make more */

struct stream {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    unsigned refs; /* of the response, or who opens it; and of a fetch that is under way */
    atomic_int *n_streams;
    struct store_handle h; /* of the fetch while there is one, but for fd */
    struct exchange *x;    /* NULL: there is no response, or no more */
    bool is_fetching, is_suspended;
    enum err code;        /* of the fetch that failed */
    uint64_t at, end;     /* what is wanted */
    uint64_t sent, ready; /* of that: up to where it was sent, and is there */
    uint64_t asked;       /* up to where it will be there */
};

static void unref (struct stream *s)
{
    pthread_mutex_lock (&s->lock);
    bool is_last = --s->refs == 0;
    pthread_mutex_unlock (&s->lock);
    if (!is_last)
        return;
    store_handle_clear (&s->h);
    pthread_cond_destroy (&s->wake);
    pthread_mutex_destroy (&s->lock);
    g_free (s);
}

/* By who is not a fetch: a fetch may outlive the endpoint. */
static void release (struct stream *s)
{
    atomic_fetch_sub (s->n_streams, 1);
    unref (s);
}

/* Under the lock: the connection goes on. The exchange may end at once. */
static void resume (struct stream *s)
{
    if (!s->is_suspended)
        return;
    struct http *h = s->x->listener->http;
    s->is_suspended = false;
    s->x->is_running = false;
    MHD_resume_connection (s->x->connection);
    atomic_fetch_sub (&h->n_running, 1);
}

static void on_fetched (void *arg, enum err code, const char *message)
{
    struct stream *s = arg;
    pthread_mutex_lock (&s->lock);
    s->is_fetching = false;
    s->code = code;
    if (code == ERR_OK)
        s->ready = s->asked;
    else
        LOG (LOG_INFO, "http", "an object cannot be read on", LOG_STR ("bucket", s->h.bucket),
             LOG_STR ("detail", message));
    resume (s);
    pthread_cond_broadcast (&s->wake);
    pthread_mutex_unlock (&s->lock);
    unref (s);
}

/* Under the lock: begins to fetch, and holds the stream until that has ended. */
static enum err fetch (struct stream *s, uint64_t head, const struct store_range *more,
                       struct error *e)
{
    s->is_fetching = true;
    s->refs++;
    enum err r = store_fetch (&s->h, head, 0, more, more ? 1 : 0, on_fetched, s, e);
    if (r == ERR_OK)
        return r;
    s->is_fetching = false;
    s->code = r;
    s->refs--;
    return r;
}

enum err stream_open (struct store *store, const char *bucket, const char *key, bool is_head,
                      atomic_int *n_streams, struct stream **ret, struct error *e)
{
    if (atomic_fetch_add (n_streams, 1) >= LIMIT_OSS_STREAMS) {
        atomic_fetch_sub (n_streams, 1);
        return FAIL (e, BUSY, "The server is busy: too many objects are being sent.");
    }
    struct stream *s = g_new0 (struct stream, 1);
    pthread_mutex_init (&s->lock, NULL);
    pthread_cond_init (&s->wake, NULL);
    s->refs = 1;
    s->n_streams = n_streams;
    store_handle_init (&s->h, store, bucket, key);
    s->h.is_urgent = true;
    pthread_mutex_lock (&s->lock);
    enum err r = fetch (s, is_head ? HEAD : LIMIT_OSS_WINDOW, NULL, e);
    while (s->is_fetching)
        pthread_cond_wait (&s->wake, &s->lock);
    if (r == ERR_OK && s->code != ERR_OK)
        r = error_set (e, s->code, NULL, __FILE__, __LINE__, "%s",
                       s->code == ERR_NO_OBJECT ? "The specified key does not exist."
                                                : "The store does not give the object.");
    pthread_mutex_unlock (&s->lock);
    if (r == ERR_OK)
        *ret = s;
    else
        release (s);
    return r;
}

const struct store_handle *stream_object (const struct stream *s)
{
    return &s->h;
}

/* ---- Sending ---- */

/* Under the lock: what was sent is not held any longer, and the next window is asked for. */
static void go_ahead (struct stream *s)
{
    struct error e;
    if (s->is_fetching || s->code != ERR_OK || s->asked >= s->end ||
        s->ready - s->sent > LIMIT_OSS_WINDOW)
        return;
    if (s->sent > 0) /* a whole object is sealed, and stays */
        (void) !fallocate (s->h.fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
                           (off_t) (s->sent / BLOCK * BLOCK));
    const struct store_range next = { s->asked, MIN (LIMIT_OSS_WINDOW, s->end - s->asked) };
    s->asked += next.length;
    if (fetch (s, 0, &next, &e) != ERR_OK)
        LOG (LOG_INFO, "http", "an object cannot be read on", LOG_STR ("bucket", s->h.bucket),
             LOG_STR ("detail", e.message));
}

/* Under the lock: the connection sleeps until there is more. The server that stops first waits for
 * those that sleep. */
static ssize_t sleep_on (struct stream *s)
{
    if (!exchange_enter (s->x)) {
        exchange_leave (s->x);
        return MHD_CONTENT_READER_END_WITH_ERROR;
    }
    s->is_suspended = true;
    MHD_suspend_connection (s->x->connection);
    return 0;
}

static ssize_t send_some (void *cls, uint64_t pos, char *buf, size_t max)
{
    struct stream *s = cls;
    uint64_t from = s->at + pos;
    pthread_mutex_lock (&s->lock);
    s->sent = from;
    go_ahead (s);
    ssize_t n = MHD_CONTENT_READER_END_WITH_ERROR;
    if (s->ready > from)
        n = pread (s->h.fd, buf, MIN (max, s->ready - from), (off_t) from);
    else if (s->is_fetching)
        n = sleep_on (s);
    pthread_mutex_unlock (&s->lock);
    return n < 0 ? MHD_CONTENT_READER_END_WITH_ERROR : n;
}

static void end (void *cls)
{
    struct stream *s = cls;
    pthread_mutex_lock (&s->lock);
    s->x = NULL;
    s->is_suspended = false;
    pthread_mutex_unlock (&s->lock);
    release (s);
}

/* Up to where there are bytes from `at` on. */
static uint64_t known_from (const struct store_handle *h, uint64_t at)
{
    for (unsigned i = 0; i < h->n_known; i++)
        if (h->known[i].at <= at && at < h->known[i].at + h->known[i].length)
            return h->known[i].at + h->known[i].length;
    return at;
}

struct MHD_Response *stream_take_response (struct stream *s, struct exchange *x, uint64_t at,
                                           uint64_t length)
{
    s->x = x;
    s->at = s->sent = at;
    s->end = at + length;
    s->ready = s->asked = MIN (known_from (&s->h, at), s->end);
    return MHD_create_response_from_callback (length, BLOCK, send_some, s, end);
}

void stream_free (struct stream *s)
{
    if (s)
        release (s);
}
