/* What a refusal tells the caller, the log and the audit; what conditions see of a request. */
#include "gate_world.h"

/* ---- Refusals ---- */

static void a_refusal_says_what_was_missing (void **state)
{
    struct gate_fixture *g = *state;
    struct call_answer answer;
    send_call (g, action_find ("GetProject"), "ProjectName=p", &answer);
    json_auto_t *body = json_loads (answer.body->str, 0, NULL);
    const json_t *detail = json_object_get (body, "AccessDeniedDetail");
    assert_int_equal (json_object_size (detail), 7);
    assert_text (detail, "AuthAction", "imm:GetProject");
    assert_text (detail, "AuthPrincipalDisplayName", "alice");
    assert_text (detail, "AuthPrincipalOwnerId", ACCOUNT);
    assert_text (detail, "AuthPrincipalType", "SubUser");
    assert_text (detail, "NoPermissionType", "ImplicitDeny");
    assert_text (detail, "PolicyType", "AccountLevelIdentityBasedPolicy");
    gsize len;
    const char *code = json_string_value (json_object_get (detail, "EncodedDiagnosticMessage"));
    g_autofree char *message = (char *) g_base64_decode (code, &len);
    assert_int_equal (strncmp (message, answer.request_id, strlen (answer.request_id)), 0);
    call_answer_clear (&answer);
}

/* The policy is named in the log, and not to the caller. */
static void a_policy_that_denies_is_named_in_the_log_only (void **state)
{
    struct gate_fixture *g = *state;
    struct call_answer answer;
    GRANT (g, ALLOW ("imm:*", "*"), DENY ("imm:GetProject", "*"));
    send_call (g, action_find ("GetProject"), "ProjectName=p&Format=XML", &answer);
    assert_non_null (strstr (answer.body->str, "<AccessDeniedDetail><AuthAction>imm:GetProject<"));
    assert_non_null (strstr (answer.body->str, "<NoPermissionType>ExplicitDeny<"));
    assert_null (strstr (answer.body->str, "policy-1"));
    assert_non_null (
        strstr (answer.detail, "Statement[0] of policy-1 denies imm:GetProject on " ARN));
    call_answer_clear (&answer);
}

static void a_session_is_told_as_such (void **state)
{
    static const char document[] =
        "{\"Version\":\"1\",\"Statement\":[" ALLOW ("imm:ListProjects", "*") "]}";
    struct gate_fixture *g = *state;
    struct policy *session;
    GRANT (g, ALLOW ("imm:*", "*"));
    assert_ok (policy_parse (document, strlen (document), &session, &g->f.e), &g->f.e);
    g->user->policies.session = session;
    g->user->session_name = g_strdup ("laptop");
    g->user->is_temporary = true;
    assert_true (access_sees (&(struct access){ .api = &g->f.api, .who = g->f.root }, "GetProject",
                              "p", NULL));
    struct access access = { .api = &g->f.api, .who = g->user };
    struct error e;
    struct params none = { .by_name = g_hash_table_new (g_str_hash, g_str_equal) };
    assert_ok (access_check_call (&access, action_find ("ListProjects"), &none, &e), &e);
    access_clear (&access);
    assert_err (NO_PERMISSION, access_check_call (&access, action_find ("GetProject"), &none, &e));
    json_auto_t *detail = access_denied_json (&access, "R");
    assert_text (detail, "AuthPrincipalType", "AssumedRoleUser");
    assert_text (detail, "AuthPrincipalDisplayName", "alice:laptop");
    assert_text (detail, "PolicyType", "SessionPolicy");
    access_clear (&access);
    g_hash_table_unref (none.by_name);
}

/* ---- Facts ---- */

static void conditions_see_the_request (void **state)
{
    static const struct {
        const char *condition;
        bool is_met;
    } rows[] = {
        { "{\"IpAddress\":{\"acs:SourceIp\":\"192.0.2.0/24\"}}", true },
        { "{\"IpAddress\":{\"acs:SourceIp\":\"198.51.100.0/24\"}}", false },
        { "{\"Bool\":{\"acs:SecureTransport\":\"true\"}}", false },
        { "{\"Bool\":{\"acs:SecureTransport\":\"false\"}}", true },
        { "{\"StringLike\":{\"acs:UserAgent\":\"test/*\"}}", true },
        { "{\"StringLike\":{\"acs:UserAgent\":\"curl*\"}}", false },
        { "{\"DateGreaterThan\":{\"acs:CurrentTime\":\"2020-01-01T00:00:00Z\"}}", true },
        { "{\"DateLessThan\":{\"acs:CurrentTime\":\"2020-01-01T00:00:00Z\"}}", false },
    };
    struct gate_fixture *g = *state;
    for (size_t i = 0; i < N_ELEMENTS (rows); i++) {
        g_autofree char *statement = g_strdup_printf (
            "{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*\",\"Condition\":%s}",
            rows[i].condition);
        GRANT (g, statement);
        assert_code (g, "ListProjects", "", rows[i].is_met ? "OK" : "NoPermission");
    }
}

