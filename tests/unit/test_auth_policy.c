/* Policies: the cases of policy_cases.def, what is refused, and what documents cost at worst. */
#include "test.h"

#include <glib.h>

#include "auth/policy.h"
#include "base/limits.h"
#include "base/macros.h"

#define P    "acs:imm:local:1509100000000000:project/"
#define NOW  INT64_C (1795356000500000000) /* 2026-11-22T14:00:00.5Z */
#define HOUR INT64_C (3600000000000)

static const struct policy_facts plain = { "192.0.2.10", "AlibabaCloud (linux) Node.js/v20", NOW,
                                           false };
static const struct policy_facts secure = { "192.0.2.10", "AlibabaCloud (linux) Node.js/v20", NOW,
                                            true };
static const struct policy_facts curl = { "192.0.2.10", "curl/8.1", NOW, false };
static const struct policy_facts seven = { "192.0.2.10", "7", NOW, false };
static const struct policy_facts silent = { "192.0.2.10", NULL, NOW, false };
static const struct policy_facts private = { "192.168.7.1", "curl/8.1", NOW, false };
static const struct policy_facts v6 = { "2001:db8::7", "curl/8.1", NOW, true };
static const struct policy_facts mapped = { "::ffff:192.0.2.10", "curl/8.1", NOW, false };
static const struct policy_facts unknown_peer = { NULL, "curl/8.1", NOW, false };
static const struct policy_facts odd_peer = { "unix:/run/x", "curl/8.1", NOW, false };
static const struct policy_facts early = { "192.0.2.10", "curl/8.1", INT64_C (1500000000000000000),
                                           true };
static const struct policy_facts late = { "192.0.2.10", "curl/8.1", NOW + 3 * HOUR, true };

#define DOCUMENT(name, ...) static const char name[] = #__VA_ARGS__;
#include "policy_samples.def"
#undef DOCUMENT

#define IMPLICIT_DENY POLICY_IMPLICIT_DENY
#define ALLOW         POLICY_ALLOW
#define EXPLICIT_DENY POLICY_EXPLICIT_DENY

#define DOCUMENTS_MAX 4

/* Where in the table a case is. */
#define AT   int line
#define HERE __LINE__

static struct policy *parsed (const char *document, AT)
{
    struct policy *p = NULL;
    struct error e;
    if (policy_parse (document, strlen (document), &p, &e) != ERR_OK)
        fail_msg ("policy_cases.def:%d: %s", line, e.message);
    return p;
}

static struct policy_decision decide (const char *const *documents, const char *session,
                                      const struct policy_request *r, AT)
{
    struct policy_named named[DOCUMENTS_MAX];
    static char *const names[DOCUMENTS_MAX] = { (char *) "0", (char *) "1", (char *) "2",
                                                (char *) "3" };
    struct policy_set set = { .identity = named };
    for (; documents[set.n_identity]; set.n_identity++)
        named[set.n_identity] = (struct policy_named){ names[set.n_identity],
                                                       parsed (documents[set.n_identity], line) };
    _cleanup_policy_ struct policy *narrow = session ? parsed (session, line) : NULL;
    set.session = narrow;
    struct policy_decision d = policy_decide (&set, r);
    if ((d.statement >= 0 && !d.is_session) != (d.policy != NULL))
        fail_msg ("policy_cases.def:%d: the policy is %s", line, d.policy ? d.policy : "not named");
    for (size_t i = 0; i < set.n_identity; i++)
        policy_unref (named[i].policy);
    return d;
}

static void check_effect (enum policy_effect effect, int statement, bool is_session,
                          const struct policy_decision *d, AT)
{
    if (d->effect != effect || d->statement != statement || d->is_session != is_session)
        fail_msg ("policy_cases.def:%d: effect %d by statement %d%s", line, d->effect, d->statement,
                  d->is_session ? " of the session" : "");
}

