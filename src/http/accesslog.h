/* Inside of http only: the line that each request has in the log. Who floods the server with what
 * it refuses does not flood the log: LIMIT_LOG_REFUSALS a second have a line, and one tells how
 * many had none. Network threads. */
#pragma once

#include <microhttpd.h>
#include <stdatomic.h>
#include <stdint.h>

struct exchange;

/* Zeroed before its first use. */
struct accesslog {
    _Atomic int64_t second; /* on the monotonic clock */
    atomic_int n_refused;   /* in it */
};

/* Writes the line of an exchange that has been answered. */
void accesslog_write (struct accesslog *l, const struct exchange *x,
                      enum MHD_RequestTerminationCode why);
