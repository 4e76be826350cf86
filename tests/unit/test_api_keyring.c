/* The keyring: what the catalogue has, in the registry; and what a start does when the key of the
 * secrets, a secret or a policy is not as it was. */
#include "test.h"

#include <glib/gstdio.h>

#include "api/keyring.h"
#include "base/clock.h"
#include "base/limits.h"
#include "index/sql.h"
#include "tree.h"

#define NS G_GINT64_CONSTANT (1000000000)
#define ALLOW                                                                                      \
    "{\"Version\":\"1\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"imm:*\",\"Resource\":"   \
    "\"*\"}]}"

struct world {
    struct tree tree;
    char *path; /* of the secret key */
    struct catalog *c;
    struct keys *keys;
    struct keyring *k;
    struct keyring_findings found;
    struct user *alice;
    struct error e;
};

static enum err open_keyring (struct world *w, bool is_lost)
{
    const struct keyring_options o = { .catalog = w->c,
                                       .keys = w->keys,
                                       .data = w->tree.path,
                                       .secret_key_file = "",
                                       .is_secret_key_lost = is_lost };
    keyring_findings_clear (&w->found);
    return keyring_open (&o, &w->k, &w->found, &w->e);
}

static void close_all (struct world *w)
{
    keyring_close (g_steal_pointer (&w->k));
    keys_close (g_steal_pointer (&w->keys));
    catalog_close (g_steal_pointer (&w->c));
}

static enum err reopen (struct world *w, bool is_lost)
{
    close_all (w);
    assert_ok (catalog_open (w->tree.path, &w->c, &w->e), &w->e);
    assert_ok (keys_open (w->tree.path, "root", "secret", &w->keys, &w->e), &w->e);
    return open_keyring (w, is_lost);
}

static int setup (void **state)
{
    struct world *w = g_new0 (struct world, 1);
    struct user u = { .name = "alice" };
    tree_init (&w->tree);
    w->path = g_build_filename (w->tree.path, "secret-key", NULL);
    assert_ok (reopen (w, false), &w->e);
    assert_ok (catalog_create_user (w->c, &u, 9, &w->e), &w->e);
    assert_ok (catalog_get_user (w->c, "alice", &w->alice, &w->e), &w->e);
    *state = w;
    return 0;
}

static int teardown (void **state)
{
    struct world *w = *state;
    close_all (w);
    keyring_findings_clear (&w->found);
    user_free (w->alice);
    tree_clear (&w->tree);
    g_free (w->path);
    g_free (w);
    return 0;
}

static char *add_key (struct world *w, struct access_key key, char secret[KEYRING_SECRET_LEN + 1])
{
    KEYRING_LOCK (w->k);
    assert_ok (keyring_add (w->k, w->alice, "LTAI", &key, secret, &w->e), &w->e);
    g_bytes_unref (key.secret);
    return key.id;
}

static struct principal *find (struct world *w, const char *id)
{
    struct principal *p = NULL;
    assert_ok (keys_find (w->keys, id, &p, &w->e), &w->e);
    return p;
}

static void assert_secret (struct world *w, const char *id, const char *secret)
{
    struct principal *p = find (w, id);
    assert_string_equal (p->secret, secret);
    assert_string_equal (p->user_name, "alice");
    principal_unref (p);
}

static void change_file (struct world *w, const char *script)
{
    struct sql *s;
    g_autofree char *path = g_build_filename (w->tree.path, "catalog.db", NULL);
    close_all (w);
    assert_ok (sql_open (&sql_sqlite, path, SQL_CREATE, &s, &w->e), &w->e);
    assert_ok (sql_exec (s, script, &w->e), &w->e);
    sql_close (s);
}

static void keys_sign_at_once_and_after_a_start (void **state)
{
    struct world *w = *state;
    char secret[KEYRING_SECRET_LEN + 1];
    g_autofree char *id = add_key (w, (struct access_key){ 0 }, secret);
    assert_int_equal (strlen (id), 24);
    assert_int_equal (strlen (secret), KEYRING_SECRET_LEN);
    assert_secret (w, id, secret);
    assert_ok (reopen (w, false), &w->e);
    assert_secret (w, id, secret);
    assert_int_equal (w->found.unreadable->len + w->found.broken->len, 0);
}

static void a_lost_key_stops_the_start_and_nothing_is_lost (void **state)
{
    struct world *w = *state;
    char secret[KEYRING_SECRET_LEN + 1];
    g_autofree char *id = add_key (w, (struct access_key){ 0 }, secret), *kept = NULL;
    assert_true (g_file_get_contents (w->path, &kept, NULL, NULL));
    const char *const files[] = { NULL, "Key=12\n",
                                  "Key=0123456789abcdef0123456789abcdef"
                                  "0123456789abcdef0123456789abcdef\n" };
    for (size_t i = 0; i < N_ELEMENTS (files); i++) {
        g_unlink (w->path);
        if (files[i])
            assert_true (g_file_set_contents (w->path, files[i], -1, NULL));
        assert_err (INVALID_ARGUMENT, reopen (w, false));
        assert_non_null (strstr (w->e.message, "--secret-key-lost"));
        assert_non_null (strstr (w->e.message, "access keys (1)"));
    }
    assert_true (g_file_set_contents (w->path, kept, -1, NULL));
    assert_ok (reopen (w, false), &w->e);
    assert_secret (w, id, secret);
}

