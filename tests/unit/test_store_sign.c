/* Signatures: the services' published examples, and tables made with their own packages. */
#include "test.h"

#include "base/macros.h"
#include "store/sign.h"

struct vector {
    enum sign_scheme scheme;
    const char *key;
    bool is_virtual, has_token, has_query;
    const char *target, *signature;
};

#include "sign_vectors.h"

/* What sign_headers() told. */
struct told {
    char *authorization, *date, *token, *hash, *oss_date;
};

static void told_clear (struct told *t)
{
    g_free (t->authorization);
    g_free (t->date);
    g_free (t->token);
    g_free (t->hash);
    g_free (t->oss_date);
}
#define _cleanup_told_ __attribute__ ((cleanup (told_clear)))

static void take (void *arg, const char *name, const char *value)
{
    struct told *t = arg;
    const struct {
        const char *name;
        char **to;
    } fields[] = {
        { "Authorization", &t->authorization }, { "x-amz-date", &t->date },
        { "x-amz-content-sha256", &t->hash },   { "x-amz-security-token", &t->token },
        { "x-oss-security-token", &t->token },  { "x-oss-date", &t->oss_date },
        { "x-oss-content-sha256", &t->hash },   { "Date", &t->date },
    };
    for (size_t i = 0; i < N_ELEMENTS (fields); i++)
        if (g_str_equal (fields[i].name, name)) {
            assert_null (*fields[i].to);
            *fields[i].to = g_strdup (value);
            return;
        }
    fail_msg ("nobody knows the header %s", name);
}

static const struct sign_key key_of_tables = { "AKIDEXAMPLE",
                                               "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", NULL };

#define TABLE_NOW 1795350896 /* 2026-11-22T12:34:56Z */

static void check_vector (const struct vector *v, struct sign_cache *cache)
{
    static const struct sign_pair query[] = {
        { "list-type", "2" }, { "start-after", "a b+c%/\303\251" }, { "acl", NULL }, { "a-b", "1" },
        { "a", "2" },
    };
    static const struct sign_pair headers[] = {
        { "Range", "bytes=0-65535" },
        { "x-amz-meta-note", " two  spaces " },
        { "x-oss-meta-note", " two  spaces " },
    };
    bool is_s3 = v->scheme == SIGN_S3;
    const struct sign_pair chosen[] = { headers[0], is_s3 ? headers[1] : headers[2] };
    struct sign_key key = key_of_tables;
    key.token = v->has_token ? "FwoGZXIvYXdzEBYaD//+x==" : NULL;
    const struct sign_request r = {
        .method = "GET",
        .host = v->is_virtual ? "my-bucket.store.example:9000" : "store.example:9000",
        .bucket = "my-bucket",
        .key = v->key,
        .is_virtual = v->is_virtual,
        .query = query,
        .n_query = v->has_query ? N_ELEMENTS (query) : 0,
        .headers = chosen,
        .n_headers = N_ELEMENTS (chosen),
        .payload = sign_sha256_of_nothing,
        .region = is_s3 ? "eu-central-1" : "cn-hangzhou",
        .now_s = TABLE_NOW,
    };
    g_autoptr (GString) target = g_string_new (NULL);
    sign_append_target (v->scheme, &r, target);
    assert_string_equal (v->target, target->str);
    _cleanup_told_ struct told t = { 0 };
    sign_headers (v->scheme, &r, &key, cache, take, &t);
    if (!g_str_has_suffix (t.authorization, v->signature))
        fail_msg ("key '%s': %s instead of %s", v->key, t.authorization, v->signature);
    assert_int_equal (v->has_token, t.token != NULL);
}

static void all_keys_are_signed_as_the_services_do (void **state UNUSED)
{
    struct sign_cache cache = { 0 };
    for (size_t i = 0; i < N_ELEMENTS (vectors); i++) {
        check_vector (&vectors[i], NULL);
        check_vector (&vectors[i], &cache);
    }
    sign_cache_clear (&cache);
}

/* ---- Published examples: "Examples: Signature Calculations" of the S3 API reference ---- */

static const struct sign_key aws_key = { "AKIAIOSFODNN7EXAMPLE",
                                         "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", NULL };

