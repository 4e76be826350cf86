/* Jobs: a frame comes, the extractors run, a frame goes. */
#include "worker/job.h"

#include <string.h>
#include <glib.h>

#include "base/dump.h"
#include "base/limits.h"
#include "base/macros.h"
#include "wire/meta.h"
#include "worker/extract.h"
#include "worker/input.h"
#include "worker/xmp.h"

#define REPLY_ROOM 2048 /* bytes that most replies fit in */

static enum err say_ready (const struct sandbox_report *report, struct error *e)
{
    struct frame_ready ready = { .wire_version = FRAME_VERSION,
                                 .extractor_version = META_EXTRACTOR_VERSION };
    g_strlcpy (ready.missing, report->missing, sizeof ready.missing);
    return frame_send (FRAME_SOCKET, FRAME_READY, &ready, sizeof ready, NULL, 0, e);
}

/* Hardly any object has so much to say that none of it can be sent but its type. */
static void append_type (const json_t *meta, GString *body)
{
    static const char *const fields[] = { "ContentType", "MediaType" };
    json_auto_t *type = json_object ();
    for (size_t i = 0; i < N_ELEMENTS (fields); i++)
        json_object_set (type, fields[i], json_object_get (meta, fields[i]));
    dump_json (body, type);
}

enum frame_type job_reply (uint64_t job, const struct input *in, const json_t *meta,
                           const struct error *why, GString *body)
{
    struct frame_reply reply = { .job = job, .left_text = in->left_text };
    enum frame_type type = !why                  ? FRAME_RESULT
                           : why->code == ERR_IO ? FRAME_UNREADABLE
                                                 : FRAME_FAIL;
    g_strlcpy (reply.message, why ? why->message : in->remark, sizeof reply.message);
    g_string_append_len (body, (const char *) &reply, sizeof reply);
    if (type != FRAME_UNREADABLE)
        dump_json (body, meta);
    if (body->len <= LIMIT_RESULT)
        return type;
    g_snprintf (reply.message, sizeof reply.message,
                "its metadata of %zu bytes is over the limit of %llu", body->len, LIMIT_RESULT);
    g_string_truncate (body, 0);
    g_string_append_len (body, (const char *) &reply, sizeof reply);
    append_type (meta, body);
    return FRAME_FAIL;
}

static enum err answer (uint64_t job, const struct input *in, const json_t *meta,
                        const struct error *why, struct error *e)
{
    g_autoptr (GString) body = g_string_sized_new (REPLY_ROOM);
    enum frame_type type = job_reply (job, in, meta, why, body);
    return frame_send (FRAME_SOCKET, type, body->str, body->len, NULL, 0, e);
}

/* The same job again, please, with what was missed. */
static enum err ask (uint64_t job, const struct input *in, struct error *e)
{
    struct frame_need need = { .job = job, .allowance = in->read_limit, .n = in->n_missed };
    memcpy (need.ranges, in->missed, in->n_missed * sizeof *in->missed);
    return frame_send (FRAME_SOCKET, FRAME_NEED, &need, sizeof need, NULL, 0, e);
}

/* What a job is worked on with, made once: inputs are large. */
struct bench {
    struct input object, sidecar;
};

/* A broken sidecar says what it can, maybe nothing. */
static void read_sidecar (struct bench *b, int fd, uint64_t size, struct caption *c)
{
    input_init (&b->sidecar, fd, size, "xmp");
    xmp_parse (&b->sidecar, 0, b->sidecar.size, c);
    b->object.sidecar = c;
}

static enum err run (const struct profile *profile, struct frame_reader *frame, struct bench *b,
                     struct error *e)
{
    struct frame_job job;
    memcpy (&job, frame->body, sizeof job);
    job.extension[sizeof job.extension - 1] = '\0';
    sandbox_renew_cpu (profile->cpu_ms);
    json_auto_t *meta = json_object ();
    struct error why;
    struct caption sidecar = { 0 };
    input_init_parts (&b->object, frame->fds[0], job.size, job.extension, job.known, job.n_known,
                      job.is_final);
    b->object.leaves_text = job.leaves_text;
    if (frame->n_fds > 1)
        read_sidecar (b, frame->fds[1], job.sidecar_size, &sidecar);
    enum err err = extract (&b->object, meta, &why);
    if (frame->n_fds > 1 && b->sidecar.error)
        err = FAIL (&why, IO, "its sidecar cannot be read: %s", g_strerror (b->sidecar.error));
    caption_clear (&sidecar);
    if (err != ERR_IO && input_is_waiting (&b->object))
        return ask (job.id, &b->object, e);
    return answer (job.id, &b->object, meta, err == ERR_OK ? NULL : &why, e);
}

int job_loop (const struct profile *profile, const struct sandbox_report *report)
{
    struct error e;
    struct frame_reader frame;
    frame_reader_init (&frame);
    g_autofree struct bench *b = g_new (struct bench, 1);
    enum err err = say_ready (report, &e);
    while (err == ERR_OK) {
        bool complete = false;
        while (err == ERR_OK && !complete)
            err = frame_read (&frame, FRAME_SOCKET, FRAME_WORKING, &complete, &e);
        if (err == ERR_OK)
            err = run (profile, &frame, b, &e);
        frame_reader_next (&frame);
    }
    return err == ERR_CLOSED ? 0 : 1;
}
