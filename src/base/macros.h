/* Small macros that every file may use: attributes, scope-bound cleanup of descriptors. */
#pragma once

#include <unistd.h>

#define NODISCARD       __attribute__ ((warn_unused_result))
#define PRINTF(f, a)    __attribute__ ((format (printf, f, a)))
#define UNUSED          __attribute__ ((unused))
#define N_ELEMENTS(a)   (sizeof (a) / sizeof ((a)[0]))
#define _cleanup_close_ __attribute__ ((cleanup (macros_closep)))

static inline void macros_closep (int *fd)
{
    if (*fd >= 0)
        close (*fd);
}

/* Gives a descriptor away: returns it and leaves -1 behind. */
static inline int steal_fd (int *fd)
{
    int r = *fd;
    *fd = -1;
    return r;
}
