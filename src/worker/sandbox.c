/* The jail. Every step is a row in `steps`; a step that fails names itself. The system calls are
 * rows in `allowed`: what is not there ends the process. */
#include "worker/sandbox.h"

#include <errno.h>
#include <seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <glib.h>

#include "base/limits.h"
#include "base/macros.h"
#include "wire/frame.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED true /* needs terabytes of address space and calls that the table lacks */
#else
#define SANITIZED false
#endif

/* ---- system calls ---- */

/* clang-format off */
#define ANY        0, { { 0 } }
#define ONLY(...)  1, { __VA_ARGS__ }
#define FD_IS(fd)  ONLY (SCMP_A0 (SCMP_CMP_EQ, (fd)))
/* clang-format on */
#define NEVER_EXECUTABLE SCMP_A2 (SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)
#define ANONYMOUS        SCMP_A3 (SCMP_CMP_MASKED_EQ, MAP_ANONYMOUS, MAP_ANONYMOUS)

static const struct allowed {
    int call;
    unsigned n_args;
    struct scmp_arg_cmp args[2];
} allowed[] = {
    /* Talking to the server: the socket, and stderr for last words. */
    { SCMP_SYS (recvmsg), FD_IS (FRAME_SOCKET) },
    { SCMP_SYS (sendmsg), FD_IS (FRAME_SOCKET) },
    { SCMP_SYS (write), FD_IS (STDERR_FILENO) },
    { SCMP_SYS (writev), FD_IS (STDERR_FILENO) },
    /* The object: reading by offset, never by a path. */
    { SCMP_SYS (pread64), ANY },
    { SCMP_SYS (close), ANY },
    /* Memory: never executable, never a file. */
    { SCMP_SYS (brk), ANY },
    { SCMP_SYS (mmap), 2, { NEVER_EXECUTABLE, ANONYMOUS } },
    { SCMP_SYS (mprotect), ONLY (NEVER_EXECUTABLE) },
    { SCMP_SYS (mremap), ANY },
    { SCMP_SYS (munmap), ANY },
    { SCMP_SYS (madvise), ANY },
    /* Time: clocks where the vDSO has none; the allowance of CPU time. */
    { SCMP_SYS (clock_gettime), ANY },
    { SCMP_SYS (gettimeofday), ANY },
    { SCMP_SYS (setitimer), ONLY (SCMP_A0 (SCMP_CMP_EQ, ITIMER_PROF)) },
    /* The C library: locks, an interrupted call, random seeds, abort() (with tgkill, below). */
    { SCMP_SYS (futex), ANY },
    { SCMP_SYS (restart_syscall), ANY },
    { SCMP_SYS (getrandom), ANY },
    { SCMP_SYS (sysinfo), ANY }, /* qsort() asks for the size of memory */
    { SCMP_SYS (getpid), ANY },
    { SCMP_SYS (gettid), ANY },
    { SCMP_SYS (rt_sigprocmask), ANY },
    { SCMP_SYS (rt_sigreturn), ANY },
    /* The end. */
    { SCMP_SYS (exit), ANY },
    { SCMP_SYS (exit_group), ANY },
};

/* Runs in place of a refused call. Nothing but write and _exit is safe here. */
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

static bool enter_seccomp (void)
{
    struct sigaction action = { .sa_sigaction = on_refused, .sa_flags = SA_SIGINFO };
    scmp_filter_ctx filter = seccomp_init (SCMP_ACT_TRAP);
    if (!filter || sigaction (SIGSYS, &action, NULL) < 0)
        return false;
    int failed = 0;
    for (size_t i = 0; i < N_ELEMENTS (allowed) && !failed; i++)
        failed = seccomp_rule_add_array (filter, SCMP_ACT_ALLOW, allowed[i].call, allowed[i].n_args,
                                         allowed[i].args);
    /* abort() signals its own process; no other. */
    if (!failed)
        failed = seccomp_rule_add (filter, SCMP_ACT_ALLOW, SCMP_SYS (tgkill), 1,
                                   SCMP_A0 (SCMP_CMP_EQ, (scmp_datum_t) getpid ()));
    /* Libraries that probe for clone3 must hear that the kernel is too old, and learn from clone.
     */
    if (!failed)
        failed = seccomp_rule_add (filter, SCMP_ACT_ERRNO (ENOSYS), SCMP_SYS (clone3), 0);
    if (!failed)
        failed = seccomp_load (filter);
    seccomp_release (filter);
    return !failed;
}