/* ---- Audit ---- */

static void assert_audit (struct gate_fixture *g, const char *action, const char *params,
                          enum audit_event event, const char *code, const char *target)
{
    struct call_answer answer;
    send_call (g, action_find (action), params, &answer);
    assert_int_equal (answer.audit.event, event);
    assert_string_equal (answer.audit.code, code);
    if (event == AUDIT_CHANGE) {
        assert_string_equal (answer.audit.user, "alice");
        assert_string_equal (answer.audit.key_id, SIGN_KEY_ID);
    }
    if (target)
        assert_string_equal (answer.audit.target, target);
    else
        assert_null (answer.audit.target);
    call_answer_clear (&answer);
}

static void changes_are_audited_and_reads_are_not (void **state)
{
    struct gate_fixture *g = *state;
    assert_audit (g, "CreateProject", "ProjectName=p", AUDIT_CHANGE, "NoPermission", NULL);
    GRANT (g, ALLOW ("*", "*"));
    assert_audit (g, "CreateProject", "ProjectName=p", AUDIT_CHANGE, "OK", NULL);
    assert_audit (g, "CreateProject", "ProjectName=p", AUDIT_CHANGE, "ResourceAlreadyExists", NULL);
    assert_audit (g, "CreateProject", "", AUDIT_CHANGE, "MissingProjectName", NULL);
    assert_audit (g, "CreateDataset", "ProjectName=p&DatasetName=d", AUDIT_CHANGE, "OK", NULL);
    assert_audit (g, "CreateBinding", "ProjectName=p&DatasetName=d&URI=oss%3A%2F%2Fphotos",
                  AUDIT_CHANGE, "OK", "URI=oss://photos");
    assert_audit (g, "GetProject", "ProjectName=p", AUDIT_NOTHING, "OK", NULL);
    assert_audit (g, "GetProject", "ProjectName=q", AUDIT_NOTHING, "ResourceNotFound", NULL);
    assert_audit (g, "ListBindings", "ProjectName=p", AUDIT_NOTHING, "OK", NULL);
}

static void sign_ins_that_fail_are_audited (void **state)
{
    static const struct {
        const char *query;
        enum audit_event event;
    } rows[] = {
        { "Action=GetProject&Version=2020-09-30", AUDIT_NOTHING }, /* claims nothing */
        { "Action=NoSuch&Version=2020-09-30&AccessKeyId=x", AUDIT_NOTHING },
        { "Action=GetProject&Version=2020-09-30&AccessKeyId=who%0A&Signature=x&SignatureNonce=n&"
          "SignatureMethod=HMAC-SHA1&SignatureVersion=1.0&Timestamp=2020-01-01T00%3A00%3A00Z",
          AUDIT_SIGN_IN },
    };
    struct gate_fixture *g = *state;
    for (size_t i = 0; i < N_ELEMENTS (rows); i++) {
        g_autofree char *uri = g_strconcat ("/?", rows[i].query, NULL);
        g_autoptr (GHashTable) headers = g_hash_table_new (g_str_hash, g_str_equal);
        const struct call_request r = {
            .face = CALL_IMM, .method = "GET", .raw_uri = uri, .headers = headers, .peer = "::1"
        };
        struct call_answer answer;
        call_run (&g->f.api, &r, &answer);
        assert_int_equal (answer.audit.event, rows[i].event);
        if (rows[i].event == AUDIT_SIGN_IN) {
            assert_string_equal (answer.audit.key_id, "who\n");
            assert_null (answer.audit.user);
        }
        call_answer_clear (&answer);
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        GATE (a_refusal_says_what_was_missing),
        GATE (a_policy_that_denies_is_named_in_the_log_only),
        GATE (a_session_is_told_as_such),
        GATE (conditions_see_the_request),
        GATE (changes_are_audited_and_reads_are_not),
        GATE (sign_ins_that_fail_are_audited),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
