/* A worker that does what its job's extension names: tries the forbidden, misbehaves on the wire,
 * or answers. It enters the same jail as the real one. */
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/limits.h"
#include "wire/frame.h"
#include "wire/meta.h"
#include "worker/sandbox.h"

static void answer (const char *text)
{
    if (frame_send (FRAME_SOCKET, FRAME_RESULT, text, strlen (text), NULL, 0, NULL) != ERR_OK)
        _exit (0);
}

static void answer_good (int fd)
{
    (void) fd;
    answer ("{\"MediaType\":\"other\"}");
}

/* The jail knows recvmsg and sendmsg only. */
static void send_bytes (const void *bytes, size_t length)
{
    struct iovec iov = { (void *) bytes, length };
    struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
    (void) !sendmsg (FRAME_SOCKET, &m, MSG_NOSIGNAL);
}

static void send_header (uint32_t type, uint32_t length)
{
    struct frame_header h = { type, length };
    send_bytes (&h, sizeof h);
}

/* ---- the forbidden: if it works, the answer says so ---- */

static void try_open (int fd)
{
    (void) fd;
    if (open ("/etc/passwd", O_RDONLY) >= 0)
        answer ("{\"MediaType\":\"escaped\"}");
}

static void try_create (int fd)
{
    (void) fd;
    if (open ("/tmp", O_TMPFILE | O_RDWR, 0600) >= 0)
        answer ("{\"MediaType\":\"escaped\"}");
}

static void try_socket (int fd)
{
    (void) fd;
    if (socket (AF_INET, SOCK_STREAM, 0) >= 0)
        answer ("{\"MediaType\":\"escaped\"}");
}

static void try_exec (int fd)
{
    (void) fd;
    char *argv[] = { "true", NULL };
    execv ("/bin/true", argv);
}

static void try_fork (int fd)
{
    (void) fd;
    if (syscall (SYS_clone, SIGCHLD, 0, 0, 0, 0) >= 0)
        answer ("{\"MediaType\":\"escaped\"}");
}

static void try_clone3 (int fd)
{
    if (syscall (SYS_clone3, NULL, 0) == -1)
        answer_good (fd);
}

static void try_ptrace (int fd)
{
    (void) fd;
    if (ptrace (PTRACE_TRACEME, 0, NULL, NULL) == 0)
        answer ("{\"MediaType\":\"escaped\"}");
}

static void try_kill (int fd)
{
    (void) fd;
    if (kill (getppid (), 0) == 0)
        answer ("{\"MediaType\":\"escaped\"}");
}

static void try_prctl (int fd)
{
    (void) fd;
    if (prctl (PR_SET_DUMPABLE, 1) == 0)
        answer ("{\"MediaType\":\"escaped\"}");
}

static void try_code (int fd)
{
    (void) fd;
    int flags = MAP_PRIVATE | MAP_ANONYMOUS;
    if (mmap (NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, flags, -1, 0) != MAP_FAILED)
        answer ("{\"MediaType\":\"escaped\"}");
}

static void try_map (int fd)
{
    if (mmap (NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0) != MAP_FAILED)
        answer ("{\"MediaType\":\"escaped\"}");
}

static void try_write (int fd)
{
    if (write (fd, "x", 1) == 1)
        answer ("{\"MediaType\":\"escaped\"}");
}

static void try_memory (int fd)
{
    for (uint64_t have = 0; have < LIMIT_WORKER_MEMORY; have += 16 * MIB)
        if (!malloc (16 * MIB))
            answer_good (fd);
    answer ("{\"MediaType\":\"escaped\"}");
}

/* ---- misbehaviour ---- */

static void spin (int fd)
{
    for (volatile int i = fd;; i++)
        ;
}

static void stall (int fd)
{
    char c;
    (void) fd;
    for (ssize_t n = 1; n > 0;) {
        struct iovec iov = { &c, 1 };
        struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
        n = recvmsg (FRAME_SOCKET, &m, 0);
    }
}

