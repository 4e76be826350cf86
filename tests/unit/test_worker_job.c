/* What a worker answers: whatever it found, the server can take it. */
#include "test.h"

#include "base/limits.h"
#include "wire/meta.h"
#include "worker/job.h"

/* The metadata of a reply, as the server reads it. */
static json_t *meta_of (const GString *body, struct frame_reply *ret)
{
    json_t *meta = NULL;
    struct error e;
    assert_true (body->len <= LIMIT_RESULT);
    memcpy (ret, body->str, sizeof *ret);
    assert_ok (
        meta_parse ((const char *) body->str + sizeof *ret, body->len - sizeof *ret, &meta, &e),
        &e);
    return meta;
}

static const struct input plain;

/* A file that says as much of each of its 64 streams as may be said of one. */
static json_t *talkative (void)
{
    g_autofree char *lyric = g_strnfill (65536, '"');
    json_t *streams = json_array ();
    for (int i = 0; i < 64; i++)
        json_array_append_new (streams, json_pack ("{s:s}", "Lyric", lyric));
    return json_pack ("{s:s, s:s, s:s, s:o}", "ContentType", "audio/mpeg", "MediaType", "audio",
                      "Title", "Song", "AudioStreams", streams);
}

static void too_much_metadata_leaves_the_type (void **state UNUSED)
{
    json_auto_t *found = talkative ();
    g_autoptr (GString) body = g_string_new (NULL);
    struct frame_reply reply;
    assert_int_equal (job_reply (7, &plain, found, NULL, body), FRAME_FAIL);
    json_auto_t *meta = meta_of (body, &reply);
    json_auto_t *expected =
        json_pack ("{s:s, s:s}", "ContentType", "audio/mpeg", "MediaType", "audio");
    assert_true (json_equal (meta, expected));
    assert_int_equal (reply.job, 7);
    assert_non_null (strstr (reply.message, "over the limit"));
}

static void all_else_is_answered_whole (void **state UNUSED)
{
    json_auto_t *found = json_pack ("{s:s, s:s}", "ContentType", "image/png", "Title", "One");
    g_autoptr (GString) body = g_string_new (NULL);
    struct frame_reply reply;
    struct error damaged;
    static struct input in;
    in.left_text = true;
    g_strlcpy (in.remark, "half of it", sizeof in.remark);
    (void) FAIL (&damaged, EXTRACT_FAILED, "no pixels");
    assert_int_equal (job_reply (8, &in, found, NULL, body), FRAME_RESULT);
    json_auto_t *meta = meta_of (body, &reply);
    assert_true (json_equal (meta, found));
    assert_true (reply.left_text);
    assert_string_equal (reply.message, "half of it");
    g_string_truncate (body, 0);
    assert_int_equal (job_reply (9, &in, found, &damaged, body), FRAME_FAIL);
    json_auto_t *failed = meta_of (body, &reply);
    assert_true (json_equal (failed, found));
    assert_string_equal (reply.message, "no pixels");
}

static void what_cannot_be_read_says_why_alone (void **state UNUSED)
{
    json_auto_t *found = talkative ();
    g_autoptr (GString) body = g_string_new (NULL);
    struct error why;
    (void) FAIL (&why, IO, "a bad sector");
    assert_int_equal (job_reply (1, &plain, found, &why, body), FRAME_UNREADABLE);
    assert_int_equal (body->len, sizeof (struct frame_reply));
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (too_much_metadata_leaves_the_type),
        cmocka_unit_test (all_else_is_answered_whole),
        cmocka_unit_test (what_cannot_be_read_says_why_alone),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
