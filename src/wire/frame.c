/* Frames: the table of types, sending, and reading with limits. Knows nothing of jobs. */
#include "wire/frame.h"

#include <assert.h>
#include <errno.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <glib.h>

#include "base/limits.h"

static const struct frame_rule {
    const char *name;
    unsigned states;   /* in which the reader takes it */
    uint32_t min, max; /* bytes of the body */
    unsigned min_fds, max_fds;
} rules[] = {
    [FRAME_READY] = { "READY", FRAME_STARTING, sizeof (struct frame_ready),
                      sizeof (struct frame_ready), 0, 0 },
    [FRAME_JOB] = { "JOB", FRAME_WORKING, sizeof (struct frame_job), sizeof (struct frame_job), 1,
                    2 },
    [FRAME_RESULT] = { "RESULT", FRAME_BUSY, sizeof (struct frame_reply) + 2, LIMIT_RESULT, 0, 0 },
    [FRAME_FAIL] = { "FAIL", FRAME_BUSY, sizeof (struct frame_reply) + 2, LIMIT_RESULT, 0, 0 },
    [FRAME_UNREADABLE] = { "UNREADABLE", FRAME_BUSY | FRAME_RENDERING, sizeof (struct frame_reply),
                           sizeof (struct frame_reply), 0, 0 },
    [FRAME_NEED] = { "NEED", FRAME_BUSY, sizeof (struct frame_need), sizeof (struct frame_need), 0,
                     0 },
    [FRAME_RENDER] = { "RENDER", FRAME_RENDERER, sizeof (struct frame_render) + 1,
                       sizeof (struct frame_render) + LIMIT_PROCESS_TEXT, 2, FRAME_FDS },
    [FRAME_RENDERED] = { "RENDERED", FRAME_RENDERING, sizeof (struct frame_rendered),
                         sizeof (struct frame_rendered), 0, 0 },
    [FRAME_REFUSED] = { "REFUSED", FRAME_RENDERING, sizeof (struct frame_refused),
                        sizeof (struct frame_refused), 0, 0 },
};
static_assert (N_ELEMENTS (rules) == FRAME_TYPES, "a row for every type");
static_assert (sizeof (struct frame_header) + sizeof (struct frame_render) + LIMIT_PROCESS_TEXT <=
                   FRAME_AHEAD,
               "a frame with descriptors is read at once");

void frame_extension (const char *key, char ret[FRAME_EXTENSION])
{
    const char *dot = strrchr (key, '.');
    ret[0] = '\0';
    if (!dot || strchr (dot, '/') || strlen (dot + 1) >= FRAME_EXTENSION)
        return;
    for (size_t i = 0; i <= strlen (dot + 1); i++)
        ret[i] = g_ascii_tolower (dot[1 + i]);
}

static void begin_frame (struct frame_reader *r)
{
    r->have = 0;
    r->body = NULL;
    r->n_fds = 0;
}

void frame_reader_init (struct frame_reader *r)
{
    begin_frame (r);
    r->at = r->end = 0;
    r->is_drained = false;
}

void frame_reader_next (struct frame_reader *r)
{
    for (unsigned i = 0; i < r->n_fds; i++)
        close (r->fds[i]);
    g_free (r->body);
    begin_frame (r);
}

void frame_reader_clear (struct frame_reader *r)
{
    frame_reader_next (r);
    frame_reader_init (r);
}

static enum err check_header (struct frame_reader *r, enum frame_state state, struct error *e)
{
    const struct frame_header *h = &r->header;
    if (h->type >= FRAME_TYPES)
        return FAIL (e, WORKER_PROTOCOL, "a frame of the unknown type %u", h->type);
    const struct frame_rule *rule = &rules[h->type];
    if (!(rule->states & state))
        return FAIL (e, WORKER_PROTOCOL, "a frame %s at the wrong time", rule->name);
    if (h->length < rule->min || h->length > rule->max)
        return FAIL (e, WORKER_PROTOCOL, "a frame %s of %u bytes, not %u to %u", rule->name,
                     h->length, rule->min, rule->max);
    if (r->n_fds < rule->min_fds || r->n_fds > rule->max_fds)
        return FAIL (e, WORKER_PROTOCOL, "a frame %s with %u descriptors, not %u to %u", rule->name,
                     r->n_fds, rule->min_fds, rule->max_fds);
    return ERR_OK;
}

