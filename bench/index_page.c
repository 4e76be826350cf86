/* How fast the index is by itself: new rows, extracted rows, and reading in key order what a scan
 * compares. index_page FOLDER ROWS */
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <glib.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/queue.h"
#include "base/text.h"
#include "index/catalog.h"
#include "index/files.h"
#include "index/operators.h"
#include "index/work.h"

#define BUCKET  "bench"
#define BINDING 1

static void must (enum err r, const struct error *e)
{
    if (r == ERR_OK)
        return;
    g_printerr ("%s: %s\n", error_name (r), e->message);
    exit (1);
}

struct stopwatch {
    int64_t start_ms, lap_ms, longest_ms;
    clock_t cpu;
};

static struct stopwatch begin (void)
{
    int64_t now = clock_mono_ms ();
    return (struct stopwatch){ now, now, 0, clock () };
}

static void lap (struct stopwatch *w)
{
    int64_t now = clock_mono_ms ();
    w->longest_ms = MAX (w->longest_ms, now - w->lap_ms);
    w->lap_ms = now;
}

static void report (const char *what, int64_t n, const struct stopwatch *w)
{
    int64_t ms = MAX (clock_mono_ms () - w->start_ms, 1);
    int64_t cpu_ms = MAX ((int64_t) (clock () - w->cpu) * 1000 / CLOCKS_PER_SEC, 1);
    g_print ("%-18s %8d rows %6d ms %8d rows/s, cpu %6d ms %8d rows/s, longest batch %4d ms\n",
             what, (int) n, (int) ms, (int) (n * 1000 / ms), (int) cpu_ms,
             (int) (n * 1000 / cpu_ms), (int) w->longest_ms);
}

static struct file_version version_of (int64_t i)
{
    struct file_version v = { .size = (uint64_t) (i * 7919 % 20000000), .mtime_ns = i * 1000003 };
    g_snprintf (v.etag, sizeof v.etag, "%016" G_GINT64_MODIFIER "X%016" G_GINT64_MODIFIER "X", i,
                i * 7919);
    return v;
}

static void merge (struct dataset_db *db, int64_t n)
{
    struct error e;
    struct range *range = NULL;
    int64_t deleted, over;
    struct stopwatch watch = begin ();
    must (range_lease (db, BINDING, "bench", 0, INT64_MAX, &range, &e), &e);
    for (int64_t at = 0; at < n; at += LIMIT_BATCH_ROWS) {
        g_autoptr (GArray) puts = g_array_new (FALSE, FALSE, sizeof (struct merge_put));
        g_autoptr (GStringChunk) keys = g_string_chunk_new (65536);
        for (int64_t i = at; i < MIN (at + LIMIT_BATCH_ROWS, n); i++) {
            g_autofree char *key =
                g_strdup_printf ("photos/2024/%06d/IMG_%09d.jpg", (int) (i / 500), (int) i);
            struct merge_put put = { g_string_chunk_insert (keys, key), version_of (i), 0 };
            g_array_append_val (puts, put);
        }
        const struct merge_batch b = {
            .range = range, .bucket = BUCKET, .puts = puts, .listed = puts->len
        };
        must (work_apply_merge (db, &b, &deleted, &over, &e), &e);
        lap (&watch);
    }
    must (range_release (db, range, true, &e), &e);
    range_free (range);
    report ("merge, new rows", n, &watch);
}

static struct work_result *result_of (struct work_item *item, json_t *meta, int64_t i)
{
    struct work_result *r = g_new0 (struct work_result, 1);
    r->binding = BINDING;
    r->id = item->id;
    r->commit_no = item->commit_no;
    r->key = g_strdup (item->key);
    r->bucket = BUCKET;
    r->outcome = WORK_STORED;
    r->version = version_of (i);
    r->status = FILE_INDEXED;
    r->extractor = 1;
    r->operators = OP_OSSMETA | OP_MIME | OP_EXIF;
    r->meta = json_deep_copy (meta);
    json_object_set_new (r->meta, "ImageWidth", json_integer (1000 + i % 4000));
    return r;
}

/* An event every 5 ms, while results of a scan are written: how long each waits until it is kept.
 */
struct events {
    struct dataset_db *db;
    atomic_bool stop;
    GArray *us;
};

static void *send_events (void *arg)
{
    struct events *ev = arg;
    const struct work_dirty dirty = { "photos/2024/event.jpg", INT64_MAX };
    struct error e;
    while (!atomic_load (&ev->stop)) {
        int64_t start = g_get_monotonic_time ();
        must (work_mark_dirty (ev->db, BINDING, &dirty, 1, &e), &e);
        int64_t us = g_get_monotonic_time () - start;
        g_array_append_val (ev->us, us);
        g_usleep (5000);
    }
    return NULL;
}

