#include "test.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <glib.h>

#include "base/limits.h"
#include "wire/frame.h"

struct pair {
    int server, worker;
    struct frame_reader reader; /* the server's */
};

static int setup (void **state)
{
    struct pair *p = g_new (struct pair, 1);
    int fds[2];
    assert_int_equal (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    p->server = fds[0];
    p->worker = fds[1];
    fcntl (p->server, F_SETFL, O_NONBLOCK);
    frame_reader_init (&p->reader);
    *state = p;
    return 0;
}

static int teardown (void **state)
{
    struct pair *p = *state;
    frame_reader_clear (&p->reader);
    close (p->server);
    close (p->worker);
    g_free (p);
    return 0;
}

static void put (struct pair *p, const void *bytes, size_t length)
{
    assert_int_equal (write (p->worker, bytes, length), length);
}

static void test_arrives_in_pieces (void **state)
{
    struct pair *p = *state;
    struct error e;
    struct frame_header h = { FRAME_RESULT, sizeof (struct frame_reply) + 2 };
    bool complete = true;
    char all[sizeof h + sizeof (struct frame_reply) + 2] = "";
    memcpy (all, &h, sizeof h);
    memcpy (all + sizeof all - 2, "{}", 2);
    for (size_t i = 0; i < sizeof all; i++) {
        assert_ok (frame_read (&p->reader, p->server, FRAME_BUSY, &complete, &e), &e);
        assert_false (complete);
        put (p, all + i, 1);
    }
    assert_ok (frame_read (&p->reader, p->server, FRAME_BUSY, &complete, &e), &e);
    assert_true (complete);
    assert_string_equal (p->reader.body + sizeof (struct frame_reply), "{}");
}

static void test_largest_result (void **state)
{
    struct pair *p = *state;
    struct error e;
    bool complete = false;
    g_autofree char *body = g_malloc (LIMIT_RESULT);
    memset (body, 'x', LIMIT_RESULT);
    struct frame_header h = { FRAME_RESULT, LIMIT_RESULT };
    put (p, &h, sizeof h);
    for (size_t sent = 0; sent < LIMIT_RESULT; sent += 4096) {
        assert_false (complete);
        put (p, body + sent, 4096);
        assert_ok (frame_read (&p->reader, p->server, FRAME_BUSY, &complete, &e), &e);
    }
    assert_true (complete);
    assert_memory_equal (p->reader.body, body, LIMIT_RESULT);
}

static void refused (struct pair *p, struct frame_header h, enum frame_state state)
{
    struct error e;
    bool complete;
    put (p, &h, sizeof h);
    assert_err (WORKER_PROTOCOL, frame_read (&p->reader, p->server, state, &complete, &e));
    assert_null (p->reader.body);
}

static void test_one_byte_over_the_limit (void **state)
{
    refused (*state, (struct frame_header){ FRAME_RESULT, LIMIT_RESULT + 1 }, FRAME_BUSY);
}

static void test_shorter_than_its_struct (void **state)
{
    refused (*state, (struct frame_header){ FRAME_READY, sizeof (struct frame_ready) - 1 },
             FRAME_STARTING);
}

static void test_unknown_type (void **state)
{
    refused (*state, (struct frame_header){ FRAME_TYPES, 2 }, FRAME_BUSY);
}

static void test_wrong_state (void **state)
{
    refused (*state, (struct frame_header){ FRAME_RESULT, 1000 }, FRAME_IDLE);
    frame_reader_clear (&((struct pair *) *state)->reader);
    refused (*state, (struct frame_header){ FRAME_READY, sizeof (struct frame_ready) }, FRAME_BUSY);
    frame_reader_clear (&((struct pair *) *state)->reader);
    refused (*state, (struct frame_header){ FRAME_JOB, sizeof (struct frame_job) }, FRAME_BUSY);
}

static void bring (struct pair *p, unsigned n)
{
    struct error e;
    struct frame_reader reader;
    struct frame_job job = { .size = 7, .extension = "jpg" };
    bool complete = false;
    int fds[FRAME_FDS], received[FRAME_FDS];
    for (unsigned i = 0; i < n; i++)
        fds[i] = open ("/dev/null", O_RDONLY | O_CLOEXEC);
    frame_reader_init (&reader);
    assert_ok (frame_send (p->server, FRAME_JOB, &job, sizeof job, fds, n, &e), &e);
    assert_ok (frame_read (&reader, p->worker, FRAME_WORKING, &complete, &e), &e);
    assert_true (complete);
    assert_memory_equal (reader.body, &job, sizeof job);
    assert_int_equal (reader.n_fds, n);
    for (unsigned i = 0; i < n; i++) {
        assert_int_not_equal (reader.fds[i], fds[i]);
        assert_int_equal (fcntl (reader.fds[i], F_GETFD), FD_CLOEXEC);
        received[i] = reader.fds[i];
        close (fds[i]);
    }
    frame_reader_clear (&reader);
    for (unsigned i = 0; i < n; i++)
        assert_int_equal (fcntl (received[i], F_GETFD), -1);
}

static void test_job_brings_its_descriptors (void **state)
{
    bring (*state, 1);
    bring (*state, 2);
}

/* Sends `length` bytes with `n` descriptors. */
static void put_with_fds (struct pair *p, const void *bytes, size_t length, unsigned n)
{
    char control[CMSG_SPACE (8 * sizeof (int))] __attribute__ ((aligned (8))) = { 0 };
    struct iovec iov = { (void *) bytes, length };
    struct msghdr m = { .msg_iov = &iov,
                        .msg_iovlen = 1,
                        .msg_control = n ? control : NULL,
                        .msg_controllen = n ? CMSG_SPACE (n * sizeof (int)) : 0 };
    struct cmsghdr *c = (struct cmsghdr *) control;
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN (n * sizeof (int));
    for (unsigned i = 0; i < n; i++)
        memcpy (CMSG_DATA (c) + i * sizeof (int), &p->worker, sizeof (int));
    assert_int_equal (sendmsg (p->worker, &m, 0), length);
}

static unsigned open_descriptors (void)
{
    unsigned n = 0;
    for (int fd = 0; fd < 256; fd++)
        n += fcntl (fd, F_GETFD) >= 0;
    return n;
}

static void test_job_with_more_descriptors_than_two_or_none (void **state)
{
    static const unsigned counts[] = { 0, 3, 4, 8 };
    struct pair *p = *state;
    struct error e;
    struct frame_header h = { FRAME_JOB, sizeof (struct frame_job) };
    bool complete;
    for (size_t i = 0; i < 4; i++) {
        unsigned before = open_descriptors ();
        put_with_fds (p, &h, sizeof h, counts[i]);
        assert_err (WORKER_PROTOCOL,
                    frame_read (&p->reader, p->server, FRAME_WORKING, &complete, &e));
        frame_reader_clear (&p->reader);
        assert_int_equal (open_descriptors (), before);
    }
}

static void test_descriptors_nobody_asked_for (void **state)
{
    static const unsigned counts[] = { 1, 2, 8 };
    struct pair *p = *state;
    struct error e;
    struct frame_header h = { FRAME_RESULT, 1000 };
    bool complete;
    for (size_t i = 0; i < 3; i++) {
        unsigned before = open_descriptors ();
        put_with_fds (p, &h, sizeof h, counts[i]);
        assert_err (WORKER_PROTOCOL, frame_read (&p->reader, p->server, FRAME_BUSY, &complete, &e));
        frame_reader_clear (&p->reader);
        assert_int_equal (open_descriptors (), before);
    }
}

static void test_end_of_stream (void **state)
{
    struct pair *p = *state;
    struct error e;
    struct frame_header h = { FRAME_RESULT, 1000 };
    bool complete;
    put (p, &h, sizeof h);
    put (p, "{", 1);
    close (p->worker);
    p->worker = -1;
    assert_err (CLOSED, frame_read (&p->reader, p->server, FRAME_BUSY, &complete, &e));
    struct frame_job job = { 0 };
    assert_err (CLOSED, frame_send (p->server, FRAME_JOB, &job, sizeof job, &p->server, 1, &e));
}

int main (void)
{
#define TEST(f) cmocka_unit_test_setup_teardown (f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST (test_arrives_in_pieces),
        TEST (test_largest_result),
        TEST (test_one_byte_over_the_limit),
        TEST (test_shorter_than_its_struct),
        TEST (test_unknown_type),
        TEST (test_wrong_state),
        TEST (test_job_brings_its_descriptors),
        TEST (test_job_with_more_descriptors_than_two_or_none),
        TEST (test_descriptors_nobody_asked_for),
        TEST (test_end_of_stream),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
