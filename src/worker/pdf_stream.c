/* A GInputStream over a job's object, for poppler takes no other kind of source that is not a path
 * or all in memory. It calls itself one in memory: of any other kind poppler keeps what it has
 * read, in a table as large as the object, and would go on with that when the stream has ended. */
#include "worker/pdf_stream.h"

#include <string.h>
#include <time.h>

#include "base/limits.h"
#include "base/macros.h"

struct _PdfStream {
    GMemoryInputStream parent;
    struct input *in;
    uint64_t at;
    gint64 deadline_us;
    gboolean is_over;
};

G_DECLARE_FINAL_TYPE (PdfStream, pdf_stream, PDF, STREAM, GMemoryInputStream)
static void pdf_stream_become_seekable (GSeekableIface *iface);
G_DEFINE_FINAL_TYPE_WITH_CODE (PdfStream, pdf_stream, G_TYPE_MEMORY_INPUT_STREAM,
                               G_IMPLEMENT_INTERFACE (G_TYPE_SEEKABLE, pdf_stream_become_seekable))

/* ---- reading ---- */

gint64 pdf_stream_now_us (void)
{
    struct timespec t;
    clock_gettime (CLOCK_THREAD_CPUTIME_ID, &t);
    return t.tv_sec * G_USEC_PER_SEC + t.tv_nsec / 1000;
}

static gssize pdf_stream_read (GInputStream *stream, void *buffer, gsize count,
                               GCancellable *cancellable UNUSED, GError **error UNUSED)
{
    PdfStream *s = PDF_STREAM (stream);
    size_t length = (size_t) MIN (count, s->in->size - MIN (s->at, s->in->size));
    length = MIN (length, INPUT_WINDOW);
    if (!length)
        return 0;
    s->is_over = s->is_over || pdf_stream_now_us () > s->deadline_us;
    const uint8_t *p = s->is_over ? NULL : input_at (s->in, s->at, length);
    if (!p) {
        s->is_over = TRUE;
        return 0;
    }
    memcpy (buffer, p, length);
    s->at += length;
    return (gssize) length;
}

/* ---- seeking ---- */

static goffset pdf_stream_tell (GSeekable *seekable)
{
    return (goffset) PDF_STREAM (seekable)->at;
}

static gboolean pdf_stream_can_seek (GSeekable *seekable UNUSED)
{
    return TRUE;
}

static gboolean pdf_stream_seek (GSeekable *seekable, goffset offset, GSeekType type,
                                 GCancellable *cancellable UNUSED, GError **error)
{
    PdfStream *s = PDF_STREAM (seekable);
    goffset base = 0, to;
    if (type == G_SEEK_CUR)
        base = (goffset) s->at;
    else if (type == G_SEEK_END)
        base = (goffset) s->in->size;
    if (__builtin_add_overflow (base, offset, &to) || to < 0) {
        g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "no such place");
        return FALSE;
    }
    s->at = (uint64_t) to;
    return TRUE;
}

static gboolean pdf_stream_can_truncate (GSeekable *seekable UNUSED)
{
    return FALSE;
}

static void pdf_stream_become_seekable (GSeekableIface *iface)
{
    iface->tell = pdf_stream_tell;
    iface->can_seek = pdf_stream_can_seek;
    iface->seek = pdf_stream_seek;
    iface->can_truncate = pdf_stream_can_truncate;
}

/* ---- the class ---- */

static void pdf_stream_class_init (PdfStreamClass *class)
{
    G_INPUT_STREAM_CLASS (class)->read_fn = pdf_stream_read;
}

static void pdf_stream_init (PdfStream *s)
{
    s->deadline_us = G_MAXINT64;
}

GInputStream *pdf_stream_new (struct input *in)
{
    PdfStream *s = g_object_new (pdf_stream_get_type (), NULL);
    s->in = in;
    return G_INPUT_STREAM (s);
}

void pdf_stream_set_deadline (GInputStream *stream, gint64 deadline_us)
{
    PDF_STREAM (stream)->deadline_us = deadline_us;
}

gboolean pdf_stream_is_over (GInputStream *stream)
{
    return PDF_STREAM (stream)->is_over;
}
