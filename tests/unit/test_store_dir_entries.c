/* What is an object and what is not; mounts, buckets. */
#include <sys/mount.h>
#include <sys/sysmacros.h>

#include "base/limits.h"
#include "store_listing.h"

static void test_links (void **state)
{
    (void) state;
    struct tree t;
    struct error e;
    struct store_facts of_link, of_file;
    tree_init (&t);
    tree_write (&t, "in/file", "content");
    static const char *const links[][2] = {
        { "in/file", "1-file" },
        { "../in/file", "in/2-up" },
        { "nothing", "3-dangling" },
        { "4-loop", "4-loop" },
        { "in", "5-folder" },
        { "../../../../etc/passwd", "6-out" },
        { "/etc/passwd", "7-absolute" },
        { "1-file", "8-chain" },
        { "/proc/self/exe", "9-magic" },
    };
    for (size_t i = 0; i < G_N_ELEMENTS (links); i++)
        assert_int_equal (symlinkat (links[i][0], t.fd, links[i][1]), 0);
    struct store *s = new_store (&t);
    g_autofree char *got = list (s, NULL, NULL, 100, NULL);
    assert_string_equal (got, "1-file|8-chain|in/2-up|in/file|"
                              "!3-dangling is a dangling link|!4-loop is a loop of links|"
                              "!5-folder is a link to a folder, which is not followed|"
                              "!6-out is a link out of the bucket|"
                              "!7-absolute is a link out of the bucket|"
                              "!9-magic is a link out of the bucket|");
    assert_ok (store_head (s, "bucket", "1-file", &of_link, &e), &e);
    assert_ok (store_head (s, "bucket", "in/file", &of_file, &e), &e);
    assert_true (store_facts_equal (&of_link, &of_file));
    assert_int_equal (of_link.size, 7);
    assert_err (NOT_A_FILE, store_head (s, "bucket", "6-out", &of_link, &e));
    assert_err (NOT_A_FILE, store_head (s, "bucket", "5-folder", &of_link, &e));
    assert_err (NO_OBJECT, store_head (s, "bucket", "5-folder/file", &of_link, &e));
    store_free (s);
    tree_clear (&t);
}

static void test_special_files (void **state)
{
    (void) state;
    struct tree t;
    struct error e;
    struct store_handle h;
    tree_init (&t);
    assert_int_equal (mkfifoat (t.fd, "fifo", 0644), 0);
    assert_int_equal (mknodat (t.fd, "socket", S_IFSOCK | 0644, 0), 0);
    bool has_device = mknodat (t.fd, "zero", S_IFCHR | 0644, makedev (1, 5)) == 0;
    assert_int_equal (symlinkat ("fifo", t.fd, "link"), 0);
    struct store *s = new_store (&t);
    g_autofree char *got = list (s, NULL, NULL, 100, NULL);
    g_autofree char *want =
        g_strconcat ("!fifo is a FIFO|!link is a link to a FIFO|!socket is a socket|",
                     has_device ? "!zero is a character device|" : "", NULL);
    assert_string_equal (got, want);
    assert_err (NOT_A_FILE, store_open (s, "bucket", "fifo", NULL, &h, &e));
    assert_err (NOT_A_FILE, store_open (s, "bucket", "link", NULL, &h, &e));
    assert_err (NOT_A_FILE, store_open (s, "bucket", "socket", NULL, &h, &e));
    store_free (s);
    tree_clear (&t);
}

static void test_facts (void **state)
{
    (void) state;
    struct tree t;
    struct error e;
    struct store_facts a, b;
    tree_init (&t);
    tree_write (&t, "sparse.jpg", "");
    int fd = openat (t.fd, "sparse.jpg", O_WRONLY | O_CLOEXEC);
    assert_int_equal (ftruncate (fd, (off_t) (2 * GIB)), 0);
    const struct timespec times[2] = { { 1, 0 }, { 1600000000, 123456789 } };
    assert_int_equal (futimens (fd, times), 0);
    struct store *s = new_store (&t);
    assert_ok (store_head (s, "bucket", "sparse.jpg", &a, &e), &e);
    assert_int_equal (a.size, 2 * GIB);
    assert_int_equal (a.mtime_ns, 1600000000123456789);
    assert_int_equal (strlen (a.etag), 32);
    assert_int_equal (strspn (a.etag, "0123456789ABCDEF"), 32);
    const struct timespec later[2] = { { 1, 0 }, { 1600000000, 123456790 } };
    assert_int_equal (futimens (fd, later), 0);
    assert_ok (store_head (s, "bucket", "sparse.jpg", &b, &e), &e);
    assert_string_not_equal (a.etag, b.etag);
    assert_false (store_facts_equal (&a, &b));
    close (fd);
    store_free (s);
    tree_clear (&t);
}

