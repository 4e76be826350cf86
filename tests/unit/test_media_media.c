/* Renditions of a folder's objects, made by the real renderer. */
#include "test.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <unistd.h>
#include <glib.h>

#include "base/limits.h"
#include "index/catalog.h"
#include "index/dataset.h"
#include "media/media.h"
#include "process/process.h"
#include "store/dir.h"
#include "store_fake.h"
#include "tree.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED true
#else
#define SANITIZED false
#endif

struct world {
    struct tree tree;
    struct stores *stores;
    struct catalog *catalog;
    struct datasets *datasets;
    struct media *media;
    struct fake *remote; /* of the bucket "fake" */
    uint64_t memory_max;
    char *cache;
};

static void start (struct world *w, unsigned queue_max, uint64_t cache_bytes)
{
    struct error e;
    const struct media_options o = { .stores = w->stores,
                                     .catalog = w->catalog,
                                     .datasets = w->datasets,
                                     .render_path = RENDER_PATH,
                                     .cache_dir = w->cache,
                                     .cache_bytes = cache_bytes,
                                     .renderers = 1,
                                     .queue_max = queue_max,
                                     .memory_max = w->memory_max,
                                     .sandbox_required = !SANITIZED };
    assert_ok (media_new (&o, &w->media, &e), &e);
}

static void put_sample (struct world *w, const char *sample, const char *key)
{
    g_autofree char *from = g_build_filename (getenv ("SAMPLES"), sample, NULL);
    g_autofree char *to = g_build_filename (w->tree.path, "buckets/photos", key, NULL);
    g_autofree char *bytes = NULL;
    gsize n;
    assert_true (g_file_get_contents (from, &bytes, &n, NULL));
    assert_true (g_file_set_contents (to, bytes, (gssize) n, NULL));
}

static int setup (void **state)
{
    struct world *w = g_new0 (struct world, 1);
    struct error e;
    struct store *dir;
    tree_init (&w->tree);
    tree_mkdir (&w->tree, "buckets/photos");
    tree_mkdir (&w->tree, "data");
    g_autofree char *root = g_build_filename (w->tree.path, "buckets", NULL);
    g_autofree char *data = g_build_filename (w->tree.path, "data", NULL);
    g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (int64_t));
    w->cache = g_build_filename (data, "renditions", NULL);
    w->stores = stores_new ();
    assert_ok (store_dir_new ("dir", root, &dir, &e), &e);
    stores_add_take (w->stores, dir);
    assert_ok (catalog_open (data, &w->catalog, &e), &e);
    assert_ok (datasets_open (data, ids, &w->datasets, &e), &e);
    put_sample (w, "camera.jpg", "a.jpg");
    start (w, 100, 1 << 30);
    *state = w;
    return 0;
}

static int teardown (void **state)
{
    struct world *w = *state;
    media_free (w->media);
    datasets_close (w->datasets);
    catalog_close (w->catalog);
    stores_free (w->stores);
    tree_clear (&w->tree);
    g_free (w->cache);
    g_free (w);
    return 0;
}

static enum err get (struct world *w, const char *key, const char *text, struct media_result *ret,
                     struct error *e)
{
    _cleanup_process_ struct process *p = NULL;
    assert_ok (process_parse (text, strlen (text), &p, e), e);
    const struct media_request r = { .bucket = "photos", .key = key, .process = p };
    return media_get (w->media, &r, ret, e);
}

static void get_ok (struct world *w, const char *text, struct media_result *ret)
{
    struct error e;
    assert_ok (get (w, "a.jpg", text, ret, &e), &e);
}

static void test_made_once (void **state)
{
    struct world *w = *state;
    struct media_result first, second;
    struct media_stats s;
    char head[4];
    get_ok (w, "image/resize,w_20/format,png", &first);
    assert_false (first.is_hit);
    assert_string_equal (first.content_type, "image/png");
    assert_int_equal (first.width, 20);
    assert_int_equal (pread (first.fd, head, 4, (off_t) first.offset), 4);
    assert_memory_equal (head, "\x89PNG", 4);
    do { /* it is kept after it was answered */
        get_ok (w, "image/resize,m_lfit,w_020/format,png", &second);
        assert_string_equal (second.etag, first.etag);
        assert_int_equal (second.size, first.size);
        assert_int_equal (pread (second.fd, head, 4, (off_t) second.offset), 4);
        assert_memory_equal (head, "\x89PNG", 4);
        media_result_clear (&second);
    } while (!second.is_hit && (media_get_stats (w->media, &s), s.hits == 0));
    media_get_stats (w->media, &s);
    assert_int_equal (s.rendered, 1);
    assert_int_equal (s.cached, 1);
    media_result_clear (&first);
}

