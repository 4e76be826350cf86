/* Projects: what is answered, what is kept, what is refused. */
#include "api_fixture.h"

#include "base/limits.h"

static void test_create_has_all_members (void **state)
{
    struct fixture *f = *state;
    json_auto_t *reply = ask (f, "CreateProject", json_pack ("{s:s}", "ProjectName", "p"));
    const json_t *p = json_object_get (reply, "Project");
    assert_int_equal (json_object_size (p),
                      action_find ("CreateProject")->reply->members[0].value.type->n_members);
    assert_text (p, "ProjectName", "p");
    assert_text (p, "Description", "");
    assert_text (p, "TemplateId", "");
    assert_text (p, "ServiceRole", "AliyunIMMDefaultRole");
    assert_number (p, "ProjectMaxDatasetCount", 1000000000);
    assert_number (p, "DatasetMaxBindCount", 10);
    assert_number (p, "DatasetMaxFileCount", 100000000);
    assert_number (p, "DatasetMaxEntityCount", 10000000000);
    assert_number (p, "DatasetMaxRelationCount", 100000000000);
    assert_number (p, "DatasetMaxTotalFileSize", 90000000000000000);
    assert_number (p, "EngineConcurrency", 100);
    assert_number (p, "ProjectQueriesPerSecond", 100);
    const char *created = json_string_value (json_object_get (p, "CreateTime"));
    assert_true (g_str_has_suffix (created, "+08:00"));
    assert_text (p, "UpdateTime", created);
}

static void test_create_keeps_what_was_given (void **state)
{
    struct fixture *f = *state;
    done (f, "CreateProject",
          json_pack ("{s:s, s:s, s:s, s:s, s:i, s:i, s:[{s:s, s:s}, {s:s}]}", "ProjectName", "p",
                     "Description", "päper", "TemplateId", "Official:ImageManagement",
                     "ServiceRole", "MyRole", "ProjectMaxDatasetCount", 7, "DatasetMaxBindCount", 2,
                     "Tag", "Key", "team", "Value", "blue", "Key", "bare"));
    json_auto_t *reply = ask (f, "GetProject", json_pack ("{s:s}", "ProjectName", "p"));
    const json_t *p = json_object_get (reply, "Project");
    assert_text (p, "Description", "päper");
    assert_text (p, "TemplateId", "Official:ImageManagement");
    assert_text (p, "ServiceRole", "MyRole");
    assert_number (p, "ProjectMaxDatasetCount", 7);
    assert_number (p, "DatasetMaxBindCount", 2);
    assert_number (p, "DatasetMaxFileCount", 100000000);
    assert_names (p, "Tags", "TagKey", "bare team");
    assert_names (p, "Tags", "TagValue", " blue");
}

static void test_create_refuses (void **state)
{
    struct fixture *f = *state;
    done (f, "CreateProject", json_pack ("{s:s}", "ProjectName", "p"));
    refused (f, "ResourceAlreadyExists", "The specified resource project already exists.",
             "CreateProject", json_pack ("{s:s}", "ProjectName", "p"));
    refused (f, "InvalidTemplateId", "Official:OSSBasicMeta", "CreateProject",
             json_pack ("{s:s, s:s}", "ProjectName", "q", "TemplateId", "Official:Nothing"));
    refused (
        f, "InvalidTag", "Tag[1] has the same Key", "CreateProject",
        json_pack ("{s:s, s:[{s:s}, {s:s}]}", "ProjectName", "q", "Tag", "Key", "a", "Key", "a"));
    refused (f, "InvalidTag", "Tag[0] needs a Key", "CreateProject",
             json_pack ("{s:s, s:[{s:s}]}", "ProjectName", "q", "Tag", "Value", "v"));
    refused (f, "ResourceNotFound", "'q'", "GetProject", json_pack ("{s:s}", "ProjectName", "q"));
}

static void test_names_are_case_sensitive (void **state)
{
    struct fixture *f = *state;
    done (f, "CreateProject", json_pack ("{s:s}", "ProjectName", "p"));
    refused (f, "ResourceNotFound", "The specified resource project is not found.", "GetProject",
             json_pack ("{s:s}", "ProjectName", "P"));
    assert_non_null (strstr (f->e.message, "case-sensitive"));
    done (f, "CreateProject", json_pack ("{s:s}", "ProjectName", "P"));
}

