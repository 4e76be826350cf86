/* Datasets: what is answered, inherited, kept and refused. */
#include "api_fixture.h"

static void test_create_has_all_members (void **state)
{
    struct fixture *f = *state;
    done (f, "CreateProject",
          json_pack ("{s:s, s:i}", "ProjectName", "p", "DatasetMaxBindCount", 3));
    json_auto_t *reply = ask (f, "CreateDataset", dataset_params ("p", "d"));
    const json_t *d = json_object_get (reply, "Dataset");
    assert_int_equal (json_object_size (d),
                      action_find ("CreateDataset")->reply->members[0].value.type->n_members);
    assert_text (d, "ProjectName", "p");
    assert_text (d, "DatasetName", "d");
    assert_text (d, "TemplateId", "");
    assert_number (d, "DatasetMaxBindCount", 3); /* the project's */
    assert_number (d, "DatasetMaxFileCount", 100000000);
    assert_number (d, "BindCount", 0);
    assert_int_equal (json_array_size (json_object_get (d, "WorkflowParameters")), 0);
}

static void test_create_keeps_what_was_given (void **state)
{
    struct fixture *f = *state;
    done (f, "CreateProject", json_pack ("{s:s}", "ProjectName", "p"));
    done (f, "CreateDataset",
          json_pack ("{s:s, s:s, s:s, s:s, s:i, s:[{s:s, s:s}]}", "ProjectName", "p", "DatasetName",
                     "d", "Description", "holiday", "TemplateId", "Official:MediaMeta",
                     "DatasetMaxBindCount", 1, "WorkflowParameters", "Name", "n", "Value", "v"));
    json_auto_t *reply = ask (f, "GetDataset", dataset_params ("p", "d"));
    const json_t *d = json_object_get (reply, "Dataset");
    assert_text (d, "Description", "holiday");
    assert_text (d, "TemplateId", "Official:MediaMeta");
    assert_number (d, "DatasetMaxBindCount", 1);
    assert_names (d, "WorkflowParameters", "Name", "n");
    assert_names (d, "WorkflowParameters", "Value", "v");
}

static void test_create_refuses (void **state)
{
    struct fixture *f = *state;
    refused (f, "ResourceNotFound", "The specified resource project is not found.", "CreateDataset",
             dataset_params ("p", "d"));
    make_dataset (f, "p", "d");
    refused (f, "ResourceAlreadyExists", "The specified resource dataset already exists.",
             "CreateDataset", dataset_params ("p", "d"));
    refused (f, "InvalidTemplateId", "'Mine'", "CreateDataset",
             json_pack ("{s:s, s:s, s:s}", "ProjectName", "p", "DatasetName", "e", "TemplateId",
                        "Mine"));
    g_autofree char *long_text = g_strnfill (20000, 'x');
    refused (f, "InvalidWorkflowParameters", "16384", "CreateDataset",
             json_pack ("{s:s, s:s, s:[{s:s, s:s}]}", "ProjectName", "p", "DatasetName", "e",
                        "WorkflowParameters", "Name", "n", "Value", long_text));
    /* The same name in another project is another dataset. */
    make_dataset (f, "q", "d");
}

static void test_limit_of_datasets (void **state)
{
    struct fixture *f = *state;
    done (f, "CreateProject",
          json_pack ("{s:s, s:i}", "ProjectName", "p", "ProjectMaxDatasetCount", 2));
    done (f, "CreateDataset", dataset_params ("p", "a"));
    done (f, "CreateDataset", dataset_params ("p", "b"));
    refused (f, "LimitExceededError",
             "resource count exceeds the limit: project 'p' has 2 datasets and its "
             "ProjectMaxDatasetCount is 2",
             "CreateDataset", dataset_params ("p", "c"));
    /* A quota below what is in use loses nothing and lets nothing new in. */
    done (f, "UpdateProject",
          json_pack ("{s:s, s:i}", "ProjectName", "p", "ProjectMaxDatasetCount", 1));
    done (f, "DeleteDataset", dataset_params ("p", "b"));
    refused (f, "LimitExceededError", "is 1", "CreateDataset", dataset_params ("p", "c"));
    done (f, "DeleteDataset", dataset_params ("p", "a"));
    done (f, "CreateDataset", dataset_params ("p", "c"));
}

