#include "test.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <glib.h>

#include "media/cache.h"
#include "tree.h"

#define BYTES 10000

struct world {
    struct tree tree;
    struct cache *cache;
};

static void open_cache (struct world *w, uint64_t max)
{
    struct error e;
    assert_ok (cache_open (w->tree.path, max, &w->cache, &e), &e);
}

static int setup (void **state)
{
    struct world *w = g_new0 (struct world, 1);
    tree_init (&w->tree);
    open_cache (w, 1 << 30);
    *state = w;
    return 0;
}

static int teardown (void **state)
{
    struct world *w = *state;
    cache_close (w->cache);
    tree_clear (&w->tree);
    g_free (w);
    return 0;
}

static void make_key (uint8_t key[CACHE_KEY], unsigned n)
{
    for (unsigned i = 0; i < CACHE_KEY; i++)
        key[i] = (uint8_t) (n * 7919 + i * n);
    memcpy (key, &n, sizeof n);
}

static void put (struct world *w, unsigned n)
{
    uint8_t key[CACHE_KEY];
    char bytes[BYTES];
    int fd = memfd_create ("test", MFD_CLOEXEC);
    make_key (key, n);
    memset (bytes, (int) n, sizeof bytes);
    assert_int_equal (write (fd, bytes, sizeof bytes), sizeof bytes);
    cache_put (w->cache, key, &(struct cache_facts){ BYTES, 1, 20 + n, 10, 3 }, fd);
    close (fd);
}

static enum cache_answer find (struct world *w, unsigned n, bool may_wait)
{
    uint8_t key[CACHE_KEY];
    struct cache_facts facts;
    char bytes[BYTES + 1];
    uint64_t at;
    int fd;
    make_key (key, n);
    enum cache_answer r = cache_find (w->cache, key, may_wait, &facts, &fd, &at);
    if (r != CACHE_HIT)
        return r;
    assert_int_equal (facts.size, BYTES);
    assert_int_equal (facts.width, 20 + n);
    assert_int_equal (facts.frames, 3);
    assert_int_equal (pread (fd, bytes, sizeof bytes, (off_t) at), BYTES);
    for (unsigned i = 0; i < BYTES; i++)
        assert_int_equal ((uint8_t) bytes[i], (uint8_t) n);
    close (fd);
    return r;
}

static uint64_t count_files (struct world *w)
{
    struct cache_stats s;
    cache_get_stats (w->cache, &s);
    return s.files;
}

static void restart (struct world *w, uint64_t max, uint64_t n_files)
{
    cache_close (w->cache);
    open_cache (w, max);
    while (count_files (w) != n_files)
        g_usleep (1000);
}

static char *path_of (struct world *w, unsigned n)
{
    uint8_t key[CACHE_KEY];
    g_autoptr (GString) name = g_string_new (w->tree.path);
    make_key (key, n);
    for (unsigned i = 0; i < CACHE_KEY; i++)
        g_string_append_printf (name, "%s%02x", i < 2 ? "/" : "", key[i]);
    return g_string_free (g_steal_pointer (&name), FALSE);
}

static void test_finds_what_was_put (void **state)
{
    struct world *w = *state;
    assert_int_not_equal (find (w, 1, false), CACHE_HIT);
    assert_int_equal (find (w, 1, true), CACHE_MISS);
    put (w, 1);
    put (w, 2);
    put (w, 2);
    assert_int_equal (find (w, 1, false), CACHE_HIT);
    assert_int_equal (find (w, 2, false), CACHE_HIT);
    assert_int_equal (find (w, 3, true), CACHE_MISS);
    assert_int_equal (count_files (w), 2);
}

static void test_survives_a_restart (void **state)
{
    struct world *w = *state;
    put (w, 1);
    put (w, 2);
    restart (w, 1 << 30, 2);
    assert_int_equal (find (w, 1, false), CACHE_UNSURE);
    assert_int_equal (find (w, 1, true), CACHE_HIT);
    assert_int_equal (find (w, 1, false), CACHE_HIT);
    assert_int_equal (find (w, 2, true), CACHE_HIT);
    assert_int_equal (count_files (w), 2);
}

/* What a machine that lost power may leave, byte by byte. */
static void damage (const char *path, off_t at, off_t length)
{
    int fd = open (path, O_RDWR | O_CLOEXEC);
    char byte;
    assert_int_equal (pread (fd, &byte, 1, at), 1);
    byte ^= 1;
    assert_int_equal (pwrite (fd, &byte, 1, at), 1);
    if (length)
        assert_int_equal (ftruncate (fd, length), 0);
    close (fd);
}

