/* Lines of the audit log: whole, escaped, in the file that has the name, and not too many. */
#include "test.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <jansson.h>

#include "base/limits.h"
#include "http/auditlog.h"

struct fixture {
    char *dir, *path;
    struct auditlog *log;
    struct error e;
};

static int setup (void **state)
{
    struct fixture *f = g_new0 (struct fixture, 1);
    f->dir = g_dir_make_tmp ("bindery-test-XXXXXX", NULL);
    f->path = g_build_filename (f->dir, "audit.log", NULL);
    assert_ok (auditlog_open (f->path, &f->log, &f->e), &f->e);
    *state = f;
    return 0;
}

static int teardown (void **state)
{
    struct fixture *f = *state;
    auditlog_close (f->log);
    g_unlink (f->path);
    g_rmdir (f->dir);
    g_free (f->path);
    g_free (f->dir);
    g_free (f);
    return 0;
}

static const struct call_answer change = {
    .request_id = "R-1",
    .action = "CreateBinding",
    .code = ERR_OK,
    .audit = { AUDIT_CHANGE, (char *) "alice", (char *) "LTAIkey",
               (char *) "acs:imm:local:1:project/p/dataset/d", (char *) "URI=oss://photos", "OK" },
};

/* The lines of the file, each parsed; caller unrefs. */
static json_t *read_lines (const char *path)
{
    g_autofree char *text = NULL;
    json_t *lines = json_array ();
    assert_true (g_file_get_contents (path, &text, NULL, NULL));
    g_auto (GStrv) split = g_strsplit (text, "\n", -1);
    for (size_t i = 0; split[i]; i++) {
        json_t *line = json_loads (split[i], 0, NULL);
        if (split[i + 1] && !line)
            fail_msg ("no JSON: %s", split[i]);
        if (split[i + 1])
            json_array_append_new (lines, line);
        else
            assert_string_equal (split[i], "");
    }
    return lines;
}

static void assert_member (const json_t *line, const char *name, const char *expected)
{
    assert_string_equal (json_string_value (json_object_get (line, name)), expected);
}

static void says_who_did_what (void **state)
{
    struct fixture *f = *state;
    auditlog_write (f->log, &change, "192.0.2.7");
    json_auto_t *lines = read_lines (f->path);
    const json_t *line = json_array_get (lines, 0);
    assert_int_equal (json_array_size (lines), 1);
    assert_member (line, "event", "audit");
    assert_member (line, "kind", "change");
    assert_member (line, "user", "alice");
    assert_member (line, "key", "LTAIkey");
    assert_member (line, "peer", "192.0.2.7");
    assert_member (line, "action", "CreateBinding");
    assert_member (line, "resource", "acs:imm:local:1:project/p/dataset/d");
    assert_member (line, "target", "URI=oss://photos");
    assert_member (line, "code", "OK");
    assert_member (line, "request", "R-1");
    assert_non_null (json_object_get (line, "time"));
    GStatBuf st;
    assert_int_equal (g_stat (f->path, &st), 0);
    assert_int_equal (st.st_mode & 0777, 0600);
}

static void reads_leave_no_line (void **state)
{
    struct fixture *f = *state;
    const struct call_answer read = { .action = "GetProject" };
    auditlog_write (f->log, &read, "192.0.2.7");
    json_auto_t *lines = read_lines (f->path);
    assert_int_equal (json_array_size (lines), 0);
}

