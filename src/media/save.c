/* sys/saveas: a rendition becomes an object, and the answer says which. Few threads do that at a
 * time, so that a store which stalls leaves the others to those who read. */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <jansson.h>

#include "base/dump.h"
#include "media/media_priv.h"

static enum err put (struct media *m, const struct waiter *w, const struct rendition *r,
                     struct error *e)
{
    struct store *store;
    enum err err = stores_find (m->o.stores, w->save_bucket, &store, e);
    if (err != ERR_OK)
        return err;
    size_t n = r->offset + r->facts.size;
    char *bytes = mmap (NULL, n, PROT_READ, MAP_SHARED, r->fd, 0);
    if (bytes == MAP_FAILED)
        return FAIL (e, IO, "cannot map a rendition: %s", g_strerror (errno));
    err = store_put (store, w->save_bucket, w->save_object, bytes + r->offset, r->facts.size,
                     process_content_type ((enum process_format) r->facts.format), e);
    munmap (bytes, n);
    return err;
}

static enum err memory_file (const char *bytes, size_t n, int *ret, struct error *e)
{
    _cleanup_close_ int fd = memfd_create ("answer", MFD_CLOEXEC);
    if (fd < 0 || pwrite (fd, bytes, n, 0) != (ssize_t) n)
        return FAIL (e, IO, "no memory file for an answer: %s", g_strerror (errno));
    *ret = steal_fd (&fd);
    return ERR_OK;
}

/* The answer is a memory file with JSON. */
static enum err save (struct media *m, const struct waiter *w, const struct rendition *r,
                      struct media_result *ret, struct error *e)
{
    enum err err = put (m, w, r, e);
    if (err != ERR_OK)
        return err;
    json_auto_t *answer =
        json_pack ("{s:s, s:I, s:s, s:s}", "bucket", w->save_bucket, "fileSize",
                   (json_int_t) r->facts.size, "object", w->save_object, "status", "OK");
    g_autoptr (GString) text = g_string_new (NULL);
    dump_json (text, answer);
    int fd = -1;
    err = memory_file (text->str, text->len, &fd, e);
    if (err == ERR_OK)
        *ret = (struct media_result){ .fd = fd,
                                      .size = text->len,
                                      .content_type = process_content_type (PROCESS_JSON) };
    return err;
}

/* ---- Their turn ---- */

enum err save_queue (struct media *m, struct waiter *w, const struct rendition *r, struct error *e)
{
    int fd = fcntl (r->fd, F_DUPFD_CLOEXEC, 0);
    if (fd < 0)
        return FAIL (e, IO, "no descriptor for a rendition: %s", g_strerror (errno));
    pthread_mutex_lock (&m->lock);
    bool is_full = m->saves.length >= LIMIT_MEDIA_SAVES;
    m->stats.rejected += is_full;
    if (!is_full) {
        struct save *s = g_new (struct save, 1);
        *s = (struct save){ *w, *r };
        s->rendition.fd = fd;
        w->save_bucket = w->save_object = NULL;
        g_queue_push_tail (&m->saves, s);
        pthread_cond_signal (&m->work);
    }
    pthread_mutex_unlock (&m->lock);
    if (is_full)
        close (fd);
    return is_full ? FAIL (e, BUSY, "%u renditions wait to be saved already: try again later.",
                           (unsigned) LIMIT_MEDIA_SAVES)
                   : ERR_OK;
}

struct save *save_next (struct media *m)
{
    struct save *s = m->n_saving < LIMIT_MEDIA_SAVING ? g_queue_pop_head (&m->saves) : NULL;
    m->n_saving += s != NULL;
    return s;
}

void save_run (struct media *m, struct save *s)
{
    struct media_result result = { .fd = -1 };
    struct error e;
    pthread_mutex_lock (&m->lock);
    bool is_stopping = m->is_stopping;
    pthread_mutex_unlock (&m->lock);
    enum err r = is_stopping ? FAIL (&e, CLOSED, "The server stops.")
                             : save (m, &s->waiter, &s->rendition, &result, &e);
    s->waiter.done (s->waiter.arg, r, r == ERR_OK ? &result : NULL, r == ERR_OK ? NULL : &e);
    waiter_clear (&s->waiter);
    close (s->rendition.fd);
    g_free (s);
    pthread_mutex_lock (&m->lock);
    m->n_saving--;
    pthread_cond_signal (&m->work);
    pthread_mutex_unlock (&m->lock);
}
