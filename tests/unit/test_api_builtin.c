/* What the built-in policies allow of all actions there are, by the actions' levels. */
#include "test.h"

#include "api/call.h"
#include "auth/policy.h"
#include "base/macros.h"

static bool allows (const char *builtin, const char *action)
{
    static const struct policy_facts facts = { .source_ip = "192.0.2.1" };
    const struct policy_builtin *b = policy_builtin_find (builtin);
    struct policy *p = NULL;
    struct error e;
    assert_non_null (b);
    assert_ok (policy_parse (b->document, strlen (b->document), &p, &e), &e);
    struct policy_named named = { (char *) b->name, p };
    struct policy_set set = { &named, 1, NULL };
    struct policy_request r = { action, "acs:imm:local:1:project/p", &facts };
    bool is_allowed = policy_decide (&set, &r).effect == POLICY_ALLOW;
    policy_unref (p);
    return is_allowed;
}

static bool is_of_imm (const struct action *a)
{
    return a->face != CALL_ADMIN;
}

/* Of no level, though it only reads; or of a level that only reads, though it works for long. */
static bool is_exception (const struct action *a)
{
    static const char *const only_read[] = { "DetectImage",         "DetectMediaMeta",
                                             "DetectTextAnomaly",   "CompareImageFaces",
                                             "ExtractDocumentText", "Contextual" };
    for (size_t i = 0; i < N_ELEMENTS (only_read); i++)
        if (strncmp (a->name, only_read[i], strlen (only_read[i])) == 0)
            return true;
    return false;
}

static bool reads (const struct action *a)
{
    bool has_level = a->access == ACCESS_GET || a->access == ACCESS_LIST;
    bool is_task = strcmp (a->name, "CreateFacesSearchingTask") == 0;
    bool is_get = strncmp (a->name, "Get", 3) == 0;
    return (has_level && !is_task) || is_exception (a) || is_get;
}

static void test_reading (UNUSED void **state)
{
    size_t n;
    const struct action *actions = action_table (&n);
    for (size_t i = 0; i < n; i++) {
        const struct action *a = &actions[i];
        bool expected = is_of_imm (a) && reads (a);
        if (allows ("BinderyReadOnlyAccess", a->policy_action) != expected)
            fail_msg ("%s is %sallowed by BinderyReadOnlyAccess", a->name, expected ? "not " : "");
        if (expected && action_is_change (a))
            fail_msg ("%s changes something", a->name);
    }
}

static void test_everything (UNUSED void **state)
{
    size_t n;
    const struct action *actions = action_table (&n);
    for (size_t i = 0; i < n; i++) {
        const struct action *a = &actions[i];
        bool is_get = strncmp (a->name, "Get", 3) == 0 || strncmp (a->name, "List", 4) == 0;
        assert_true (allows ("AdministratorAccess", a->policy_action));
        assert_int_equal (allows ("AliyunIMMFullAccess", a->policy_action), is_of_imm (a));
        assert_int_equal (allows ("AliyunIMMReadOnlyAccess", a->policy_action),
                          is_of_imm (a) && is_get);
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_reading),
        cmocka_unit_test (test_everything),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