/* Who waits for it gets the cache's file, not memory. */
static void test_large (void **state)
{
    struct world *w = *state;
    struct media_result r;
    struct media_stats s;
    char head[2];
    get_ok (w, "image/resize,m_fixed,w_800,h_800,limit_0/format,bmp", &r);
    assert_true (r.size > LIMIT_MEDIA_UNCACHED);
    assert_false (r.is_hit);
    assert_int_equal (r.width, 800);
    assert_true (r.offset > 0);
    assert_int_equal (pread (r.fd, head, 2, (off_t) r.offset), 2);
    assert_memory_equal (head, "BM", 2);
    media_get_stats (w->media, &s);
    assert_int_equal (s.cached, 1);
    media_result_clear (&r);
}

static void test_after_a_restart (void **state)
{
    struct world *w = *state;
    struct media_result r;
    struct media_stats s;
    get_ok (w, "image/resize,w_20", &r);
    media_result_clear (&r);
    media_free (w->media);
    start (w, 100, 1 << 30);
    get_ok (w, "image/resize,w_20", &r);
    media_result_clear (&r);
    media_get_stats (w->media, &s);
    assert_int_equal (s.rendered, 0);
}

static void test_another_version (void **state)
{
    struct world *w = *state;
    struct media_result first, second;
    get_ok (w, "image/resize,w_20", &first);
    put_sample (w, "iptc.jpg", "a.jpg");
    get_ok (w, "image/resize,w_20", &second);
    assert_string_not_equal (first.etag, second.etag);
    assert_false (second.is_hit);
    media_result_clear (&first);
    media_result_clear (&second);
}

static void test_refusals (void **state)
{
    struct world *w = *state;
    struct media_result r;
    struct error e;
    tree_write (&w->tree, "buckets/photos/text.jpg", "this is no picture");
    tree_write (&w->tree, "buckets/photos/empty.jpg", "");
    assert_err (NO_OBJECT, get (w, "none.jpg", "image/info", &r, &e));
    assert_err (NO_OBJECT, get (w, "../a.jpg", "image/info", &r, &e));
    assert_err (PROCESS_REQUEST, get (w, "text.jpg", "image/resize,w_20", &r, &e));
    assert_err (PROCESS_REQUEST, get (w, "empty.jpg", "image/resize,w_20", &r, &e));
    assert_err (WATERMARK, get (w, "a.jpg", "image/watermark,image_bm9uZS5wbmc", &r, &e));
    g_autofree char *large = g_build_filename (w->tree.path, "buckets/photos/large.pdf", NULL);
    tree_write (&w->tree, "buckets/photos/large.pdf", "%PDF-1.4");
    assert_int_equal (truncate (large, LIMIT_RENDER_SOURCE + 1), 0);
    assert_err (IMAGE_TOO_LARGE, get (w, "large.pdf", "doc/snapshot,page_1", &r, &e));
    assert_err (PROCESS_REQUEST, get (w, "a.jpg", "image/crop,x_9000,y_9000", &r, &e));
    get_ok (w, "image/resize,w_20", &r);
    media_result_clear (&r);
}

/* ---- Many at once ---- */

struct crowd {
    atomic_int done, ok, busy, closed, other;
    atomic_bool has_left;
};

static void count_done (void *arg, enum err code, struct media_result *result,
                        const struct error *e)
{
    struct crowd *c = arg;
    if (code == ERR_OK)
        media_result_clear (result);
    else
        print_message ("%s: %s\n", error_name (code), e->message);
    atomic_fetch_add (code == ERR_OK                                ? &c->ok
                      : code == ERR_CLOSED || code == ERR_TIMED_OUT ? &c->closed
                                                                    : &c->other,
                      1);
    atomic_fetch_add (&c->done, 1);
}

static bool has_left (void *arg)
{
    return atomic_load (&((struct crowd *) arg)->has_left);
}

