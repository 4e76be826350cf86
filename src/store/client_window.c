/* How many requests a store is given at a time: one more for each window of successes, half as many
 * when it says that it is too much. */
#include "base/limits.h"
#include "store/client_private.h"

void window_init (struct window *w)
{
    *w = (struct window){ .size = LIMIT_STORE_WINDOW_START, .shrunk_ms = INT64_MIN };
}

void window_succeeded (struct window *w)
{
    if (!w->is_short || ++w->good < w->size)
        return;
    w->good = 0;
    w->is_short = false;
    w->size = MIN (w->size + 1, LIMIT_STORE_WINDOW);
}

void window_throttled (struct window *w, int64_t sent_ms, int64_t now_ms)
{
    if (sent_ms < w->shrunk_ms)
        return;
    w->size = MAX (w->size / 2, 1u);
    w->good = 0;
    w->shrunk_ms = now_ms;
}