static gint by_number (gconstpointer a, gconstpointer b)
{
    const int64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static void report_events (struct events *ev)
{
    g_array_sort (ev->us, by_number);
    const int64_t *us = (const int64_t *) (void *) ev->us->data;
    guint n = ev->us->len;
    if (n)
        g_print ("events meanwhile   %8u, median %d us, p99 %d us, longest %d us\n", n,
                 (int) us[n / 2], (int) us[n * 99 / 100], (int) us[n - 1]);
}

static json_t *make_meta (void)
{
    g_autofree char *exif = g_strnfill (900, 'x');
    return json_pack ("{s:s, s:s, s:s, s:s, s:s, s:i, s:i}", "ContentType", "image/jpeg",
                      "MediaType", "image", "EXIF", exif, "ProduceTime", "2020-08-19T17:11:11",
                      "LatLong", "30.1,120.2", "ImageHeight", 3000, "Orientation", 1);
}

static void finish (struct dataset_db *db, int64_t n)
{
    struct error e;
    const struct file_context ctx = { "1234567890123456", "project", "dataset", 0 };
    json_auto_t *meta = make_meta ();
    int64_t done = 0;
    struct stopwatch watch = begin ();
    while (done < n) {
        g_autoptr (GPtrArray) items = NULL;
        g_autoptr (GPtrArray) results = g_ptr_array_new_with_free_func (work_result_free);
        int64_t next;
        must (work_take (db, BINDING, WORK_SCAN, 1, LIMIT_BATCH_ROWS, NULL, &items, &next, &e), &e);
        for (guint i = 0; i < items->len; i++)
            g_ptr_array_add (results, result_of (items->pdata[i], meta, done + i));
        must (work_finish (db, &ctx, false, results, NULL, &e), &e);
        if (!items->len)
            break;
        done += items->len;
        lap (&watch);
    }
    report ("finish, documents", done, &watch);
}

static void read_pages (struct dataset_db *db, int64_t n)
{
    struct error e;
    struct index_page page;
    int64_t read = 0;
    struct stopwatch watch = begin ();
    g_autofree char *after = NULL;
    index_page_init (&page);
    do {
        must (files_page (db, BUCKET, after, NULL, LIMIT_PAGE_KEYS, &page, &e), &e);
        read += page.entries->len;
        lap (&watch);
        g_free (after);
        after =
            page.entries->len
                ? g_strdup (
                      g_array_index (page.entries, struct index_entry, page.entries->len - 1).key)
                : NULL;
    } while (!page.is_last);
    index_page_clear (&page);
    report (read == n ? "read pages" : "read pages (SHORT)", read, &watch);
}

static void report_size (const char *folder, int64_t n)
{
    struct stat st;
    g_autofree char *path = g_build_filename (folder, "datasets", "1.db", NULL);
    if (stat (path, &st) == 0)
        g_print ("%-20s %9" G_GINT64_FORMAT " bytes %" G_GINT64_FORMAT " a row\n", "file",
                 (int64_t) st.st_size, (int64_t) st.st_size / n);
    g_autofree char *status = NULL;
    if (g_file_get_contents ("/proc/self/status", &status, NULL, NULL)) {
        const char *rss = strstr (status, "RssAnon:");
        g_print ("%.24s\n", rss ? rss : "");
    }
}

int main (int argc, char **argv)
{
    struct error e;
    struct datasets *all = NULL;
    struct dataset_db *db = NULL;
    uint64_t n = 0;
    if (argc != 3 || !text_parse_u64 (argv[2], &n) || !n) {
        g_printerr ("usage: index_page FOLDER ROWS\n");
        return 2;
    }
    g_autoptr (GArray) keep = g_array_new (FALSE, FALSE, sizeof (int64_t));
    const int64_t id = 1;
    g_array_append_val (keep, id);
    must (datasets_open (argv[1], keep, &all, &e), &e);
    must (datasets_get (all, id, &db, &e), &e);
    must (work_begin_binding (db, BINDING, BUCKET, &e), &e);
    struct dataset_stats stats;
    must (dataset_stats (db, &stats, &e), &e);
    if (!stats.file_count) {
        merge (db, (int64_t) n);
        g_autoptr (GArray) us = g_array_new (FALSE, FALSE, sizeof (int64_t));
        struct events ev = { .db = db, .us = us };
        pthread_t thread = thread_start ("events", send_events, &ev);
        finish (db, (int64_t) n);
        atomic_store (&ev.stop, true);
        pthread_join (thread, NULL);
        report_events (&ev);
    }
    read_pages (db, (int64_t) n);
    read_pages (db, (int64_t) n);
    report_size (argv[1], (int64_t) n);
    dataset_db_unref (db);
    datasets_close (all);
    return 0;
}
