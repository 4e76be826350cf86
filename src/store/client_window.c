/* How many requests a store is given at a time. As long as it never said that it is too much, one
 * more for each success; from then on one more for each window of successes, and half as many
 * whenever it says so. */
#include "base/limits.h"
#include "store/client_private.h"

void window_init (struct window *w)
{
    *w = (struct window){ .size = LIMIT_STORE_WINDOW_START, .shrunk_ms = INT64_MIN };
}

static bool was_throttled (const struct window *w)
{
    return w->shrunk_ms != INT64_MIN;
}

void window_asked (struct window *w, bool is_short)
{
    w->is_short = is_short || (w->is_short && was_throttled (w));
}

void window_succeeded (struct window *w)
{
    if (!w->is_short || (++w->good < w->size && was_throttled (w)))
        return;
    w->good = 0;
    w->is_short = !was_throttled (w);
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
