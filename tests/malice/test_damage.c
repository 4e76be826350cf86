/* Every sample, as it is and damaged in many ways, goes through the real worker in its jail: each
 * job ends, none crashes a worker, runs into its deadline or answers garbage. */
#include <fts.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>
#include <glib.h>

#include "../fuzz/damage.h"
#include "test.h"
#include "wire/pool.h"

struct world {
    struct pool *pool;
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t changed;
    unsigned running;
    uint64_t ended[2]; /* OK, EXTRACT_FAILED */
    int64_t slowest_us;
    const char *slowest;
    const char *path;
};

struct run {
    struct world *world;
    const char *path;
    int64_t begun_us;
};

#define AT_ONCE 2 /* jobs: one a worker, so that each is timed alone */

static void on_done (void *arg, struct pool_result *result)
{
    struct run *run = arg;
    struct world *w = run->world;
    int64_t took = g_get_monotonic_time () - run->begun_us;
    if (result->code != ERR_OK && result->code != ERR_EXTRACT_FAILED) {
        g_printerr ("%s, damaged: %s: %s\n", run->path, error_name (result->code), result->message);
        abort ();
    }
    json_decref (result->meta);
    pthread_mutex_lock (&w->lock);
    w->running--;
    w->ended[result->code != ERR_OK]++;
    if (took > w->slowest_us) {
        w->slowest_us = took;
        w->slowest = run->path;
    }
    pthread_cond_signal (&w->changed);
    pthread_mutex_unlock (&w->lock);
    g_free (run);
}

static void wait_for_room (struct world *w, unsigned most)
{
    pthread_mutex_lock (&w->lock);
    while (w->running > most)
        pthread_cond_wait (&w->changed, &w->lock);
    pthread_mutex_unlock (&w->lock);
}

static void submit (void *arg, const uint8_t *data, size_t size)
{
    struct world *w = arg;
    struct error e;
    wait_for_room (w, AT_ONCE - 1);
    const char *dot = strrchr (w->path, '.');
    int fd = memfd_create ("object", MFD_CLOEXEC);
    assert_true (fd >= 0 && write (fd, data, size) == (ssize_t) size);
    struct run *run = g_new (struct run, 1);
    *run = (struct run){ .world = w, .path = w->path, .begun_us = g_get_monotonic_time () };
    struct pool_job job = { .fd = fd,
                            .size = size,
                            .extension = dot && strlen (dot) < 16 ? dot + 1 : "",
                            .priority = POOL_BACKGROUND,
                            .done = on_done,
                            .arg = run };
    pthread_mutex_lock (&w->lock);
    w->running++;
    pthread_mutex_unlock (&w->lock);
    assert_ok (pool_submit (w->pool, &job, &e), &e);
}

static unsigned run_samples (struct world *w)
{
    struct damage damage = damage_default ();
    unsigned files = 0;
    char *roots[] = { getenv ("SAMPLES"), NULL };
    FTS *tree = fts_open (roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    assert_non_null (tree);
    for (FTSENT *entry; (entry = fts_read (tree));) {
        g_autofree char *data = NULL;
        size_t size;
        if (entry->fts_info != FTS_F || g_str_has_suffix (entry->fts_name, ".json") ||
            !g_file_get_contents (entry->fts_path, &data, &size, NULL))
            continue;
        w->path = g_intern_string (entry->fts_path);
        damage_each (&damage, data, size, submit, w);
        files++;
    }
    fts_close (tree);
    wait_for_room (w, 0);
    return files;
}

static void damaged_samples (void **state)
{
    (void) state;
    struct world w = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };
    struct pool_options o = { .worker_path = getenv ("WORKER"),
                              .workers = AT_ONCE,
                              .sandbox_required = true,
                              .queue_max = AT_ONCE };
    struct error e;
    struct pool_stats stats;
    assert_ok (pool_new (&o, &w.pool, &e), &e);
    unsigned files = run_samples (&w);
    pool_get_stats (w.pool, &stats);
    pool_free (w.pool);
    print_message ("%u samples: %" PRIu64 " jobs OK, %" PRIu64
                   " of damaged objects; the slowest took %.1f ms: %s\n",
                   files, w.ended[0], w.ended[1], (double) w.slowest_us / 1000, w.slowest);
    assert_true (files > 0);
    assert_int_equal (stats.crashes, 0);
    assert_int_equal (stats.timeouts, 0);
    assert_int_equal (stats.protocol_errors, 0);
}

int main (void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test (damaged_samples) };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
