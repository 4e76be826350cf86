/* The jail of a worker: no new privileges, no path (Landlock), no network, limits on memory, CPU
 * time and files, and only the system calls of a table. What leaves the table ends the process with
 * SANDBOX_EXIT and the number of the call on stderr.
 *
 * Threads: call once, first thing in main(), before any other thread. */
#pragma once

#define SANDBOX_EXIT 159 /* 128 + SIGSYS */

struct sandbox_report {
    char missing[256]; /* parts that could not be set up, "a, b"; "" if the jail is whole */
};

/* Enters the jail. If a part of it is not to be had, ends the process with a message on stderr,
 * unless `mode` is "best-effort": then goes on without and reports what is missing. */
void sandbox_enter (const char *mode, struct sandbox_report *ret);

/* A fresh allowance of CPU time, for the next job; SIGPROF ends the process when it is used up. */
void sandbox_renew_cpu (void);
