/* The loop of a renderer: one job after the other, until the server closes the socket.
 *
 * Threads: one. */
#pragma once

#include "worker/sandbox.h"

/* Says READY, then works. Returns the exit status of the process. */
int render_loop (const struct profile *profile, const struct sandbox_report *report);
