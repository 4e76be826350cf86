/* Signatures: what the vendor's clients sign is accepted, and nothing that differs from it. */
#include "test.h"

#include <glib/gstdio.h>
#include <unistd.h>

#include "api/params.h"
#include "auth/signature.h"
#include "base/clock.h"
#include "golden.h"

struct fixture {
    char *folder;
    struct keys *keys;
    struct nonces *nonces;
    int64_t now_ns;
};

static int setup (void **state)
{
    struct fixture *f = g_new0 (struct fixture, 1);
    struct error e;
    f->folder = g_dir_make_tmp ("bindery-auth-XXXXXX", NULL);
    g_autofree char *path = g_build_filename (f->folder, "nonces", NULL);
    assert_true (clock_parse (GOLDEN_TIME, &f->now_ns, NULL));
    assert_ok (keys_open (f->folder, GOLDEN_KEY_ID, GOLDEN_SECRET, &f->keys, &e), &e);
    assert_ok (nonces_open_sized (path, 16, f->now_ns, &f->nonces, &e), &e);
    *state = f;
    return 0;
}

static int teardown (void **state)
{
    struct fixture *f = *state;
    g_autofree char *path = g_build_filename (f->folder, "nonces", NULL);
    keys_close (f->keys);
    nonces_close (f->nonces);
    unlink (path);
    rmdir (f->folder);
    g_free (f->folder);
    g_free (f);
    return 0;
}

/* A golden request that a test may bend. */
struct request {
    const char *method, *uri, *body;
    GHashTable *headers;
};

static void request_init (struct request *r, const struct golden *g)
{
    *r = (struct request){ g->method, g->uri, g->body, NULL };
    r->headers = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, g_free);
    for (size_t i = 0; g->headers[i]; i += 2)
        g_hash_table_insert (r->headers, (gpointer) g->headers[i], g_strdup (g->headers[i + 1]));
}

static enum err verify (const struct fixture *f, const struct request *r, int64_t now_ns,
                        struct error *e)
{
    struct params p = { 0 };
    struct principal *holder;
    enum err code = params_decode (r->uri, g_hash_table_lookup (r->headers, "content-type"),
                                   (const uint8_t *) r->body, strlen (r->body), &p, e);
    if (code == ERR_OK) {
        const struct auth_pair *pairs = (const struct auth_pair *) p.pairs->data;
        struct auth_request a = { r->method,
                                  r->headers,
                                  pairs,
                                  pairs + p.n_query,
                                  p.n_query,
                                  p.pairs->len - p.n_query,
                                  (const uint8_t *) r->body,
                                  strlen (r->body) };
        code = auth_verify (&a, f->keys, f->nonces, now_ns, &holder, e);
        if (code == ERR_OK) {
            assert_string_equal (holder->id, GOLDEN_KEY_ID);
            principal_unref (holder);
        }
    }
    params_clear (&p);
    return code;
}

static enum err verify_bent (const struct fixture *f, struct request *r, struct error *e)
{
    enum err code = verify (f, r, f->now_ns, e);
    g_hash_table_unref (r->headers);
    return code;
}

static void accepts_what_the_clients_sign (void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < G_N_ELEMENTS (golden); i++) {
        struct request r;
        struct error e;
        request_init (&r, &golden[i]);
        assert_ok (verify_bent (f, &r, &e), &e);
    }
}

static void refuses_a_replay (void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < G_N_ELEMENTS (golden); i++) {
        struct request r;
        struct error e;
        request_init (&r, &golden[i]);
        assert_ok (verify (f, &r, f->now_ns, &e), &e);
        assert_err (NONCE_USED, verify_bent (f, &r, &e));
    }
}

/* The unsigned ones may change; a change of any signed one must be noticed. */
static void notices_each_changed_header (void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < 2; i++)
        for (size_t h = 0; golden[i].headers[h]; h += 2) {
            const char *name = golden[i].headers[h];
            struct request r;
            struct error e;
            request_init (&r, &golden[i]);
            bool is_signed = g_str_has_prefix (name, "x-acs-") || strcmp (name, "host") == 0 ||
                             strcmp (name, "content-type") == 0;
            if (!is_signed)
                continue;
            char *bent =
                g_strconcat (golden[i].headers[h + 1],
                             strcmp (name, "content-type") == 0 ? "; charset=x" : "1", NULL);
            g_hash_table_insert (r.headers, (gpointer) name, bent);
            enum err code = verify_bent (f, &r, &e);
            if (strcmp (name, "x-acs-date") == 0)
                assert_err (TIME_FORMAT, code);
            else
                assert_err (SIGNATURE_MISMATCH, code);
        }
}

