/* Rows of fields: what goes into which column, and what is left out. */
#include "query_world.h"

/* The first column of the first row as text, "-" for none; caller frees. */
static char *look (struct world *w, const char *text)
{
    struct error e;
    struct sql *s;
    struct sql_stmt *st;
    bool has_row;
    assert_ok (dataset_read (w->db, &s, &e), &e);
    assert_ok (sql_prepare (s, text, &st, &e), &e);
    assert_ok (sql_step (st, &has_row, &e), &e);
    char *r = g_strdup (has_row && !sql_is_null (st, 0) ? sql_get_text (st, 0) : "-");
    sql_finish (st);
    dataset_read_done (w->db, s);
    return r;
}

#define assert_sql(w, expected, text)                                                              \
    do {                                                                                           \
        g_autofree char *found = look ((w), (text));                                               \
        assert_string_equal (found, (expected));                                                   \
    } while (0)

static void write_size (struct world *w, enum file_status status, int64_t size, const char *json)
{
    struct error e;
    json_auto_t *meta = json_loads (json, 0, NULL);
    assert_non_null (meta);
    struct test_row row = { .id = 9,
                            .bucket = "pics",
                            .key = "a/b.jpg",
                            .etag = "e1",
                            .size = size,
                            .status = status,
                            .meta = meta };
    struct sql *s = begin (w);
    test_write_fields (s, &row, &e);
    end (w);
}

static void write_meta (struct world *w, enum file_status status, const char *json)
{
    write_size (w, status, 5, json);
}

static void keeps_what_fits_its_column (void **state)
{
    struct world *w = *state;
    write_meta (w, FILE_INDEXED,
                "{\"ImageWidth\":10,\"ProduceTime\":\"1970-01-01T01:00:01+01:00\","
                "\"LatLong\":\"-12.5,170\",\"EXIF\":\"{}\",\"MediaType\":\"image\"}");
    assert_sql (w, "10", "SELECT image_width FROM file");
    assert_sql (w, "1000000000", "SELECT produced FROM file");
    assert_sql (w, "-12.5 170.0", "SELECT latlong_lat || ' ' || latlong_lon FROM file");
    assert_sql (w, "1", "SELECT exif FROM file");
    assert_sql (w, "image", "SELECT text FROM code JOIN file ON media_type = code.id");
    assert_sql (w, "Indexed", "SELECT text FROM code JOIN file ON status = code.id");
    assert_sql (w, "e1", "SELECT etag FROM file_text WHERE id = 9");
}

static void leaves_out_what_does_not (void **state)
{
    struct world *w = *state;
    write_meta (w, FILE_INDEXED,
                "{\"ImageWidth\":\"10\",\"ProduceTime\":\"yesterday\",\"LatLong\":\"91,0\","
                "\"EXIF\":\"\",\"MediaType\":7}");
    assert_sql (w, "9",
                "SELECT id FROM file WHERE image_width IS NULL AND produced IS NULL AND"
                " latlong_lat IS NULL AND latlong_lon IS NULL AND exif IS NULL AND"
                " media_type IS NULL");
    write_meta (w, FILE_INDEXED, "{\"LatLong\":\"1\"}");
    assert_sql (w, "-", "SELECT latlong_lat FROM file");
    write_meta (w, FILE_INDEXED, "{\"LatLong\":\"1,2,3\"}");
    assert_sql (w, "-", "SELECT latlong_lat FROM file");
}

static void replaces_the_row_whole (void **state)
{
    struct world *w = *state;
    write_meta (w, FILE_PENDING, "{}");
    assert_sql (w, "oss://pics/a/b.jpg", "SELECT uri FROM file_text");
    write_meta (w, FILE_INDEXED,
                "{\"ImageWidth\":10,\"MediaType\":\"image\",\"Title\":\"t\",\"Duration\":2.5,"
                "\"LatLong\":\"1,2\",\"EXIF\":\"{}\"}");
    assert_sql (w, "-", "SELECT uri FROM file_text");
    assert_sql (w, "t", "SELECT title FROM file_text");
    assert_sql (w, "9 2.5 1.0 1",
                "SELECT id || ' ' || duration || ' ' || latlong_lat || ' ' || exif FROM file");
    write_meta (w, FILE_INDEXED, "{\"MediaType\":\"image\"}");
    assert_sql (w, "-", "SELECT coalesce (image_width, duration, latlong_lat, exif) FROM file");
    assert_sql (w, "-", "SELECT title FROM file_text");
    assert_sql (w, "0", "SELECT count (*) FROM file WHERE duration IS NOT NULL");
    assert_sql (w, "5", "SELECT size FROM file");
    write_size (w, FILE_INDEXED, 6, "{\"MediaType\":\"image\"}");
    assert_sql (w, "6", "SELECT size FROM file");
    assert_sql (w, "6", "SELECT size FROM file INDEXED BY file_size WHERE size > 0");
    assert_sql (w, "1", "SELECT count (*) FROM file");
    assert_sql (w, "1", "SELECT count (*) FROM file_text");
    assert_sql (w, "1", "SELECT count (*) FROM code WHERE text = 'image'");
}

static void takes_the_texts_along (void **state)
{
    struct world *w = *state;
    struct error e;
    write_meta (w, FILE_INDEXED, "{}");
    struct sql *s = begin (w);
    assert_ok (sql_exec (s, "DELETE FROM file WHERE id = 9", &e), &e);
    end (w);
    assert_sql (w, "0", "SELECT count (*) FROM file_text");
}

static void finds_fields_by_name (void **state)
{
    (void) state;
    assert_string_equal (field_find ("FileModifiedTime")->column, "modified");
    assert_null (field_find ("size"));
    assert_null (field_find (""));
    assert_string_equal (file_status_name (FILE_FAILED), "Failed");
    assert_null (file_status_name (3));
}

int main (void)
{
#define ON_EMPTY(f) cmocka_unit_test_setup_teardown (f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        ON_EMPTY (keeps_what_fits_its_column),   ON_EMPTY (leaves_out_what_does_not),
        ON_EMPTY (replaces_the_row_whole),       ON_EMPTY (takes_the_texts_along),
        cmocka_unit_test (finds_fields_by_name),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
