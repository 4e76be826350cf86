/* The gate with a user in front of it: calls that she signs, decided by the policies that a test
 * grants her, on the server of api_fixture.h. */
#pragma once

#include "api_fixture.h"

#include "api/keyring.h"
#include "auth/nonces.h"
#include "sign.h"

#define ARN "acs:imm:local:" ACCOUNT ":"

/* ---- A user ---- */

struct gate_fixture {
    struct fixture f; /* first: the server */
    struct principal *user;
};

/* From now on the user has these policies (JSON of one statement each; NULL ends), and no others.
 */
static inline void grant (struct gate_fixture *g, const char *const *statements)
{
    struct error e;
    size_t n = 0;
    while (statements[n])
        n++;
    principal_unref (g->user);
    g->user = principal_new ();
    assert_ok (principal_set_key (g->user, SIGN_KEY_ID, SIGN_SECRET, "test", &e), &e);
    g->user->user_name = g_strdup ("alice");
    g->user->user_id = g_strdup ("200000000000000001");
    struct policy_list *list = policy_list_new (n);
    for (size_t i = 0; i < n; i++) {
        g_autofree char *text =
            g_strdup_printf ("{\"Version\":\"1\",\"Statement\":[%s]}", statements[i]);
        struct policy_named *named = &list->named[i];
        named->name = g_strdup_printf ("policy-%zu", i);
        assert_ok (policy_parse (text, strlen (text), &named->policy, &e), &e);
    }
    principal_set_policies (g->user, list);
    policy_list_unref (list);
    keys_add (g->f.api.keys, g->user);
    g->f.access.who = g->user;
}
#define GRANT(g, ...) grant ((g), (const char *const[]){ __VA_ARGS__, NULL })
#define ALLOW(action, resource)                                                                    \
    "{\"Effect\":\"Allow\",\"Action\":\"" action "\",\"Resource\":\"" resource "\"}"
#define DENY(action, resource)                                                                     \
    "{\"Effect\":\"Deny\",\"Action\":\"" action "\",\"Resource\":\"" resource "\"}"

static inline int gate_setup (void **state)
{
    struct gate_fixture *g = g_new0 (struct gate_fixture, 1);
    void *fixture;
    setup (&fixture);
    g->f = *(struct fixture *) fixture;
    g_free (fixture);
    g->f.api.scan = &g->f.scan;
    g->f.api.config = &g->f.config;
    g->f.access.api = &g->f.api;
    g_autofree char *nonces = g_build_filename (g->f.dir, "nonces", NULL);
    assert_ok (keys_open (g->f.dir, "rootKey", "rootSecret", &g->f.api.keys, &g->f.e), &g->f.e);
    assert_ok (nonces_open_sized (nonces, 1024, clock_now_ns (), &g->f.api.nonces, &g->f.e),
               &g->f.e);
    const struct keyring_options options = {
        .catalog = g->f.api.catalog, .keys = g->f.api.keys, .data = g->f.dir, .secret_key_file = ""
    };
    struct keyring_findings findings = { 0 };
    assert_ok (keyring_open (&options, &g->f.api.keyring, &findings, &g->f.e), &g->f.e);
    keyring_findings_clear (&findings);
    grant (g, (const char *const[]){ NULL });
    *state = g;
    return 0;
}

static inline int gate_teardown (void **state)
{
    struct gate_fixture *g = *state;
    keyring_close (g->f.api.keyring);
    keys_close (g->f.api.keys);
    nonces_close (g->f.api.nonces);
    principal_unref (g->user);
    return teardown (state);
}

/* ---- Calls ---- */

static inline void send_call (struct gate_fixture *g, const struct action *a, const char *extra,
                              struct call_answer *answer)
{
    g_autofree char *query = sign_query ("GET", a->name, extra);
    g_autofree char *uri = g_strconcat ("/?", query, NULL);
    g_autoptr (GHashTable) headers = g_hash_table_new (g_str_hash, g_str_equal);
    g_hash_table_insert (headers, (gpointer) "user-agent", (gpointer) "test/1");
    const struct call_request r = {
        .face = a->face, .method = "GET", .raw_uri = uri, .headers = headers, .peer = "192.0.2.7"
    };
    call_run (&g->f.api, &r, answer);
}

/* The code on the wire of a call; "OK". */
static inline char *code_of (struct gate_fixture *g, const struct action *a, const char *extra)
{
    struct call_answer answer;
    send_call (g, a, extra, &answer);
    char *code = g_strdup (answer.audit.code);
    call_answer_clear (&answer);
    return code;
}

static inline void assert_code (struct gate_fixture *g, const char *action, const char *extra,
                                const char *expected)
{
    g_autofree char *code = code_of (g, action_find (action), extra);
    if (strcmp (code, expected) != 0)
        fail_msg ("%s %s: %s, expected %s", action, extra, code, expected);
}

/* What follows is not the user's. */
static inline void as_root (struct gate_fixture *g)
{
    g->f.access.who = g->f.root;
}

#define GATE(f) cmocka_unit_test_setup_teardown (f, gate_setup, gate_teardown)
