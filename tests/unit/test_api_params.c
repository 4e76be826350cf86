/* Parameters: what is refused, in which words, and what a handler gets. */
#include "test.h"

#include "api/actions.gen.h"
#include "api/params.h"
#include "base/limits.h"

static const struct action actions[] = {
    { MODEL_CreateProject },      { MODEL_ListProjects },
    { MODEL_ListBindings },       { MODEL_AttachOSSBucket },
    { MODEL_BatchGetFileMeta },   { MODEL_SimpleQuery },
    { MODEL_GetProject },         { MODEL_CreateBinding },
    { MODEL_BatchIndexFileMeta }, { MODEL_ListAttachedOSSBuckets },
    { MODEL_DetectImageLabels },  { MODEL_EncodeBlindWatermark },
};

static const struct action *find (const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS (actions); i++)
        if (strcmp (actions[i].name, name) == 0)
            return &actions[i];
    fail_msg ("no action %s in this test", name);
    return NULL;
}

struct bound {
    struct params params;
    const struct action *action;
    void *values;
};

static enum err bind (const char *action, const char *query, struct bound *b, struct error *e)
{
    *b = (struct bound){ .action = find (action) };
    g_autofree char *uri = g_strconcat ("/?", query, NULL);
    enum err r = params_decode (uri, NULL, NULL, 0, &b->params, e);
    return r == ERR_OK ? params_bind (&b->params, b->action, &b->values, e) : r;
}

static void unbind (struct bound *b)
{
    params_free (b->action, b->values);
    params_clear (&b->params);
}

static void hands_over_typed_values (void **state)
{
    (void) state;
    struct bound b;
    struct error e;
    assert_ok (bind ("SimpleQuery",
                     "ProjectName=p&DatasetName=d&MaxResults=7&WithoutTotalHits=true"
                     "&Query=%7B%22Field%22:%22Size%22%7D&Sort=&Unknown=1&Order=a+b",
                     &b, &e),
               &e);
    const struct simple_query_params *p = b.values;
    assert_string_equal (p->project_name, "p");
    assert_true (p->max_results.is_set && p->max_results.value == 7);
    assert_true (p->without_total_hits.is_set && p->without_total_hits.value);
    assert_string_equal (json_string_value (json_object_get (p->query, "Field")), "Size");
    assert_null (p->sort);
    assert_null (p->next_token);
    assert_string_equal (p->order, "a b");
    unbind (&b);
}

struct refusal {
    const char *action, *query, *code, *says;
};

static void assert_refused (const struct refusal *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct bound b;
        struct error e = { 0 };
        char code[128];
        enum err r = bind (rows[i].action, rows[i].query, &b, &e);
        if (r == ERR_OK)
            fail_msg ("%s?%s was accepted", rows[i].action, rows[i].query);
        unbind (&b);
        assert_string_equal (error_wire_code (&e, code, sizeof code), rows[i].code);
        if (!strstr (e.message, rows[i].says))
            fail_msg ("%s?%s: '%s' does not say '%s'", rows[i].action, rows[i].query, e.message,
                      rows[i].says);
    }
}

static void refuses_what_cannot_be_decoded (void **state)
{
    (void) state;
    static const struct refusal rows[] = {
        { "GetProject", "ProjectName=a%2", "InvalidProjectName", "offset 1" },
        { "GetProject", "ProjectName=ab%zzc", "InvalidProjectName", "offset 2" },
        { "GetProject", "ProjectName=abc%", "InvalidProjectName", "offset 3" },
        { "GetProject", "ProjectName=ab%00c", "InvalidProjectName",
          "NUL byte in ProjectName at offset 2" },
        { "GetProject", "ProjectName=ab%ff", "InvalidProjectName",
          "UTF-8 in ProjectName at offset 2" },
        { "GetProject", "ProjectName=%ed%a0%80", "InvalidProjectName", "offset 0" },
        { "GetProject", "Pro%gg=1", "InvalidRequest", "name at offset 3" },
        { "GetProject", "%ff=1", "InvalidRequest", "name at offset 0" },
        { "GetProject", "ProjectName=a&X=1&ProjectName=a", "InvalidProjectName", "given twice" },
        { "GetProject", "ProjectName=a&Project%4eame=b", "InvalidProjectName", "given twice" },
        { "GetProject", "=x", "InvalidRequest", "without a name" },
        { "GetProject", "x%20y=1&x+y=2", "InvalidRequest", "given twice" },
    };
    assert_refused (rows, G_N_ELEMENTS (rows));
}

