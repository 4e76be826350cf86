/* Listings: order, ranges, passes, depth, filters. */
#include "base/limits.h"
#include "store_listing.h"

/* Folders sort as if a '/' were part of their names: that is the order of whole keys. */
static void test_byte_order_of_whole_keys (void **state)
{
    (void) state;
    struct tree t;
    tree_init (&t);
    const char *keys[] = {
        "a/x", "a/b/c", "a-b", "a.jpg", "a0", "b", "ä", "A", "a/b0", "zz/1/2/3"
    };
    for (size_t i = 0; i < G_N_ELEMENTS (keys); i++)
        tree_write (&t, keys[i], "");
    tree_mkdir (&t, "empty/empty");
    struct store *s = new_store (&t);
    assert_list (s, NULL, NULL, "A|a-b|a.jpg|a/b/c|a/b0|a/x|a0|b|zz/1/2/3|ä|");
    store_free (s);
    tree_clear (&t);
}

static void test_resume_from_every_key (void **state)
{
    (void) state;
    struct tree t;
    tree_init (&t);
    static const char *const keys[] = { "a-b/x", "a/b/c", "a/b/d", "a/b0", "a/c", "a0/x", "b" };
    for (size_t i = 0; i < G_N_ELEMENTS (keys); i++)
        tree_write (&t, keys[i], "");
    struct store *s = new_store (&t);
    static const char *const bounds[] = { "",      "a",      "a-b/x", "a/",   "a/b",   "a/b/",
                                          "a/b/c", "a/b/cc", "a/b/d", "a/b0", "a/b00", "a/c/d",
                                          "a0",    "a0/x",   "b",     "c" };
    for (size_t from = 0; from < G_N_ELEMENTS (bounds); from++) {
        for (size_t to = from; to < G_N_ELEMENTS (bounds); to++) {
            g_autoptr (GString) want = g_string_new ("");
            for (size_t i = 0; i < G_N_ELEMENTS (keys); i++)
                if (strcmp (keys[i], bounds[from]) > 0 && strcmp (keys[i], bounds[to]) < 0)
                    g_string_append_printf (want, "%s|", keys[i]);
            assert_list (s, bounds[from], bounds[to], want->str);
        }
    }
    store_free (s);
    tree_clear (&t);
}

static void count_folder (void *arg, int dir_fd, const char *prefix)
{
    assert_true (dir_fd >= 0);
    g_string_append_printf (arg, "%s|", prefix);
}

/* A listing that starts or ends within a folder reads no other one. */
static void test_seeks_straight_to_its_range (void **state)
{
    (void) state;
    struct tree t;
    tree_init (&t);
    static const char *const keys[] = { "a/x", "b/a/x", "b/b/x", "b/c/x", "c/x" };
    for (size_t i = 0; i < G_N_ELEMENTS (keys); i++)
        tree_write (&t, keys[i], "");
    struct store *s = new_store (&t);
    g_autoptr (GString) folders = g_string_new ("");
    struct store_list_hooks hooks = { .on_folder = count_folder, .arg = folders };
    g_autofree char *got = list (s, "b/a/x", "b/c", 1, &hooks);
    assert_string_equal (got, "b/b/x|");
    assert_string_equal (folders->str, "|b/|b/a/|b/b/|");
    store_free (s);
    tree_clear (&t);
}

static void test_odd_names (void **state)
{
    (void) state;
    struct tree t;
    tree_init (&t);
    tree_write (&t, "new\nline", "");
    tree_write (&t, "bad\xff.jpg", "");
    tree_write (&t, "bad\xff/inside.jpg", "");
    tree_write (&t, " \\", "");
    tree_write (&t, ".hidden", "");
    struct store *s = new_store (&t);
    g_autofree char *got = list (s, NULL, NULL, 100, NULL);
    assert_string_equal (got, " \\|.hidden|new\nline|"
                              "!bad\\xFF.jpg has a name that is not UTF-8|"
                              "!bad\\xFF/ is a folder whose name is not UTF-8|");
    store_free (s);
    tree_clear (&t);
}

