/* What a worker costs: time from its start to READY, memory of its own then and after jobs,
 * and jobs a second when there is nothing to read. worker WORKER [JOBS] */
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <unistd.h>
#include <glib.h>

#include "base/clock.h"
#include "base/text.h"
#include "wire/pool.h"

#define STARTS 15
#define AHEAD  64 /* jobs that wait */

static _Atomic uint64_t done, failed;

static void on_done (void *arg, struct pool_result *result)
{
    (void) arg;
    atomic_fetch_add (&failed, result->code != ERR_OK);
    if (result->meta)
        json_decref (result->meta);
    atomic_fetch_add (&done, 1);
}

static void must (enum err r, const struct error *e)
{
    if (r == ERR_OK)
        return;
    g_printerr ("%s: %s\n", error_name (r), e->message);
    exit (1);
}

static struct pool *start (const char *path, unsigned workers)
{
    struct pool_options o = {
        .worker_path = path, .workers = workers, .sandbox_required = true, .queue_max = AHEAD
    };
    struct pool *p;
    struct error e;
    must (pool_new (&o, &p, &e), &e);
    return p;
}

/* A line of /proc/PID/status of the only child, in KiB. */
static unsigned memory_kib (const char *name)
{
    g_autofree char *children = NULL, *status = NULL;
    g_autoptr (GDir) tasks = g_dir_open ("/proc/self/task", 0, NULL);
    for (const char *task; !children && (task = g_dir_read_name (tasks));) {
        g_autofree char *path = g_strdup_printf ("/proc/self/task/%s/children", task);
        g_file_get_contents (path, &children, NULL, NULL);
        if (children && !*g_strstrip (children))
            g_clear_pointer (&children, g_free);
    }
    g_autofree char *path = g_strdup_printf ("/proc/%s/status", children ? children : "self");
    if (!g_file_get_contents (path, &status, NULL, NULL))
        return 0;
    const char *line = strstr (status, name);
    return line ? (unsigned) g_ascii_strtoull (line + strlen (name), NULL, 10) : 0;
}

static int compare (const void *a, const void *b)
{
    return (*(const int64_t *) a > *(const int64_t *) b) -
           (*(const int64_t *) a < *(const int64_t *) b);
}

/* CPU time of all workers that have ended: what else runs on the machine matters least to it. */
static double cpu_ms (void)
{
    struct rusage u;
    getrusage (RUSAGE_CHILDREN, &u);
    return (double) (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000 +
           (double) (u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1000;
}

static void measure_start (const char *path)
{
    int64_t us[STARTS];
    for (size_t i = 0; i < STARTS; i++) {
        us[i] = g_get_monotonic_time ();
        struct pool *p = start (path, 1);
        us[i] = g_get_monotonic_time () - us[i];
        pool_free (p);
    }
    qsort (us, STARTS, sizeof us[0], compare);
    g_print ("start to READY: median %.1f ms, best %.1f, worst %.1f; CPU time %.1f ms\n",
             (double) us[STARTS / 2] / 1000, (double) us[0] / 1000, (double) us[STARTS - 1] / 1000,
             cpu_ms () / STARTS);
}

static void print_memory (const char *when)
{
    g_print ("memory %s: RssAnon %u KiB, RssFile %u KiB, VmSize %u KiB\n", when,
             memory_kib ("RssAnon:"), memory_kib ("RssFile:"), memory_kib ("VmSize:"));
}

static void measure_jobs (struct pool *p, uint64_t jobs, const char *what)
{
    done = 0;
    int64_t begun = g_get_monotonic_time ();
    for (uint64_t i = 0; i < jobs;) {
        struct error e;
        struct pool_job job = { .fd = open ("/dev/null", O_RDONLY | O_CLOEXEC),
                                .extension = "",
                                .priority = POOL_BACKGROUND,
                                .done = on_done };
        if (pool_submit (p, &job, &e) == ERR_OK)
            i++;
        else
            g_usleep (100);
    }
    while (atomic_load (&done) < jobs)
        g_usleep (1000);
    double s = (double) (g_get_monotonic_time () - begun) / 1e6;
    g_print ("empty jobs, %s: %.0f a second (%u failed)\n", what, (double) jobs / s,
             (unsigned) failed);
}

int main (int argc, char **argv)
{
    uint64_t jobs = 15000; /* below what makes a pool replace its worker */
    if (argc < 2 || argc > 3 || (argc == 3 && !text_parse_u64 (argv[2], &jobs))) {
        g_printerr ("usage: worker WORKER [JOBS]\n");
        return 2;
    }
    measure_start (argv[1]);
    struct pool *p = start (argv[1], 1);
    print_memory ("after the start");
    measure_jobs (p, jobs, "one worker");
    print_memory ("after the jobs");
    pool_free (p);
    p = start (argv[1], 2);
    measure_jobs (p, jobs, "two workers");
    pool_free (p);
    return 0;
}
