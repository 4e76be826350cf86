/* The table of actions: what the generator made of the models, and the rows of actions.def. */
#include "test.h"

#include <string.h>

#include <glib.h>

#include "api/actions.gen.h"
#include "api/reference.h"

static const struct action_param *param_find (const struct action *a, const char *name)
{
    for (size_t i = 0; i < a->n_params; i++)
        if (strcmp (a->params[i].name, name) == 0)
            return &a->params[i];
    fail_msg ("%s has no parameter %s", a->name, name);
    return NULL;
}

static void test_all_known (void **state)
{
    (void) state;
    size_t n, imm = 0, admin = 0;
    const struct action *table = action_table (&n);
    for (size_t i = 0; i < n; i++) {
        assert_ptr_equal (action_find (table[i].name), &table[i]);
        assert_non_null (table[i].policy_resource);
        assert_non_null (table[i].reply);
        imm += table[i].face == CALL_IMM;
        admin += table[i].face == CALL_ADMIN;
    }
    assert_int_equal (imm, 105);
    assert_int_equal (admin, 35);
    assert_null (action_find ("createproject"));
    assert_null (action_find (""));
}

static void test_kinds (void **state)
{
    (void) state;
    const struct action *a = action_find ("CreateProject");
    const struct action_param *p = param_find (a, "ProjectName");
    assert_int_equal (p->kind, 's');
    assert_true (p->is_required);
    assert_int_equal (p->offset, offsetof (struct create_project_params, project_name));
    p = param_find (a, "DatasetMaxFileCount");
    assert_int_equal (p->kind, 'i');
    assert_false (p->is_required);
    assert_int_equal (p->value.kind, MODEL_INT64);
    p = param_find (a, "Tag");
    assert_int_equal (p->kind, 'j');
    assert_true (p->value.is_array);
    assert_string_equal (p->value.type->members[0].name, "Key");
    assert_int_equal (a->params_size, sizeof (struct create_project_params));
    assert_int_equal (param_find (action_find ("GetProject"), "WithStatistics")->kind, 'b');
    assert_int_equal (param_find (action_find ("CreateFigureClusteringTask"), "Tags")->value.kind,
                      MODEL_ANY);
    assert_true (param_find (action_find ("CreateFigureClusteringTask"), "Tags")->value.is_map);
}

/* Offsets stay inside the struct, and no two parameters share a place. */
static void test_offsets (void **state)
{
    (void) state;
    size_t n;
    const struct action *table = action_table (&n);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < table[i].n_params; j++) {
            const struct action_param *p = &table[i].params[j];
            assert_true (p->offset < table[i].params_size);
            assert_non_null (strchr ("sifbj", p->kind));
            for (size_t k = 0; k < j; k++)
                assert_true (table[i].params[k].offset != p->offset);
        }
}

static void test_recursive_type (void **state)
{
    (void) state;
    const struct model_type *query = param_find (action_find ("SimpleQuery"), "Query")->value.type;
    assert_string_equal (query->name, "SimpleQuery");
    for (size_t i = 0; i < query->n_members; i++)
        if (strcmp (query->members[i].name, "SubQueries") == 0) {
            assert_true (query->members[i].value.is_array);
            assert_ptr_equal (query->members[i].value.type, query);
            return;
        }
    fail_msg ("no SubQueries");
}