/* Makes `n` nested folders with names of `len` and a file in the last; returns the key. */
static char *make_deep (struct tree *t, int n, size_t len)
{
    g_autofree char *name = g_strnfill (len, 'd');
    GString *key = g_string_new ("");
    int at = dup (t->fd);
    for (int i = 0; i < n; i++) {
        assert_int_equal (mkdirat (at, name, 0755), 0);
        int below = openat (at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_true (below >= 0);
        close (at);
        at = below;
        g_string_append_printf (key, "%s/", name);
    }
    int file = openat (at, "f", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    assert_true (file >= 0);
    close (file);
    close (at);
    g_string_append_c (key, 'f');
    return g_string_free (key, FALSE);
}

/* Cuts a deep chain down from the top, because no path reaches its end. */
static void remove_deep (struct tree *t, size_t len)
{
    g_autofree char *name = g_strnfill (len, 'd');
    g_autofree char *path = g_strconcat (t->path, "/", name, NULL);
    const char *const argv[] = { "rm", "-rf", path, NULL };
    assert_true (g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL,
                               NULL, NULL, NULL));
}

/* A key of exactly 4,096 bytes is longer than a path may be, and still an object. */
static void test_longest_key (void **state)
{
    (void) state;
    struct tree t;
    struct error e;
    struct store_facts facts;
    tree_init (&t);
    g_autofree char *key = make_deep (&t, 21, 194);
    assert_int_equal (strlen (key), LIMIT_KEY_MAX);
    struct store *s = new_store (&t);
    g_autofree char *want = g_strconcat (key, "|", NULL);
    g_autofree char *got = list (s, NULL, NULL, 10, NULL);
    assert_string_equal (got, want);
    assert_ok (store_head (s, "bucket", key, &facts, &e), &e);
    struct store_handle h;
    assert_ok (store_open (s, "bucket", key, NULL, &h, &e), &e);
    assert_ok (store_verify (&h, NULL, &e), &e);
    store_handle_clear (&h);
    store_free (s);
    remove_deep (&t, 194);
    tree_clear (&t);
}

static void test_keys_that_are_too_long (void **state)
{
    (void) state;
    struct tree t;
    tree_init (&t);
    g_autofree char *key = make_deep (&t, 22, 194);
    struct store *s = new_store (&t);
    g_autofree char *got = list (s, NULL, NULL, 10, NULL);
    assert_true (g_str_has_prefix (got, "!ddd"));
    assert_true (g_str_has_suffix (got, "/ is a folder in which keys would be too long|"));
    store_free (s);
    remove_deep (&t, 194);
    tree_clear (&t);
}

/* More levels than a listing keeps open, and more than it goes down. */
static void test_deep_folders (void **state)
{
    (void) state;
    struct tree t;
    tree_init (&t);
    g_autofree char *key = make_deep (&t, LIMIT_DIR_DEPTH - 1, 1);
    tree_write (&t, "d/d/z", "");
    tree_write (&t, "z", "");
    struct store *s = new_store (&t);
    g_autofree char *want = g_strconcat (key, "|d/d/z|z|", NULL);
    for (size_t max = 1; max < 4; max++) {
        g_autofree char *got = list (s, NULL, NULL, max, NULL);
        assert_string_equal (got, want);
    }
    g_autofree char *below = g_strndup (key, strlen (key) - 1);
    g_autofree char *one_more = g_strconcat (below, "d", NULL);
    g_autofree char *file = g_strconcat (one_more, "/x", NULL);
    tree_write (&t, file, "");
    g_autofree char *want_more =
        g_strconcat (key, "|d/d/z|z|!", one_more, "/ is a folder that is nested too deep|", NULL);
    g_autofree char *got_more = list (s, NULL, NULL, 100, NULL);
    assert_string_equal (got_more, want_more);
    store_free (s);
    remove_deep (&t, 1);
    tree_clear (&t);
}

static void test_filters (void **state)
{
    (void) state;
    struct tree t;
    struct error e;
    struct store_facts facts;
    tree_init (&t);
    static const char *const keys[] = { "a.jpg", "a.txt", "tmp/x.jpg", "b/tmp/x.jpg", "b/y.jpg" };
    for (size_t i = 0; i < G_N_ELEMENTS (keys); i++)
        tree_write (&t, keys[i], "");
    assert_int_equal (mkfifoat (t.fd, "fifo", 0644), 0);
    struct store *s = new_store (&t);
    char *include[] = { "*.jpg", NULL }, *exclude[] = { "tmp/*", "*/tmp/x*", NULL };
    store_dir_set_filter (s, "bucket", include, exclude);
    g_autoptr (GString) folders = g_string_new ("");
    struct store_list_hooks hooks = { .on_folder = count_folder, .arg = folders };
    g_autofree char *got = list (s, NULL, NULL, 100, &hooks);
    assert_string_equal (got, "a.jpg|b/y.jpg|");
    assert_string_equal (folders->str, "|b/|b/tmp/|");
    assert_err (NO_OBJECT, store_head (s, "bucket", "a.txt", &facts, &e));
    assert_err (NO_OBJECT, store_head (s, "bucket", "tmp/x.jpg", &facts, &e));
    assert_ok (store_head (s, "bucket", "a.jpg", &facts, &e), &e);
    store_free (s);
    tree_clear (&t);
}

static bool is_stopped (void *arg)
{
    int *countdown = arg;
    return (*countdown)-- == 0;
}

static void test_stopping (void **state)
{
    (void) state;
    struct tree t;
    tree_init (&t);
    tree_write (&t, "a/b", "");
    struct store *s = new_store (&t);
    for (int n = 0; n < 4; n++) {
        int countdown = n;
        struct error e;
        struct store_listing *l;
        struct store_page page;
        struct store_list_hooks hooks = { .is_stopped = is_stopped, .arg = &countdown };
        store_page_init (&page);
        assert_ok (store_list_open (s, "bucket", NULL, NULL, &hooks, &l, &e), &e);
        assert_err (CLOSED, store_list_next (l, 10, &page, &e));
        store_list_close (l);
        store_page_clear (&page);
    }
    store_free (s);
    tree_clear (&t);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_byte_order_of_whole_keys),
        cmocka_unit_test (test_resume_from_every_key),
        cmocka_unit_test (test_seeks_straight_to_its_range),
        cmocka_unit_test (test_odd_names),
        cmocka_unit_test (test_longest_key),
        cmocka_unit_test (test_keys_that_are_too_long),
        cmocka_unit_test (test_deep_folders),
        cmocka_unit_test (test_filters),
        cmocka_unit_test (test_stopping),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
