/* Jobs of the pool: what is copied and taken of them, the frame that each becomes, its end. */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "base/limits.h"
#include "wire/pool_priv.h"

/* ---- making ---- */

static void fill_extraction (struct job *j, struct pool_job *job)
{
    assert (job->n_known <= FRAME_KNOWN);
    j->lends_fd = job->lends_fd;
    j->fds[j->n_fds++] = steal_fd (&job->fd);
    if (job->sidecar_size)
        j->fds[j->n_fds++] = steal_fd (&job->sidecar_fd);
    j->frame.size = job->size;
    j->frame.sidecar_size = job->sidecar_size;
    g_strlcpy (j->frame.extension, job->extension, sizeof j->frame.extension);
    j->frame.is_final = job->is_final;
    j->frame.n_known = job->n_known;
    j->frame.leaves_text = job->leaves_text;
    if (job->n_known)
        memcpy (j->frame.known, job->known, job->n_known * sizeof *job->known);
    job->sidecar_size = 0;
}

/* False: there is no descriptor left; those of the job are taken all the same. */
static bool fill_rendition (struct job *j, struct pool_job *job)
{
    const struct pool_render *r = job->render;
    assert (r->n_extra <= FRAME_EXTRAS);
    assert (r->text_length > 0 && r->text_length <= LIMIT_PROCESS_TEXT);
    int output = fcntl (r->output, F_DUPFD_CLOEXEC, 0);
    if (output >= 0)
        j->fds[j->n_fds++] = output;
    j->fds[j->n_fds++] = steal_fd (&job->fd);
    for (unsigned i = 0; i < r->n_extra; i++)
        j->fds[j->n_fds++] = r->extra_fds[i];
    struct frame_render frame = { .size = job->size,
                                  .max_output = r->max_output,
                                  .n_extra = r->n_extra,
                                  .text_length = (uint32_t) r->text_length };
    memcpy (frame.extra_sizes, r->extra_sizes, r->n_extra * sizeof r->extra_sizes[0]);
    g_strlcpy (frame.extension, job->extension, sizeof frame.extension);
    j->render_length = sizeof frame + r->text_length;
    j->render = g_malloc (j->render_length);
    memcpy (j->render, &frame, sizeof frame);
    memcpy (j->render + sizeof frame, r->text, r->text_length);
    j->is_likely = r->is_likely;
    return output >= 0;
}

enum err job_new (struct pool_job *job, struct job **ret, struct error *e)
{
    struct job *j = g_new0 (struct job, 1);
    j->priority = job->priority;
    j->done = job->done;
    j->arg = job->arg;
    if (!job->render) {
        fill_extraction (j, job);
    } else if (!fill_rendition (j, job)) {
        job_free (j);
        return FAIL (e, IO, "no descriptor for a rendition: %s", g_strerror (errno));
    }
    *ret = j;
    return ERR_OK;
}

void job_set_id (struct job *j, uint64_t id)
{
    j->id = id;
    if (j->render)
        memcpy (j->render + offsetof (struct frame_render, id), &id, sizeof id);
    else
        j->frame.id = id;
}

/* ---- running ---- */

enum frame_state job_state (const struct job *j)
{
    return j->render ? FRAME_RENDERING : FRAME_BUSY;
}

enum err job_send (const struct job *j, int socket, struct error *e)
{
    if (j->render)
        return frame_send (socket, FRAME_RENDER, j->render, j->render_length, j->fds, j->n_fds, e);
    return frame_send (socket, FRAME_JOB, &j->frame, sizeof j->frame, j->fds, j->n_fds, e);
}

/* Nobody changes it any more, and it is as large as was said. */
static bool seal (int output, uint64_t size)
{
    const int seals = F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL;
    struct stat st;
    return fcntl (output, F_ADD_SEALS, seals) == 0 && fstat (output, &st) == 0 &&
           (uint64_t) st.st_size == size;
}

enum err job_take_rendition (struct job *j, const struct frame_rendered *said, struct error *e)
{
    struct frame_render asked;
    memcpy (&asked, j->render, sizeof asked);
    const struct pool_rendition r = { said->size, said->format, said->width, said->height,
                                      said->frames };
    if (!r.size || r.size > asked.max_output || !seal (j->fds[0], r.size))
        return FAIL (e, WORKER_PROTOCOL, "a rendition of %" PRIu64 " bytes that are not there",
                     r.size);
    if (j->is_likely && !j->is_likely (j->arg, &r))
        return FAIL (e, WORKER_PROTOCOL, "a rendition of another kind than was asked for");
    j->result.rendition = r;
    return ERR_OK;
}

/* ---- the end ---- */

void job_free (struct job *j)
{
    for (unsigned i = j->lends_fd; i < j->n_fds; i++)
        close (j->fds[i]);
    g_free (j->render);
    g_free (j);
}

void job_end (struct pool *p, struct job *j, enum err code, const char *message, json_t *meta)
{
    j->result.code = code;
    j->result.meta = meta;
    g_strlcpy (j->result.message, message, sizeof j->result.message);
    pthread_mutex_lock (&p->lock);
    p->stats.busy = pool_count_busy (p); /* fits the other numbers */
    p->stats.jobs += code == ERR_OK || code == ERR_EXTRACT_FAILED;
    p->stats.crashes += code == ERR_WORKER_CRASHED;
    p->stats.timeouts += code == ERR_WORKER_TIMEOUT;
    p->stats.protocol_errors += code == ERR_WORKER_PROTOCOL;
    pthread_mutex_unlock (&p->lock);
    j->done (j->arg, &j->result);
    job_free (j);
}
