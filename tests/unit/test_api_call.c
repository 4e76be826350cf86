/* The gate: its order, and the form of every answer. */
#include "test.h"

#include "fake_api.h"

static int setup (void **state)
{
    *state = fake_api_new ();
    return 0;
}

static int teardown (void **state)
{
    fake_api_free (*state);
    return 0;
}

static void run (struct fake_api *f, const char *method, const char *uri, enum call_face face,
                 struct call_answer *a)
{
    g_autoptr (GHashTable) headers = g_hash_table_new (g_str_hash, g_str_equal);
    g_hash_table_insert (headers, (gpointer) "host", (gpointer) "imm.test:80");
    const struct call_request r = {
        .face = face, .method = method, .raw_uri = uri, .headers = headers, .peer = "test"
    };
    call_run (&f->api, &r, a);
    assert_int_equal (strlen (a->request_id), 36);
    assert_non_null (strstr (a->body->str, a->request_id));
}

static void run_signed (struct fake_api *f, const char *action, const char *extra,
                        struct call_answer *a)
{
    g_autofree char *query = sign_query ("GET", action, extra);
    g_autofree char *uri = g_strconcat ("/?", query, NULL);
    run (f, "GET", uri, CALL_IMM, a);
}

/* Checks status and code of a refusal in JSON, then clears it. */
static void assert_refusal (struct call_answer *a, unsigned status, const char *code)
{
    json_t *body = json_loads (a->body->str, 0, NULL);
    assert_non_null (body);
    const char *text[5] = { NULL };
    assert_int_equal (json_unpack (body, "{s:s, s:s, s:s, s:s, s:s !}", "RequestId", &text[0],
                                   "HostId", &text[1], "Code", &text[2], "Message", &text[3],
                                   "Recommend", &text[4]),
                      0);
    assert_string_equal (text[0], a->request_id);
    assert_string_equal (text[2], code);
    assert_int_equal (a->status, status);
    assert_string_equal (a->content_type, "application/json;charset=utf-8");
    json_decref (body);
    call_answer_clear (a);
}

static void answers_a_signed_call (void **state)
{
    struct call_answer a;
    run_signed (*state, "CreateProject", "ProjectName=p&Description=%22q%22", &a);
    g_autofree char *expected = g_strdup_printf (
        "{\"RequestId\":\"%s\",\"Project\":{\"ProjectName\":\"p\",\"Description\":\"\\\"q\\\"\"}}",
        a.request_id);
    assert_string_equal (a.body->str, expected);
    assert_int_equal (a.status, 200);
    assert_int_equal (a.retry_after_ms, -1);
    assert_string_equal (a.action, "CreateProject");
    for (const char *c = a.request_id; *c; c++)
        assert_true (g_ascii_isdigit (*c) || (*c >= 'A' && *c <= 'F') || *c == '-');
    call_answer_clear (&a);
}

static void appends_raw_documents (void **state)
{
    struct call_answer a;
    run_signed (*state, "ListProjects", "", &a);
    assert_non_null (
        strstr (a.body->str, ",\"Files\":[{\"URI\":\"oss://b/1\"},{\"URI\":\"oss://b/2\"}]}"));
    json_t *body = json_loads (a.body->str, 0, NULL);
    assert_int_equal (json_array_size (json_object_get (body, "Files")), 2);
    json_decref (body);
    call_answer_clear (&a);
}

static void answers_in_xml_when_asked (void **state)
{
    struct call_answer a;
    run_signed (*state, "ListProjects", "Format=xml", &a);
    assert_string_equal (a.content_type, "text/xml;charset=utf-8");
    assert_non_null (strstr (a.body->str, "<ListProjectsResponse><RequestId>"));
    assert_non_null (strstr (a.body->str, "<NextToken>a&lt;b&amp;&quot;\xef\xbf\xbd</NextToken>"));
    assert_non_null (strstr (a.body->str, "<Empty>x</Empty><Empty></Empty>"));
    assert_non_null (strstr (a.body->str, "<Labels><Entry Key=\"odd key\">v</Entry></Labels>"));
    assert_non_null (strstr (a.body->str, "<Files><URI>oss://b/1</URI></Files><Files><URI>oss://b/2"
                                          "</URI></Files></ListProjectsResponse>"));
    call_answer_clear (&a);
    run (*state, "GET", "/?Format=XML", CALL_IMM, &a);
    assert_string_equal (a.content_type, "text/xml;charset=utf-8");
    assert_non_null (strstr (a.body->str, "<Error>"));
    assert_non_null (strstr (a.body->str, "<Code>MissingAction</Code>"));
    assert_non_null (strstr (a.body->str, "<HostId>imm.test:80</HostId>"));
    call_answer_clear (&a);
}

