/* The jail of a renderer that may read fonts: fonts, and nothing else. Each attempt is a child's.
 */
#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <glib.h>

#include "test.h"
#include "worker/sandbox.h"
#include "worker/syscalls.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED true
#else
#define SANITIZED false
#endif

#define FONTS "/usr/share/fonts"
#define FONT  FONTS "/truetype/wqy/wqy-zenhei.ttc"

static int opens (const char *path, int flags)
{
    int fd = open (path, flags | O_CLOEXEC, 0600);
    return fd >= 0 ? 0 : errno;
}

static int map (int protection, int kind)
{
    int fd = open (FONT, O_RDONLY | O_CLOEXEC);
    void *at = mmap (NULL, 4096, protection, kind, fd, 0);
    return at != MAP_FAILED ? 0 : errno;
}

static int reads_font (void)
{
    return opens (FONT, O_RDONLY);
}

static int maps_font (void)
{
    return map (PROT_READ, MAP_PRIVATE);
}

static int reads_password (void)
{
    return opens ("/etc/passwd", O_RDONLY);
}

static int climbs_out (void)
{
    return opens (FONTS "/../../../etc/passwd", O_RDONLY);
}

static int reads_memory (void)
{
    return opens ("/proc/self/mem", O_RDONLY);
}

static int lists_root (void)
{
    return opens ("/", O_RDONLY | O_DIRECTORY);
}

static int writes_font (void)
{
    return opens (FONT, O_RDWR);
}

static int creates_font (void)
{
    return opens (FONTS "/mine.ttf", O_WRONLY | O_CREAT);
}

static int maps_code (void)
{
    return map (PROT_READ | PROT_EXEC, MAP_PRIVATE);
}

static int shares_pages (void)
{
    return map (PROT_READ, MAP_SHARED);
}

static int shares_pages_validated (void)
{
    return map (PROT_READ, MAP_SHARED_VALIDATE);
}

static int control (int command, int value)
{
    int fd = open (FONT, O_RDONLY | O_CLOEXEC);
    return fcntl (fd, command, value) >= 0 ? 0 : errno;
}

static int asks_for_flags (void)
{
    return control (F_GETFL, 0);
}

static int copies_descriptor (void)
{
    return control (F_DUPFD_CLOEXEC, 0);
}

/* These three together would have the kernel send another process any signal. */
static int names_an_owner (void)
{
    return control (F_SETOWN, 1);
}

static int chooses_signal (void)
{
    return control (F_SETSIG, SIGKILL);
}

static int asks_for_signals (void)
{
    return control (F_SETFL, O_ASYNC);
}

static int forks (void)
{
    return syscall (SYS_clone, SIGCHLD, 0, 0, 0, 0) >= 0 ? 0 : errno;
}

static int connects (void)
{
    return socket (AF_INET, SOCK_STREAM, 0) >= 0 ? 0 : errno;
}

static int executes (void)
{
    execl ("/bin/true", "true", NULL);
    return errno;
}

static const struct attempt {
    const char *name;
    int (*run) (void);
    int status; /* 0: it works; an errno; or how a refused call ends the process */
} attempts[] = {
    { "reads a font", reads_font, 0 },
    { "maps a font", maps_font, 0 },
    { "reads /etc/passwd", reads_password, EACCES },
    { "reads it by way of the fonts", climbs_out, EACCES },
    { "reads its memory", reads_memory, EACCES },
    { "lists the root", lists_root, EACCES },
    { "opens a font for writing", writes_font, SYSCALLS_EXIT },
    { "makes a font", creates_font, SYSCALLS_EXIT },
    { "maps a font as code", maps_code, SYSCALLS_EXIT },
    { "shares pages with a font", shares_pages, SYSCALLS_EXIT },
    { "the same by another name", shares_pages_validated, SYSCALLS_EXIT },
    { "asks for flags", asks_for_flags, 0 },
    { "copies a descriptor", copies_descriptor, 0 },
    { "names an owner", names_an_owner, SYSCALLS_EXIT },
    { "chooses a signal", chooses_signal, SYSCALLS_EXIT },
    { "asks for signals", asks_for_signals, SYSCALLS_EXIT },
    { "forks", forks, SYSCALLS_EXIT },
    { "makes a socket", connects, SYSCALLS_EXIT },
    { "executes", executes, SYSCALLS_EXIT },
};

static int exit_of (pid_t child)
{
    int status;
    assert_int_equal (child, waitpid (child, &status, 0));
    assert_true (WIFEXITED (status));
    return WEXITSTATUS (status);
}

static void test_attempt (void **state)
{
    const struct attempt *attempt = *state;
    if (SANITIZED)
        skip ();
    pid_t child = fork ();
    if (child == 0) {
        struct sandbox_report report;
        sandbox_enter (profile_get (PROFILE_RENDER_TEXT), "required", &report);
        _exit (attempt->run ());
    }
    assert_int_equal (attempt->status, exit_of (child));
}

/* ---- a kernel without Landlock ---- */

static void take_landlock_away (void)
{
    scmp_filter_ctx filter = seccomp_init (SCMP_ACT_ALLOW);
    int call = SCMP_SYS (landlock_create_ruleset);
    if (!filter || seccomp_rule_add (filter, SCMP_ACT_ERRNO (ENOSYS), call, 0) ||
        seccomp_load (filter))
        _exit (2);
    seccomp_release (filter);
}

/* 0: it goes on; 1: it refuses to. */
static int enter_without_landlock (enum profile_id profile)
{
    pid_t child = fork ();
    if (child == 0) {
        struct sandbox_report report;
        take_landlock_away ();
        sandbox_enter (profile_get (profile), "best-effort", &report);
        _exit (strcmp (report.missing, "Landlock") ? 3 : 0);
    }
    return exit_of (child);
}

static void test_no_fonts_without_landlock (void **state)
{
    (void) state;
    if (SANITIZED)
        skip ();
    assert_int_equal (0, enter_without_landlock (PROFILE_RENDER));
    assert_int_equal (1, enter_without_landlock (PROFILE_RENDER_TEXT));
}

int main (void)
{
    struct CMUnitTest tests[G_N_ELEMENTS (attempts) + 1] = {
        [G_N_ELEMENTS (attempts)] = cmocka_unit_test (test_no_fonts_without_landlock),
    };
    for (size_t i = 0; i < G_N_ELEMENTS (attempts); i++)
        tests[i] = (struct CMUnitTest){ attempts[i].name, test_attempt, NULL, NULL,
                                        (void *) &attempts[i] };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
