/* Attachments: the records of which bucket belongs to which project. */
#include "api_fixture.h"

static json_t *attach_params (const char *project, const char *bucket)
{
    return json_pack ("{s:s, s:s}", "ProjectName", project, "OSSBucket", bucket);
}

static void test_attach_and_detach (void **state)
{
    struct fixture *f = *state;
    done (f, "CreateProject", json_pack ("{s:s}", "ProjectName", "p"));
    json_auto_t *empty = ask (f, "AttachOSSBucket",
                              json_pack ("{s:s, s:s, s:s}", "ProjectName", "p", "OSSBucket",
                                         "photos", "Description", "test-attachment"));
    assert_int_equal (json_object_size (empty), 0);
    json_auto_t *a = ask (f, "GetOSSBucketAttachment", json_pack ("{s:s}", "OSSBucket", "photos"));
    assert_text (a, "ProjectName", "p");
    assert_text (a, "Description", "test-attachment");
    assert_text (a, "UpdateTime", json_string_value (json_object_get (a, "CreateTime")));
    done (f, "DetachOSSBucket", json_pack ("{s:s}", "OSSBucket", "photos"));
    refused (f, "ResourceNotFound", "The specified resource attachment is not found.",
             "GetOSSBucketAttachment", json_pack ("{s:s}", "OSSBucket", "photos"));
    refused (f, "ResourceNotFound", "The specified resource attachment is not found.",
             "DetachOSSBucket", json_pack ("{s:s}", "OSSBucket", "photos"));
    done (f, "AttachOSSBucket", attach_params ("p", "photos"));
}

static void test_one_project_a_bucket (void **state)
{
    struct fixture *f = *state;
    done (f, "CreateProject", json_pack ("{s:s}", "ProjectName", "p"));
    done (f, "CreateProject", json_pack ("{s:s}", "ProjectName", "q"));
    done (f, "AttachOSSBucket", attach_params ("p", "photos"));
    refused (f, "ResourceAlreadyExists", "attached to project 'p'", "AttachOSSBucket",
             attach_params ("q", "photos"));
    refused (f, "ResourceAlreadyExists", "attached to project 'p'", "AttachOSSBucket",
             attach_params ("p", "photos"));
}

static void test_refused (void **state)
{
    struct fixture *f = *state;
    static const char *const bad[] = { "", "ab", "oss://photos", "photos/", "Photos", "-photos" };
    refused (f, "ResourceNotFound", "The specified resource project is not found.",
             "AttachOSSBucket", attach_params ("p", "photos"));
    done (f, "CreateProject", json_pack ("{s:s}", "ProjectName", "p"));
    for (size_t i = 0; i < N_ELEMENTS (bad); i++) {
        refused (f, "InvalidOSSBucket", "bare name", "AttachOSSBucket",
                 attach_params ("p", bad[i]));
        refused (f, "InvalidOSSBucket", "bare name", "DetachOSSBucket",
                 json_pack ("{s:s}", "OSSBucket", bad[i]));
        refused (f, "InvalidOSSBucket", "bare name", "GetOSSBucketAttachment",
                 json_pack ("{s:s}", "OSSBucket", bad[i]));
    }
    refused (f, "InvalidOSSBucket", "bucket 'nowhere'", "AttachOSSBucket",
             attach_params ("p", "nowhere"));
    refused (f, "InvalidOSSBucket", "refused", "AttachOSSBucket", attach_params ("p", "forbidden"));
    refused (f, "ServiceUnavailable", "cannot be reached", "AttachOSSBucket",
             attach_params ("p", "unreachable"));
}

static void test_list_pages (void **state)
{
    struct fixture *f = *state;
    done (f, "CreateProject", json_pack ("{s:s}", "ProjectName", "p"));
    done (f, "CreateProject", json_pack ("{s:s}", "ProjectName", "q"));
    done (f, "AttachOSSBucket", attach_params ("p", "photos"));
    done (f, "AttachOSSBucket", attach_params ("p", "b-2"));
    done (f, "AttachOSSBucket", attach_params ("p", "b-1"));
    done (f, "AttachOSSBucket", attach_params ("q", "b-3"));
    json_auto_t *first = ask (f, "ListAttachedOSSBuckets",
                              json_pack ("{s:s, s:i}", "ProjectName", "p", "MaxResults", 2));
    assert_names (first, "AttachedOSSBuckets", "OSSBucket", "b-1 b-2");
    assert_names (first, "AttachedOSSBuckets", "OwnerId", ACCOUNT " " ACCOUNT);
    assert_text (first, "NextToken", ACCOUNT ":p:photos");
    json_auto_t *second =
        ask (f, "ListAttachedOSSBuckets",
             json_pack ("{s:s, s:s}", "ProjectName", "p", "NextToken", ACCOUNT ":p:photos"));
    assert_names (second, "AttachedOSSBuckets", "OSSBucket", "photos");
    assert_text (second, "NextToken", "");
    refused (f, "InvalidNextToken", "owner:project:bucket", "ListAttachedOSSBuckets",
             json_pack ("{s:s, s:s}", "ProjectName", "p", "NextToken", "photos"));
    refused (f, "ResourceNotFound", "project", "ListAttachedOSSBuckets",
             json_pack ("{s:s}", "ProjectName", "r"));
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (test_attach_and_detach),
        TEST (test_one_project_a_bucket),
        TEST (test_refused),
        TEST (test_list_pages),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
