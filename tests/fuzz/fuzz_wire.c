/* What a worker may send: any bytes as a stream of frames, in each state of the conversation (the
 * first byte says in which it begins), and as a reply. Nothing but the rules of the wire may come
 * of it, and of a reply what jansson and meta.def say of it. */
#include <assert.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <glib.h>

#include "meta_oracle.h"
#include "wire/frame.h"
#include "wire/need.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

/* A job with a head, a hole, a middle and a hole: what passes lies in the holes. */
static void check_need (const char *body)
{
    const struct frame_job job = { .size = 1000,
                                   .n_known = 2,
                                   .known = { { 0, 100 }, { 500, 100 } } };
    struct frame_need need;
    struct error e;
    memcpy (&need, body, sizeof need);
    enum err err = need_check (&need, &job, &e);
    assert (err == ERR_OK || err == ERR_WORKER_PROTOCOL);
    for (uint32_t i = 0; err == ERR_OK && i < need.n; i++) {
        uint64_t at = need.ranges[i].at, end = at + need.ranges[i].length;
        assert (at < end && ((at >= 100 && end <= 500) || (at >= 600 && end <= 1000)));
    }
}

/* Frames until one is refused or the stream ends. */
static void read_frames (int socket, enum frame_state state)
{
    struct error e;
    struct frame_reader r;
    enum err err = ERR_OK;
    frame_reader_init (&r);
    while (err == ERR_OK) {
        bool complete = false;
        err = frame_read (&r, socket, state, &complete, &e);
        if (err != ERR_OK || !complete)
            continue;
        if (r.header.type == FRAME_RESULT || r.header.type == FRAME_FAIL)
            (void) meta_oracle_agrees (r.body + sizeof (struct frame_reply),
                                       r.header.length - sizeof (struct frame_reply));
        if (r.header.type == FRAME_NEED)
            check_need (r.body);
        state = state == FRAME_STARTING ? FRAME_BUSY : state;
        frame_reader_next (&r);
    }
    assert (err == ERR_CLOSED || err == ERR_WORKER_PROTOCOL);
    frame_reader_clear (&r);
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    static const enum frame_state states[] = { FRAME_STARTING, FRAME_IDLE,      FRAME_BUSY,
                                               FRAME_WORKING,  FRAME_RENDERING, FRAME_RENDERER };
    int sockets[2];
    if (!size)
        return 0;
    int made = socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets);
    assert (made == 0);
    fcntl (sockets[1], F_SETFL, O_NONBLOCK);
    (void) !write (sockets[1], data + 1, size - 1);
    close (sockets[1]);
    read_frames (sockets[0], states[data[0] % N_ELEMENTS (states)]);
    close (sockets[0]);
    (void) meta_oracle_agrees ((const char *) data, size);
    return 0;
}
