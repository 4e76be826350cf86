/* Renditions, to be read or to be saved. What is cached is answered at once, on the network thread;
 * all else is answered when src/media has it, while the connection sleeps. */
#include "http/oss_call.h"

#include <poll.h>
#include <stdatomic.h>
#include <string.h>

#include "base/text.h"
#include "index/catalog.h"
#include "media/media.h"
#include "process/process.h"
#include "store/store.h"

#define PARAM "x-oss-process"

/* Who comes second of the network thread, which lays the connection to sleep, and of the one that
 * has the answer, wakes it. */
enum phase { BEGUN, ASLEEP, DONE };

struct rendition {
    struct process *process;
    struct media_save save;
    struct media_request request;
    _Atomic enum phase phase;
};

void oss_rendition_free (struct oss_call *c)
{
    struct rendition *r = c->rendition;
    if (r)
        process_free (r->process);
    g_free (r);
}

/* ---- What is asked for ---- */

/* A text of "style/NAME" is that of the style, with what follows it. */
static enum err parse (struct oss_call *c, const char *text, struct error *e)
{
    struct rendition *r = c->rendition;
    g_autofree char *name = NULL;
    const char *rest = NULL;
    if (!process_style (text, strlen (text), &name, &rest))
        return process_parse (text, strlen (text), &r->process, e);
    struct style *style = NULL;
    enum err err = catalog_get_style (c->oss->api->catalog, c->bucket, name, &style, e);
    if (err != ERR_OK)
        return err;
    g_autofree char *whole = g_strconcat (style->text, rest, NULL);
    style_free (style);
    return process_parse (whole, strlen (whole), &r->process, e);
}

/* Operations of IMM, which know nobody without a name. */
static bool needs_name (enum process_kind kind)
{
    return kind == PROCESS_KIND_VIDEO_INFO || kind == PROCESS_KIND_AUDIO_INFO ||
           kind == PROCESS_KIND_DOC_SNAPSHOT;
}

static enum err check_process (const struct oss_call *c, struct error *e)
{
    const struct rendition *r = c->rendition;
    const struct process_source *sources[LIMIT_PROCESS_SOURCES];
    size_t n = process_sources (r->process, sources);
    if (!c->who && needs_name (r->process->kind))
        return FAIL (e, NO_PERMISSION,
                     "You have no right to access this object: this operation needs a signature.");
    enum err err = ERR_OK;
    for (size_t i = 0; i < n && err == ERR_OK; i++)
        err = oss_check (c, "oss:GetObject", c->bucket, sources[i]->key, e);
    return err;
}

/* Who saves must read the one, and write the other. */
static enum err check_save (struct oss_call *c, struct error *e)
{
    struct rendition *r = c->rendition;
    const struct process_saveas *to = &r->process->saveas;
    if (!to->object)
        return FAIL (e, PROCESS_MISSING, "sys/saveas is missing: where the result is to be saved.");
    r->save = (struct media_save){ to->bucket ? to->bucket : c->bucket, to->object };
    if (!store_bucket_name_is_legal (r->save.bucket))
        return FAIL (e, BAD_BUCKET, "The specified bucket is not valid: '%.64s'.", r->save.bucket);
    c->x->answer.audit.target = g_strdup_printf ("oss://%s/%s", r->save.bucket, r->save.object);
    enum err err = oss_check (c, "oss:GetObject", c->bucket, c->key, e);
    if (err == ERR_OK)
        err = oss_check (c, "oss:PutBucket", r->save.bucket, NULL, e);
    if (err == ERR_OK)
        err = oss_check (c, "oss:PutObject", r->save.bucket, r->save.object, e);
    return err == ERR_OK ? oss_check_attached (c, r->save.bucket, e) : err;
}

/* ---- The answer ---- */

static bool is_gone (void *arg)
{
    const struct oss_call *c = arg;
    struct pollfd p = { .fd = c->x->peer->waiter.fd, .events = POLLRDHUP };
    return poll (&p, 1, 0) > 0 && p.revents & (POLLRDHUP | POLLHUP | POLLERR);
}

static bool has_etag (void *arg, const char *etag)
{
    return oss_has_etag (arg, etag);
}

