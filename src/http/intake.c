/* libmicrohttpd has no hook for what it reads, but it reads by recv() and gnutls_record_recv(),
 * called through the dynamic linker; so defining these functions in the program puts ours in
 * between, for the library as for everybody else. For a descriptor that is no connection of a
 * listener they do what they always do.
 *
 * The library's loop takes less than it asked for to mean that the system has no more; so a read
 * goes on until its buffer is full, or that is true. It may also end behind a whole request: when
 * that has been answered, and the connection was suspended meanwhile, the library looks again.
 *
 * intake_is_active() checks at every start that the linker did as described. */
#include "http/intake.h"

#include <assert.h>
#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <sys/socket.h>

#include "base/limits.h"
#include "http/waiting.h"

/* Connections of all listeners by descriptor. It cannot be anything but a global: a descriptor is
 * all that recv() gets. Each entry is set and used by the thread that has the connection; others
 * look whether theirs is empty. */
static _Atomic (struct intake *) connections[LIMIT_DESCRIPTORS];

static tls_recv_fn *real_tls_recv (void)
{
    tls_recv_fn *f = (tls_recv_fn *) dlsym (RTLD_NEXT, "gnutls_record_recv");
    assert (f);
    return f;
}

static struct intake *find (int fd)
{
    return fd >= 0 && fd < (int) LIMIT_DESCRIPTORS ? atomic_load (&connections[fd]) : NULL;
}

void intake_begin (struct intake *in)
{
    if (in->session)
        in->tls_recv = real_tls_recv ();
    if (in->fd >= 0 && in->fd < (int) LIMIT_DESCRIPTORS)
        atomic_store (&connections[in->fd], in);
}

void intake_end (struct intake *in)
{
    if (find (in->fd) == in)
        atomic_store (&connections[in->fd], NULL);
    heads_clear (&in->heads);
}

/* ---- Reading ---- */

static ssize_t read_some (struct intake *in, char *buf, size_t size)
{
    return in->session ? in->tls_recv (in->session, buf, size)
                       : recvfrom (in->fd, buf, size, 0, NULL, NULL);
}

/* Whether the library would not be woken for what is left. */
static bool is_more (const struct intake *in, size_t asked, size_t got)
{
    return in->session ? gnutls_record_check_pending (in->session) > 0 : got == asked;
}

static ssize_t nothing_yet (const struct intake *in)
{
    errno = EAGAIN;
    return in->session ? GNUTLS_E_AGAIN : -1;
}

static void refuse (const struct intake *in)
{
    struct error e;
    if (heads_explain (&in->heads, &e) != ERR_OK)
        in->refuse (in->arg, &e);
}

/* Who is refused goes on to send, and would lose the answer if the connection were closed. */
static ssize_t discard (struct intake *in, char *buf, size_t size)
{
    while (in->n_discarded < LIMIT_BODY_DRAIN) {
        ssize_t n = read_some (in, buf, size);
        if (n <= 0)
            return n;
        in->n_discarded += (size_t) n;
    }
    errno = ECONNRESET;
    return in->session ? GNUTLS_E_PREMATURE_TERMINATION : -1;
}

/* As the library's reading function, without the queries. */
static ssize_t read_lines (struct intake *in, char *buf, size_t size)
{
    size_t len = 0;
    if (in->heads.is_over)
        return discard (in, buf, size);
    in->has_more = true;
    unsigned n_ended = in->heads.n_ended;
    while (in->has_more && len < size && (in->session || in->heads.n_ended == n_ended)) {
        ssize_t n = read_some (in, buf + len, size - len);
        if (n <= 0)
            return len ? (ssize_t) len : n;
        in->has_more = is_more (in, size - len, (size_t) n);
        len += heads_feed (&in->heads, buf + len, (size_t) n);
        if (in->heads.is_over) {
            refuse (in);
            return discard (in, buf, size);
        }
    }
    waiter_count (in->waiter, in->heads.n_taken);
    return len ? (ssize_t) len : nothing_yet (in);
}

ssize_t recv (int fd, void *buf, size_t size, int flags)
{
    struct intake *in = flags ? NULL : find (fd);
    return in && !in->session ? read_lines (in, buf, size)
                              : recvfrom (fd, buf, size, flags, NULL, NULL);
}

ssize_t gnutls_record_recv (gnutls_session_t session, void *data, size_t size)
{
    int from, to;
    gnutls_transport_get_int2 (session, &from, &to);
    struct intake *in = find (to);
    return in && in->session == session ? read_lines (in, data, size)
                                        : real_tls_recv () (session, data, size);
}

/* ---- Requests ---- */

char *intake_take_target (struct intake *in, const char *path)
{
    char *target = heads_take_target (&in->heads, path);
    waiter_count (in->waiter, in->heads.n_taken);
    return target;
}

bool intake_must_end (const struct intake *in)
{
    return in->heads.state == HEADS_OPAQUE;
}

bool intake_is_active (void)
{
    return dlsym (RTLD_DEFAULT, "recv") == (void *) recv &&
           dlsym (RTLD_DEFAULT, "gnutls_record_recv") == (void *) gnutls_record_recv &&
           dlsym (RTLD_NEXT, "gnutls_record_recv");
}
