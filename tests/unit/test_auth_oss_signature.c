/* Signatures of the OSS endpoint: what the store's client signs is accepted, and nothing else. */
#include "test.h"

#include <unistd.h>

#include "api/params.h"
#include "auth/oss_signature.h"
#include "auth/signing.h"
#include "base/clock.h"
#include "store/sign.h"

#define ID     "LTAIexample"
#define SECRET "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
#define NOW_S  1795350896ll /* 2026-11-22T12:34:56Z */
#define NS     1000000000ll

static const char *const object_keys[] = { "a.jpg", "a b+c%20%2F.txt", "\346\227\245/~!*'().png",
                                           "x?y&acl=z" };
static const enum sign_scheme schemes[] = { SIGN_OSS1, SIGN_OSS4, SIGN_S3 };

struct fixture {
    char *folder;
    struct keys *keys;
};

/* What arrives, decoded. */
struct arrived {
    struct params params;
    GHashTable *headers;
    struct oss_request request;
    int64_t now_s;
};

static int setup (void **state)
{
    struct fixture *f = g_new0 (struct fixture, 1);
    struct error e;
    f->folder = g_dir_make_tmp ("bindery-oss-XXXXXX", NULL);
    assert_ok (keys_open (f->folder, ID, SECRET, &f->keys, &e), &e);
    *state = f;
    return 0;
}

static int teardown (void **state)
{
    struct fixture *f = *state;
    keys_close (f->keys);
    rmdir (f->folder);
    g_free (f->folder);
    g_free (f);
    return 0;
}

static void take_header (void *arg, const char *name, const char *value)
{
    g_hash_table_replace (arg, g_ascii_strdown (name, -1), g_strdup (value));
}

/* Signs with the client of stores, in the headers or as a URL for `expires_s` seconds. */
static void sign (struct arrived *a, enum sign_scheme scheme, const char *key, uint32_t expires_s)
{
    static const struct sign_pair query[] = { { "x-oss-process", "image/resize,w_1|x" },
                                              { "response-expires", "a b+c" },
                                              { "other", "" } };
    const struct sign_key who = { ID, SECRET, NULL };
    const struct sign_request r = {
        .method = "GET",
        .host = "localhost:8082",
        .bucket = "photos",
        .key = key,
        .query = query,
        .n_query = N_ELEMENTS (query),
        .payload = SIGN_UNSIGNED,
        .region = "local",
        .now_s = NOW_S,
    };
    struct error e;
    g_autoptr (GString) target = g_string_new (NULL);
    *a = (struct arrived){ .now_s = NOW_S };
    a->headers = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
    take_header (a->headers, "Host", r.host);
    if (expires_s) {
        sign_append_presigned (scheme, &r, &who, expires_s, NULL, target);
    } else {
        sign_headers (scheme, &r, &who, NULL, take_header, a->headers);
        sign_append_target (scheme, &r, target);
    }
    assert_ok (params_decode (target->str, NULL, NULL, 0, &a->params, &e), &e);
    a->request = (struct oss_request){
        .method = "GET",
        .bucket = "photos",
        .key = key,
        .headers = a->headers,
        .query = (const struct auth_pair *) (void *) a->params.pairs->data,
        .n_query = a->params.n_query,
        .region = "local",
    };
}

static void arrived_clear (struct arrived *a)
{
    params_clear (&a->params);
    g_hash_table_unref (a->headers);
}

static enum err verify (const struct fixture *f, const struct arrived *a, bool *ret_is_signed,
                        struct error *e)
{
    struct principal *who = NULL;
    char *claimed = NULL;
    enum err r = oss_verify (&a->request, f->keys, a->now_s * NS, &who, &claimed, e);
    *ret_is_signed = who != NULL;
    principal_unref (who);
    g_free (claimed);
    return r;
}

static void what_is_signed_is_accepted (void **state)
{
    struct error e;
    bool is_signed;
    for (size_t s = 0; s < N_ELEMENTS (schemes); s++)
        for (size_t k = 0; k < N_ELEMENTS (object_keys); k++)
            for (uint32_t expires_s = 0; expires_s <= 60; expires_s += 60) {
                struct arrived a;
                sign (&a, schemes[s], object_keys[k], expires_s);
                assert_ok (verify (*state, &a, &is_signed, &e), &e);
                assert_true (is_signed);
                arrived_clear (&a);
            }
}