static void refuses_missing_and_mistyped (void **state)
{
    (void) state;
    static const struct refusal rows[] = {
        { "GetProject", "", "MissingProjectName", "ProjectName is mandatory for this action." },
        { "GetProject", "ProjectName=", "MissingProjectName", "mandatory" },
        { "SimpleQuery", "ProjectName=1", "MissingDatasetName", "mandatory" },
        { "GetProject", "ProjectName", "MissingProjectName", "mandatory" },
        { "GetProject", "projectname=x", "MissingProjectName", "mandatory" },
        { "GetProject", "ProjectName=a&WithStatistics=yes", "InvalidWithStatistics",
          "'yes', expected true or false" },
        { "CreateProject", "ProjectName=a&DatasetMaxFileCount=1e3", "InvalidDatasetMaxFileCount",
          "64-bit integer" },
        { "CreateProject", "ProjectName=a&DatasetMaxFileCount=9223372036854775808",
          "InvalidDatasetMaxFileCount", "64-bit" },
        { "SimpleQuery", "ProjectName=a&DatasetName=d&MaxResults=2147483648", "InvalidMaxResults",
          "32-bit" },
        { "SimpleQuery", "ProjectName=a&DatasetName=d&MaxResults=%201", "InvalidMaxResults",
          "' 1'" },
        { "DetectImageLabels", "ProjectName=a&SourceURI=oss://b/k&Threshold=nan",
          "InvalidThreshold", "a number" },
    };
    assert_refused (rows, G_N_ELEMENTS (rows));
}

#define X16   "xxxxxxxxxxxxxxxx"
#define X128  X16 X16 X16 X16 X16 X16 X16 X16
#define NAME_ "ProjectName=" /* of a project */

static void applies_ranges_lengths_and_patterns (void **state)
{
    (void) state;
    static const struct refusal rows[] = {
        { "GetProject", NAME_ "1a", "InvalidProjectName", "'1a', expected 1 to 128" },
        { "GetProject", NAME_ "-a", "InvalidProjectName", "letters, digits" },
        { "GetProject", NAME_ "a.b", "InvalidProjectName", "letters, digits" },
        { "GetProject", NAME_ "%C3%A4", "InvalidProjectName", "letters, digits" },
        { "GetProject", NAME_ X128 "x", "InvalidProjectName", "xxx...'" },
        { "CreateProject", NAME_ "a&Description=" X128 X128 "x", "InvalidDescription", "1 to 256" },
        { "AttachOSSBucket", NAME_ "a&OSSBucket=abc&Description=" X128 "x", "InvalidDescription",
          "1 to 128" },
        { "AttachOSSBucket", NAME_ "a&OSSBucket=ab", "InvalidOSSBucket", "3 to 63" },
        { "AttachOSSBucket", NAME_ "a&OSSBucket=-abc", "InvalidOSSBucket", "3 to 63" },
        { "AttachOSSBucket", NAME_ "a&OSSBucket=abc-", "InvalidOSSBucket", "3 to 63" },
        { "AttachOSSBucket", NAME_ "a&OSSBucket=a_bc", "InvalidOSSBucket", "lower-case" },
        { "ListProjects", "MaxResults=201", "InvalidMaxResults", "'201', expected 0 to 200" },
        { "ListProjects", "MaxResults=-1", "InvalidMaxResults", "0 to 200" },
        { "ListProjects", "Prefix=" X128 "x", "InvalidPrefix", "0 to 128" },
        { "ListBindings", NAME_ "a&MaxResults=201", "InvalidMaxResults", "0 to 200" },
        { "ListAttachedOSSBuckets", NAME_ "a&MaxResults=0", "InvalidMaxResults", "1 to 200" },
        { "SimpleQuery", NAME_ "a&DatasetName=d&MaxResults=2001", "InvalidMaxResults",
          "0 to 2000" },
        { "CreateProject", NAME_ "a&DatasetMaxBindCount=0", "InvalidDatasetMaxBindCount",
          "1 to 10" },
        { "CreateProject", NAME_ "a&DatasetMaxBindCount=11", "LimitExceededError",
          "input quota exceed the max value: DatasetMaxBindCount is 11" },
        { "CreateProject", NAME_ "a&ProjectMaxDatasetCount=1000000001", "LimitExceededError",
          "ProjectMaxDatasetCount" },
        { "EncodeBlindWatermark",
          NAME_ "a&SourceURI=oss://b/a&TargetURI=oss://b/b&StrengthLevel=mid",
          "InvalidStrengthLevel", "low medium high" },
    };
    assert_refused (rows, G_N_ELEMENTS (rows));

    static const char *const good[][2] = {
        { "GetProject", NAME_ X128 },
        { "GetProject", NAME_ "_a-b_9" },
        { "CreateProject",
          NAME_ "a&DatasetMaxBindCount=10&DatasetMaxTotalFileSize=90000000000000000" },
        { "AttachOSSBucket", NAME_ "a&OSSBucket=a-1&Description=" X128 },
        { "ListProjects", "MaxResults=0&Prefix=&NextToken=" },
        { "SimpleQuery", NAME_ "a&DatasetName=d&MaxResults=2000" },
    };
    for (size_t i = 0; i < G_N_ELEMENTS (good); i++) {
        struct bound b;
        struct error e;
        assert_ok (bind (good[i][0], good[i][1], &b, &e), &e);
        unbind (&b);
    }
}

