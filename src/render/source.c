/* Objects in memory. Knows nothing of formats. */
#include "render/source.h"

#include <errno.h>
#include <glib.h>
#include <unistd.h>

#include "base/limits.h"

enum err source_load (struct source *s, struct error *e)
{
    if (s->bytes)
        return ERR_OK;
    if (s->size > LIMIT_RENDER_SOURCE)
        return FAIL (e, IMAGE_TOO_LARGE,
                     "the object has %" G_GUINT64_FORMAT
                     " bytes; pictures of at most %llu MiB are processed",
                     s->size, LIMIT_RENDER_SOURCE / MIB);
    g_autofree uint8_t *bytes = g_malloc (s->size + 1);
    for (uint64_t have = 0; have < s->size;) {
        ssize_t n = pread (s->fd, bytes + have, s->size - have, (off_t) have);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return FAIL (e, IO, "the object cannot be read: %s",
                         n < 0 ? g_strerror (errno) : "it is shorter than it was");
        have += (uint64_t) n;
    }
    s->bytes = g_steal_pointer (&bytes);
    return ERR_OK;
}

void source_clear (struct source *s)
{
    g_free (s->bytes);
    s->bytes = NULL;
}