static void ask_of (struct world *w, struct crowd *c, const char *bucket, const char *text)
{
    _cleanup_process_ struct process *p = NULL;
    struct media_result result;
    struct error e;
    bool is_done;
    assert_ok (process_parse (text, strlen (text), &p, &e), &e);
    const struct media_request r = {
        .bucket = bucket, .key = "a.jpg", .process = p, .is_cancelled = has_left, .arg = c
    };
    enum err err = media_begin (w->media, &r, count_done, &is_done, &result, &e);
    if (err == ERR_BUSY) {
        atomic_fetch_add (&c->busy, 1);
        atomic_fetch_add (&c->done, 1);
        return;
    }
    assert_ok (err, &e);
    if (is_done)
        count_done (c, ERR_OK, &result, NULL);
}

static void ask (struct world *w, struct crowd *c, const char *text)
{
    ask_of (w, c, "photos", text);
}

static void ask_different (struct world *w, struct crowd *c, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        g_autofree char *text = g_strdup_printf ("image/resize,w_%u", 10 + i);
        ask (w, c, text);
    }
}

static void await (struct crowd *c, int n)
{
    while (atomic_load (&c->done) < n)
        g_usleep (1000);
}

static void test_same_at_once (void **state)
{
    struct world *w = *state;
    struct crowd c = { 0 };
    struct media_stats s;
    for (unsigned i = 0; i < 50; i++)
        ask (w, &c, "image/resize,w_33/rotate,45");
    await (&c, 50);
    assert_int_equal (c.ok, 50);
    media_get_stats (w->media, &s);
    assert_int_equal (s.rendered, 1);
    assert_int_equal (s.hits + s.shared, 49);
}

static void test_too_many (void **state)
{
    struct world *w = *state;
    struct crowd c = { 0 };
    struct media_stats s;
    media_free (w->media);
    start (w, 4, 0);
    ask_different (w, &c, 100);
    await (&c, 100);
    media_get_stats (w->media, &s);
    assert_true (c.busy > 0);
    assert_int_equal (c.ok + c.busy, 100);
    assert_int_equal (s.rejected, c.busy);
    assert_int_equal (s.cached, 0);
    ask (w, &c, "image/resize,w_9");
    await (&c, 101);
    assert_int_equal (c.ok + c.busy, 101);
}

static void test_nobody_waits (void **state)
{
    struct world *w = *state;
    struct crowd c = { 0 }, after = { 0 };
    struct media_stats s;
    atomic_store (&c.has_left, true);
    ask_different (w, &c, 90);
    ask (w, &after, "image/rotate,90");
    await (&c, 90);
    await (&after, 1);
    assert_int_equal (after.ok, 1);
    assert_int_equal (c.closed, 90);
    media_get_stats (w->media, &s);
    assert_int_equal (s.rendered, 1);
}

static void test_stops (void **state)
{
    struct world *w = *state;
    struct crowd c = { 0 };
    ask_different (w, &c, 50);
    media_free (w->media);
    w->media = NULL;
    assert_int_equal (c.done, 50);
    assert_int_equal (c.ok + c.closed, 50);
}

/* ---- Remote ones ---- */

static void put_remote (struct world *w, const char *sample, const char *key)
{
    g_autofree char *from = g_build_filename (getenv ("SAMPLES"), sample, NULL);
    g_autofree char *bytes = NULL;
    gsize n;
    assert_true (g_file_get_contents (from, &bytes, &n, NULL));
    fake_put (w->remote, key, bytes, n);
}

static void start_remote (struct world *w, unsigned queue_max, uint64_t memory_max)
{
    media_free (w->media);
    w->remote = fake_new (10);
    fake_set_remote (w->remote);
    stores_add_take (w->stores, fake_store (w->remote));
    put_remote (w, "camera.jpg", "a.jpg");
    put_remote (w, "iptc.jpg", "mark");
    w->memory_max = memory_max;
    start (w, queue_max, 0);
}

/* Each of them finds room only when it is alone, and one of two objects has it at once. */
static void test_memory_of_sources (void **state)
{
    struct world *w = *state;
    struct crowd c = { 0 };
    start_remote (w, 100, 1);
    for (unsigned i = 0; i < 40; i++) {
        g_autofree char *text =
            g_strdup_printf ("image/resize,w_%u%s", 20 + i, i % 2 ? "/watermark,image_bWFyaw" : "");
        ask_of (w, &c, "fake", text);
    }
    ask (w, &c, "image/resize,w_9"); /* needs none of it */
    await (&c, 41);
    assert_int_equal (c.ok, 41);
}

/* Puts that stall until they may go on. */
struct stall {
    atomic_int begun;
    atomic_bool may_go_on;
};

