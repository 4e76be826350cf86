/* Writing objects of a folder. */
#include <sys/stat.h>

#include "base/limits.h"
#include "store_listing.h"

struct world {
    struct tree tree;
    struct store *store;
};

static int setup (void **state)
{
    struct world *w = g_new0 (struct world, 1);
    tree_init (&w->tree);
    w->store = new_store (&w->tree);
    store_dir_set_writable (w->store);
    *state = w;
    return 0;
}

static int teardown (void **state)
{
    struct world *w = *state;
    store_free (w->store);
    tree_clear (&w->tree);
    g_free (w);
    return 0;
}

static enum err put (struct world *w, const char *key, const char *bytes, struct error *e)
{
    return store_put (w->store, "bucket", key, bytes, strlen (bytes), "text/plain", e);
}

static void assert_object (struct world *w, const char *key, const char *bytes)
{
    struct store_handle h;
    struct error e;
    char got[100];
    assert_ok (store_open (w->store, "bucket", key, NULL, &h, &e), &e);
    ssize_t n = read (h.fd, got, sizeof got);
    assert_int_equal (n, strlen (bytes));
    assert_memory_equal (got, bytes, (size_t) n);
    store_handle_clear (&h);
}

/* All that there is, nothing that was left on the way. */
static void assert_listed (struct world *w, const char *keys)
{
    g_autofree char *got = list (w->store, NULL, NULL, 100, NULL);
    assert_string_equal (got, keys);
}

static void test_new_and_again (void **state)
{
    struct world *w = *state;
    struct error e;
    struct store_facts before, after;
    assert_ok (put (w, "new", "one", &e), &e);
    assert_object (w, "new", "one");
    assert_ok (store_head (w->store, "bucket", "new", &before, &e), &e);
    assert_ok (put (w, "new", "two", &e), &e);
    assert_object (w, "new", "two");
    assert_ok (store_head (w->store, "bucket", "new", &after, &e), &e);
    assert_false (store_facts_equal (&before, &after));
    assert_ok (put (w, "empty", "", &e), &e);
    assert_object (w, "empty", "");
    assert_listed (w, "empty|new|");
}

/* Who reads an object that is open reads all of the one that he opened. */
static void test_readers_keep_theirs (void **state)
{
    struct world *w = *state;
    struct error e;
    struct store_handle h;
    char got[3];
    assert_ok (put (w, "k", "old", &e), &e);
    assert_ok (store_open (w->store, "bucket", "k", NULL, &h, &e), &e);
    assert_ok (put (w, "k", "new", &e), &e);
    assert_int_equal (read (h.fd, got, 3), 3);
    assert_memory_equal (got, "old", 3);
    store_handle_clear (&h);
}

static void test_folders_are_made (void **state)
{
    struct world *w = *state;
    struct error e;
    struct stat st;
    assert_int_equal (fchmod (w->tree.fd, 0750), 0);
    assert_ok (put (w, "a/b/c/file", "deep", &e), &e);
    assert_object (w, "a/b/c/file", "deep");
    assert_int_equal (fstatat (w->tree.fd, "a/b/c", &st, 0), 0);
    assert_int_equal (st.st_mode & 0777, 0750);
    assert_int_equal (fstatat (w->tree.fd, "a/b/c/file", &st, 0), 0);
    assert_int_equal (st.st_mode & 0777, 0640);
    assert_listed (w, "a/b/c/file|");
}

/* Nothing that all the world may write, and the group of the folder stays that of what is in it. */
static void test_modes (void **state)
{
    struct world *w = *state;
    struct error e;
    struct stat st;
    assert_int_equal (fchmod (w->tree.fd, 03777), 0);
    assert_ok (put (w, "a/b/file", "x", &e), &e);
    assert_int_equal (fstatat (w->tree.fd, "a/b", &st, 0), 0);
    assert_int_equal (st.st_mode & 07777, 02775);
    assert_int_equal (fstatat (w->tree.fd, "a/b/file", &st, 0), 0);
    assert_int_equal (st.st_mode & 07777, 0664);
}

static void test_stays_in_its_bucket (void **state)
{
    struct world *w = *state;
    struct error e;
    struct tree outside;
    tree_init (&outside);
    tree_write (&outside, "file", "untouched");
    g_autofree char *file = g_build_filename (outside.path, "file", NULL);
    assert_int_equal (symlinkat (outside.path, w->tree.fd, "out"), 0);
    assert_int_equal (symlinkat (file, w->tree.fd, "link"), 0);
    static const char *const keys[] = { "../x", "a/../../x", "/x", "a//x", "x/", "." };
    for (size_t i = 0; i < G_N_ELEMENTS (keys); i++)
        assert_err (NO_OBJECT, put (w, keys[i], "x", &e));
    assert_err (STORE_DENIED, put (w, "out/file", "x", &e));
    assert_ok (put (w, "link", "mine", &e), &e); /* in place of the link, not through it */
    g_autofree char *content = NULL;
    assert_true (g_file_get_contents (file, &content, NULL, NULL));
    assert_string_equal (content, "untouched");
    assert_object (w, "link", "mine");
    tree_clear (&outside);
}

static void test_what_is_in_the_way (void **state)
{
    struct world *w = *state;
    struct error e;
    tree_write (&w->tree, "folder/file", "x");
    assert_err (STORE_DENIED, put (w, "folder", "x", &e));
    assert_err (STORE_DENIED, put (w, "folder/file/below", "x", &e));
    g_autofree char *name = g_strnfill (300, 'n');
    assert_err (STORE_DENIED, put (w, name, "x", &e));
    assert_err (NO_BUCKET, store_put (w->store, "none", "k", "x", 1, NULL, &e));
    assert_listed (w, "folder/file|");
}

static void test_only_if_it_may (void **state)
{
    struct world *w = *state;
    struct error e;
    struct store *s = new_store (&w->tree);
    assert_err (STORE_DENIED, store_put (s, "bucket", "k", "x", 1, NULL, &e));
    store_free (s);
    assert_err (LIMIT, store_put (w->store, "bucket", "k", "x", LIMIT_STORE_BODY + 1, NULL, &e));
    assert_listed (w, "");
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown (test_new_and_again, setup, teardown),
        cmocka_unit_test_setup_teardown (test_readers_keep_theirs, setup, teardown),
        cmocka_unit_test_setup_teardown (test_folders_are_made, setup, teardown),
        cmocka_unit_test_setup_teardown (test_modes, setup, teardown),
        cmocka_unit_test_setup_teardown (test_stays_in_its_bucket, setup, teardown),
        cmocka_unit_test_setup_teardown (test_what_is_in_the_way, setup, teardown),
        cmocka_unit_test_setup_teardown (test_only_if_it_may, setup, teardown),
    };
    return cmocka_run_group_tests_name ("store_dir_put", tests, NULL, NULL);
}
