/* Bindings: the four documented operations, and the administration of what is bound. */
#include "api_fixture.h"

static const char *const MEMBERS[] = { "ProjectName", "DatasetName", "URI",        "State",
                                       "Phase",       "CreateTime",  "UpdateTime", "Reason" };

static const json_t *binding_of (const json_t *reply)
{
    const json_t *b = json_object_get (reply, "Binding");
    for (size_t i = 0; i < N_ELEMENTS (MEMBERS); i++)
        assert_true (json_is_string (json_object_get (b, MEMBERS[i])));
    return b;
}

static void test_create (void **state)
{
    struct fixture *f = *state;
    make_dataset (f, "immtest", "dataset001");
    json_auto_t *reply =
        ask (f, "CreateBinding", binding_params ("immtest", "dataset001", "oss://photos"));
    const json_t *b = binding_of (reply);
    assert_text (b, "ProjectName", "immtest");
    assert_text (b, "DatasetName", "dataset001");
    assert_text (b, "URI", "oss://photos");
    assert_text (b, "State", "Running");
    assert_text (b, "Phase", "FullScanning");
    assert_text (b, "Reason", "");
    const char *created = json_string_value (json_object_get (b, "CreateTime"));
    assert_true (g_str_has_suffix (created, "+08:00"));
    assert_text (b, "UpdateTime", created);
    assert_string_equal (f->scan.log->str, "bind 1;");
    json_auto_t *dataset = ask (f, "GetDataset", dataset_params ("immtest", "dataset001"));
    assert_number (json_object_get (dataset, "Dataset"), "BindCount", 1);
}

static void test_progress (void **state)
{
    struct fixture *f = *state;
    make_dataset (f, "p", "d");
    f->scan.progress = (struct scan_progress){
        .counts = { .listed = 6,
                    .indexed = 5,
                    .unchanged = 4,
                    .deleted = 3,
                    .failed = 2,
                    .pending = 1,
                    .start_ns = 1500000000 },
    };
    json_auto_t *reply = ask (f, "CreateBinding", binding_params ("p", "d", "oss://photos"));
    const json_t *progress = json_object_get (binding_of (reply), "Progress");
    assert_int_equal (json_object_size (progress), 8);
    assert_number (progress, "Listed", 6);
    assert_number (progress, "Indexed", 5);
    assert_number (progress, "Unchanged", 4);
    assert_number (progress, "Deleted", 3);
    assert_number (progress, "Failed", 2);
    assert_number (progress, "Pending", 1);
    assert_text (progress, "StartTime", "1970-01-01T08:00:01.5+08:00");
    assert_text (progress, "EstimatedEndTime", "");
}

static void test_uri_forms (void **state)
{
    struct fixture *f = *state;
    make_dataset (f, "p", "d");
    json_auto_t *reply = ask (f, "CreateBinding", binding_params ("p", "d", "s3://photos"));
    assert_text (binding_of (reply), "URI", "oss://photos");
    json_auto_t *same = ask (f, "GetBinding", binding_params ("p", "d", "s3://photos"));
    assert_text (binding_of (same), "URI", "oss://photos");
    refused (f, "ResourceAlreadyExists", "The specified resource binding already exists.",
             "CreateBinding", binding_params ("p", "d", "oss://photos"));
}

static void test_uri_refused (void **state)
{
    struct fixture *f = *state;
    static const char *const bad[] = { "",
                                       "photos",
                                       "oss:/photos",
                                       "oss://",
                                       "oss:///",
                                       "oss://ph",
                                       "oss://Photos",
                                       "oss://pho_tos",
                                       "oss://-photos",
                                       "oss://photos-",
                                       "oss://photos?x=1",
                                       "oss://photos ",
                                       "http://photos",
                                       "file:///photos",
                                       "oss://../photos",
                                       "oss://a123456789b123456789c123456789d123456789e123456789f"
                                       "123456789g123" };
    make_dataset (f, "p", "d");
    for (size_t i = 0; i < N_ELEMENTS (bad); i++)
        refused (f, "InvalidURI", "Expected oss://BUCKET", "CreateBinding",
                 binding_params ("p", "d", bad[i]));
    refused (f, "InvalidURI", "without a slash or key after it", "CreateBinding",
             binding_params ("p", "d", "oss://photos/a.jpg"));
    refused (f, "InvalidURI", "without a slash or key after it", "CreateBinding",
             binding_params ("p", "d", "oss://photos/"));
    refused (f, "InvalidURI", "Expected oss://BUCKET", "GetBinding",
             binding_params ("p", "d", "photos"));
    refused (f, "InvalidURI", "Expected oss://BUCKET", "DeleteBinding",
             binding_params ("p", "d", "photos"));
    assert_string_equal (f->scan.log->str, "");
}

