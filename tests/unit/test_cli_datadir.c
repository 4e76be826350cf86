#include "test.h"

#include <sys/wait.h>

#include <glib/gstdio.h>
#include <sys/stat.h>

#include "cli/datadir.h"

struct world {
    char *root, *data; /* `data` is not there yet */
};

static int set_up (void **state)
{
    struct world *w = g_new0 (struct world, 1);
    w->root = g_dir_make_tmp ("bindery-datadir-XXXXXX", NULL);
    w->data = g_build_filename (w->root, "a", "data", NULL);
    *state = w;
    return w->root ? 0 : -1;
}

static int tear_down (void **state)
{
    struct world *w = *state;
    const char *const files[] = { "lock",           "endpoints.json", "catalog.db",
                                  "catalog.db-wal", "catalog.db-shm", "" };
    for (size_t i = 0; i < N_ELEMENTS (files); i++) {
        g_autofree char *path = g_build_filename (w->data, files[i], NULL);
        g_remove (path);
    }
    g_autofree char *parent = g_path_get_dirname (w->data);
    g_remove (parent);
    int failed = g_remove (w->root);
    g_free (w->root);
    g_free (w->data);
    g_free (w);
    return failed;
}

static void test_one_server_at_a_time (void **state)
{
    const struct world *w = *state;
    struct error e;
    int fd, second;
    assert_ok (datadir_lock (w->data, &fd, &e), &e);
    struct stat st;
    assert_int_equal (stat (w->data, &st), 0);
    assert_int_equal (st.st_mode & 0777, 0700);
    assert_err (CONFLICT, datadir_lock (w->data, &second, &e));
    g_autofree char *process = g_strdup_printf ("process %d", (int) getpid ());
    assert_non_null (strstr (e.message, process));
    assert_non_null (strstr (e.message, w->data));
    close (fd);
    assert_ok (datadir_lock (w->data, &fd, &e), &e);
    close (fd);
}

/* As after kill -9: the old process is still on its way out. */
static void test_a_server_that_is_ending_is_waited_for (void **state)
{
    const struct world *w = *state;
    struct error e;
    int fd, tell[2], locked[2];
    char byte;
    assert_int_equal (pipe (tell) | pipe (locked), 0);
    pid_t child = fork ();
    if (child == 0) {
        bool ok = datadir_lock (w->data, &fd, &e) == ERR_OK && write (locked[1], "", 1) == 1;
        close (tell[1]);
        _exit (ok && read (tell[0], &byte, 1) == 0 ? 0 : 1);
    }
    close (tell[0]);
    assert_int_equal (read (locked[0], &byte, 1), 1);
    close (tell[1]);
    assert_ok (datadir_lock (w->data, &fd, &e), &e);
    int status;
    assert_int_equal (waitpid (child, &status, 0), child);
    assert_int_equal (status, 0);
    close (locked[0]);
    close (locked[1]);
    close (fd);
}

static void test_a_data_folder_that_cannot_be (void **state)
{
    (void) state;
    struct error e;
    int fd;
    assert_err (IO, datadir_lock ("/dev/null/data", &fd, &e));
    assert_non_null (strstr (e.message, "/dev/null/data"));
}

static void test_endpoints (void **state)
{
    const struct world *w = *state;
    struct datadir_endpoints written = {
        { "[::1]:80", true }, { "h:81", false }, { "h:82", true }, "sha256//a="
    };
    struct datadir_endpoints p = { 0 };
    struct error e;
    int fd;
    assert_ok (datadir_lock (w->data, &fd, &e), &e);
    assert_err (NOT_FOUND, datadir_read_endpoints (w->data, &p, &e));
    assert_ok (datadir_write_endpoints (w->data, &written, &e), &e);
    g_autofree char *path = g_build_filename (w->data, "endpoints.json", NULL);
    g_autofree char *text = NULL;
    assert_true (g_file_get_contents (path, &text, NULL, NULL));
    assert_string_equal (text,
                         "{\"imm\":\"[::1]:80\",\"imm_protocol\":\"https\",\"admin\":\"h:81\","
                         "\"admin_protocol\":\"http\",\"oss\":\"h:82\",\"oss_protocol\":\"https\","
                         "\"public_key\":\"sha256//a=\"}");
    assert_ok (datadir_read_endpoints (w->data, &p, &e), &e);
    assert_string_equal (p.imm.address, "[::1]:80");
    assert_true (p.imm.is_tls);
    assert_string_equal (p.admin.address, "h:81");
    assert_false (p.admin.is_tls);
    assert_string_equal (p.oss.address, "h:82");
    assert_true (p.oss.is_tls);
    assert_string_equal (p.key_pin, "sha256//a=");
    datadir_clear_endpoints (&p);
    datadir_remove_endpoints (w->data);
    assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
    close (fd);
}

static void test_endpoints_of_others (void **state)
{
    const struct world *w = *state;
    struct datadir_endpoints p = { 0 };
    struct error e;
    g_autofree char *path = g_build_filename (w->data, "endpoints.json", NULL);
    int fd;
    assert_ok (datadir_lock (w->data, &fd, &e), &e);
    assert_true (g_file_set_contents (path, "{\"imm\":1}", -1, NULL));
    assert_err (INVALID_ARGUMENT, datadir_read_endpoints (w->data, &p, &e));
    const char *older = "{\"imm\":\"h:80\",\"admin\":\"h:81\"}"; /* a version without TLS */
    assert_true (g_file_set_contents (path, older, -1, NULL));
    assert_ok (datadir_read_endpoints (w->data, &p, &e), &e);
    assert_string_equal (p.imm.address, "h:80");
    assert_false (p.imm.is_tls);
    assert_null (p.key_pin);
    datadir_clear_endpoints (&p);
    datadir_remove_endpoints (w->data);
    close (fd);
}

static void test_the_account_stays (void **state)
{
    const struct world *w = *state;
    struct error e;
    int fd;
    assert_ok (datadir_lock (w->data, &fd, &e), &e);
    struct catalog *catalog;
    assert_ok (catalog_open (w->data, &catalog, &e), &e);
    char *none = NULL;
    assert_err (INVALID_ARGUMENT, datadir_account (catalog, "12345678901234567", &none, &e));
    assert_err (INVALID_ARGUMENT, datadir_account (catalog, "123456789012345x", &none, &e));
    g_autofree char *first = NULL;
    g_autofree char *again = NULL;
    g_autofree char *named = NULL;
    assert_ok (datadir_account (catalog, "", &first, &e), &e);
    assert_int_equal (strlen (first), 16);
    assert_ok (datadir_account (catalog, "", &again, &e), &e);
    assert_string_equal (first, again);
    assert_ok (datadir_account (catalog, first, &named, &e), &e);
    assert_err (CONFLICT, datadir_account (catalog, "0000000000000000", &none, &e));
    assert_non_null (strstr (e.message, first));
    catalog_close (catalog);
    close (fd);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown (test_one_server_at_a_time, set_up, tear_down),
        cmocka_unit_test_setup_teardown (test_a_server_that_is_ending_is_waited_for, set_up,
                                         tear_down),
        cmocka_unit_test (test_a_data_folder_that_cannot_be),
        cmocka_unit_test_setup_teardown (test_endpoints, set_up, tear_down),
        cmocka_unit_test_setup_teardown (test_endpoints_of_others, set_up, tear_down),
        cmocka_unit_test_setup_teardown (test_the_account_stays, set_up, tear_down),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