static void check_pattern (const char *element, const char *pattern, const char *asked, bool is_in,
                           AT)
{
    bool is_action = *element == 'A';
    g_autofree char *document =
        g_strdup_printf ("{\"Version\": \"1\", \"Statement\": {\"Effect\": \"Allow\", \"%s\": "
                         "\"%s\", \"%s\": \"*\"}}",
                         element, pattern, is_action ? "Resource" : "Action");
    struct policy_request r = { is_action ? asked : "imm:GetBinding", is_action ? P "demo" : asked,
                                &plain };
    struct policy_decision d = decide ((const char *const[]){ document, NULL }, NULL, &r, line);
    check_effect (is_in ? ALLOW : IMPLICIT_DENY, is_in ? 0 : -1, false, &d, line);
    /* All but that is the opposite. */
    g_autofree char *except = g_strdup_printf ("{\"Version\": \"1\", \"Statement\": {\"Effect\": "
                                               "\"Deny\", \"Not%s\": [\"%s\"], \"%s\": \"*\"}}",
                                               element, pattern, is_action ? "Resource" : "Action");
    d = decide ((const char *const[]){ except, NULL }, NULL, &r, line);
    check_effect (is_in ? IMPLICIT_DENY : EXPLICIT_DENY, is_in ? -1 : 0, false, &d, line);
}

static void check_condition (const char *operator, const char * key, const char *values,
                             const struct policy_facts *facts, bool holds, AT)
{
    g_autofree char *document = g_strdup_printf ("{\"Version\": \"1\", \"Statement\": {\"Effect\": "
                                                 "\"Allow\", \"Action\": \"*\", \"Resource\": "
                                                 "\"*\", \"Condition\": {\"%s\": {\"%s\": %s}}}}",
                                                 operator, key, values);
    struct policy_request r = { "imm:GetBinding", P "demo/dataset/d", facts };
    struct policy_decision d = decide ((const char *const[]){ document, NULL }, NULL, &r, line);
    check_effect (holds ? ALLOW : IMPLICIT_DENY, holds ? 0 : -1, false, &d, line);
}

static void check_decision (enum policy_effect effect, int statement,
                            const struct policy_facts *facts, const char *action,
                            const char *resource, const char *const *documents, AT)
{
    struct policy_request r = { action, resource, facts };
    struct policy_decision d = decide (documents, NULL, &r, line);
    check_effect (effect, statement, false, &d, line);
}

static void check_session (enum policy_effect effect, int statement, bool is_session,
                           const struct policy_request *r, const char *document,
                           const char *session, AT)
{
    struct policy_decision d = decide ((const char *const[]){ document, NULL }, session, r, line);
    check_effect (effect, statement, is_session, &d, line);
}

static void check_builtin (enum policy_effect effect, int statement, const char *action,
                           const char *name, AT)
{
    const struct policy_builtin *builtin = policy_builtin_find (name);
    assert_non_null (builtin);
    check_decision (effect, statement, &plain, action, P "demo",
                    (const char *const[]){ builtin->document, NULL }, line);
}

static void test_cases (UNUSED void **state)
{
    size_t n = 0;
#define ACTION(...)   check_pattern ("Action", __VA_ARGS__, HERE), n++;
#define RESOURCE(...) check_pattern ("Resource", __VA_ARGS__, HERE), n++;
#define CONDITION(operator, key, values, facts, holds)                                             \
    check_condition (operator, key, values, &facts, holds, HERE), n++;
#define DECIDES(effect, statement, facts, action, resource, ...)                                   \
    check_decision (effect, statement, &facts, action, resource,                                   \
                    (const char *const[]){ __VA_ARGS__, NULL }, HERE),                             \
        n++;
#define SESSION(effect, statement, is_session, facts, action, resource, document, session)         \
    check_session (effect, statement, is_session,                                                  \
                   &(const struct policy_request){ action, resource, &facts }, document, session,  \
                   HERE),                                                                          \
        n++;
#define BUILTIN(...) check_builtin (__VA_ARGS__, HERE), n++;
#include "policy_cases.def"
    print_message ("%zu cases\n", n);
}

/* {"Version": "1", "Statement": [a good one, {...}]} */
#define STATEMENT(...)                                                                             \
    "{\"Version\": \"1\", \"Statement\": [{\"Effect\": \"Allow\", \"Action\": \"*\", "             \
    "\"Resource\": \"*\"}, {" #__VA_ARGS__ "}]}"
