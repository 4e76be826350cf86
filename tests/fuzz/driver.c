/* Runs files through a fuzz target without a fuzzer: each as it is, cut short at many places, and
 * with bits flipped from a fixed seed. Arguments: [-n ROUNDS] files and folders. */
#include <fts.h>
#include <stdint.h>
#include <stdio.h>
#include <glib.h>

#include "base/text.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static void mutate (GRand *rand, const char *data, size_t size)
{
    g_autofree char *copy = g_memdup2 (data, size);
    /* Most flips in the head, where the structure is. */
    size_t reach = g_rand_int_range (rand, 0, 4) ? MIN (size, 4096) : MIN (size, INT32_MAX);
    for (int flips = g_rand_int_range (rand, 1, 16); flips > 0; flips--)
        copy[g_rand_int_range (rand, 0, (int) reach)] = (char) g_rand_int (rand);
    LLVMFuzzerTestOneInput ((const uint8_t *) copy, size);
}

/* False if the file cannot be read. */
static bool run_file (const char *path, uint64_t rounds)
{
    g_autofree char *data = NULL;
    size_t size;
    if (!g_file_get_contents (path, &data, &size, NULL))
        return false;
    LLVMFuzzerTestOneInput ((const uint8_t *) data, size);
    g_autoptr (GRand) rand = g_rand_new_with_seed (1);
    for (uint64_t i = 0; i < rounds && size; i++) {
        size_t reach = i % 2 ? MIN (size, 4096) : MIN (size, INT32_MAX);
        size_t cut = (size_t) g_rand_int_range (rand, 0, (int) reach);
        LLVMFuzzerTestOneInput ((const uint8_t *) data, cut);
        mutate (rand, data, size);
    }
    return true;
}

int main (int argc, char **argv)
{
    uint64_t rounds = 64;
    bool has_rounds = argc > 3 && !strcmp (argv[1], "-n") && text_parse_u64 (argv[2], &rounds);
    unsigned files = 0;
    FTS *tree = fts_open (argv + (has_rounds ? 3 : 1), FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    for (FTSENT *entry; tree && (entry = fts_read (tree));)
        if (entry->fts_info == FTS_F)
            files += run_file (entry->fts_path, rounds);
    if (tree)
        fts_close (tree);
    printf ("%u files\n", files);
    return files ? 0 : 1;
}