static void a_request_without_a_signature_is_nobodys (void **state)
{
    struct arrived a;
    struct error e;
    bool is_signed = true;
    sign (&a, SIGN_OSS1, "a.jpg", 0);
    g_hash_table_remove (a.headers, "authorization");
    assert_ok (verify (*state, &a, &is_signed, &e), &e);
    assert_false (is_signed);
    arrived_clear (&a);
}

static void change_key (struct arrived *a)
{
    a->request.key = "b.jpg";
}

static void change_bucket (struct arrived *a)
{
    a->request.bucket = "other";
}

static void change_method (struct arrived *a)
{
    a->request.method = "HEAD";
}

static void change_process (struct arrived *a)
{
    for (size_t i = 0; i < a->params.n_query; i++) {
        struct auth_pair *p = &g_array_index (a->params.pairs, struct auth_pair, i);
        if (strcmp (p->name, "x-oss-process") == 0)
            p->value = "image/resize,w_2|x";
    }
}

static void what_differs_is_refused (void **state)
{
    static void (*const changes[]) (struct arrived * a) = { change_key, change_bucket,
                                                            change_method, change_process };
    struct error e;
    bool is_signed;
    for (size_t s = 0; s < N_ELEMENTS (schemes); s++)
        for (size_t i = 0; i < N_ELEMENTS (changes); i++)
            for (uint32_t expires_s = 0; expires_s <= 60; expires_s += 60) {
                struct arrived a;
                sign (&a, schemes[s], "a.jpg", expires_s);
                changes[i](&a);
                assert_err (SIGNATURE_MISMATCH, verify (*state, &a, &is_signed, &e));
                assert_null (strstr (e.message, SECRET));
                arrived_clear (&a);
            }
}

static void the_clock_counts (void **state)
{
    static const struct {
        int64_t later_s;
        uint32_t expires_s;
        enum err code;
    } rows[] = {
        { 900, 0, ERR_OK }, { 901, 0, ERR_TIME_EXPIRED },  { -900, 0, ERR_OK },
        { 60, 60, ERR_OK }, { 61, 60, ERR_NO_PERMISSION }, { -901, 0, ERR_TIME_EXPIRED },
    };
    struct error e;
    bool is_signed;
    for (size_t s = 0; s < N_ELEMENTS (schemes); s++)
        for (size_t i = 0; i < N_ELEMENTS (rows); i++) {
            struct arrived a;
            sign (&a, schemes[s], "a.jpg", rows[i].expires_s);
            a.now_s += rows[i].later_s;
            assert_int_equal (rows[i].code, verify (*state, &a, &is_signed, &e));
            arrived_clear (&a);
        }
}

/* Each part that a form of Authorization needs, missing or of another form. */
static void what_is_malformed_is_told_so (void **state)
{
    static const char *const bad[] = {
        "",
        "Basic YTpi",
        "OSS " ID,
        "OSS :abc",
        "OSS " ID ":",
        "OSS4-HMAC-SHA256 ",
        "OSS4-HMAC-SHA256 Credential=x,Signature=y",
        "OSS4-HMAC-SHA256 Credential=x/20261122/local/oss/aliyun_v4_request",
        "OSS4-HMAC-SHA256 Credential=x/20261122/local/s3/aliyun_v4_request,Signature=y",
        "OSS4-HMAC-SHA256 Credential=x/20261121/local/oss/aliyun_v4_request,Signature=y",
        "OSS4-HMAC-SHA256 Credential=a,Credential=b,Signature=y",
        "OSS4-HMAC-SHA256 "
        "Credential=x/20261122/local/oss/aliyun_v4_request,AdditionalHeaders=none,Signature=y",
        "AWS4-HMAC-SHA256 Credential=x/20261122/local/s3/aws4_request, Signature=y",
    };
    struct error e;
    bool is_signed;
    for (size_t i = 0; i < N_ELEMENTS (bad); i++) {
        struct arrived a;
        sign (&a, g_str_has_prefix (bad[i], "AWS4") ? SIGN_S3 : SIGN_OSS4, "a.jpg", 0);
        take_header (a.headers, "authorization", bad[i]);
        assert_err (SIGNATURE_INCOMPLETE, verify (*state, &a, &is_signed, &e));
        arrived_clear (&a);
    }
}

