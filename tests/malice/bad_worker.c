/* A worker that does what its job's extension names: tries the forbidden, misbehaves on the wire,
 * or answers. It enters the same jail as the real one, whose limits and calls these are. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <glib.h>

#include "base/limits.h"
#include "wire/frame.h"
#include "wire/meta.h"
#include "worker/sandbox.h"

/* To the job that it has now, and how long the job says that its object is. */
static struct frame_reply reply;
static uint64_t object_size;

static void send_reply (enum frame_type type, const char *text)
{
    char body[sizeof reply + 100];
    memcpy (body, &reply, sizeof reply);
    memcpy (body + sizeof reply, text, strlen (text));
    if (frame_send (FRAME_SOCKET, type, body, sizeof reply + strlen (text), NULL, 0, NULL) !=
        ERR_OK)
        _exit (0);
}

static void answer (const char *text)
{
    send_reply (FRAME_RESULT, text);
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

/* ---- forbidden system calls: if one works, the answer says so ---- */

#define TEXT(text) ((intptr_t) (text))

static const struct call {
    const char *mode;
    long number;
    intptr_t arguments[6];
} calls[] = {
    /* Refused softly, for libraries try these in passing. */
    { "open", SYS_openat, { AT_FDCWD, TEXT ("/etc/passwd"), O_RDONLY } },
    { "old-open", SYS_open, { TEXT ("/proc/self/maps"), O_RDONLY } },
    { "readlink", SYS_readlink, { TEXT ("/proc/self/exe") } },
    { "access", SYS_access, { TEXT ("/etc/shadow"), R_OK } },
    { "ioctl", SYS_ioctl, { STDERR_FILENO, TIOCSTI } },
    { "prlimit", SYS_prlimit64, { 0, RLIMIT_AS } },
    { "clone3", SYS_clone3, { 0 } },
    /* Files. */
    { "create", SYS_openat, { AT_FDCWD, TEXT ("/tmp"), O_TMPFILE | O_RDWR, 0600 } },
    { "memory-file", SYS_openat, { AT_FDCWD, TEXT ("/proc/self/mem"), O_RDWR } },
    { "openat2", SYS_openat2, { AT_FDCWD, TEXT ("/etc/passwd") } },
    { "unlink", SYS_unlink, { TEXT ("/tmp/none") } },
    { "memfd", SYS_memfd_create, { TEXT ("code") } },
    { "chroot", SYS_chroot, { TEXT ("/tmp") } },
    { "mount", SYS_mount, { 0 } },
    { "inotify", SYS_inotify_init1, { 0 } },
    { "truncate", SYS_ftruncate, { 4, 0 } },
    { "dup", SYS_dup, { FRAME_SOCKET } },
    { "owner", SYS_fcntl, { FRAME_SOCKET, F_SETOWN, 1 } },
    /* Network. */
    { "socket", SYS_socket, { AF_INET, SOCK_STREAM } },
    { "netlink", SYS_socket, { AF_NETLINK, SOCK_RAW } },
    { "socketpair", SYS_socketpair, { AF_UNIX, SOCK_STREAM } },
    { "connect", SYS_connect, { FRAME_SOCKET, TEXT ("\1\0/tmp/x"), 8 } },
    { "bind", SYS_bind, { FRAME_SOCKET, TEXT ("\1\0\0x"), 4 } },
    /* Processes. */
    { "exec", SYS_execve, { TEXT ("/bin/true") } },
    { "execveat", SYS_execveat, { AT_FDCWD, TEXT ("/bin/true") } },
    { "fork", SYS_clone, { SIGCHLD } },
    { "vfork", SYS_vfork, { 0 } },
    { "ptrace", SYS_ptrace, { PTRACE_TRACEME } },
    { "peek", SYS_process_vm_readv, { 1 } },
    { "kill", SYS_kill, { 0, 0 } },
    { "kill-all", SYS_kill, { -1, 0 } },
    { "signal", SYS_tgkill, { 1, 1, 0 } },
    { "pidfd", SYS_pidfd_open, { 1 } },
    { "handler", SYS_rt_sigaction, { SIGSYS } },
    /* Privileges. */
    { "prctl", SYS_prctl, { PR_SET_DUMPABLE, 1 } },
    { "no-death", SYS_prctl, { PR_SET_PDEATHSIG, 0 } },
    { "unshare", SYS_unshare, { CLONE_NEWUSER } },
    { "setns", SYS_setns, { 0, CLONE_NEWNET } },
    { "setuid", SYS_setuid, { 0 } },
    { "capset", SYS_capset, { 0 } },
    { "keyctl", SYS_keyctl, { 0 } },
    { "add-key", SYS_add_key, { TEXT ("user"), TEXT ("x"), TEXT ("x"), 1, -3 } },
    { "personality", SYS_personality, { READ_IMPLIES_EXEC } },
    { "seccomp", SYS_seccomp, { 0 } },
    { "priority", SYS_setpriority, { PRIO_PROCESS, 0, 0 } },
    /* The kernel's large surfaces. */
    { "io-uring", SYS_io_uring_setup, { 8, 0 } },
    { "userfaultfd", SYS_userfaultfd, { 1 } },
    { "bpf", SYS_bpf, { 0 } },
    { "perf", SYS_perf_event_open, { 0 } },
    { "shm", SYS_shmget, { 0, 4096, 0600 } },
    { "module", SYS_init_module, { 0 } },
    /* Calls of another ABI: x32. */
    { "x32", 0x40000000 + SYS_getpid, { 0 } },
};

static void answer_failed (const char *why)
{
    g_strlcpy (reply.message, why, sizeof reply.message);
    send_reply (FRAME_FAIL, "{}");
}

static void try_call (const struct call *c)
{
    const intptr_t *a = c->arguments;
    if (syscall (c->number, a[0], a[1], a[2], a[3], a[4], a[5]) >= 0)
        answer ("{\"MediaType\":\"escaped\"}");
    else
        answer_failed (strerror (errno));
}

/* The same calls have other numbers here: getpid, which is allowed, is 20. */
static void try_int80 (int fd)
{
    (void) fd;
#ifdef __x86_64__
    int result = 20;
    __asm__ volatile("int $0x80" : "+a"(result) : : "memory", "r8", "r9", "r10", "r11");
#endif
    answer ("{\"MediaType\":\"escaped\"}");
}

static void try_code (int fd)
{
    (void) fd;
    int flags = MAP_PRIVATE | MAP_ANONYMOUS;
    if (mmap (NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, flags, -1, 0) != MAP_FAILED)
        answer ("{\"MediaType\":\"escaped\"}");
}

static void try_protect (int fd)
{
    (void) fd;
    int flags = MAP_PRIVATE | MAP_ANONYMOUS;
    void *page = mmap (NULL, 4096, PROT_READ | PROT_WRITE, flags, -1, 0);
    if (mprotect (page, 4096, PROT_READ | PROT_EXEC) == 0)
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

static void spin_deaf (int fd)
{
    sigset_t all;
    sigfillset (&all);
    sigprocmask (SIG_BLOCK, &all, NULL);
    spin (fd);
}

static void use_cpu (int fd)
{
    sandbox_renew_cpu (100);
    spin (fd);
}

static unsigned recurse (const volatile unsigned *above)
{
    volatile unsigned here[256] = { *above };
    return here[0] ? recurse (here) + here[0] : 0;
}

static void overflow_stack (int fd)
{
    volatile unsigned depth = (unsigned) fd + 1;
    (void) recurse (&depth);
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

/* Neither UTF-8 nor an end. */
static void send_bad_message (int fd)
{
    (void) fd;
    memset (reply.message, 0xff, sizeof reply.message);
    send_reply (FRAME_FAIL, "{}");
}

static void send_unreadable (int fd)
{
    (void) fd;
    g_strlcpy (reply.message, "cannot be read: Input/output error", sizeof reply.message);
    send_reply (FRAME_UNREADABLE, "");
}

/* As if it knew the next one. */
static void send_forged (int fd)
{
    reply.job++;
    answer_good (fd);
    stall (fd);
}

static void send_job (int fd)
{
    send_header (FRAME_JOB, sizeof (struct frame_job));
    stall (fd);
}

static void send_no_json (int fd)
{
    answer ("{\"MediaType\":");
    stall (fd);
}

static void send_bad_field (int fd)
{
    (void) fd;
    answer ("{\"OwnerId\":\"1\"}");
}

/* While more descriptors wait in sockets than it may open, the kernel lets it send none: it drops
 * those of its next jobs, and the other workers take theirs. */
static void drop_jobs (void)
{
    struct frame_job jobs[8];
    struct iovec iov = { jobs, sizeof jobs };
    struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
    (void) !recvmsg (FRAME_SOCKET, &m, MSG_DONTWAIT);
}

static void send_descriptor (int fd)
{
    struct frame_header h = { FRAME_RESULT, 1000 };
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
    while (sendmsg (FRAME_SOCKET, &m, 0) < 0 && errno == ETOOMANYREFS)
        drop_jobs ();
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

/* Like who has mapped the object: waits until it is cut, and crashes. Short ones are fine. */
static void wait_for_cut (int fd)
{
    char c;
    if (pread (fd, &c, 1, 1000) != 1) {
        answer_good (fd);
        return;
    }
    while (pread (fd, &c, 1, (off_t) object_size - 1) == 1)
        ;
    crash (0);
}

static void leave (int fd)
{
    (void) fd;
    exit (0);
}

/* ---- what it says that it needs; pool_test.h says what it has ---- */

static const struct demand {
    const char *mode;
    uint32_t n;
    struct frame_range ranges[FRAME_NEEDS];
} demands[] = {
    { "need", 2, { { 100, 400 }, { 999, 1 } } },
    { "need-nothing", 0, { { 100, 400 } } },
    { "need-many", FRAME_NEEDS + 1, { { 100, 1 } } },
    { "need-outside", 1, { { 999, 2 } } },
    { "need-wrapped", 1, { { 700, UINT64_MAX - 600 } } },
    { "need-empty", 2, { { 100, 1 }, { 200, 0 } } },
    { "need-known", 1, { { 400, 101 } } },
    { "need-backwards", 2, { { 700, 1 }, { 200, 1 } } },
    { "need-twice", 2, { { 100, 10 }, { 109, 10 } } },
    { "need-forged", 1, { { 100, 1 } } },
};

static void demand (const struct demand *d)
{
    struct frame_need need = { .job = reply.job + !strcmp (d->mode, "need-forged"), .n = d->n };
    memcpy (need.ranges, d->ranges, sizeof need.ranges);
    if (frame_send (FRAME_SOCKET, FRAME_NEED, &need, sizeof need, NULL, 0, NULL) != ERR_OK)
        _exit (0);
}

/* A byte more, for ever. */
static void demand_next (const struct frame_job *job)
{
    const struct frame_range *head = &job->known[0];
    struct frame_need need = {
        .job = job->id, .allowance = UINT64_MAX, .n = 1, .ranges = { { head->length, 1 } }
    };
    if (frame_send (FRAME_SOCKET, FRAME_NEED, &need, sizeof need, NULL, 0, NULL) != ERR_OK)
        _exit (0);
}

static void send_short_need (int fd)
{
    send_header (FRAME_NEED, sizeof (struct frame_need) - 1);
    stall (fd);
}

static const struct mode {
    const char *name;
    void (*act) (int fd);
} modes[] = {
    { "good", answer_good },
    { "int80", try_int80 },
    { "code", try_code },
    { "protect", try_protect },
    { "map", try_map },
    { "write", try_write },
    { "memory", try_memory },
    { "spin", spin },
    { "spin-deaf", spin_deaf },
    { "cpu", use_cpu },
    { "stack", overflow_stack },
    { "stall", stall },
    { "halfway", stall_halfway },
    { "flood", flood },
    { "stderr", flood_stderr },
    { "garbage", send_garbage },
    { "too-much", send_too_much },
    { "ready-again", send_ready_again },
    { "bad-field", send_bad_field },
    { "bad-message", send_bad_message },
    { "unreadable", send_unreadable },
    { "forged", send_forged },
    { "need-short", send_short_need },
    { "job", send_job },
    { "no-json", send_no_json },
    { "descriptor", send_descriptor },
    { "close", close_socket },
    { "crash", crash },
    { "abort", fail_assertion },
    { "shrink", wait_for_cut },
    { "leave", leave },
};

static void work (struct frame_reader *frame)
{
    struct frame_job job;
    memcpy (&job, frame->body, sizeof job);
    reply = (struct frame_reply){ .job = job.id };
    object_size = job.size;
    bool is_known = !strcmp (job.extension, "need-next");
    if (is_known)
        demand_next (&job);
    for (size_t i = 0; i < N_ELEMENTS (calls) && !is_known; i++)
        if ((is_known = !strcmp (calls[i].mode, job.extension)))
            try_call (&calls[i]);
    for (size_t i = 0; i < N_ELEMENTS (demands) && !is_known; i++)
        if ((is_known = !strcmp (demands[i].mode, job.extension)))
            demand (&demands[i]);
    for (size_t i = 0; i < N_ELEMENTS (modes) && !is_known; i++)
        if ((is_known = !strcmp (modes[i].name, job.extension)))
            modes[i].act (frame->fds[0]);
    if (!is_known)
        answer_good (frame->fds[0]);
    frame_reader_next (frame);
}

int main (int argc, char **argv)
{
    struct sandbox_report report;
    struct frame_ready ready = { FRAME_VERSION, META_EXTRACTOR_VERSION, "" };
    struct frame_reader frame;
    bool complete;
    sandbox_enter (profile_get (PROFILE_EXTRACT), argc == 3 ? argv[2] : "required", &report);
    memcpy (ready.missing, report.missing, sizeof ready.missing);
#ifdef LACKS
    g_strlcpy (ready.missing, LACKS, sizeof ready.missing);
#endif
    frame_reader_init (&frame);
    enum err err = frame_send (FRAME_SOCKET, FRAME_READY, &ready, sizeof ready, NULL, 0, NULL);
    while (err == ERR_OK) {
        err = frame_read (&frame, FRAME_SOCKET, FRAME_WORKING, &complete, NULL);
        if (err == ERR_OK && complete)
            work (&frame);
    }
    return 0;
}
