/* Who may use a key that signs rightly: its state, and the security token of a temporary one. */
#include "test.h"

#include <glib/gstdio.h>
#include <unistd.h>

#include "api/params.h"
#include "auth/signature.h"
#include "sign.h"

#define NS    1000000000ll
#define TOKEN AUTH_TOKEN_PREFIX "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXY"
#define OTHER AUTH_TOKEN_PREFIX "9876543210abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXY"

struct fixture {
    char *folder, *path;
    struct keys *keys;
    struct nonces *nonces;
    struct error e;
};

static int setup (void **state)
{
    struct fixture *f = g_new0 (struct fixture, 1);
    f->folder = g_dir_make_tmp ("bindery-token-XXXXXX", NULL);
    f->path = g_build_filename (f->folder, "nonces", NULL);
    assert_ok (keys_open (f->folder, "root", "root-secret", &f->keys, &f->e), &f->e);
    assert_ok (nonces_open_sized (f->path, 16, clock_now_ns (), &f->nonces, &f->e), &f->e);
    *state = f;
    return 0;
}

static int teardown (void **state)
{
    struct fixture *f = *state;
    keys_close (f->keys);
    nonces_close (f->nonces);
    unlink (f->path);
    rmdir (f->folder);
    g_free (f->folder);
    g_free (f->path);
    g_free (f);
    return 0;
}

/* Adds the key that sign.h signs with. `token` NULL: for good. */
static void add_key (struct fixture *f, const char *token, bool is_active, int64_t expires_ns)
{
    struct principal *p = principal_new ();
    assert_ok (principal_set_key (p, SIGN_KEY_ID, SIGN_SECRET, "test", &f->e), &f->e);
    p->user_name = g_strdup ("alice");
    p->is_active = is_active;
    p->is_temporary = token != NULL;
    p->expires_ns = expires_ns;
    if (token)
        auth_token_sum (token, p->token_sum);
    keys_add (f->keys, p);
    principal_unref (p);
}

/* Verifies a request with this token; `tail` is added behind the signature. */
static enum err verify (struct fixture *f, const char *token, const char *tail)
{
    struct params params = { 0 };
    g_autoptr (GHashTable) headers = g_hash_table_new (g_str_hash, g_str_equal);
    g_autofree char *extra = token ? g_strconcat ("SecurityToken=", token, NULL) : g_strdup ("");
    g_autofree char *query = sign_query ("GET", "ListRegions", extra);
    g_autofree char *uri = g_strconcat ("/?", query, tail, NULL);
    struct principal *holder = NULL;
    assert_ok (params_decode (uri, NULL, NULL, 0, &params, &f->e), &f->e);
    const struct auth_request r = { .method = "GET",
                                    .headers = headers,
                                    .query = (const struct auth_pair *) params.pairs->data,
                                    .n_query = params.pairs->len };
    enum err code = auth_verify (&r, f->keys, f->nonces, clock_now_ns (), &holder, &f->e);
    if (code == ERR_OK)
        assert_string_equal (holder->user_name, "alice");
    principal_unref (holder);
    params_clear (&params);
    return code;
}

static void a_key_for_good_takes_no_token (void **state)
{
    struct fixture *f = *state;
    assert_err (KEY_NOT_FOUND, verify (f, NULL, ""));
    add_key (f, NULL, true, 0);
    assert_ok (verify (f, NULL, ""), &f->e);
    assert_ok (verify (f, "", ""), &f->e);
    assert_err (TOKEN_MISMATCH, verify (f, TOKEN, ""));
    assert_err (TOKEN_MALFORMED, verify (f, "short", ""));
}

static void a_temporary_key_needs_its_own (void **state)
{
    struct fixture *f = *state;
    add_key (f, TOKEN, true, clock_now_ns () + 900 * NS);
    assert_ok (verify (f, TOKEN, ""), &f->e);
    assert_err (TOKEN_MISSING, verify (f, NULL, ""));
    assert_err (TOKEN_MISSING, verify (f, "", ""));
    assert_err (TOKEN_MISMATCH, verify (f, OTHER, ""));
    assert_err (TOKEN_MALFORMED, verify (f, TOKEN "x", ""));
    assert_err (TOKEN_MALFORMED, verify (f, "x" TOKEN, ""));
    assert_null (strstr (f->e.message, TOKEN));
}

static void it_ends_when_it_expires (void **state)
{
    struct fixture *f = *state;
    add_key (f, TOKEN, true, clock_now_ns () - 1);
    assert_err (TOKEN_EXPIRED, verify (f, TOKEN, ""));
    assert_non_null (strstr (f->e.message, "expired at"));
    assert_err (TOKEN_MISMATCH, verify (f, OTHER, "")); /* whoever has another learns no time */
}

static void an_inactive_key_is_told_from_one_that_is_not_there (void **state)
{
    struct fixture *f = *state;
    add_key (f, NULL, false, 0);
    assert_err (KEY_INACTIVE, verify (f, NULL, ""));
    assert_err (SIGNATURE_MISMATCH, verify (f, NULL, "&More=1"));
    add_key (f, NULL, true, 0);
    assert_ok (verify (f, NULL, ""), &f->e);
}

static void a_refusal_shows_no_token (void **state)
{
    struct fixture *f = *state;
    add_key (f, TOKEN, true, clock_now_ns () + 900 * NS);
    assert_err (SIGNATURE_MISMATCH, verify (f, TOKEN, "&More=1"));
    assert_null (strstr (f->e.message, TOKEN));
    assert_err (SIGNATURE_MISMATCH, verify (f, NULL, "&SecurityToken=" TOKEN));
    assert_null (strstr (f->e.message, TOKEN));
}

static void a_use_is_noted_only_if_all_is_right (void **state)
{
    struct fixture *f = *state;
    int64_t begin_ns = clock_now_ns ();
    add_key (f, TOKEN, true, begin_ns + 900 * NS);
    assert_err (TOKEN_MISMATCH, verify (f, OTHER, ""));
    assert_int_equal (keys_last_use (f->keys, SIGN_KEY_ID), 0);
    assert_ok (verify (f, TOKEN, ""), &f->e);
    assert_true (keys_last_use (f->keys, SIGN_KEY_ID) >= begin_ns);
}

#define T(f) cmocka_unit_test_setup_teardown (f, setup, teardown)

int main (void)
{
    const struct CMUnitTest tests[] = {
        T (a_key_for_good_takes_no_token), T (a_temporary_key_needs_its_own),
        T (it_ends_when_it_expires),       T (an_inactive_key_is_told_from_one_that_is_not_there),
        T (a_refusal_shows_no_token),      T (a_use_is_noted_only_if_all_is_right),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