static void test_keys_that_no_listing_yields (void **state)
{
    (void) state;
    struct tree t;
    struct error e;
    struct store_facts facts;
    tree_init (&t);
    tree_write (&t, "a/b", "");
    struct store *s = new_store (&t);
    g_autofree char *long_name = g_strnfill (256, 'x');
    g_autofree char *long_key = g_strnfill (LIMIT_KEY_MAX + 1, 'x');
    const char *const bad[] = { "",        "/",        "/a/b",   "a//b",   "a/./b",
                                "./a/b",   "a/../a/b", "..",     "a/b/",   "a/b/c",
                                long_name, long_key,   "a/\xff", "a/none", "none/b" };
    for (size_t i = 0; i < G_N_ELEMENTS (bad); i++)
        assert_err (NO_OBJECT, store_head (s, "bucket", bad[i], &facts, &e));
    assert_err (NOT_A_FILE, store_head (s, "bucket", "a", &facts, &e));
    assert_err (NO_BUCKET, store_head (s, "other", "a/b", &facts, &e));
    assert_err (NO_BUCKET, store_head (s, "../etc", "passwd", &facts, &e));
    store_free (s);
    tree_clear (&t);
}

static void test_verify (void **state)
{
    (void) state;
    struct tree t;
    struct error e;
    struct store_handle h;
    tree_init (&t);
    tree_write (&t, "a", "one");
    struct store *s = new_store (&t);
    assert_ok (store_open (s, "bucket", "a", NULL, &h, &e), &e);
    char content[8] = "";
    assert_int_equal (read (h.fd, content, sizeof content), 3);
    assert_string_equal (content, "one");
    assert_ok (store_verify (&h, NULL, &e), &e);
    tree_write (&t, "b", "two");
    assert_int_equal (renameat (t.fd, "b", t.fd, "a"), 0);
    assert_err (VERSION_CHANGED, store_verify (&h, NULL, &e));
    assert_int_equal (unlinkat (t.fd, "a", 0), 0);
    assert_err (NO_OBJECT, store_verify (&h, NULL, &e));
    store_handle_clear (&h);
    tree_write (&t, "a", "one");
    assert_ok (store_open (s, "bucket", "a", NULL, &h, &e), &e);
    tree_write (&t, "a", "longer");
    assert_err (VERSION_CHANGED, store_verify (&h, NULL, &e));
    store_handle_clear (&h);
    store_free (s);
    tree_clear (&t);
}

/* Root may read everything: these run as nobody. */
static bool become_nobody (struct tree *t)
{
    if (geteuid () != 0)
        return true;
    assert_int_equal (chown (t->path, 65534, 65534), 0);
    assert_int_equal (chmod (t->path, 0755), 0);
    return seteuid (65534) == 0;
}

static void become_again (uid_t uid)
{
    if (geteuid () != uid)
        assert_int_equal (seteuid (uid), 0);
}

static void test_unreadable_folders_are_gaps (void **state)
{
    (void) state;
    struct tree t;
    struct error e;
    struct store_facts facts;
    uid_t uid = geteuid ();
    tree_init (&t);
    assert_true (become_nobody (&t));
    tree_write (&t, "a", "");
    tree_write (&t, "m/x", "");
    tree_write (&t, "n/x", "");
    tree_write (&t, "n/y", "");
    tree_write (&t, "z", "");
    struct store *s = new_store (&t);
    assert_int_equal (fchmodat (t.fd, "m", 0, 0), 0);
    assert_int_equal (fchmodat (t.fd, "n", 0444, 0), 0);
    g_autofree char *got = list (s, NULL, NULL, 100, NULL);
    assert_string_equal (got, "a|z|[m/,m0)|[n/x,n0)|");
    assert_err (STORE_DENIED, store_head (s, "bucket", "m/x", &facts, &e));
    /* Each page that a gap touches tells it. */
    for (size_t max = 1; max < 3; max++) {
        g_autofree char *some = list (s, NULL, NULL, max, NULL);
        assert_non_null (strstr (some, "[m/,m0)"));
        assert_non_null (strstr (some, "[n/x,n0)"));
    }
    assert_ok (store_check (s, "bucket", &e), &e);
    assert_int_equal (chmod (t.path, 0444), 0);
    assert_err (STORE_DENIED, store_check (s, "bucket", &e));
    assert_int_equal (chmod (t.path, 0), 0);
    assert_err (STORE_DENIED, store_check (s, "bucket", &e));
    assert_int_equal (chmod (t.path, 0755), 0);
    become_again (uid);
    assert_int_equal (fchmodat (t.fd, "m", 0755, 0), 0);
    assert_int_equal (fchmodat (t.fd, "n", 0755, 0), 0);
    store_free (s);
    tree_clear (&t);
}