static void test_limit_of_projects (void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < LIMIT_PROJECTS; i++) {
        char name[16];
        g_snprintf (name, sizeof name, "p%d", i);
        done (f, "CreateProject", json_pack ("{s:s}", "ProjectName", name));
    }
    refused (f, "LimitExceededError", "resource count exceeds the limit: there are 100 projects",
             "CreateProject", json_pack ("{s:s}", "ProjectName", "more"));
    done (f, "DeleteProject", json_pack ("{s:s}", "ProjectName", "p5"));
    done (f, "CreateProject", json_pack ("{s:s}", "ProjectName", "more"));
}

static void test_list_pages (void **state)
{
    struct fixture *f = *state;
    static const char *const names[] = { "b", "a", "C", "ab", "_x" };
    for (size_t i = 0; i < N_ELEMENTS (names); i++)
        done (f, "CreateProject", json_pack ("{s:s}", "ProjectName", names[i]));
    json_auto_t *all = ask (f, "ListProjects", json_object ());
    assert_names (all, "Projects", "ProjectName", "C _x a ab b");
    assert_text (all, "NextToken", "");
    json_auto_t *first = ask (f, "ListProjects", json_pack ("{s:i}", "MaxResults", 2));
    assert_names (first, "Projects", "ProjectName", "C _x");
    assert_text (first, "NextToken", ACCOUNT ":a");
    json_auto_t *second = ask (
        f, "ListProjects", json_pack ("{s:i, s:s}", "MaxResults", 3, "NextToken", ACCOUNT ":a"));
    assert_names (second, "Projects", "ProjectName", "a ab b");
    assert_text (second, "NextToken", "");
    json_auto_t *prefix = ask (f, "ListProjects", json_pack ("{s:s}", "Prefix", "a"));
    assert_names (prefix, "Projects", "ProjectName", "a ab");
    json_auto_t *zero =
        ask (f, "ListProjects", json_pack ("{s:i, s:s}", "MaxResults", 0, "NextToken", ""));
    assert_names (zero, "Projects", "ProjectName", "C _x a ab b");
    json_auto_t *none = ask (f, "ListProjects", json_pack ("{s:s}", "Prefix", "zz"));
    assert_names (none, "Projects", "ProjectName", "");
}

static void test_list_refuses_tokens (void **state)
{
    struct fixture *f = *state;
    static const char *const bad[] = { "a",       ACCOUNT,        ACCOUNT ":", ACCOUNT ":a:b",
                                       "other:a", ACCOUNT ":a b", ":a",        ACCOUNT ":a/../b" };
    for (size_t i = 0; i < N_ELEMENTS (bad); i++)
        refused (f, "InvalidNextToken", "owner:project", "ListProjects",
                 json_pack ("{s:s}", "NextToken", bad[i]));
}

static void test_list_by_tags (void **state)
{
    struct fixture *f = *state;
    done (f, "CreateProject",
          json_pack ("{s:s, s:[{s:s, s:s}, {s:s, s:s}]}", "ProjectName", "a", "Tag", "Key", "t",
                     "Value", "1", "Key", "u", "Value", "2"));
    done (f, "CreateProject",
          json_pack ("{s:s, s:[{s:s, s:s}]}", "ProjectName", "b", "Tag", "Key", "t", "Value", "1"));
    done (f, "CreateProject", json_pack ("{s:s}", "ProjectName", "c"));
    json_auto_t *one =
        ask (f, "ListProjects", json_pack ("{s:[{s:s, s:s}]}", "Tag", "Key", "t", "Value", "1"));
    assert_names (one, "Projects", "ProjectName", "a b");
    json_auto_t *both = ask (f, "ListProjects",
                             json_pack ("{s:[{s:s, s:s}, {s:s, s:s}]}", "Tag", "Key", "t", "Value",
                                        "1", "Key", "u", "Value", "2"));
    assert_names (both, "Projects", "ProjectName", "a");
    json_auto_t *none =
        ask (f, "ListProjects", json_pack ("{s:[{s:s, s:s}]}", "Tag", "Key", "t", "Value", "2"));
    assert_names (none, "Projects", "ProjectName", "");
}

