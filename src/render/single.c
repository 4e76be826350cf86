/* libvips in one thread. The library computes pixels in threads of its own even if it is told to
 * use one; the jail has none to give. These two are the only functions that start any, and a
 * program's definition comes before a library's: so what they do is done here, by whoever calls.
 *
 * It is faster, too: no hand over of strips between threads that each wait for the other. */
#include <vips/vips.h>

#include "base/macros.h"

#define STRIP_ROWS 16 /* computed at once, on their way to an encoder */

/* As libvips documents it: allocate names a piece of work until it says stop, work does it. */
int vips_threadpool_run (VipsImage *im, VipsThreadStartFn start, VipsThreadpoolAllocateFn allocate,
                         VipsThreadpoolWorkFn work, VipsThreadpoolProgressFn progress, void *a)
{
    g_autoptr (GObject) state_owner = (GObject *) start (im, a);
    VipsThreadState *state = (VipsThreadState *) state_owner;
    gboolean stop = FALSE;
    int failed = !state;
    while (!failed && !stop) {
        failed = allocate (state, a, &stop);
        if (failed || stop)
            break;
        failed = work (state, a);
        if (!failed && progress)
            failed = progress (a);
        stop = stop || state->stop;
    }
    return failed ? -1 : 0;
}

/* Strips from top to bottom. */
int vips_sink_disc (VipsImage *im, VipsRegionWrite write_fn, void *a)
{
    g_autoptr (GObject) owner = (GObject *) vips_region_new (im);
    VipsRegion *region = (VipsRegion *) owner;
    int failed = 0;
    for (int y = 0; y < im->Ysize && !failed; y += STRIP_ROWS) {
        VipsRect strip = { 0, y, im->Xsize, MIN (STRIP_ROWS, im->Ysize - y) };
        failed = vips_region_prepare (region, &strip) || write_fn (region, &strip, a);
    }
    return failed ? -1 : 0;
}

/* Whoever computes pixels keeps memory of theirs for the next ones, which saves time; and some
 * operations look at what they have let go, and find it there only thanks to that. */
gboolean vips_thread_isvips (void)
{
    return TRUE;
}
