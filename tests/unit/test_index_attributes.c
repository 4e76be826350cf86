/* What stores tell of their objects, queried: members of maps by their keys, and what a storage
 * class that changes does to a row. */
#include "test.h"

#include "base/clock.h"
#include "index/query.h"
#include "index_world.h"

/* Takes `attributes`. */
static void store_object (struct world *w, const char *key, uint32_t operators, json_t *attributes)
{
    put_keys (w, &key, 1);
    struct work_item *item = take_one (w);
    struct work_result *r = result_of (item, WORK_STORED);
    r->operators = operators;
    r->attributes = attributes;
    finish (w, r);
    work_item_free (item);
}

static void setup_objects (struct world *w)
{
    store_object (w, "a", OP_OSSMETA,
                  json_pack ("{s:s, s:i, s:{s:s, s:s}, s:{s:s}}", "OSSStorageClass", "IA",
                             "OSSTaggingCount", 2, "OSSTagging", "Color", "Red", "empty", "",
                             "OSSUserMeta", "x-oss-meta-location", "Oslo"));
    store_object (w, "b", OP_OSSMETA,
                  json_pack ("{s:s, s:{s:s}, s:s}", "ServerSideEncryption", "AES256", "OSSTagging",
                             "Color", "Reddish", "OSSExpiration", "2030-01-02T03:04:05Z"));
    store_object (w, "c", OP_OSSMETA,
                  json_pack ("{s:{s:s}}", "OSSUserMeta", "X-Amz-Meta-Location", "oslo"));
    store_object (w, "d", OP_OSSMETA, NULL);
    store_object (w, "e", OP_MIME, json_pack ("{s:{s:s}}", "OSSTagging", "Color", "Red"));
}

/* The keys that match, one letter each, in order. */
static char *ask (struct world *w, json_t *condition)
{
    struct query_answer a = { .files = NULL };
    static const char *const names[] = { "URI", NULL };
    const struct query q = {
        .condition = condition, .sort = "Filename", .order = "asc", .with_fields = names
    };
    assert_ok (query_run (w->db, &w->ctx, &q, clock_mono_ms () + 60000, &a, &w->e), &w->e);
    g_autofree char *list = g_strdup_printf ("[%s]", a.files->str);
    json_auto_t *files = json_loads (list, 0, NULL);
    GString *keys = g_string_new (NULL);
    for (size_t i = 0; i < json_array_size (files); i++) {
        const json_t *uri = json_object_get (json_array_get (files, i), "URI");
        g_string_append (keys, json_string_value (uri) + strlen ("oss://" BUCKET "/"));
    }
    query_answer_clear (&a);
    json_decref (condition);
    return g_string_free (keys, FALSE);
}

static json_t *leaf (const char *field, const char *operation, const char *value)
{
    return json_pack ("{s:s, s:s, s:s}", "Field", field, "Operation", operation, "Value", value);
}

static void fields_and_members_are_queried (void **state)
{
    struct world *w = *state;
    static const struct {
        const char *field, *operation, *value, *keys;
    } cases[] = {
        { "OSSTagging.Color", "eq", "Red", "a" },
        { "OSSTagging.Color", "eq", "red", "" },
        { "OSSTagging.color", "eq", "Red", "" },
        { "OSSTagging.Color", "prefix", "Red", "ab" },
        { "OSSTagging.Color", "gt", "Red", "b" },
        { "OSSTagging.Color", "exist", "", "ab" },
        { "OSSTagging.empty", "exist", "", "a" },
        { "OSSTagging.empty", "eq", "", "a" },
        { "OSSTagging.none", "exist", "", "" },
        { "OSSUserMeta.x-oss-meta-location", "eq", "Oslo", "a" },
        { "OSSUserMeta.X-OSS-Meta-Location", "eq", "Oslo", "a" },
        { "OSSUserMeta.x-oss-meta-location", "eq", "oslo", "" },
        { "OSSUserMeta.x-amz-meta-location", "eq", "oslo", "c" },
        { "OSSStorageClass", "eq", "Standard", "bcd" },
        { "OSSStorageClass", "eq", "IA", "a" },
        { "OSSObjectType", "exist", "", "abcd" },
        { "OSSTaggingCount", "gte", "1", "a" },
        { "ServerSideEncryption", "exist", "", "b" },
        { "OSSExpiration", "gt", "2029-01-01T00:00:00Z", "b" },
    };
    setup_objects (w);
    for (size_t i = 0; i < N_ELEMENTS (cases); i++) {
        g_autofree char *keys = ask (w, leaf (cases[i].field, cases[i].operation, cases[i].value));
        if (strcmp (keys, cases[i].keys) != 0)
            fail_msg ("%s %s '%s': '%s'", cases[i].field, cases[i].operation, cases[i].value, keys);
    }
    g_autofree char *others = ask (w, json_pack ("{s:s, s:[o]}", "Operation", "not", "SubQueries",
                                                 leaf ("OSSTagging.Color", "exist", "")));
    assert_string_equal (others, "cde");
}

