/* Notifications as the services send them, and what only looks like one. */
#include "test.h"

#include <jansson.h>

#include "api/notification.h"
#include "base/limits.h"

/* Reads a message for the bucket "photos". */
static enum err read_message (const char *text, struct notification *ret, struct error *e)
{
    return notification_read (text, strlen (text), "photos", ret, e);
}

static enum err read_sample (const char *name, struct notification *ret, struct error *e)
{
    g_autofree char *path = g_build_filename (g_getenv ("NOTIFICATIONS"), name, NULL);
    g_autofree char *text = NULL;
    assert_true (g_file_get_contents (path, &text, NULL, NULL));
    return read_message (text, ret, e);
}

static void assert_keys (const struct notification *n, const char *const *keys)
{
    for (guint i = 0; i < n->keys->len && keys[i]; i++)
        assert_string_equal (n->keys->pdata[i], keys[i]);
    assert_int_equal (n->keys->len, g_strv_length ((char **) keys));
}

static void all_dialects_are_read (void **state)
{
    (void) state;
    static const struct {
        const char *name, *keys[12];
        size_t records, foreign;
    } samples[] = {
        { "aws.json",
          { "holidays/caf%C3%A9+at+noon%2B1.jpg", "holidays/café+at+noon+1.jpg",
            "holidays/café at noon+1.jpg", "2026/plain.jpg", "raw.cr2", "old.jpg", "tagged.jpg" },
          7,
          1 },
        { "sns.json", { "in+an+envelope.jpg", "in an envelope.jpg" }, 1, 0 },
        { "eventbridge.json", { "100% sure+more.jpg" }, 1, 0 },
        { "minio.json",
          { "a+folder%2Fim%2Bage.jpg", "a+folder/im+age.jpg", "a folder/im+age.jpg" },
          1,
          0 },
        { "ceph.json", { "a b+c/d%eé.txt" }, 1, 0 },
        { "oss-events.json", { "图片/a.jpg" }, 1, 0 },
        { "oss-smq.json", { "图片/a.jpg" }, 1, 0 },
        { "oss-eventbridge.json", { "图片/a.jpg" }, 1, 0 },
        { "r2.json", { "my-new-object" }, 1, 0 },
    };
    for (size_t i = 0; i < G_N_ELEMENTS (samples); i++) {
        struct notification n;
        struct error e;
        assert_ok (read_sample (samples[i].name, &n, &e), &e);
        assert_keys (&n, samples[i].keys);
        assert_int_equal (n.records, samples[i].records);
        assert_int_equal (n.foreign, samples[i].foreign);
        assert_int_equal (n.unusable, 0);
        assert_null (n.confirmation);
        notification_clear (&n);
    }
}

static void tests_name_nothing (void **state)
{
    (void) state;
    static const char *const names[] = { "aws-test.json", "sns-unsubscribe.json" };
    for (size_t i = 0; i < G_N_ELEMENTS (names); i++) {
        struct notification n;
        struct error e;
        assert_ok (read_sample (names[i], &n, &e), &e);
        assert_int_equal (n.keys->len, 0);
        assert_int_equal (n.records, 0);
        notification_clear (&n);
    }
}

static void a_subscription_asks_to_be_confirmed (void **state)
{
    (void) state;
    struct notification n;
    struct error e;
    assert_ok (read_sample ("sns-confirm.json", &n, &e), &e);
    assert_string_equal (n.topic, "arn:aws:sns:us-west-2:123456789012:bindery");
    assert_true (g_str_has_prefix (n.confirmation, "2336412f37fb687f"));
    assert_int_equal (n.keys->len, 0);
    notification_clear (&n);
}

/* Records of one key each, as many as are wanted. */
static char *make_records (size_t n, const char *key)
{
    GString *text = g_string_new ("{\"Records\":[");
    for (size_t i = 0; i < n; i++)
        g_string_append_printf (text,
                                "%s{\"s3\":{\"bucket\":{\"name\":\"photos\"},"
                                "\"object\":{\"key\":\"%s%zu\"}}}",
                                i ? "," : "", key, i);
    g_string_append (text, "]}");
    return g_string_free (text, FALSE);
}

static void batches_are_limited (void **state)
{
    (void) state;
    struct notification n;
    struct error e;
    g_autofree char *most = make_records (LIMIT_EVENT_RECORDS, "k");
    g_autofree char *more = make_records (LIMIT_EVENT_RECORDS + 1, "k");
    assert_ok (read_message (most, &n, &e), &e);
    assert_int_equal (n.keys->len, LIMIT_EVENT_RECORDS);
    notification_clear (&n);
    assert_err (BODY_TOO_LARGE, read_message (more, &n, &e));
    notification_clear (&n);
    g_autofree char *two = g_strdup_printf ("[%s,%s]", most, most);
    assert_err (BODY_TOO_LARGE, read_message (two, &n, &e));
    notification_clear (&n);
}

