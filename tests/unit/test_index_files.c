/* Pages, answer documents, and that no statement is made of values. */
#include "test.h"

#include <jansson.h>

#include "index/document.h"
#include "index_world.h"

static void store_with_meta (struct world *w, const char *key, uint32_t operators, json_t *meta)
{
    const char *const keys[] = { key };
    put_keys (w, keys, 1);
    struct work_item *item = take_one (w);
    struct work_result *r = result_of (item, WORK_STORED);
    r->operators = operators;
    r->meta = meta;
    finish (w, r);
    work_item_free (item);
}

static json_t *some_meta (void)
{
    return json_pack ("{s:s, s:s, s:i, s:s}", "ContentType", "image/jpeg", "MediaType", "image",
                      "ImageWidth", 640, "ProduceTime", "2020-08-19T17:11:11");
}

static json_t *get_document (struct world *w, const char *uri, const char *const *names)
{
    const char *const uris[] = { "oss://photos/none", uri };
    g_autoptr (GString) out = g_string_new ("");
    assert_ok (files_get_documents (w->db, &w->ctx, uris, 2, names, out, &w->e), &w->e);
    json_t *o = json_loads (out->str, 0, NULL);
    assert_non_null (o);
    return o;
}

static void assert_text (const char *wanted, const json_t *o, const char *name)
{
    assert_string_equal (wanted, json_string_value (json_object_get (o, name)));
}

static void a_document_has_what_the_operators_ask_for (void **state)
{
    struct world *w = *state;
    store_with_meta (w, "x/a \"1\".jpg", OP_OSSMETA | OP_MIME | OP_EXIF, some_meta ());
    json_auto_t *o = get_document (w, "oss://photos/x/a \"1\".jpg", NULL);
    assert_text ("1234567890123456", o, "OwnerId");
    assert_text ("project", o, "ProjectName");
    assert_text ("set", o, "DatasetName");
    assert_text ("file", o, "ObjectType");
    assert_text ("oss://photos/x/a \"1\".jpg", o, "URI");
    assert_text ("x/a \"1\".jpg", o, "Filename");
    assert_text ("Indexed", o, "ObjectStatus");
    assert_text ("2020-09-13T20:26:40.123456789+08:00", o, "FileModifiedTime");
    assert_text ("2020-08-19T17:11:11+08:00", o, "ProduceTime");
    assert_text ("Normal", o, "OSSObjectType");
    assert_text ("default", o, "ObjectACL");
    assert_text ("image/jpeg", o, "ContentType");
    assert_int_equal (640, json_integer_value (json_object_get (o, "ImageWidth")));
    assert_int_equal (20, json_integer_value (json_object_get (o, "Size")));
    assert_int_equal (64, json_string_length (json_object_get (o, "ObjectId")));
    assert_null (json_object_get (o, "Reason"));

    store_with_meta (w, "b.jpg", OP_MIME, some_meta ());
    json_auto_t *less = get_document (w, "oss://photos/b.jpg", NULL);
    assert_null (json_object_get (less, "Filename"));
    assert_null (json_object_get (less, "ETag"));
    assert_null (json_object_get (less, "ImageWidth"));
    assert_null (json_object_get (less, "ProduceTime"));
    assert_text ("image", less, "MediaType");
    assert_int_equal (20, json_integer_value (json_object_get (less, "Size")));
    assert_int_equal (0, query_int (w, "SELECT count(*) FROM file WHERE image_width IS NOT NULL"
                                       " AND id = (SELECT id FROM object WHERE uri ="
                                       " 'oss://photos/b.jpg')"));
}

static json_t *filtered (const json_t *meta, uint32_t operators)
{
    json_t *copy = json_deep_copy (meta);
    document_filter_meta (copy, operators, 0);
    return copy;
}

/* One of many, each with an operator that yields it and one that does not. */
static void members_come_with_their_operators (void **state)
{
    (void) state;
    static const struct {
        const char *name;
        uint32_t yes, no;
    } rows[] = {
        { "Duration", OP_MEDIA_META, OP_EXIF },
        { "VideoStreams", OP_MEDIA_META, OP_EXTRACT_TEXT },
        { "LatLong", OP_MEDIA_META, OP_EXTRACT_TEXT },
        { "Title", OP_EXTRACT_TEXT, OP_MIME },
        { "PageCount", OP_EXTRACT_TEXT, OP_MEDIA_META },
        { "EntryNames", OP_EXTRACT_TEXT, OP_OSSMETA },
        { "Rating", OP_EXIF, OP_MEDIA_META },
        { "Labels", OP_LABELS, OP_MEDIA_META },
        { "Labels", OP_EXTRACT_TEXT, OP_EXIF },
    };
    for (size_t i = 0; i < N_ELEMENTS (rows); i++) {
        json_auto_t *meta = json_pack ("{s:[s]}", rows[i].name, "x");
        json_auto_t *with = filtered (meta, rows[i].yes);
        json_auto_t *without = filtered (meta, rows[i].no);
        assert_true (json_equal (meta, with));
        assert_int_equal (0, json_object_size (without));
    }
}

