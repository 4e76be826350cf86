/* Listings of folders with more names than fit the window. */
#include <signal.h>
#include <sys/resource.h>

#include "base/text.h"
#include "store_listing.h"

#define WINDOW 4096 /* a dozen names */

static int compare_keys (const void *a, const void *b)
{
    return strcmp (*(char *const *) a, *(char *const *) b);
}

/* Makes `n` files with long names, some of them in folders; returns their keys in order. */
static GPtrArray *make_files (struct tree *t, int n)
{
    GPtrArray *keys = g_ptr_array_new_with_free_func (g_free);
    for (int i = 0; i < n; i++) {
        const char *folder = i % 7 ? "" : i % 2 ? "d/" : "d/d/";
        char *key = g_strdup_printf ("%s%0*d", folder, 20 + (i * 37) % 180, i);
        tree_write (t, key, "");
        g_ptr_array_add (keys, key);
    }
    g_ptr_array_sort (keys, compare_keys);
    return keys;
}

/* The keys in (after, before), as list() tells them. */
static char *join (const GPtrArray *keys, const char *after, const char *before)
{
    GString *text = g_string_new ("");
    for (guint i = 0; i < keys->len; i++) {
        const char *key = keys->pdata[i];
        if ((!after || strcmp (key, after) > 0) && (!before || strcmp (key, before) < 0))
            g_string_append_printf (text, "%s|", key);
    }
    return g_string_free (text, FALSE);
}

static void assert_lists (struct store *s, const GPtrArray *keys, const char *after,
                          const char *before)
{
    g_autofree char *want = join (keys, after, before);
    for (size_t max = 1; max < 1000; max = max * 7 + 1) {
        g_autofree char *got = list (s, after, before, max, NULL);
        assert_string_equal (got, want);
    }
}

/* A folder takes many windows, and folders within it as well. */
static void test_many_windows (void **state)
{
    (void) state;
    struct tree t;
    tree_init (&t);
    g_autoptr (GPtrArray) keys = make_files (&t, 600);
    struct store *s = new_store (&t);
    for (size_t window = WINDOW; window < 40 * WINDOW; window *= 3) {
        store_dir_set_window (s, window);
        assert_lists (s, keys, NULL, NULL);
        for (guint i = 0; i < keys->len; i += 120) {
            assert_lists (s, keys, keys->pdata[i], NULL);
            assert_lists (s, keys, NULL, keys->pdata[i]);
            assert_lists (s, keys, keys->pdata[i], keys->pdata[MIN (i + 200, keys->len - 1)]);
        }
    }
    store_free (s);
    tree_clear (&t);
}

/* A store with a small window over a tree, and another tree for its temporary files. */
struct world {
    struct tree tree, spill;
    struct store *store;
    GPtrArray *keys;
    struct store_listing *listing;
    struct store_page page;
    struct error e;
};

static struct world *world_new (int files)
{
    struct world *w = g_new0 (struct world, 1);
    tree_init (&w->tree);
    tree_init (&w->spill);
    w->keys = make_files (&w->tree, files);
    w->store = new_store (&w->tree);
    store_dir_set_window (w->store, WINDOW);
    store_dir_set_spill (w->store, w->spill.path);
    store_page_init (&w->page);
    return w;
}

static void world_free (struct world *w)
{
    store_list_close (w->listing);
    store_page_clear (&w->page);
    store_free (w->store);
    g_ptr_array_unref (w->keys);
    tree_clear (&w->tree);
    tree_clear (&w->spill);
    g_free (w);
}

/* Opens the listing and takes a first page of a few keys. */
static void world_begin (struct world *w)
{
    assert_ok (store_list_open (w->store, "bucket", NULL, NULL, NULL, &w->listing, &w->e), &w->e);
    assert_ok (store_list_next (w->listing, 5, &w->page, &w->e), &w->e);
    assert_int_equal (w->page.objects->len, 5);
    assert_false (w->page.is_last);
}

/* Reads to the end or an error. Adds the keys to `ret`. */
static enum err world_rest (struct world *w, GPtrArray *ret)
{
    enum err r = ERR_OK;
    while (!w->page.is_last && r == ERR_OK) {
        r = store_list_next (w->listing, 50, &w->page, &w->e);
        for (guint i = 0; r == ERR_OK && i < w->page.objects->len; i++)
            g_ptr_array_add (
                ret, g_strdup (g_array_index (w->page.objects, struct store_object, i).key));
    }
    return r;
}

