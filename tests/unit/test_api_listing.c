/* What lists show of rows that their caller may not see: nothing, on no page and in no token. */
#include "gate_world.h"

/* ---- Lists ---- */

/* All pages of a list, names joined by spaces; no token may have a part that `hidden` names. */
static char *walk_pages (struct gate_fixture *g, const char *action, const char *member,
                         const char *name, unsigned max, const char *hidden)
{
    GString *all = g_string_new (NULL);
    g_autofree char *token = g_strdup ("");
    do {
        json_t *params = json_pack ("{s:i}", "MaxResults", (int) max);
        if (strcmp (action, "ListProjects") != 0)
            json_object_set_new (params, "ProjectName", json_string ("p"));
        json_auto_t *text = json_string (token);
        if (*token)
            json_object_set (params, "NextToken", text);
        json_auto_t *page = ask (&g->f, action, params);
        g_autofree char *names = names_of (page, member, name);
        assert_true (json_array_size (json_object_get (page, member)) <= max);
        g_string_append_printf (all, "%s%s", all->len && *names ? " " : "", names);
        g_free (token);
        token = g_strdup (json_string_value (json_object_get (page, "NextToken")));
        if (hidden && strstr (token, hidden))
            fail_msg ("%s tells of '%s'", action, token);
    } while (*token);
    return g_string_free (all, FALSE);
}

static void projects_that_may_not_be_seen_are_left_out (void **state)
{
    struct gate_fixture *g = *state;
    static const char *const names[] = { "a", "hid-1", "b", "hid-2", "hid-3", "c", "hid-4" };
    as_root (g);
    for (size_t i = 0; i < N_ELEMENTS (names); i++)
        done (&g->f, "CreateProject", json_pack ("{s:s}", "ProjectName", names[i]));
    GRANT (g, ALLOW ("imm:*", "*"), DENY ("imm:GetProject", ARN "project/hid-*"));
    for (unsigned max = 1; max <= 4; max++) {
        g_autofree char *seen =
            walk_pages (g, "ListProjects", "Projects", "ProjectName", max, "hid");
        assert_string_equal (seen, "a b c");
    }
    GRANT (g, ALLOW ("imm:ListProjects", "*"), ALLOW ("imm:Get*", ARN "project/hid-?"));
    g_autofree char *seen = walk_pages (g, "ListProjects", "Projects", "ProjectName", 2, "a");
    assert_string_equal (seen, "hid-1 hid-2 hid-3 hid-4");
    GRANT (g, ALLOW ("imm:ListProjects", "*"));
    g_autofree char *none = walk_pages (g, "ListProjects", "Projects", "ProjectName", 2, NULL);
    assert_string_equal (none, "");
}

static void datasets_that_may_not_be_seen_are_left_out (void **state)
{
    struct gate_fixture *g = *state;
    static const char *const names[] = { "hid-0", "a", "b", "hid-5", "c", "d", "e" };
    as_root (g);
    for (size_t i = 0; i < N_ELEMENTS (names); i++)
        make_dataset (&g->f, "p", names[i]);
    GRANT (g, ALLOW ("imm:*", "*"), DENY ("*", ARN "project/p/dataset/hid*"));
    for (unsigned max = 1; max <= 6; max++) {
        g_autofree char *seen =
            walk_pages (g, "ListDatasets", "Datasets", "DatasetName", max, "hid");
        assert_string_equal (seen, "a b c d e");
    }
    as_root (g);
    g_autofree char *all = walk_pages (g, "ListDatasets", "Datasets", "DatasetName", 3, NULL);
    assert_string_equal (all, "a b c d e hid-0 hid-5");
}

static void bind_all (struct gate_fixture *g)
{
    static const char *const datasets[] = { "a", "b", "hid", "z" };
    static const char *const buckets[] = { "oss://b-1", "oss://b-2", "oss://b-3" };
    as_root (g);
    for (size_t i = 0; i < N_ELEMENTS (datasets); i++) {
        make_dataset (&g->f, "p", datasets[i]);
        for (size_t k = 0; k < N_ELEMENTS (buckets); k++)
            done (&g->f, "CreateBinding", binding_params ("p", datasets[i], buckets[k]));
    }
}

/* The seeds let ListBindings be allowed on a dataset: so without DatasetName a list has the
 * datasets on which it is. What nobody may Get is not listed either. */
static void bindings_of_denied_datasets_are_left_out (void **state)
{
    static const struct {
        const char *deny, *allow;
    } rows[] = {
        { DENY ("imm:ListBindings", ARN "project/p/dataset/hid"), ALLOW ("imm:*", "*") },
        { DENY ("imm:GetBinding", ARN "project/p/dataset/hid"), ALLOW ("imm:*", "*") },
        { DENY ("imm:*", ARN "project/p/dataset/hid"), ALLOW ("imm:*", ARN "project/p*") },
        { ALLOW ("imm:ListBindings", ARN "project/p/dataset/z"),
          ALLOW ("imm:ListBindings", ARN "project/p/dataset/?") },
    };
    struct gate_fixture *g = *state;
    bind_all (g);
    for (size_t i = 0; i < N_ELEMENTS (rows); i++) {
        GRANT (g, rows[i].deny, rows[i].allow);
        for (unsigned max = 1; max <= 7; max++) {
            g_autofree char *seen =
                walk_pages (g, "ListBindings", "Bindings", "DatasetName", max, "hid");
            assert_string_equal (seen, "a a a b b b z z z");
        }
    }
    GRANT (g, ALLOW ("imm:ListBindings", ARN "project/p/dataset/hid"));
    assert_code (g, "ListBindings", "ProjectName=p", "NoPermission");
    assert_code (g, "ListBindings", "ProjectName=p&DatasetName=a", "NoPermission");
    json_auto_t *one = ask (&g->f, "ListBindings", dataset_params ("p", "hid"));
    assert_names (one, "Bindings", "URI", "oss://b-1 oss://b-2 oss://b-3");
}

static void attachments_follow_their_project (void **state)
{
    struct gate_fixture *g = *state;
    as_root (g);
    make_dataset (&g->f, "p", "d");
    done (&g->f, "AttachOSSBucket",
          json_pack ("{s:s, s:s}", "ProjectName", "p", "OSSBucket", "photos"));
    GRANT (g, ALLOW ("imm:*", ARN "project/p"));
    g_autofree char *seen =
        walk_pages (g, "ListAttachedOSSBuckets", "AttachedOSSBuckets", "OSSBucket", 1, NULL);
    assert_string_equal (seen, "photos");
    GRANT (g, ALLOW ("imm:*", "*"), DENY ("imm:GetOSSBucketAttachment", "*"));
    g_autofree char *none =
        walk_pages (g, "ListAttachedOSSBuckets", "AttachedOSSBuckets", "OSSBucket", 1, NULL);
    assert_string_equal (none, "");
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        GATE (projects_that_may_not_be_seen_are_left_out),
        GATE (datasets_that_may_not_be_seen_are_left_out),
        GATE (bindings_of_denied_datasets_are_left_out),
        GATE (attachments_follow_their_project),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