static void a_description_counts_characters (void **state)
{
    (void) state;
    g_autoptr (GString) query = g_string_new (NAME_ "a&OSSBucket=abc&Description=");
    for (int i = 0; i < 128; i++)
        g_string_append (query, "%E4%B8%AD");
    struct bound b;
    struct error e;
    assert_ok (bind ("AttachOSSBucket", query->str, &b, &e), &e);
    unbind (&b);
    g_string_append (query, "%E4%B8%AD");
    assert_err (INVALID_PARAM, bind ("AttachOSSBucket", query->str, &b, &e));
    unbind (&b);
}

#define GET NAME_ "a&DatasetName=d&URIs="

static void checks_json (void **state)
{
    (void) state;
    static const struct refusal rows[] = {
        { "BatchGetFileMeta", GET "oss", "InvalidJSON", "InvalidJSON Array parsing error,URIs: " },
        { "BatchGetFileMeta", GET "[%22a%22,", "InvalidJSON", "offset 5" },
        { "BatchGetFileMeta", GET "[%22a%22]x", "InvalidJSON", "offset 6" },
        { "BatchGetFileMeta", GET "[1]", "InvalidURIs", "URIs[0] must be a string" },
        { "BatchGetFileMeta", GET "[%22a%22,{}]", "InvalidURIs", "URIs[1] must be a string" },
        { "BatchGetFileMeta", GET "%22a%22", "InvalidURIs", "URIs must be an array" },
        { "BatchGetFileMeta", GET "[]", "InvalidURIs", "1 to 100 elements" },
        { "BatchGetFileMeta", GET "[%22%5Cu0000%22]", "InvalidJSON", "offset" },
        { "BatchGetFileMeta", GET "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", "InvalidJSON",
          "nested too deeply at offset 32" },
        { "SimpleQuery", NAME_ "a&DatasetName=d&Query=[]", "InvalidQuery",
          "Query must be an object" },
        { "SimpleQuery", NAME_ "a&DatasetName=d&Query={%22a%22:1,%22a%22:2}", "InvalidJSON",
          "Object parsing error,Query" },
        { "SimpleQuery", NAME_ "a&DatasetName=d&Aggregations=[{%22Field%22:1}]",
          "InvalidAggregations", "Aggregations[0].Field must be a string" },
        { "BatchIndexFileMeta", NAME_ "a&DatasetName=d&Files=[{%22URI%22:%22u%22},{}]",
          "InvalidFiles", "Files[1].URI must be given" },
        { "BatchIndexFileMeta", NAME_ "a&DatasetName=d&Files=[{%22URI%22:null}]", "InvalidFiles",
          "Files[0].URI must be given" },
        { "CreateProject", NAME_ "a&Tag=[{%22Key%22:1}]", "InvalidTag",
          "Tag[0].Key must be a string" },
    };
    assert_refused (rows, G_N_ELEMENTS (rows));
    struct bound b;
    struct error e;
    assert_ok (
        bind ("BatchIndexFileMeta", NAME_ "a&DatasetName=d&Files=[{%22URI%22:%22u%22}]", &b, &e),
        &e);
    unbind (&b);
    assert_ok (
        bind ("SimpleQuery", NAME_ "a&DatasetName=d&Query={%22Operation%22:%22and%22}", &b, &e),
        &e);
    unbind (&b);
}