/* Keeps the first descriptors of a frame and closes all others. True if there was any other. */
static bool take_descriptors (struct frame_reader *r, struct msghdr *m)
{
    bool extra = m->msg_flags & MSG_CTRUNC;
    for (struct cmsghdr *c = CMSG_FIRSTHDR (m); c; c = CMSG_NXTHDR (m, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        size_t n = (c->cmsg_len - CMSG_LEN (0)) / sizeof (int);
        for (size_t i = 0; i < n; i++) {
            int fd;
            memcpy (&fd, CMSG_DATA (c) + i * sizeof fd, sizeof fd);
            if (r->n_fds < FRAME_FDS && r->have == 0) {
                r->fds[r->n_fds++] = fd;
            } else {
                close (fd);
                extra = true;
            }
        }
    }
    return extra;
}

/* One recvmsg into `to`. *ret_n is 0 when nothing is there yet. */
static enum err receive (struct frame_reader *r, int socket, void *to, size_t length, size_t *ret_n,
                         struct error *e)
{
    union {
        char bytes[CMSG_SPACE ((FRAME_FDS + 2) * sizeof (int))]; /* one too many is seen */
        struct cmsghdr align;
    } control;
    struct iovec iov = { to, length };
    struct msghdr m = { .msg_iov = &iov,
                        .msg_iovlen = 1,
                        .msg_control = control.bytes,
                        .msg_controllen = sizeof control.bytes };
    ssize_t n = recvmsg (socket, &m, MSG_CMSG_CLOEXEC);
    *ret_n = n > 0 ? (size_t) n : 0;
    r->is_drained = n < (ssize_t) length;
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return ERR_OK;
    if (n < 0 && errno != ECONNRESET)
        return FAIL (e, IO, "cannot read from the socket: %s", g_strerror (errno));
    if (n <= 0)
        return FAIL (e, CLOSED, "the other end closed the socket");
    return take_descriptors (r, &m) ? FAIL (e, WORKER_PROTOCOL, "an unexpected descriptor")
                                    : ERR_OK;
}

/* Brings bytes of the frame to `to`, at most `length`: those that were read ahead, or new ones. */
static enum err bring (struct frame_reader *r, int socket, char *to, size_t length, size_t *ret_n,
                       struct error *e)
{
    enum err err = ERR_OK;
    if (r->at == r->end && length >= sizeof r->ahead)
        return receive (r, socket, to, length, ret_n, e);
    if (r->at == r->end) {
        r->at = 0;
        err = receive (r, socket, r->ahead, sizeof r->ahead, &r->end, e);
    }
    *ret_n = MIN (length, r->end - r->at);
    memcpy (to, r->ahead + r->at, *ret_n);
    r->at += *ret_n;
    return err;
}

/* Where the next bytes belong, and how many; 0: the frame is whole. */
static size_t next_part (struct frame_reader *r, char **ret)
{
    const size_t head = sizeof r->header;
    bool in_head = r->have < head;
    *ret = in_head ? (char *) &r->header + r->have : r->body + (r->have - head);
    return (in_head ? head : head + r->header.length) - r->have;
}

enum err frame_read (struct frame_reader *r, int socket, enum frame_state state, bool *ret_complete,
                     struct error *e)
{
    bool is_over = r->have == 0 && r->at == r->end && r->is_drained;
    size_t wanted, n = !is_over;
    char *to;
    while ((wanted = next_part (r, &to)) && n) {
        enum err err = bring (r, socket, to, wanted, &n, e);
        if (err != ERR_OK)
            return err;
        r->have += n;
        if (r->have != sizeof r->header || r->body)
            continue;
        if ((err = check_header (r, state, e)) != ERR_OK)
            return err;
        r->body = g_malloc ((size_t) r->header.length + 1);
        r->body[r->header.length] = '\0';
    }
    if (is_over)
        r->is_drained = false;
    *ret_complete = !wanted;
    return ERR_OK;
}

enum err frame_send (int socket, enum frame_type type, const void *body, size_t length,
                     const int *fds, unsigned n_fds, struct error *e)
{
    assert (length >= rules[type].min && length <= rules[type].max);
    assert (n_fds >= rules[type].min_fds && n_fds <= rules[type].max_fds);
    struct frame_header header = { type, (uint32_t) length };
    union {
        char bytes[CMSG_SPACE (FRAME_FDS * sizeof (int))];
        struct cmsghdr align;
    } control = { 0 };
    struct iovec iov[2] = { { &header, sizeof header }, { (void *) body, length } };
    struct msghdr m = { .msg_iov = iov, .msg_iovlen = 2 };
    if (n_fds) {
        m.msg_control = control.bytes;
        m.msg_controllen = CMSG_SPACE (n_fds * sizeof *fds);
        struct cmsghdr *c = CMSG_FIRSTHDR (&m);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN (n_fds * sizeof *fds);
        memcpy (CMSG_DATA (c), fds, n_fds * sizeof *fds);
    }
    size_t left = sizeof header + length;
    while (left) {
        ssize_t n = sendmsg (socket, &m, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && (errno == EPIPE || errno == ECONNRESET))
            return FAIL (e, CLOSED, "the other end closed the socket");
        if (n < 0)
            return FAIL (e, IO, "cannot write to the socket: %s", g_strerror (errno));
        left -= (size_t) n;
        m.msg_control = NULL;
        m.msg_controllen = 0;
        for (struct iovec *v = m.msg_iov; n > 0 && m.msg_iovlen; v = m.msg_iov) {
            size_t step = MIN ((size_t) n, v->iov_len);
            v->iov_base = (char *) v->iov_base + step;
            v->iov_len -= step;
            n -= (ssize_t) step;
            if (v->iov_len == 0) {
                m.msg_iov++;
                m.msg_iovlen--;
            }
        }
    }
    return ERR_OK;
}
