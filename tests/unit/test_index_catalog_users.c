/* Users, keys and policies in the catalogue: unique, limited, kept, and deleted in order. */
#include "test.h"

#include "index/catalog_users.h"
#include "index/sql.h"
#include "tree.h"

struct world {
    struct tree tree;
    struct catalog *c;
    struct error e;
    int64_t user;
};

static int64_t add_user (struct world *w, const char *name)
{
    struct user u = { .name = (char *) name };
    assert_ok (catalog_create_user (w->c, &u, 3, &w->e), &w->e);
    assert_true (u.id > 0 && u.create_ns > 0);
    return u.id;
}

static enum err add_key (struct world *w, const char *id, int64_t user, int64_t expires_ns)
{
    g_autoptr (GBytes) secret = g_bytes_new_static ("\0\1sealed", 8);
    g_autoptr (GBytes) sum = g_bytes_new_static ("sum", 3);
    struct access_key k = { .id = (char *) id,
                            .user_id = user,
                            .secret = secret,
                            .is_active = true,
                            .expires_ns = expires_ns,
                            .token_sum = expires_ns ? sum : NULL,
                            .session_name = "s" };
    return catalog_create_key (w->c, &k, 2, &w->e);
}

static enum err add_policy (struct world *w, const char *name)
{
    struct policy_row p = { .name = (char *) name, .document = "{}" };
    return catalog_create_policy (w->c, &p, 2, &w->e);
}

static GPtrArray *keys_of (struct world *w, int64_t user)
{
    GPtrArray *list = NULL;
    if (user)
        assert_ok (catalog_list_keys (w->c, user, &list, &w->e), &w->e);
    else
        assert_ok (catalog_list_all_keys (w->c, &list, &w->e), &w->e);
    return list;
}

static void reopen (struct world *w)
{
    catalog_close (g_steal_pointer (&w->c));
    assert_ok (catalog_open (w->tree.path, &w->c, &w->e), &w->e);
}

static int setup (void **state)
{
    struct world *w = g_new0 (struct world, 1);
    tree_init (&w->tree);
    assert_ok (catalog_open (w->tree.path, &w->c, &w->e), &w->e);
    w->user = add_user (w, "alice");
    *state = w;
    return 0;
}

static int teardown (void **state)
{
    struct world *w = *state;
    catalog_close (w->c);
    tree_clear (&w->tree);
    g_free (w);
    return 0;
}

static void users_are_unique_limited_and_listed (void **state)
{
    struct world *w = *state;
    struct user u = { .name = "alice" };
    assert_err (EXISTS, catalog_create_user (w->c, &u, 3, &w->e));
    add_user (w, "Bob");
    add_user (w, "carol");
    u.name = "dave";
    assert_err (LIMIT, catalog_create_user (w->c, &u, 3, &w->e));
    g_autoptr (GPtrArray) list = NULL, rest = NULL;
    assert_ok (catalog_list_users (w->c, NULL, 1, &list, &w->e), &w->e);
    assert_int_equal (list->len, 2);
    assert_string_equal (((struct user *) list->pdata[0])->name, "Bob");
    assert_ok (catalog_list_users (w->c, "b", 9, &rest, &w->e), &w->e);
    assert_int_equal (rest->len, 1);
    assert_string_equal (((struct user *) rest->pdata[0])->name, "carol");
}

static void a_user_is_changed_and_kept (void **state)
{
    struct world *w = *state;
    struct user *u;
    add_user (w, "bob");
    assert_ok (catalog_get_user (w->c, "alice", &u, &w->e), &w->e);
    g_free (u->name);
    u->name = g_strdup ("bob");
    assert_err (EXISTS, catalog_update_user (w->c, u, &w->e));
    g_free (u->name);
    g_free (u->comments);
    u->name = g_strdup ("anna");
    u->comments = g_strdup ("was alice");
    assert_ok (catalog_update_user (w->c, u, &w->e), &w->e);
    user_free (u);
    reopen (w);
    assert_err (NOT_FOUND, catalog_get_user (w->c, "alice", &u, &w->e));
    assert_ok (catalog_get_user (w->c, "anna", &u, &w->e), &w->e);
    assert_true (u->id == w->user);
    assert_string_equal (u->comments, "was alice");
    user_free (u);
}

static void keys_are_limited_for_each_user_and_kept_as_they_are (void **state)
{
    struct world *w = *state;
    assert_ok (add_key (w, "k1", w->user, 0), &w->e);
    assert_err (EXISTS, add_key (w, "k1", w->user, 0));
    assert_ok (add_key (w, "k2", w->user, 0), &w->e);
    assert_err (LIMIT, add_key (w, "k3", w->user, 0));
    assert_ok (add_key (w, "k3", add_user (w, "bob"), 0), &w->e);
    assert_err (NOT_FOUND, add_key (w, "k4", 99, 0));
    reopen (w);
    g_autoptr (GPtrArray) list = keys_of (w, w->user);
    assert_int_equal (list->len, 2);
    const struct access_key *k = list->pdata[0];
    assert_string_equal (k->id, "k1");
    assert_true (k->is_active && k->create_ns > 0 && !k->used_ns);
    size_t len;
    assert_memory_equal (g_bytes_get_data (k->secret, &len), "\0\1sealed", 8);
    assert_int_equal (len, 8);
}

