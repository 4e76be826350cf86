/* Frames to one renderer, and back. */
#include "jailed.h"

#include <assert.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/limits.h"

#define PATIENCE_MS 60000

/* False: the other end is gone. */
static bool next_frame (struct jailed *j, enum frame_state state)
{
    struct error e;
    bool complete = false;
    enum err err = ERR_OK;
    frame_reader_next (&j->frame);
    while (err == ERR_OK && !complete) {
        struct pollfd socket = { j->child.socket, POLLIN, 0 };
        assert (poll (&socket, 1, PATIENCE_MS) == 1);
        err = frame_read (&j->frame, j->child.socket, state, &complete, &e);
    }
    return err == ERR_OK;
}

void jailed_start (struct jailed *j, const char *path, const char *profile)
{
    struct error e;
    const char *const arguments[] = { profile, "required", NULL };
    enum err err = child_start (path, arguments, 0, &j->child, &e);
    assert (err == ERR_OK);
    frame_reader_init (&j->frame);
    bool is_up = next_frame (j, FRAME_STARTING);
    assert (is_up);
}

static void send_job (struct jailed *j, const char *text, const struct render *sources, int output)
{
    struct error e;
    struct frame_render job = { .id = 1,
                                .size = sources->source.size,
                                .max_output = LIMIT_RENDER_OUTPUT,
                                .n_extra = sources->n_extras,
                                .text_length = (uint32_t) strlen (text) };
    int fds[FRAME_FDS] = { output, sources->source.fd };
    for (unsigned i = 0; i < sources->n_extras; i++) {
        job.extra_sizes[i] = sources->extras[i].size;
        fds[2 + i] = sources->extras[i].fd;
    }
    g_autofree uint8_t *body = g_malloc (sizeof job + job.text_length);
    memcpy (body, &job, sizeof job);
    memcpy (body + sizeof job, text, job.text_length);
    enum err err = frame_send (j->child.socket, FRAME_RENDER, body, sizeof job + job.text_length,
                               fds, 2 + job.n_extra, &e);
    assert (err == ERR_OK);
}

static void take_result (const struct jailed *j, int output, struct render_result *ret)
{
    struct frame_rendered rendered;
    memcpy (&rendered, j->frame.body, sizeof rendered);
    *ret = (struct render_result){ g_malloc (rendered.size), rendered.size,   rendered.format,
                                   rendered.width,           rendered.height, rendered.frames };
    ssize_t n = pread (output, ret->bytes, ret->size, 0);
    assert (n == (ssize_t) ret->size);
}

static void take_words (struct jailed *j, char why[FRAME_MESSAGE])
{
    int signal;
    child_wait (&j->child, PATIENCE_MS);
    bool is_reaped = child_reap (&j->child, why, FRAME_MESSAGE, &signal);
    assert (is_reaped);
}

enum frame_type jailed_render (struct jailed *j, const char *text, const struct render *sources,
                               struct render_result *ret, char why[FRAME_MESSAGE])
{
    int output = memfd_create ("rendition", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    assert (output >= 0);
    enum frame_type type = FRAME_TYPES;
    send_job (j, text, sources, output);
    if (next_frame (j, FRAME_RENDERING))
        type = j->frame.header.type;
    if (type == FRAME_RENDERED)
        take_result (j, output, ret);
    if (type == FRAME_REFUSED)
        g_strlcpy (why, ((struct frame_refused *) j->frame.body)->message, FRAME_MESSAGE);
    if (type == FRAME_UNREADABLE)
        g_strlcpy (why, ((struct frame_reply *) j->frame.body)->message, FRAME_MESSAGE);
    if (type == FRAME_TYPES)
        take_words (j, why);
    close (output);
    return type;
}

void jailed_stop (struct jailed *j)
{
    int signal;
    char why[FRAME_MESSAGE];
    frame_reader_clear (&j->frame);
    child_kill (&j->child);
    child_wait (&j->child, PATIENCE_MS);
    (void) child_reap (&j->child, why, sizeof why, &signal);
}
