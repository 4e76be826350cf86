/* Queries over many rows: milliseconds each, and how fast rows are written.
 *
 * usage: bench_query DIR [ROWS [SQL]]
 *
 * DIR holds the rows; they are made if it is empty. SQL is run before rows are written, to measure
 * what an index costs ("DROP INDEX file_size"). */
#include <glib/gstdio.h>

#include "../tests/unit/index_rows.h"
#include "base/text.h"
#include "index/query.h"

#define BATCH 500

static const struct file_context context = { .owner_id = "1234567890123456",
                                             .project = "bench",
                                             .dataset = "photos" };

static void put_text (json_t *meta, const char *name, const char *value)
{
    json_object_set_new (meta, name, json_string (value));
}

static json_t *make_meta (GRand *random)
{
    static const char *const media[] = { "image", "image", "image", "video", "document", "other" };
    static const char *const types[] = { "image/jpeg", "image/png",       "image/heic",
                                         "video/mp4",  "application/pdf", "text/plain" };
    int i = g_rand_int_range (random, 0, 6);
    json_t *meta = json_object ();
    put_text (meta, "MediaType", media[i]);
    put_text (meta, "ContentType", types[i]);
    if (i > 2)
        return meta;
    char exif[1200], time[CLOCK_TEXT_SIZE];
    clock_format (g_rand_int_range (random, 0, 2000000000) * (int64_t) 1000000000, 0, time);
    g_snprintf (
        exif, sizeof exif,
        "{\"Make\":{\"value\":\"Canon\"},\"Model\":{\"value\":\"EOS %d\"},\"Pad\":\"%01000d\"}",
        g_rand_int_range (random, 0, 100), 0);
    json_object_set_new (meta, "ImageWidth", json_integer (g_rand_int_range (random, 100, 8000)));
    json_object_set_new (meta, "ImageHeight", json_integer (g_rand_int_range (random, 100, 8000)));
    put_text (meta, "ProduceTime", time);
    put_text (meta, "LatLong", "48.137154,11.576124");
    put_text (meta, "EXIF", exif);
    return meta;
}

static void make_row (struct test_row *row, GRand *random, int64_t id)
{
    *row = (struct test_row){
        .id = id, .bucket = "pictures", .status = FILE_INDEXED, .is_fresh = true
    };
    g_snprintf (row->key, sizeof row->key, "albums/%04d/holiday-%02d/IMG_%07d.jpg",
                (int) (id / 1000), (int) (id / 100 % 10), (int) id);
    g_snprintf (row->etag, sizeof row->etag, "%08x%08x", g_rand_int (random), g_rand_int (random));
    g_snprintf (row->object_id, sizeof row->object_id, "%08x%08x%08x%08x%08x%08x%08x%08x",
                g_rand_int (random), (unsigned) id, g_rand_int (random), g_rand_int (random),
                g_rand_int (random), g_rand_int (random), g_rand_int (random), g_rand_int (random));
    row->size = (int64_t) (g_rand_double (random) * 5e7);
    row->mtime_ns = g_rand_int_range (random, 0, 2000000000) * (int64_t) 1000000000;
    row->created_ns = row->updated_ns = id * 1000;
    row->meta = make_meta (random);
}

/* Writes each row twice, as a scan does: first without what the extractor finds. Seconds that
 * fields_write_row() took, of both. */
static double write_rows (struct dataset_db *db, int64_t from, int64_t n)
{
    struct error e;
    double seconds = 0;
    g_autoptr (GRand) random = g_rand_new_with_seed ((guint32) from);
    for (int64_t first = from; first < from + n; first += BATCH) {
        struct sql *s;
        int64_t commit;
        static struct test_row rows[BATCH];
        must (dataset_write (db, false, SQL_REBUILDABLE, &s, &commit, &e), &e);
        for (int i = 0; i < BATCH; i++)
            make_row (&rows[i], random, first + i);
        for (int i = 0; i < BATCH; i++) {
            test_write_object (s, &rows[i], &e);
            test_write_doc (s, &rows[i], &e);
        }
        gint64 start = g_get_monotonic_time ();
        for (int pass = 0; pass < 2; pass++)
            for (int i = 0; i < BATCH; i++) {
                rows[i].status = pass == 0 ? FILE_PENDING : FILE_INDEXED;
                test_write_fields (s, &rows[i], &e);
            }
        for (int i = 0; i < BATCH; i++)
            json_decref (rows[i].meta);
        must (dataset_commit (db, &e), &e);
        seconds += (double) (g_get_monotonic_time () - start) / 1e6;
    }
    return seconds;
}

static void measure (struct dataset_db *db, const char *what, const char *condition,
                     const char *sort, const char *aggregations, int pages)
{
    json_auto_t *c = condition ? json_loads (condition, 0, NULL) : NULL;
    json_auto_t *a = aggregations ? json_loads (aggregations, 0, NULL) : NULL;
    g_autofree char *token = NULL;
    int64_t total = 0;
    double first = 0, last = 0;
    for (int i = 0; i < pages; i++) {
        struct error e;
        struct query_answer answer = { .files = NULL };
        const struct query q = {
            .condition = c, .sort = sort, .aggregations = a, .next_token = token
        };
        gint64 start = g_get_monotonic_time ();
        must (query_run (db, &context, &q, clock_mono_ms () + 600000, &answer, &e), &e);
        last = (double) (g_get_monotonic_time () - start) / 1000;
        if (i == 0)
            first = last;
        g_free (token);
        token = g_strdup (answer.next_token);
        total = answer.total_hits;
        query_answer_clear (&answer);
    }
    printf ("%-42s %9.1f ms", what, first);
    if (pages > 1)
        printf ("   page %d %9.1f ms", pages, last);
    printf ("   %" G_GINT64_FORMAT " hits\n", total);
    fflush (stdout);
}