static void a_key_is_changed_by_its_own_user_only (void **state)
{
    struct world *w = *state;
    int64_t bob = add_user (w, "bob");
    assert_ok (add_key (w, "k", w->user, 0), &w->e);
    assert_err (NOT_FOUND, catalog_set_key_active (w->c, bob, "k", false, &w->e));
    assert_err (NOT_FOUND, catalog_delete_key (w->c, bob, "k", &w->e));
    assert_ok (catalog_set_key_active (w->c, w->user, "k", false, &w->e), &w->e);
    g_autoptr (GPtrArray) list = keys_of (w, w->user);
    assert_false (((struct access_key *) list->pdata[0])->is_active);
    assert_ok (catalog_delete_key (w->c, w->user, "k", &w->e), &w->e);
    assert_err (NOT_FOUND, catalog_delete_key (w->c, w->user, "k", &w->e));
}

static void temporary_keys_are_apart_and_expire (void **state)
{
    struct world *w = *state;
    assert_ok (add_key (w, "old", w->user, 1000), &w->e);
    assert_ok (add_key (w, "t1", w->user, INT64_MAX), &w->e);
    assert_err (LIMIT, add_key (w, "t2", add_user (w, "bob"), INT64_MAX)); /* of all users */
    g_autoptr (GPtrArray) own = keys_of (w, w->user), all = keys_of (w, 0);
    assert_int_equal (own->len, 0);
    assert_int_equal (all->len, 2);
    assert_ok (catalog_delete_key (w->c, w->user, "t1", &w->e), &w->e);
    assert_ok (add_key (w, "t1", w->user, INT64_MAX), &w->e);
    assert_ok (catalog_delete_expired_keys (w->c, 1001, &w->e), &w->e);
    g_autoptr (GPtrArray) left = keys_of (w, 0);
    assert_int_equal (left->len, 1);
    const struct access_key *k = left->pdata[0];
    assert_string_equal (k->id, "t1");
    assert_string_equal (k->session_name, "s");
    assert_int_equal (g_bytes_get_size (k->token_sum), 3);
    assert_ok (catalog_delete_user (w->c, w->user, &w->e), &w->e);
    g_autoptr (GPtrArray) none = keys_of (w, 0);
    assert_int_equal (none->len, 0);
}

static void a_last_use_never_goes_back (void **state)
{
    struct world *w = *state;
    struct access_key a = { .id = "k", .used_ns = 500 }, b = { .id = "gone", .used_ns = 500 };
    g_autoptr (GPtrArray) uses = g_ptr_array_new ();
    g_ptr_array_add (uses, &b);
    g_ptr_array_add (uses, &a);
    assert_ok (add_key (w, "k", w->user, 0), &w->e);
    assert_ok (catalog_set_key_uses (w->c, uses, &w->e), &w->e);
    a.used_ns = 400;
    assert_ok (catalog_set_key_uses (w->c, uses, &w->e), &w->e);
    reopen (w);
    g_autoptr (GPtrArray) list = keys_of (w, w->user);
    assert_true (((struct access_key *) list->pdata[0])->used_ns == 500);
}

static void secrets_are_replaced_together_or_not_at_all (void **state)
{
    struct world *w = *state;
    g_autoptr (GBytes) fresh = g_bytes_new_static ("fresh", 5);
    struct access_key a = { .id = "k", .secret = fresh }, b = { .id = "gone", .secret = fresh };
    g_autoptr (GPtrArray) list = g_ptr_array_new ();
    g_autofree char *value = NULL;
    assert_ok (add_key (w, "k", w->user, 0), &w->e);
    g_ptr_array_add (list, &a);
    g_ptr_array_add (list, &b);
    assert_err (NOT_FOUND, catalog_replace_secrets (w->c, list, "name", "new", &w->e));
    assert_err (NOT_FOUND, catalog_get_setting (w->c, "name", &value, &w->e));
    g_autoptr (GPtrArray) before = keys_of (w, w->user);
    assert_int_equal (g_bytes_get_size (((struct access_key *) before->pdata[0])->secret), 8);
    g_ptr_array_remove (list, &b);
    assert_ok (catalog_replace_secrets (w->c, list, "name", "new", &w->e), &w->e);
    reopen (w);
    g_autoptr (GPtrArray) after = keys_of (w, w->user);
    assert_true (g_bytes_equal (((struct access_key *) after->pdata[0])->secret, fresh));
    assert_ok (catalog_get_setting (w->c, "name", &value, &w->e), &w->e);
    assert_string_equal (value, "new");
    int64_t n = 0;
    assert_ok (catalog_delete_all_keys (w->c, &n, &w->e), &w->e);
    assert_int_equal (n, 1);
}