/* What an operator asks of one MediaType it does not ask of the others. */
static void operators_look_at_their_own_media (void **state)
{
    (void) state;
    static const struct {
        const char *media, *name;
        uint32_t yes, no;
    } rows[] = {
        { "video", "ProduceTime", OP_MEDIA_META, OP_EXTRACT_TEXT },
        { "video", "LatLong", OP_EXIF, OP_EXTRACT_TEXT },
        { "image", "ProduceTime", OP_EXIF, OP_MEDIA_META | OP_EXTRACT_TEXT },
        { "image", "Labels", OP_LABELS, OP_EXIF | OP_MEDIA_META | OP_EXTRACT_TEXT },
        { "image", "Language", OP_EXIF, OP_MEDIA_META },
        { "audio", "Title", OP_MEDIA_META, OP_EXTRACT_TEXT },
        { "document", "ProduceTime", OP_EXTRACT_TEXT, OP_EXIF | OP_MEDIA_META },
        { "document", "Labels", OP_EXTRACT_TEXT, OP_LABELS },
        { "archive", "EntryNames", OP_EXTRACT_TEXT, OP_EXIF },
    };
    for (size_t i = 0; i < N_ELEMENTS (rows); i++) {
        json_auto_t *meta = json_pack ("{s:s, s:s}", "MediaType", rows[i].media, rows[i].name, "x");
        json_auto_t *with = filtered (meta, OP_MIME | rows[i].yes);
        json_auto_t *without = filtered (meta, OP_MIME | rows[i].no);
        assert_true (json_equal (meta, with));
        assert_int_equal (1, json_object_size (without));
    }
}

static void content_is_wanted_of_media_that_a_template_is_about (void **state)
{
    (void) state;
    static const struct {
        const char *template, *media;
        bool is_wanted;
    } rows[] = {
        { "Official:DocumentManagement", "image", false },
        { "Official:DocumentManagement", "document", true },
        { "Official:DocumentManagement", "archive", true },
        { "Official:DocumentManagement", NULL, true },
        { "Official:MediaMeta", "document", false },
        { "Official:MediaMeta", "image", true },
        { "Official:MediaMeta", "audio", true },
        { "Official:FaceManagement", "image", true },
        { "Official:FaceManagement", "audio", false },
        { "Official:CognitionDocumentManagement", "document", false },
        { "Official:CognitionDocumentManagement", NULL, true },
        { "Official:OSSBasicMeta", NULL, false },
        { "Official:AllFunction", "other", true },
    };
    for (size_t i = 0; i < N_ELEMENTS (rows); i++) {
        struct error e;
        uint32_t operators;
        assert_ok (operators_of_template (rows[i].template, &operators, &e), &e);
        assert_int_equal (operators_want_content (operators, rows[i].media), rows[i].is_wanted);
    }
}

static void texts_of_documents_stay_out_of_answers (void **state)
{
    struct world *w = *state;
    store_with_meta (w, "a.pdf", OP_EXTRACT_TEXT,
                     json_pack ("{s:s, s:i, s:s}", "DocumentText", "call me ishmael", "PageCount",
                                3, "DocumentModifiedTime", "2020-08-19T17:11:11"));
    json_auto_t *o = get_document (w, "oss://photos/a.pdf", NULL);
    assert_null (json_object_get (o, "DocumentText"));
    assert_int_equal (3, json_integer_value (json_object_get (o, "PageCount")));
    assert_text ("2020-08-19T17:11:11+08:00", o, "DocumentModifiedTime");
    const char *const own[] = { "PageCount", "Rating", NULL };
    json_auto_t *picked = get_document (w, "oss://photos/a.pdf", own);
    assert_int_equal (2, json_object_size (picked));
}

static void a_zone_of_the_picture_stays (void **state)
{
    struct world *w = *state;
    store_with_meta (w, "a", OP_EXIF,
                     json_pack ("{s:s}", "ProduceTime", "2020-08-19T17:11:11-03:00"));
    json_auto_t *o = get_document (w, "oss://photos/a", NULL);
    assert_text ("2020-08-19T17:11:11-03:00", o, "ProduceTime");
}

