/* Secrets at rest: sealed for one key id, under a key that can be changed at any moment. */
#include "test.h"

#include <glib/gstdio.h>
#include <sys/stat.h>

#include "auth/secrets.h"
#include "tree.h"

struct fixture {
    struct tree tree;
    char *path;
    struct error e;
};

static int setup (void **state)
{
    struct fixture *f = g_new0 (struct fixture, 1);
    tree_init (&f->tree);
    f->path = g_build_filename (f->tree.path, "secret-key", NULL);
    *state = f;
    return 0;
}

static int teardown (void **state)
{
    struct fixture *f = *state;
    tree_clear (&f->tree);
    g_free (f->path);
    g_free (f);
    return 0;
}

static struct secrets *open_as (struct fixture *f, const char *name)
{
    struct secrets *s = NULL;
    assert_ok (secrets_open (f->path, name, &s, &f->e), &f->e);
    return s;
}

static GBytes *seal (struct fixture *f, const struct secrets *s, const char *id, const char *secret)
{
    GBytes *sealed = NULL;
    assert_ok (secrets_seal (s, id, secret, &sealed, &f->e), &f->e);
    return sealed;
}

static void assert_opens (struct fixture *f, const struct secrets *s, GBytes *sealed,
                          const char *secret)
{
    char got[64];
    assert_ok (secrets_unseal (s, "id", sealed, got, sizeof got, &f->e), &f->e);
    assert_string_equal (got, secret);
}

static void write_file (struct fixture *f, const char *text)
{
    assert_true (g_file_set_contents (f->path, text, -1, NULL));
}

static void a_key_is_made_once_and_kept (void **state)
{
    struct fixture *f = *state;
    struct stat st;
    struct secrets *a = open_as (f, NULL), *b = open_as (f, secrets_name (a));
    assert_int_equal (strlen (secrets_name (a)), 16);
    assert_string_equal (secrets_name (a), secrets_name (b));
    assert_int_equal (stat (f->path, &st), 0);
    assert_int_equal (st.st_mode & 0777, 0600);
    g_autoptr (GBytes) sealed = seal (f, a, "id", "hush");
    assert_opens (f, b, sealed, "hush");
    secrets_close (a);
    secrets_close (b);
}

static void what_is_sealed_shows_nothing_and_never_looks_the_same (void **state)
{
    struct fixture *f = *state;
    struct secrets *s = open_as (f, NULL);
    g_autoptr (GBytes) one = seal (f, s, "id", "a long secret word");
    g_autoptr (GBytes) two = seal (f, s, "id", "a long secret word");
    size_t len;
    const void *bytes = g_bytes_get_data (one, &len);
    assert_null (memmem (bytes, len, "secret", 6));
    assert_false (g_bytes_equal (one, two));
    assert_opens (f, s, two, "a long secret word");
    secrets_close (s);
}

/* Each byte changed, each length cut: nothing is taken for a secret. */
static void what_was_tampered_with_does_not_open (void **state)
{
    struct fixture *f = *state;
    struct secrets *s = open_as (f, NULL);
    g_autoptr (GBytes) sealed = seal (f, s, "id", "hush");
    size_t len;
    char got[64];
    const uint8_t *bytes = g_bytes_get_data (sealed, &len);
    for (size_t i = 0; i < len; i++) {
        g_autofree uint8_t *copy = g_memdup2 (bytes, len);
        copy[i] ^= 0x10;
        g_autoptr (GBytes) bent = g_bytes_new (copy, len);
        g_autoptr (GBytes) cut = g_bytes_new (bytes, i);
        assert_err (INVALID_ARGUMENT, secrets_unseal (s, "id", bent, got, sizeof got, &f->e));
        assert_err (INVALID_ARGUMENT, secrets_unseal (s, "id", cut, got, sizeof got, &f->e));
    }
    assert_err (INVALID_ARGUMENT, secrets_unseal (s, "other", sealed, got, sizeof got, &f->e));
    assert_err (INVALID_ARGUMENT, secrets_unseal (s, "id", sealed, got, 4, &f->e));
    assert_null (strstr (f->e.message, "hush"));
    secrets_close (s);
}