static void refuses (struct world *w, const char *field, const char *operation, const char *text)
{
    struct query_answer a;
    json_auto_t *condition = leaf (field, operation, "x");
    const struct query q = { .condition = condition };
    assert_err (QUERY, query_run (w->db, &w->ctx, &q, clock_mono_ms () + 60000, &a, &w->e));
    if (!strstr (w->e.message, text))
        fail_msg ("'%s' lacks '%s'", w->e.message, text);
}

static void maps_need_a_key (void **state)
{
    struct world *w = *state;
    refuses (w, "OSSTagging", "eq", "name one of them, as in OSSTagging.KEY");
    refuses (w, "OSSTagging.", "exist", "name one of them, as in OSSTagging.KEY");
    refuses (w, "OSSTagging.k", "match-phrase", "eq, gt, gte, lt, lte, prefix, exist");
    refuses (w, "ETag.k", "eq", "not supported");
    struct query_answer a;
    const struct query q = { .sort = "OSSTagging.k" };
    assert_err (INVALID_PARAM, query_run (w->db, &w->ctx, &q, clock_mono_ms () + 60000, &a, &w->e));
}

static void members_go_with_their_row (void **state)
{
    struct world *w = *state;
    setup_objects (w);
    assert_int_equal (3, query_int (w, "SELECT count (*) FROM oss_tagging"));
    store_object (w, "a", OP_OSSMETA, json_pack ("{s:{s:s}}", "OSSTagging", "Color", "Blue"));
    assert_int_equal (2, query_int (w, "SELECT count (*) FROM oss_tagging"));
    g_autofree char *blue = ask (w, leaf ("OSSTagging.Color", "eq", "Blue"));
    assert_string_equal (blue, "a");
    assert_int_equal (1, delete_key (w, "a", INT64_MAX));
    assert_int_equal (1, query_int (w, "SELECT count (*) FROM oss_tagging"));
    assert_int_equal (1, query_int (w, "SELECT count (*) FROM oss_user_meta"));
}

static void reclass (struct world *w, const char *key, const char *storage_class)
{
    struct merge_put put = {
        .key = key, .version = version_of (20), .storage_class = storage_class, .only_class = true
    };
    g_autoptr (GArray) puts = g_array_new (FALSE, FALSE, sizeof put);
    g_array_append_val (puts, put);
    struct range *range = lease (w);
    const struct merge_batch b = {
        .range = range, .bucket = BUCKET, .puts = puts, .page_commit = INT64_MAX
    };
    int64_t deleted, over;
    assert_ok (work_apply_merge (w->db, &b, &deleted, &over, &w->e), &w->e);
    assert_ok (range_release (w->db, range, false, &w->e), &w->e);
    range_free (range);
}

static void a_class_that_changes_is_all_that_does (void **state)
{
    struct world *w = *state;
    setup_objects (w);
    reclass (w, "a", "STANDARD");
    reclass (w, "d", "GLACIER");
    reclass (w, "e", "GLACIER"); /* whose template does not ask for it */
    reclass (w, "none", "GLACIER");
    g_autofree char *standard = ask (w, leaf ("OSSStorageClass", "eq", "Standard"));
    g_autofree char *glacier = ask (w, leaf ("OSSStorageClass", "eq", "GLACIER"));
    g_autofree char *red = ask (w, leaf ("OSSTagging.Color", "eq", "Red"));
    assert_string_equal (standard, "abc");
    assert_string_equal (glacier, "d");
    assert_string_equal (red, "a");
    assert_null (take_one (w));
    struct index_entry row;
    assert_ok (files_get_entry (w->db, BUCKET, "e", &row, &w->e), &w->e);
    assert_string_equal (row.storage_class, "GLACIER");
    check_invariants (w);
}

static void work_tells_what_was_listed (void **state)
{
    struct world *w = *state;
    struct merge_put put = { .key = "cold",
                             .version = version_of (77),
                             .storage_class = "DEEP_ARCHIVE",
                             .is_archived = true };
    g_autoptr (GArray) puts = g_array_new (FALSE, FALSE, sizeof put);
    g_array_append_val (puts, put);
    struct range *range = lease (w);
    const struct merge_batch b = { .range = range, .bucket = BUCKET, .puts = puts };
    int64_t deleted, over;
    assert_ok (work_apply_merge (w->db, &b, &deleted, &over, &w->e), &w->e);
    range_free (range);
    struct work_item *item = take_one (w);
    assert_true (item->is_archived);
    assert_string_equal (item->storage_class, "DEEP_ARCHIVE");
    assert_int_equal (item->listed.size, 77);
    assert_string_equal (item->listed.etag, version_of (77).etag);
    work_item_free (item);
    const struct work_dirty dirty = { "cold", 0 };
    assert_ok (work_mark_dirty (w->db, BINDING, &dirty, 1, &w->e), &w->e);
    item = take_one (w);
    assert_false (item->is_archived); /* it may have been restored: ask */
    work_item_free (item);
}

int main (void)
{
#define T(f) cmocka_unit_test_setup_teardown (f, world_setup, world_teardown)
    const struct CMUnitTest tests[] = {
        T (fields_and_members_are_queried), T (maps_need_a_key),
        T (members_go_with_their_row),      T (a_class_that_changes_is_all_that_does),
        T (work_tells_what_was_listed),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