static void test_list_pages (void **state)
{
    struct fixture *f = *state;
    static const char *const names[] = { "b", "a", "C", "ab" };
    for (size_t i = 0; i < N_ELEMENTS (names); i++)
        make_dataset (f, "p", names[i]);
    make_dataset (f, "q", "other");
    json_auto_t *first =
        ask (f, "ListDatasets", json_pack ("{s:s, s:i}", "ProjectName", "p", "MaxResults", 3));
    assert_names (first, "Datasets", "DatasetName", "C a ab");
    assert_text (first, "NextToken", ACCOUNT ":p:b");
    /* The page starts with the dataset of the token, or with the next one if it is gone. */
    json_auto_t *second =
        ask (f, "ListDatasets",
             json_pack ("{s:s, s:s}", "ProjectName", "p", "NextToken", ACCOUNT ":p:b"));
    assert_names (second, "Datasets", "DatasetName", "b");
    assert_text (second, "NextToken", "");
    json_auto_t *gone =
        ask (f, "ListDatasets",
             json_pack ("{s:s, s:s}", "ProjectName", "p", "NextToken", ACCOUNT ":p:aa"));
    assert_names (gone, "Datasets", "DatasetName", "ab b");
    json_auto_t *prefix =
        ask (f, "ListDatasets", json_pack ("{s:s, s:s}", "ProjectName", "p", "Prefix", "a"));
    assert_names (prefix, "Datasets", "DatasetName", "a ab");
    refused (f, "InvalidNextToken", "owner:project:dataset", "ListDatasets",
             json_pack ("{s:s, s:s}", "ProjectName", "p", "NextToken", ACCOUNT ":q:b"));
    refused (f, "InvalidNextToken", "got 'b'", "ListDatasets",
             json_pack ("{s:s, s:s}", "ProjectName", "p", "NextToken", "b"));
    refused (f, "ResourceNotFound", "'r'", "ListDatasets", json_pack ("{s:s}", "ProjectName", "r"));
}

static void test_update_changes_only_what_is_given (void **state)
{
    struct fixture *f = *state;
    done (f, "CreateProject", json_pack ("{s:s}", "ProjectName", "p"));
    done (f, "CreateDataset",
          json_pack ("{s:s, s:s, s:s, s:[{s:s, s:s}]}", "ProjectName", "p", "DatasetName", "d",
                     "Description", "one", "WorkflowParameters", "Name", "n", "Value", "v"));
    json_auto_t *reply = ask (f, "UpdateDataset",
                              json_pack ("{s:s, s:s, s:s}", "ProjectName", "p", "DatasetName", "d",
                                         "TemplateId", "Official:OSSBasicMeta"));
    const json_t *d = json_object_get (reply, "Dataset");
    assert_text (d, "Description", "one");
    assert_text (d, "TemplateId", "Official:OSSBasicMeta");
    assert_names (d, "WorkflowParameters", "Name", "n");
    json_auto_t *again = ask (f, "UpdateDataset",
                              json_pack ("{s:s, s:s, s:s, s:[]}", "ProjectName", "p", "DatasetName",
                                         "d", "TemplateId", "", "WorkflowParameters"));
    d = json_object_get (again, "Dataset");
    assert_text (d, "TemplateId", "");
    assert_names (d, "WorkflowParameters", "Name", "");
    refused (f, "ResourceNotFound", "The specified resource dataset is not found. Project 'p'",
             "UpdateDataset", dataset_params ("p", "e"));
}

static void test_delete (void **state)
{
    struct fixture *f = *state;
    make_dataset (f, "p", "d");
    done (f, "CreateBinding", binding_params ("p", "d", "oss://photos"));
    refused (f, "StatusConflict",
             "dataset 'd' has 1 bindings; remove them first with DeleteBinding", "DeleteDataset",
             dataset_params ("p", "d"));
    done (f, "DeleteBinding", binding_params ("p", "d", "oss://photos"));
    add_row (f, "p", "d", "photos", "a.jpg", 7);
    refused (f, "StatusConflict", "the metadata of 1 files", "DeleteDataset",
             dataset_params ("p", "d"));
    assert_non_null (strstr (f->e.message, "unbind --purge"));
    done (f, "PurgeBucket", binding_params ("p", "d", "oss://photos"));
    done (f, "DeleteDataset", dataset_params ("p", "d"));
    refused (f, "ResourceNotFound", "dataset is not found", "GetDataset",
             dataset_params ("p", "d"));
    /* A dataset of the same name starts anew. */
    make_dataset (f, "p", "d");
}

static void test_statistics_only_when_asked (void **state)
{
    struct fixture *f = *state;
    make_dataset (f, "p", "d");
    add_row (f, "p", "d", "photos", "a.jpg", 7);
    add_row (f, "p", "d", "photos", "b.jpg", 5);
    json_auto_t *without = ask (f, "GetDataset", dataset_params ("p", "d"));
    assert_number (json_object_get (without, "Dataset"), "FileCount", 0);
    json_auto_t *with = ask (
        f, "GetDataset",
        json_pack ("{s:s, s:s, s:b}", "ProjectName", "p", "DatasetName", "d", "WithStatistics", 1));
    assert_number (json_object_get (with, "Dataset"), "FileCount", 2);
    assert_number (json_object_get (with, "Dataset"), "TotalFileSize", 12);
    json_auto_t *project =
        ask (f, "GetProject", json_pack ("{s:s, s:b}", "ProjectName", "p", "WithStatistics", 1));
    assert_number (json_object_get (project, "Project"), "FileCount", 2);
    assert_number (json_object_get (project, "Project"), "TotalFileSize", 12);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (test_create_has_all_members),
        TEST (test_create_keeps_what_was_given),
        TEST (test_create_refuses),
        TEST (test_limit_of_datasets),
        TEST (test_list_pages),
        TEST (test_update_changes_only_what_is_given),
        TEST (test_delete),
        TEST (test_statistics_only_when_asked),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