static void sizes_are_limited (void **state)
{
    struct fixture *f = *state;
    struct secrets *s = open_as (f, NULL);
    g_autofree char *longest = g_strnfill (1024, 'x'), *longer = g_strnfill (1025, 'x');
    g_autofree char *got = g_malloc (1025);
    g_autoptr (GBytes) sealed = seal (f, s, "id", longest);
    g_autoptr (GBytes) empty = seal (f, s, "id", "");
    GBytes *none;
    assert_ok (secrets_unseal (s, "id", sealed, got, 1025, &f->e), &f->e);
    assert_string_equal (got, longest);
    assert_opens (f, s, empty, "");
    assert_err (INVALID_ARGUMENT, secrets_seal (s, "id", longer, &none, &f->e));
    secrets_close (s);
}

static void a_lost_or_foreign_key_is_told_and_left_alone (void **state)
{
    struct fixture *f = *state;
    struct secrets *s = open_as (f, NULL), *none;
    g_autofree char *name = g_strdup (secrets_name (s)), *text = NULL;
    secrets_close (s);
    g_unlink (f->path);
    assert_err (NOT_FOUND, secrets_open (f->path, name, &none, &f->e));
    assert_false (g_file_test (f->path, G_FILE_TEST_EXISTS));
    secrets_close (open_as (f, NULL));
    assert_true (g_file_get_contents (f->path, &text, NULL, NULL));
    assert_err (INVALID_ARGUMENT, secrets_open (f->path, name, &none, &f->e));
    assert_non_null (strstr (f->e.message, "another key"));
    g_autofree char *after = NULL;
    assert_true (g_file_get_contents (f->path, &after, NULL, NULL));
    assert_string_equal (text, after);
}

static void a_damaged_file_is_refused (void **state)
{
    static const char key[] =
        "Key=0123456789abcdef0123456789abcdef0123456789abcdef0123456789ABCDEF\n";
    struct fixture *f = *state;
    struct secrets *s;
    g_autofree char *thrice = g_strconcat (key, key, key, NULL),
                    *more = g_strconcat (key, "x", NULL);
    const char *const bad[] = {
        "", "# only words\n", "Key=\n", "Key=0123\n", "key\n", thrice, more
    };
    for (size_t i = 0; i < N_ELEMENTS (bad); i++) {
        write_file (f, bad[i]);
        assert_err (INVALID_ARGUMENT, secrets_open (f->path, NULL, &s, &f->e));
        assert_null (strstr (f->e.message, "0123"));
    }
    write_file (f, key);
    secrets_close (open_as (f, NULL));
}

/* Cut short at each step, whichever key the keeper remembers is found. */
static void a_change_of_the_key_may_stop_anywhere (void **state)
{
    struct fixture *f = *state;
    g_autofree char *alone = NULL, *both = NULL;
    struct secrets *old = open_as (f, NULL), *next;
    g_autoptr (GBytes) before = seal (f, old, "id", "hush");
    assert_ok (secrets_renew (old, &next, &f->e), &f->e);
    assert_string_not_equal (secrets_name (old), secrets_name (next));
    assert_true (g_file_get_contents (f->path, &both, NULL, NULL));
    g_autoptr (GBytes) after = seal (f, next, "id", "hush");

    struct secrets *a = open_as (f, secrets_name (old)); /* before the keeper stored anything */
    assert_opens (f, a, before, "hush");
    write_file (f, both);
    struct secrets *b = open_as (f, secrets_name (next)); /* after it, before the end */
    assert_opens (f, b, after, "hush");
    assert_ok (secrets_settle (next, &f->e), &f->e);
    assert_true (g_file_get_contents (f->path, &alone, NULL, NULL));
    assert_true (strlen (alone) < strlen (both));
    struct secrets *c = open_as (f, secrets_name (next)), *none;
    assert_opens (f, c, after, "hush");
    assert_err (INVALID_ARGUMENT, secrets_open (f->path, secrets_name (old), &none, &f->e));
    struct secrets *const all[] = { old, next, a, b, c };
    for (size_t i = 0; i < N_ELEMENTS (all); i++)
        secrets_close (all[i]);
}

#define T(f) cmocka_unit_test_setup_teardown (f, setup, teardown)

int main (void)
{
    const struct CMUnitTest tests[] = {
        T (a_key_is_made_once_and_kept),
        T (what_is_sealed_shows_nothing_and_never_looks_the_same),
        T (what_was_tampered_with_does_not_open),
        T (sizes_are_limited),
        T (a_lost_or_foreign_key_is_told_and_left_alone),
        T (a_damaged_file_is_refused),
        T (a_change_of_the_key_may_stop_anywhere),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
