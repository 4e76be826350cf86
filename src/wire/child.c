/* Starting, killing and reaping a worker process. Knows nothing of frames and jobs. */
#include "wire/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <glib.h>

#include "wire/frame.h"

void child_init (struct child *c)
{
    *c = (struct child){ .pidfd = -1, .socket = -1, .err = -1 };
}

static void close_fd (int *fd)
{
    if (*fd >= 0)
        close (*fd);
    *fd = -1;
}

/* Moves a descriptor out of the way of those that the child gets, 0 to FRAME_SOCKET. */
static void lift (int *fd)
{
    if (*fd > FRAME_SOCKET)
        return;
    int higher = fcntl (*fd, F_DUPFD_CLOEXEC, FRAME_SOCKET + 1);
    close_fd (fd);
    *fd = higher;
}

static int spawn (const char *path, const char *const *arguments, int socket, int err, pid_t *ret)
{
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init (&files);
    posix_spawn_file_actions_addopen (&files, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen (&files, 1, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_adddup2 (&files, err, 2);
    posix_spawn_file_actions_adddup2 (&files, socket, FRAME_SOCKET);
    posix_spawn_file_actions_addclosefrom_np (&files, FRAME_SOCKET + 1);
    posix_spawnattr_t attr;
    posix_spawnattr_init (&attr);
    sigset_t none, all;
    sigemptyset (&none);
    sigfillset (&all);
    posix_spawnattr_setsigmask (&attr, &none);
    posix_spawnattr_setsigdefault (&attr, &all);
    posix_spawnattr_setpgroup (&attr, 0);
    posix_spawnattr_setflags (&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
                                         POSIX_SPAWN_SETPGROUP);
    char *argv[CHILD_ARGUMENTS + 2] = { "bindery-worker" };
    for (size_t i = 0; i < CHILD_ARGUMENTS && arguments[i]; i++)
        argv[i + 1] = (char *) arguments[i];
    char *envp[] = { NULL };
    int failed = posix_spawn (ret, path, &files, &attr, argv, envp);
    posix_spawnattr_destroy (&attr);
    posix_spawn_file_actions_destroy (&files);
    return failed;
}

enum err child_start (const char *path, const char *const *arguments, int niceness,
                      struct child *ret, struct error *e)
{
    int sockets[2], pipes[2];
    if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) < 0)
        return FAIL (e, UNAVAILABLE, "no socket for a worker: %s", g_strerror (errno));
    _cleanup_close_ int socket = sockets[0], their_socket = sockets[1];
    if (pipe2 (pipes, O_CLOEXEC) < 0)
        return FAIL (e, UNAVAILABLE, "no pipe for a worker: %s", g_strerror (errno));
    _cleanup_close_ int err = pipes[0], their_err = pipes[1];
    lift (&their_socket);
    lift (&their_err);
    fcntl (socket, F_SETFL, O_NONBLOCK);
    fcntl (err, F_SETFL, O_NONBLOCK);

    pid_t pid;
    int failed = spawn (path, arguments, their_socket, their_err, &pid);
    if (failed)
        return FAIL (e, UNAVAILABLE, "cannot start '%s': %s", path, g_strerror (failed));
    child_init (ret);
    ret->pid = pid;
    ret->pidfd = pidfd_open (pid, 0);
    ret->socket = steal_fd (&socket);
    ret->err = steal_fd (&err);
    setpriority (PRIO_PROCESS, (id_t) pid, getpriority (PRIO_PROCESS, 0) + niceness);
    if (ret->pidfd < 0) {
        failed = errno;
        child_kill (ret);
        waitpid (pid, NULL, 0);
        close_fd (&ret->err);
        child_init (ret);
        return FAIL (e, UNAVAILABLE, "cannot watch a worker: %s", g_strerror (failed));
    }
    return ERR_OK;
}

bool child_drain_stderr (struct child *c)
{
    for (int i = 0; i < 16; i++) {
        char buf[LIMIT_WORKER_STDERR];
        ssize_t n = read (c->err, buf, sizeof buf);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            return true;
        if (n <= 0) {
            close_fd (&c->err);
            return false;
        }
        size_t keep = MIN (c->said_length, LIMIT_WORKER_STDERR - (size_t) n);
        memmove (c->said, c->said + c->said_length - keep, keep);
        memcpy (c->said + keep, buf, (size_t) n);
        c->said_length = keep + (size_t) n;
        c->said[c->said_length] = '\0';
    }
    return true;
}

void child_kill (struct child *c)
{
    if (c->pid)
        kill (c->pid, SIGKILL);
    close_fd (&c->socket);
}

void child_wait (struct child *c, int timeout_ms)
{
    struct pollfd end = { c->pidfd, POLLIN, 0 };
    if (c->pid)
        (void) poll (&end, 1, timeout_ms);
}

/* The last line of stderr, as text that can go into a message. */
static char *last_words (struct child *c)
{
    char *valid = g_utf8_make_valid (c->said, (gssize) c->said_length);
    g_strstrip (valid);
    char *line = strrchr (valid, '\n');
    char *last = g_strdup (line ? line + 1 : valid);
    g_free (valid);
    return last;
}

bool child_reap (struct child *c, char *text, size_t size, int *ret_signal)
{
    siginfo_t info = { 0 };
    *ret_signal = 0;
    if (!c->pid)
        return true;
    if (waitid (P_PID, (id_t) c->pid, &info, WEXITED | WNOHANG) == 0 ? info.si_pid == 0
                                                                     : errno != ECHILD)
        return false;
    if (c->err >= 0)
        child_drain_stderr (c);
    g_autofree char *words = last_words (c);
    const char *colon = *words ? ": " : "";
    if (info.si_code == CLD_EXITED)
        g_snprintf (text, size, "exit status %d%s%s", info.si_status, colon, words);
    else
        g_snprintf (text, size, "killed by %s%s%s", g_strsignal (info.si_status), colon, words);
    *ret_signal = info.si_code == CLD_EXITED ? 0 : info.si_status;
    close_fd (&c->socket);
    close_fd (&c->err);
    close_fd (&c->pidfd);
    child_init (c);
    return true;
}
