/* Temporary files without a name; see the header. */
#include "store/spill.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include <glib.h>

#include "base/macros.h"

void spill_close (struct spill *s)
{
    macros_closep (&s->fd);
    s->fd = -1;
    s->end = 0;
}

/* For file systems that make no files without a name. Who is killed between the two calls leaves an
 * empty file. */
static int make_and_unlink (const char *folder)
{
    g_autofree char *path = g_build_filename (folder, ".spill-XXXXXX", NULL);
    int fd = mkostemp (path, O_CLOEXEC);
    if (fd >= 0)
        unlink (path);
    return fd;
}

static enum err make (struct spill *s, struct error *e)
{
    s->fd = open (s->folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (s->fd < 0)
        s->fd = make_and_unlink (s->folder);
    if (s->fd < 0)
        s->fd = memfd_create ("spill", MFD_CLOEXEC);
    if (s->fd < 0)
        return FAIL (e, STORE_DOWN, "%s: no temporary file can be made: %s", s->folder,
                     g_strerror (errno));
    return ERR_OK;
}

enum err spill_append (struct spill *s, const void *bytes, size_t n, struct error *e)
{
    enum err r = s->fd < 0 ? make (s, e) : ERR_OK;
    if (r != ERR_OK)
        return r;
    for (size_t done = 0; done < n;) {
        ssize_t got =
            pwrite (s->fd, (const char *) bytes + done, n - done, (off_t) (s->end + done));
        if (got < 0 && errno != EINTR)
            return FAIL (e, STORE_DOWN, "%s: the temporary file cannot be written: %s", s->folder,
                         g_strerror (errno));
        done += got < 0 ? 0 : (size_t) got;
    }
    s->end += n;
    return ERR_OK;
}

enum err spill_read (const struct spill *s, uint64_t at, void *ret, size_t n, struct error *e)
{
    for (size_t done = 0; done < n;) {
        ssize_t got = pread (s->fd, (char *) ret + done, n - done, (off_t) (at + done));
        if (got == 0 || (got < 0 && errno != EINTR))
            return FAIL (e, STORE_DOWN, "%s: the temporary file cannot be read: %s", s->folder,
                         got ? g_strerror (errno) : "it is cut off");
        done += got < 0 ? 0 : (size_t) got;
    }
    return ERR_OK;
}

void spill_shrink (struct spill *s, uint64_t end)
{
    if (end >= s->end)
        return;
    s->end = end;
    int r = ftruncate (s->fd, (off_t) end);
    (void) r; /* written over, then */
}

void spill_forget (const struct spill *s, uint64_t from, uint64_t to)
{
    int r = fallocate (s->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t) from,
                       (off_t) (to - from));
    (void) r; /* the space is given back with the file, then */
}
