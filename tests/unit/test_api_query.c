/* SimpleQuery as an action: what it hands on and how the answer looks. */
#include "api_fixture.h"

static void fill (struct fixture *f)
{
    make_dataset (f, "p", "d");
    add_row (f, "p", "d", "photos", "a.jpg", 7);
    add_row (f, "p", "d", "photos", "sub/b c.jpg", 5);
    add_row (f, "p", "d", "photos", "c.jpg", 9);
}

static void test_query (void **state)
{
    struct fixture *f = *state;
    fill (f);
    json_auto_t *all = ask (f, "SimpleQuery", dataset_params ("p", "d"));
    assert_int_equal (json_array_size (json_object_get (all, "Files")), 3);
    assert_number (all, "TotalHits", 3);
    assert_text (all, "NextToken", "");
    json_auto_t *page =
        ask (f, "SimpleQuery",
             json_pack ("{s:s, s:s, s:{s:s, s:s, s:s}, s:s, s:s, s:i}", "ProjectName", "p",
                        "DatasetName", "d", "Query", "Field", "Size", "Operation", "gt", "Value",
                        "5", "Sort", "Size", "Order", "desc", "MaxResults", 1));
    assert_names (page, "Files", "URI", "oss://photos/c.jpg");
    assert_number (page, "TotalHits", 2);
    assert_string_not_equal (json_string_value (json_object_get (page, "NextToken")), "");
    json_auto_t *no_hits =
        ask (f, "SimpleQuery",
             json_pack ("{s:s, s:s, s:b, s:[s]}", "ProjectName", "p", "DatasetName", "d",
                        "WithoutTotalHits", 1, "WithFields", "Size"));
    assert_null (json_object_get (no_hits, "TotalHits"));
    assert_int_equal (json_object_size (json_array_get (json_object_get (no_hits, "Files"), 0)), 2);
}

static void test_aggregations (void **state)
{
    struct fixture *f = *state;
    fill (f);
    json_auto_t *reply = ask (f, "SimpleQuery",
                              json_pack ("{s:s, s:s, s:[{s:s, s:s}, {s:s, s:s}]}", "ProjectName",
                                         "p", "DatasetName", "d", "Aggregations", "Field", "Size",
                                         "Operation", "sum", "Field", "Size", "Operation", "max"));
    const json_t *list = json_object_get (reply, "Aggregations");
    assert_null (json_object_get (reply, "Files"));
    assert_int_equal (json_array_size (list), 2);
    assert_true (json_number_value (json_object_get (json_array_get (list, 0), "Value")) == 21);
    assert_true (json_number_value (json_object_get (json_array_get (list, 1), "Value")) == 9);
}

static void test_query_refused (void **state)
{
    struct fixture *f = *state;
    fill (f);
    refused (f, "ResourceNotFound", "dataset", "SimpleQuery", dataset_params ("p", "e"));
    refused (f, "InvalidArgument.Query", "Query", "SimpleQuery",
             json_pack ("{s:s, s:s, s:{s:s, s:s, s:s}}", "ProjectName", "p", "DatasetName", "d",
                        "Query", "Field", "Nothing", "Operation", "eq", "Value", "5"));
    refused (f, "InvalidNextToken", "", "SimpleQuery",
             json_pack ("{s:s, s:s, s:s}", "ProjectName", "p", "DatasetName", "d", "NextToken",
                        "nonsense"));
    refused (
        f, "InvalidMaxResults", "", "SimpleQuery",
        json_pack ("{s:s, s:s, s:i}", "ProjectName", "p", "DatasetName", "d", "MaxResults", 101));
    refused (f, "InvalidWithFields", "no member 'size'", "SimpleQuery",
             json_pack ("{s:s, s:s, s:[s]}", "ProjectName", "p", "DatasetName", "d", "WithFields",
                        "size"));
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (test_query),
        TEST (test_aggregations),
        TEST (test_query_refused),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
