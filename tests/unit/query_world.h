/* A dataset of random rows for tests of queries. */
#pragma once

#include "test.h"

#include <glib/gstdio.h>

#include "index/dataset.h"
#include "index/query.h"
#include "index_rows.h"

#define ROWS 300

static const struct file_context context = {
    .owner_id = "1234567890123456", .project = "test", .dataset = "photos", .timezone_min = 60
};

struct world {
    char *dir;
    struct datasets *all;
    struct dataset_db *db;
    GPtrArray *rows; /* struct test_row; gone ones too */
    GRand *random;
    int buckets;
};

static inline int pick (struct world *w, int n)
{
    return g_rand_int_range (w->random, 0, n);
}

static inline void maybe (struct world *w, json_t *meta, const char *name, json_t *value)
{
    if (pick (w, 4) > 0)
        json_object_set (meta, name, value);
    json_decref (value);
}

static inline json_t *random_time (struct world *w)
{
    char text[CLOCK_TEXT_SIZE];
    clock_format ((int64_t) pick (w, 12) * 86400000000000, pick (w, 3) * 60, text);
    return json_string (text);
}

/* Up to three different ones. */
static inline json_t *random_labels (struct world *w)
{
    static const char *const names[] = { "cat", "Red Sea", "\u5317\u4eac", "sea", "zoo 2021" };
    json_t *list = json_array ();
    for (int i = pick (w, 5), n = pick (w, 4); n > 0; i++, n--)
        json_array_append_new (list, json_pack ("{s:s}", "LabelName", names[i % 5]));
    return list;
}

static inline json_t *random_meta (struct world *w)
{
    static const char *const bodies[] = { "Call me Ishmael. Some years ago - never mind how long",
                                          "IMG1234 \u5317\u4eac/Ishmael", "some\nyears later" };
    static const char *const types[] = { "image/jpeg", "image/png", "video/mp4", "text/plain" };
    static const char *const media[] = { "image", "video", "document", "other" };
    static const char *const exif[] = { "{\"Make\":{\"value\":\"Canon\"}}",
                                        "{\"Model\":{\"value\":\"NIKON D90\"}}" };
    static const char *const titles[] = { "Bridge", "Bridge at night", "\u5317\u4eac" };
    json_t *meta = json_object ();
    maybe (w, meta, "ContentType", json_string (types[pick (w, 4)]));
    maybe (w, meta, "MediaType", json_string (media[pick (w, 4)]));
    maybe (w, meta, "ImageWidth", json_integer (pick (w, 5) * 100));
    maybe (w, meta, "Orientation", json_integer (1 + pick (w, 8)));
    maybe (w, meta, "ProduceTime", random_time (w));
    maybe (w, meta, "Title", json_string (titles[pick (w, 3)]));
    maybe (w, meta, "LatLong", json_string ("48.5,-11.25"));
    maybe (w, meta, "Duration", json_real (pick (w, 6) * 1800.5));
    maybe (w, meta, "PageCount", json_integer (pick (w, 4)));
    maybe (w, meta, "Language", json_string (pick (w, 2) ? "en" : "zh-Hans"));
    maybe (w, meta, "Labels", random_labels (w));
    maybe (w, meta, "DocumentText", json_string (bodies[pick (w, 3)]));
    maybe (w, meta, "EXIF", json_string (exif[pick (w, 2)]));
    return meta;
}