static void test_serves_nothing_damaged (void **state)
{
    struct world *w = *state;
    static const off_t places[][2] = { { 0, 0 },  { 10, 0 },  { 41, 0 },      { 60, 0 },
                                       { 70, 0 }, { 500, 0 }, { BYTES, 0 },   { 0, 1 },
                                       { 0, 72 }, { 0, 73 },  { 100, BYTES }, { 100, 2 * BYTES } };
    unsigned n = 0;
    struct cache_stats s;
    for (unsigned i = 0; i < N_ELEMENTS (places); i++)
        put (w, i);
    cache_close (w->cache);
    for (unsigned i = 0; i < N_ELEMENTS (places); i++) {
        g_autofree char *path = path_of (w, i);
        damage (path, places[i][0], places[i][1]);
        n += places[i][1] == 0 || places[i][1] > 72;
    }
    open_cache (w, 1 << 30);
    while (count_files (w) != n)
        g_usleep (1000);
    for (unsigned i = 0; i < N_ELEMENTS (places); i++) {
        g_autofree char *path = path_of (w, i);
        assert_int_equal (find (w, i, true), CACHE_MISS);
        assert_int_equal (access (path, F_OK), -1);
    }
    cache_get_stats (w->cache, &s);
    assert_int_equal (s.files, 0);
    assert_int_equal (s.bytes, 0);
    assert_true (s.damaged >= n);
    put (w, 1);
    assert_int_equal (find (w, 1, false), CACHE_HIT);
}

static void test_sweeps_what_is_unfinished (void **state)
{
    struct world *w = *state;
    put (w, 1);
    cache_close (w->cache);
    tree_write (&w->tree, "tmp/0", "half of it");
    tree_write (&w->tree, "00/stray", "not ours");
    tree_write (&w->tree, "ab/CDEF", "neither");
    open_cache (w, 1 << 30);
    while (count_files (w) != 1)
        g_usleep (1000);
    static const char *const gone[] = { "tmp/0", "00/stray", "ab/CDEF" };
    for (unsigned i = 0; i < N_ELEMENTS (gone); i++) {
        g_autofree char *path = g_build_filename (w->tree.path, gone[i], NULL);
        assert_int_equal (access (path, F_OK), -1);
    }
    put (w, 2); /* the name of an unfinished file may be taken again */
    assert_int_equal (find (w, 2, false), CACHE_HIT);
}

static void test_forgets_what_was_used_least (void **state)
{
    struct world *w = *state;
    restart (w, 5 * (BYTES + 200), 0);
    for (unsigned i = 0; i < 5; i++)
        put (w, i);
    assert_int_equal (find (w, 0, false), CACHE_HIT);
    put (w, 5);
    put (w, 6);
    assert_int_equal (find (w, 0, false), CACHE_HIT);
    assert_int_equal (find (w, 1, true), CACHE_MISS);
    assert_int_equal (find (w, 2, true), CACHE_MISS);
    assert_int_equal (find (w, 3, false), CACHE_HIT);
    assert_int_equal (count_files (w), 5);
    restart (w, 2 * (BYTES + 200), 2);
}

static void test_keeps_nothing_over_its_limit (void **state)
{
    struct world *w = *state;
    struct cache_stats s;
    restart (w, BYTES, 0);
    put (w, 1);
    assert_int_equal (find (w, 1, true), CACHE_MISS);
    cache_get_stats (w->cache, &s);
    assert_int_equal (s.unwritten, 1);
}

/* Somebody empties the folder by hand. */
static void test_notices_a_removed_file (void **state)
{
    struct world *w = *state;
    put (w, 1);
    put (w, 2);
    g_autofree char *path = path_of (w, 1);
    assert_int_equal (unlink (path), 0);
    assert_int_equal (find (w, 1, true), CACHE_MISS);
    assert_int_equal (find (w, 2, true), CACHE_HIT);
    put (w, 1);
    assert_int_equal (find (w, 1, true), CACHE_HIT);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown (test_finds_what_was_put, setup, teardown),
        cmocka_unit_test_setup_teardown (test_survives_a_restart, setup, teardown),
        cmocka_unit_test_setup_teardown (test_serves_nothing_damaged, setup, teardown),
        cmocka_unit_test_setup_teardown (test_sweeps_what_is_unfinished, setup, teardown),
        cmocka_unit_test_setup_teardown (test_forgets_what_was_used_least, setup, teardown),
        cmocka_unit_test_setup_teardown (test_keeps_nothing_over_its_limit, setup, teardown),
        cmocka_unit_test_setup_teardown (test_notices_a_removed_file, setup, teardown),
    };
    return cmocka_run_group_tests_name ("media_cache", tests, NULL, NULL);
}