static void notices_changed_method_query_and_body (void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < G_N_ELEMENTS (golden); i++) {
        struct request r;
        struct error e;
        request_init (&r, &golden[i]);
        r.method = strcmp (r.method, "GET") == 0 ? "POST" : "GET";
        assert_err (SIGNATURE_MISMATCH, verify_bent (f, &r, &e));

        g_autofree char *uri =
            g_strconcat (golden[i].uri, strchr (golden[i].uri, '?') ? "&" : "?", "Extra=1", NULL);
        request_init (&r, &golden[i]);
        r.uri = uri;
        assert_err (SIGNATURE_MISMATCH, verify_bent (f, &r, &e));

        g_autofree char *body = g_strconcat (golden[i].body, "&More=1", NULL);
        request_init (&r, &golden[i]);
        r.body = body;
        if (*golden[i].body)
            assert_err (SIGNATURE_MISMATCH, verify_bent (f, &r, &e));
        else
            g_hash_table_unref (r.headers);
    }
}

static void encoding_of_the_query_does_not_matter (void **state)
{
    struct fixture *f = *state;
    struct request r;
    struct error e;
    request_init (&r, &golden[0]);
    g_autoptr (GString) uri = g_string_new (golden[0].uri);
    g_string_replace (uri, "p%201", "%70+1", 0);
    g_string_replace (uri, "()", "%28%29", 0);
    r.uri = uri->str;
    assert_ok (verify_bent (f, &r, &e), &e);
}

static void allows_fifteen_minutes_both_ways (void **state)
{
    struct fixture *f = *state;
    const int64_t limit = AUTH_SKEW_S * 1000000000ll;
    struct request r;
    struct error e;
    for (int sign = -1; sign <= 1; sign += 2)
        for (size_t i = 0; i < G_N_ELEMENTS (golden); i++) {
            request_init (&r, &golden[i]);
            assert_err (TIME_EXPIRED, verify (f, &r, f->now_ns + sign * (limit + 1), &e));
            assert_non_null (strstr (e.message, GOLDEN_TIME));
            assert_non_null (strstr (e.message, sign > 0 ? "T08:36:11" : "T08:06:1"));
            if (sign > 0)
                assert_ok (verify (f, &r, f->now_ns + sign * limit, &e), &e);
            g_hash_table_unref (r.headers);
        }
}

static void says_what_is_missing (void **state)
{
    struct fixture *f = *state;
    static const char *const needed[] = { "host", "x-acs-date", "x-acs-signature-nonce",
                                          "x-acs-content-sha256", "x-acs-action" };
    struct request r;
    struct error e;
    for (size_t i = 0; i < G_N_ELEMENTS (needed); i++) {
        request_init (&r, &golden[0]);
        g_hash_table_remove (r.headers, needed[i]);
        assert_err (SIGNATURE_INCOMPLETE, verify_bent (f, &r, &e));
        assert_non_null (strstr (e.message, needed[i]));
    }
    request_init (&r, &golden[0]);
    g_hash_table_insert (r.headers, (gpointer) "x-acs-bearer", g_strdup ("unsigned"));
    assert_err (SIGNATURE_INCOMPLETE, verify_bent (f, &r, &e));

    request_init (&r, &golden[0]);
    g_hash_table_insert (r.headers, (gpointer) "authorization",
                         g_strdup ("ACS3-HMAC-SHA256 Credential=a,Signature=b"));
    assert_err (SIGNATURE_INCOMPLETE, verify_bent (f, &r, &e));

    request_init (&r, &golden[0]);
    g_hash_table_insert (r.headers, (gpointer) "authorization", g_strdup ("Basic abc"));
    assert_err (SIGNATURE_METHOD, verify_bent (f, &r, &e));

    request_init (&r, &golden[0]);
    g_hash_table_remove (r.headers, "authorization");
    assert_err (MISSING_PARAM, verify_bent (f, &r, &e));
    assert_string_equal (e.subject, "AccessKeyId");
}

