/* The root key: configured, or made once and kept. */
#include "test.h"

#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auth/keys.h"
#include "auth_folder.h"

static int setup (void **state)
{
    return auth_folder_setup (state, "root-key");
}

static void makes_a_key_once_and_keeps_it (void **state)
{
    struct auth_folder *f = *state;
    struct keys *a, *b;
    struct principal *found;
    struct error e;
    struct stat st;
    assert_ok (keys_open (f->folder, "", "", &a, &e), &e);
    assert_ok (keys_open (f->folder, NULL, NULL, &b, &e), &e);
    assert_true (g_str_has_prefix (keys_root (a)->id, "LTAI"));
    assert_int_equal (strlen (keys_root (a)->id), 24);
    assert_int_equal (strlen (keys_root (a)->secret), 30);
    assert_string_equal (keys_root (a)->id, keys_root (b)->id);
    assert_string_equal (keys_root (a)->secret, keys_root (b)->secret);
    assert_string_equal (keys_root_path (a), f->path);
    assert_int_equal (stat (f->path, &st), 0);
    assert_int_equal (st.st_mode & 0777, 0600);
    assert_ok (keys_find (a, keys_root (a)->id, &found, &e), &e);
    assert_true (found->is_root);
    principal_unref (found);
    assert_err (KEY_NOT_FOUND, keys_find (a, "LTAI", &found, &e));
    keys_close (a);
    keys_close (b);
}

static void two_servers_get_two_keys (void **state)
{
    struct auth_folder *f = *state;
    struct keys *a, *b;
    struct error e;
    assert_ok (keys_open (f->folder, NULL, NULL, &a, &e), &e);
    unlink (f->path);
    assert_ok (keys_open (f->folder, NULL, NULL, &b, &e), &e);
    assert_string_not_equal (keys_root (a)->id, keys_root (b)->id);
    assert_string_not_equal (keys_root (a)->secret, keys_root (b)->secret);
    keys_close (a);
    keys_close (b);
}

static void a_configured_key_leaves_no_file (void **state)
{
    struct auth_folder *f = *state;
    struct keys *k;
    struct error e;
    assert_ok (keys_open (f->folder, "id", "secret", &k, &e), &e);
    assert_string_equal (keys_root (k)->secret, "secret");
    assert_null (keys_root_path (k));
    assert_int_equal (access (f->path, F_OK), -1);
    keys_close (k);
}

static void refuses_half_and_odd_keys (void **state)
{
    struct auth_folder *f = *state;
    struct keys *k;
    struct error e;
    g_autofree char *longest = g_strnfill (PRINCIPAL_ID_MAX, 'x');
    g_autofree char *too_long = g_strnfill (PRINCIPAL_ID_MAX + 1, 'x');
    assert_err (INVALID_ARGUMENT, keys_open (f->folder, "id", "", &k, &e));
    assert_err (INVALID_ARGUMENT, keys_open (f->folder, NULL, "secret", &k, &e));
    assert_err (INVALID_ARGUMENT, keys_open (f->folder, "a b", "secret", &k, &e));
    assert_err (INVALID_ARGUMENT, keys_open (f->folder, "a,b", "secret", &k, &e));
    assert_err (INVALID_ARGUMENT, keys_open (f->folder, "id", "pass\nword", &k, &e));
    assert_null (strstr (e.message, "word"));
    assert_err (INVALID_ARGUMENT, keys_open (f->folder, too_long, "secret", &k, &e));
    assert_ok (keys_open (f->folder, longest, "secret", &k, &e), &e);
    keys_close (k);
}

/* A damaged file is for the operator to look at: a new key would lock everybody out silently. */
static void never_replaces_a_damaged_file (void **state)
{
    struct auth_folder *f = *state;
    static const char *const bad[] = { "", "AccessKeyId=a\n", "AccessKeySecret=b\n",
                                       "AccessKeyId=\nAccessKeySecret=b\n", "noise" };
    for (size_t i = 0; i < G_N_ELEMENTS (bad); i++) {
        struct keys *k;
        struct error e;
        g_autofree char *left = NULL;
        assert_true (g_file_set_contents (f->path, bad[i], -1, NULL));
        assert_err (INVALID_ARGUMENT, keys_open (f->folder, NULL, NULL, &k, &e));
        assert_non_null (strstr (e.message, "root-key"));
        assert_true (g_file_get_contents (f->path, &left, NULL, NULL));
        assert_string_equal (left, bad[i]);
    }
}

static void takes_a_file_that_was_edited_by_hand (void **state)
{
    struct auth_folder *f = *state;
    struct keys *k;
    struct error e;
    struct stat st;
    assert_true (g_file_set_contents (f->path, "AccessKeySecret= s \r\nAccessKeyId=a", -1, NULL));
    assert_int_equal (chmod (f->path, 0644), 0);
    assert_ok (keys_open (f->folder, NULL, NULL, &k, &e), &e);
    assert_string_equal (keys_root (k)->id, "a");
    assert_string_equal (keys_root (k)->secret, "s");
    assert_int_equal (stat (f->path, &st), 0);
    assert_int_equal (st.st_mode & 0777, 0600);
    keys_close (k);
}

static void follows_no_link (void **state)
{
    struct auth_folder *f = *state;
    struct keys *k;
    struct error e;
    assert_int_equal (symlink ("/dev/zero", f->path), 0);
    assert_err (IO, keys_open (f->folder, NULL, NULL, &k, &e));
}

int main (void)
{
#define TEST(t) cmocka_unit_test_setup_teardown (t, setup, auth_folder_teardown)
    const struct CMUnitTest tests[] = {
        TEST (makes_a_key_once_and_keeps_it),
        TEST (two_servers_get_two_keys),
        TEST (a_configured_key_leaves_no_file),
        TEST (refuses_half_and_odd_keys),
        TEST (never_replaces_a_damaged_file),
        TEST (takes_a_file_that_was_edited_by_hand),
        TEST (follows_no_link),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