static void a_key_lost_for_good_takes_the_access_keys_along (void **state)
{
    struct world *w = *state;
    char secret[KEYRING_SECRET_LEN + 1];
    struct principal *none;
    const char *const files[] = { NULL, "damaged" };
    for (size_t i = 0; i < N_ELEMENTS (files); i++) {
        g_autofree char *id = add_key (w, (struct access_key){ 0 }, secret);
        g_unlink (w->path);
        if (files[i])
            assert_true (g_file_set_contents (w->path, files[i], -1, NULL));
        assert_ok (reopen (w, true), &w->e);
        assert_int_equal (w->found.deleted, 1);
        assert_err (KEY_NOT_FOUND, keys_find (w->keys, id, &none, &w->e));
    }
    g_autofree char *id = add_key (w, (struct access_key){ 0 }, secret);
    assert_ok (reopen (w, true), &w->e); /* nothing is lost now: nothing goes */
    assert_int_equal (w->found.deleted, 0);
    assert_secret (w, id, secret);
}

static void without_users_a_lost_key_is_made_anew (void **state)
{
    struct world *w = *state;
    g_unlink (w->path);
    assert_ok (reopen (w, false), &w->e);
    assert_true (g_file_test (w->path, G_FILE_TEST_EXISTS));
}

static void a_damaged_secret_leaves_its_key_out (void **state)
{
    struct world *w = *state;
    char secret[2][KEYRING_SECRET_LEN + 1];
    struct principal *none;
    g_autofree char *bad = add_key (w, (struct access_key){ 0 }, secret[0]);
    g_autofree char *good = add_key (w, (struct access_key){ 0 }, secret[1]);
    g_autofree char *script = g_strdup_printf (
        "UPDATE access_key SET secret = (SELECT secret FROM access_key WHERE id = '%s')"
        " WHERE id = '%s'",
        good, bad);
    change_file (w, script);
    assert_ok (reopen (w, false), &w->e);
    assert_int_equal (w->found.unreadable->len, 1);
    assert_string_equal (w->found.unreadable->pdata[0], bad);
    assert_err (KEY_NOT_FOUND, keys_find (w->keys, bad, &none, &w->e));
    assert_secret (w, good, secret[1]);
}

static enum policy_effect decide (struct world *w, const char *id, const char *action)
{
    struct principal *p = find (w, id);
    const struct policy_facts facts = { .now_ns = clock_now_ns () };
    const struct policy_request r = { action, "acs:imm:local:1:project/p", &facts };
    enum policy_effect effect = policy_decide (&p->policies, &r).effect;
    principal_unref (p);
    return effect;
}

static void attach (struct world *w, const char *name, const char *document)
{
    struct policy_row row = { .name = (char *) name, .document = (char *) document };
    KEYRING_LOCK (w->k);
    assert_ok (catalog_create_policy (w->c, &row, 9, &w->e), &w->e);
    enum err r = catalog_attach_policy (w->c, w->alice->id, name, false, 9, &w->e);
    assert_ok (keyring_changed (w->k, r, &w->e), &w->e);
}

static void policies_reach_the_keys_and_a_broken_one_denies (void **state)
{
    struct world *w = *state;
    char secret[KEYRING_SECRET_LEN + 1];
    g_autofree char *id = add_key (w, (struct access_key){ 0 }, secret);
    assert_int_equal (decide (w, id, "imm:GetProject"), POLICY_IMPLICIT_DENY);
    attach (w, "allow", ALLOW);
    assert_int_equal (decide (w, id, "imm:GetProject"), POLICY_ALLOW);
    struct access_key session = { .expires_ns = clock_now_ns () + 900 * NS,
                                  .session_name = "s",
                                  .session_policy = "no policy" };
    session.token_sum = g_bytes_new ("01234567890123456789012345678901", PRINCIPAL_TOKEN_SUM);
    g_autofree char *temporary = add_key (w, session, secret);
    assert_int_equal (decide (w, temporary, "imm:GetProject"), POLICY_EXPLICIT_DENY);
    g_bytes_unref (session.token_sum);

    change_file (w, "UPDATE policy SET document = '{}'");
    assert_ok (reopen (w, false), &w->e);
    assert_int_equal (w->found.broken->len, 1);
    assert_string_equal (w->found.broken->pdata[0], "allow");
    assert_int_equal (decide (w, id, "imm:GetProject"), POLICY_EXPLICIT_DENY);
}

