/* Notification configurations: ours goes in and out, those of others stay as they are. */
#include "test.h"

#include <glib.h>

#include "store/notify.h"

#define ROOT "<NotificationConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
#define END  "</NotificationConfiguration>"
#define OTHERS                                                                                     \
    "<QueueConfiguration><Id>logs &amp; more</Id><Queue>arn:q</Queue>"                             \
    "<Event>s3:ObjectCreated:*</Event><Filter><S3Key><FilterRule><Name>prefix</Name>"              \
    "<Value>a&lt;b/</Value></FilterRule></S3Key></Filter></QueueConfiguration>"                    \
    "<EventBridgeConfiguration></EventBridgeConfiguration>"
#define OURS "<TopicConfiguration><Id>bindery-1</Id><Topic>old</Topic></TopicConfiguration>"

static char *merge (const char *xml, const char *entry)
{
    struct error e;
    char *merged;
    assert_ok (notify_merge (xml, strlen (xml), "bindery-1", entry, &merged, &e), &e);
    return merged;
}

static void others_stay (void **state)
{
    (void) state;
    g_autofree char *added = merge (ROOT OTHERS END, "<X/>");
    assert_string_equal (added, ROOT OTHERS "<X/>" END);
    g_autofree char *removed = merge (ROOT OTHERS END, NULL);
    assert_string_equal (removed, ROOT OTHERS END);
}

static void ours_is_replaced_or_removed (void **state)
{
    (void) state;
    g_autofree char *replaced = merge (ROOT "\n " OURS "\n " OTHERS "\n" END, "<X/>");
    assert_string_equal (replaced, ROOT OTHERS "<X/>" END);
    g_autofree char *removed = merge (ROOT OURS END, NULL);
    assert_string_equal (removed, ROOT END);
}

/* Only the id itself counts, not one like it or one deeper down. */
static void only_the_id_counts (void **state)
{
    (void) state;
    static const char like[] = ROOT "<TopicConfiguration><Id>bindery-10</Id></TopicConfiguration>"
                                    "<TopicConfiguration><Id>a</Id><Filter><Id>bindery-1</Id></"
                                    "Filter></TopicConfiguration>" END;
    g_autofree char *kept = merge (like, NULL);
    assert_string_equal (kept, like);
}

static void a_bucket_without_configuration_gets_one (void **state)
{
    (void) state;
    g_autofree char *xml = merge ("<?xml version=\"1.0\"?>\n<NotificationConfiguration/>", "<X/>");
    assert_string_equal (xml, ROOT "<X/>" END);
}

static void what_is_no_configuration_is_refused (void **state)
{
    (void) state;
    static const char *const texts[] = {
        "",
        "{}",
        "<html><body>Bad gateway</body></html>",
        "<NotificationConfiguration><A>",
        "<NotificationConfiguration><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a></a></a>"
        "</a></a></a></a></a></a></a></a></a></a></a></a></a></a></a></a></"
        "NotificationConfiguration>",
    };
    for (size_t i = 0; i < G_N_ELEMENTS (texts); i++) {
        struct error e;
        char *merged = NULL;
        assert_err (STORE_DOWN,
                    notify_merge (texts[i], strlen (texts[i]), "bindery-1", NULL, &merged, &e));
        assert_null (merged);
    }
}

static void entries_are_of_the_style (void **state)
{
    (void) state;
    g_autofree char *minio =
        notify_entry (notify_style_find ("minio"), "bindery-1", "arn:minio:sqs::a&b:webhook");
    assert_string_equal (minio, "<QueueConfiguration><Id>bindery-1</Id><Queue>"
                                "arn:minio:sqs::a&amp;b:webhook</Queue>"
                                "<Event>s3:ObjectCreated:*</Event><Event>s3:ObjectRemoved:*</Event>"
                                "</QueueConfiguration>");
    g_autofree char *aws = notify_entry (notify_style_find ("aws"), "bindery-1", "arn:t");
    assert_non_null (strstr (aws, "<TopicConfiguration><Id>bindery-1</Id><Topic>arn:t</Topic>"));
    assert_non_null (strstr (aws, "<Event>s3:ObjectTagging:*</Event>"));
    assert_null (notify_style_find ("gcs"));
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (others_stay),
        cmocka_unit_test (ours_is_replaced_or_removed),
        cmocka_unit_test (only_the_id_counts),
        cmocka_unit_test (a_bucket_without_configuration_gets_one),
        cmocka_unit_test (what_is_no_configuration_is_refused),
        cmocka_unit_test (entries_are_of_the_style),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
