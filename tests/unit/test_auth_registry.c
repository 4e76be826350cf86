/* The registry of keys: replaced as a whole while others look up, and last uses. */
#include "test.h"

#include <pthread.h>

#include "auth/keys.h"
#include "base/macros.h"

#define N_KEYS  16
#define N_SWAPS 300
#define N_SEEK  4
#define MINUTE  60000000000ll

static struct keys *open_keys (void)
{
    struct keys *k;
    struct error e;
    assert_ok (keys_open ("/nowhere", "root", "secret", &k, &e), &e);
    return k;
}

static struct principal *make (const char *id, const char *secret)
{
    struct principal *p = principal_new ();
    struct error e;
    assert_ok (principal_set_key (p, id, secret, "test", &e), &e);
    p->user_name = g_strdup (id);
    return p;
}

/* Keys key-0 ... with secrets of that generation, each with a policy that they share. */
static GPtrArray *make_all (unsigned generation)
{
    static const char document[] = "{\"Version\": \"1\", \"Statement\": [{\"Effect\": \"Allow\", "
                                   "\"Action\": \"*\", \"Resource\": \"*\"}]}";
    struct error e;
    GPtrArray *all = g_ptr_array_new_with_free_func ((GDestroyNotify) principal_unref);
    struct policy_list *list = policy_list_new (1);
    list->named[0].name = g_strdup ("all");
    assert_ok (policy_parse (document, strlen (document), &list->named[0].policy, &e), &e);
    for (unsigned i = 0; i < N_KEYS; i++) {
        g_autofree char *id = g_strdup_printf ("key-%u", i);
        g_autofree char *secret = g_strdup_printf ("%u-%u", i, generation);
        struct principal *p = make (id, secret);
        principal_set_policies (p, list);
        g_ptr_array_add (all, p);
    }
    policy_list_unref (list);
    return all;
}

static void replace_all (struct keys *k, unsigned generation)
{
    g_autoptr (GPtrArray) all = make_all (generation);
    keys_replace (k, all);
}

static void what_is_replaced_is_gone (void **state UNUSED)
{
    struct keys *k = open_keys ();
    struct principal *before, *after;
    struct error e;
    replace_all (k, 1);
    assert_ok (keys_find (k, "key-3", &before, &e), &e);
    replace_all (k, 2);
    assert_ok (keys_find (k, "key-3", &after, &e), &e);
    assert_string_equal (before->secret, "3-1"); /* who holds it may go on reading */
    assert_string_equal (after->secret, "3-2");
    keys_replace (k, NULL);
    principal_unref (after);
    assert_err (KEY_NOT_FOUND, keys_find (k, "key-3", &after, &e));
    assert_ok (keys_find (k, "root", &after, &e), &e);
    assert_true (after->is_root);
    principal_unref (before);
    keys_close (k);
    principal_unref (after);
}

static void nobody_takes_the_place_of_root (void **state UNUSED)
{
    struct keys *k = open_keys ();
    struct principal *found;
    struct error e;
    g_autoptr (GPtrArray) list = g_ptr_array_new_with_free_func ((GDestroyNotify) principal_unref);
    g_ptr_array_add (list, make ("root", "forged"));
    keys_replace (k, list);
    keys_add (k, list->pdata[0]);
    assert_ok (keys_find (k, "root", &found, &e), &e);
    assert_string_equal (found->secret, "secret");
    principal_unref (found);
    keys_close (k);
}

struct seeker {
    struct keys *keys;
    atomic_bool *is_over;
    unsigned long n_found;
};

/* Every key is there at every moment, whole: its secret tells which key it is of. */
static void *seek (void *arg)
{
    struct seeker *s = arg;
    for (unsigned i = 0; !atomic_load (s->is_over); i = (i + 1) % N_KEYS) {
        struct principal *p;
        char id[16], prefix[16];
        g_snprintf (id, sizeof id, "key-%u", i);
        g_snprintf (prefix, sizeof prefix, "%u-", i);
        if (keys_find (s->keys, id, &p, NULL) != ERR_OK)
            return "a key was not found";
        bool is_right = g_str_has_prefix (p->secret, prefix) && strcmp (p->id, id) == 0 &&
                        strcmp (p->policies.identity->name, "all") == 0;
        keys_note_use (s->keys, p, i + 1);
        principal_unref (p);
        if (!is_right)
            return "a key was not whole";
        s->n_found++;
    }
    return NULL;
}