/* Project before dataset before URI. */
static void test_order_of_checks (void **state)
{
    struct fixture *f = *state;
    refused (f, "ResourceNotFound", "The specified resource project is not found.", "CreateBinding",
             binding_params ("p", "d", "x"));
    done (f, "CreateProject", json_pack ("{s:s}", "ProjectName", "p"));
    refused (f, "ResourceNotFound", "The specified resource dataset is not found.", "CreateBinding",
             binding_params ("p", "d", "x"));
    done (f, "CreateDataset", dataset_params ("p", "d"));
    refused (f, "InvalidURI", "got 'x'", "CreateBinding", binding_params ("p", "d", "x"));
    refused (f, "ResourceNotFound", "The specified resource binding is not found.", "GetBinding",
             binding_params ("p", "d", "oss://photos"));
    refused (f, "ResourceNotFound", "The specified resource binding is not found.", "DeleteBinding",
             binding_params ("p", "d", "oss://photos"));
}

static void test_stores (void **state)
{
    struct fixture *f = *state;
    make_dataset (f, "p", "d");
    refused (f, "InvalidURI", "has a bucket 'nowhere'", "CreateBinding",
             binding_params ("p", "d", "oss://nowhere"));
    refused (f, "InvalidURI", "Access to oss://forbidden is refused", "CreateBinding",
             binding_params ("p", "d", "oss://forbidden"));
    assert_string_equal (f->scan.log->str, "");
    json_auto_t *reply = ask (f, "CreateBinding", binding_params ("p", "d", "oss://unreachable"));
    assert_text (binding_of (reply), "State", "Retrying");
    assert_non_null (strstr (json_string_value (json_object_get (binding_of (reply), "Reason")),
                             "connection timed out"));
    assert_string_equal (f->scan.log->str, "bind 1;");
}

static void test_quota (void **state)
{
    struct fixture *f = *state;
    done (f, "CreateProject", json_pack ("{s:s}", "ProjectName", "p"));
    done (f, "CreateDataset",
          json_pack ("{s:s, s:s, s:i}", "ProjectName", "p", "DatasetName", "d",
                     "DatasetMaxBindCount", 2));
    done (f, "CreateBinding", binding_params ("p", "d", "oss://b-1"));
    done (f, "CreateBinding", binding_params ("p", "d", "oss://b-2"));
    refused (f, "LimitExceededError",
             "resource count exceeds the limit: dataset 'd' has 2 bindings and its "
             "DatasetMaxBindCount is 2",
             "CreateBinding", binding_params ("p", "d", "oss://b-3"));
    /* A duplicate is a duplicate, also when the quota is used up. */
    refused (f, "ResourceAlreadyExists", "already exists", "CreateBinding",
             binding_params ("p", "d", "oss://b-2"));
    done (f, "DeleteBinding", binding_params ("p", "d", "oss://b-1"));
    done (f, "CreateBinding", binding_params ("p", "d", "oss://b-3"));
}

static void test_create_is_undone_without_a_scan (void **state)
{
    struct fixture *f = *state;
    make_dataset (f, "p", "d");
    f->scan.fails = true;
    refused (f, "ServiceUnavailable", "stopping", "CreateBinding",
             binding_params ("p", "d", "oss://photos"));
    f->scan.fails = false;
    refused (f, "ResourceNotFound", "binding", "GetBinding",
             binding_params ("p", "d", "oss://photos"));
    done (f, "CreateBinding", binding_params ("p", "d", "oss://photos"));
}

