#include "test.h"

#include <glib/gstdio.h>

#include "base/config.h"

/* A configuration file of its own for each test that wants one. */
static char *write_file (const char *text)
{
    char *path = NULL;
    int fd = g_file_open_tmp ("bindery-config-XXXXXX", &path, NULL);
    assert_true (fd >= 0);
    close (fd);
    assert_true (g_file_set_contents (path, text, -1, NULL));
    return path;
}

/* Loads with the words of `flags` (split at spaces), and the file if `text` is given. */
static enum err load (const char *flags, const char *text, struct config *c, struct error *e)
{
    g_autofree char *path = text ? write_file (text) : g_strdup ("/dev/null");
    g_autofree char *all = g_strdup_printf ("--config %s %s", path, flags);
    g_auto (GStrv) args = g_strsplit (g_strchomp (all), " ", -1);
    enum err r = config_load (args, c, e);
    if (text)
        g_unlink (path);
    return r;
}

static void expect_error (const char *flags, const char *text, const char *part)
{
    struct config c;
    struct error e;
    assert_err (INVALID_ARGUMENT, load (flags, text, &c, &e));
    if (!strstr (e.message, part))
        fail_msg ("'%s' does not say '%s'", e.message, part);
    config_clear (&c);
}

static void test_defaults (void **state)
{
    (void) state;
    struct config c;
    struct error e;
    assert_ok (load ("", NULL, &c, &e), &e);
    assert_string_equal (c.imm_listen, "127.0.0.1:8080");
    assert_string_equal (c.log_level, "info");
    assert_string_equal (c.sandbox, "required");
    assert_int_equal (c.api_threads, 8);
    assert_null (c.bucket[0]);
    config_clear (&c);
}

static void test_flag_beats_variable_beats_file (void **state)
{
    (void) state;
    const char *text = "[server]\nworkers = 1\napi-threads = 2\nregion = file\n";
    struct config c;
    struct error e;
    g_setenv ("BINDERY_WORKERS", "3", TRUE);
    g_setenv ("BINDERY_API_THREADS", "4", TRUE);
    g_setenv ("BINDERY_REGION", "", TRUE);
    enum err r = load ("--workers=5", text, &c, &e);
    g_unsetenv ("BINDERY_WORKERS");
    g_unsetenv ("BINDERY_API_THREADS");
    g_unsetenv ("BINDERY_REGION");
    assert_ok (r, &e);
    assert_int_equal (c.workers, 5);
    assert_int_equal (c.api_threads, 4);
    assert_string_equal (c.region, "file"); /* an empty variable is none */
    config_clear (&c);
}

static void test_lists (void **state)
{
    (void) state;
    const char *text = "[server]\nbucket = one=/a, two=/b\n";
    struct config c;
    struct error e;
    assert_ok (load ("", text, &c, &e), &e);
    assert_int_equal (g_strv_length (c.bucket), 2);
    assert_string_equal (c.bucket[1], "two=/b");
    config_clear (&c);
    assert_ok (load ("--bucket x=/y,z --bucket w=/v", text, &c, &e), &e);
    assert_int_equal (g_strv_length (c.bucket), 2);
    assert_string_equal (c.bucket[0], "x=/y,z"); /* a flag is one item, commas and all */
    config_clear (&c);
}

static void test_bucket_sections (void **state)
{
    (void) state;
    struct config c;
    struct error e;
    assert_ok (load ("", "[bucket photos]\npath=/srv\ninclude=*.jpg;*.png\n", &c, &e), &e);
    g_auto (GStrv) include = config_bucket_patterns (&c, "photos", "include");
    g_auto (GStrv) exclude = config_bucket_patterns (&c, "photos", "exclude");
    assert_int_equal (g_strv_length (include), 2);
    assert_string_equal (include[1], "*.png");
    assert_null (exclude[0]);
    config_clear (&c);
}

static void test_switches (void **state)
{
    (void) state;
    struct config c;
    struct error e;
    assert_ok (load ("--store-writable --workers 3", NULL, &c, &e), &e);
    assert_true (c.store_writable);
    assert_int_equal (c.workers, 3);
    config_clear (&c);
    assert_ok (load ("--store-writable=no", "[server]\nstore-writable=yes\n", &c, &e), &e);
    assert_false (c.store_writable);
    config_clear (&c);
    expect_error ("--store-writable=perhaps", NULL, "expected yes or no");
}