static void test_vanished_root (void **state)
{
    (void) state;
    struct tree t;
    struct error e;
    struct store_listing *l;
    tree_init (&t);
    tree_mkdir (&t, "root");
    struct store *s;
    g_autofree char *path = g_build_filename (t.path, "root", NULL);
    assert_ok (store_dir_new ("test", NULL, &s, &e), &e);
    assert_ok (store_dir_add_bucket (s, "bucket", path, &e), &e);
    g_autoptr (GPtrArray) known = g_ptr_array_new_with_free_func (store_mount_free);
    assert_ok (store_mounts (s, "bucket", known, &e), &e);
    struct store_list_hooks hooks = { .known_mounts = known };
    assert_ok (store_list_open (s, "bucket", NULL, NULL, &hooks, &l, &e), &e);
    store_list_close (l);
    assert_int_equal (renameat (t.fd, "root", t.fd, "old"), 0);
    assert_err (NO_BUCKET, store_check (s, "bucket", &e));
    assert_err (NO_BUCKET, store_list_open (s, "bucket", NULL, NULL, NULL, &l, &e));
    assert_err (STORE_CHANGED, store_list_open (s, "bucket", NULL, NULL, &hooks, &l, &e));
    tree_mkdir (&t, "root");
    assert_err (STORE_CHANGED, store_list_open (s, "bucket", NULL, NULL, &hooks, &l, &e));
    assert_int_equal (unlinkat (t.fd, "root", AT_REMOVEDIR), 0);
    assert_int_equal (renameat (t.fd, "old", t.fd, "root"), 0);
    assert_ok (store_list_open (s, "bucket", NULL, NULL, &hooks, &l, &e), &e);
    store_list_close (l);
    store_free (s);
    tree_clear (&t);
}

/* What a first page tells of mounts. */
static GPtrArray *mounts_of (struct store *s)
{
    struct error e;
    struct store_listing *l;
    struct store_page page;
    store_page_init (&page);
    assert_ok (store_list_open (s, "bucket", NULL, NULL, NULL, &l, &e), &e);
    assert_ok (store_list_next (l, 100, &page, &e), &e);
    store_list_close (l);
    GPtrArray *mounts = g_ptr_array_ref (page.mounts);
    store_page_clear (&page);
    return mounts;
}

static void test_mounts_below (void **state)
{
    (void) state;
    struct tree t;
    tree_init (&t);
    tree_write (&t, "a", "");
    tree_write (&t, "m/hidden", "");
    tree_write (&t, "z", "");
    g_autofree char *path = g_build_filename (t.path, "m", NULL);
    if (mount ("none", path, "tmpfs", 0, "size=64k") < 0) {
        print_message ("may not mount: skipped\n");
        tree_clear (&t);
        skip ();
    }
    tree_write (&t, "m/x", "");
    struct store *s = new_store (&t);
    g_autoptr (GPtrArray) known = mounts_of (s);
    assert_int_equal (known->len, 2);
    assert_string_equal (((struct store_mount *) known->pdata[1])->prefix, "m/");
    struct store_list_hooks hooks = { .known_mounts = known };
    g_autofree char *mounted = list (s, NULL, NULL, 100, &hooks);
    assert_string_equal (mounted, "a|m/x|z|");
    assert_int_equal (umount2 (path, 0), 0);
    g_autofree char *unmounted = list (s, NULL, NULL, 100, &hooks);
    assert_string_equal (unmounted, "a|z|[m/,m0)|");
    g_autofree char *accepted = list (s, NULL, NULL, 100, NULL);
    assert_string_equal (accepted, "a|m/hidden|z|");
    g_autofree char *elsewhere = list (s, "m0", NULL, 100, &hooks);
    assert_string_equal (elsewhere, "z|");
    assert_int_equal (mount ("none", path, "tmpfs", 0, "size=64k"), 0);
    g_autofree char *another = list (s, NULL, NULL, 100, &hooks);
    assert_string_equal (another, "a|z|[m/,m0)|");
    assert_int_equal (umount2 (path, 0), 0);
    assert_int_equal (unlinkat (t.fd, "m/hidden", 0), 0);
    assert_int_equal (unlinkat (t.fd, "m", AT_REMOVEDIR), 0);
    g_autofree char *gone = list (s, NULL, NULL, 1, &hooks);
    assert_non_null (strstr (gone, "[m/,m0)|"));
    store_free (s);
    tree_clear (&t);
}

