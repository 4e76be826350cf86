/* Jobs: a frame comes, the extractors run, a frame goes. */
#include "worker/job.h"

#include <glib.h>
#include <jansson.h>

#include "base/limits.h"
#include "wire/frame.h"
#include "wire/meta.h"
#include "worker/extract.h"
#include "worker/input.h"

static enum err say_ready (const struct sandbox_report *report, struct error *e)
{
    struct frame_ready ready = { .wire_version = FRAME_VERSION,
                                 .extractor_version = META_EXTRACTOR_VERSION };
    g_strlcpy (ready.missing, report->missing, sizeof ready.missing);
    return frame_send (FRAME_SOCKET, FRAME_READY, &ready, sizeof ready, -1, e);
}

/* `why` is NULL if all went well. */
static enum err answer (const json_t *meta, const struct error *why, struct error *e)
{
    char message[FRAME_MESSAGE] = "";
    if (why && why->code == ERR_IO) {
        g_strlcpy (message, why->message, sizeof message);
        return frame_send (FRAME_SOCKET, FRAME_UNREADABLE, message, sizeof message, -1, e);
    }
    char *json = json_dumps (meta, JSON_COMPACT);
    size_t length = strlen (json), skip = why ? FRAME_MESSAGE : 0;
    enum err err =
        length + skip > LIMIT_RESULT ? FAIL (e, LIMIT, "an answer of %zu bytes", length) : ERR_OK;
    if (err == ERR_OK) {
        g_autofree char *body = g_malloc0 (length + skip);
        if (why)
            g_strlcpy (body, why->message, FRAME_MESSAGE);
        memcpy (body + skip, json, length);
        err =
            frame_send (FRAME_SOCKET, why ? FRAME_FAIL : FRAME_RESULT, body, length + skip, -1, e);
    }
    g_free (json);
    return err;
}

static enum err run (struct frame_reader *frame, struct input *in, struct error *e)
{
    struct frame_job job;
    memcpy (&job, frame->body, sizeof job);
    job.extension[sizeof job.extension - 1] = '\0';
    sandbox_renew_cpu ();
    json_auto_t *meta = json_object ();
    struct error why;
    input_init (in, frame->fd, job.size, job.extension);
    enum err err = extract (in, meta, &why);
    return answer (meta, err == ERR_OK ? NULL : &why, e);
}

int job_loop (const struct sandbox_report *report)
{
    struct error e;
    struct frame_reader frame;
    frame_reader_init (&frame);
    g_autofree struct input *in = g_new (struct input, 1);
    enum err err = say_ready (report, &e);
    while (err == ERR_OK) {
        bool complete = false;
        while (err == ERR_OK && !complete)
            err = frame_read (&frame, FRAME_SOCKET, FRAME_WORKING, &complete, &e);
        if (err == ERR_OK)
            err = run (&frame, in, &e);
        frame_reader_clear (&frame);
    }
    return err == ERR_CLOSED ? 0 : 1;
}