static void test_policy (void **state)
{
    (void) state;
    static const struct {
        const char *action, *policy, *resource;
    } rows[] = {
        { "ListRegions", "imm:ListRegions", "*" },
        { "ListProjects", "imm:ListProjects", "*" },
        { "ContextualRetrieval", "imm:ContextualRetrieval", "*" },
        { "DetachOSSBucket", "imm:DetachOSSBucket", "project/${Attached}" },
        { "GetOSSBucketAttachment", "imm:GetOSSBucketAttachment", "project/${Attached}" },
        { "CreateProject", "imm:CreateProject", "project/${ProjectName}" },
        { "DetectMediaMeta", "imm:DetectMediaMeta", "project/${ProjectName}" },
        { "CreateDataset", "imm:CreateDataset", "project/${ProjectName}/dataset/${DatasetName}" },
        { "ListBindings", "imm:ListBindings", "project/${ProjectName}/dataset/${DatasetName}" },
        { "UpdateTrigger", "imm:UpdateTrigger", "project/${ProjectName}/trigger/*" },
        { "ListBatches", "imm:ListBatches", "project/${ProjectName}/batch/*" },
        { "BatchGetFileMeta", "imm:BatchGetFileMeta",
          "project/${ProjectName}/dataset/${DatasetName}" },
        { "ListBuckets", "bindery:ListBuckets", "*" },
        { "PurgeBucket", "bindery:PurgeBucket", "project/${ProjectName}/dataset/${DatasetName}" },
    };
    for (size_t i = 0; i < sizeof (rows) / sizeof (rows[0]); i++) {
        const struct action *a = action_find (rows[i].action);
        assert_non_null (a);
        assert_string_equal (a->policy_action, rows[i].policy);
        assert_string_equal (a->policy_resource, rows[i].resource);
    }
}

/* RAM's access levels; those that change something are the ones that are audited. */
static void test_access_levels (void **state)
{
    (void) state;
    static const struct {
        const char *action;
        enum access_level level;
        bool is_change;
    } rows[] = {
        { "ListRegions", ACCESS_LIST, false },     { "SimpleQuery", ACCESS_LIST, false },
        { "GetBinding", ACCESS_GET, false },       { "DetectImageFaces", ACCESS_NONE, false },
        { "CreateBinding", ACCESS_CREATE, true },  { "AttachOSSBucket", ACCESS_CREATE, true },
        { "SuspendTrigger", ACCESS_UPDATE, true }, { "UpdateDataset", ACCESS_UPDATE, true },
        { "DeleteBinding", ACCESS_DELETE, true },  { "DetachOSSBucket", ACCESS_DELETE, true },
        { "PurgeBucket", ACCESS_DELETE, true },    { "RenewSecret", ACCESS_UPDATE, true },
        { "GetStatus", ACCESS_GET, false },
    };
    for (size_t i = 0; i < sizeof (rows) / sizeof (rows[0]); i++) {
        const struct action *a = action_find (rows[i].action);
        assert_int_equal (a->access, rows[i].level);
        assert_int_equal (action_is_change (a), rows[i].is_change);
    }
}

/* An action that takes a required dataset is never allowed by a policy on its project alone. */
static void test_policy_of_datasets (void **state)
{
    (void) state;
    size_t n;
    const struct action *table = action_table (&n);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < table[i].n_params; j++)
            if (table[i].params[j].is_required &&
                strcmp (table[i].params[j].name, "DatasetName") == 0 &&
                strcmp (table[i].name, "ContextualRetrieval") != 0)
                assert_non_null (strstr (table[i].policy_resource, "/dataset/${DatasetName}"));
}

/* Each action has a section, each of its parameters a row with type and rule. */
static void test_reference (void **state)
{
    (void) state;
    size_t n;
    const struct action *table = action_table (&n);
    g_autofree char *page = actions_markdown ();
    for (size_t i = 0; i < n; i++) {
        g_autofree char *heading = g_strdup_printf ("\n### %s\n", table[i].name);
        assert_non_null (strstr (page, heading));
    }
    assert_non_null (strstr (page, "| OSSBucket | string | yes | 3 to 63 lower-case letters"));
    assert_non_null (strstr (page, "| Tag | JSON: array of {Key, Value} |  | 0 to 20 elements |"));
    assert_non_null (strstr (page, "### AddImageMosaic\n\nNot built: answered `NotImplemented`."));
    assert_non_null (strstr (page, "`bindery:PauseBinding` on"));
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_all_known), cmocka_unit_test (test_kinds),
        cmocka_unit_test (test_offsets),   cmocka_unit_test (test_recursive_type),
        cmocka_unit_test (test_policy),    cmocka_unit_test (test_policy_of_datasets),
        cmocka_unit_test (test_reference), cmocka_unit_test (test_access_levels),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
