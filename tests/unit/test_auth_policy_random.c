/* Random policies and requests, decided by the evaluator and by a naive one that walks the JSON,
 * takes operators' names apart and knows none of the evaluator's tables. */
#include "test.h"

#include <arpa/inet.h>
#include <glib.h>
#include <jansson.h>

#include "auth/policy.h"
#include "base/macros.h"

#define ROUNDS      20000
#define ROUNDS_LONG 1000000
#define REQUESTS    4 /* of each round */
#define POLICIES    3
#define NOW         INT64_C (1795356000500000000) /* 2026-11-22T14:00:00.5Z */

/* ---- The naive one ---- */

static bool naive_glob (const gunichar *pattern, const gunichar *text)
{
    if (*pattern == '*')
        return naive_glob (pattern + 1, text) || (*text && naive_glob (pattern, text + 1));
    if (!*pattern || !*text)
        return !*pattern && !*text;
    return (*pattern == '?' || *pattern == *text) && naive_glob (pattern + 1, text + 1);
}

static bool naive_like (const char *pattern, const char *text, bool fold)
{
    g_autofree char *p = fold ? g_ascii_strdown (pattern, -1) : g_strdup (pattern);
    g_autofree char *t = fold ? g_ascii_strdown (text, -1) : g_strdup (text);
    g_autofree gunichar *wide_p = g_utf8_to_ucs4_fast (p, -1, NULL);
    g_autofree gunichar *wide_t = g_utf8_to_ucs4_fast (t, -1, NULL);
    return naive_glob (wide_p, wide_t);
}

static json_t *listed (json_t *value)
{
    return json_is_array (value) ? json_incref (value) : json_pack ("[O]", value);
}

static bool naive_element (json_t *statement, const char *name, const char *asked, bool fold)
{
    g_autofree char *except = g_strconcat ("Not", name, NULL);
    json_t *value = json_object_get (statement, name);
    json_t *excepted = json_object_get (statement, except);
    json_auto_t *list = listed (value ? value : excepted);
    bool found = false;
    for (size_t i = 0; i < json_array_size (list); i++)
        found |= naive_like (json_string_value (json_array_get (list, i)), asked, fold);
    return value ? found : !found;
}

static int bit (const uint8_t *bytes, int i)
{
    return bytes[i / 8] >> (7 - i % 8) & 1;
}

/* Family 4 or 6, 0 for none; a mapped address is of family 4. */
static int naive_address (const char *text, uint8_t bytes[16])
{
    static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255 };
    if (inet_pton (AF_INET, text, bytes) == 1)
        return 4;
    if (inet_pton (AF_INET6, text, bytes) != 1)
        return 0;
    if (memcmp (bytes, mapped, sizeof mapped) != 0)
        return 6;
    memmove (bytes, bytes + 12, 4);
    return 4;
}

static bool naive_in_block (const char *fact, const char *block)
{
    uint8_t a[16], b[16];
    g_auto (GStrv) parts = g_strsplit (block, "/", 2);
    int family = naive_address (fact, a);
    if (!family || naive_address (parts[0], b) != family)
        return false;
    int bits = parts[1] ? (int) g_ascii_strtoll (parts[1], NULL, 10) : family == 4 ? 32 : 128;
    if (parts[1] && family == 4 && strchr (block, ':'))
        bits -= 96; /* of a mapped one */
    for (int i = 0; i < bits; i++)
        if (bit (a, i) != bit (b, i))
            return false;
    return true;
}

static bool naive_order (const char *relation, int sign)
{
    if (strcmp (relation, "Equals") == 0)
        return sign == 0;
    if (sign == 0)
        return g_str_has_suffix (relation, "Equals");
    return sign < 0 ? g_str_has_prefix (relation, "Less") : g_str_has_prefix (relation, "Greater");
}

static bool naive_date (const char *relation, const char *fact, const char *value)
{
    g_autoptr (GDateTime) a = g_date_time_new_from_iso8601 (fact, NULL);
    g_autoptr (GDateTime) b = g_date_time_new_from_iso8601 (value, NULL);
    return a && naive_order (relation, g_date_time_compare (a, b));
}