/* ---- Landlock ---- */

#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_restrict_self  446
#endif
#define LANDLOCK_VERSION 1u /* LANDLOCK_CREATE_RULESET_VERSION */

/* As the kernel's header has it in its sixth version; a kernel takes a longer struct than it knows
 * if the rest is zero. */
struct landlock_attr {
    uint64_t fs, net, scoped;
};

/* Rights that each version of the interface began to handle. */
static const struct landlock_attr landlock_rights[] = {
    { (1u << 13) - 1, 0, 0 }, /* 1: all of a file system but what follows */
    { 1u << 13, 0, 0 },       /* 2: refer */
    { 1u << 14, 0, 0 },       /* 3: truncate */
    { 0, 3, 0 },              /* 4: bind and connect TCP */
    { 1u << 15, 0, 0 },       /* 5: ioctl of devices */
    { 0, 0, 3 },              /* 6: abstract sockets and signals, to the outside */
};

/* Handles every right and grants none: no path can be opened any more. */
static bool enter_landlock (void)
{
    long version = syscall (SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_VERSION);
    struct landlock_attr attr = { 0 };
    for (long i = 0; i < version && i < (long) N_ELEMENTS (landlock_rights); i++) {
        attr.fs |= landlock_rights[i].fs;
        attr.net |= landlock_rights[i].net;
        attr.scoped |= landlock_rights[i].scoped;
    }
    if (version < 1)
        return false;
    _cleanup_close_ int rules = (int) syscall (SYS_landlock_create_ruleset, &attr, sizeof attr, 0);
    return rules >= 0 && syscall (SYS_landlock_restrict_self, rules, 0) == 0;
}

/* ---- the other steps ---- */

static bool enter_privileges (void)
{
    return prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl (PR_SET_DUMPABLE, 0) == 0;
}

static bool enter_limits (void)
{
    static const struct {
        int resource;
        rlim_t value;
    } limits[] = {
        { RLIMIT_AS, LIMIT_WORKER_MEMORY },    { RLIMIT_CORE, 0 },  { RLIMIT_FSIZE, 0 },
        { RLIMIT_NOFILE, LIMIT_WORKER_FILES }, { RLIMIT_NPROC, 0 }, { RLIMIT_MEMLOCK, 0 },
    };
    for (size_t i = 0; i < N_ELEMENTS (limits); i++) {
        struct rlimit limit = { limits[i].value, limits[i].value };
        if (setrlimit ((__rlimit_resource_t) limits[i].resource, &limit) < 0)
            return false;
    }
    return true;
}

static const struct step {
    const char *name;
    bool (*enter) (void);
} steps[] = {
    { "no-new-privileges", enter_privileges },
    { "resource limits", enter_limits },
    { "Landlock", enter_landlock },
    { "seccomp", enter_seccomp },
};

void sandbox_enter (const char *mode, struct sandbox_report *ret)
{
    prctl (PR_SET_PDEATHSIG, SIGKILL);
    *ret = (struct sandbox_report){ 0 };
    for (size_t i = 0; i < N_ELEMENTS (steps); i++) {
        if (!SANITIZED && steps[i].enter ())
            continue;
        g_strlcat (ret->missing, ret->missing[0] ? ", " : "", sizeof ret->missing);
        g_strlcat (ret->missing, steps[i].name, sizeof ret->missing);
    }
    if (!ret->missing[0] || !strcmp (mode, "best-effort"))
        return;
    (void) !write (STDERR_FILENO, "the jail cannot be set up: ", 27);
    (void) !write (STDERR_FILENO, ret->missing, strlen (ret->missing));
    _exit (1);
}

void sandbox_renew_cpu (void)
{
    struct itimerval allowance = { .it_value.tv_sec = LIMIT_JOB_CPU_S };
    setitimer (ITIMER_PROF, &allowance, NULL);
}