static void test_delete_and_bind_again (void **state)
{
    struct fixture *f = *state;
    make_dataset (f, "p", "d");
    done (f, "CreateBinding", binding_params ("p", "d", "oss://photos"));
    add_row (f, "p", "d", "photos", "a.jpg", 7);
    json_auto_t *reply = ask (f, "DeleteBinding", binding_params ("p", "d", "oss://photos"));
    assert_int_equal (json_object_size (reply), 0);
    assert_string_equal (f->scan.log->str, "bind 1;unbind 1 of 1;");
    refused (f, "ResourceNotFound", "The specified resource binding is not found.", "GetBinding",
             binding_params ("p", "d", "oss://photos"));
    refused (f, "ResourceNotFound", "The specified resource binding is not found.", "DeleteBinding",
             binding_params ("p", "d", "oss://photos"));
    json_auto_t *stats = ask (
        f, "GetDataset",
        json_pack ("{s:s, s:s, s:b}", "ProjectName", "p", "DatasetName", "d", "WithStatistics", 1));
    assert_number (json_object_get (stats, "Dataset"), "FileCount", 1); /* rows stay */
    done (f, "CreateBinding", binding_params ("p", "d", "oss://photos"));
    assert_string_equal (f->scan.log->str, "bind 1;unbind 1 of 1;bind 2;");
}

static void bind_many (struct fixture *f)
{
    make_dataset (f, "p", "d");
    make_dataset (f, "p", "d-1");
    make_dataset (f, "q", "d");
    done (f, "CreateBinding", binding_params ("p", "d-1", "oss://b-1"));
    done (f, "CreateBinding", binding_params ("p", "d", "oss://b-3"));
    done (f, "CreateBinding", binding_params ("p", "d", "oss://b-1"));
    done (f, "CreateBinding", binding_params ("p", "d", "oss://b-2"));
    done (f, "CreateBinding", binding_params ("q", "d", "oss://b-1"));
}

static void test_list_pages (void **state)
{
    struct fixture *f = *state;
    bind_many (f);
    json_auto_t *all = ask (f, "ListBindings", json_pack ("{s:s}", "ProjectName", "p"));
    /* Pairs, not joined text: "d" comes before "d-1". */
    assert_names (all, "Bindings", "DatasetName", "d d d d-1");
    assert_names (all, "Bindings", "URI", "oss://b-1 oss://b-2 oss://b-3 oss://b-1");
    assert_text (all, "NextToken", "");
    json_auto_t *first =
        ask (f, "ListBindings", json_pack ("{s:s, s:i}", "ProjectName", "p", "MaxResults", 2));
    assert_names (first, "Bindings", "URI", "oss://b-1 oss://b-2");
    assert_text (first, "NextToken", "p:d:b-3");
    json_auto_t *second = ask (
        f, "ListBindings",
        json_pack ("{s:s, s:i, s:s}", "ProjectName", "p", "MaxResults", 2, "NextToken", "p:d:b-3"));
    assert_names (second, "Bindings", "URI", "oss://b-3 oss://b-1");
    assert_text (second, "NextToken", "");
    done (f, "DeleteBinding", binding_params ("p", "d", "oss://b-3"));
    json_auto_t *gone = ask (f, "ListBindings",
                             json_pack ("{s:s, s:s}", "ProjectName", "p", "NextToken", "p:d:b-3"));
    assert_names (gone, "Bindings", "DatasetName", "d-1");
}

static void test_list_filters (void **state)
{
    struct fixture *f = *state;
    bind_many (f);
    json_auto_t *one = ask (f, "ListBindings", dataset_params ("p", "d-1"));
    assert_names (one, "Bindings", "URI", "oss://b-1");
    json_auto_t *empty =
        ask (f, "ListBindings",
             json_pack ("{s:s, s:s, s:s, s:s, s:i}", "ProjectName", "p", "DatasetName", "", "Name",
                        "", "NextToken", "", "MaxResults", 0));
    assert_int_equal (json_array_size (json_object_get (empty, "Bindings")), 4);
    json_auto_t *name =
        ask (f, "ListBindings", json_pack ("{s:s, s:s}", "ProjectName", "p", "Name", "d:b-"));
    assert_names (name, "Bindings", "URI", "oss://b-1 oss://b-2 oss://b-3");
    json_auto_t *upper =
        ask (f, "ListBindings", json_pack ("{s:s, s:s}", "ProjectName", "p", "Name", "B-1"));
    assert_names (upper, "Bindings", "URI", "");
    json_auto_t *wild =
        ask (f, "ListBindings", json_pack ("{s:s, s:s}", "ProjectName", "p", "Name", "%"));
    assert_names (wild, "Bindings", "URI", "");
    refused (f, "ResourceNotFound", "dataset", "ListBindings", dataset_params ("p", "x"));
    refused (f, "ResourceNotFound", "project", "ListBindings",
             json_pack ("{s:s}", "ProjectName", "x"));
}