static bool naive_number (const char *relation, const char *fact, json_t *value)
{
    char *end;
    double known = g_ascii_strtod (fact, &end);
    double given = json_is_number (value) ? json_number_value (value)
                                          : g_ascii_strtod (json_string_value (value), NULL);
    return end != fact && !*end &&
           naive_order (relation, known < given   ? -1
                                  : known > given ? 1
                                                  : 0);
}

static bool naive_string (const char *relation, const char *fact, const char *value)
{
    if (strcmp (relation, "Like") == 0)
        return naive_like (value, fact, false);
    if (strcmp (relation, "Equals") == 0)
        return g_str_equal (fact, value);
    g_autofree char *a = g_ascii_strdown (fact, -1);
    g_autofree char *b = g_ascii_strdown (value, -1);
    return g_str_equal (a, b);
}

/* `operator` without its Not. */
static bool naive_fits (const char *operator, const char * fact, json_t *value)
{
    g_autofree char *text = json_is_boolean (value)
                                ? g_strdup (json_is_true (value) ? "true" : "false")
                                : g_strdup (json_string_value (value));
    if (g_str_has_prefix (operator, "String"))
        return naive_string (operator+ strlen ("String"), fact, text);
    if (g_str_has_prefix (operator, "Numeric"))
        return naive_number (operator+ strlen ("Numeric"), fact, value);
    if (g_str_has_prefix (operator, "Date"))
        return naive_date (operator+ strlen ("Date"), fact, text);
    if (g_str_equal (operator, "Bool"))
        return g_ascii_strcasecmp (fact, text) == 0;
    return naive_in_block (fact, text);
}

static const char *naive_fact (const char *key, const struct policy_facts *facts)
{
    if (g_ascii_strcasecmp (key, "acs:SourceIp") == 0)
        return facts->source_ip;
    if (g_ascii_strcasecmp (key, "acs:UserAgent") == 0)
        return facts->user_agent;
    if (g_ascii_strcasecmp (key, "acs:CurrentTime") == 0)
        return facts->now_ns == NOW ? "2026-11-22T14:00:00Z" : "1970-01-01T00:00:00Z";
    if (g_ascii_strcasecmp (key, "acs:SecureTransport") == 0)
        return facts->is_secure ? "true" : "false";
    return g_ascii_strcasecmp (key, "acs:MFAPresent") == 0 ? "false" : NULL;
}

static bool naive_condition (const char *operator, const char * key, json_t *values,
                             const struct policy_facts *facts)
{
    const char *fact = naive_fact (key, facts);
    json_auto_t *list = listed (values);
    const char *is_not = strstr (operator, "Not");
    g_autofree char *bare =
        is_not ? g_strdup_printf ("%.*s%s", (int) (is_not - operator), operator, is_not + 3)
               : g_strdup (operator);
    bool any = false;
    for (size_t i = 0; fact && i < json_array_size (list); i++)
        any |= naive_fits (bare, fact, json_array_get (list, i));
    return is_not ? !any : any;
}

static bool naive_applies (json_t *statement, const struct policy_request *r)
{
    bool all = naive_element (statement, "Action", r->action, true) &&
               naive_element (statement, "Resource", r->resource, false);
    const char *operator, * key;
    json_t *keys, *values;
    json_object_foreach (json_object_get (statement, "Condition"), operator, keys)
        json_object_foreach (keys, key, values) all =
            naive_condition (operator, key, values, r->facts) && all;
    return all;
}

/* The first statement of that effect that applies; -1: none. */
static int naive_first (json_t *document, const char *effect, const struct policy_request *r)
{
    json_auto_t *statements = listed (json_object_get (document, "Statement"));
    for (size_t i = 0; i < json_array_size (statements); i++) {
        json_t *s = json_array_get (statements, i);
        if (g_str_equal (json_string_value (json_object_get (s, "Effect")), effect) &&
            naive_applies (s, r))
            return (int) i;
    }
    return -1;
}

/* Which of the documents has such a statement, and the statement. */
static int naive_any (json_t *const *documents, size_t n, const char *effect,
                      const struct policy_request *r, int *ret_statement)
{
    for (size_t i = 0; i < n; i++) {
        *ret_statement = naive_first (documents[i], effect, r);
        if (*ret_statement >= 0)
            return (int) i;
    }
    return -1;
}

