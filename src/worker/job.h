/* The loop of a worker: one job after the other, until the server closes the socket. */
#pragma once

#include "worker/sandbox.h"

/* Says READY, then works. Returns the exit status of the process. */
int job_loop (const struct profile *profile, const struct sandbox_report *report);