static void test_update_changes_only_what_is_given (void **state)
{
    struct fixture *f = *state;
    done (f, "CreateProject",
          json_pack ("{s:s, s:s, s:i, s:[{s:s, s:s}]}", "ProjectName", "p", "Description", "one",
                     "DatasetMaxBindCount", 3, "Tag", "Key", "t", "Value", "1"));
    json_auto_t *reply = ask (
        f, "UpdateProject", json_pack ("{s:s, s:i}", "ProjectName", "p", "DatasetMaxFileCount", 5));
    const json_t *p = json_object_get (reply, "Project");
    assert_text (p, "Description", "one");
    assert_number (p, "DatasetMaxBindCount", 3);
    assert_number (p, "DatasetMaxFileCount", 5);
    assert_names (p, "Tags", "TagKey", "t");
    json_auto_t *cleared = ask (f, "UpdateProject",
                                json_pack ("{s:s, s:[], s:s}", "ProjectName", "p", "Tag",
                                           "TemplateId", "Official:MediaMeta"));
    p = json_object_get (cleared, "Project");
    assert_names (p, "Tags", "TagKey", "");
    assert_text (p, "TemplateId", "Official:MediaMeta");
    assert_number (p, "DatasetMaxFileCount", 5);
    refused (f, "ResourceNotFound", "'q'", "UpdateProject",
             json_pack ("{s:s}", "ProjectName", "q"));
    refused (f, "InvalidTemplateId", "no template", "UpdateProject",
             json_pack ("{s:s, s:s, s:s}", "ProjectName", "p", "TemplateId", "x", "Description",
                        "lost"));
    json_auto_t *kept = ask (f, "GetProject", json_pack ("{s:s}", "ProjectName", "p"));
    assert_text (json_object_get (kept, "Project"), "Description", "one");
}

static void test_delete (void **state)
{
    struct fixture *f = *state;
    make_dataset (f, "p", "d");
    done (f, "AttachOSSBucket",
          json_pack ("{s:s, s:s}", "ProjectName", "p", "OSSBucket", "photos"));
    refused (f, "StatusConflict", "1 datasets and 1 attached buckets", "DeleteProject",
             json_pack ("{s:s}", "ProjectName", "p"));
    done (f, "DeleteDataset", dataset_params ("p", "d"));
    refused (f, "StatusConflict", "0 datasets and 1 attached buckets", "DeleteProject",
             json_pack ("{s:s}", "ProjectName", "p"));
    done (f, "DetachOSSBucket", json_pack ("{s:s}", "OSSBucket", "photos"));
    done (f, "DeleteProject", json_pack ("{s:s}", "ProjectName", "p"));
    refused (f, "ResourceNotFound", "'p'", "DeleteProject",
             json_pack ("{s:s}", "ProjectName", "p"));
}

static void test_statistics_only_when_asked (void **state)
{
    struct fixture *f = *state;
    make_dataset (f, "p", "d");
    make_dataset (f, "p", "e");
    json_auto_t *without = ask (f, "GetProject", json_pack ("{s:s}", "ProjectName", "p"));
    assert_number (json_object_get (without, "Project"), "DatasetCount", 2);
    assert_number (json_object_get (without, "Project"), "FileCount", 0);
    json_auto_t *with =
        ask (f, "GetProject", json_pack ("{s:s, s:b}", "ProjectName", "p", "WithStatistics", 1));
    assert_number (json_object_get (with, "Project"), "DatasetCount", 2);
    assert_number (json_object_get (with, "Project"), "FileCount", 0);
}

static void test_regions (void **state)
{
    struct fixture *f = *state;
    json_auto_t *reply = ask (f, "ListRegions", json_pack ("{s:s}", "AcceptLanguage", "en-US"));
    assert_names (reply, "Regions", "RegionId", "local");
    assert_names (reply, "Regions", "LocalName", "local");
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (test_create_has_all_members),
        TEST (test_create_keeps_what_was_given),
        TEST (test_create_refuses),
        TEST (test_names_are_case_sensitive),
        TEST (test_limit_of_projects),
        TEST (test_list_pages),
        TEST (test_list_refuses_tokens),
        TEST (test_list_by_tags),
        TEST (test_update_changes_only_what_is_given),
        TEST (test_delete),
        TEST (test_statistics_only_when_asked),
        TEST (test_regions),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