static char *join_take (GPtrArray *take_texts)
{
    g_ptr_array_add (take_texts, NULL);
    char *text = g_strjoinv ("|", (char **) take_texts->pdata);
    g_ptr_array_unref (take_texts);
    return text;
}

static void test_buckets_of_a_root (void **state)
{
    (void) state;
    struct tree t;
    struct error e;
    struct store *s;
    tree_init (&t);
    tree_mkdir (&t, "photos");
    tree_mkdir (&t, "Bad_Name");
    tree_mkdir (&t, "ab");
    tree_write (&t, "loose.txt", "");
    assert_int_equal (symlinkat ("photos", t.fd, "linked"), 0);
    assert_err (INVALID_ARGUMENT, store_dir_new ("test", "/does/not/exist", &s, &e));
    assert_ok (store_dir_new ("test", t.path, &s, &e), &e);
    assert_ok (store_dir_add_bucket (s, "extra", t.path, &e), &e);
    assert_err (INVALID_ARGUMENT, store_dir_add_bucket (s, "extra", t.path, &e));
    assert_err (INVALID_ARGUMENT, store_dir_add_bucket (s, "photos", t.path, &e));
    assert_err (INVALID_ARGUMENT, store_dir_add_bucket (s, "No", t.path, &e));
    assert_err (INVALID_ARGUMENT, store_dir_add_bucket (s, "none", "/does/not/exist", &e));
    GPtrArray *names = g_ptr_array_new_with_free_func (g_free);
    assert_ok (store_buckets (s, names, &e), &e);
    g_autofree char *buckets = join_take (names);
    assert_string_equal (buckets, "extra|photos");
    GPtrArray *strays = g_ptr_array_new_with_free_func (g_free);
    store_dir_strays (s, strays);
    assert_int_equal (strays->len, 4);
    g_ptr_array_unref (strays);
    assert_ok (store_check (s, "photos", &e), &e);
    assert_err (NO_BUCKET, store_check (s, "linked", &e));
    assert_err (NO_BUCKET, store_check (s, "nowhere", &e));
    struct stores *all = stores_new ();
    struct store *found;
    stores_add_take (all, s);
    assert_ok (stores_find (all, "extra", &found, &e), &e);
    assert_ptr_equal (found, s);
    assert_err (NO_BUCKET, stores_find (all, "nowhere", &found, &e));
    stores_free (all);
    tree_clear (&t);
}

static void test_prefix_end (void **state)
{
    (void) state;
    g_autofree char *folder = store_prefix_end ("a/b/"), *carry = store_prefix_end ("a\xff\xff");
    assert_string_equal (folder, "a/b0");
    assert_string_equal (carry, "b");
    assert_null (store_prefix_end (""));
    assert_null (store_prefix_end ("\xff"));
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_links),
        cmocka_unit_test (test_special_files),
        cmocka_unit_test (test_facts),
        cmocka_unit_test (test_keys_that_no_listing_yields),
        cmocka_unit_test (test_verify),
        cmocka_unit_test (test_unreadable_folders_are_gaps),
        cmocka_unit_test (test_vanished_root),
        cmocka_unit_test (test_mounts_below),
        cmocka_unit_test (test_buckets_of_a_root),
        cmocka_unit_test (test_prefix_end),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
