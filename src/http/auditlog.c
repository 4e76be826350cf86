/* Lines of the audit log; see the header. Knows nothing of calls but what the gate noted. */
#include "http/auditlog.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>
#include <glib.h>
#include <jansson.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/macros.h"

#define MINUTE_MS 60000

struct auditlog {
    pthread_mutex_t lock; /* of all that follows */
    char *path;           /* NULL: the server's log */
    int fd;
    bool is_torn;      /* the last line is not whole */
    int64_t minute;    /* in which sign-ins are counted */
    unsigned sign_ins; /* that got a line in it */
    int64_t omitted;   /* that got none, since a line last said so */
};

static const char *const kinds[] = {
    [AUDIT_CHANGE] = "change",
    [AUDIT_SIGN_IN] = "sign-in",
};

static enum err open_file (const char *path, int *ret, struct error *e)
{
    int fd = open (path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600);
    if (fd < 0)
        return FAIL (e, INVALID_ARGUMENT, "cannot open the audit log '%s': %s", path,
                     g_strerror (errno));
    *ret = fd;
    return ERR_OK;
}

enum err auditlog_open (const char *path, struct auditlog **ret, struct error *e)
{
    int fd = -1;
    bool is_file = path && *path;
    enum err r = is_file ? open_file (path, &fd, e) : ERR_OK;
    if (r != ERR_OK)
        return r;
    struct auditlog *l = g_new0 (struct auditlog, 1);
    pthread_mutex_init (&l->lock, NULL);
    l->path = is_file ? g_strdup (path) : NULL;
    l->fd = fd;
    *ret = l;
    return ERR_OK;
}

void auditlog_close (struct auditlog *l)
{
    if (!l)
        return;
    if (l->fd >= 0)
        close (l->fd);
    pthread_mutex_destroy (&l->lock);
    g_free (l->path);
    g_free (l);
}

enum err auditlog_reopen (struct auditlog *l, struct error *e)
{
    int fd = -1;
    enum err r = l->path ? open_file (l->path, &fd, e) : ERR_OK;
    if (r != ERR_OK || fd < 0)
        return r;
    pthread_mutex_lock (&l->lock);
    int old = l->fd;
    l->fd = fd;
    l->is_torn = false;
    pthread_mutex_unlock (&l->lock);
    close (old);
    return ERR_OK;
}

/* ---- Lines ---- */

/* All but plain ASCII is escaped; jansson leaves DEL as it is. Caller frees. */
static char *as_json (const struct log_field *fields)
{
    char now[CLOCK_TEXT_SIZE];
    json_auto_t *line = json_object ();
    clock_format_ms (clock_now_ns (), now);
    json_object_set_new (line, "time", json_string (now));
    for (const struct log_field *f = fields; f->key; f++) {
        g_autofree char *valid = f->text ? g_utf8_make_valid (f->text, -1) : NULL;
        json_object_set_new (line, f->key, valid ? json_string (valid) : json_integer (f->number));
    }
    char *json = json_dumps (line, JSON_COMPACT | JSON_ENSURE_ASCII);
    g_auto (GStrv) parts = g_strsplit (json, "\x7f", -1);
    free (json);
    return g_strjoinv ("\\u007f", parts);
}

/* A line after one of which only a part fitted on the disk begins anew. */
static bool append (struct auditlog *l, const char *json)
{
    g_autofree char *line = g_strconcat (l->is_torn ? "\n" : "", json, "\n", NULL);
    size_t len = strlen (line);
    ssize_t n;
    do
        n = write (l->fd, line, len);
    while (n < 0 && errno == EINTR);
    l->is_torn = n > 0 ? n < (ssize_t) len : l->is_torn;
    return n == (ssize_t) len;
}

static void write_fields (struct auditlog *l, const struct log_field *fields)
{
    if (!l->path) {
        log_write (LOG_AUDIT, "http", "audit", fields);
        return;
    }
    g_autofree char *json = as_json (fields);
    if (!append (l, json))
        LOG (LOG_ERROR, "http", "cannot write the audit log", LOG_STR ("file", l->path),
             LOG_STR ("error", g_strerror (errno)), LOG_STR ("line", json));
}

/* Returns false if the sign-in is one too many in this minute; *ret_omitted: how many were, before
 * this one. */
static bool may_write (struct auditlog *l, enum audit_event event, int64_t *ret_omitted)
{
    int64_t minute = clock_mono_ms () / MINUTE_MS;
    *ret_omitted = 0;
    if (event != AUDIT_SIGN_IN)
        return true;
    if (minute != l->minute)
        l->sign_ins = 0;
    l->minute = minute;
    if (l->sign_ins >= LIMIT_AUDIT_SIGN_INS) {
        l->omitted++;
        return false;
    }
    l->sign_ins++;
    *ret_omitted = l->omitted;
    l->omitted = 0;
    return true;
}

void auditlog_write (struct auditlog *l, const struct call_answer *a, const char *peer)
{
    const struct call_audit *what = &a->audit;
    bool has_detail = what->event == AUDIT_CHANGE && a->code != ERR_OK;
    int64_t omitted;
    if (what->event == AUDIT_NOTHING)
        return;
    pthread_mutex_lock (&l->lock);
    if (may_write (l, what->event, &omitted)) {
        const struct log_field fields[] = {
            LOG_STR ("event", "audit"),
            LOG_STR ("kind", kinds[what->event]),
            LOG_STR ("user", what->user),
            LOG_STR ("key", what->key_id),
            LOG_STR ("peer", peer),
            LOG_STR ("action", a->action),
            LOG_STR ("resource", what->resource),
            LOG_STR ("target", what->target),
            LOG_STR ("code", what->code),
            LOG_STR ("request", a->request_id),
            LOG_STR ("detail", has_detail ? a->detail : ""),
            LOG_NUM ("omitted", omitted),
            LOG_END,
        };
        write_fields (l, fields);
    }
    pthread_mutex_unlock (&l->lock);
}
