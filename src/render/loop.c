/* The loop: a frame comes, a rendition is made, a frame goes. */
#include "render/loop.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <glib.h>

#include "base/limits.h"
#include "base/macros.h"
#include "render/render.h"
#include "wire/frame.h"

static enum err say_ready (const struct sandbox_report *report, struct error *e)
{
    struct frame_ready ready = { .wire_version = FRAME_VERSION,
                                 .extractor_version = RENDER_VERSION };
    g_strlcpy (ready.missing, report->missing, sizeof ready.missing);
    return frame_send (FRAME_SOCKET, FRAME_READY, &ready, sizeof ready, NULL, 0, e);
}

/* What is not in the table is the object's fault. */
static enum frame_refusal refusal_of (enum err code)
{
    static const struct {
        enum err code;
        enum frame_refusal refusal;
    } refusals[] = {
        { ERR_NOT_IMPLEMENTED, REFUSAL_UNSUPPORTED },
        { ERR_IMAGE_TOO_LARGE, REFUSAL_TOO_LARGE },
        { ERR_PROCESS_REQUEST, REFUSAL_BAD_REQUEST },
        { ERR_PROCESS_MISSING, REFUSAL_BAD_ARGUMENT },
        { ERR_PROCESS_ARGUMENT, REFUSAL_BAD_ARGUMENT },
        { ERR_WATERMARK, REFUSAL_WATERMARK },
    };
    for (size_t i = 0; i < N_ELEMENTS (refusals); i++)
        if (refusals[i].code == code)
            return refusals[i].refusal;
    return REFUSAL_DAMAGED;
}

static enum err refuse (uint64_t job, const struct error *why, struct error *e)
{
    struct frame_refused refused = { .job = job,
                                     .code = refusal_of (why->code),
                                     .page = process_ec_number (why->subject) };
    struct frame_reply unreadable = { .job = job };
    g_strlcpy (refused.message, why->message, sizeof refused.message);
    g_strlcpy (unreadable.message, why->message, sizeof unreadable.message);
    if (why->code == ERR_IO)
        return frame_send (FRAME_SOCKET, FRAME_UNREADABLE, &unreadable, sizeof unreadable, NULL, 0,
                           e);
    return frame_send (FRAME_SOCKET, FRAME_REFUSED, &refused, sizeof refused, NULL, 0, e);
}

static enum err write_result (int fd, const struct render_result *result, uint64_t most,
                              struct error *e)
{
    if (result->size > most)
        return FAIL (e, IMAGE_TOO_LARGE,
                     "the result has %zu bytes, over the limit of %" G_GUINT64_FORMAT, result->size,
                     most);
    for (size_t have = 0; have < result->size;) {
        ssize_t n = pwrite (fd, result->bytes + have, result->size - have, (off_t) have);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return FAIL (e, IO, "the result cannot be written: %s", g_strerror (errno));
        have += (size_t) n;
    }
    return ERR_OK;
}

/* Sets up a job from its frame: sources, and the process parsed from the text behind the struct. */
static enum err begin (const struct frame_reader *frame, const struct frame_render *job,
                       struct render *r, struct process **ret, struct error *e)
{
    size_t rest = frame->header.length - sizeof *job;
    if (job->n_extra > FRAME_EXTRAS || frame->n_fds != 2 + job->n_extra || job->text_length != rest)
        return FAIL (e, WORKER_PROTOCOL, "a job that does not fit its frame");
    r->source = (struct source){ .fd = frame->fds[1], .size = job->size };
    g_strlcpy (r->source.extension, job->extension, sizeof r->source.extension);
    for (unsigned i = 0; i < job->n_extra; i++)
        r->extras[i] = (struct source){ .fd = frame->fds[2 + i], .size = job->extra_sizes[i] };
    r->n_extras = job->n_extra;
    return process_parse (frame->body + sizeof *job, job->text_length, ret, e);
}

static enum err run (const struct profile *profile, const struct frame_reader *frame,
                     struct error *e)
{
    struct frame_render job;
    struct error why;
    struct render r = { 0 };
    struct render_result result = { 0 };
    _cleanup_process_ struct process *process = NULL;
    memcpy (&job, frame->body, sizeof job);
    job.extension[sizeof job.extension - 1] = '\0';
    sandbox_renew_cpu (profile->cpu_ms);
    enum err err = begin (frame, &job, &r, &process, &why);
    r.process = process;
    if (err == ERR_OK)
        err = render_run (&r, &result, &why);
    if (err == ERR_OK)
        err =
            write_result (frame->fds[0], &result, MIN (job.max_output, LIMIT_RENDER_OUTPUT), &why);
    render_clear (&r);
    g_free (result.bytes);
    if (err != ERR_OK)
        return refuse (job.id, &why, e);
    struct frame_rendered rendered = { job.id,       result.size,   result.format,
                                       result.width, result.height, result.frames };
    return frame_send (FRAME_SOCKET, FRAME_RENDERED, &rendered, sizeof rendered, NULL, 0, e);
}

int render_loop (const struct profile *profile, const struct sandbox_report *report)
{
    struct error e;
    struct frame_reader frame;
    frame_reader_init (&frame);
    enum err err = say_ready (report, &e);
    while (err == ERR_OK) {
        bool complete = false;
        while (err == ERR_OK && !complete)
            err = frame_read (&frame, FRAME_SOCKET, FRAME_RENDERER, &complete, &e);
        if (err == ERR_OK)
            err = run (profile, &frame, &e);
        frame_reader_next (&frame);
    }
    return err == ERR_CLOSED ? 0 : 1;
}