/* `session` may be NULL. The policy is its place among the documents, -1 for none. */
struct naive {
    enum policy_effect effect;
    int policy, statement;
    bool is_session;
};

static struct naive naive_decide (json_t *const *documents, size_t n, json_t *session,
                                  const struct policy_request *r)
{
    struct naive d = { .effect = POLICY_EXPLICIT_DENY };
    d.policy = naive_any (documents, n, "Deny", r, &d.statement);
    if (d.policy >= 0)
        return d;
    int denied = session ? naive_first (session, "Deny", r) : -1;
    if (denied >= 0)
        return (struct naive){ POLICY_EXPLICIT_DENY, -1, denied, true };
    d.effect = POLICY_ALLOW;
    d.policy = naive_any (documents, n, "Allow", r, &d.statement);
    if (d.policy < 0)
        return (struct naive){ POLICY_IMPLICIT_DENY, -1, -1, false };
    if (session && naive_first (session, "Allow", r) < 0)
        return (struct naive){ POLICY_IMPLICIT_DENY, -1, -1, true };
    return d;
}

/* ---- Random documents and requests ---- */

static const char *const actions[] = { "imm:GetBinding",       "imm:GetFileMeta",
                                       "imm:BatchGetFileMeta", "imm:DeleteBinding",
                                       "IMM:getbinding",       "oss:GetObject",
                                       "bindery:CreateUser" };
static const char *const action_patterns[] = { "*",
                                               "imm:*",
                                               "imm:Get*",
                                               "imm:*Get*",
                                               "imm:*Binding",
                                               "imm:Get?inding",
                                               "imm:GetBinding",
                                               "oss:*",
                                               "*:*User",
                                               "imm:*e?e*",
                                               "imm:*etBin*ing",
                                               "IMM:GET*",
                                               "imm:??????????" };
static const char *const resources[] = { "acs:imm:local:1:project/a",
                                         "acs:imm:local:1:project/ab",
                                         "acs:imm:local:1:project/a/dataset/b",
                                         "acs:imm:local:1:project/a/dataset/*",
                                         "acs:imm:local:1:*",
                                         "acs:oss:local:1:b/\u00e9\u00e8.jpg" };
static const char *const resource_patterns[] = { "*",
                                                 "acs:*",
                                                 "acs:imm:*",
                                                 "acs:imm:*:*:project/a",
                                                 "acs:imm:*:1:project/a*",
                                                 "acs:imm:*:*:project/?",
                                                 "acs:imm:*:*:project/*/dataset/?",
                                                 "acs:imm:*:2:*",
                                                 "acs:oss:*:*:b/??.jpg",
                                                 "acs:oss:*:*:b/*\u00e8.jpg",
                                                 "acs:imm:local:1:project/a/*a*t/b",
                                                 "acs:?*:*:*:*" };
static const char *const agents[] = { NULL, "curl/8.1", "CURL/8.1", "7", "7.50", "", "-3e2" };
static const char *const agent_values[] = { "curl/8.1", "curl/*", "*", "7", "c*?1", "", "7.5" };
static const char *const peers[] = { NULL,          "192.0.2.10",
                                     "192.0.2.130", "::ffff:192.0.2.10",
                                     "2001:db8::7", "2001:db8::8",
                                     "10.1.2.3",    "odd" };
static const char *const blocks[] = {
    "192.0.2.10",     "192.0.2.0/25",        "192.0.2.0/24",       "0.0.0.0/0",  "::/0",
    "2001:db8::/125", "::ffff:10.0.0.0/104", "::ffff:192.0.2.130", "10.1.2.3/31"
};
static const char *const times[] = { "2026-11-22T14:00:00Z",      "2026-11-22T13:59:59Z",
                                     "2026-11-22T15:00:00+01:00", "1970-01-01T00:00:00Z",
                                     "2026-11-22T14:00:00.25Z",   "1969-12-31T23:00:00-02:00" };
static const char *const numbers[] = { "7", "7.5", "-300", "1e3", "0" };
static const char *const truths[] = { "true", "false", "True" };

