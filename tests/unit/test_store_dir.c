#include "tree.h"

#include <sys/mount.h>
#include <sys/sysmacros.h>

#include "base/limits.h"
#include "store/dir.h"

static struct store *new_store (struct tree *t)
{
    struct error e;
    struct store *s;
    assert_ok (store_dir_new ("test", NULL, &s, &e), &e);
    assert_ok (store_dir_add_bucket (s, "bucket", t->path, &e), &e);
    return s;
}

/* Lists (after, before) in pages of `max`, checking what every page promises. Keys are joined by
 * '|', a gap is "[lo,hi)", a reject "!key". */
static char *list (struct store *s, const char *after, const char *before, size_t max,
                   const struct store_list_hooks *hooks)
{
    struct error e;
    struct store_listing *l;
    struct store_page page;
    store_page_init (&page);
    GString *out = g_string_new (""), *last = g_string_new (after);
    assert_ok (store_list_open (s, "bucket", after, before, hooks, &l, &e), &e);
    while (!page.is_last) {
        assert_ok (store_list_next (l, max, &page, &e), &e);
        assert_true (page.objects->len <= max);
        for (guint i = 0; i < page.objects->len; i++) {
            struct store_object *o = &g_array_index (page.objects, struct store_object, i);
            assert_true (strcmp (o->key, last->str) > 0);
            assert_true (!page.upto || strcmp (o->key, page.upto) <= 0);
            g_string_assign (last, o->key);
            g_string_append_printf (out, "%s|", o->key);
        }
        for (guint i = 0; i < page.gaps->len; i++) {
            struct store_gap *gap = page.gaps->pdata[i];
            g_string_append_printf (out, "[%s,%s)|", gap->lo, gap->hi);
        }
        for (guint i = 0; i < page.rejects->len; i++) {
            struct store_reject *r = page.rejects->pdata[i];
            g_string_append_printf (out, "!%s %s|", r->key, r->reason);
        }
        if (page.upto) {
            assert_true (strcmp (page.upto, last->str) >= 0);
            g_string_assign (last, page.upto);
        }
    }
    store_list_close (l);
    store_page_clear (&page);
    g_string_free (last, TRUE);
    return g_string_free (out, FALSE);
}

static void assert_list (struct store *s, const char *after, const char *before, const char *want)
{
    for (size_t max = 1; max < 20; max++) {
        g_autofree char *got = list (s, after, before, max, NULL);
        assert_string_equal (got, want);
    }
}

static int compare_keys (const void *a, const void *b)
{
    return strcmp (*(char *const *) a, *(char *const *) b);
}

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

/* With a window of a dozen names, a folder takes many passes and folders within it as well. */
static void test_several_passes (void **state)
{
    (void) state;
    struct tree t;
    tree_init (&t);
    g_autoptr (GPtrArray) keys = g_ptr_array_new_with_free_func (g_free);
    for (int i = 0; i < 400; i++) {
        char *key = g_strdup_printf ("%s%0*d", i % 7 ? "" : "d/", 20 + (i * 37) % 180, i);
        tree_write (&t, key, "");
        g_ptr_array_add (keys, key);
    }
    g_ptr_array_sort (keys, compare_keys);
    g_autoptr (GString) want = g_string_new ("");
    for (guint i = 0; i < keys->len; i++)
        g_string_append_printf (want, "%s|", (char *) keys->pdata[i]);
    struct store *s = new_store (&t);
    store_dir_set_window (s, 4096);
    for (size_t max = 1; max < 1000; max = max * 3 + 1) {
        g_autofree char *got = list (s, NULL, NULL, max, NULL);
        assert_string_equal (got, want->str);
    }
    const char *middle = keys->pdata[200];
    g_autofree char *rest = list (s, middle, NULL, 50, NULL);
    assert_string_equal (rest, strstr (want->str, middle) + strlen (middle) + 1);
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
    assert_ok (store_open (s, "bucket", key, &h, &e), &e);
    assert_ok (store_verify (&h, &e), &e);
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
    assert_err (NOT_A_FILE, store_open (s, "bucket", "fifo", &h, &e));
    assert_err (NOT_A_FILE, store_open (s, "bucket", "link", &h, &e));
    assert_err (NOT_A_FILE, store_open (s, "bucket", "socket", &h, &e));
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
    assert_ok (store_open (s, "bucket", "a", &h, &e), &e);
    char content[8] = "";
    assert_int_equal (read (h.fd, content, sizeof content), 3);
    assert_string_equal (content, "one");
    assert_ok (store_verify (&h, &e), &e);
    tree_write (&t, "b", "two");
    assert_int_equal (renameat (t.fd, "b", t.fd, "a"), 0);
    assert_err (VERSION_CHANGED, store_verify (&h, &e));
    assert_int_equal (unlinkat (t.fd, "a", 0), 0);
    assert_err (NO_OBJECT, store_verify (&h, &e));
    store_handle_clear (&h);
    tree_write (&t, "a", "one");
    assert_ok (store_open (s, "bucket", "a", &h, &e), &e);
    tree_write (&t, "a", "longer");
    assert_err (VERSION_CHANGED, store_verify (&h, &e));
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
        cmocka_unit_test (test_byte_order_of_whole_keys),
        cmocka_unit_test (test_resume_from_every_key),
        cmocka_unit_test (test_seeks_straight_to_its_range),
        cmocka_unit_test (test_several_passes),
        cmocka_unit_test (test_odd_names),
        cmocka_unit_test (test_longest_key),
        cmocka_unit_test (test_keys_that_are_too_long),
        cmocka_unit_test (test_deep_folders),
        cmocka_unit_test (test_links),
        cmocka_unit_test (test_special_files),
        cmocka_unit_test (test_facts),
        cmocka_unit_test (test_keys_that_no_listing_yields),
        cmocka_unit_test (test_verify),
        cmocka_unit_test (test_unreadable_folders_are_gaps),
        cmocka_unit_test (test_filters),
        cmocka_unit_test (test_stopping),
        cmocka_unit_test (test_vanished_root),
        cmocka_unit_test (test_mounts_below),
        cmocka_unit_test (test_buckets_of_a_root),
        cmocka_unit_test (test_prefix_end),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
