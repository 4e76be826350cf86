/* Makes the damaged copies. */
#include "damage.h"

#include <stdlib.h>
#include <string.h>
#include <glib.h>

#define HEAD      4096 /* where the structure is */
#define FLIPS_MAX 16   /* bytes of one copy that are overwritten */

struct damage damage_default (void)
{
    if (getenv ("BINDERY_TEST_LONG"))
        return (struct damage){ .cuts = 200, .flips = 1000 };
    return (struct damage){ .cuts = 20, .flips = 60 };
}

/* Places spread over the file; of a large one half of them in the head. */
static size_t cut_at (uint64_t i, uint64_t cuts, size_t size)
{
    size_t reach = i % 2 ? MIN (size, HEAD) : size;
    return (size_t) (i * reach / cuts);
}

static void flip (GRand *rand, uint8_t *data, size_t size)
{
    size_t reach = g_rand_int_range (rand, 0, 4) ? MIN (size, HEAD) : MIN (size, INT32_MAX);
    for (int flips = g_rand_int_range (rand, 1, FLIPS_MAX); flips > 0; flips--)
        data[g_rand_int_range (rand, 0, (int) reach)] = (uint8_t) g_rand_int (rand);
}

void damage_each (const struct damage *d, const char *data, size_t size, damage_fn *fn, void *arg)
{
    const uint8_t *bytes = (const uint8_t *) data;
    fn (arg, bytes, size);
    if (!size)
        return;
    for (uint64_t i = 0; i < d->cuts; i++)
        fn (arg, bytes, cut_at (i, d->cuts, size));
    g_autoptr (GRand) rand = g_rand_new_with_seed (1);
    for (uint64_t i = 0; i < d->flips; i++) {
        g_autofree uint8_t *copy = g_memdup2 (data, size);
        flip (rand, copy, size);
        fn (arg, copy, size);
    }
}
