/* Metadata of files: one and many. */
#include "api_fixture.h"

static void fill (struct fixture *f)
{
    make_dataset (f, "p", "d");
    add_row (f, "p", "d", "photos", "a.jpg", 7);
    add_row (f, "p", "d", "photos", "sub/b c.jpg", 5);
    add_row (f, "p", "d", "photos", "c.jpg", 9);
}

static json_t *batch_params (json_t *uris)
{
    return json_pack ("{s:s, s:s, s:o}", "ProjectName", "p", "DatasetName", "d", "URIs", uris);
}

static void test_one (void **state)
{
    struct fixture *f = *state;
    fill (f);
    json_auto_t *reply = ask (f, "GetFileMeta", binding_params ("p", "d", "oss://photos/a.jpg"));
    assert_names (reply, "Files", "URI", "oss://photos/a.jpg");
    const json_t *file = json_array_get (json_object_get (reply, "Files"), 0);
    assert_number (file, "Size", 7);
    assert_text (file, "OwnerId", ACCOUNT);
    assert_text (file, "ProjectName", "p");
    assert_text (file, "DatasetName", "d");
    json_auto_t *s3 = ask (f, "GetFileMeta", binding_params ("p", "d", "s3://photos/sub/b c.jpg"));
    assert_names (s3, "Files", "URI", "oss://photos/sub/b c.jpg");
    json_auto_t *none = ask (f, "GetFileMeta", binding_params ("p", "d", "oss://photos/z.jpg"));
    assert_names (none, "Files", "URI", "");
}

static void test_with_fields (void **state)
{
    struct fixture *f = *state;
    fill (f);
    json_auto_t *reply =
        ask (f, "GetFileMeta",
             json_pack ("{s:s, s:s, s:s, s:[s]}", "ProjectName", "p", "DatasetName", "d", "URI",
                        "oss://photos/a.jpg", "WithFields", "Size"));
    const json_t *file = json_array_get (json_object_get (reply, "Files"), 0);
    assert_int_equal (json_object_size (file), 2);
    assert_number (file, "Size", 7);
    assert_text (file, "URI", "oss://photos/a.jpg");
    static const char *const actions[] = { "GetFileMeta", "BatchGetFileMeta" };
    for (size_t i = 0; i < N_ELEMENTS (actions); i++) {
        json_t *params = json_pack ("{s:s, s:s, s:[s, s]}", "ProjectName", "p", "DatasetName", "d",
                                    "WithFields", "Size", "size");
        if (i == 0)
            json_object_set_new (params, "URI", json_string ("oss://photos/a.jpg"));
        if (i == 1)
            json_object_set_new (params, "URIs", json_pack ("[s]", "oss://photos/a.jpg"));
        refused (f, "InvalidWithFields", "no member 'size'", actions[i], params);
    }
}

static void test_refused (void **state)
{
    struct fixture *f = *state;
    static const char *const bad[] = { "",         "oss://photos",   "oss://photos/",      "a.jpg",
                                       "oss:///a", "oss://Photos/a", "http://photos/a.jpg" };
    make_dataset (f, "p", "d");
    for (size_t i = 0; i < N_ELEMENTS (bad); i++) {
        refused (f, "InvalidURI", "Expected oss://BUCKET/KEY", "GetFileMeta",
                 binding_params ("p", "d", bad[i]));
        refused (f, "InvalidURIs", "Expected oss://BUCKET/KEY", "BatchGetFileMeta",
                 batch_params (json_pack ("[s, s]", "oss://photos/a.jpg", bad[i])));
    }
    g_autofree char *key = g_strnfill (4097, 'x');
    g_autofree char *uri = g_strconcat ("oss://photos/", key, NULL);
    refused (f, "InvalidURI", "1 to 4096 bytes", "GetFileMeta", binding_params ("p", "d", uri));
    uri[strlen (uri) - 1] = '\0';
    done (f, "GetFileMeta", binding_params ("p", "d", uri));
    refused (f, "ResourceNotFound", "The specified resource dataset is not found.", "GetFileMeta",
             binding_params ("p", "e", "oss://photos/a"));
    refused (f, "ResourceNotFound", "The specified resource project is not found.",
             "BatchGetFileMeta",
             json_pack ("{s:s, s:s, s:[s]}", "ProjectName", "q", "DatasetName", "d", "URIs",
                        "oss://photos/a"));
}

/* The order of the request, each once, missing ones left out. */
static void test_batch (void **state)
{
    struct fixture *f = *state;
    fill (f);
    json_auto_t *reply = ask (
        f, "BatchGetFileMeta",
        batch_params (json_pack ("[s, s, s, s, s]", "oss://photos/c.jpg", "oss://photos/z.jpg",
                                 "oss://photos/a.jpg", "oss://photos/c.jpg", "s3://photos/a.jpg")));
    assert_names (reply, "Files", "URI", "oss://photos/c.jpg oss://photos/a.jpg");
}

static void test_batch_of_long_keys (void **state)
{
    struct fixture *f = *state;
    fill (f);
    json_t *uris = json_array ();
    for (int i = 0; i < 99; i++) {
        g_autofree char *key = g_strnfill (1020, (char) ('a' + i % 26));
        json_array_append_new (uris, json_sprintf ("oss://photos/%03d%s", i, key));
    }
    json_array_append_new (uris, json_string ("oss://photos/a.jpg"));
    json_auto_t *reply = ask (f, "BatchGetFileMeta", batch_params (uris));
    assert_names (reply, "Files", "URI", "oss://photos/a.jpg");
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (test_one),   TEST (test_with_fields),        TEST (test_refused),
        TEST (test_batch), TEST (test_batch_of_long_keys),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