static void a_pending_row_has_a_document_too (void **state)
{
    struct world *w = *state;
    const char *const keys[] = { "new.jpg" };
    put_keys (w, keys, 1);
    json_auto_t *o = get_document (w, "oss://photos/new.jpg", NULL);
    assert_text ("Pending", o, "ObjectStatus");
    assert_text ("new.jpg", o, "Filename");
    assert_int_equal (10, json_integer_value (json_object_get (o, "Size")));

    struct sql *s;
    bool found = false;
    g_autoptr (GString) out = g_string_new ("");
    int64_t id = query_int (w, "SELECT id FROM object");
    assert_ok (dataset_read (w->db, &s, &w->e), &w->e);
    assert_ok (document_append_id (w->db, s, &w->ctx, id, NULL, out, &found, &w->e), &w->e);
    assert_true (found);
    g_autofree char *same = json_dumps (o, JSON_COMPACT);
    assert_string_equal (same, out->str);
    assert_ok (document_append_id (w->db, s, &w->ctx, id + 100, NULL, out, &found, &w->e), &w->e);
    assert_false (found);
    dataset_read_done (w->db, s);
}

static void a_row_keeps_its_birth_and_its_id (void **state)
{
    struct world *w = *state;
    store_with_meta (w, "a", OP_OSSMETA, NULL);
    json_auto_t *first = get_document (w, "oss://photos/a", NULL);
    const struct work_dirty dirty = { "a", 0 };
    assert_ok (work_mark_dirty (w->db, BINDING, &dirty, 1, &w->e), &w->e);
    struct work_item *item = take_one (w);
    struct work_result *r = result_of (item, WORK_STORED);
    r->status = FILE_FAILED;
    r->reason = g_strdup ("cut off");
    finish (w, r);
    work_item_free (item);
    json_auto_t *second = get_document (w, "oss://photos/a", NULL);
    assert_text (json_string_value (json_object_get (first, "CreateTime")), second, "CreateTime");
    assert_text (json_string_value (json_object_get (first, "ObjectId")), second, "ObjectId");
    assert_string_not_equal (json_string_value (json_object_get (first, "UpdateTime")),
                             json_string_value (json_object_get (second, "UpdateTime")));
    assert_text ("Failed", second, "ObjectStatus");
    assert_text ("cut off", second, "Reason");
    check_invariants (w);
}

static void fields_pick_members_and_always_the_uri (void **state)
{
    struct world *w = *state;
    const char *const names[] = { "Size", "NoSuchField", NULL };
    store_with_meta (w, "a", OP_OSSMETA, NULL);
    json_auto_t *o = get_document (w, "oss://photos/a", names);
    assert_int_equal (2, json_object_size (o));
    assert_text ("oss://photos/a", o, "URI");
}

static void documents_are_joined_in_the_order_asked_for (void **state)
{
    struct world *w = *state;
    const char *const uris[] = { "oss://photos/b", "oss://photos/none", "oss://photos/a" };
    store_with_meta (w, "a", OP_OSSMETA, NULL);
    store_with_meta (w, "b", OP_OSSMETA, NULL);
    g_autoptr (GString) out = g_string_new ("[");
    g_autoptr (GString) list = g_string_new ("");
    assert_ok (files_get_documents (w->db, &w->ctx, uris, 3, NULL, list, &w->e), &w->e);
    g_string_append_printf (out, "%s]", list->str);
    json_auto_t *all = json_loads (out->str, 0, NULL);
    assert_int_equal (2, json_array_size (all));
    assert_text ("b", json_array_get (all, 0), "Filename");
    assert_text ("a", json_array_get (all, 1), "Filename");
}

