/* Runs files through a fuzz target without a fuzzer: each as it is and damaged (damage.h). Prints
 * what took longest. Arguments: [-n ROUNDS] files and folders; without -n as many rounds as
 * damage_default() says. */
#include <fts.h>
#include <inttypes.h>
#include <stdio.h>
#include <glib.h>

#include "base/text.h"
#include "damage.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

struct run {
    const char *path, *slowest;
    unsigned files;
    uint64_t inputs;
    int64_t slowest_us;
};

static void run_input (void *arg, const uint8_t *data, size_t size)
{
    struct run *run = arg;
    int64_t begun = g_get_monotonic_time ();
    LLVMFuzzerTestOneInput (data, size);
    int64_t took = g_get_monotonic_time () - begun;
    run->inputs++;
    if (took > run->slowest_us) {
        run->slowest_us = took;
        run->slowest = run->path;
    }
}

int main (int argc, char **argv)
{
    uint64_t rounds = 0;
    bool has_rounds = argc > 3 && !strcmp (argv[1], "-n") && text_parse_u64 (argv[2], &rounds);
    struct damage damage = has_rounds ? (struct damage){ rounds, rounds } : damage_default ();
    struct run run = { .slowest = "" };
    FTS *tree = fts_open (argv + (has_rounds ? 3 : 1), FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    for (FTSENT *entry; tree && (entry = fts_read (tree));) {
        g_autofree char *data = NULL;
        size_t size;
        if (entry->fts_info != FTS_F || g_str_has_suffix (entry->fts_name, ".expected.json") ||
            !g_file_get_contents (entry->fts_path, &data, &size, NULL))
            continue;
        run.path = g_intern_string (entry->fts_path);
        run.files++;
        damage_each (&damage, data, size, run_input, &run);
    }
    if (tree)
        fts_close (tree);
    printf ("%u files, %" PRIu64 " inputs; the slowest took %.1f ms: %s\n", run.files, run.inputs,
            (double) run.slowest_us / 1000, run.slowest);
    return run.files ? 0 : 1;
}
