/* The jail of a worker: one thread, no descriptor but its own, no capabilities nor new privileges,
 * limits on memory and files, no path (Landlock), and only the system calls of a table
 * (syscalls.h).
 *
 * Threads: call once, after the libraries were started and before an object is seen; none may run
 * beside the caller's. */
#pragma once

#include "wire/profile.h"

struct sandbox_report {
    char missing[256]; /* parts that could not be set up, "a, b"; "" if the jail is whole */
};

/* Enters the jail. If a part of it is not to be had, ends the process with a message on stderr,
 * unless `mode` is "best-effort": then goes on without and reports what is missing. Who reads fonts
 * does not go on without Landlock in any mode. */
void sandbox_enter (const struct profile *profile, const char *mode, struct sandbox_report *ret);

/* A fresh allowance of CPU time, for the next job; SIGPROF ends the process when it is used up.
 * Code that took over the worker can put it off: then the server's deadline ends it. */
void sandbox_renew_cpu (uint32_t cpu_ms);