static void limits_json_arrays_and_values (void **state)
{
    (void) state;
    struct bound b;
    struct error e;
    for (int n = 100; n <= 101; n++) {
        g_autoptr (GString) query = g_string_new (GET "[");
        for (int i = 0; i < n; i++)
            g_string_append_printf (query, "%s%%22oss://b/%d%%22", i ? "," : "", i);
        g_string_append (query, "]");
        enum err r = bind ("BatchGetFileMeta", query->str, &b, &e);
        assert_string_equal (error_name (r), n == 100 ? "OK" : "INVALID_PARAM");
        unbind (&b);
    }
    g_autoptr (GString) many = g_string_new (GET "[1");
    for (int i = 0; i < LIMIT_JSON_VALUES; i++)
        g_string_append (many, ",1");
    g_string_append (many, "]");
    assert_err (INVALID_JSON, bind ("BatchGetFileMeta", many->str, &b, &e));
    assert_non_null (strstr (e.message, "too many values"));
    unbind (&b);
}

static void limits_the_number_of_parameters (void **state)
{
    (void) state;
    g_autoptr (GString) query = g_string_new (NAME_ "a");
    for (int i = 1; i < LIMIT_PARAMS; i++)
        g_string_append_printf (query, "&P%d=1&", i);
    struct bound b;
    struct error e;
    assert_ok (bind ("GetProject", query->str, &b, &e), &e);
    unbind (&b);
    g_string_append (query, "&One=more");
    assert_err (BAD_REQUEST, bind ("GetProject", query->str, &b, &e));
    unbind (&b);
    assert_err (BAD_REQUEST, bind ("GetProject", X128 "x=1", &b, &e));
    unbind (&b);
}

static enum err decode_body (const char *uri, const char *type, const char *body, struct error *e)
{
    struct params p = { 0 };
    enum err r = params_decode (uri, type, (const uint8_t *) body, strlen (body), &p, e);
    void *values = NULL;
    if (r == ERR_OK)
        r = params_bind (&p, find ("ListProjects"), &values, e);
    if (r == ERR_OK && strlen (body))
        assert_string_equal (params_get (&p, "A"), "x y");
    params_free (find ("ListProjects"), values);
    params_clear (&p);
    return r;
}

static void takes_forms_only (void **state)
{
    (void) state;
    struct error e;
    const char *form = "application/x-www-form-urlencoded";
    assert_ok (decode_body ("/", form, "A=x+y", &e), &e);
    assert_ok (decode_body ("/", "Application/X-WWW-Form-Urlencoded; charset=utf-8", "A=x%20y", &e),
               &e);
    assert_ok (decode_body ("/", "application/json", "", &e), &e);
    assert_ok (decode_body ("/", NULL, "", &e), &e);
    assert_err (INVALID_PARAM, decode_body ("/?A=1", form, "A=1", &e));
    assert_string_equal (e.subject, "A");
    assert_err (BAD_REQUEST, decode_body ("/", "application/json", "{\"A\":1}", &e));
    assert_non_null (strstr (e.message, "application/x-www-form-urlencoded"));
    assert_err (BAD_REQUEST, decode_body ("/", "application/x-www-form-urlencodedx", "A=1", &e));
    assert_err (BAD_REQUEST, decode_body ("/", NULL, "A=1", &e));
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (hands_over_typed_values),
        cmocka_unit_test (refuses_what_cannot_be_decoded),
        cmocka_unit_test (refuses_missing_and_mistyped),
        cmocka_unit_test (applies_ranges_lengths_and_patterns),
        cmocka_unit_test (a_description_counts_characters),
        cmocka_unit_test (checks_json),
        cmocka_unit_test (limits_json_arrays_and_values),
        cmocka_unit_test (limits_the_number_of_parameters),
        cmocka_unit_test (takes_forms_only),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
