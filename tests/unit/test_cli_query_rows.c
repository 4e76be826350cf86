#include "test.h"

#include "cli/query_rows.h"

static void expect_cell (const char *file, const char *field, const char *expected)
{
    json_auto_t *doc = json_loads (file, 0, NULL);
    assert_non_null (doc);
    g_autofree char *cell = query_cell (doc, field);
    assert_string_equal (cell, expected);
}

static void test_cells (void **state)
{
    (void) state;
    expect_cell ("{\"Size\":2048}", "Size", "2.0 KiB");
    expect_cell ("{\"ImageWidth\":640}", "ImageWidth", "640");
    expect_cell ("{\"ProduceTime\":\"2021-06-29T14:50:13.011643661+08:00\"}", "ProduceTime",
                 "2021-06-29 14:50:13");
    expect_cell ("{\"EXIF\":\"{\\\"Model\\\":{\\\"value\\\":\\\"X100\\\"}}\"}", "EXIF.Model",
                 "X100");
    expect_cell ("{\"EXIF\":\"{broken\"}", "EXIF.Model", "");
    expect_cell ("{}", "Size", "");
    expect_cell ("{\"Labels\":[1]}", "Labels", "[1]");
}

static void test_what_the_api_is_asked_for (void **state)
{
    (void) state;
    json_auto_t *fields = query_with_fields ((char *[]){ "Size", "EXIF.Model", NULL });
    g_autofree char *text = json_dumps (fields, JSON_COMPACT);
    assert_string_equal (text, "[\"Size\",\"EXIF\"]");
}

static void test_sort (void **state)
{
    (void) state;
    g_autofree char *sort = NULL;
    g_autofree char *order = NULL;
    query_split_sort ("-producetime, Size,+CustomId", &sort, &order);
    assert_string_equal (sort, "ProduceTime,Size,CustomId");
    assert_string_equal (order, "desc,asc,asc");
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_cells),
        cmocka_unit_test (test_what_the_api_is_asked_for),
        cmocka_unit_test (test_sort),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
