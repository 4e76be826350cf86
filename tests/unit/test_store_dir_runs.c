/* Sorted runs in a temporary file, and their merge. */
#include "test.h"

#include <glib.h>

#include "base/limits.h"
#include "store/dir_runs.h"

static uint64_t next_random (uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return *state >> 33;
}

/* Fills a window with texts out of `universe`, of very different lengths. */
static void fill (struct names *x, uint64_t universe, uint64_t *seed, uint8_t *seen)
{
    char text[NAMES_TEXT_MAX + 1];
    do {
        uint64_t id = next_random (seed) % universe;
        size_t len = id % 11 == 0 ? 1 + id * 7919 % NAMES_TEXT_MAX : 8;
        memset (text, 'x', sizeof text);
        text[MAX (len, 8)] = '\0';
        for (int i = 0; i < 8; i++)
            text[i] = (char) ("0123456789\xff/a\x01zA"[id >> (28 - 4 * i) & 15]);
        if (!names_add (x, text, strlen (text), (uint8_t) (id % 13)))
            break;
        seen[id] = 1;
    } while (next_random (seed) % 100);
}

/* Reads all back in small windows: ascending, so that nothing is told twice. */
static size_t read_all (struct dir_runs *r, struct names *x)
{
    struct error e;
    char last[NAMES_TEXT_MAX + 1] = "";
    size_t n = 0;
    while (!dir_runs_is_done (r)) {
        names_begin (x, NAMES_MIN_LIMIT);
        assert_ok (dir_runs_read (r, x, &e), &e);
        assert_true (x->n > 0);
        for (size_t i = 0; i < x->n; i++, n++) {
            assert_true (strcmp (last, names_text (x, i)) < 0);
            assert_int_equal (strlen (names_text (x, i)), x->v[i].len);
            g_strlcpy (last, names_text (x, i), sizeof last);
        }
    }
    return n;
}

static void merge_runs (struct spill *spill, size_t runs, size_t memory, uint64_t universe)
{
    struct error e;
    struct names x = { 0 };
    uint64_t seed = runs;
    g_autofree uint8_t *seen = g_malloc0 (universe);
    const uint64_t base = spill->end;
    struct dir_runs *r = dir_runs_new (spill, memory, NULL);
    for (size_t i = 0; i < runs; i++) {
        names_begin (&x, NAMES_MIN_LIMIT);
        fill (&x, universe, &seed, seen);
        names_sort (&x);
        assert_ok (dir_runs_add (r, &x, &e), &e);
    }
    size_t want = 0;
    for (uint64_t id = 0; id < universe; id++)
        want += seen[id];
    assert_ok (dir_runs_start (r, &e), &e);
    assert_true (dir_runs_held (r) <= MAX (memory, 4 * KIB));
    assert_int_equal (read_all (r, &x), want);
    dir_runs_free (r);
    assert_int_equal (spill->end, base);
    names_clear (&x);
}

static void test_any_number_of_runs (void **state)
{
    (void) state;
    static const size_t counts[] = { 1, 2, 3, 4, 7, 9, LIMIT_DIR_MERGE, LIMIT_DIR_MERGE + 1, 500 };
    static const size_t memories[] = { 0, 4 * KIB, 32 * KIB, 32 * MIB };
    struct spill spill = { .folder = "/tmp", .fd = -1 };
    for (size_t c = 0; c < G_N_ELEMENTS (counts); c++)
        for (size_t m = 0; m < G_N_ELEMENTS (memories); m++)
            for (uint64_t universe = 10; universe < 100000; universe *= 100)
                merge_runs (&spill, counts[c], memories[m], universe);
    spill_close (&spill);
}

static void test_more_runs_than_are_kept (void **state)
{
    (void) state;
    struct spill spill = { .folder = "/tmp", .fd = -1 };
    merge_runs (&spill, 2 * LIMIT_DIR_RUNS, 32 * MIB, 100000);
    merge_runs (&spill, 2 * LIMIT_DIR_RUNS, 16 * KIB, 100000);
    spill_close (&spill);
}

/* A folder's runs lie on top of those of the folder that it is in. */
static void test_runs_on_runs (void **state)
{
    (void) state;
    struct error e;
    struct spill spill = { .folder = "/tmp", .fd = -1 };
    struct names x = { 0 };
    struct dir_runs *r = dir_runs_new (&spill, 4 * KIB, NULL);
    static const char *const texts[] = { "c", "a", "b" };
    for (size_t i = 0; i < G_N_ELEMENTS (texts); i++) {
        names_begin (&x, NAMES_MIN_LIMIT);
        assert_true (names_add (&x, texts[i], 1, 0));
        names_sort (&x);
        assert_ok (dir_runs_add (r, &x, &e), &e);
    }
    merge_runs (&spill, 20, 4 * KIB, 1000);
    assert_ok (dir_runs_start (r, &e), &e);
    merge_runs (&spill, 20, 4 * KIB, 1000);
    assert_int_equal (read_all (r, &x), 3);
    dir_runs_free (r);
    assert_int_equal (spill.end, 0);
    names_clear (&x);
    spill_close (&spill);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_any_number_of_runs),
        cmocka_unit_test (test_more_runs_than_are_kept),
        cmocka_unit_test (test_runs_on_runs),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
