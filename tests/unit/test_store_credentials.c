/* Credentials that are given, and files that are replaced, broken, expired or gone. */
#include "test.h"

#include <glib.h>
#include <sys/stat.h>
#include <glib/gstdio.h>

#include "base/limits.h"
#include "base/macros.h"
#include "store/credentials.h"

#define NOW INT64_C (1795350896) /* 2026-11-22T12:34:56Z */

static void given_credentials_are_checked (void **state UNUSED)
{
    static const struct {
        const char *id, *secret, *token;
        enum err expected;
    } rows[] = {
        { "id", "secret", NULL, ERR_OK },
        { "id", "secret with spaces", "token", ERR_OK },
        { NULL, NULL, NULL, ERR_OK }, /* public buckets */
        { "", "", "", ERR_OK },
        { "id", NULL, NULL, ERR_INVALID_ARGUMENT },
        { NULL, "secret", NULL, ERR_INVALID_ARGUMENT },
        { NULL, NULL, "token", ERR_INVALID_ARGUMENT },
        { "id\r\nX-Evil: 1", "secret", NULL, ERR_INVALID_ARGUMENT },
        { "id", "secret", "to\nken", ERR_INVALID_ARGUMENT },
    };
    for (size_t i = 0; i < N_ELEMENTS (rows); i++) {
        struct credentials *c = NULL;
        struct error e = { 0 };
        enum err r = credentials_new (rows[i].id, rows[i].secret, rows[i].token, &c, &e);
        assert_int_equal (rows[i].expected, r);
        assert_null (strstr (e.message, "secret with"));
        credentials_free (c);
    }
}

static void given_credentials_stay (void **state UNUSED)
{
    struct credentials *c = NULL;
    struct credential *x = NULL;
    struct error e = { 0 };
    assert_ok (credentials_new ("id", "secret", NULL, &c, &e), &e);
    assert_ok (credentials_get (c, NOW, &x, &e), &e);
    assert_string_equal ("id", x->id);
    assert_null (x->token);
    assert_false (credentials_refused (c, x->number, NOW));
    credentials_free (c);
    assert_string_equal ("secret", x->secret); /* a reference outlives them */
    credential_unref (x);
}

/* ---- Files ---- */

struct file {
    char *folder, *path;
    struct credentials *c;
};

static void file_init (struct file *f, const char *section)
{
    f->folder = g_dir_make_tmp ("credentials-XXXXXX", NULL);
    f->path = g_build_filename (f->folder, "keys", NULL);
    f->c = credentials_new_file (f->path, section);
}

static void file_clear (struct file *f)
{
    credentials_free (f->c);
    g_unlink (f->path);
    g_rmdir (f->folder);
    g_free (f->path);
    g_free (f->folder);
}

static void file_write (struct file *f, const char *text)
{
    assert_true (g_file_set_contents (f->path, text, -1, NULL));
}

static void all_forms_of_files_are_read (void **state UNUSED)
{
    static const struct {
        const char *section, *text, *id, *secret, *token;
    } rows[] = {
        { NULL, "access-key-id = a\naccess-key-secret = b/+= \n", "a", "b/+=", NULL },
        { NULL,
          "# keys\n[default]\naws_access_key_id=a\naws_secret_access_key=b\n"
          "aws_session_token = c\n[other]\naws_access_key_id=x\n",
          "a", "b", "c" },
        { "media",
          "[default]\naws_access_key_id=x\n[media]\naccess-key-id=a\n"
          "access-key-secret=b\\n\nsecurity-token=c==\nexpiration=2027-01-01T00:00:00Z\n",
          "a", "b\\n", "c==" },
        { NULL,
          "{\"AccessKeyId\":\"a\",\"AccessKeySecret\":\"b\",\"SecurityToken\":\"c\","
          "\"Expiration\":\"2027-01-01T00:00:00Z\"}",
          "a", "b", "c" },
        { NULL,
          "\n {\"Version\":1,\"AccessKeyId\":\"a\",\"SecretAccessKey\":\"b\","
          "\"SessionToken\":\"c\"}",
          "a", "b", "c" },
        { NULL,
          "{\"Credentials\":{\"AccessKeyId\":\"a\",\"SecretAccessKey\":\"b\","
          "\"Token\":\"c\"},\"AccessKeyId\":\"x\"}",
          "a", "b", "c" },
    };
    for (size_t i = 0; i < N_ELEMENTS (rows); i++) {
        struct file f;
        file_init (&f, rows[i].section);
        file_write (&f, rows[i].text);
        struct credential *x = NULL;
        struct error e = { 0 };
        assert_ok (credentials_get (f.c, NOW, &x, &e), &e);
        assert_string_equal (rows[i].id, x->id);
        assert_string_equal (rows[i].secret, x->secret);
        if (rows[i].token)
            assert_string_equal (rows[i].token, x->token);
        else
            assert_null (x->token);
        credential_unref (x);
        file_clear (&f);
    }
}

