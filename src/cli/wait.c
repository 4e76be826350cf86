/* The progress bar of bind and rescan. */
#include "cli/wait.h"

#include <langinfo.h>
#include <locale.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "cli/progress.h"
#include "cli/table.h"

#define REDRAW_MS   100
#define LINE_MS     3000  /* between two lines where there is no terminal */
#define PATIENCE_MS 10000 /* a server that does not answer is asked this long */

struct watch {
    struct client *client;
    const json_t *params;
    struct progress_rate rate;
    unsigned columns; /* 0: no terminal */
    bool is_utf8;
    int64_t start_ms, heard_ms, line_ms;
};

static void draw (struct watch *w, const struct progress *p)
{
    int64_t now = clock_mono_ms ();
    progress_rate_add (&w->rate, now, progress_done (p));
    double rate = progress_rate_get (&w->rate);
    if (w->columns) {
        g_autofree char *bar = progress_bar (p, rate, w->columns - 1, w->is_utf8);
        fprintf (stderr, "\r%s\033[K", bar);
    } else if (now - w->line_ms >= LINE_MS) {
        g_autofree char *line = progress_line (p, rate);
        fprintf (stderr, "%s\n", line);
        w->line_ms = now;
    }
}

static void end_drawing (const struct watch *w)
{
    if (w->columns)
        fputs ("\r\033[K", stderr);
}

/* Waits a moment; true if a signal asks to end. */
static bool sleep_or_signal (void)
{
    sigset_t set;
    sigemptyset (&set);
    sigaddset (&set, SIGINT);
    sigaddset (&set, SIGTERM);
    const struct timespec moment = { 0, REDRAW_MS * 1000000L };
    return sigtimedwait (&set, NULL, &moment) > 0;
}

static void hold_signals (void)
{
    sigset_t set;
    sigemptyset (&set);
    sigaddset (&set, SIGINT);
    sigaddset (&set, SIGTERM);
    pthread_sigmask (SIG_BLOCK, &set, NULL);
}

static int report_done (const struct watch *w, const struct progress *p)
{
    g_autofree char *files = table_number (p->listed);
    printf ("In step: %s files", files);
    if (p->unchanged) {
        g_autofree char *unchanged = table_number (p->unchanged);
        printf (" (%s unchanged)", unchanged);
    }
    if (w->rate.n) /* there was something to wait for */
        printf (" after %.1f s", (double) (clock_mono_ms () - w->start_ms) / 1000);
    puts (". Changes are followed from now on.");
    if (p->failed)
        printf ("%" G_GINT64_FORMAT " could not be read; `bindery failed` tells why.\n", p->failed);
    if (*p->reason) { /* as when a quota is used up */
        g_autofree char *reason = table_escape (p->reason);
        printf ("%s\n", reason);
    }
    return EXIT_DONE;
}

static int report_unwell (const struct progress *p)
{
    g_autofree char *reason = table_escape (p->reason);
    fprintf (stderr, "bindery: the binding is %s%s%s\n", p->state, *reason ? ": " : "", reason);
    if (strcmp (p->state, "Retrying") == 0)
        fputs ("The server tries again by itself; `bindery status` shows when it is well.\n",
               stderr);
    return EXIT_UNWELL;
}

static bool is_unwell (const struct progress *p)
{
    return strcmp (p->state, "Retrying") == 0 || strcmp (p->state, "Failed") == 0 ||
           strcmp (p->state, "Stopped") == 0;
}

/* Asks once. True if watching is over, with *ret_exit; *ret_e holds the last trouble. */
static bool look (struct watch *w, bool json, struct error *ret_e, int *ret_exit)
{
    json_auto_t *answer = NULL;
    enum err r = client_action (w->client, "GetBinding", w->params, &answer, ret_e);
    if (r != ERR_OK) {
        const char *refusal = client_refusal (w->client);
        bool may_pass = !*refusal || g_str_has_prefix (refusal, "Throttling") ||
                        strcmp (refusal, "ServiceUnavailable") == 0;
        if (may_pass && clock_mono_ms () - w->heard_ms < PATIENCE_MS)
            return false;
        end_drawing (w);
        *ret_exit = client_complain (w->client, ret_e);
        return true;
    }
    w->heard_ms = clock_mono_ms ();
    const json_t *binding = json_object_get (answer, "Binding");
    struct progress p;
    progress_read (binding, &p);
    if (!is_unwell (&p) && p.is_scanning) {
        draw (w, &p);
        return false;
    }
    end_drawing (w);
    if (json)
        client_print_json (binding);
    if (is_unwell (&p))
        *ret_exit = report_unwell (&p);
    else
        *ret_exit = json ? EXIT_DONE : report_done (w, &p);
    return true;
}

int wait_for_scan (struct client *c, const json_t *params, bool json)
{
    setlocale (LC_CTYPE, "");
    int64_t now = clock_mono_ms ();
    struct watch w = {
        .client = c,
        .params = params,
        .columns = table_terminal_width (STDERR_FILENO),
        .is_utf8 = strcmp (nl_langinfo (CODESET), "UTF-8") == 0,
        .start_ms = now,
        .heard_ms = now,
        .line_ms = now,
    };
    hold_signals ();
    struct error e;
    int status;
    while (!look (&w, json, &e, &status)) {
        if (!sleep_or_signal ())
            continue;
        end_drawing (&w);
        fputs ("Not watching any more. The server goes on with the binding; `bindery status` "
               "shows it.\n",
               stderr);
        return EXIT_INTERRUPTED;
    }
    return status;
}