#define CONDITIONED(...)                                                                           \
    STATEMENT ("Effect" : "Allow", "Action" : "*", "Resource" : "*", "Condition" : __VA_ARGS__)

struct refused {
    const char *document, *said;
};

static const struct refused refused[] = {
    { "", "The policy document is not JSON: " },
    { "{", "The policy document is not JSON: " },
    { "[]", "A policy document is an object." },
    { "{}", "Version: 'nothing' is not \"1\"." },
    { "{\"Version\": \"2012-10-17\", \"Statement\": []}", "Version: '2012-10-17' is not \"1\"." },
    { "{\"Version\": 1, \"Statement\": []}", "Version: 'nothing' is not \"1\"." },
    { "{\"Version\": \"1\"}", "Statement: at least one is expected." },
    { "{\"Version\": \"1\", \"Statement\": []}", "Statement: at least one is expected." },
    { "{\"Version\": \"1\", \"Statement\": [3]}", "Statement[0]: an object is expected." },
    { "{\"Version\": \"1\", \"Statement\": \"x\"}", "Statement[0]: an object is expected." },
    { "{\"Version\": \"1\", \"Statment\": []}",
      "Statment: there is no such element; did you mean Statement?" },
    { "{\"Version\": \"1\", \"Version\": \"1\", \"Statement\": []}",
      "The policy document is not JSON: duplicate object key" },
    { STATEMENT ("Action"
                 : "*", "Resource"
                 : "*"),
      "Statement[1].Effect: 'nothing' is not Allow or Deny." },
    { STATEMENT ("Effect"
                 : "allow", "Action"
                 : "*", "Resource"
                 : "*"),
      "Statement[1].Effect: 'allow' is not Allow or Deny." },
    { STATEMENT ("Effect"
                 : "Allow", "Resource"
                 : "*"),
      "Statement[1]: one of Action and NotAction must be given." },
    { STATEMENT ("Effect"
                 : "Allow", "Action"
                 : "*", "NotAction"
                 : "*", "Resource"
                 : "*"),
      "Statement[1]: only one of Action and NotAction must be given." },
    { STATEMENT ("Effect"
                 : "Allow", "Action"
                 : "*"),
      "Statement[1]: one of Resource and NotResource must be given." },
    { STATEMENT ("Effect"
                 : "Allow", "Action"
                 : "*", "Resource"
                 : "*", "Principal"
                 : "*"),
      "Statement[1].Principal: there is no such element." },
    { STATEMENT ("Effect"
                 : "Allow", "Action"
                 : "*", "Resource"
                 : "*", "Conditon"
                 : {}),
      "Statement[1].Conditon: there is no such element; did you mean Condition?" },
    { STATEMENT ("Effect"
                 : "Allow", "Action"
                 : [], "Resource"
                 : "*"),
      "Statement[1].Action: the list is empty." },
    { STATEMENT ("Effect"
                 : "Allow", "Action"
                 : [ "imm:*", 3 ], "Resource"
                 : "*"),
      "Statement[1].Action[1]: it is not '*' or like imm:GetBinding." },
    { STATEMENT ("Effect"
                 : "Allow", "Action"
                 : [ "imm:*", ["oss:*"] ], "Resource"
                 : "*"),
      "Statement[1].Action[1]: it is not '*' or like imm:GetBinding." },
    { STATEMENT ("Effect"
                 : "Allow", "Action"
                 : "GetBinding", "Resource"
                 : "*"),
      "Statement[1].Action[0]: 'GetBinding' is not '*' or like imm:GetBinding." },
    { STATEMENT ("Effect"
                 : "Allow", "Action"
                 : ":GetBinding", "Resource"
                 : "*"),
      "Statement[1].Action[0]: ':GetBinding' is not" },
    { STATEMENT ("Effect"
                 : "Allow", "Action"
                 : "imm:", "Resource"
                 : "*"),
      "Statement[1].Action[0]: 'imm:' is not" },
    { STATEMENT ("Effect"
                 : "Allow", "Action"
                 : "imm:a:b", "Resource"
                 : "*"),
      "Statement[1].Action[0]: 'imm:a:b' is not" },
    { STATEMENT ("Effect"
                 : "Allow", "Action"
                 : "imm: Get", "Resource"
                 : "*"),
      "Statement[1].Action[0]: 'imm: Get' is not" },
    { STATEMENT ("Effect"
                 : "Allow", "Action"
                 : "", "Resource"
                 : "*"),
      "Statement[1].Action[0]: '' is not" },
    { STATEMENT ("Effect"
                 : "Allow", "NotAction"
                 : "", "Resource"
                 : "*"),
      "Statement[1].NotAction[0]: '' is not" },
    { STATEMENT ("Effect"
                 : "Allow", "Action"
                 : "*", "Resource"
                 : "project/demo"),
      "Statement[1].Resource[0]: 'project/demo' is not '*' or like acs:imm:*:*:project/demo." },
    { STATEMENT ("Effect"
                 : "Allow", "Action"
                 : "*", "NotResource"
                 : [ "*", "arn:aws:s3:::b" ]),
      "Statement[1].NotResource[1]: 'arn:aws:s3:::b' is not" },
    { STATEMENT ("Effect"
                 : "Allow", "Action"
                 : "*", "Resource"
                 : { "a" : "b" }),
      "Statement[1].Resource[0]: it is not" },
    { CONDITIONED (null), "Statement[1].Condition: operators with keys are expected." },
    { CONDITIONED ([]), "Statement[1].Condition: operators with keys are expected." },
    { CONDITIONED ({ "Bool" : true }),
      "Statement[1].Condition.Bool: keys with values are expected." },
    { CONDITIONED ({ "Bool" : {} }),
      "Statement[1].Condition.Bool: keys with values are expected." },
    { CONDITIONED ({ "IpAdress" : { "acs:SourceIp" : "192.0.2.1" } }),
      "Statement[1].Condition.IpAdress: there is no such operator; did you mean IpAddress?" },
    { CONDITIONED ({ "ipaddress" : { "acs:SourceIp" : "192.0.2.1" } }),
      "Statement[1].Condition.ipaddress: there is no such operator; did you mean IpAddress?" },
    { CONDITIONED ({ "Null" : { "acs:SourceIp" : "true" } }),
      "Statement[1].Condition.Null: there is no such operator." },
    { CONDITIONED ({ "StringEqualsIfExists" : { "acs:UserAgent" : "x" } }),
      "Statement[1].Condition.StringEqualsIfExists: there is no such operator" },
    { CONDITIONED ({ "StringLike" : { "UserAgent" : "x" } }),
      "Statement[1].Condition.StringLike.UserAgent: a key has a service and a name" },
    { CONDITIONED ({ "StringLike" : { "acs:" : "x" } }),
      "Statement[1].Condition.StringLike.acs:: a key has a service and a name" },
    { CONDITIONED ({ "IpAddress" : { "acs:CurrentTime" : "192.0.2.1" } }),
      "Statement[1].Condition.IpAddress.acs:CurrentTime: IpAddress compares an address or a "
      "block" },
    { CONDITIONED ({ "Bool" : { "acs:SourceIp" : "true" } }),
      "Statement[1].Condition.Bool.acs:SourceIp: Bool compares true or false, but the key is an "
      "address" },
    { CONDITIONED ({ "IpAddress" : { "acs:SourceIp" : "192.0.2.0/33" } }),
      "Statement[1].Condition.IpAddress.acs:SourceIp[0]: '192.0.2.0/33' is not an address or a "
      "block like 192.0.2.0/24." },
    { CONDITIONED ({ "IpAddress" : { "acs:SourceIp" : [ "192.0.2.1", "localhost" ] } }),
      "Statement[1].Condition.IpAddress.acs:SourceIp[1]: 'localhost' is not an address" },
    { CONDITIONED ({ "IpAddress" : { "acs:SourceIp" : [] } }),
      "Statement[1].Condition.IpAddress.acs:SourceIp: the list is empty." },
    { CONDITIONED ({ "DateLessThan" : { "acs:CurrentTime" : "2026-01-31" } }),
      "Statement[1].Condition.DateLessThan.acs:CurrentTime[0]: '2026-01-31' is not a time like" },
    { CONDITIONED ({ "DateLessThan" : { "acs:CurrentTime" : 1795356000 } }),
      "Statement[1].Condition.DateLessThan.acs:CurrentTime[0]: it is not a time like" },
    { CONDITIONED ({ "NumericLessThan" : { "oss:MaxKeys" : "ten" } }),
      "Statement[1].Condition.NumericLessThan.oss:MaxKeys[0]: 'ten' is not a number." },
    { CONDITIONED ({ "Bool" : { "acs:SecureTransport" : "yes" } }),
      "Statement[1].Condition.Bool.acs:SecureTransport[0]: 'yes' is not true or false." },
    { CONDITIONED ({ "Bool" : { "acs:SecureTransport" : [ "true", "false" ] } }),
      "Statement[1].Condition.Bool.acs:SecureTransport: more than one value of true and false." },
    { CONDITIONED ({ "StringEquals" : { "acs:UserAgent" : true } }),
      "Statement[1].Condition.StringEquals.acs:UserAgent[0]: it is not a text." },
};