static void test_list_refuses_tokens (void **state)
{
    struct fixture *f = *state;
    static const char *const bad[] = { "p",       "p:d",       "p:d:",     ":d:b",
                                       "q:d:b-1", "p:d:b-1:c", "p::b-1",   "p:d:b/1",
                                       "p d b",   "p:d:b-1\n", "p:1d:b-1", "p:d:NO_BUCKET" };
    bind_many (f);
    for (size_t i = 0; i < N_ELEMENTS (bad); i++)
        refused (f, "InvalidNextToken", "project:dataset:bucket", "ListBindings",
                 json_pack ("{s:s, s:s}", "ProjectName", "p", "NextToken", bad[i]));
}

static void test_pause_and_resume (void **state)
{
    struct fixture *f = *state;
    make_dataset (f, "p", "d");
    json_auto_t *made = ask (f, "CreateBinding", binding_params ("p", "d", "oss://photos"));
    const char *created = json_string_value (json_object_get (binding_of (made), "UpdateTime"));
    json_auto_t *paused = ask (f, "PauseBinding", binding_params ("p", "d", "oss://photos"));
    assert_text (binding_of (paused), "State", "Stopped");
    assert_text (binding_of (paused), "Reason", "pause usage");
    assert_text (binding_of (paused), "CreateTime", created);
    assert_string_not_equal (
        json_string_value (json_object_get (binding_of (paused), "UpdateTime")), created);
    json_auto_t *resumed = ask (f, "ResumeBinding", binding_params ("p", "d", "oss://photos"));
    assert_text (binding_of (resumed), "State", "Running");
    assert_text (binding_of (resumed), "Reason", "");
    done (f, "PauseBinding",
          json_pack ("{s:s, s:s, s:s, s:s}", "ProjectName", "p", "DatasetName", "d", "URI",
                     "oss://photos", "Reason", "暂停使用"));
    json_auto_t *reason = ask (f, "GetBinding", binding_params ("p", "d", "oss://photos"));
    assert_text (binding_of (reason), "Reason", "暂停使用");
    refused (f, "ResourceNotFound", "binding", "PauseBinding",
             binding_params ("p", "d", "oss://videos"));
}

static void test_rescan (void **state)
{
    struct fixture *f = *state;
    make_dataset (f, "p", "d");
    done (f, "CreateBinding", binding_params ("p", "d", "oss://photos"));
    done (f, "RescanBinding", binding_params ("p", "d", "oss://photos"));
    done (f, "RescanBinding",
          json_pack ("{s:s, s:s, s:s, s:s, s:b, s:b}", "ProjectName", "p", "DatasetName", "d",
                     "URI", "oss://photos", "Prefix", "2024/", "Reindex", 1, "AcceptMounts", 1));
    assert_string_equal (f->scan.log->str, "bind 1;rescan 1 - 0 0;rescan 1 2024/ 1 1;");
}

static void test_purge (void **state)
{
    struct fixture *f = *state;
    make_dataset (f, "p", "d");
    done (f, "CreateBinding", binding_params ("p", "d", "oss://photos"));
    add_row (f, "p", "d", "photos", "a.jpg", 7);
    refused (f, "StatusConflict", "remove the binding first", "PurgeBucket",
             binding_params ("p", "d", "oss://photos"));
    done (f, "DeleteBinding", binding_params ("p", "d", "oss://photos"));
    json_auto_t *reply = ask (f, "PurgeBucket", binding_params ("p", "d", "oss://photos"));
    assert_number (reply, "Removed", 1);
    json_auto_t *again = ask (f, "PurgeBucket", binding_params ("p", "d", "oss://photos"));
    assert_number (again, "Removed", 0);
}

