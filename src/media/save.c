/* sys/saveas: a rendition becomes an object, and the answer says which. */
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

enum err save_rendition (struct media *m, const struct waiter *w, const struct rendition *r,
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