static void test_refuses (UNUSED void **state)
{
    for (const struct refused *r = refused; r < refused + N_ELEMENTS (refused); r++) {
        struct policy *p = NULL;
        struct error e = { 0 };
        if (policy_parse (r->document, strlen (r->document), &p, &e) != ERR_INVALID_ARGUMENT)
            fail_msg ("%s: %s", r->document, p ? "taken" : e.message);
        assert_null (p);
        if (!g_str_has_prefix (e.message, r->said))
            fail_msg ("%s: %s", r->document, e.message);
    }
}

static enum err parse_all (const GString *text)
{
    _cleanup_policy_ struct policy *p = NULL;
    return policy_parse (text->str, text->len, &p, NULL);
}

/* n times `piece`, with commas, between `head` and `tail`. */
static GString *repeated (const char *head, const char *piece, size_t n, const char *tail)
{
    GString *text = g_string_new (head);
    for (size_t i = 0; i < n; i++)
        g_string_append_printf (text, "%s%s", i ? "," : "", piece);
    return g_string_append (text, tail);
}

static void test_limits (UNUSED void **state)
{
    static const char head[] = "{\"Version\":\"1\",\"Statement\":[";
    static const char statement[] = "{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*\"}";
    static const char list_tail[] = "],\"Resource\":\"*\"}]}";
    g_autofree char *list_head = g_strdup_printf ("%s{\"Effect\":\"Allow\",\"Action\":[", head);
    const struct {
        const char *head, *piece, *tail;
        size_t most;
    } rows[] = { { head, statement, "]}", LIMIT_POLICY_STATEMENTS },
                 { list_head, "\"*\"", list_tail, LIMIT_POLICY_VALUES } };
    for (size_t i = 0; i < N_ELEMENTS (rows); i++) {
        g_autoptr (GString) most =
            repeated (rows[i].head, rows[i].piece, rows[i].most, rows[i].tail);
        assert_err (OK, parse_all (most));
        g_autoptr (GString) more =
            repeated (rows[i].head, rows[i].piece, rows[i].most + 1, rows[i].tail);
        assert_err (LIMIT, parse_all (more));
    }
    g_autoptr (GString) padded = repeated (head, statement, 1, "]}");
    while (padded->len < LIMIT_POLICY_DOCUMENT)
        g_string_append_c (padded, ' ');
    assert_err (OK, parse_all (padded));
    assert_err (LIMIT, parse_all (g_string_append_c (padded, ' ')));
    g_autoptr (GString) deep = repeated ("", "[", 4000, "");
    assert_err (INVALID_ARGUMENT, parse_all (deep));
}