static inline struct test_row *random_row (struct world *w)
{
    static const char *const words[] = { "img", "holiday", "Cat", "\u5317\u4eac", "dog", "2021" };
    static const char *const buckets[] = { "pics", "pics-2", "zoo" };
    struct test_row *row = g_new0 (struct test_row, 1);
    row->id = w->rows->len + 1;
    row->bucket = buckets[pick (w, w->buckets)];
    g_snprintf (row->key, sizeof row->key, "%s/%s_%s%d.jpg", words[pick (w, 6)], words[pick (w, 6)],
                words[pick (w, 6)], w->rows->len);
    g_snprintf (row->etag, sizeof row->etag, "%x", (unsigned) pick (w, 40));
    g_snprintf (row->object_id, sizeof row->object_id, "%08x%056x", g_rand_int (w->random),
                (unsigned) row->id);
    row->size = pick (w, 10) ? pick (w, 20) : (int64_t) 1 << 40;
    row->mtime_ns = (int64_t) pick (w, 30) * 1000000007;
    row->created_ns = pick (w, 5) * 1000;
    row->updated_ns = pick (w, 5) * 1000 - 2000;
    row->status = (enum file_status) pick (w, 3);
    if (row->status == FILE_FAILED)
        g_strlcpy (row->reason, pick (w, 2) ? "broken header" : "too slow", sizeof row->reason);
    row->meta = row->status == FILE_PENDING ? json_object () : random_meta (w);
    return row;
}

static inline void free_row (void *p)
{
    struct test_row *row = p;
    json_decref (row->meta);
    g_free (row);
}

static inline struct sql *begin (struct world *w)
{
    struct error e;
    struct sql *s;
    int64_t commit;
    must (dataset_write (w->db, false, SQL_REBUILDABLE, &s, &commit, &e), &e);
    return s;
}

static inline void end (struct world *w)
{
    struct error e;
    must (dataset_commit (w->db, &e), &e);
}

static inline void add_rows (struct world *w, int n)
{
    struct sql *s = begin (w);
    while (n-- > 0) {
        struct test_row *row = random_row (w);
        test_write_row (s, row);
        g_ptr_array_add (w->rows, row);
    }
    end (w);
}

static inline void delete_rows (struct world *w, int n)
{
    struct sql *s = begin (w);
    while (n-- > 0) {
        struct test_row *row = w->rows->pdata[pick (w, (int) w->rows->len)];
        if (!row->is_gone)
            test_delete_row (s, row);
        row->is_gone = true;
    }
    end (w);
}

static inline int set_up (void **state)
{
    struct error e;
    struct world *w = g_new0 (struct world, 1);
    w->dir = g_dir_make_tmp ("query-XXXXXX", NULL);
    w->random = g_rand_new_with_seed (42);
    w->buckets = 3;
    w->rows = g_ptr_array_new_with_free_func (free_row);
    g_autoptr (GArray) keep = g_array_new (FALSE, FALSE, sizeof (int64_t));
    must (datasets_open (w->dir, keep, &w->all, &e), &e);
    must (datasets_get (w->all, 7, &w->db, &e), &e);
    *state = w;
    return 0;
}

static inline int set_up_with_rows (void **state)
{
    set_up (state);
    add_rows (*state, ROWS);
    return 0;
}

static inline int set_up_with_one_bucket (void **state)
{
    set_up (state);
    ((struct world *) *state)->buckets = 1;
    add_rows (*state, ROWS);
    return 0;
}

static inline int tear_down (void **state)
{
    struct world *w = *state;
    struct error e;
    struct sql *s = begin (w);
    must (sql_exec (s, "DELETE FROM object; DELETE FROM doc; DELETE FROM file", &e), &e);
    end (w);
    dataset_db_unref (w->db);
    must (datasets_drop (w->all, 7, &e), &e);
    datasets_close (w->all);
    g_autofree char *inner = g_build_filename (w->dir, "datasets", NULL);
    g_rmdir (inner);
    g_rmdir (w->dir);
    g_ptr_array_unref (w->rows);
    g_rand_free (w->random);
    g_free (w->dir);
    g_free (w);
    return 0;
}

static inline json_t *aggregate (struct world *w, json_t *condition, json_t *list)
{
    struct error e;
    struct query_answer a = { .files = NULL };
    const struct query q = { .condition = condition, .aggregations = list, .max_results = 2000 };
    assert_ok (query_run (w->db, &context, &q, clock_mono_ms () + 60000, &a, &e), &e);
    assert_null (a.files);
    assert_string_equal (a.next_token, "");
    json_t *r = json_incref (a.aggregations);
    query_answer_clear (&a);
    return r;
}

static inline const json_t *value_at (const json_t *list, size_t i)
{
    return json_object_get (json_array_get (list, i), "Value");
}