static void keys_regions_and_bodies_are_checked (void **state)
{
    struct arrived a;
    struct error e;
    bool is_signed;
    sign (&a, SIGN_OSS4, "a.jpg", 60);
    a.request.region = "elsewhere";
    assert_err (INVALID_ARGUMENT, verify (*state, &a, &is_signed, &e));
    assert_non_null (strstr (e.message, "elsewhere"));
    arrived_clear (&a);
    sign (&a, SIGN_OSS1, "a.jpg", 0);
    take_header (a.headers, "authorization", "OSS nobody:abc");
    assert_err (KEY_NOT_FOUND, verify (*state, &a, &is_signed, &e));
    take_header (a.headers, "date", "yesterday");
    assert_err (TIME_FORMAT, verify (*state, &a, &is_signed, &e));
    arrived_clear (&a);
    sign (&a, SIGN_OSS4, "a.jpg", 0);
    a.request.query = NULL;
    a.request.n_query = 0;
    assert_err (SIGNATURE_MISMATCH, verify (*state, &a, &is_signed, &e));
    arrived_clear (&a);
}

/* Signs `key` and `pairs` with V1 as they are, and asks for just that. */
static enum err verify_v1 (const struct fixture *f, const char *key, const struct auth_pair *pairs,
                           size_t n, struct error *e)
{
    struct arrived a;
    bool is_signed;
    sign (&a, SIGN_OSS1, "a.jpg", 0);
    g_autoptr (GString) text = g_string_new ("GET\n\n\n");
    g_string_append_printf (text, "%s\n/photos/%s",
                            (char *) g_hash_table_lookup (a.headers, "date"), key);
    for (size_t i = 0; i < n; i++)
        g_string_append_printf (text, "%c%s%s%s", i ? '&' : '?', pairs[i].name,
                                *pairs[i].value ? "=" : "", pairs[i].value);
    g_autofree char *signature = signing_hmac_sha1 (SECRET, text->str, text->len);
    g_autofree char *value = g_strdup_printf ("OSS " ID ":%s", signature);
    take_header (a.headers, "authorization", value);
    a.request.key = key;
    a.request.query = pairs;
    a.request.n_query = n;
    enum err r = verify (f, &a, &is_signed, e);
    arrived_clear (&a);
    return r;
}

/* V1 signs keys, names and values as they are: what reads as something else is not taken. */
static void v1_takes_nothing_that_reads_as_something_else (void **state)
{
    static const struct {
        const char *key;
        struct auth_pair pairs[2];
        enum err code;
    } rows[] = {
        { "a", { { "x-oss-process", "style/wm" } }, ERR_OK },
        { "a", { { "x-oss-process=style/wm", "" } }, ERR_SIGNATURE_INCOMPLETE },
        { "a", { { "x-oss-process&acl", "" } }, ERR_SIGNATURE_INCOMPLETE },
        { "a", { { "x-oss-pro_cess", "1" } }, ERR_SIGNATURE_INCOMPLETE },
        { "a",
          { { "response-content-disposition", "attachment" }, { "x-oss-process", "style/wm" } },
          ERR_OK },
        { "a",
          { { "response-content-disposition", "attachment&x-oss-process=style/wm" } },
          ERR_SIGNATURE_INCOMPLETE },
        { "a", { { "response-expires", "a&b=c&acl" } }, ERR_SIGNATURE_INCOMPLETE },
        { "a", { { "response-expires", "a&acl&b" } }, ERR_SIGNATURE_INCOMPLETE },
        { "a", { { "response-expires", "a&&x-oss-=b" } }, ERR_SIGNATURE_INCOMPLETE },
        { "a", { { "response-expires", "a&acl.txt&b=c&" } }, ERR_OK },
        { "a?x-oss-process=style/wm", { { NULL, NULL } }, ERR_SIGNATURE_INCOMPLETE },
        { "a??acl", { { NULL, NULL } }, ERR_SIGNATURE_INCOMPLETE },
        { "a?acl&b", { { "response-expires", "b" } }, ERR_SIGNATURE_INCOMPLETE },
        { "a?aclx=&acl=b?", { { "response-expires", "b" } }, ERR_OK },
    };
    for (size_t i = 0; i < N_ELEMENTS (rows); i++) {
        struct error e;
        size_t n = !!rows[i].pairs[0].name + !!rows[i].pairs[1].name;
        assert_int_equal (rows[i].code, verify_v1 (*state, rows[i].key, rows[i].pairs, n, &e));
    }
}

#define TEST(t) cmocka_unit_test_setup_teardown (t, setup, teardown)

int main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (what_is_signed_is_accepted),
        TEST (a_request_without_a_signature_is_nobodys),
        TEST (what_differs_is_refused),
        TEST (the_clock_counts),
        TEST (what_is_malformed_is_told_so),
        TEST (keys_regions_and_bodies_are_checked),
        TEST (v1_takes_nothing_that_reads_as_something_else),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