#define AWS_SCOPE                                                                                  \
    "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, "
#define AWS_NOW 1369353600

static void check_aws (const char *method, const char *key, const struct sign_pair *query,
                       size_t n_query, const struct sign_pair *headers, size_t n_headers,
                       const char *payload, const char *expected)
{
    const struct sign_request r = {
        .method = method,
        .host = "examplebucket.s3.amazonaws.com",
        .bucket = "examplebucket",
        .key = key,
        .is_virtual = true,
        .query = query,
        .n_query = n_query,
        .headers = headers,
        .n_headers = n_headers,
        .payload = payload,
        .region = "us-east-1",
        .now_s = AWS_NOW,
    };
    _cleanup_told_ struct told t = { 0 };
    sign_headers (SIGN_S3, &r, &aws_key, NULL, take, &t);
    assert_string_equal ("20130524T000000Z", t.date);
    assert_string_equal (payload, t.hash);
    assert_string_equal (expected, t.authorization);
}

static void published_examples_of_s3 (void **state UNUSED)
{
    check_aws ("GET", "test.txt", NULL, 0, &(struct sign_pair){ "Range", "bytes=0-9" }, 1,
               sign_sha256_of_nothing,
               AWS_SCOPE
               "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, "
               "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
    char hash[SIGN_HEX_SIZE];
    sign_sha256 ("Welcome to Amazon S3.", strlen ("Welcome to Amazon S3."), hash);
    const struct sign_pair put[] = { { "Date", "Fri, 24 May 2013 00:00:00 GMT" },
                                     { "x-amz-storage-class", "REDUCED_REDUNDANCY" } };
    check_aws ("PUT", "test$file.text", NULL, 0, put, 2, hash,
               AWS_SCOPE
               "SignedHeaders=date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class, "
               "Signature=98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
    check_aws (
        "GET", NULL, &(struct sign_pair){ "lifecycle", NULL }, 1, NULL, 0, sign_sha256_of_nothing,
        AWS_SCOPE "SignedHeaders=host;x-amz-content-sha256;x-amz-date, "
                  "Signature=fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
    const struct sign_pair list[] = { { "prefix", "J" }, { "max-keys", "2" } };
    check_aws ("GET", NULL, list, 2, NULL, 0, sign_sha256_of_nothing,
               AWS_SCOPE
               "SignedHeaders=host;x-amz-content-sha256;x-amz-date, "
               "Signature=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

static void published_example_of_a_presigned_url (void **state UNUSED)
{
    const struct sign_request r = { .method = "GET",
                                    .host = "examplebucket.s3.amazonaws.com",
                                    .bucket = "examplebucket",
                                    .key = "test.txt",
                                    .is_virtual = true,
                                    .region = "us-east-1",
                                    .now_s = AWS_NOW };
    g_autoptr (GString) target = g_string_new (NULL);
    sign_append_presigned (SIGN_S3, &r, &aws_key, 86400, NULL, target);
    assert_string_equal (
        "/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F"
        "20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&"
        "X-Amz-SignedHeaders=host&X-Amz-Signature="
        "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404",
        target->str);
}

/* ---- Examples of the OSS SDK for Go ---- */

static const struct sign_pair oss_query[] = {
    { "param1", "value1" }, { "+param1", "value3" }, { "|param1", "value4" },
    { "+param2", "" },      { "|param2", "" },       { "param2", NULL },
};

static struct sign_request oss_request (const struct sign_pair *headers, size_t n, int64_t now_s)
{
    return (struct sign_request){ .method = "PUT",
                                  .host = "bucket.oss-cn-hangzhou.aliyuncs.com",
                                  .bucket = "bucket",
                                  .key = "1234+-/123/1.txt",
                                  .is_virtual = true,
                                  .query = oss_query,
                                  .n_query = N_ELEMENTS (oss_query),
                                  .headers = headers,
                                  .n_headers = n,
                                  .region = "cn-hangzhou",
                                  .now_s = now_s };
}

static void published_examples_of_oss_v4 (void **state UNUSED)
{
    const struct sign_pair headers[] = { { "x-oss-head1", "value" },
                                         { "abc", "value" },
                                         { "ZAbc", "value" },
                                         { "XYZ", "value" },
                                         { "content-type", "text/plain" } };
    struct sign_request r = oss_request (headers, N_ELEMENTS (headers), 1702743657);
    _cleanup_told_ struct told plain = { 0 }, with_token = { 0 };
    sign_headers (SIGN_OSS4, &r, &(struct sign_key){ "ak", "sk", NULL }, NULL, take, &plain);
    assert_string_equal (
        "OSS4-HMAC-SHA256 Credential=ak/20231216/cn-hangzhou/oss/aliyun_v4_request,"
        "Signature=e21d18daa82167720f9b1047ae7e7f1ce7cb77a31e8203a7d5f4624fa0284afe",
        plain.authorization);
    assert_string_equal ("20231216T162057Z", plain.oss_date);
    assert_string_equal (SIGN_UNSIGNED, plain.hash);
    r.now_s = 1702784856;
    sign_headers (SIGN_OSS4, &r, &(struct sign_key){ "ak", "sk", "token" }, NULL, take,
                  &with_token);
    assert_string_equal (
        "OSS4-HMAC-SHA256 Credential=ak/20231217/cn-hangzhou/oss/aliyun_v4_request,"
        "Signature=b94a3f999cf85bcdc00d332fbd3734ba03e48382c36fa4d5af5df817395bd9ea",
        with_token.authorization);
    assert_string_equal ("token", with_token.token);
}

static void published_examples_of_oss_v4_urls (void **state UNUSED)
{
    const struct sign_pair headers[] = { { "x-oss-head1", "value" },
                                         { "abc", "value" },
                                         { "content-type", "application/octet-stream" } };
    struct sign_request r = oss_request (headers, N_ELEMENTS (headers), 1702781677);
    g_autoptr (GString) plain = g_string_new (NULL);
    sign_append_presigned (SIGN_OSS4, &r, &(struct sign_key){ "ak", "sk", NULL }, 599, NULL, plain);
    assert_true (g_str_has_suffix (plain->str, "&x-oss-signature=a39966c61718be0d5b14e668088b3fa0"
                                               "7601033f6518ac7b523100014269c0fe"));
    assert_non_null (strstr (plain->str, "/1234%2B-/123/1.txt?%2Bparam1=value3&%2Bparam2&"));
    r.now_s = 1702785388;
    g_autoptr (GString) token = g_string_new (NULL);
    sign_append_presigned (SIGN_OSS4, &r, &(struct sign_key){ "ak", "sk", "token" }, 599, NULL,
                           token);
    assert_true (g_str_has_suffix (token->str, "&x-oss-signature=3817ac9d206cd6dfc90f1c09c00be450"
                                               "05602e55898f26f5ddb06d7892e1f8b5"));
}

static void published_examples_of_oss_v1 (void **state UNUSED)
{
    const struct sign_pair headers[] = { { "Content-MD5", "eB5eJF1ptWaXm4bijSPyxw==" },
                                         { "Content-Type", "text/html" },
                                         { "x-oss-meta-author", "alice" },
                                         { "x-oss-meta-magic", "abracadabra" },
                                         { "x-oss-date", "Wed, 28 Dec 2022 10:27:41 GMT" } };
    const struct sign_key key = { "ak", "sk", NULL };
    struct sign_request r = { .method = "PUT",
                              .bucket = "examplebucket",
                              .key = "nelson",
                              .headers = headers,
                              .n_headers = N_ELEMENTS (headers),
                              .now_s = 1672223261 };
    _cleanup_told_ struct told object = { 0 }, acl = { 0 }, bucket = { 0 };
    sign_headers (SIGN_OSS1, &r, &key, NULL, take, &object);
    assert_string_equal ("OSS ak:kSHKmLxlyEAKtZPkJhG9bZb5k7M=", object.authorization);
    assert_string_equal ("Wed, 28 Dec 2022 10:27:41 GMT", object.date);
    const struct sign_pair query[] = { { "resourceGroup", NULL },
                                       { "acl", NULL },
                                       { "prefix", "is not signed" } };
    r.query = query + 1;
    r.n_query = 2;
    sign_headers (SIGN_OSS1, &r, &key, NULL, take, &acl);
    assert_string_equal ("OSS ak:/afkugFbmWDQ967j1vr6zygBLQk=", acl.authorization);
    r = (struct sign_request){ .method = "GET",
                               .bucket = "examplebucket",
                               .query = query,
                               .n_query = 3,
                               .headers = headers + 4,
                               .n_headers = 1,
                               .now_s = r.now_s };
    sign_headers (SIGN_OSS1, &r, &key, NULL, take, &bucket);
    assert_string_equal ("OSS ak:x3E5TgOvl/i7PN618s5mEvpJDYk=", bucket.authorization);
}

static void published_examples_of_oss_v1_urls (void **state UNUSED)
{
    const struct sign_pair query = { "versionId", "versionId" };
    struct sign_request r = { .method = "GET",
                              .bucket = "bucket",
                              .key = "key",
                              .is_virtual = true,
                              .query = &query,
                              .n_query = 1,
                              .now_s = 1699807420 - 60 };
    g_autoptr (GString) target = g_string_new (NULL);
    sign_append_presigned (SIGN_OSS1, &r, &(struct sign_key){ "ak", "sk", NULL }, 60, NULL, target);
    assert_string_equal ("/key?Expires=1699807420&OSSAccessKeyId=ak&Signature="
                         "dcLTea%2BYh9ApirQ8o8dOPqtvJXQ%3D&versionId=versionId",
                         target->str);
    r.key = "key+123";
    r.now_s = 1699808204 - 60;
    g_string_truncate (target, 0);
    sign_append_presigned (SIGN_OSS1, &r, &(struct sign_key){ "ak", "sk", "token" }, 60, NULL,
                           target);
    assert_string_equal ("/key%2B123?Expires=1699808204&OSSAccessKeyId=ak&Signature="
                         "jzKYRrM5y6Br0dRFPaTGOsbrDhY%3D&security-token=token&versionId=versionId",
                         target->str);
}

static void targets_of_buckets_and_of_the_service (void **state UNUSED)
{
    const struct {
        enum sign_scheme scheme;
        const char *bucket;
        bool is_virtual;
        const char *expected;
    } rows[] = {
        { SIGN_S3, NULL, false, "/" },
        { SIGN_S3, "b", false, "/b" },
        { SIGN_S3, "b", true, "/" },
        { SIGN_OSS4, NULL, true, "/" },
        { SIGN_OSS4, "b", false, "/b/" },
        { SIGN_OSS4, "b", true, "/" },
        { SIGN_OSS1, "b/c?", false, "/b%2Fc%3F/" },
    };
    for (size_t i = 0; i < N_ELEMENTS (rows); i++) {
        const struct sign_request r = { .bucket = rows[i].bucket,
                                        .is_virtual = rows[i].is_virtual };
        g_autoptr (GString) target = g_string_new (NULL);
        sign_append_target (rows[i].scheme, &r, target);
        assert_string_equal (rows[i].expected, target->str);
    }
}

static void nothing_is_signed_without_a_key (void **state UNUSED)
{
    const struct sign_request r = {
        .method = "GET", .host = "h", .region = "x", .payload = SIGN_UNSIGNED
    };
    _cleanup_told_ struct told t = { 0 };
    sign_headers (SIGN_S3, &r, NULL, NULL, take, &t);
    sign_headers (SIGN_OSS1, &r, &(struct sign_key){ 0 }, NULL, take, &t);
    assert_null (t.authorization);
    assert_null (t.date);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (all_keys_are_signed_as_the_services_do),
        cmocka_unit_test (published_examples_of_s3),
        cmocka_unit_test (published_example_of_a_presigned_url),
        cmocka_unit_test (published_examples_of_oss_v4),
        cmocka_unit_test (published_examples_of_oss_v4_urls),
        cmocka_unit_test (published_examples_of_oss_v1),
        cmocka_unit_test (published_examples_of_oss_v1_urls),
        cmocka_unit_test (targets_of_buckets_and_of_the_service),
        cmocka_unit_test (nothing_is_signed_without_a_key),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