static void keys_are_limited (void **state)
{
    (void) state;
    struct notification n;
    struct error e;
    g_autofree char *longest = g_strnfill (LIMIT_KEY_MAX - 1, 'x');
    g_autofree char *longer = g_strnfill (LIMIT_KEY_MAX, 'x');
    g_autofree char *fits = make_records (1, longest), *not = make_records (1, longer);
    assert_ok (read_message (fits, &n, &e), &e);
    notification_clear (&n);
    assert_err (BAD_REQUEST, read_message (not, &n, &e));
    notification_clear (&n);
}

/* A record that cannot be used does not keep the others out. */
static void what_cannot_be_a_key_is_counted (void **state)
{
    (void) state;
    struct notification n;
    struct error e;
    assert_ok (
        read_message ("{\"Records\":["
                      "{\"s3\":{\"bucket\":{\"name\":\"photos\"},\"object\":{\"key\":\"\"}}},"
                      "{\"s3\":{\"bucket\":{\"name\":\"photos\"},\"object\":{\"key\":7}}},"
                      "{\"s3\":{\"bucket\":{\"name\":\"photos\"}}}, null, 7,"
                      "{\"s3\":{\"bucket\":{\"name\":\"photos\"},"
                      "\"object\":{\"key\":\"a%00b%FF\"}}}]}",
                      &n, &e),
        &e);
    assert_keys (&n, (const char *const[]){ "a%00b%FF", NULL });
    assert_int_equal (n.records, 6);
    assert_int_equal (n.unusable, 5);
    notification_clear (&n);
}

static void what_is_no_notification_is_refused (void **state)
{
    (void) state;
    static const struct {
        const char *text;
        enum err code;
    } texts[] = {
        { "", ERR_INVALID_JSON },
        { "<xml/>", ERR_INVALID_JSON },
        { "{\"Records\":", ERR_INVALID_JSON },
        { "{}", ERR_BAD_REQUEST },
        { "7", ERR_INVALID_JSON },
        { "{\"Records\":7}", ERR_BAD_REQUEST },
        { "{\"Records\":[{\"eventSource\":\"aws:sqs\",\"body\":\"x\"}]}", ERR_BAD_REQUEST },
        { "{\"Message\":\"hello\"}", ERR_INVALID_JSON },
        { "{\"Type\":\"SubscriptionConfirmation\"}", ERR_BAD_REQUEST },
        { "{\"Message\":\"{\\\"Message\\\":\\\"{}\\\"}\"}", ERR_BAD_REQUEST },
        { "{\"object\":{\"key\":\"a\"}}", ERR_BAD_REQUEST },
        { "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
          ERR_INVALID_JSON },
    };
    for (size_t i = 0; i < G_N_ELEMENTS (texts); i++) {
        struct notification n;
        struct error e = { 0 };
        enum err r = read_message (texts[i].text, &n, &e);
        if (r != texts[i].code)
            fail_msg ("%s: %s (%s)", texts[i].text, error_name (r), e.message);
        assert_int_equal (n.keys->len, 0);
        notification_clear (&n);
    }
}

static void a_message_with_a_nul_is_refused (void **state)
{
    (void) state;
    struct notification n;
    struct error e;
    assert_err (INVALID_JSON, notification_read ("{\"events\":[]}\0{}", 16, "photos", &n, &e));
    notification_clear (&n);
}

static void a_batch_without_records_is_fine (void **state)
{
    (void) state;
    struct notification n;
    struct error e;
    assert_ok (read_message ("{\"Records\":[]}", &n, &e), &e);
    assert_int_equal (n.keys->len, 0);
    notification_clear (&n);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (all_dialects_are_read),
        cmocka_unit_test (tests_name_nothing),
        cmocka_unit_test (a_subscription_asks_to_be_confirmed),
        cmocka_unit_test (batches_are_limited),
        cmocka_unit_test (keys_are_limited),
        cmocka_unit_test (what_cannot_be_a_key_is_counted),
        cmocka_unit_test (what_is_no_notification_is_refused),
        cmocka_unit_test (a_message_with_a_nul_is_refused),
        cmocka_unit_test (a_batch_without_records_is_fine),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