#define PICK(rand, list) ((list)[g_rand_int_range ((rand), 0, (gint32) G_N_ELEMENTS (list))])
#define CHANCE(rand, in) (g_rand_int_range ((rand), 0, (in)) == 0)

static const struct {
    const char *key;
    char kind; /* letters of what its operators may be */
} keys[] = { { "acs:SourceIp", 'a' },   { "ACS:sourceip", 'a' },  { "acs:CurrentTime", 'd' },
             { "acs:MFAPresent", 'b' }, { "acs:UserAgent", '*' }, { "acs:SecureTransport", 'b' },
             { "acs:Service", '*' } };

static const struct {
    const char *name;
    char kind;
} operators[] = {
    { "StringEquals", 's' },
    { "StringNotEquals", 's' },
    { "StringEqualsIgnoreCase", 's' },
    { "StringNotEqualsIgnoreCase", 's' },
    { "StringLike", 's' },
    { "StringNotLike", 's' },
    { "NumericEquals", 'n' },
    { "NumericNotEquals", 'n' },
    { "NumericLessThan", 'n' },
    { "NumericLessThanEquals", 'n' },
    { "NumericGreaterThan", 'n' },
    { "NumericGreaterThanEquals", 'n' },
    { "DateEquals", 'd' },
    { "DateNotEquals", 'd' },
    { "DateLessThan", 'd' },
    { "DateLessThanEquals", 'd' },
    { "DateGreaterThan", 'd' },
    { "DateGreaterThanEquals", 'd' },
    { "Bool", 'b' },
    { "IpAddress", 'a' },
    { "NotIpAddress", 'a' },
};

static json_t *random_value (GRand *rand, char kind)
{
    if (kind == 'n')
        return CHANCE (rand, 2) ? json_string (PICK (rand, numbers)) : json_real (7.5);
    if (kind == 'b')
        return CHANCE (rand, 2) ? json_string (PICK (rand, truths))
                                : json_boolean (CHANCE (rand, 2));
    if (kind == 's')
        return json_string (CHANCE (rand, 3) ? PICK (rand, times) : PICK (rand, agent_values));
    return json_string (kind == 'a' ? PICK (rand, blocks) : PICK (rand, times));
}

static json_t *random_values (GRand *rand, char kind)
{
    if (CHANCE (rand, 2))
        return random_value (rand, kind);
    json_t *list = json_array ();
    do
        json_array_append_new (list, random_value (rand, kind));
    while (kind != 'b' && !CHANCE (rand, 2));
    return list;
}

static void random_condition (GRand *rand, json_t *block)
{
    size_t op, key;
    do {
        op = (size_t) g_rand_int_range (rand, 0, (gint32) G_N_ELEMENTS (operators));
        key = (size_t) g_rand_int_range (rand, 0, (gint32) G_N_ELEMENTS (keys));
    } while (operators[op].kind != 's' && keys[key].kind != '*' &&
             keys[key].kind != operators[op].kind);
    json_t *of = json_object_get (block, operators[op].name);
    if (!of) {
        of = json_object ();
        json_object_set_new (block, operators[op].name, of);
    }
    json_object_set_new (of, keys[key].key, random_values (rand, operators[op].kind));
}

static json_t *random_patterns (GRand *rand, const char *const *from, size_t n)
{
    json_t *list = json_array ();
    do
        json_array_append_new (list, json_string (from[g_rand_int_range (rand, 0, (gint32) n)]));
    while (CHANCE (rand, 3));
    return list;
}

static json_t *random_statement (GRand *rand)
{
    json_t *s = json_object ();
    json_object_set_new (s, "Effect", json_string (CHANCE (rand, 3) ? "Deny" : "Allow"));
    json_object_set_new (s, CHANCE (rand, 5) ? "NotAction" : "Action",
                         random_patterns (rand, action_patterns, G_N_ELEMENTS (action_patterns)));
    json_object_set_new (
        s, CHANCE (rand, 5) ? "NotResource" : "Resource",
        random_patterns (rand, resource_patterns, G_N_ELEMENTS (resource_patterns)));
    if (CHANCE (rand, 2))
        return s;
    json_t *block = json_object ();
    json_object_set_new (s, "Condition", block);
    do
        random_condition (rand, block);
    while (CHANCE (rand, 3));
    return s;
}