/* A bucket that was detached meanwhile answers nothing more. */
static enum err answer (struct oss_call *c, struct media_result *result, struct error *e)
{
    struct oss_body body = {
        .fd = steal_fd (&result->fd),
        .offset = result->offset,
        .size = result->size,
        .etag = result->etag,
        .mtime_ns = result->mtime_ns,
        .content_type = result->content_type,
    };
    _cleanup_close_ int fd = -1;
    enum err err = oss_check_attached (c, c->bucket, e);
    if (err == ERR_OK)
        return oss_answer_body (c, &body, e);
    fd = steal_fd (&body.fd);
    return err;
}

static enum err explain (const struct oss_call *c, enum err code, struct error *e)
{
    if (code == ERR_NO_OBJECT || code == ERR_NOT_A_FILE)
        return FAIL (e, NO_OBJECT, "The specified key does not exist.");
    if (code == ERR_NO_BUCKET)
        return FAIL (e, NO_BUCKET, "The specified bucket does not exist: '%s'.", c->bucket);
    return code;
}

static void on_done (void *arg, enum err code, struct media_result *result, const struct error *why)
{
    struct oss_call *c = arg;
    struct rendition *r = c->rendition;
    struct exchange *x = c->x;
    struct error e;
    if (code == ERR_OK) {
        code = answer (c, result, &e);
    } else {
        e = *why;
        code = explain (c, code, &e);
    }
    if (code != ERR_OK)
        exchange_refuse (x, &e);
    x->is_answered = true;
    if (atomic_exchange (&r->phase, DONE) == ASLEEP)
        MHD_resume_connection (x->connection);
}

static enum err begin (struct oss_call *c, struct error *e)
{
    struct rendition *r = c->rendition;
    struct media_result result = { .fd = -1 };
    bool is_done = false, is_save = r->save.bucket != NULL;
    r->request = (struct media_request){
        .bucket = c->bucket,
        .key = c->key,
        .process = r->process,
        .save = is_save ? &r->save : NULL,
        .is_cancelled = is_gone,
        .has_etag = is_save ? NULL : has_etag,
        .arg = c,
    };
    enum err err = media_begin (c->oss->api->media, &r->request, on_done, &is_done, &result, e);
    if (err != ERR_OK)
        return explain (c, err, e);
    if (is_done)
        return answer (c, &result, e);
    c->is_parked = true;
    MHD_suspend_connection (c->x->connection);
    if (atomic_exchange (&r->phase, ASLEEP) == DONE)
        MHD_resume_connection (c->x->connection);
    return ERR_OK;
}

static enum err prepare (struct oss_call *c, const char *text, struct error *e)
{
    c->rendition = g_new0 (struct rendition, 1);
    if (!c->oss->api->media)
        return FAIL (e, NOT_IMPLEMENTED, "This server makes no renditions.");
    enum err err = parse (c, text, e);
    return err == ERR_OK ? check_process (c, e) : err;
}

enum err oss_get_rendition (struct oss_call *c, struct error *e)
{
    const char *text = oss_query_get (c->query, PARAM);
    enum err err = prepare (c, text ? text : "", e);
    const struct rendition *r = c->rendition;
    if (err == ERR_OK && r->process->saveas.object)
        return FAIL (e, PROCESS_ARGUMENT, "sys/saveas is for POST requests.");
    return err == ERR_OK ? begin (c, e) : err;
}

/* "x-oss-process=TEXT", encoded as forms are, or not at all. */
static enum err read_body (const struct oss_call *c, char **ret, struct error *e)
{
    const GString *body = c->x->body;
    const char *text = body ? body->str : "";
    size_t len = 0;
    g_autofree char *decoded = NULL;
    if (!g_str_has_prefix (text, PARAM "="))
        return FAIL (e, PROCESS_MISSING, "The body must be '" PARAM "=...|sys/saveas,o_...'.");
    text += strlen (PARAM "=");
    if (!text_percent_decode (text, body->len - strlen (PARAM "="), true, &decoded, &len) ||
        !text_is_utf8 (decoded, len))
        return FAIL (e, PROCESS_ARGUMENT, "The body is no text that is encoded as forms are.");
    *ret = g_strchomp (g_steal_pointer (&decoded));
    return ERR_OK;
}

enum err oss_save_rendition (struct oss_call *c, struct error *e)
{
    g_autofree char *text = NULL;
    enum err err = read_body (c, &text, e);
    if (err == ERR_OK)
        err = prepare (c, text, e);
    if (err == ERR_OK)
        err = check_save (c, e);
    return err == ERR_OK ? begin (c, e) : err;
}