#define LEAF(f, o, v) "{\"Field\":\"" f "\",\"Operation\":\"" o "\",\"Value\":\"" v "\"}"
#define ONE(f, o)     "[{\"Field\":\"" f "\",\"Operation\":\"" o "\"}]"

static void measure_all (struct dataset_db *db)
{
    static const struct {
        const char *what, *condition, *sort, *aggregations;
        int pages;
    } rows[] = {
        { "all, by URI", NULL, NULL, NULL, 1000 },
        { "all, by Size desc", NULL, "Size", NULL, 1000 },
        { "all, by FileModifiedTime desc", NULL, "FileModifiedTime", NULL, 1000 },
        { "all, by ProduceTime desc", NULL, "ProduceTime", NULL, 1000 },
        { "all, by ImageWidth desc", NULL, "ImageWidth", NULL, 3 },
        { "all, by Filename desc", NULL, "Filename", NULL, 3 },
        { "all, by MediaType,Size desc", NULL, "MediaType,Size", NULL, 3 },
        { "MediaType video, by URI", LEAF ("MediaType", "eq", "video"), NULL, NULL, 3 },
        { "MediaType video, by Size desc", LEAF ("MediaType", "eq", "video"), "Size", NULL, 3 },
        { "MediaType none, by URI", LEAF ("MediaType", "eq", "audio"), NULL, NULL, 1 },
        { "MediaType none, by Size", LEAF ("MediaType", "eq", "audio"), "Size", NULL, 1 },
        { "ImageWidth 5000, by URI", LEAF ("ImageWidth", "eq", "5000"), NULL, NULL, 1 },
        { "Size over 49 MB, by URI", LEAF ("Size", "gt", "49000000"), NULL, NULL, 1 },
        { "ProduceTime of a day, by it",
          "{\"Operation\":\"and\",\"SubQueries\":[" LEAF (
              "ProduceTime", "gte", "2010-05-01T00:00:00Z") "," LEAF ("ProduceTime", "lt",
                                                                      "2010-05-02T00:00:00Z") "]}",
          "ProduceTime", NULL, 1 },
        { "Filename prefix, 1000 rows", LEAF ("Filename", "prefix", "albums/0500/"), NULL, NULL,
          1 },
        { "Filename prefix, by Size", LEAF ("Filename", "prefix", "albums/05"), "Size", NULL, 1 },
        { "Filename phrase, one row", LEAF ("Filename", "match-phrase", "IMG 0500123"), NULL, NULL,
          1 },
        { "Filename phrase, a tenth", LEAF ("Filename", "match-phrase", "holiday 05"), NULL, NULL,
          1 },
        { "not MediaType image, by URI",
          "{\"Operation\":\"not\",\"SubQueries\":[" LEAF ("MediaType", "eq", "image") "]}", NULL,
          NULL, 1 },
        { "EXIF phrase, 1 % of images", LEAF ("EXIF", "match-phrase", "EOS 42"), NULL, NULL, 1 },
        { "ETag", LEAF ("ETag", "prefix", "00ff"), NULL, NULL, 1 },
        { "ObjectId", LEAF ("ObjectId", "prefix", "00ff"), NULL, NULL, 1 },
        { "group by MediaType", NULL, NULL, ONE ("MediaType", "group"), 1 },
        { "group by MediaType of 49 MB and more", LEAF ("Size", "gt", "49000000"), NULL,
          ONE ("MediaType", "group"), 1 },
        { "sum of Size", NULL, NULL, ONE ("Size", "sum"), 1 },
        { "distinct ImageWidth", NULL, NULL, ONE ("ImageWidth", "distinct"), 1 },
        { "group by ETag", NULL, NULL, ONE ("ETag", "group"), 1 },
    };
    for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
        measure (db, rows[i].what, rows[i].condition, rows[i].sort, rows[i].aggregations,
                 rows[i].pages);
}

static int64_t rows_of (struct dataset_db *db)
{
    struct error e;
    struct query_answer a = { .files = NULL };
    const struct query q = { .max_results = 1 };
    must (query_run (db, &context, &q, clock_mono_ms () + 600000, &a, &e), &e);
    int64_t n = a.total_hits;
    query_answer_clear (&a);
    return n;
}

static void run_sql (struct dataset_db *db, const char *script)
{
    struct error e;
    struct sql *s;
    int64_t commit;
    must (dataset_write (db, false, SQL_REBUILDABLE, &s, &commit, &e), &e);
    must (sql_exec (s, script, &e), &e);
    must (dataset_commit (db, &e), &e);
}

int main (int argc, char **argv)
{
    uint64_t n = 1000000;
    if (argc < 2 || argc > 4 || (argc > 2 && !text_parse_u64 (argv[2], &n))) {
        fputs ("usage: bench_query DIR [ROWS [SQL]]\n", stderr);
        return 2;
    }
    struct error e;
    struct datasets *all;
    struct dataset_db *db;
    int64_t id = 1;
    g_autoptr (GArray) keep = g_array_new (FALSE, FALSE, sizeof id);
    g_array_append_val (keep, id);
    g_mkdir_with_parents (argv[1], 0700);
    must (datasets_open (argv[1], keep, &all, &e), &e);
    must (datasets_get (all, id, &db, &e), &e);
    int64_t there = rows_of (db);
    if (argc == 4)
        run_sql (db, argv[3]);
    n -= n % BATCH;
    if (there < (int64_t) n) {
        double seconds = write_rows (db, there + 1, (int64_t) n - there);
        printf ("fields_write_row: %.0f rows/s, each written twice\n",
                (double) ((int64_t) n - there) / seconds);
    }
    measure_all (db);
    dataset_db_unref (db);
    datasets_close (all);
    return 0;
}