static void policies_are_unique_limited_and_attached (void **state)
{
    struct world *w = *state;
    struct policy_row *p;
    assert_ok (add_policy (w, "p"), &w->e);
    assert_err (EXISTS, add_policy (w, "p"));
    assert_ok (add_policy (w, "q"), &w->e);
    assert_err (LIMIT, add_policy (w, "r"));
    assert_err (NOT_FOUND, catalog_attach_policy (w->c, w->user, "r", false, 2, &w->e));
    assert_err (NOT_FOUND, catalog_attach_policy (w->c, 99, "p", false, 2, &w->e));
    assert_ok (catalog_attach_policy (w->c, w->user, "p", false, 2, &w->e), &w->e);
    assert_err (EXISTS, catalog_attach_policy (w->c, w->user, "p", false, 2, &w->e));
    assert_ok (catalog_attach_policy (w->c, w->user, "Builtin", true, 2, &w->e), &w->e);
    assert_err (LIMIT, catalog_attach_policy (w->c, w->user, "q", false, 2, &w->e));
    reopen (w);
    assert_ok (catalog_get_policy (w->c, "p", &p, &w->e), &w->e);
    assert_int_equal (p->attachment_count, 1);
    policy_row_free (p);
    g_autoptr (GPtrArray) of_user = NULL, of_all = NULL;
    assert_ok (catalog_list_attached (w->c, w->user, &of_user, &w->e), &w->e);
    assert_ok (catalog_list_attached (w->c, 0, &of_all, &w->e), &w->e);
    assert_int_equal (of_user->len, 2);
    assert_int_equal (of_all->len, 2);
    assert_string_equal (((struct attached_policy *) of_user->pdata[0])->name, "Builtin");
    int64_t n = 0;
    assert_ok (catalog_count_attached (w->c, "Builtin", &n, &w->e), &w->e);
    assert_int_equal (n, 1);
}

static void what_is_in_use_is_not_deleted (void **state)
{
    struct world *w = *state;
    assert_ok (add_policy (w, "p"), &w->e);
    assert_ok (add_key (w, "k", w->user, 0), &w->e);
    assert_ok (catalog_attach_policy (w->c, w->user, "p", false, 2, &w->e), &w->e);
    assert_err (CONFLICT, catalog_delete_policy (w->c, "p", &w->e));
    assert_err (CONFLICT, catalog_delete_user (w->c, w->user, &w->e));
    assert_non_null (strstr (w->e.message, "1 access keys and 1 policies"));
    assert_ok (catalog_delete_key (w->c, w->user, "k", &w->e), &w->e);
    assert_err (CONFLICT, catalog_delete_user (w->c, w->user, &w->e));
    assert_ok (catalog_detach_policy (w->c, w->user, "p", &w->e), &w->e);
    assert_err (NOT_FOUND, catalog_detach_policy (w->c, w->user, "p", &w->e));
    assert_ok (catalog_delete_user (w->c, w->user, &w->e), &w->e);
    assert_err (NOT_FOUND, catalog_delete_user (w->c, w->user, &w->e));
    assert_ok (catalog_delete_policy (w->c, "p", &w->e), &w->e);
    assert_true (add_user (w, "alice") != w->user);
}

static void a_policy_is_changed_whole (void **state)
{
    struct world *w = *state;
    struct policy_row change = { .name = "p", .description = "d", .document = "{'}" }, *p;
    assert_err (NOT_FOUND, catalog_update_policy (w->c, &change, &w->e));
    assert_ok (add_policy (w, "p"), &w->e);
    assert_ok (catalog_update_policy (w->c, &change, &w->e), &w->e);
    assert_ok (catalog_get_policy (w->c, "p", &p, &w->e), &w->e);
    assert_string_equal (p->document, "{'}");
    assert_string_equal (p->description, "d");
    assert_true (p->update_ns >= p->create_ns);
    policy_row_free (p);
}

#define T(f) cmocka_unit_test_setup_teardown (f, setup, teardown)

int main (void)
{
    const struct CMUnitTest tests[] = {
        T (users_are_unique_limited_and_listed),
        T (a_user_is_changed_and_kept),
        T (keys_are_limited_for_each_user_and_kept_as_they_are),
        T (a_key_is_changed_by_its_own_user_only),
        T (temporary_keys_are_apart_and_expire),
        T (a_last_use_never_goes_back),
        T (secrets_are_replaced_together_or_not_at_all),
        T (policies_are_unique_limited_and_attached),
        T (what_is_in_use_is_not_deleted),
        T (a_policy_is_changed_whole),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