static void stall_halfway (int fd)
{
    send_header (FRAME_RESULT, 1000);
    stall (fd);
}

static void flood (int fd)
{
    for (;;)
        answer_good (fd);
}

static void flood_stderr (int fd)
{
    static const char line[4096] = "complaint";
    for (int i = 0; i < 1000; i++)
        (void) !write (STDERR_FILENO, line, sizeof line);
    answer_good (fd);
}

static void send_garbage (int fd)
{
    (void) fd;
    send_bytes ("GET / HTTP/1.1\r\n\r\n", 18);
    stall (fd);
}

static void send_too_much (int fd)
{
    send_header (FRAME_RESULT, LIMIT_RESULT + 1);
    stall (fd);
}

static void send_ready_again (int fd)
{
    send_header (FRAME_READY, sizeof (struct frame_ready));
    stall (fd);
}

static void send_bad_field (int fd)
{
    (void) fd;
    answer ("{\"OwnerId\":\"1\"}");
}

static void send_descriptor (int fd)
{
    struct frame_header h = { FRAME_RESULT, 2 };
    char control[CMSG_SPACE (sizeof fd)] __attribute__ ((aligned (8))) = { 0 };
    struct iovec iov = { &h, sizeof h };
    struct msghdr m = {
        .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control
    };
    struct cmsghdr *c = CMSG_FIRSTHDR (&m);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN (sizeof fd);
    memcpy (CMSG_DATA (c), &fd, sizeof fd);
    (void) !sendmsg (FRAME_SOCKET, &m, 0);
    stall (fd);
}

static void close_socket (int fd)
{
    close (FRAME_SOCKET);
    spin (fd);
}

static void crash (int fd)
{
    *(volatile char *) (uintptr_t) fd = 0;
}

static void fail_assertion (int fd)
{
    (void) fd;
    (void) !write (STDERR_FILENO, "first\nlast words\n", 17);
    abort ();
}

static void leave (int fd)
{
    (void) fd;
    exit (0);
}

static const struct mode {
    const char *name;
    void (*act) (int fd);
} modes[] = {
    { "good", answer_good },
    { "open", try_open },
    { "create", try_create },
    { "socket", try_socket },
    { "exec", try_exec },
    { "fork", try_fork },
    { "clone3", try_clone3 },
    { "ptrace", try_ptrace },
    { "kill", try_kill },
    { "prctl", try_prctl },
    { "code", try_code },
    { "map", try_map },
    { "write", try_write },
    { "memory", try_memory },
    { "spin", spin },
    { "stall", stall },
    { "halfway", stall_halfway },
    { "flood", flood },
    { "stderr", flood_stderr },
    { "garbage", send_garbage },
    { "too-much", send_too_much },
    { "ready-again", send_ready_again },
    { "bad-field", send_bad_field },
    { "descriptor", send_descriptor },
    { "close", close_socket },
    { "crash", crash },
    { "abort", fail_assertion },
    { "leave", leave },
};

static void work (struct frame_reader *frame)
{
    struct frame_job job;
    memcpy (&job, frame->body, sizeof job);
    for (size_t i = 0; i < N_ELEMENTS (modes); i++)
        if (!strcmp (modes[i].name, job.extension))
            modes[i].act (frame->fds[0]);
    frame_reader_clear (frame);
}

int main (int argc, char **argv)
{
    struct sandbox_report report;
    struct frame_ready ready = { FRAME_VERSION, META_EXTRACTOR_VERSION, "" };
    struct frame_reader frame;
    bool complete;
    sandbox_enter (argc == 2 ? argv[1] : "required", &report);
    memcpy (ready.missing, report.missing, sizeof ready.missing);
    frame_reader_init (&frame);
    enum err err = frame_send (FRAME_SOCKET, FRAME_READY, &ready, sizeof ready, NULL, 0, NULL);
    while (err == ERR_OK) {
        err = frame_read (&frame, FRAME_SOCKET, FRAME_WORKING, &complete, NULL);
        if (err == ERR_OK && complete)
            work (&frame);
    }
    return 0;
}
