#include "tree.h"

#include <pthread.h>
#include <sys/mount.h>

#include "base/clock.h"
#include "base/limits.h"
#include "scan/watch.h"

#define PATIENCE_MS 5000

/* What was told, as "1 CLOSED a/b", one a line. */
struct ear {
    pthread_mutex_t lock;
    pthread_cond_t news;
    GString *heard; /* without MOUNTS, which anybody on this machine may cause */
    bool has_heard_mounts;
    pthread_mutex_t pause; /* held by a test to keep the watcher busy */
};

static void hear (void *arg, int64_t binding, const struct watch_event *events, size_t n)
{
    static const char *const kinds[] = { "CLOSED",  "SETTLE", "GONE",      "FOLDER",
                                         "UNMOUNT", "MOUNTS", "ROOT_GONE", "OVERFLOW" };
    struct ear *ear = arg;
    assert_true (n > 0 && n <= LIMIT_WATCH_BATCH);
    pthread_mutex_lock (&ear->pause);
    pthread_mutex_unlock (&ear->pause);
    pthread_mutex_lock (&ear->lock);
    for (size_t i = 0; i < n; i++) {
        if (events[i].kind == WATCH_MOUNTS)
            ear->has_heard_mounts = true;
        else
            g_string_append_printf (ear->heard, "%d %s %s\n", (int) binding, kinds[events[i].kind],
                                    events[i].key);
    }
    pthread_cond_broadcast (&ear->news);
    pthread_mutex_unlock (&ear->lock);
}

/* Waits until a line was told; returns everything before it and forgets that. */
static char *wait_for (struct ear *ear, const char *line)
{
    struct timespec deadline;
    clock_gettime (CLOCK_REALTIME, &deadline);
    deadline.tv_sec += PATIENCE_MS / 1000;
    g_autofree char *wanted = g_strconcat (line, "\n", NULL);
    const char *found;
    pthread_mutex_lock (&ear->lock);
    while ((found = strstr (ear->heard->str, wanted)) == NULL)
        if (pthread_cond_timedwait (&ear->news, &ear->lock, &deadline) != 0)
            fail_msg ("'%s' was not told, but: %s", line, ear->heard->str);
    char *before = g_strndup (ear->heard->str, (gsize) (found - ear->heard->str));
    g_string_erase (ear->heard, 0, found - ear->heard->str + (gssize) strlen (wanted));
    pthread_mutex_unlock (&ear->lock);
    return before;
}

static void assert_next (struct ear *ear, const char *line)
{
    g_autofree char *before = wait_for (ear, line);
    assert_string_equal (before, "");
}

struct scene {
    struct tree t;
    struct ear ear;
    struct watch *w;
};

static int set_up (void **state)
{
    struct scene *s = g_new0 (struct scene, 1);
    struct error e;
    tree_init (&s->t);
    pthread_mutex_init (&s->ear.lock, NULL);
    pthread_mutex_init (&s->ear.pause, NULL);
    pthread_cond_init (&s->ear.news, NULL);
    s->ear.heard = g_string_new ("");
    assert_ok (watch_new (hear, &s->ear, &s->w, &e), &e);
    watch_add (s->w, 1);
    *state = s;
    return 0;
}

static int tear_down (void **state)
{
    struct scene *s = *state;
    watch_free (s->w);
    tree_clear (&s->t);
    g_string_free (s->ear.heard, TRUE);
    g_free (s);
    return 0;
}

