/* The jail. Every step is a row in `steps`; a step that fails names itself. */
#include "worker/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <glib.h>

#include "base/limits.h"
#include "base/macros.h"
#include "wire/frame.h"
#include "worker/syscalls.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED true /* needs terabytes of address space and calls that the table lacks */
#else
#define SANITIZED false
#endif

/* ---- Landlock ---- */

#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule       445
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

/* A rule: rights below a folder. */
#define LANDLOCK_BENEATH 1                   /* LANDLOCK_RULE_PATH_BENEATH */
#define LANDLOCK_READ    (1u << 2 | 1u << 3) /* files, lists of folders */
struct __attribute__ ((packed)) landlock_beneath {
    uint64_t rights;
    int32_t folder;
};

static const char *const font_folders[] = {
    "/usr/share/fonts", "/usr/local/share/fonts", "/usr/share/fontconfig", "/var/cache/fontconfig",
    "/etc/fonts",
};

/* Those that are not there cannot be read, which is all right. */
static bool allow_fonts (int rules)
{
    for (size_t i = 0; i < N_ELEMENTS (font_folders); i++) {
        _cleanup_close_ int folder = open (font_folders[i], O_PATH | O_DIRECTORY | O_CLOEXEC);
        struct landlock_beneath beneath = { LANDLOCK_READ, folder };
        if (folder >= 0 &&
            syscall (SYS_landlock_add_rule, rules, LANDLOCK_BENEATH, &beneath, 0) != 0)
            return false;
    }
    return true;
}

/* Handles every right and grants none but fonts: no other path can be opened any more. */
static bool enter_landlock (const struct profile *profile)
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
    return rules >= 0 && (!profile->reads_fonts || allow_fonts (rules)) &&
           syscall (SYS_landlock_restrict_self, rules, 0) == 0;
}

/* ---- the other steps ---- */

/* Landlock and seccomp hold for the thread that asks for them. The kernel grants this (which does
 * nothing) to a process of one thread only; one that a library had, and that has ended or been
 * joined, may still be on its way out. */
static bool enter_alone (const struct profile *profile UNUSED)
{
    bool is_alone = false;
    for (int ms = 0; ms < LIMIT_ALONE_MS && !(is_alone = unshare (CLONE_THREAD) == 0); ms++)
        g_usleep (1000);
    return is_alone;
}

/* Whatever a library has left open. */
static bool enter_descriptors (const struct profile *profile UNUSED)
{
    return close_range (FRAME_SOCKET + 1, ~0u, 0) == 0;
}

/* No way to more than there is: not by exec, not by debugging, not by the odd ABI that makes all
 * readable memory executable. */
static bool enter_privileges (const struct profile *profile UNUSED)
{
    return prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl (PR_SET_DUMPABLE, 0) == 0 &&
           personality (PER_LINUX) != -1;
}

/* Nothing is left of root but its name. Who is not root has no capability, and may not shrink the
 * bounding set, which is of use to exec only. */
static bool enter_capabilities (const struct profile *profile UNUSED)
{
    struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { { 0 } };
    for (int cap = 0; prctl (PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
        if (prctl (PR_CAPBSET_DROP, cap, 0, 0, 0) < 0 && errno != EPERM)
            return false;
    return prctl (PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) == 0 &&
           syscall (SYS_capset, &header, none) == 0;
}

static bool enter_limits (const struct profile *profile)
{
    const struct {
        int resource;
        rlim_t value;
    } limits[] = {
        { RLIMIT_AS, profile->memory },
        { RLIMIT_CORE, 0 },
        { RLIMIT_CPU, profile->jobs * (rlim_t) profile->cpu_ms / 1000 },
        { RLIMIT_FSIZE, profile->output },
        { RLIMIT_NOFILE, profile->files },
        { RLIMIT_NPROC, profile->tasks },
        { RLIMIT_MEMLOCK, 0 },
    };
    for (size_t i = 0; i < N_ELEMENTS (limits); i++) {
        __rlimit_resource_t resource = (__rlimit_resource_t) limits[i].resource;
        struct rlimit limit;
        if (getrlimit (resource, &limit) < 0)
            return false;
        limit.rlim_cur = limit.rlim_max = MIN (limits[i].value, limit.rlim_max);
        if (setrlimit (resource, &limit) < 0)
            return false;
    }
    return true;
}

static bool enter_seccomp (const struct profile *profile)
{
    return syscalls_enter (profile->id);
}

static const struct step {
    const char *name;
    bool (*enter) (const struct profile *profile);
} steps[] = {
    { "single thread", enter_alone },
    { "descriptors", enter_descriptors },
    { "no-new-privileges", enter_privileges },
    { "capabilities", enter_capabilities },
    { "resource limits", enter_limits },
    { "Landlock", enter_landlock },
    { "seccomp", enter_seccomp },
};

/* Without Landlock, the calls that fonts need would open every file. */
static bool can_do_without (const struct profile *profile, const struct step *step)
{
    return SANITIZED || !profile->reads_fonts || step->enter != enter_landlock;
}

void sandbox_enter (const struct profile *profile, const char *mode, struct sandbox_report *ret)
{
    prctl (PR_SET_PDEATHSIG, SIGKILL);
    *ret = (struct sandbox_report){ 0 };
    bool is_enough = !strcmp (mode, "best-effort");
    for (size_t i = 0; i < N_ELEMENTS (steps); i++) {
        if (!SANITIZED && steps[i].enter (profile))
            continue;
        is_enough = is_enough && can_do_without (profile, &steps[i]);
        g_strlcat (ret->missing, ret->missing[0] ? ", " : "", sizeof ret->missing);
        g_strlcat (ret->missing, steps[i].name, sizeof ret->missing);
    }
    if (!ret->missing[0] || is_enough)
        return;
    (void) !write (STDERR_FILENO, "the jail cannot be set up: ", 27);
    (void) !write (STDERR_FILENO, ret->missing, strlen (ret->missing));
    _exit (1);
}

void sandbox_renew_cpu (uint32_t cpu_ms)
{
    struct itimerval allowance = { .it_value = { cpu_ms / 1000, cpu_ms % 1000 * 1000 } };
    setitimer (ITIMER_PROF, &allowance, NULL);
}