static void a_new_secret_key_seals_all_again (void **state)
{
    struct world *w = *state;
    char secret[KEYRING_SECRET_LEN + 1];
    int64_t sealed = 0;
    g_autofree char *id = add_key (w, (struct access_key){ 0 }, secret), *before = NULL,
                    *after = NULL;
    assert_true (g_file_get_contents (w->path, &before, NULL, NULL));
    keyring_lock (w->k);
    assert_ok (keyring_renew (w->k, &sealed, &w->e), &w->e);
    keyring_unlock (w->k);
    assert_int_equal (sealed, 1);
    assert_true (g_file_get_contents (w->path, &after, NULL, NULL));
    assert_string_not_equal (before, after);
    assert_ok (reopen (w, false), &w->e);
    assert_secret (w, id, secret);
    assert_true (g_file_set_contents (w->path, before, -1, NULL));
    assert_err (INVALID_ARGUMENT, reopen (w, false)); /* the old key is worth nothing */
}

static void temporary_keys_make_room_when_they_expire (void **state)
{
    struct world *w = *state;
    g_autofree char *script = g_strdup_printf (
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)"
        " INSERT INTO access_key SELECT 'STS.' || i, 1, x'00', 1, 1, 0, %" G_GINT64_FORMAT
        ", x'00', 's', '' FROM n",
        LIMIT_TEMPORARY_KEYS, clock_now_ns () + 900 * NS);
    struct access_key key = { .expires_ns = clock_now_ns () + 900 * NS, .session_name = "s" };
    char secret[KEYRING_SECRET_LEN + 1];
    change_file (w, script);
    assert_ok (reopen (w, false), &w->e);
    keyring_lock (w->k);
    assert_err (LIMIT, keyring_add (w->k, w->alice, "STS.", &key, secret, &w->e));
    keyring_unlock (w->k);
    g_clear_pointer (&key.id, g_free);
    g_clear_pointer (&key.secret, g_bytes_unref);
    change_file (w, "UPDATE access_key SET expires_ns = 5");
    assert_ok (reopen (w, false), &w->e);
    g_free (add_key (w, key, secret));
    g_autoptr (GPtrArray) left = NULL;
    assert_ok (catalog_list_all_keys (w->c, &left, &w->e), &w->e);
    assert_int_equal (left->len, 1);
}

static void last_uses_outlive_a_stop (void **state)
{
    struct world *w = *state;
    char secret[KEYRING_SECRET_LEN + 1];
    g_autofree char *id = add_key (w, (struct access_key){ 0 }, secret);
    struct principal *p = find (w, id);
    keys_note_use (w->keys, p, 1000);
    keyring_tick (w->k, clock_now_ns ());
    keys_note_use (w->keys, p, 2000);
    keyring_tick (w->k, clock_now_ns ()); /* within the minute: kept in memory */
    principal_unref (p);
    g_autoptr (GPtrArray) keys = NULL, after = NULL;
    assert_ok (catalog_list_keys (w->c, w->alice->id, &keys, &w->e), &w->e);
    assert_int_equal (((struct access_key *) keys->pdata[0])->used_ns, 1000);
    assert_int_equal (keyring_last_use (w->k, keys->pdata[0]), 2000);
    assert_ok (reopen (w, false), &w->e);
    assert_ok (catalog_list_keys (w->c, w->alice->id, &after, &w->e), &w->e);
    assert_int_equal (((struct access_key *) after->pdata[0])->used_ns, 2000);
}

/* Nobody signs by what may be out of date; it mends itself. */
static void what_cannot_be_read_again_locks_users_out_until_it_can (void **state)
{
    struct world *w = *state;
    char secret[KEYRING_SECRET_LEN + 1];
    struct principal *none;
    struct sql *s;
    g_autofree char *path = g_build_filename (w->tree.path, "catalog.db", NULL);
    g_autofree char *id = add_key (w, (struct access_key){ 0 }, secret);
    assert_ok (sql_open (&sql_sqlite, path, 0, &s, &w->e), &w->e);
    assert_ok (sql_exec (s, "ALTER TABLE policy RENAME TO hidden", &w->e), &w->e);
    keyring_lock (w->k);
    assert_err (DATABASE, keyring_changed (w->k, ERR_OK, &w->e));
    keyring_unlock (w->k);
    assert_err (KEY_NOT_FOUND, keys_find (w->keys, id, &none, &w->e));
    assert_ok (sql_exec (s, "ALTER TABLE hidden RENAME TO policy", &w->e), &w->e);
    sql_close (s);
    keyring_tick (w->k, clock_now_ns () + 2 * NS);
    assert_secret (w, id, secret);
}

#define T(f) cmocka_unit_test_setup_teardown (f, setup, teardown)

int main (void)
{
    const struct CMUnitTest tests[] = {
        T (keys_sign_at_once_and_after_a_start),
        T (a_lost_key_stops_the_start_and_nothing_is_lost),
        T (a_key_lost_for_good_takes_the_access_keys_along),
        T (without_users_a_lost_key_is_made_anew),
        T (a_damaged_secret_leaves_its_key_out),
        T (policies_reach_the_keys_and_a_broken_one_denies),
        T (a_new_secret_key_seals_all_again),
        T (temporary_keys_make_room_when_they_expire),
        T (last_uses_outlive_a_stop),
        T (what_cannot_be_read_again_locks_users_out_until_it_can),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