static void pages_are_in_byte_order_and_of_one_bucket (void **state)
{
    struct world *w = *state;
    const char *const keys[] = { "a", "a/b", "a0", "\xc3\xa9", "z" };
    put_keys (w, keys, N_ELEMENTS (keys));
    assert_ok (work_begin_binding (w->db, BINDING + 1, "photos-2", &w->e), &w->e);
    struct range *other = NULL;
    assert_ok (range_lease (w->db, BINDING + 1, "me", 1, 2, &other, &w->e), &w->e);
    g_autoptr (GArray) puts = g_array_new (FALSE, FALSE, sizeof (struct merge_put));
    struct merge_put put = { .key = "b", .version = version_of (1) };
    g_array_append_val (puts, put);
    const struct merge_batch b = { .range = other, .bucket = "photos-2", .puts = puts };
    int64_t deleted, over;
    assert_ok (work_apply_merge (w->db, &b, &deleted, &over, &w->e), &w->e);
    range_free (other);

    struct index_page page;
    index_page_init (&page);
    assert_ok (files_page (w->db, BUCKET, NULL, NULL, 3, &page, &w->e), &w->e);
    assert_int_equal (3, page.entries->len);
    assert_false (page.is_last);
    assert_string_equal ("a0", g_array_index (page.entries, struct index_entry, 2).key);
    assert_ok (files_page (w->db, BUCKET, "a0", NULL, 3, &page, &w->e), &w->e);
    assert_int_equal (2, page.entries->len);
    assert_true (page.is_last);
    assert_string_equal ("z", g_array_index (page.entries, struct index_entry, 0).key);
    assert_ok (files_page (w->db, BUCKET, "a", "a0", 9, &page, &w->e), &w->e);
    assert_int_equal (1, page.entries->len);
    const struct index_entry *entry = &g_array_index (page.entries, struct index_entry, 0);
    assert_string_equal ("a/b", entry->key);
    assert_int_equal (10, entry->version.size);
    assert_int_equal (1600000000123456789, entry->version.mtime_ns);
    assert_string_equal (version_of (10).etag, entry->version.etag);
    index_page_clear (&page);
    size_t n;
    assert_ok (files_count_page (w->db, BUCKET, "a", "z", 9, &n, &w->e), &w->e);
    assert_int_equal (2, n);
    assert_ok (files_count_page (w->db, BUCKET, NULL, NULL, 3, &n, &w->e), &w->e);
    assert_int_equal (3, n);
    assert_err (NOT_FOUND, files_get_entry (w->db, BUCKET, "b", &(struct index_entry){ 0 }, &w->e));
}

/* Another bucket's rows are in between, and no bound may be one of them. */
static void a_bucket_is_divided_by_its_rows (void **state)
{
    struct world *w = *state;
    g_autoptr (GPtrArray) keys = g_ptr_array_new_with_free_func (g_free);
    char text[1000][8];
    const char *names[1000];
    assert_ok (files_divide (w->db, BUCKET, 4, 100, keys, &w->e), &w->e);
    assert_int_equal (0, keys->len);
    for (int i = 0; i < 1000; i++) {
        g_snprintf (text[i], sizeof text[i], "k%03d", i * 7 % 1000);
        names[i] = text[i];
    }
    put_keys (w, names, 500);
    put_keys (w, names + 500, 500);
    const struct {
        size_t max, least;
        guint parts;
    } cases[] = { { 4, 100, 4 }, { 16, 100, 10 }, { 16, 500, 2 }, { 16, 501, 1 }, { 1, 1, 1 } };
    for (size_t i = 0; i < N_ELEMENTS (cases); i++) {
        g_ptr_array_set_size (keys, 0);
        assert_ok (files_divide (w->db, BUCKET, cases[i].max, cases[i].least, keys, &w->e), &w->e);
        assert_int_equal (cases[i].parts, keys->len + 1);
        for (guint k = 0; k < keys->len; k++) {
            guint want = (k + 1) * 1000 / cases[i].parts;
            g_autofree char *low = g_strdup_printf ("k%03u", want - 30);
            g_autofree char *high = g_strdup_printf ("k%03u", want + 30);
            assert_true (strcmp (low, keys->pdata[k]) < 0 && strcmp (keys->pdata[k], high) < 0);
        }
    }
    g_ptr_array_set_size (keys, 0);
    assert_ok (files_divide (w->db, "photo", 4, 1, keys, &w->e), &w->e);
    assert_int_equal (0, keys->len);
}

static void what_a_store_tells_is_in_the_document (void **state)
{
    struct world *w = *state;
    const char *const keys[] = { "a", "b" };
    put_keys (w, keys, 2);
    g_autoptr (GPtrArray) items = NULL;
    int64_t next;
    assert_ok (work_take (w->db, BINDING, WORK_SCAN, 10000, 2, NULL, &items, &next, &w->e), &w->e);
    for (guint i = 0; i < items->len; i++) {
        struct work_result *r = result_of (items->pdata[i], WORK_STORED);
        r->operators = i == 0 ? OP_OSSMETA : OP_MIME;
        r->attributes = json_pack ("{s:s, s:s, s:{s:s}}", "OSSStorageClass", "IA", "OSSObjectType",
                                   "Multipart", "OSSTagging", "k", "v");
        finish (w, r);
    }
    json_auto_t *o = get_document (w, "oss://photos/a", NULL);
    assert_text ("IA", o, "OSSStorageClass");
    assert_text ("Multipart", o, "OSSObjectType");
    assert_text ("default", o, "ObjectACL");
    assert_text ("v", json_object_get (o, "OSSTagging"), "k");
    json_auto_t *without = get_document (w, "oss://photos/b", NULL);
    assert_null (json_object_get (without, "OSSStorageClass"));
    assert_null (json_object_get (without, "OSSTagging"));
    struct index_entry row;
    assert_ok (files_get_entry (w->db, BUCKET, "b", &row, &w->e), &w->e);
    assert_string_equal ("IA", row.storage_class);
}

