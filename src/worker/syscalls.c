/* The system calls that a worker may make. Knows nothing of the other parts of the jail. */
#include "worker/syscalls.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/macros.h"
#include "wire/frame.h"

/* clang-format off */
#define ALL        ((1u << PROFILES) - 1)
#define RENDER     (1u << PROFILE_RENDER | 1u << PROFILE_RENDER_TEXT)
#define TEXT       (1u << PROFILE_RENDER_TEXT)
#define NO_FILES   (ALL & ~TEXT)
#define ANY        0, { { 0 } }
#define ONLY(...)  1, { __VA_ARGS__ }
#define FD_IS(fd)  ONLY (SCMP_A0 (SCMP_CMP_EQ, (fd)))
/* clang-format on */
#define NEVER_EXECUTABLE SCMP_A2 (SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)
#define ANONYMOUS        SCMP_A3 (SCMP_CMP_MASKED_EQ, MAP_ANONYMOUS, MAP_ANONYMOUS)
/* As the C library starts them. */
#define A_THREAD                                                                                   \
    (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM |            \
     CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID)
#define READ_ONLY      SCMP_A2 (SCMP_CMP_EQ, PROT_READ)
#define PRIVATE        SCMP_A3 (SCMP_CMP_MASKED_EQ, MAP_TYPE, MAP_PRIVATE)
#define COMMAND(name)  ONLY (SCMP_A1 (SCMP_CMP_EQ, (name)))
#define CHANGES_A_FILE (O_ACCMODE | O_CREAT | O_TRUNC)

static const struct rule {
    int call;
    unsigned profiles; /* mask of 1 << enum profile_id */
    int error;         /* 0: allowed; else refused with it */
    unsigned n_args;
    struct scmp_arg_cmp args[2];
} rules[] = {
    /* Talking to the server: the socket, and stderr for last words. */
    { SCMP_SYS (recvmsg), ALL, 0, FD_IS (FRAME_SOCKET) },
    { SCMP_SYS (sendmsg), ALL, 0, FD_IS (FRAME_SOCKET) },
    { SCMP_SYS (write), ALL, 0, FD_IS (STDERR_FILENO) },
    { SCMP_SYS (writev), ALL, 0, FD_IS (STDERR_FILENO) },
    /* The object: reading by offset, never by a path. */
    { SCMP_SYS (pread64), ALL, 0, ANY },
    { SCMP_SYS (close), ALL, 0, ANY },
    /* A rendition: the file for it is the only one that is open for writing. */
    { SCMP_SYS (pwrite64), RENDER, 0, ANY },
    /* Threads of its own, which the codecs of HEIC and AVIF start; no process. */
    { SCMP_SYS (clone), RENDER, 0, ONLY (SCMP_A0 (SCMP_CMP_EQ, A_THREAD)) },
    { SCMP_SYS (set_robust_list), RENDER, 0, ANY },
    { SCMP_SYS (rseq), RENDER, 0, ANY },
    { SCMP_SYS (prctl), RENDER, 0, ONLY (SCMP_A0 (SCMP_CMP_EQ, PR_SET_NAME)) },
    { SCMP_SYS (get_mempolicy), RENDER, EPERM, ANY },
    { SCMP_SYS (set_mempolicy), RENDER, EPERM, ANY },
    { SCMP_SYS (sched_setscheduler), RENDER, EPERM, ANY },
    { SCMP_SYS (sched_getscheduler), RENDER, EPERM, ANY },
    { SCMP_SYS (sched_getparam), RENDER, EPERM, ANY },
    /* Fonts, where Landlock lets them: opened, looked at, mapped, never written. */
    { SCMP_SYS (openat), TEXT, 0, ONLY (SCMP_A2 (SCMP_CMP_MASKED_EQ, CHANGES_A_FILE, 0)) },
    { SCMP_SYS (open), TEXT, 0, ONLY (SCMP_A1 (SCMP_CMP_MASKED_EQ, CHANGES_A_FILE, 0)) },
    { SCMP_SYS (read), TEXT, 0, ANY },
    { SCMP_SYS (lseek), TEXT, 0, ANY },
    { SCMP_SYS (fstat), TEXT, 0, ANY },
    { SCMP_SYS (fstatfs), TEXT, 0, ANY },
    { SCMP_SYS (newfstatat), TEXT, 0, ANY },
    { SCMP_SYS (stat), TEXT, 0, ANY },
    { SCMP_SYS (access), TEXT, 0, ANY },
    { SCMP_SYS (faccessat), TEXT, 0, ANY },
    { SCMP_SYS (faccessat2), TEXT, 0, ANY },
    { SCMP_SYS (getdents64), TEXT, 0, ANY },
    /* No owner and no signals: the kernel would send them to others of the same user. */
    { SCMP_SYS (fcntl), TEXT, 0, COMMAND (F_GETFD) },
    { SCMP_SYS (fcntl), TEXT, 0, COMMAND (F_SETFD) },
    { SCMP_SYS (fcntl), TEXT, 0, COMMAND (F_GETFL) },
    { SCMP_SYS (fcntl), TEXT, 0, COMMAND (F_DUPFD_CLOEXEC) },
    { SCMP_SYS (mmap), TEXT, 0, 2, { READ_ONLY, PRIVATE } },
    /* Memory: never executable, never a file. */
    { SCMP_SYS (brk), ALL, 0, ANY },
    { SCMP_SYS (mmap), ALL, 0, 2, { NEVER_EXECUTABLE, ANONYMOUS } },
    { SCMP_SYS (mprotect), ALL, 0, ONLY (NEVER_EXECUTABLE) },
    { SCMP_SYS (mremap), ALL, 0, ANY },
    { SCMP_SYS (munmap), ALL, 0, ANY },
    { SCMP_SYS (madvise), ALL, 0, ANY },
    /* Time: clocks where the vDSO has none; the allowance of CPU time. */
    { SCMP_SYS (clock_gettime), ALL, 0, ANY },
    { SCMP_SYS (clock_getres), ALL, 0, ANY },
    { SCMP_SYS (gettimeofday), ALL, 0, ANY },
    { SCMP_SYS (setitimer), ALL, 0, ONLY (SCMP_A0 (SCMP_CMP_EQ, ITIMER_PROF)) },
    /* The C library: locks, an interrupted call, random seeds, abort() (with tgkill, below). */
    { SCMP_SYS (futex), ALL, 0, ANY },
    { SCMP_SYS (restart_syscall), ALL, 0, ANY },
    { SCMP_SYS (sched_yield), ALL, 0, ANY },
    { SCMP_SYS (getrandom), ALL, 0, ANY },
    { SCMP_SYS (sysinfo), ALL, 0, ANY }, /* qsort() asks for the size of memory */
    { SCMP_SYS (getpid), ALL, 0, ANY },
    { SCMP_SYS (gettid), ALL, 0, ANY },
    { SCMP_SYS (rt_sigprocmask), ALL, 0, ANY },
    { SCMP_SYS (rt_sigreturn), ALL, 0, ANY },
    /* The end. */
    { SCMP_SYS (exit), ALL, 0, ANY },
    { SCMP_SYS (exit_group), ALL, 0, ANY },
    /* What libraries try in passing and do without: character maps and encodings that are not
     * there, whether stderr is a terminal, how many processors there are. Opening for writing is
     * never in passing. */
    { SCMP_SYS (open), NO_FILES, EACCES, ONLY (SCMP_A1 (SCMP_CMP_MASKED_EQ, CHANGES_A_FILE, 0)) },
    { SCMP_SYS (openat), NO_FILES, EACCES, ONLY (SCMP_A2 (SCMP_CMP_MASKED_EQ, CHANGES_A_FILE, 0)) },
    { SCMP_SYS (stat), NO_FILES, EACCES, ANY },
    { SCMP_SYS (lstat), ALL, EACCES, ANY },
    { SCMP_SYS (fstat), NO_FILES, EACCES, ANY },
    { SCMP_SYS (newfstatat), NO_FILES, EACCES, ANY },
    { SCMP_SYS (statx), ALL, EACCES, ANY },
    { SCMP_SYS (access), NO_FILES, EACCES, ANY },
    { SCMP_SYS (faccessat), NO_FILES, EACCES, ANY },
    { SCMP_SYS (faccessat2), NO_FILES, EACCES, ANY },
    { SCMP_SYS (readlink), ALL, EACCES, ANY },
    { SCMP_SYS (readlinkat), ALL, EACCES, ANY },
    { SCMP_SYS (getcwd), ALL, EACCES, ANY },
    { SCMP_SYS (umask), ALL, EPERM, ANY },
    { SCMP_SYS (ioctl), ALL, ENOTTY, ANY },
    { SCMP_SYS (lseek), NO_FILES, ESPIPE, ANY },
    { SCMP_SYS (prlimit64), ALL, EPERM, ANY },
    { SCMP_SYS (sched_getaffinity), ALL, EPERM, ANY },
    /* Who probes for it must hear that the kernel is too old, and learn from clone. */
    { SCMP_SYS (clone3), ALL, ENOSYS, ANY },
};