/* One parameter of the RPC v1 GET replaced. */
static enum err verify_replaced (const struct fixture *f, const char *from, const char *to,
                                 struct error *e)
{
    struct request r;
    g_autoptr (GString) uri = g_string_new (golden[2].uri);
    assert_int_equal (g_string_replace (uri, from, to, 1), 1);
    request_init (&r, &golden[2]);
    r.uri = uri->str;
    return verify_bent (f, &r, e);
}

static void checks_the_parts_of_rpc1 (void **state)
{
    struct fixture *f = *state;
    struct error e;
    assert_err (SIGNATURE_METHOD, verify_replaced (f, "HMAC-SHA1", "HMAC-SHA256", &e));
    assert_err (SIGNATURE_METHOD, verify_replaced (f, "Version=1.0", "Version=2.0", &e));
    assert_err (MISSING_PARAM, verify_replaced (f, "SignatureNonce=", "Nonce=", &e));
    assert_err (MISSING_PARAM, verify_replaced (f, "Timestamp=", "Time=", &e));
    assert_err (TIME_FORMAT, verify_replaced (f, "2026-11-22T", "2026-11-22%20", &e));
    assert_err (TIME_FORMAT, verify_replaced (f, "2026-11-22T", "2026-13-22T", &e));
    assert_err (KEY_NOT_FOUND, verify_replaced (f, "LTAItest", "LTAIrest", &e));
    assert_err (SIGNATURE_MISMATCH, verify_replaced (f, "Signature=h", "Signature=g", &e));
    assert_err (SIGNATURE_MISMATCH,
                verify_replaced (f, "&Signature=", "&SecurityToken=x&Signature=", &e));
}

/* A client that signs otherwise needs to see what the server signed, and never the secret. */
static void a_mismatch_shows_what_was_signed (void **state)
{
    struct fixture *f = *state;
    struct request r;
    struct error e;
    request_init (&r, &golden[0]);
    r.method = "PUT";
    assert_err (SIGNATURE_MISMATCH, verify_bent (f, &r, &e));
    assert_non_null (strstr (e.message, "ACS3-HMAC-SHA256\n"));
    assert_non_null (strstr (e.message, "PUT\n/\n"));
    assert_non_null (strstr (e.message, "x-acs-action:SimpleQuery\n"));
    assert_null (strstr (e.message, GOLDEN_SECRET));
    assert_err (SIGNATURE_MISMATCH, verify_replaced (f, "Signature=h", "Signature=g", &e));
    assert_non_null (strstr (e.message, "GET&%2F&AccessKeyId%3D"));
    assert_null (strstr (e.message, GOLDEN_SECRET));
}

static void a_failed_signature_uses_up_no_nonce (void **state)
{
    struct fixture *f = *state;
    struct request r;
    struct error e;
    assert_err (SIGNATURE_MISMATCH, verify_replaced (f, "Signature=h", "Signature=g", &e));
    request_init (&r, &golden[2]);
    assert_ok (verify_bent (f, &r, &e), &e);
}

static void joins_repeated_headers_sorted (void **state)
{
    struct fixture *f = *state;
    struct request a, b;
    struct error e, e2;
    request_init (&a, &golden[0]);
    request_init (&b, &golden[0]);
    g_hash_table_insert (a.headers, (gpointer) "x-acs-credentials-provider",
                         g_strdup ("two, x\n one "));
    g_hash_table_insert (b.headers, (gpointer) "x-acs-credentials-provider",
                         g_strdup ("one,two, x"));
    assert_err (SIGNATURE_MISMATCH, verify_bent (f, &a, &e));
    assert_err (SIGNATURE_MISMATCH, verify_bent (f, &b, &e2));
    assert_string_equal (e.message, e2.message);
}

int main (void)
{
#define TEST(t) cmocka_unit_test_setup_teardown (t, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST (accepts_what_the_clients_sign),
        TEST (refuses_a_replay),
        TEST (notices_each_changed_header),
        TEST (notices_changed_method_query_and_body),
        TEST (encoding_of_the_query_does_not_matter),
        TEST (allows_fifteen_minutes_both_ways),
        TEST (says_what_is_missing),
        TEST (checks_the_parts_of_rpc1),
        TEST (a_mismatch_shows_what_was_signed),
        TEST (a_failed_signature_uses_up_no_nonce),
        TEST (joins_repeated_headers_sorted),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