static enum err stall_puts (void *arg, struct fake *f, enum fake_point point, const char *key,
                            int page)
{
    struct stall *s = arg;
    (void) f, (void) key, (void) page;
    if (point != FAKE_PUT)
        return ERR_OK;
    atomic_fetch_add (&s->begun, 1);
    while (!atomic_load (&s->may_go_on))
        g_usleep (1000);
    return ERR_OK;
}

static void save_to_remote (struct world *w, struct crowd *c, unsigned i)
{
    _cleanup_process_ struct process *p = NULL;
    struct media_result result;
    struct error e;
    bool is_done;
    g_autofree char *key = g_strdup_printf ("saved-%u", i);
    const struct media_save save = { .bucket = "fake", .object = key };
    assert_ok (process_parse ("image/resize,w_20", 17, &p, &e), &e);
    const struct media_request r = {
        .bucket = "photos", .key = "a.jpg", .process = p, .save = &save, .arg = c
    };
    assert_ok (media_begin (w->media, &r, count_done, &is_done, &result, &e), &e);
    assert_false (is_done);
}

/* They hold no more threads than they may: those who read get theirs. */
static void test_stalled_saves (void **state)
{
    struct world *w = *state;
    struct stall s = { 0 };
    struct crowd saved = { 0 }, read = { 0 };
    start_remote (w, 100, 0);
    fake_set_hook (w->remote, stall_puts, &s);
    for (unsigned i = 0; i < 20; i++)
        save_to_remote (w, &saved, i);
    ask_different (w, &read, 30);
    await (&read, 30);
    assert_int_equal (read.ok, 30);
    assert_true (s.begun <= LIMIT_MEDIA_SAVING);
    assert_int_equal (saved.done, 0);
    atomic_store (&s.may_go_on, true);
    await (&saved, 20);
    assert_int_equal (saved.ok, 20);
    assert_int_equal (s.begun, 20);
}

static void test_stops_while_sources_wait (void **state)
{
    struct world *w = *state;
    struct crowd c = { 0 };
    start_remote (w, 100, 1);
    fake_hold (w->remote, true);
    for (unsigned i = 0; i < 40; i++) {
        g_autofree char *text = g_strdup_printf ("image/resize,w_%u", 20 + i);
        ask_of (w, &c, "fake", text);
    }
    while (fake_waiting (w->remote) == 0)
        g_usleep (1000);
    media_free (w->media);
    w->media = NULL;
    assert_int_equal (c.closed, 40);
}

/* ---- What is known before it is made ---- */

static bool has_seen (void *arg, const char *etag)
{
    return strcmp (arg, etag) == 0;
}

static void test_unchanged (void **state)
{
    struct world *w = *state;
    struct media_result first, second;
    struct error e;
    _cleanup_process_ struct process *p = NULL;
    get_ok (w, "image/resize,w_20", &first);
    assert_ok (process_parse ("image/resize,w_20", 17, &p, &e), &e);
    const struct media_request r = {
        .bucket = "photos", .key = "a.jpg", .process = p, .has_etag = has_seen, .arg = first.etag
    };
    assert_ok (media_get (w->media, &r, &second, &e), &e);
    assert_true (second.is_unchanged);
    assert_int_equal (second.fd, -1);
    assert_string_equal (second.etag, first.etag);
    media_result_clear (&first);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown (test_made_once, setup, teardown),
        cmocka_unit_test_setup_teardown (test_large, setup, teardown),
        cmocka_unit_test_setup_teardown (test_after_a_restart, setup, teardown),
        cmocka_unit_test_setup_teardown (test_another_version, setup, teardown),
        cmocka_unit_test_setup_teardown (test_refusals, setup, teardown),
        cmocka_unit_test_setup_teardown (test_same_at_once, setup, teardown),
        cmocka_unit_test_setup_teardown (test_too_many, setup, teardown),
        cmocka_unit_test_setup_teardown (test_nobody_waits, setup, teardown),
        cmocka_unit_test_setup_teardown (test_stops, setup, teardown),
        cmocka_unit_test_setup_teardown (test_memory_of_sources, setup, teardown),
        cmocka_unit_test_setup_teardown (test_stalled_saves, setup, teardown),
        cmocka_unit_test_setup_teardown (test_stops_while_sources_wait, setup, teardown),
        cmocka_unit_test_setup_teardown (test_unchanged, setup, teardown),
    };
    return cmocka_run_group_tests_name ("media_media", tests, NULL, NULL);
}