static void refuses_in_order (void **state)
{
    static const struct {
        const char *method, *uri;
        unsigned status;
        const char *code;
    } rows[] = {
        { "GET", "/?Format=yaml", 400, "InvalidParameter.Format" },
        { "GET", "/?Action=%ff&Format=yaml", 400, "InvalidAction" },
        { "PUT", "/?Action=CreateProject", 405, "UnsupportedHTTPMethod" },
        { "GET", "/", 400, "MissingAction" },
        { "GET", "/?Action=createproject", 404, "InvalidApi.NotFound" },
        { "GET", "/?Action=NoSuch&Version=1", 404, "InvalidApi.NotFound" },
        { "GET", "/?Action=CreateProject", 400, "MissingVersion" },
        { "GET", "/?Action=CreateProject&Version=2017-09-06", 400, "InvalidVersion" },
        { "GET", "/?Action=CreateProject&Version=2020-09-30", 400, "MissingAccessKeyId" },
        { "GET", "/?Action=CreateProject&Version=2020-09-30&AccessKeyId=a", 400,
          "MissingSignature" },
    };
    for (size_t i = 0; i < G_N_ELEMENTS (rows); i++) {
        struct call_answer a;
        run (*state, rows[i].method, rows[i].uri, CALL_IMM, &a);
        assert_refusal (&a, rows[i].status, rows[i].code);
    }
}

static void parameters_come_after_the_signature (void **state)
{
    struct call_answer a;
    run (*state, "GET", "/?Action=CreateProject&Version=2020-09-30&ProjectName=1", CALL_IMM, &a);
    assert_refusal (&a, 400, "MissingAccessKeyId");
    run_signed (*state, "CreateProject", "ProjectName=1", &a);
    assert_refusal (&a, 400, "InvalidProjectName");
    run_signed (*state, "CreateStory", "", &a);
    assert_refusal (&a, 400, "MissingDatasetName");
}

static void what_is_planned_is_checked_then_not_implemented (void **state)
{
    struct call_answer a;
    run_signed (*state, "CreateStory",
                "ProjectName=p&DatasetName=d&StoryType=a&StorySubType=b&ObjectId=o", &a);
    assert_refusal (&a, 501, "NotImplemented");
}

static void administration_is_known_to_its_listener_only (void **state)
{
    struct call_answer a;
    run_signed (*state, "GetStatus", "", &a);
    assert_refusal (&a, 404, "InvalidApi.NotFound");
    g_autofree char *query = sign_query ("GET", "GetStatus", "");
    g_autofree char *uri = g_strconcat ("/?", query, NULL);
    run (*state, "GET", uri, CALL_ADMIN, &a);
    assert_int_equal (a.status, 200);
    call_answer_clear (&a);
}

/* What went wrong inside is for the log; half of a reply is for nobody. */
static void keeps_inner_failures_inside (void **state)
{
    struct call_answer a;
    run_signed (*state, "GetProject", "ProjectName=p", &a);
    assert_null (strstr (a.body->str, "secret"));
    assert_null (strstr (a.body->str, "Half"));
    assert_string_equal (a.detail, "disk I/O error in /secret/path");
    assert_int_equal (a.code, ERR_DATABASE);
    assert_refusal (&a, 500, "InternalError");
}

static void throttling_says_when_to_come_back (void **state)
{
    struct fake_api *f = *state;
    const struct call_request r = { .face = CALL_IMM, .method = "GET", .raw_uri = "/" };
    struct call_answer a;
    struct error e;
    FAIL (&e, BUSY, "the queue is full");
    call_refuse (&f->api, &r, &e, &a);
    assert_true (a.retry_after_ms > 0);
    assert_non_null (strstr (a.body->str, "\"HostId\":\"imm.local\""));
    assert_refusal (&a, 429, "Throttling.User");
}

static void a_strange_host_is_not_repeated (void **state)
{
    struct fake_api *f = *state;
    g_autoptr (GHashTable) headers = g_hash_table_new (g_str_hash, g_str_equal);
    g_hash_table_insert (headers, (gpointer) "host", (gpointer) "<script>");
    const struct call_request r = {
        .face = CALL_IMM, .method = "GET", .raw_uri = "/?Format=XML", .headers = headers
    };
    struct call_answer a;
    call_run (&f->api, &r, &a);
    assert_null (strstr (a.body->str, "script"));
    call_answer_clear (&a);
}

int main (void)
{
#define TEST(t) cmocka_unit_test_setup_teardown (t, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST (answers_a_signed_call),
        TEST (appends_raw_documents),
        TEST (answers_in_xml_when_asked),
        TEST (refuses_in_order),
        TEST (parameters_come_after_the_signature),
        TEST (what_is_planned_is_checked_then_not_implemented),
        TEST (administration_is_known_to_its_listener_only),
        TEST (keeps_inner_failures_inside),
        TEST (throttling_says_when_to_come_back),
        TEST (a_strange_host_is_not_repeated),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