static void test_store_sections (void **state)
{
    (void) state;
    struct config c;
    struct error e;
    const char *text = "[store aws]\nurl=https://s3.amazonaws.com\nregion=eu-west-1\n"
                       "access-key-id=AK\naccess-key-secret=s\nbuckets=one, two\n"
                       "alias photos=My.Photos\nalias old = other\n"
                       "[store cloud]\nurl=https://oss-cn-hangzhou.aliyuncs.com\nkind=oss\n";
    assert_ok (load ("--store http://localhost:9000 --store-addressing virtual", text, &c, &e), &e);
    assert_int_equal (3, c.stores->len);
    const struct config_store *s = c.stores->pdata[0];
    assert_string_equal ("s3", s->name);
    assert_string_equal ("http://localhost:9000", s->options.store);
    assert_string_equal ("virtual", s->options.store_addressing);
    assert_string_equal ("", s->options.store_access_key_id);
    s = c.stores->pdata[1];
    assert_string_equal ("aws", s->name);
    assert_string_equal ("https://s3.amazonaws.com", s->options.store);
    assert_string_equal ("path", s->options.store_addressing);
    assert_string_equal ("AK", s->options.store_access_key_id);
    assert_string_equal ("two", s->options.store_buckets[1]);
    assert_string_equal ("photos=My.Photos", s->options.store_alias[0]);
    assert_string_equal ("old=other", s->options.store_alias[1]);
    s = c.stores->pdata[2];
    assert_string_equal ("oss", s->options.store_kind);
    config_clear (&c);
    assert_ok (load ("--store /srv", NULL, &c, &e), &e); /* a folder is no remote store */
    assert_int_equal (0, c.stores->len);
    config_clear (&c);
}

static void test_bad_stores (void **state)
{
    (void) state;
    expect_error ("--store ftp://host", NULL, "expected a folder or http(s)://HOST[:PORT]");
    expect_error ("", "[store a]\nkind=s3\n", "[store a]: url is ''");
    expect_error ("", "[store a]\nurl=/srv\n", "url is '/srv'");
    expect_error ("", "[store a]\nurl=http://h\nkind=gcs\n", "expected one of: s3, oss");
    expect_error ("", "[store a]\nurl=http://h\nregoin=x\n", "did you mean 'region'");
    expect_error ("", "[store a]\nurl=http://h\nworkers=3\n", "unknown key 'workers'");
    expect_error ("", "[store a]\nurl=http://h\nalias b=\n", "has no value");
    expect_error ("", "[store A b]\nurl=http://h\n", "1 to 63 of a-z");
    expect_error ("", "[store dir]\nurl=http://h\n", "the name 'dir'");
    expect_error ("--store http://h", "[store s3]\nurl=http://i\n", "the name 's3'");
}

static void test_bad_flags (void **state)
{
    (void) state;
    expect_error ("--wokers 3", NULL, "did you mean 'workers'");
    expect_error ("--zzzzzzzz 3", NULL, "unknown option --zzzzzzzz");
    expect_error ("--workers", NULL, "--workers needs a value");
    expect_error ("--workers=", NULL, "needs a value");
    expect_error ("--workers 65", NULL, "'65', expected a whole number from 0 to 64");
    expect_error ("--workers -1", NULL, "'-1'");
    expect_error ("--workers many", NULL, "'many'");
    expect_error ("--workers 1 --workers 2", NULL, "given twice");
    expect_error ("--log-level loud", NULL, "expected one of: info, debug, warn, error");
    expect_error ("--access-key-secret x", NULL, "BINDERY_ACCESS_KEY_SECRET");
    expect_error ("photos", NULL, "unexpected word 'photos'");
    expect_error ("--config /dev/null", NULL, "--config is given twice");
}

static void test_bad_files (void **state)
{
    (void) state;
    expect_error ("", "[server]\nworkrs=1\n", "did you mean 'workers'");
    expect_error ("", "[server]\nworkers=1\nworkers = 2\n", "line 3: 'workers' is set twice");
    expect_error ("", "[server]\nworkers=x\n", "workers is 'x'");
    expect_error ("", "[server]\nworkers=\n", "has no value");
    expect_error ("", "[sever]\nworkers=1\n", "unknown section [sever]");
    expect_error ("", "[bucket a]\nincluded=x\n", "did you mean 'include'");
    expect_error ("", "workers=1\n", "");
    struct config c;
    struct error e;
    assert_err (INVALID_ARGUMENT,
                config_load ((char *[]){ "--config", "/does/not/exist", NULL }, &c, &e));
    assert_non_null (strstr (e.message, "/does/not/exist"));
    config_clear (&c);
}

static void test_manual_has_every_option (void **state)
{
    (void) state;
    g_autofree char *help = config_help ();
    g_autofree char *markdown = config_markdown ();
#define OPTION(field, kind, name, def, min, max, flags, help_text)                                 \
    assert_non_null (strstr (help, help_text));                                                    \
    assert_non_null (strstr (markdown, "`" name " = ...`"));
#include "base/config.def"
#undef OPTION
    assert_null (strstr (help, "--access-key-secret"));
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_defaults),   cmocka_unit_test (test_flag_beats_variable_beats_file),
        cmocka_unit_test (test_lists),      cmocka_unit_test (test_bucket_sections),
        cmocka_unit_test (test_switches),   cmocka_unit_test (test_store_sections),
        cmocka_unit_test (test_bad_stores), cmocka_unit_test (test_bad_flags),
        cmocka_unit_test (test_bad_files),  cmocka_unit_test (test_manual_has_every_option),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