/* What goes is not told, what comes may be; all others are told once and in order. */
static void test_files_that_come_and_go (void **state)
{
    (void) state;
    struct world *w = world_new (400);
    world_begin (w);
    g_autoptr (GPtrArray) want = g_ptr_array_new (), got = g_ptr_array_new_with_free_func (g_free);
    for (guint i = 5; i < w->keys->len; i++) {
        const char *key = w->keys->pdata[i];
        g_autofree char *come = g_strconcat (key, "+", NULL);
        if (i % 3)
            g_ptr_array_add (want, w->keys->pdata[i]);
        else
            assert_int_equal (unlinkat (w->tree.fd, key, 0), 0);
        tree_write (&w->tree, come, "");
    }
    assert_ok (world_rest (w, got), &w->e);
    guint found = 0;
    for (guint i = 0; i < got->len; i++) {
        const char *key = got->pdata[i];
        assert_true (i == 0 || strcmp (got->pdata[i - 1], key) < 0);
        if (found < want->len && strcmp (key, want->pdata[found]) == 0)
            found++;
        else
            assert_true (g_str_has_suffix (key, "+"));
    }
    assert_int_equal (found, want->len);
    world_free (w);
}

/* Descriptors of temporary files in the folder; their paths end with " (deleted)". */
static GArray *find_temporary (const char *folder)
{
    GArray *fds = g_array_new (FALSE, FALSE, sizeof (int));
    GDir *dir = g_dir_open ("/proc/self/fd", 0, NULL);
    for (const char *name; (name = g_dir_read_name (dir)) != NULL;) {
        g_autofree char *path = g_build_filename ("/proc/self/fd", name, NULL);
        g_autofree char *target = g_file_read_link (path, NULL);
        uint64_t fd;
        if (target && g_str_has_prefix (target, folder) && target[strlen (folder)] == '/' &&
            text_parse_u64 (name, &fd))
            g_array_append_vals (fds, &(int){ (int) fd }, 1);
    }
    g_dir_close (dir);
    return fds;
}

static size_t count_entries (const char *path)
{
    size_t n = 0;
    GDir *dir = g_dir_open (path, 0, NULL);
    while (g_dir_read_name (dir))
        n++;
    g_dir_close (dir);
    return n;
}

/* A listing has one temporary file however many of its folders need it, and nobody else sees it. */
static void test_nothing_stays (void **state)
{
    (void) state;
    struct world *w = world_new (600);
    world_begin (w);
    do {
        g_autoptr (GArray) fds = find_temporary (w->spill.path);
        assert_int_equal (fds->len, 1);
        assert_int_equal (count_entries (w->spill.path), 0);
        assert_ok (store_list_next (w->listing, 100, &w->page, &w->e), &w->e);
    } while (!w->page.is_last);
    store_list_close (g_steal_pointer (&w->listing));
    g_autoptr (GArray) fds = find_temporary (w->spill.path);
    assert_int_equal (fds->len, 0);
    world_free (w);
}

static void test_folder_that_is_not_there (void **state)
{
    (void) state;
    struct world *w = world_new (300);
    store_dir_set_spill (w->store, "/does/not/exist");
    assert_lists (w->store, w->keys, NULL, NULL);
    world_free (w);
}

/* Lists with files of at most `size` bytes, as on a full disk. */
static enum err list_with_little_space (struct world *w, const char *after, rlim_t size,
                                        GPtrArray *ret)
{
    struct rlimit before, limit;
    assert_int_equal (getrlimit (RLIMIT_FSIZE, &before), 0);
    limit = before;
    limit.rlim_cur = size;
    assert_ok (store_list_open (w->store, "bucket", after, NULL, NULL, &w->listing, &w->e), &w->e);
    void (*handler) (int) = signal (SIGXFSZ, SIG_IGN);
    assert_int_equal (setrlimit (RLIMIT_FSIZE, &limit), 0);
    enum err r = world_rest (w, ret);
    assert_int_equal (setrlimit (RLIMIT_FSIZE, &before), 0);
    signal (SIGXFSZ, handler);
    return r;
}