/* Runs in place of a call that no row names. Nothing but write and _exit is safe here. */
static void on_refused (int signal, siginfo_t *info, void *context UNUSED)
{
    static const char text[] = "the jail refused system call ";
    char number[12], *digit = number + sizeof number;
    *--digit = '\n';
    for (unsigned n = (unsigned) info->si_syscall; n || digit[0] == '\n'; n /= 10)
        *--digit = (char) ('0' + n % 10);
    (void) !write (STDERR_FILENO, text, sizeof text - 1);
    (void) !write (STDERR_FILENO, digit, (size_t) (number + sizeof number - digit));
    _exit (128 + signal);
}

static int add_rules (scmp_filter_ctx filter, enum profile_id profile)
{
    int failed = 0;
    for (size_t i = 0; i < N_ELEMENTS (rules) && !failed; i++) {
        const struct rule *r = &rules[i];
        uint32_t action = r->error ? SCMP_ACT_ERRNO ((uint16_t) r->error) : SCMP_ACT_ALLOW;
        if (r->profiles & 1u << profile)
            failed = seccomp_rule_add_array (filter, action, r->call, r->n_args, r->args);
    }
    /* abort() signals its own process; no other. */
    if (!failed)
        failed = seccomp_rule_add (filter, SCMP_ACT_ALLOW, SCMP_SYS (tgkill), 1,
                                   SCMP_A0 (SCMP_CMP_EQ, (scmp_datum_t) getpid ()));
    return failed;
}

bool syscalls_enter (enum profile_id profile)
{
    struct sigaction action = { .sa_sigaction = on_refused, .sa_flags = SA_SIGINFO };
    scmp_filter_ctx filter = seccomp_init (SCMP_ACT_TRAP);
    if (!filter)
        return false;
    bool entered = seccomp_attr_set (filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS) == 0 &&
                   seccomp_attr_set (filter, SCMP_FLTATR_CTL_OPTIMIZE, 2) == 0 &&
                   add_rules (filter, profile) == 0 && sigaction (SIGSYS, &action, NULL) == 0 &&
                   seccomp_load (filter) == 0;
    seccomp_release (filter);
    return entered;
}
