/* An object as the stream that poppler reads from: only what it asks for is read, so a PDF of any
 * size costs no memory. The stream is also the leash: once the time of this thread's CPU is up or
 * its bytes are used up it ends, and with it whatever poppler is doing. That a machine is busy cuts
 * nothing. */
#pragma once

#include <gio/gio.h>

#include "worker/input.h"

/* `in` is borrowed, and must outlive the stream. The caller unrefs. */
GInputStream *pdf_stream_new (struct input *in);

/* CPU time of this thread. */
gint64 pdf_stream_now_us (void);

/* From here on the stream ends at `deadline_us` of that time. */
void pdf_stream_set_deadline (GInputStream *stream, gint64 deadline_us);

/* It did end, before the end of the object. */
gboolean pdf_stream_is_over (GInputStream *stream);