static json_t *failures_params (int max, const char *token)
{
    return json_pack ("{s:s, s:s, s:s, s:i, s:s}", "ProjectName", "p", "DatasetName", "d", "URI",
                      "oss://photos", "MaxResults", max, "NextToken", token);
}

static void test_failures (void **state)
{
    struct fixture *f = *state;
    make_dataset (f, "p", "d");
    done (f, "CreateBinding", binding_params ("p", "d", "oss://photos"));
    scan_row (f, 1, 1, "photos", "a:b.jpg", 7, "it is damaged");
    scan_row (f, 1, 1, "photos", "c.jpg", 7, "it is damaged, too");
    scan_row (f, 1, 1, "photos", "good.jpg", 7, "");
    json_auto_t *first = ask (f, "ListFailures", failures_params (1, ""));
    assert_names (first, "Failures", "Key", "a:b.jpg");
    assert_names (first, "Failures", "Reason", "it is damaged");
    assert_text (first, "NextToken", "photos:c.jpg");
    json_auto_t *second = ask (f, "ListFailures", failures_params (1, "photos:c.jpg"));
    assert_names (second, "Failures", "Key", "c.jpg");
    assert_text (second, "NextToken", "");
    static const char *const bad[] = { "c.jpg", "videos:c.jpg", "photos:", "photos" };
    for (size_t i = 0; i < N_ELEMENTS (bad); i++)
        refused (f, "InvalidNextToken", "oss://photos", "ListFailures",
                 failures_params (1, bad[i]));
    json_auto_t *retried = ask (f, "RetryFailures", binding_params ("p", "d", "oss://photos"));
    assert_number (retried, "Retried", 2);
    assert_string_equal (f->scan.log->str, "bind 1;kick 1;");
    refused (f, "ResourceNotFound", "binding", "RetryFailures",
             binding_params ("p", "d", "oss://videos"));
}

static void test_buckets_and_status (void **state)
{
    struct fixture *f = *state;
    make_dataset (f, "p", "d");
    done (f, "CreateBinding", binding_params ("p", "d", "oss://b-1"));
    done (f, "CreateBinding", binding_params ("p", "d", "oss://unreachable"));
    json_auto_t *reply = ask (f, "ListBuckets", json_object ());
    assert_names (reply, "Buckets", "Bucket", "b-1 b-2 b-3 photos unreachable videos");
    assert_names (reply, "Buckets", "State",
                  "Available Available Available Available Unavailable Available");
    const json_t *first = json_array_get (json_object_get (reply, "Buckets"), 0);
    assert_text (first, "Store", "local");
    assert_string_equal (
        json_string_value (json_array_get (json_object_get (first, "Datasets"), 0)), "p/d");
    assert_int_equal (json_array_size (json_object_get (reply, "Warnings")), 1);
    json_auto_t *status = ask (f, "GetStatus", json_object ());
    const json_t *s = json_object_get (status, "Status");
    assert_text (s, "AccountId", ACCOUNT);
    assert_text (s, "StartTime", "1970-01-01T08:00:01+08:00");
    assert_number (s, "Workers", 3);
    assert_number (s, "JobsDone", 40);
    assert_number (s, "BindingCount", 2);
    assert_names (s, "Bindings", "URI", "oss://b-1 oss://unreachable");
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (test_create),
        TEST (test_progress),
        TEST (test_uri_forms),
        TEST (test_uri_refused),
        TEST (test_order_of_checks),
        TEST (test_stores),
        TEST (test_quota),
        TEST (test_create_is_undone_without_a_scan),
        TEST (test_delete_and_bind_again),
        TEST (test_list_pages),
        TEST (test_list_filters),
        TEST (test_list_refuses_tokens),
        TEST (test_pause_and_resume),
        TEST (test_rescan),
        TEST (test_purge),
        TEST (test_failures),
        TEST (test_buckets_and_status),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
