/* One thread waits for signals, no handler runs while the server does. */
#include "cli/signals.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>
#include <glib.h>

#include "base/macros.h"
#include "cli/command.h"

static void waited_for (sigset_t *ret)
{
    sigemptyset (ret);
    sigaddset (ret, SIGTERM);
    sigaddset (ret, SIGINT);
    sigaddset (ret, SIGHUP);
}

static bool has_terminal (void)
{
    _cleanup_close_ int fd = open ("/dev/tty", O_RDONLY | O_NOCTTY | O_CLOEXEC);
    return fd >= 0;
}

void signals_block (struct signals *s)
{
    struct sigaction before;
    bool is_kept = sigaction (SIGHUP, NULL, &before) == 0 && before.sa_handler == SIG_IGN;
    s->ends_with_terminal = !is_kept && has_terminal (); /* not with nohup */
    signal (SIGPIPE, SIG_IGN);
    sigset_t set;
    waited_for (&set);
    pthread_sigmask (SIG_BLOCK, &set, NULL);
}

bool signals_wait (const struct signals *s, const char **ret_name)
{
    sigset_t set;
    waited_for (&set);
    int sig = 0;
    while (sigwait (&set, &sig) != 0)
        continue;
    *ret_name = g_strsignal (sig);
    return sig != SIGHUP || (s->ends_with_terminal && !has_terminal ());
}

static void end_at_once (int sig)
{
    _exit (sig == SIGALRM ? EXIT_DONE : EXIT_INTERRUPTED);
}

void signals_arm_deadline (int ms)
{
    signal (SIGALRM, end_at_once);
    signal (SIGTERM, end_at_once);
    signal (SIGINT, end_at_once);
    signal (SIGHUP, SIG_IGN);
    struct itimerval deadline = { .it_value = { ms / 1000, ms % 1000 * 1000 } };
    setitimer (ITIMER_REAL, &deadline, NULL);
    sigset_t set;
    waited_for (&set);
    pthread_sigmask (SIG_UNBLOCK, &set, NULL);
}