/* Whatever a document says, a decision ends soon: patterns that nearly match, everywhere. */
static void test_cost (UNUSED void **state)
{
    g_autofree char *run = g_strnfill (400, 'a');
    g_autofree char *pattern = g_strdup_printf ("\"acs:*%sb\"", run);
    size_t n = (LIMIT_POLICY_DOCUMENT - 100) / (strlen (pattern) + 1);
    g_autoptr (GString) text = repeated (
        "{\"Version\":\"1\",\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":[",
        pattern, n, "]}}");
    _cleanup_policy_ struct policy *p = parsed (text->str, HERE);
    g_autoptr (GString) resource = g_string_new ("acs:");
    while (resource->len < LIMIT_POLICY_RESOURCE)
        g_string_append_c (resource, 'a');
    struct policy_named named = { (char *) "p", p };
    struct policy_set set = { &named, 1, NULL };
    struct policy_request request = { "imm:GetBinding", resource->str, &plain };
    int64_t begun = g_get_monotonic_time ();
    struct policy_decision d = policy_decide (&set, &request);
    print_message ("the worst decision: %.1f ms\n",
                   (double) (g_get_monotonic_time () - begun) / 1000);
    assert_int_equal (d.effect, POLICY_IMPLICIT_DENY);
    assert_true (g_get_monotonic_time () - begun < 5 * G_USEC_PER_SEC);
}

/* A resource or action beyond the limit is not looked at. */
static void test_long_request (UNUSED void **state)
{
    g_autoptr (GString) text = g_string_new ("acs:");
    while (text->len < LIMIT_POLICY_RESOURCE)
        g_string_append_c (text, 'a');
    const char *const everything[] = { policy_builtin_find ("AdministratorAccess")->document,
                                       NULL };
    struct policy_request r = { "imm:GetBinding", text->str, &plain };
    struct policy_decision d = decide (everything, NULL, &r, HERE);
    assert_int_equal (d.effect, POLICY_ALLOW);
    g_string_append_c (text, 'a');
    r.resource = text->str;
    d = decide (everything, NULL, &r, HERE);
    assert_int_equal (d.effect, POLICY_IMPLICIT_DENY);
    r = (struct policy_request){ text->str, "acs:a", &plain };
    d = decide (everything, NULL, &r, HERE);
    assert_int_equal (d.effect, POLICY_IMPLICIT_DENY);
}

/* What a client says of itself is looked at up to a limit, wherever that cuts. */
static void test_long_user_agent (UNUSED void **state)
{
    g_autoptr (GString) agent = g_string_new (NULL);
    for (int i = 0; i < 100000; i++)
        g_string_append (agent, "\u20ac");
    g_string_append (agent, "end");
    struct policy_facts facts = { "192.0.2.10", agent->str, NOW, false };
    check_condition ("StringLike", "acs:UserAgent", "\"\u20ac*\"", &facts, true, HERE);
    check_condition ("StringLike", "acs:UserAgent", "\"*end\"", &facts, false, HERE);
}

/* Nothing attached, nothing allowed; and every built-in one can be read. */
static void test_no_policies (UNUSED void **state)
{
    struct policy_request r = { "imm:GetBinding", P "demo", &plain };
    struct policy_set none = { 0 };
    struct policy_decision d = policy_decide (&none, &r);
    assert_int_equal (d.effect, POLICY_IMPLICIT_DENY);
    assert_int_equal (d.statement, -1);
    for (size_t i = 0; i < policy_n_builtins; i++) {
        struct policy *p = policy_ref (parsed (policy_builtins[i].document, HERE));
        policy_unref (p);
        policy_unref (p);
    }
    assert_null (policy_builtin_find ("NoSuchPolicy"));
}

/* The first policy that denies is named, not the first that allows. */
static void test_names_the_policy (UNUSED void **state)
{
    struct policy_named named[] = { { (char *) "all", parsed (all_but_ram, HERE) },
                                    { (char *) "careful", parsed (only_deny, HERE) } };
    struct policy_set set = { named, N_ELEMENTS (named), NULL };
    struct policy_request r = { "imm:GetProject", P "demo", &plain };
    assert_string_equal (policy_decide (&set, &r).policy, "all");
    r.action = "imm:DeleteProject";
    assert_string_equal (policy_decide (&set, &r).policy, "careful");
    for (size_t i = 0; i < N_ELEMENTS (named); i++)
        policy_unref (named[i].policy);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_cases),        cmocka_unit_test (test_refuses),
        cmocka_unit_test (test_limits),       cmocka_unit_test (test_cost),
        cmocka_unit_test (test_long_request), cmocka_unit_test (test_long_user_agent),
        cmocka_unit_test (test_no_policies),  cmocka_unit_test (test_names_the_policy),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
