#include "test.h"

#include <glib.h>
#include <jansson.h>

#include "base/limits.h"
#include "wire/meta.h"

static void test_good_reply (void **state)
{
    (void) state;
    struct error e;
    json_t *meta;
    const char *text = "{\"ContentType\":\"image/jpeg\",\"ImageWidth\":400,\"LatLong\":\"1,2\"}";
    assert_ok (meta_parse (text, strlen (text), &meta, &e), &e);
    assert_int_equal (json_integer_value (json_object_get (meta, "ImageWidth")), 400);
    json_decref (meta);
    assert_ok (meta_parse ("{}", 2, &meta, &e), &e);
    json_decref (meta);
}

static void test_structures (void **state)
{
    (void) state;
    struct error e;
    json_t *meta = NULL;
    const char *good = "{\"Duration\":1.5,\"VideoStreams\":[{\"Index\":0,\"StartTime\":-0.02},{}],"
                       "\"EntryNames\":[\"a\",\"b\"]}";
    assert_ok (meta_parse (good, strlen (good), &meta, &e), &e);
    assert_int_equal (json_array_size (json_object_get (meta, "VideoStreams")), 2);
    json_decref (meta);
    g_autofree char *few = g_strdup_printf ("{\"AudioCovers\":[{}%s]}", ",{},{},{},{},{},{},{},{}"
                                                                        ",{},{},{},{},{},{},{}");
    g_autofree char *many =
        g_strdup_printf ("{\"AudioCovers\":[{}%s]}", ",{},{},{},{},{},{},{},{}"
                                                     ",{},{},{},{},{},{},{},{}");
    assert_ok (meta_parse (few, strlen (few), &meta, &e), &e);
    json_decref (meta);
    assert_err (WORKER_PROTOCOL, meta_parse (many, strlen (many), &meta, &e));
}

static void test_bad_replies (void **state)
{
    (void) state;
    static const char *const replies[] = {
        "",
        "null",
        "[]",
        "\"x\"",
        "{",
        "{}{}",
        "{\"Size\":1}",
        "{\"ImageWidth\":\"400\"}",
        "{\"ImageWidth\":4.5}",
        "{\"ImageWidth\":-1}",
        "{\"ImageWidth\":18446744073709551616}",
        "{\"ImageWidth\":{}}",
        "{\"MediaType\":null}",
        "{\"MediaType\":\"longer than 16 bytes\"}",
        "{\"MediaType\":\"a\",\"MediaType\":\"b\"}",
        "{\"MediaType\":\"\xff\"}",
        "{\"MediaType\":\"\xed\xa0\x80\"}",
        "{\"MediaType\":\"a\\u0000b\"}",
        "{\"\\u0000\":1}",
        "{\"ContentType\":[\"a\"]}",
        "{\"VideoStreams\":{}}",
        "{\"VideoStreams\":[1]}",
        "{\"VideoStreams\":[{\"Index\":\"0\"}]}",
        "{\"VideoStreams\":[{\"Channels\":2}]}",
        "{\"VideoStreams\":[{\"Index\":{}}]}",
        "{\"Index\":1}",
        "{\"Duration\":\"1\"}",
        "{\"Duration\":1e999}",
        "{\"EntryNames\":[1]}",
        "{\"EntryNames\":\"a\"}",
    };
    for (size_t i = 0; i < N_ELEMENTS (replies); i++) {
        json_t *meta = NULL;
        struct error e;
        assert_err (WORKER_PROTOCOL, meta_parse (replies[i], strlen (replies[i]), &meta, &e));
        assert_null (meta);
    }
}

static void test_nul_is_refused (void **state)
{
    (void) state;
    static const char reply[] = "{\"Duration\":1.5,\"Title\":\"ab\"}";
    struct error e;
    json_t *meta = NULL;
    assert_ok (meta_parse (reply, strlen (reply), &meta, &e), &e);
    g_clear_pointer (&meta, json_decref);
    for (size_t at = 0; at <= strlen (reply); at++) {
        g_autoptr (GString) with_nul = g_string_new (reply);
        g_string_insert_len (with_nul, (gssize) at, "\0", 1);
        assert_err (WORKER_PROTOCOL, meta_parse (with_nul->str, with_nul->len, &meta, &e));
        assert_null (meta);
    }
}

static void test_deep_nesting_is_refused (void **state)
{
    (void) state;
    static const char *const begins[] = { "[", "{\"VideoStreams\":[",
                                          "{\"VideoStreams\":[{\"Index\":" };
    for (size_t i = 0; i < N_ELEMENTS (begins); i++) {
        g_autofree char *deep = g_malloc (LIMIT_RESULT);
        struct error e;
        json_t *meta = NULL;
        memset (deep, '[', LIMIT_RESULT);
        memcpy (deep, begins[i], strlen (begins[i]));
        assert_err (WORKER_PROTOCOL, meta_parse (deep, LIMIT_RESULT, &meta, &e));
        assert_null (meta);
    }
}

static void test_brackets_in_text_do_not_nest (void **state)
{
    (void) state;
    struct error e;
    json_t *meta;
    const char *text = "{\"EXIF\":\"{\\\"Make\\\":{\\\"value\\\":\\\"[x]\\\"}}\"}";
    assert_ok (meta_parse (text, strlen (text), &meta, &e), &e);
    json_decref (meta);
}

static void test_lengths_at_the_limit (void **state)
{
    (void) state;
    struct error e;
    json_t *meta;
    g_autofree char *fits = g_strdup_printf ("{\"ContentType\":\"%0256d\"}", 0);
    g_autofree char *over = g_strdup_printf ("{\"ContentType\":\"%0257d\"}", 0);
    assert_ok (meta_parse (fits, strlen (fits), &meta, &e), &e);
    json_decref (meta);
    assert_err (WORKER_PROTOCOL, meta_parse (over, strlen (over), &meta, &e));
    assert_err (WORKER_PROTOCOL, meta_parse ("{}", LIMIT_RESULT + 1, &meta, &e));
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_good_reply),
        cmocka_unit_test (test_structures),
        cmocka_unit_test (test_bad_replies),
        cmocka_unit_test (test_nul_is_refused),
        cmocka_unit_test (test_deep_nesting_is_refused),
        cmocka_unit_test (test_brackets_in_text_do_not_nest),
        cmocka_unit_test (test_lengths_at_the_limit),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
