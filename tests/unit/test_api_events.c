/* The events endpoint: who may post, what becomes work, and what senders are told. */
#include "api_fixture.h"

#include "api/events.h"
#include "base/limits.h"

#define RECORD(key)                                                                                \
    "{\"Records\":[{\"s3\":{\"bucket\":{\"name\":\"photos\"},\"object\":{\"key\":\"" key "\"}}}]}"

struct post {
    const char *method, *path, *query, *authorization, *body;
};

static struct call_answer answer_to (struct fixture *f, const struct post *p)
{
    g_autofree char *uri = g_strconcat (p->path, p->query, NULL);
    g_autoptr (GHashTable) headers = g_hash_table_new (g_str_hash, g_str_equal);
    if (p->authorization)
        g_hash_table_insert (headers, (char *) "authorization", (char *) p->authorization);
    const struct call_request request = {
        .face = CALL_IMM,
        .method = p->method ? p->method : "POST",
        .raw_uri = uri,
        .path = p->path,
        .headers = headers,
        .body = (const uint8_t *) p->body,
        .body_len = p->body ? strlen (p->body) : 0,
        .peer = "test",
    };
    struct call_answer a;
    g_string_truncate (f->scan.log, 0);
    events_run (&f->api, &request, &a);
    return a;
}

static void assert_status (struct fixture *f, unsigned status, const struct post *p)
{
    struct call_answer a = answer_to (f, p);
    if (a.status != status)
        fail_msg ("%u expected, got %u %s", status, a.status, a.body->str);
    json_auto_t *body = json_loads (a.body->str, 0, NULL);
    assert_non_null (json_object_get (body, "RequestId"));
    assert_int_equal (a.retry_after_ms > 0, status == 503);
    call_answer_clear (&a);
}

/* Binds "photos" as binding 1; gives its secret, which the caller frees. */
static char *bind (struct fixture *f)
{
    struct binding_hook hook;
    make_dataset (f, "p", "d");
    done (f, "CreateBinding", binding_params ("p", "d", "oss://photos"));
    assert_ok (catalog_get_binding_hook (f->api.catalog, 1, &hook, &f->e), &f->e);
    char *secret = g_steal_pointer (&hook.secret);
    binding_hook_clear (&hook);
    return secret;
}

static void the_secret_lets_in (void **state)
{
    struct fixture *f = *state;
    g_autofree char *secret = bind (f);
    g_autofree char *user = g_strconcat ("any:", secret, NULL);
    g_autofree char *code = g_base64_encode ((const guchar *) user, strlen (user));
    g_autofree char *query = g_strconcat ("?a=b&secret=", secret, NULL);
    g_autofree char *bearer = g_strconcat ("bearer ", secret, NULL);
    g_autofree char *basic = g_strconcat ("Basic ", code, NULL);
    const struct post good[] = {
        { NULL, "/events/1", query, NULL, RECORD ("a") },
        { NULL, "/events/1", "", bearer, RECORD ("a") },
        { NULL, "/events/1", "", basic, RECORD ("a") },
        { NULL, "/events/1", "", secret, RECORD ("a") },
    };
    for (size_t i = 0; i < N_ELEMENTS (good); i++) {
        assert_status (f, 200, &good[i]);
        assert_string_equal (f->scan.log->str, "hint 1 a;");
    }
    assert_status (f, 200, &(struct post){ "GET", "/events/1", query, NULL, NULL });
    assert_status (f, 200, &(struct post){ "HEAD", "/events/1", "", bearer, NULL });
    assert_string_equal (f->scan.log->str, "");
}

static void others_stay_out (void **state)
{
    struct fixture *f = *state;
    g_autofree char *secret = bind (f);
    g_autofree char *query = g_strconcat ("?secret=", secret, NULL);
    g_autofree char *longer = g_strconcat (query, "A", NULL);
    g_autofree char *shorter = g_strndup (query, strlen (query) - 1);
    const struct {
        unsigned status;
        struct post post;
    } bad[] = {
        { 403, { NULL, "/events/1", "", NULL, RECORD ("a") } },
        { 403, { NULL, "/events/1", "?secret=", NULL, RECORD ("a") } },
        { 403, { NULL, "/events/1", "?secret=%zz", NULL, RECORD ("a") } },
        { 403, { NULL, "/events/1", longer, NULL, RECORD ("a") } },
        { 403, { NULL, "/events/1", shorter, NULL, RECORD ("a") } },
        { 403, { NULL, "/events/1", "", "Bearer ", RECORD ("a") } },
        { 403, { NULL, "/events/1", "", "Basic ====", RECORD ("a") } },
        { 403, { NULL, "/events/1", "", "Basic Og==", RECORD ("a") } },
        { 403, { "GET", "/events/1", "", NULL, NULL } },
        { 404, { NULL, "/events/2", query, NULL, RECORD ("a") } },
        { 404, { NULL, "/events/", query, NULL, RECORD ("a") } },
        { 404, { NULL, "/events/1/", query, NULL, RECORD ("a") } },
        { 404, { NULL, "/events/p:d:photos", query, NULL, RECORD ("a") } },
        { 404, { NULL, "/events/18446744073709551615", query, NULL, RECORD ("a") } },
        { 405, { "PUT", "/events/1", query, NULL, RECORD ("a") } },
        { 400, { NULL, "/events/1", query, NULL, "{" } },
        { 400, { NULL, "/events/1", query, NULL, NULL } },
    };
    for (size_t i = 0; i < N_ELEMENTS (bad); i++) {
        assert_status (f, bad[i].status, &bad[i].post);
        assert_string_equal (f->scan.log->str, "");
    }
}