/* Watches a folder of the tree as one of a binding. */
static bool watch_prefix (struct scene *s, int64_t binding, const char *path, const char *prefix)
{
    int fd = openat (s->t.fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true (fd >= 0);
    bool is_watched = watch_folder (s->w, binding, fd, prefix);
    close (fd);
    return is_watched;
}

static void move (struct scene *s, const char *from, const char *to)
{
    assert_int_equal (renameat (s->t.fd, from, s->t.fd, to), 0);
}

static void test_files (void **state)
{
    struct scene *s = *state;
    assert_true (watch_prefix (s, 1, ".", ""));
    tree_write (&s->t, "a.jpg", "x");
    g_autofree char *before = wait_for (&s->ear, "1 CLOSED a.jpg");
    assert_true (*before == '\0' || strcmp (before, "1 SETTLE a.jpg\n") == 0);
    move (s, "a.jpg", "b.jpg");
    assert_next (&s->ear, "1 GONE a.jpg");
    assert_next (&s->ear, "1 CLOSED b.jpg");
    assert_int_equal (fchmodat (s->t.fd, "b.jpg", 0600, 0), 0);
    assert_next (&s->ear, "1 SETTLE b.jpg");
    assert_int_equal (linkat (s->t.fd, "b.jpg", s->t.fd, "c\n.jpg", 0), 0);
    g_autofree char *count = wait_for (&s->ear, "1 SETTLE c\n.jpg");
    assert_int_equal (unlinkat (s->t.fd, "b.jpg", 0), 0);
    g_autofree char *rest = wait_for (&s->ear, "1 GONE b.jpg");
}

/* A file that stays open is told when it grows, once for many writes, and again after something
 * else. */
static void test_writes_without_close (void **state)
{
    struct scene *s = *state;
    tree_write (&s->t, "log", "");
    watch_prefix (s, 1, ".", "");
    _cleanup_close_ int fd = openat (s->t.fd, "log", O_WRONLY | O_APPEND | O_CLOEXEC);
    for (int i = 0; i < 100; i++)
        assert_int_equal (write (fd, "line\n", 5), 5);
    assert_int_equal (fchmodat (s->t.fd, "log", 0600, 0), 0);
    assert_int_equal (write (fd, "line\n", 5), 5);
    tree_write (&s->t, "last", "");
    g_autofree char *before = wait_for (&s->ear, "1 CLOSED last");
    g_auto (GStrv) told = g_strsplit (before, "1 SETTLE log\n", -1);
    guint times = g_strv_length (told) - 1;
    assert_true (times >= 1 && times <= 3); /* a write, the mode, a write */
}

/* Names that cannot be keys are not told. */
static void test_odd_names (void **state)
{
    struct scene *s = *state;
    watch_prefix (s, 1, ".", "");
    tree_write (&s->t, "\xff.jpg", "x");
    assert_int_equal (mkdirat (s->t.fd, "\xff", 0755), 0);
    assert_int_equal (mkdirat (s->t.fd, "last", 0755), 0);
    assert_next (&s->ear, "1 FOLDER last/");
}

static void test_folders_come_and_go (void **state)
{
    struct scene *s = *state;
    watch_prefix (s, 1, ".", "");
    tree_mkdir (&s->t, "d/e");
    assert_next (&s->ear, "1 FOLDER d/");
    assert_true (watch_prefix (s, 1, "d", "d/"));
    assert_true (watch_prefix (s, 1, "d/e", "d/e/"));
    assert_int_equal (watch_count (s->w, 1), 3);
    tree_write (&s->t, "d/e/x", "");
    g_autofree char *settle = wait_for (&s->ear, "1 CLOSED d/e/x");
    unlinkat (s->t.fd, "d/e/x", 0);
    assert_next (&s->ear, "1 GONE d/e/x");
    unlinkat (s->t.fd, "d/e", AT_REMOVEDIR);
    assert_next (&s->ear, "1 FOLDER d/e/");
    assert_int_equal (watch_count (s->w, 1), 2);
}

/* After a folder was moved, nothing is told with the old prefix, nor with the new one until it was
 * watched again. */
static void test_moved_folder (void **state)
{
    struct scene *s = *state;
    tree_mkdir (&s->t, "d/e");
    tree_mkdir (&s->t, "d-f");
    watch_prefix (s, 1, ".", "");
    watch_prefix (s, 1, "d", "d/");
    watch_prefix (s, 1, "d-f", "d-f/");
    watch_prefix (s, 1, "d/e", "d/e/");
    move (s, "d", "n");
    assert_next (&s->ear, "1 FOLDER d/");
    assert_next (&s->ear, "1 FOLDER n/");
    assert_int_equal (watch_count (s->w, 1), 2);
    tree_write (&s->t, "n/e/x", "");
    watch_prefix (s, 1, "n", "n/");
    watch_prefix (s, 1, "n/e", "n/e/");
    move (s, "n/e/x", "n/e/y");
    assert_next (&s->ear, "1 GONE n/e/x");
    assert_next (&s->ear, "1 CLOSED n/e/y");
}

/* Another folder took the prefix before the watcher heard of it. */
static void test_prefix_with_another_folder (void **state)
{
    struct scene *s = *state;
    tree_mkdir (&s->t, "old/below");
    tree_mkdir (&s->t, "new");
    watch_prefix (s, 1, "old", "d/");
    watch_prefix (s, 1, "old/below", "d/below/");
    watch_prefix (s, 1, "new", "d/");
    assert_int_equal (watch_count (s->w, 1), 1);
    tree_write (&s->t, "old/below/x", "");
    assert_int_equal (mkdirat (s->t.fd, "new/y", 0755), 0);
    assert_next (&s->ear, "1 FOLDER d/y/");
}

static void test_two_bindings_of_one_folder (void **state)
{
    struct scene *s = *state;
    watch_add (s->w, 2);
    tree_mkdir (&s->t, "d");
    watch_prefix (s, 1, "d", "");
    watch_prefix (s, 2, "d", "sub/");
    tree_write (&s->t, "d/x", "");
    g_autofree char *second = wait_for (&s->ear, "2 CLOSED sub/x");
    if (!strstr (second, "1 CLOSED x\n"))
        g_free (wait_for (&s->ear, "1 CLOSED x"));
    watch_remove (s->w, 2);
    assert_int_equal (watch_count (s->w, 2), 0);
    move (s, "d/x", "d/y");
    g_autofree char *rest = wait_for (&s->ear, "1 GONE x");
    assert_null (strstr (rest, "2 "));
    assert_next (&s->ear, "1 CLOSED y");
    assert_false (watch_prefix (s, 2, "d", "sub/"));
}

static void test_root_gone (void **state)
{
    struct scene *s = *state;
    tree_mkdir (&s->t, "root");
    watch_prefix (s, 1, "root", "");
    move (s, "root", "elsewhere");
    assert_next (&s->ear, "1 ROOT_GONE ");
}

/* Calling again for a folder changes nothing and is cheap. */
static void test_watching_again (void **state)
{
    struct scene *s = *state;
    for (int i = 0; i < 100; i++)
        assert_true (watch_prefix (s, 1, ".", ""));
    assert_int_equal (watch_count (s->w, 1), 1);
    assert_int_equal (watch_unwatched (s->w, 1, NULL), 0);
}

/* More than the kernel's queue holds, while the callback is busy. */
static void test_overflow (void **state)
{
    struct scene *s = *state;
    g_autofree char *text = NULL;
    if (!g_file_get_contents ("/proc/sys/fs/inotify/max_queued_events", &text, NULL, NULL))
        skip ();
    guint64 max = g_ascii_strtoull (text, NULL, 10);
    if (max > 100000) {
        print_message ("the queue of this machine is too long to fill\n");
        skip ();
    }
    watch_prefix (s, 1, ".", "");
    tree_write (&s->t, "a", "");
    pthread_mutex_lock (&s->ear.pause);
    for (guint64 i = 0; i < max + 8192; i++)
        move (s, i % 2 ? "b" : "a", i % 2 ? "a" : "b");
    pthread_mutex_unlock (&s->ear.pause);
    g_autofree char *before = wait_for (&s->ear, "1 OVERFLOW ");
    tree_write (&s->t, "after", "");
    g_autofree char *rest = wait_for (&s->ear, "1 CLOSED after");
}

/* What cannot be watched is a prefix to poll; one prefix stands for what lies below. A descriptor
 * of a file is something that cannot be watched as a folder. */
static void test_unwatched (void **state)
{
    struct scene *s = *state;
    tree_write (&s->t, "file", "");
    int fd = openat (s->t.fd, "file", O_RDONLY | O_CLOEXEC);
    assert_false (watch_folder (s->w, 1, fd, "d/"));
    assert_false (watch_folder (s->w, 1, fd, "d/e/"));
    assert_false (watch_folder (s->w, 1, fd, "d/e/"));
    assert_false (watch_folder (s->w, 1, fd, "d-/"));
    close (fd);
    g_autoptr (GPtrArray) prefixes = g_ptr_array_new_with_free_func (g_free);
    assert_int_equal (watch_unwatched (s->w, 1, prefixes), 3);
    assert_int_equal (prefixes->len, 2);
    assert_string_equal (prefixes->pdata[0], "d-/");
    assert_string_equal (prefixes->pdata[1], "d/");
    tree_mkdir (&s->t, "d");
    assert_true (watch_prefix (s, 1, "d", "d/"));
    assert_int_equal (watch_unwatched (s->w, 1, NULL), 2);
    watch_forget_unwatched (s->w, 1);
    assert_int_equal (watch_unwatched (s->w, 1, NULL), 0);
}

static void test_too_many_unwatched (void **state)
{
    struct scene *s = *state;
    tree_write (&s->t, "file", "");
    int fd = openat (s->t.fd, "file", O_RDONLY | O_CLOEXEC);
    for (int i = 0; i < LIMIT_UNWATCHED + 1; i++) {
        char prefix[32];
        g_snprintf (prefix, sizeof prefix, "%d/", i);
        watch_folder (s->w, 1, fd, prefix);
    }
    close (fd);
    g_autoptr (GPtrArray) prefixes = g_ptr_array_new_with_free_func (g_free);
    assert_int_equal (watch_unwatched (s->w, 1, prefixes), LIMIT_UNWATCHED);
    assert_int_equal (prefixes->len, 1);
    assert_string_equal (prefixes->pdata[0], "");
}

static void test_unmount (void **state)
{
    struct scene *s = *state;
    tree_mkdir (&s->t, "m");
    g_autofree char *path = g_build_filename (s->t.path, "m", NULL);
    watch_prefix (s, 1, ".", "");
    if (mount ("none", path, "tmpfs", 0, "size=64k") < 0) {
        print_message ("may not mount: skipped\n");
        skip ();
    }
    watch_prefix (s, 1, "m", "m/");
    assert_int_equal (umount2 (path, 0), 0);
    assert_next (&s->ear, "1 UNMOUNT m/");
    assert_int_equal (mkdirat (s->t.fd, "last", 0755), 0);
    assert_next (&s->ear, "1 FOLDER last/");
    assert_int_equal (watch_count (s->w, 1), 1);
    assert_true (s->ear.has_heard_mounts);
}

#define TEST(f) cmocka_unit_test_setup_teardown (f, set_up, tear_down)

int main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (test_files),
        TEST (test_writes_without_close),
        TEST (test_odd_names),
        TEST (test_folders_come_and_go),
        TEST (test_moved_folder),
        TEST (test_prefix_with_another_folder),
        TEST (test_two_bindings_of_one_folder),
        TEST (test_root_gone),
        TEST (test_watching_again),
        TEST (test_overflow),
        TEST (test_unwatched),
        TEST (test_too_many_unwatched),
        TEST (test_unmount),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
