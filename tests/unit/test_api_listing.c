/* What lists show of rows that their caller may not see: nothing, on no page and in no token. */
#include "gate_world.h"

#include "api/listing.h"
#include "base/limits.h"

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

/* ---- Long lists ---- */

#define MANY 7000

/* A list of names from a table, of which the caller sees every `step`-th. */
struct long_list {
    unsigned n, step, fetched;
};

static enum err fetch_names (const struct listing *l, char **from, unsigned max, GPtrArray **ret,
                             struct error *e)
{
    struct long_list *list = (struct long_list *) (uintptr_t) l->params;
    unsigned first = 0;
    (void) e;
    *ret = g_ptr_array_new_with_free_func (g_free);
    if (from)
        first = (unsigned) g_ascii_strtoull (from[1] + 1, NULL, 10);
    for (unsigned i = first; i < list->n && i < first + max; i++)
        g_ptr_array_add (*ret, g_strdup_printf ("n%06u", i));
    list->fetched += (*ret)->len;
    return ERR_OK;
}

static bool sees_name (const struct listing *l, const void *row)
{
    const struct long_list *list = l->params;
    unsigned i = (unsigned) g_ascii_strtoull ((const char *) row + 1, NULL, 10);
    return list->step && i % list->step == list->step - 1;
}

static json_t *name_entry (const struct listing *l, const void *row)
{
    (void) l;
    return json_string (row);
}

static char *name_position (const struct listing *l, const void *row)
{
    (void) l;
    return g_strjoin (":", ACCOUNT, row, NULL);
}

/* Reads all pages: each name that is seen once, in order; no call looks at more than it may, and a
 * token names what is seen or nothing. */
static void read_long_list (struct gate_fixture *g, unsigned n, unsigned step, unsigned max)
{
    static const char *const fixed[] = { ACCOUNT, NULL };
    struct long_list list = { n, step, 0 };
    const struct call call = { .api = &g->f.api, .action = action_find ("ListProjects") };
    const struct listing l = { "Projects", "owner:project", fixed,     &call,      &list,
                               NULL,       fetch_names,     sees_name, name_entry, name_position };
    unsigned seen = 0, calls = 0;
    g_autofree char *token = g_strdup ("");
    do {
        struct reply reply = { 0 };
        list.fetched = 0;
        assert_ok (listing_reply (&l, token, max, &reply, &g->f.e), &g->f.e);
        assert_in_range (list.fetched, 0, LIMIT_LIST_LEFT_OUT + LIMIT_LIST_FETCHED + max + 8);
        const json_t *names = json_object_get (reply.body, "Projects");
        for (size_t i = 0; i < json_array_size (names); i++, seen++) {
            g_autofree char *expected = g_strdup_printf ("n%06u", (seen + 1) * step - 1);
            assert_string_equal (json_string_value (json_array_get (names, i)), expected);
        }
        g_free (token);
        token = g_strdup (json_string_value (json_object_get (reply.body, "NextToken")));
        if (*token && *token != '~')
            assert_true (sees_name (&l, strchr (token, ':') + 1));
        json_decref (reply.body);
        assert_true (++calls < 3 * MANY);
    } while (*token);
    assert_int_equal (seen, step ? n / step : 0);
}

static void a_long_list_is_read_in_bounded_steps (void **state)
{
    static const unsigned sizes[] = { 0, 1, 2, 499, 501, 2000, 2001, MANY };
    static const unsigned steps[] = { 0, 1, 2, 7, 1999, 2000, 2001, 4500 };
    static const unsigned pages[] = { 1, 3, 100, 200 };
    struct gate_fixture *g = *state;
    for (size_t i = 0; i < N_ELEMENTS (sizes); i++)
        for (size_t k = 0; k < N_ELEMENTS (steps); k++)
            for (size_t p = sizes[i] > 2001 || steps[k] == 1 ? 2 : 0; p < N_ELEMENTS (pages); p++)
                read_long_list (g, sizes[i], steps[k], pages[p]);
}

/* A sealed token opens for the list that gave it, and not when somebody has touched it. */
static void a_sealed_token_is_of_its_list (void **state)
{
    static const char *const bad[] = { "~", "~x", "~!!", "~AAAA", "~~" };
    struct gate_fixture *g = *state;
    g_autofree char *sealed = NULL, *other = NULL, *back = NULL, *token = NULL;
    as_root (g);
    make_dataset (&g->f, "p", "d");
    assert_ok (keyring_seal (g->f.api.keyring, "ListProjects", ACCOUNT ":a", &sealed, &g->f.e),
               &g->f.e);
    assert_ok (keyring_unseal (g->f.api.keyring, "ListProjects", sealed, &back, &g->f.e), &g->f.e);
    assert_string_equal (back, ACCOUNT ":a");
    assert_err (INVALID_ARGUMENT,
                keyring_unseal (g->f.api.keyring, "ListDatasets", sealed, &other, &g->f.e));
    token = g_strconcat ("~", sealed, NULL);
    json_auto_t *page = ask (&g->f, "ListProjects", json_pack ("{s:s}", "NextToken", token));
    assert_names (page, "Projects", "ProjectName", "p");
    token[8] = token[8] == 'A' ? 'B' : 'A';
    json_auto_t *touched = json_string (token);
    refused (&g->f, "InvalidNextToken", "Expected the NextToken", "ListProjects",
             json_pack ("{s:O}", "NextToken", touched));
    for (size_t i = 0; i < N_ELEMENTS (bad); i++)
        refused (&g->f, "InvalidNextToken", "Expected the NextToken", "ListProjects",
                 json_pack ("{s:s}", "NextToken", bad[i]));
}

/* Nor does it tell what it names, when it comes back where it does not fit. */
static void a_sealed_token_is_not_opened_in_a_refusal (void **state)
{
    struct gate_fixture *g = *state;
    g_autofree char *sealed = NULL, *token = NULL;
    as_root (g);
    make_dataset (&g->f, "q", "d");
    assert_ok (
        keyring_seal (g->f.api.keyring, "ListDatasets", ACCOUNT ":p:hidden", &sealed, &g->f.e),
        &g->f.e);
    token = g_strconcat ("~", sealed, NULL);
    g_autofree char *shown = g_strdup_printf ("got '%s'.", token);
    refused (&g->f, "InvalidNextToken", shown, "ListDatasets",
             json_pack ("{s:s, s:s}", "ProjectName", "q", "NextToken", token));
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        GATE (projects_that_may_not_be_seen_are_left_out),
        GATE (datasets_that_may_not_be_seen_are_left_out),
        GATE (bindings_of_denied_datasets_are_left_out),
        GATE (attachments_follow_their_project),
        GATE (a_long_list_is_read_in_bounded_steps),
        GATE (a_sealed_token_is_of_its_list),
        GATE (a_sealed_token_is_not_opened_in_a_refusal),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
