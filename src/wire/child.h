/* One worker process: its socket, its stderr, its end. It starts with an empty environment, the
 * socket as descriptor 3, stderr on a pipe, nothing else; in a process group of its own, so that
 * Ctrl-C in the server's terminal does not reach it.
 *
 * Threads: the process gets SIGKILL when the thread that started it ends (the worker asks for
 * that itself); all calls come from that thread. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/limits.h"

#define CHILD_ARGUMENTS 4

struct child {
    pid_t pid;                          /* 0: none */
    int pidfd;                          /* readable when the process has ended */
    int socket;                         /* non-blocking */
    int err;                            /* its stderr, non-blocking */
    char said[LIMIT_WORKER_STDERR + 1]; /* the last bytes of stderr */
    size_t said_length;
};

void child_init (struct child *c);

/* Starts the program. `arguments`: at most CHILD_ARGUMENTS, then NULL. `niceness` is added to ours.
 * UNAVAILABLE if it cannot be started. */
NODISCARD enum err child_start (const char *path, const char *const *arguments, int niceness,
                                struct child *ret, struct error *e);

/* Reads what stderr holds, at most some KiB a call. False at its end: then it is closed. */
bool child_drain_stderr (struct child *c);

/* SIGKILL and closes the socket; the process ends soon. */
void child_kill (struct child *c);

/* Waits until the process has ended, at most `timeout_ms`. */
void child_wait (struct child *c, int timeout_ms);

/* True when the process has ended and is reaped; then `text` says how it ended ("exit status 1:
 * <last line of stderr>"), `ret_signal` the signal that killed it or 0, and everything is closed.
 * False if it still runs. */
bool child_reap (struct child *c, char *text, size_t size, int *ret_signal);