static json_t *random_document (GRand *rand)
{
    json_t *statements = json_array ();
    do
        json_array_append_new (statements, random_statement (rand));
    while (!CHANCE (rand, 3));
    return json_pack ("{s:s, s:o}", "Version", "1", "Statement", statements);
}

/* ---- Both ---- */

static struct policy *parse (json_t *document)
{
    g_autofree char *text = json_dumps (document, 0);
    struct policy *p = NULL;
    struct error e;
    if (policy_parse (text, strlen (text), &p, &e) != ERR_OK)
        fail_msg ("%s: %s", e.message, text);
    return p;
}

static void differ (json_t *const *documents, size_t n, json_t *session,
                    const struct policy_request *r, const struct policy_decision *d,
                    const struct naive *naive)
{
    for (size_t i = 0; i < n; i++)
        print_message ("%s\n", json_dumps (documents[i], 0));
    if (session)
        print_message ("session: %s\n", json_dumps (session, 0));
    fail_msg ("%s on %s from %s by %s: %d by %s %d%s, naively %d by %d %d%s", r->action,
              r->resource, r->facts->source_ip, r->facts->user_agent, d->effect, d->policy,
              d->statement, d->is_session ? " of the session" : "", naive->effect, naive->policy,
              naive->statement, naive->is_session ? " of the session" : "");
}

struct counts {
    unsigned of[POLICY_EXPLICIT_DENY + 1], by_session;
};

static void compare (GRand *rand, json_t *const *documents, size_t n, json_t *session,
                     const struct policy_set *set, struct counts *counts)
{
    struct policy_facts facts = { PICK (rand, peers), PICK (rand, agents),
                                  CHANCE (rand, 4) ? 0 : NOW, CHANCE (rand, 2) };
    struct policy_request r = { PICK (rand, actions), PICK (rand, resources), &facts };
    struct policy_decision d = policy_decide (set, &r);
    struct naive naive = naive_decide (documents, n, session, &r);
    int policy = d.policy ? *d.policy - '0' : -1;
    if (d.effect != naive.effect || policy != naive.policy || d.statement != naive.statement ||
        d.is_session != naive.is_session)
        differ (documents, n, session, &r, &d, &naive);
    counts->of[d.effect]++;
    counts->by_session += d.is_session;
}

static void one_round (GRand *rand, struct counts *counts)
{
    static char *const names[] = { (char *) "0", (char *) "1", (char *) "2" };
    json_t *documents[POLICIES];
    struct policy_named named[POLICIES];
    size_t n = (size_t) g_rand_int_range (rand, 0, POLICIES + 1);
    for (size_t i = 0; i < n; i++) {
        documents[i] = random_document (rand);
        named[i] = (struct policy_named){ names[i], parse (documents[i]) };
    }
    json_auto_t *session = CHANCE (rand, 3) ? random_document (rand) : NULL;
    _cleanup_policy_ struct policy *narrow = session ? parse (session) : NULL;
    struct policy_set set = { named, n, narrow };
    for (int i = 0; i < REQUESTS; i++)
        compare (rand, documents, n, session, &set, counts);
    for (size_t i = 0; i < n; i++) {
        json_decref (documents[i]);
        policy_unref (named[i].policy);
    }
}

static void test_agree (UNUSED void **state)
{
    struct counts counts = { 0 };
    unsigned rounds = getenv ("BINDERY_TEST_LONG") ? ROUNDS_LONG : ROUNDS;
    for (unsigned seed = 0; seed < rounds; seed++) {
        g_autoptr (GRand) rand = g_rand_new_with_seed (seed);
        one_round (rand, &counts);
    }
    print_message ("%u allowed, %u denied, %u not allowed; %u by the session\n",
                   counts.of[POLICY_ALLOW], counts.of[POLICY_EXPLICIT_DENY],
                   counts.of[POLICY_IMPLICIT_DENY], counts.by_session);
    for (size_t i = 0; i < N_ELEMENTS (counts.of); i++)
        assert_true (counts.of[i] > rounds / 10);
    assert_true (counts.by_session > rounds / 20);
}

int main (void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test (test_agree) };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