/* Whatever a stranger sends stays in its line, and does nothing to a terminal. */
static void strangers_make_no_lines (void **state)
{
    struct fixture *f = *state;
    struct call_answer a = change;
    a.audit.target = (char *) "URI=a\n{\"event\":\"audit\"}\r\x1b[2J\x7f\xc2\x85\xe2\x80\xa8\xff\"";
    a.audit.event = AUDIT_SIGN_IN;
    auditlog_write (f->log, &a, "192.0.2.7");
    g_autofree char *text = NULL;
    gsize len;
    assert_true (g_file_get_contents (f->path, &text, &len, NULL));
    for (gsize i = 0; i < len - 1; i++)
        assert_true (g_ascii_isprint (text[i]));
    json_auto_t *lines = read_lines (f->path);
    assert_int_equal (json_array_size (lines), 1);
    assert_member (json_array_get (lines, 0), "kind", "sign-in");
    assert_member (json_array_get (lines, 0), "target",
                   "URI=a\n{\"event\":\"audit\"}\r\x1b[2J\x7f\xc2\x85\xe2\x80\xa8\xef\xbf\xbd\"");
}

static void goes_on_in_the_file_that_has_the_name (void **state)
{
    struct fixture *f = *state;
    g_autofree char *old = g_strconcat (f->path, ".1", NULL);
    auditlog_write (f->log, &change, "a");
    assert_int_equal (g_rename (f->path, old), 0);
    auditlog_write (f->log, &change, "b");
    assert_ok (auditlog_reopen (f->log, &f->e), &f->e);
    auditlog_write (f->log, &change, "c");
    json_auto_t *before = read_lines (old), *after = read_lines (f->path);
    assert_int_equal (json_array_size (before), 2);
    assert_int_equal (json_array_size (after), 1);
    assert_member (json_array_get (after, 0), "peer", "c");
    g_unlink (old);
}

static void stays_when_it_cannot_be_opened_again (void **state)
{
    struct fixture *f = *state;
    g_autofree char *old = g_strconcat (f->path, ".1", NULL);
    assert_int_equal (g_rename (f->path, old), 0);
    assert_int_equal (g_mkdir (f->path, 0700), 0);
    assert_err (INVALID_ARGUMENT, auditlog_reopen (f->log, &f->e));
    assert_non_null (strstr (f->e.message, f->path));
    auditlog_write (f->log, &change, "a");
    json_auto_t *lines = read_lines (old);
    assert_int_equal (json_array_size (lines), 1);
    g_rmdir (f->path);
    assert_int_equal (g_rename (old, f->path), 0);
}

/* A flood of wrong keys costs so many lines a minute; changes are written whatever else is. */
static void failed_sign_ins_are_limited (void **state)
{
    struct fixture *f = *state;
    struct call_answer a = change;
    a.audit.event = AUDIT_SIGN_IN;
    for (int i = 0; i < 3 * LIMIT_AUDIT_SIGN_INS; i++)
        auditlog_write (f->log, &a, "192.0.2.7");
    auditlog_write (f->log, &change, "192.0.2.7");
    json_auto_t *lines = read_lines (f->path);
    size_t n = json_array_size (lines);
    assert_in_range (n, LIMIT_AUDIT_SIGN_INS + 1, 2 * LIMIT_AUDIT_SIGN_INS + 1); /* two minutes */
    assert_member (json_array_get (lines, n - 1), "kind", "change");
}

static void a_full_disk_stops_nothing (void **state)
{
    struct fixture *f = *state;
    struct auditlog *full;
    assert_ok (auditlog_open ("/dev/full", &full, &f->e), &f->e);
    auditlog_write (full, &change, "192.0.2.7");
    auditlog_close (full);
    assert_ok (auditlog_open ("", &full, &f->e), &f->e);
    auditlog_write (full, &change, "192.0.2.7");
    assert_ok (auditlog_reopen (full, &f->e), &f->e);
    auditlog_close (full);
    auditlog_close (NULL);
}

int main (void)
{
#define TEST(t) cmocka_unit_test_setup_teardown (t, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST (says_who_did_what),
        TEST (reads_leave_no_line),
        TEST (strangers_make_no_lines),
        TEST (goes_on_in_the_file_that_has_the_name),
        TEST (stays_when_it_cannot_be_opened_again),
        TEST (failed_sign_ins_are_limited),
        TEST (a_full_disk_stops_nothing),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