static void purging_takes_everything_of_a_bucket (void **state)
{
    struct world *w = *state;
    int64_t removed = 0;
    store_with_meta (w, "a", OP_OSSMETA, NULL);
    const char *const keys[] = { "pending" };
    put_keys (w, keys, 1);
    assert_ok (files_purge (w->db, BUCKET, &removed, &w->e), &w->e);
    assert_int_equal (2, removed);
    assert_int_equal (0, stats (w).file_count);
    assert_int_equal (0, query_int (w, "SELECT count(*) FROM binding"));
    check_invariants (w);
}

static void templates_name_their_operators (void **state)
{
    struct world *w = *state;
    uint32_t operators = 0;
    assert_ok (operators_of_template ("Official:DefaultEmptyId", &operators, &w->e), &w->e);
    assert_int_equal (0, operators);
    assert_ok (operators_of_template ("Official:AllFunction", &operators, &w->e), &w->e);
    assert_int_equal (OP_OSSMETA | OP_MIME | OP_EXIF,
                      operators & (OP_OSSMETA | OP_MIME | OP_EXIF | OP_EMBEDDINGS));
    assert_err (NOT_FOUND, operators_of_template ("official:AllFunction", &operators, &w->e));
}

/* A string that begins like a statement must not hold a conversion. */
static void no_statement_is_made_of_values (void **state)
{
    (void) state;
    static const char *const parts[] = { "catalog", "dataset", "document", "fields", "files",
                                         "query",   "rows",    "schema",   "work" };
    g_autoptr (GRegex) bad = g_regex_new (
        "\"[^\"\\n]*\\b(SELECT|INSERT|UPDATE|DELETE|WHERE|FROM|VALUES|SET)\\b[^\"\\n]*%[a-z.*\"]",
        0, 0, NULL);
    assert_non_null (bad);
    assert_true (g_regex_match (bad, "\"SELECT a FROM b WHERE c = '%s'\"", 0, NULL));
    const char *sources = getenv ("SOURCES");
    assert_non_null (sources);
    g_autofree char *folder = g_build_filename (sources, "index", NULL);
    g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
    assert_non_null (dir);
    const char *name;
    unsigned n = 0;
    while ((name = g_dir_read_name (dir))) {
        bool is_checked = false;
        for (size_t i = 0; i < N_ELEMENTS (parts); i++)
            is_checked |= g_str_has_prefix (name, parts[i]) && g_str_has_suffix (name, ".c");
        if (!is_checked)
            continue;
        g_autofree char *path = g_build_filename (folder, name, NULL), *text = NULL;
        assert_true (g_file_get_contents (path, &text, NULL, NULL));
        if (g_regex_match (bad, text, 0, NULL))
            fail_msg ("%s prints a value into a statement", name);
        n++;
    }
    assert_true (n > 10);
}

#define T(f) cmocka_unit_test_setup_teardown (f, world_setup, world_teardown)

int main (void)
{
    const struct CMUnitTest tests[] = {
        T (a_document_has_what_the_operators_ask_for),
        T (members_come_with_their_operators),
        T (operators_look_at_their_own_media),
        T (content_is_wanted_of_media_that_a_template_is_about),
        T (texts_of_documents_stay_out_of_answers),
        T (a_zone_of_the_picture_stays),
        T (a_pending_row_has_a_document_too),
        T (a_row_keeps_its_birth_and_its_id),
        T (fields_pick_members_and_always_the_uri),
        T (documents_are_joined_in_the_order_asked_for),
        T (pages_are_in_byte_order_and_of_one_bucket),
        T (a_bucket_is_divided_by_its_rows),
        T (what_a_store_tells_is_in_the_document),
        T (purging_takes_everything_of_a_bucket),
        T (templates_name_their_operators),
        cmocka_unit_test (no_statement_is_made_of_values),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