static void broken_files_say_what_is_wrong (void **state UNUSED)
{
    static const char *const texts[] = {
        "",
        "nonsense",
        "{",
        "[]",
        "{\"AccessKeyId\":\"only\"}",
        "[other]\naccess-key-id=a\naccess-key-secret=TOPSECRET\n",
        "access-key-id=a\n",
        "access-key-secret=TOPSECRET\n",
        "access-key-id=a b\naccess-key-secret=TOPSECRET\n",
        "access-key-id=a\naccess-key-secret=TOPSECRET\nexpiration=tomorrow\n",
    };
    for (size_t i = 0; i < N_ELEMENTS (texts); i++) {
        struct file f;
        file_init (&f, NULL);
        file_write (&f, texts[i]);
        struct credential *x = NULL;
        struct error e = { 0 };
        assert_err (STORE_CREDENTIALS, credentials_get (f.c, NOW, &x, &e));
        assert_non_null (strstr (e.message, f.path));
        assert_null (strstr (e.message, "TOPSECRET"));
        file_clear (&f);
    }
}

static void unusable_files_are_refused (void **state UNUSED)
{
    struct file f;
    struct credential *x = NULL;
    struct error e = { 0 };
    file_init (&f, NULL);
    assert_err (STORE_CREDENTIALS, credentials_get (f.c, NOW, &x, &e)); /* not there */
    file_clear (&f);

    file_init (&f, NULL);
    assert_int_equal (0, mkfifo (f.path, 0600)); /* does not block */
    assert_err (STORE_CREDENTIALS, credentials_get (f.c, NOW, &x, &e));
    file_clear (&f);

    file_init (&f, NULL);
    g_autofree char *large = g_strnfill (LIMIT_CREDENTIALS_FILE + 1, '#');
    file_write (&f, large);
    assert_err (STORE_CREDENTIALS, credentials_get (f.c, NOW, &x, &e));
    file_clear (&f);
}

static void expired_credentials_are_read_again (void **state UNUSED)
{
    struct file f;
    struct credential *x = NULL;
    struct error e = { 0 };
    file_init (&f, NULL);
    file_write (&f, "access-key-id=old\naccess-key-secret=s\nexpiration=2026-11-22T12:35:00Z\n");
    assert_ok (credentials_get (f.c, NOW, &x, &e), &e);
    assert_string_equal ("old", x->id);
    credential_unref (x);
    assert_err (STORE_CREDENTIALS, credentials_get (f.c, NOW + 4, &x, &e));
    assert_non_null (strstr (e.message, "expired at 2026-11-22T12:35:00"));
    file_write (&f, "access-key-id=new\naccess-key-secret=s\nexpiration=2026-11-22T13:35:00Z\n");
    assert_ok (credentials_get (f.c, NOW + 4, &x, &e), &e); /* at once */
    assert_string_equal ("new", x->id);
    credential_unref (x);
    file_clear (&f);
}

static void refused_credentials_are_read_again (void **state UNUSED)
{
    struct file f;
    struct credential *old = NULL, *new = NULL;
    struct error e = { 0 };
    file_init (&f, NULL);
    file_write (&f, "access-key-id=a\naccess-key-secret=1\n");
    assert_ok (credentials_get (f.c, NOW, &old, &e), &e);
    assert_false (credentials_refused (f.c, old->number, NOW));
    file_write (&f, "access-key-id=a\naccess-key-secret=2\n");
    assert_true (credentials_refused (f.c, old->number, NOW));
    assert_ok (credentials_get (f.c, NOW, &new, &e), &e);
    assert_string_equal ("2", new->secret);
    assert_true (new->number != old->number);
    assert_true (credentials_refused (f.c, old->number, NOW)); /* others have read it since */
    assert_false (credentials_refused (f.c, new->number, NOW));
    credential_unref (old);
    credential_unref (new);
    file_clear (&f);
}

static void a_broken_replacement_changes_nothing (void **state UNUSED)
{
    struct file f;
    struct credential *x = NULL, *y = NULL;
    struct error e = { 0 };
    file_init (&f, NULL);
    file_write (&f, "access-key-id=a\naccess-key-secret=1\n");
    assert_ok (credentials_get (f.c, NOW, &x, &e), &e);
    file_write (&f, "{\"AccessKeyId\":\"b");
    assert_false (credentials_refused (f.c, x->number, NOW));
    g_unlink (f.path);
    assert_false (credentials_refused (f.c, x->number, NOW));
    assert_ok (credentials_get (f.c, NOW, &y, &e), &e);
    assert_ptr_equal (x, y);
    credential_unref (x);
    credential_unref (y);
    file_clear (&f);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (given_credentials_are_checked),
        cmocka_unit_test (given_credentials_stay),
        cmocka_unit_test (all_forms_of_files_are_read),
        cmocka_unit_test (broken_files_say_what_is_wrong),
        cmocka_unit_test (unusable_files_are_refused),
        cmocka_unit_test (expired_credentials_are_read_again),
        cmocka_unit_test (refused_credentials_are_read_again),
        cmocka_unit_test (a_broken_replacement_changes_nothing),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