static void test_full_disk_fails_the_listing (void **state)
{
    (void) state;
    static const rlim_t sizes[] = { 0, 1000, 5000, 20000 };
    for (size_t i = 0; i < G_N_ELEMENTS (sizes); i++) {
        struct world *w = world_new (600);
        g_autoptr (GPtrArray) got = g_ptr_array_new_with_free_func (g_free);
        assert_err (STORE_DOWN, list_with_little_space (w, NULL, sizes[i], got));
        assert_non_null (strstr (w->e.message, w->spill.path));
        assert_int_equal (got->len, 0);
        world_free (w);
    }
}

/* Names that a listing starts behind are not put aside: the last few fit the window. */
static void test_resuming_writes_only_what_is_left (void **state)
{
    (void) state;
    struct world *w = world_new (400);
    store_dir_set_window (w->store, 2 * WINDOW);
    const guint from = w->keys->len - 10;
    g_autoptr (GPtrArray) got = g_ptr_array_new_with_free_func (g_free);
    assert_ok (list_with_little_space (w, w->keys->pdata[from - 1], 0, got), &w->e);
    assert_int_equal (got->len, 10);
    for (guint i = 0; i < got->len; i++)
        assert_string_equal (got->pdata[i], w->keys->pdata[from + i]);
    world_free (w);
}

static void test_lost_file_fails_the_listing (void **state)
{
    (void) state;
    struct world *w = world_new (600);
    world_begin (w);
    g_autoptr (GArray) fds = find_temporary (w->spill.path);
    assert_int_equal (fds->len, 1);
    assert_int_equal (ftruncate (g_array_index (fds, int, 0), 0), 0);
    g_autoptr (GPtrArray) got = g_ptr_array_new_with_free_func (g_free);
    assert_err (STORE_DOWN, world_rest (w, got));
    world_free (w);
}

static void test_spoilt_file_fails_the_listing (void **state)
{
    (void) state;
    struct world *w = world_new (600);
    world_begin (w);
    g_autoptr (GArray) fds = find_temporary (w->spill.path);
    assert_int_equal (fds->len, 1);
    int fd = g_array_index (fds, int, 0);
    struct stat st;
    assert_int_equal (fstat (fd, &st), 0);
    g_autofree char *bytes = g_strnfill ((gsize) st.st_size, '\xff');
    assert_int_equal (pwrite (fd, bytes, (size_t) st.st_size, 0), st.st_size);
    g_autoptr (GPtrArray) got = g_ptr_array_new_with_free_func (g_free);
    assert_err (STORE_DOWN, world_rest (w, got));
    world_free (w);
}

static bool is_stopped (void *arg)
{
    int *countdown = arg;
    return (*countdown)-- == 0;
}

/* Wherever it is stopped, while names are read, put aside or merged. */
static void test_stopping (void **state)
{
    (void) state;
    struct world *w = world_new (600);
    int asked = 0;
    for (int n = 0, rest = -1; rest < 0; n++) {
        rest = n;
        struct store_list_hooks hooks = { .is_stopped = is_stopped, .arg = &rest };
        g_autoptr (GPtrArray) got = g_ptr_array_new_with_free_func (g_free);
        store_page_reset (&w->page);
        assert_ok (store_list_open (w->store, "bucket", NULL, NULL, &hooks, &w->listing, &w->e),
                   &w->e);
        enum err r = world_rest (w, got);
        assert_string_equal (error_name (r), error_name (rest < 0 ? ERR_CLOSED : ERR_OK));
        store_list_close (g_steal_pointer (&w->listing));
        asked = n;
    }
    assert_true (asked > 50);
    world_free (w);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_many_windows),
        cmocka_unit_test (test_files_that_come_and_go),
        cmocka_unit_test (test_nothing_stays),
        cmocka_unit_test (test_folder_that_is_not_there),
        cmocka_unit_test (test_full_disk_fails_the_listing),
        cmocka_unit_test (test_resuming_writes_only_what_is_left),
        cmocka_unit_test (test_lost_file_fails_the_listing),
        cmocka_unit_test (test_spoilt_file_fails_the_listing),
        cmocka_unit_test (test_stopping),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