static void answers_and_logs_never_show_the_secret (void **state)
{
    struct fixture *f = *state;
    g_autofree char *secret = bind (f);
    g_autofree char *query = g_strconcat ("?secret=", secret, NULL);
    static const char *const bodies[] = { RECORD ("a"), "{" };
    for (size_t i = 0; i < N_ELEMENTS (bodies); i++) {
        struct call_answer a =
            answer_to (f, &(struct post){ NULL, "/events/1", query, NULL, bodies[i] });
        assert_null (strstr (a.body->str, secret));
        assert_null (strstr (a.detail, secret));
        call_answer_clear (&a);
    }
    json_auto_t *reply = ask (f, "GetBinding", binding_params ("p", "d", "oss://photos"));
    g_autofree char *text = json_dumps (reply, 0);
    assert_null (strstr (text, secret));
}

static void all_readings_of_a_key_are_hinted (void **state)
{
    struct fixture *f = *state;
    g_autofree char *secret = bind (f);
    assert_status (f, 200, &(struct post){ NULL, "/events/1", "", secret, RECORD ("a%20b+c") });
    assert_string_equal (f->scan.log->str, "hint 1 a%20b+c a b+c a b c;");
}

static void a_body_over_the_limit_is_refused (void **state)
{
    struct fixture *f = *state;
    g_autofree char *secret = bind (f);
    g_autofree char *large = g_strnfill (LIMIT_EVENT_BODY + 1, ' ');
    assert_status (f, 413, &(struct post){ NULL, "/events/1", "", secret, large });
}

/* Told as a fault of the server, never as one of the request: else senders drop it. */
static void what_cannot_be_stored_is_to_be_sent_again (void **state)
{
    struct fixture *f = *state;
    g_autofree char *secret = bind (f);
    f->scan.fails = true;
    struct call_answer a =
        answer_to (f, &(struct post){ NULL, "/events/1", "", secret, RECORD ("a") });
    assert_int_equal (a.status, 503);
    assert_true (a.retry_after_ms > 0);
    assert_null (strstr (a.body->str, "disk"));
    assert_non_null (strstr (a.detail, "disk"));
    call_answer_clear (&a);
}

static void a_subscription_is_noted_until_it_works (void **state)
{
    struct fixture *f = *state;
    struct binding_hook hook;
    g_autofree char *secret = bind (f);
    assert_status (f, 200,
                   &(struct post){ NULL, "/events/1", "", secret,
                                   "{\"Type\":\"SubscriptionConfirmation\",\"TopicArn\":\"arn:t\","
                                   "\"Token\":\"23ab\",\"SubscribeURL\":\"http://x/\"}" });
    assert_ok (catalog_get_binding_hook (f->api.catalog, 1, &hook, &f->e), &f->e);
    assert_string_equal (hook.subscription, "arn:t 23ab");
    binding_hook_clear (&hook);
    assert_status (f, 200,
                   &(struct post){ NULL, "/events/1", "", secret,
                                   "{\"Type\":\"Notification\",\"TopicArn\":\"arn:t\","
                                   "\"Message\":\"{\\\"Event\\\":\\\"s3:TestEvent\\\"}\"}" });
    assert_ok (catalog_get_binding_hook (f->api.catalog, 1, &hook, &f->e), &f->e);
    assert_string_equal (hook.subscription, "");
    binding_hook_clear (&hook);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (the_secret_lets_in),
        TEST (others_stay_out),
        TEST (answers_and_logs_never_show_the_secret),
        TEST (all_readings_of_a_key_are_hinted),
        TEST (a_body_over_the_limit_is_refused),
        TEST (what_cannot_be_stored_is_to_be_sent_again),
        TEST (a_subscription_is_noted_until_it_works),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