static void keys_are_found_whole_while_they_are_replaced (void **state UNUSED)
{
    struct keys *k = open_keys ();
    atomic_bool is_over = false;
    pthread_t threads[N_SEEK];
    struct seeker seekers[N_SEEK];
    replace_all (k, 0);
    for (size_t i = 0; i < N_SEEK; i++) {
        seekers[i] = (struct seeker){ k, &is_over, 0 };
        assert_int_equal (pthread_create (&threads[i], NULL, seek, &seekers[i]), 0);
    }
    for (unsigned n = 1; n <= N_SWAPS; n++) {
        struct principal *p = make ("key-0", "0-added");
        replace_all (k, n);
        struct policy_list *list = policy_list_new (1);
        list->named[0].name = g_strdup ("all");
        principal_set_policies (p, list);
        policy_list_unref (list);
        keys_add (k, p);
        principal_unref (p);
        g_autoptr (GArray) uses = keys_take_uses (k, (int64_t) n * MINUTE, MINUTE);
    }
    atomic_store (&is_over, true);
    for (size_t i = 0; i < N_SEEK; i++) {
        void *complaint = NULL;
        pthread_join (threads[i], &complaint);
        assert_null (complaint);
    }
    keys_close (k);
}

static void note (struct keys *k, const char *id, int64_t now_ns)
{
    struct principal *p;
    struct error e;
    assert_ok (keys_find (k, id, &p, &e), &e);
    keys_note_use (k, p, now_ns);
    principal_unref (p);
}

static void uses_are_given_once_in_a_while (void **state UNUSED)
{
    struct keys *k = open_keys ();
    replace_all (k, 0);
    assert_null (keys_take_uses (k, 1000 * MINUTE, MINUTE));
    note (k, "key-1", 5);
    note (k, "key-1", 9);
    note (k, "key-1", 7); /* later, but of an earlier moment */
    note (k, "root", 9);
    replace_all (k, 1); /* takes nothing away */
    assert_int_equal (keys_last_use (k, "key-1"), 9);
    g_autoptr (GArray) first = keys_take_uses (k, 1000 * MINUTE, MINUTE);
    assert_non_null (first);
    assert_int_equal (first->len, 1);
    assert_string_equal (g_array_index (first, struct keys_use, 0).id, "key-1");
    assert_int_equal (g_array_index (first, struct keys_use, 0).used_ns, 9);
    note (k, "key-1", 10);
    assert_null (keys_take_uses (k, 1001 * MINUTE - 1, MINUTE));
    g_autoptr (GArray) second = keys_take_uses (k, 1001 * MINUTE, MINUTE);
    assert_int_equal (second->len, 1);
    note (k, "key-1", 11);
    g_autoptr (GArray) third = keys_take_uses (k, 5 * MINUTE, MINUTE); /* the clock was set back */
    assert_int_equal (third->len, 1);
    keys_close (k);
}

static void expired_keys_go (void **state UNUSED)
{
    struct keys *k = open_keys ();
    struct principal *p = make ("temporary", "s"), *found;
    struct error e;
    p->is_temporary = true;
    p->expires_ns = 100;
    replace_all (k, 0);
    keys_add (k, p);
    keys_remove_expired (k, 100);
    assert_ok (keys_find (k, "temporary", &found, &e), &e);
    principal_unref (found);
    keys_remove_expired (k, 101);
    assert_err (KEY_NOT_FOUND, keys_find (k, "temporary", &found, &e));
    assert_ok (keys_find (k, "key-0", &found, &e), &e);
    principal_unref (found);
    principal_unref (p);
    keys_close (k);
}

static void principals_have_names_for_people (void **state UNUSED)
{
    struct keys *k = open_keys ();
    struct principal *p = make ("alice", "s");
    g_autofree char *root = principal_display_name (keys_root (k));
    g_autofree char *alice = principal_display_name (p);
    p->session_name = g_strdup ("app");
    g_autofree char *session = principal_display_name (p);
    assert_string_equal (root, "root");
    assert_string_equal (alice, "alice");
    assert_string_equal (session, "alice:app");
    principal_unref (p);
    keys_close (k);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (what_is_replaced_is_gone),
        cmocka_unit_test (nobody_takes_the_place_of_root),
        cmocka_unit_test (keys_are_found_whole_while_they_are_replaced),
        cmocka_unit_test (uses_are_given_once_in_a_while),
        cmocka_unit_test (expired_keys_go),
        cmocka_unit_test (principals_have_names_for_people),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
